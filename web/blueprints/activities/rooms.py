"""The blueprint of activities, its place in the navigation, and the words of their states."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import navigation, timeline
from web.blueprints.cosigning.wording import KINDS
from web.blueprints.navigation import Item
from web.tenants.accounts.permissions import Permission
from web.tenants.activities.models import ActivityState

bp = Blueprint("activities", __name__, url_prefix="/<county>/activities")
navigation.ITEMS.append(Item("共管", "活动", "activities.index", Permission.ACTIVITY_READ))

timeline.VALUES[("activity", "kind")] = {kind.value: said for kind, said in KINDS.items()}

STATES = {
    ActivityState.PLANNED: ("todo", "待登记"),
    ActivityState.HELD: ("done", "已举行"),
    ActivityState.CANCELLED: ("off", "已取消"),
}
