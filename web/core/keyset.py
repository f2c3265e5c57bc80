"""Pages by key: the rows before or after a place in an order, and the places of the neighbouring pages as text.

An order is named once, by its columns and how each is read back out of an address:

    NEWEST = Order((Record.state_at, Record.id), (datetime.fromisoformat, UUID), is_falling=True)
    cut = NEWEST.cut(statement, size=50, after=request.args.get("after", ""))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, tuple_

from web.extensions import db

LARGEST = 2**31 - 1
"""What a column of whole numbers holds at most."""


@dataclass(frozen=True)
class Cut:
    """Rows in the order; `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Any]
    before: str
    after: str


@dataclass(frozen=True)
class Order:
    """Columns that together are unique, and how each is read from text. A cursor nobody can read is the first page."""

    keys: tuple[Any, ...]
    reads: tuple[Callable[[str], Any], ...]
    is_falling: bool = False

    def cut(self, statement: Select[Any], *, size: int, after: str = "", before: str = "") -> Cut:
        """One page: one query. The rows have the statement's columns, then the keys."""
        at = self._place(before or after)
        is_back = bool(before) and at is not None
        down = self.is_falling != is_back
        if at is not None:
            here = tuple_(*self.keys)
            statement = statement.where(here < tuple_(*at) if down else here > tuple_(*at))
        statement = statement.add_columns(*(key.label(f"key_{n}") for n, key in enumerate(self.keys)))
        statement = statement.order_by(*(key.desc() if down else key for key in self.keys)).limit(size + 1)
        found = list(db.session.execute(statement))
        has_more, found = len(found) > size, found[:size]
        if is_back:
            found.reverse()
        first = self._cursor(found[0]) if found and at is not None and (has_more or not is_back) else ""
        last = self._cursor(found[-1]) if found and (has_more or is_back) else ""
        return Cut(found, first, last)

    def _cursor(self, row: Any) -> str:
        return "~".join(_text(value) for value in row[-len(self.keys) :])

    def _place(self, cursor: str) -> tuple[Any, ...] | None:
        parts = cursor.rsplit("~", len(self.keys) - 1)
        if not cursor or "\x00" in cursor or len(parts) != len(self.keys):
            return None
        try:
            place = tuple(read(part) for read, part in zip(self.reads, parts, strict=True))
        except ValueError:
            return None
        # A number no row can have, which the database would not take.
        return None if any(isinstance(value, int) and abs(value) > LARGEST for value in place) else place


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def pages(page: Callable[[str], Any]) -> Iterator[Any]:
    """All pages of a list, one after the other. `page(after)` reads one; it has its own `after`."""
    after = ""
    while True:
        found = page(after)
        yield found
        if not (after := found.after):
            return
