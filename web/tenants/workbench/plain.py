"""Lists that one SELECT finds, in one order: their pages, the walk over all their rows and their total, said once.

TASKS = PlainList(lambda actor: db.select(Task).where(Task.account_id == actor.account_id), NEWEST)
LISTINGS["tasks"] = Listing("tasks", "任务", "件", "tasks.index", Permission.HOME_READ, lambda: COLUMNS, *TASKS.of("tasks"), …)
page = TASKS.page(actor, sheet.asked.conditions(), after=request.args.get("after", ""))

What a line says beyond its row is said by `line`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func

from web.core import keyset
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.tenants.workbench.listings import LISTINGS, Walk

Where = Sequence[ColumnElement[bool]]
PAGE, WALKED = 50, 500


@dataclass(frozen=True)
class Page:
    """`total`: on all pages; `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    lines: Sequence[Any]
    total: int
    before: str
    after: str


@dataclass(frozen=True)
class PlainList:
    """`rows(actor)`: what a reader may see, which pages, exports and copies begin with; `line`: of a row of it, what the
    columns read.
    """

    rows: Callable[[Actor], Select[Any]]
    order: Order
    line: Callable[[Any], Any] = lambda row: row[0]

    def page(self, actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
        """One page: one query, the total beside it."""
        query = self.rows(actor).where(*where)
        query = query.add_columns(self._counted(actor, where).correlate(None).scalar_subquery().label("total"))
        cut = self.order.cut(query, size=size, after=after, before=before)
        return Page([self.line(row) for row in cut.rows], cut.rows[0].total if cut.rows else 0, cut.before, cut.after)

    def count(self, actor: Actor, where: Where = ()) -> int:
        """How many: one query."""
        return db.session.scalar(self._counted(actor, where)) or 0

    def of(self, name: str) -> tuple[Walk, Callable[[str, Actor], int]]:
        """The walk and the total of the list of this name, as its `Listing` has them."""

        def walk(text: str, actor: Actor, _is_whole: bool) -> Iterator[Any]:
            where = LISTINGS[name].asked(text).conditions()
            for found in keyset.pages(lambda after: self.page(actor, where, after=after, size=WALKED)):
                yield from found.lines

        return walk, lambda text, actor: self.count(actor, LISTINGS[name].asked(text).conditions())

    def _counted(self, actor: Actor, where: Where) -> Select[tuple[int]]:
        return self.rows(actor).where(*where).with_only_columns(func.count(), maintain_column_froms=True)
