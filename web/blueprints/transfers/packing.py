"""Introduction letters of chosen rows as one zip: of the letter book, and of the work lists, whose rows are cases and handovers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from sqlalchemy import ColumnElement

from web.blueprints import batches, edge
from web.blueprints.policy import needs
from web.blueprints.transfers.columns import COLUMNS
from web.blueprints.transfers.rooms import bp
from web.blueprints.workbench.selection import chosen, lines
from web.core.errors import NotFound
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.documents.models import DocumentKind
from web.tenants.transfers import book
from web.tenants.transfers.models import LetterStub
from web.tenants.workbench.listings import LISTINGS

LISTS = frozenset({*COLUMNS, "handovers", "handovers_ended"})
"""Work lists whose rows a letter is for."""


def _order(found: Sequence[LetterStub], without: Sequence[tuple[str, str]] = ()) -> Any:
    """Those that stand: a void number has no paper, and is named as one that has none."""
    void = [(f"{s.letter_no} {s.name}", "letter_not_in_pack") for s in found if s.void_on]
    return batches.order(
        DocumentKind.INTRODUCTION_LETTER,
        say("介绍信打包"),
        [(s.subject_id, s.letter_no) for s in found if not s.void_on],
        [*without, *void],
    )


@bp.post("/letters/pack")
@needs(Permission.TRANSFER_WRITE)
def pack_letters() -> Any:
    """Of the book: the chosen numbers, or without a choice every one the address narrows to."""
    if {"id", "all_matching"} & set(request.form):
        where: list[ColumnElement[bool]] = [LetterStub.id.in_(chosen("letters", lambda it: it.stub.id, batches.MOST))]
    else:
        where = [*book.asked(request.query_string.decode("utf-8", "replace")).conditions()]
    return _order(book.whole(edge.actor(), where))


@bp.post("/letters/pack/<list_>")
@needs(Permission.TRANSFER_WRITE)
def pack_listed(list_: str) -> Any:
    """Of a work list: the letters of the chosen rows; a row without one is named."""
    listing = LISTINGS.get(list_)
    if list_ not in LISTS or listing is None or listing.labelled is None:
        raise NotFound
    rows = lines(listing, listing.labelled, batches.MOST)
    stubs = book.whole(edge.actor(), [LetterStub.subject_id.in_(rows), LetterStub.void_on.is_(None)])
    having = {stub.subject_id for stub in stubs}
    return _order(stubs, [(called, "no_letter_in_use") for id_, called in rows.items() if id_ not in having])
