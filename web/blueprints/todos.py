"""To-do queues as data: every room adds its own; home shows them oldest deadline first, one query a queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from web.core.events import Actor
from web.tenants.accounts.permissions import GRANTS, Permission, Role


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
    """`load(actor, limit)` gives the first ones by deadline and how many there are. `url`: the whole list."""

    key: str
    title: str
    hint: str
    permission: Permission
    load: Callable[[Actor, int], tuple[Sequence[Todo], int]]
    url: Callable[[], str]


QUEUES: list[Queue] = []


@dataclass(frozen=True)
class Shown:
    """A queue with what it holds now."""

    queue: Queue
    items: Sequence[Todo]
    count: int

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
    return sorted(shown, key=lambda s: (s.first_due, QUEUES.index(s.queue)))
