"""The blueprint of transfers, its place in the navigation and on the home page, and a case as this actor may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, url_for

from web.blueprints import edge, navigation, todos
from web.blueprints.navigation import Item
from web.blueprints.todos import Queue, Todo
from web.blueprints.transfers import wording
from web.core import clock
from web.core.errors import NotFound
from web.federation.handovers import worklists
from web.federation.handovers.worklists import Line
from web.tenants.accounts.permissions import Permission
from web.tenants.members.models import Member
from web.tenants.transfers import lists, service
from web.tenants.transfers.models import RelationTransfer, Seat
from web.tenants.workbench.queues import Waiting

bp = Blueprint("transfers", __name__, url_prefix="/<county>/transfers")
bp.context_processor(lambda: {"w": wording})

navigation.ITEMS.append(
    Item(
        "共管",
        "关系转接",
        "transfers.index",
        Permission.TRANSFER_READ,
        count=worklists.counter,
        due=lambda actor: worklists.counter(actor, due_by=clock.today()),
        work=Permission.TRANSFER_READ,
        also=frozenset({"handovers"}),
    )
)


def address(line: Line) -> str:
    """Where a line of the work lists opens."""
    if line.source == "case":
        return url_for("transfers.show", case_id=line.id)
    return url_for("handovers.show", handover_id=line.id)


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    lines = worklists.lines_of(rows)
    return [Todo(line.name or "（未共享姓名）", wording.task(line), address(line), line.due_on) for line in lines]


todos.QUEUES.append(
    Queue(
        "transfers",
        "关系转接",
        "轮到您审批、开信、接收、补正的",
        Permission.TRANSFER_READ,
        lambda: url_for("transfers.index"),
        worklists.waiting,
        _todos,
    )
)


@dataclass(frozen=True)
class Seen:
    """A case with its member, the names of both organisations inside the county, and where this actor sits."""

    case: RelationTransfer
    member: Member
    branch: str
    target: str
    seats: frozenset[Seat]


def seen(case_id: UUID, *, lock: bool = False) -> Seen:
    """The case as this actor may see it; NotFound otherwise, whatever the reason."""
    if lock:
        service.get(case_id, lock=True)
    found = lists.find(case_id, edge.actor())
    if found is None:
        raise NotFound()
    return Seen(*found, seats=lists.seats(found[0], edge.actor()))
