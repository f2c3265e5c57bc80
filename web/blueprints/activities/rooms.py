"""The blueprint of activities, its place in the navigation and on the home page, and the words of their states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, url_for

from web.blueprints import filters, navigation, sentences, todos
from web.blueprints.cosigning.wording import KINDS, PRESENCES
from web.blueprints.navigation import Item
from web.blueprints.todos import Queue, Todo
from web.blueprints.workbench.undo import offer
from web.core import events
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import lists
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState
from web.tenants.workbench.queues import Waiting

bp = Blueprint("activities", __name__, url_prefix="/<county>/activities")
navigation.ITEMS.append(Item("共管", "活动", "activities.index", Permission.ACTIVITY_READ))

sentences.VALUES[("activity", "kind")] = {kind.value: said for kind, said in KINDS.items()}
for noun in ("attendance", "study_record"):
    sentences.VALUES[noun, "presence"] = {presence.value: said for presence, said in PRESENCES.items()}

STATES = {
    ActivityState.PLANNED: ("todo", "待登记"),
    ActivityState.HELD: ("done", "已举行"),
    ActivityState.CANCELLED: ("off", "已取消"),
}


def held(activity: Activity) -> None:
    """It took place; the next page says so, with the way back."""
    with events.noted() as did:
        activities.hold(activity)
    offer("已登记为举行", did)


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(
            say("{kind} {on}", kind=KINDS[row.said["kind"]], on=filters.day(date.fromisoformat(row.said["held_on"]))),
            say("{org}　{title}", org=row.said["org"], title=row.name),
            url_for("activities.attendance", activity_id=row.id),
            act="登记",
        )
        for row in rows
    ]


todos.QUEUES.append(
    Queue(
        "activities",
        "待登记到会",
        "日子到了还没有登记到会情况的活动；登记或者取消后自动消去",
        Permission.ACTIVITY_WRITE,
        lambda: url_for("activities.index", waits="now"),
        lists.waiting,
        _todos,
    )
)
