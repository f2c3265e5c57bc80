"""The two blueprints of the register, and their places in the navigation."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import navigation
from web.blueprints.members.wording import LABELS
from web.blueprints.navigation import Item
from web.tenants.accounts.permissions import Permission
from web.tenants.register import service as register
from web.tenants.register.facets import Roll

bp = Blueprint("members", __name__, url_prefix="/<county>/members")
away = Blueprint("away", __name__, url_prefix="/<county>/away")

for blueprint in (bp, away):
    blueprint.context_processor(lambda: LABELS)

navigation.ITEMS += [
    Item("名册", "本县党员", "members.index", Permission.MEMBER_READ, count=register.counter(Roll.MEMBERS)),
    Item("名册", "流出党员", "away.index", Permission.MEMBER_READ, count=register.counter(Roll.AWAY)),
]
