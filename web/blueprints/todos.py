"""To-do queues as data: every room adds its own; home shows them oldest deadline first, all in one query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select

from web.core.events import Actor
from web.core.workdays import Calendar
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting


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
    """`lines(actor)`: a SELECT of `queues.columns`; `words(rows)`: what its first ones say. `url`: a list of just what waits;
    where there is none, the whole queue on home (`home.index`, `queue`).

    `load(actor, limit)` in place of both, where no SELECT can say whose turn it is: the first ones, and how many.
    """

    key: str
    title: str
    hint: str
    permission: Permission
    url: Callable[[], str]
    lines: Callable[[Actor], Select[Any]] | None = None
    words: Callable[[Sequence[Waiting]], Sequence[Todo]] = lambda rows: []
    load: Callable[[Actor, int], tuple[Sequence[Todo], int]] | None = None


QUEUES: list[Queue] = []


@dataclass(frozen=True)
class Waits:
    """待审批、审批超时: how many wait for our word, and how many of them longer than so many working days."""

    count: int
    late: int
    workdays: int
    calendar: Calendar


def waits(count: int, late: int) -> Waits:
    """With the days and the calendar by which the county counts."""
    asked = counties.answering()
    return Waits(count, late, asked.workdays, asked.calendar)


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


def load(actor: Actor, limit: int = 4, only: str = "") -> list[Shown]:
    """The queues this role works on (or the one of this key), those with something in them, oldest deadline first: one
    query for all of them.
    """
    mine = [q for q in QUEUES if q.permission in GRANTS[Role(actor.role)] and only in ("", q.key)]
    asked = {queue.key: queue.lines(actor) for queue in mine if queue.lines is not None}
    found = queues.first(asked, limit, counties.answering().before)
    shown = []
    for queue in mine:
        if queue.load is not None:
            items, count = queue.load(actor, limit)
            shown += [Shown(queue, items, count)] if count else []
        elif queue.key in found:
            of = found[queue.key]
            shown.append(Shown(queue, queue.words(of.rows), of.count, of.late))
    return sorted(shown, key=lambda s: (s.first_due, QUEUES.index(s.queue)))
