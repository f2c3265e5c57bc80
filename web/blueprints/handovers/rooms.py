"""The blueprint of handovers, and the row as this actor may see it. Its to-dos stand in the work lists of transfers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, url_for

from web.blueprints import edge, todos
from web.blueprints.handovers import wording
from web.blueprints.todos import Queue, Todo
from web.core.errors import NotFound
from web.core.saying import say
from web.federation.handovers import lists, service
from web.federation.handovers.lists import Row
from web.federation.handovers.models import Handover
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.queues import Waiting

bp = Blueprint("handovers", __name__, url_prefix="/<county>/handovers")
bp.context_processor(lambda: {"w": wording})


def _ran_out(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(
            row.name,
            say(
                "往{partner}的介绍信 {valid_until} 过期，仍由我方负责管理",
                partner=row.said["partner"] or "未知县",
                valid_until=row.said["valid_until"],
            ),
            url_for("handovers.begin", member_id=row.id),
            act="重新办理",
        )
        for row in rows
    ]


todos.QUEUES.append(
    Queue(
        "letters_ran_out",
        "介绍信过期",
        "有效期内没有接收的，重新提出后自动消去；补开须有党支部证明",
        Permission.HANDOVER_WRITE,
        lambda: url_for("home.index", queue="letters_ran_out"),
        lists.ran_out,
        _ran_out,
    )
)


def seen(handover_id: UUID, *, lock: bool = False) -> tuple[Handover, Row]:
    """The handover as this actor may see it; NotFound otherwise, whatever the reason."""
    handover = service.get(handover_id, lock=lock)
    row = lists.one(handover, edge.actor())
    if row is None:
        raise NotFound()
    return handover, row
