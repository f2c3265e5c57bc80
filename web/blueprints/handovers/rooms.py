"""The blueprint of handovers, its places in the navigation and on the home page, and the row as this actor may see it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, url_for

from web.blueprints import edge, navigation, todos
from web.blueprints.handovers import wording
from web.blueprints.navigation import Item
from web.blueprints.todos import Queue, Todo
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.federation.handovers import lists, service
from web.federation.handovers.lists import Row, Tab
from web.federation.handovers.models import Handover
from web.tenants.accounts.permissions import Permission

bp = Blueprint("handovers", __name__, url_prefix="/<county>/handovers")
bp.context_processor(lambda: {"w": wording})

navigation.ITEMS.append(
    Item(
        "共管",
        "关系转接",
        "handovers.index",
        Permission.HANDOVER_READ,
        count=lists.counter,
        due=lambda actor: lists.counter(actor, Handover.due_on <= clock.today()),
    )
)


def _todos(actor: Actor, limit: int) -> tuple[Sequence[Todo], int]:
    rows = lists.page(Tab.TODO, actor, size=limit).rows
    found = [
        Todo(
            row.name or "（未共享姓名）",
            f"{'转往' if row.handover.role == 'home' else '转自'}{row.partner}　{wording.TASKS[row.handover.state]}",
            url_for("handovers.show", handover_id=row.handover.id),
            row.handover.due_on,
        )
        for row in rows
    ]
    return found, lists.counts(actor)[Tab.TODO]


todos.QUEUES.append(
    Queue(
        "handovers",
        "关系转接",
        "轮到我方的转出、转入",
        Permission.HANDOVER_WRITE,
        _todos,
        lambda: url_for("handovers.index"),
    )
)


def seen(handover_id: UUID, *, lock: bool = False) -> tuple[Handover, Row]:
    """The handover as this actor may see it; NotFound otherwise, whatever the reason."""
    handover = service.get(handover_id, lock=lock)
    row = lists.one(handover, edge.actor())
    if row is None:
        raise NotFound()
    return handover, row
