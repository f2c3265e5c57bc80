"""To-do queues as data: every room adds its own; home shows them oldest deadline first, all in one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select

from web.core.events import Actor
from web.core.workdays import Calendar
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Days, Waiting


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
    """`lines(actor)`: a SELECT of `queues.columns`, last day and all; `words(rows)`: what its first ones say. `url`: a list of just what waits;
    where there is none, the whole queue on home (`home.index`, `queue`).

    `load(actor)` in place of both, where no SELECT can say whose turn it is: all of them.
    """

    key: str
    title: str
    hint: str
    permission: Permission
    url: Callable[[], str]
    lines: Callable[[Actor], Select[Any]] | None = None
    words: Callable[[Sequence[Waiting]], Sequence[Todo]] = lambda rows: []
    load: Callable[[Actor], Sequence[Todo]] | None = None


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
    """A queue with what it holds now; last day → how many, for the days that were asked about."""

    queue: Queue
    items: Sequence[Todo]
    count: int
    late: int
    by_day: Mapping[date, int]

    @property
    def first_due(self) -> date:
        """For the order of the page."""
        return min((i.due_on for i in self.items if i.due_on), default=date.max)


def load(
    actor: Actor, limit: int = 4, only: str = "", *, due: Days | None = None, ahead: Days | None = None
) -> list[Shown]:
    """The queues this role works on (or the one of this key), those with something in them (or with something due in these
    days), oldest deadline first: one query for all of them. `ahead`: the days to count by.
    """
    mine = [q for q in QUEUES if q.permission in GRANTS[Role(actor.role)] and only in ("", q.key)]
    asked = {queue.key: queue.lines(actor) for queue in mine if queue.lines is not None}
    found = queues.first(asked, limit, counties.answering().before, only=due, ahead=ahead)
    shown = []
    for queue in mine:
        if queue.load is not None:
            items = [item for item in queue.load(actor) if due is None or due.holds(item.due_on)]
            items.sort(key=lambda item: item.due_on or date.max)
            by_day = Counter(i.due_on for i in items if i.due_on and ahead and ahead.holds(i.due_on))
            shown += [Shown(queue, items[:limit], len(items), 0, by_day)] if items else []
        elif queue.key in found:
            of = found[queue.key]
            items = [replace(i, due_on=row.due_on) for i, row in zip(queue.words(of.rows), of.rows, strict=True)]
            shown.append(Shown(queue, items, of.count, of.late, of.by_day))
    return sorted(shown, key=lambda s: (s.first_due, QUEUES.index(s.queue)))
