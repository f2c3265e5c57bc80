"""Reading the letter book (T4): narrowed by year, by what became of a letter, by number or name; newest number first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_

from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.keyset import Order
from web.core.saying import joined, say
from web.extensions import db
from web.tenants.members import names
from web.tenants.organisations import service as organisations
from web.tenants.transfers.letters import KEPT_YEARS
from web.tenants.transfers.models import LetterStub

PAGE = 50
MOST = 2_000
"""Rows of one sheet of paper or one workbook: more than a county's year."""


class Standing(StrEnum):
    """What became of a letter."""

    OUT = "out"
    RETURNED = "returned"
    LATE = "late"
    VOID = "void"


@dataclass(frozen=True)
class Query:
    """What the book is narrowed to. `year`: of the number; `text`: the end of a number, or the beginning of a name."""

    year: int | None = None
    standing: Standing | None = None
    text: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a select of LetterStub."""
        found: list[ColumnElement[bool]] = []
        if self.year is not None:
            found.append(LetterStub.year == self.year)
        if self.standing is not None:
            found.append(_STANDS[self.standing]())
        if self.text.isdecimal():
            found.append(or_(LetterStub.letter_no == self.text, LetterStub.serial == int(self.text[-9:])))
        elif self.text:
            found.append(LetterStub.name.op("^@")(names.normalise(self.text)))
        return found


def _open() -> ColumnElement[bool]:
    return and_(LetterStub.void_on.is_(None), LetterStub.receipt_on.is_(None))


_STANDS: dict[Standing, Callable[[], ColumnElement[bool]]] = {
    Standing.OUT: lambda: and_(_open(), LetterStub.valid_until >= clock.today()),
    Standing.RETURNED: lambda: and_(LetterStub.void_on.is_(None), LetterStub.receipt_on.is_not(None)),
    Standing.LATE: lambda: and_(_open(), LetterStub.valid_until < clock.today()),
    Standing.VOID: lambda: LetterStub.void_on.is_not(None),
}


@dataclass(frozen=True)
class Page:
    """Stubs, newest number first; `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    stubs: Sequence[LetterStub]
    before: str
    after: str


ORDER = Order((LetterStub.year, LetterStub.serial), (int, int), is_falling=True)


def _matching(query: Query, actor: Actor, *columns: Any) -> Select[Any]:
    found = db.select(*columns).where(*query.conditions())
    return organisations.visible(found, actor, LetterStub.branch_id)


def page(query: Query, actor: Actor, *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """One page: one query."""
    cut = ORDER.cut(_matching(query, actor, LetterStub), size=size, after=after, before=before)
    return Page([row[0] for row in cut.rows], cut.before, cut.after)


def figures(query: Query, actor: Actor) -> tuple[int, list[int]]:
    """How many letters the question finds, and all years that have one, newest first: one query."""
    total = _matching(query, actor, func.count(LetterStub.id)).scalar_subquery()
    years = _matching(Query(), actor, func.array_agg(LetterStub.year.distinct())).scalar_subquery()
    count, found = db.session.execute(db.select(total, years)).one()
    return count or 0, sorted(found or [], reverse=True)


def get(stub_id: UUID, actor: Actor) -> LetterStub:
    """NotFound when it is absent, another county's, or of another part of the tree: the same answer."""
    found = db.session.scalars(_matching(Query(), actor, LetterStub).where(LetterStub.id == stub_id)).first()
    if found is None:
        raise NotFound()
    return cast(LetterStub, found)


def whole(query: Query, actor: Actor) -> Sequence[LetterStub]:
    """All that match, in the order of the numbers, as a book is bound: at most MOST."""
    statement = _matching(query, actor, LetterStub).order_by(LetterStub.year, LetterStub.serial)
    return db.session.scalars(statement.limit(MOST)).all()


def standing(stub: LetterStub) -> Standing:
    """What became of it."""
    if stub.void_on is not None:
        return Standing.VOID
    if stub.receipt_on is not None:
        return Standing.RETURNED
    return Standing.OUT if stub.valid_until >= clock.today() else Standing.LATE


def kept_until(stub: LetterStub) -> date:
    """The last day of the ten years a stub is kept."""
    return date(stub.issued_on.year + KEPT_YEARS, 12, 31)


def remark(stub: LetterStub) -> str:
    """The last column: 作废 with its reason, or what was noted."""
    return joined("，", filter(None, (say("{void_on} 作废", void_on=stub.void_on) if stub.void_on else "", stub.note)))
