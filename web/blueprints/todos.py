"""To-do queues as data: every room adds its own; home shows them oldest deadline first, one query a queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from web.core.events import Actor
from web.core.workdays import Calendar
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties


@dataclass(frozen=True)
class Todo:
    """One thing to do. `due_on`: its last day, None without a deadline; `act`: the words of the link that does it."""

    name: str
    detail: str
    url: str
    due_on: date | None = None
    act: str = "办理"


@dataclass(frozen=True)
class Queue:
    """`load(actor, limit)` gives the first ones by deadline and how many there are. `url`: the whole list.

    `late(actor, before)`: a query of one number, of those that wait for our word since before an instant.
    """

    key: str
    title: str
    hint: str
    permission: Permission
    load: Callable[[Actor, int], tuple[Sequence[Todo], int]]
    url: Callable[[], str]
    late: Callable[[Actor, datetime], Any] | None = None


QUEUES: list[Queue] = []


@dataclass(frozen=True)
class Waits:
    """待审批、审批超时: how many wait for our word, and how many of them longer than so many working days."""

    count: int
    late: int
    workdays: int
    calendar: Calendar


def waits(actor: Actor, count: Any, late: Callable[[Actor, datetime], Any]) -> Waits:
    """Both queries of one number, asked as one."""
    asked = counties.answering()
    columns = count(actor).scalar_subquery(), late(actor, asked.before).scalar_subquery()
    row = db.session.execute(db.select(*columns)).one()
    return Waits(int(row[0] or 0), int(row[1] or 0), asked.workdays, asked.calendar)


@dataclass(frozen=True)
class Shown:
    """A queue with what it holds now."""

    queue: Queue
    items: Sequence[Todo]
    count: int
    late: int = 0

    @property
    def first_due(self) -> date:
        """For the order of the page."""
        return min((i.due_on for i in self.items if i.due_on), default=date.max)


def load(actor: Actor, limit: int = 4) -> list[Shown]:
    """The queues this role works on, those with something in them, oldest deadline first."""
    shown = []
    for queue in QUEUES:
        if queue.permission in GRANTS[Role(actor.role)]:
            items, count = queue.load(actor, limit)
            if count:
                shown.append(Shown(queue, items, count))
    shown = _with_late(actor, shown)
    return sorted(shown, key=lambda s: (s.first_due, QUEUES.index(s.queue)))


def _with_late(actor: Actor, shown: list[Shown]) -> list[Shown]:
    """How many of each queue wait too long, by the county's working days: one query for all."""
    asked = {s.queue.key: s.queue.late for s in shown if s.queue.late is not None}
    if not asked:
        return shown
    before = counties.answering().before
    columns = [late(actor, before).scalar_subquery().label(key) for key, late in asked.items()]
    row = db.session.execute(db.select(*columns)).mappings().one()
    return [replace(s, late=int(row.get(s.queue.key) or 0)) for s in shown]
