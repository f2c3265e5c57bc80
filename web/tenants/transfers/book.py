"""Reading the letter book: narrowed by year, by what became of a letter, by number or name; newest number first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_

from web.core import clock
from web.core.errors import NotFound, WrongState
from web.core.events import Actor
from web.core.keyset import Order
from web.core.saying import joined, say
from web.extensions import db
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members import names
from web.tenants.organisations import service as organisations
from web.tenants.transfers.letters import KEPT_YEARS
from web.tenants.transfers.models import LetterStub
from web.tenants.workbench.facets import Asked, Facet, by_word, one_of, yes
from web.tenants.workbench.listings import choice, pairs_of

PAGE = 50
MOST = 2_000
"""Rows of one sheet of paper or one workbook: more than a county's year."""


Where = Sequence[ColumnElement[bool]]
"""Conditions on a stub that narrow the book."""


class Standing(StrEnum):
    """What became of a letter."""

    OUT = "out"
    RETURNED = "returned"
    LATE = "late"
    VOID = "void"


def _open() -> ColumnElement[bool]:
    return and_(LetterStub.void_on.is_(None), LetterStub.receipt_on.is_(None))


def _stands() -> Mapping[str, ColumnElement[bool]]:
    return {
        Standing.OUT: and_(_open(), LetterStub.valid_until >= clock.today()),
        Standing.RETURNED: and_(LetterStub.void_on.is_(None), LetterStub.receipt_on.is_not(None)),
        Standing.LATE: and_(_open(), LetterStub.valid_until < clock.today()),
        Standing.VOID: LetterStub.void_on.is_not(None),
    }


STANDINGS: Mapping[str, str] = {
    Standing.OUT: "等回执",
    Standing.RETURNED: "有回执",
    Standing.LATE: "过期无回执",
    Standing.VOID: "作废",
}


def _in_years(values: Sequence[str]) -> ColumnElement[bool]:
    return LetterStub.year.in_([int(v) for v in values if v.isdecimal() and len(v) == 4])


FACETS = (
    Facet("year", "年份", _in_years, None, "years"),
    Facet("standing", "结果", by_word(_stands), None, STANDINGS),
    Facet("branch", "本县支部", one_of(LetterStub.branch_id), LetterStub.branch_id.is_(None), "branches"),
    Facet("note", "备注", yes(LetterStub.note != ""), LetterStub.note == "", {"yes": "有备注"}),
    *labels.facets(LetterStub.id),
)


def typed(text: str) -> ColumnElement[bool]:
    """The end of a number, or the beginning of a name."""
    if text.isdecimal():
        # Of few digits it is the serial, which ends many numbers.
        is_end = LetterStub.letter_no.endswith(text) if len(text) > 4 else false()
        return or_(is_end, LetterStub.serial == int(text[-9:]))
    return LetterStub.name.op("^@")(names.normalise(text))


def asked(query: str) -> Asked:
    """What the query string of an address narrows the book to."""
    return Asked.read(pairs_of(query), FACETS, typed)


@dataclass(frozen=True)
class Line:
    """A stub and its labels."""

    stub: LetterStub
    labels: Sequence[Mark]


@dataclass(frozen=True)
class Page:
    """Newest number first. `total`: on all pages; `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    lines: Sequence[Line]
    total: int
    before: str
    after: str


ORDER = Order((LetterStub.year, LetterStub.serial), (int, int), is_falling=True)


def _matching(actor: Actor, where: Where, *columns: Any) -> Select[Any]:
    return organisations.visible(db.select(*columns).where(*where), actor, LetterStub.branch_id)


def page(actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """One page: one query."""
    all_ = _matching(actor, where, func.count(LetterStub.id)).scalar_subquery()
    query = labels.beside(_matching(actor, where, LetterStub, all_), LetterStub.id)
    cut = ORDER.cut(query, size=size, after=after, before=before)
    return Page(
        [Line(row[0], labels.of(row)) for row in cut.rows], cut.rows[0][1] if cut.rows else 0, cut.before, cut.after
    )


def count(actor: Actor, where: Where = ()) -> int:
    """How many letters: one query."""
    return db.session.scalar(_matching(actor, where, func.count(LetterStub.id))) or 0


def year_choices(actor: Actor) -> Select[Any]:
    """All years that have a letter, newest first, as choices of the list's page."""
    year = LetterStub.year
    return _matching(actor, (), *choice("years", year, year, 9999 - year)).distinct()


def get(stub_id: UUID, actor: Actor, *, lock: bool = False) -> LetterStub:
    """NotFound when it is absent, another county's, or of another part of the tree: the same answer."""
    query = _matching(actor, (), LetterStub).where(LetterStub.id == stub_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return cast(LetterStub, found)


def whole(actor: Actor, where: Where = ()) -> Sequence[LetterStub]:
    """All that match, in the order of the numbers, as a book is bound. WrongState for more than MOST: never a part of them."""
    statement = _matching(actor, where, LetterStub).order_by(LetterStub.year, LetterStub.serial)
    found = db.session.scalars(statement.limit(MOST + 1)).all()
    if len(found) > MOST:
        raise WrongState("book_too_long")
    return found


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
