"""What lists are narrowed by, as data: a facet is one question, asked with 是, 不是 and 为空; an address holds any number.

STATE = Facet("state", "状态", any_of(Request.state), None, {s.value: STATES[s] for s in RequestState})
Asked.read([("not_state", "done")], [STATE]).conditions()
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from web.core import clock

NOT = "not_"
LONGEST = 50
"""Characters of a value, and values of a facet."""
TYPED = ("month", "date")
"""Kinds of facets whose value is filled in."""

Where = Callable[[Sequence[str]], ColumnElement[bool]]
Typed = Callable[[str], ColumnElement[bool] | None]


@dataclass(frozen=True)
class Facet:
    """`where`: the condition 'one of these values'; `empty`: the condition 为空, None where it cannot be.

    `choices`: pairs (value, words), or the name of a list that is read from the county's own rows. `kind`: an open value
    instead (one of TYPED); "word": other values than the choices, too; "row": one record, which a link beside it asks for.
    """

    name: str
    label: str
    where: Where
    empty: ColumnElement[bool] | None
    choices: Mapping[str, str] | str
    kind: str = ""

    def can_be(self, value: str) -> bool:
        """Whether it can be asked for at all: what is no day, and nothing where something always stands, cannot."""
        if not value:
            return self.empty is not None
        return self.kind not in TYPED or _day(f"{value}-01" if self.kind == "month" else value) is not None

    def condition(self, values: Sequence[str]) -> ColumnElement[bool]:
        """Any of the values; the empty text among them asks for rows without one."""
        is_open = bool(self.kind) or isinstance(self.choices, str)
        said = [v for v in values if v and (is_open or v in self.choices)]
        asked = [self.where(said)] if said else []
        if "" in values and self.empty is not None:
            asked.append(self.empty)
        return or_(false(), *asked)


@dataclass(frozen=True)
class Narrowing:
    """One facet with the values asked for; `is_not`: without them."""

    facet: str
    values: tuple[str, ...]
    is_not: bool = False

    @property
    def key(self) -> str:
        """Its name in an address."""
        return (NOT if self.is_not else "") + self.facet


@dataclass(frozen=True)
class Asked:
    """What an address narrows a list to. `text`: what was typed, which `typed` makes a condition of."""

    text: str = ""
    narrowings: tuple[Narrowing, ...] = ()
    facets: Sequence[Facet] = field(default=(), compare=False, repr=False)
    typed: Typed | None = field(default=None, compare=False, repr=False)

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]], facets: Sequence[Facet], typed: Typed | None = None) -> Asked:
        """Out of the pairs of an address; what is unknown there is left out."""
        by_name = {f.name: f for f in facets}
        asked: dict[tuple[str, bool], list[str]] = {}
        text = ""
        for name, value in pairs:
            # Addresses that were kept before there was one way to say 不是 say it at the end.
            plain, value = name.removeprefix(NOT).removesuffix(".not"), value.replace("\x00", "")
            if name == "q":
                text = value.strip()[:LONGEST]
            elif plain in by_name and by_name[plain].can_be(value):
                values = asked.setdefault((plain, name != plain), [])
                if value[:LONGEST] not in values and len(values) < LONGEST:
                    values.append(value[:LONGEST])
        return cls(text, tuple(Narrowing(n, tuple(v), is_not) for (n, is_not), v in asked.items()), facets, typed)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.narrowings)

    def conditions(self, *, without: Collection[str] = ()) -> list[ColumnElement[bool]]:
        """All that a row must meet; `without`: names of facets left out, "q" for what was typed."""
        by_name = {f.name: f for f in self.facets}
        found: list[ColumnElement[bool]] = []
        if self.text and self.typed is not None and "q" not in without:
            typed = self.typed(self.text)
            found += [] if typed is None else [typed]
        for n in self.narrowings:
            if n.facet not in without:
                condition = by_name[n.facet].condition(n.values)
                # NULL is neither: 不是 keeps the rows of which nothing is known.
                found.append(not_(func.coalesce(condition, False)) if n.is_not else condition)
        return found


# How a column is asked


def any_of(column: Any) -> Where:
    """One of these words."""
    where: Where = column.in_
    return where


def one_of(column: Any) -> Where:
    """One of these records, by id."""
    return lambda values: column.in_(uuids(values))


def yes(condition: Any) -> Where:
    """A question with one answer."""
    return lambda values: condition if "yes" in values else false()


def by_word(conditions: Callable[[], Mapping[str, ColumnElement[bool]]]) -> Where:
    """A word stands for a condition; asked anew each time, because days pass."""
    return lambda values: or_(false(), *(c for word, c in conditions().items() if word in values))


def in_month(column: Any) -> Where:
    """In one of these months (YYYY-MM)."""

    def where(values: Sequence[str]) -> ColumnElement[bool]:
        firsts = filter(None, (_day(f"{value}-01") for value in values))
        return or_(false(), *(and_(column >= m, column < _next(m)) for m in firsts))

    return where


def on_day(column: Any) -> Where:
    """A moment on one of these days (YYYY-MM-DD) in China."""

    def where(values: Sequence[str]) -> ColumnElement[bool]:
        starts = [clock.midnight(on) for on in days(values)]
        return or_(false(), *(and_(column >= start, column < start + timedelta(days=1)) for start in starts))

    return where


def uuids(values: Iterable[str]) -> list[UUID]:
    """Those that are ids."""
    return [found for found in map(_uuid, values) if found is not None]


def days(values: Iterable[str]) -> list[date]:
    """Those that are days (YYYY-MM-DD)."""
    return [found for found in map(_day, values) if found is not None]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year < MAXYEAR else None  # a condition asks for what follows, which must be a day as well


def _next(month: date) -> date:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
