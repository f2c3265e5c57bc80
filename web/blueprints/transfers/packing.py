"""Introduction letters of chosen rows as one zip: of the letter book, and of the work lists, whose rows are cases and handovers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import request

from web.blueprints import batches, edge
from web.blueprints.policy import needs
from web.blueprints.transfers.columns import COLUMNS
from web.blueprints.transfers.rooms import bp
from web.blueprints.workbench.selection import chosen
from web.core.errors import NotFound
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.documents.models import DocumentKind
from web.tenants.transfers import book
from web.tenants.transfers.models import LetterStub

IDS: Mapping[str, Callable[[Any], UUID]] = {
    **dict.fromkeys(COLUMNS, lambda it: it.id),
    **dict.fromkeys(("handovers", "handovers_ended"), lambda it: it.handover.id),
}
"""List → the id of a row, which is what a letter is for."""


def _order(*where: Any) -> Any:
    """Those that stand: void numbers have no paper."""
    found = book.whole(edge.actor(), [*where, LetterStub.void_on.is_(None)])
    return batches.order(
        DocumentKind.INTRODUCTION_LETTER, say("介绍信打包"), [(s.subject_id, s.letter_no) for s in found]
    )


@bp.post("/letters/pack")
@needs(Permission.TRANSFER_WRITE)
def pack_letters() -> Any:
    """Of the book: the chosen numbers, or without a choice every one the address narrows to."""
    if {"id", "all_matching"} & set(request.form):
        return _order(LetterStub.id.in_(chosen("letters", lambda stub: stub.id, batches.MOST)))
    return _order(*book.asked(request.query_string.decode("utf-8", "replace")).conditions())


@bp.post("/letters/pack/<list_>")
@needs(Permission.TRANSFER_WRITE)
def pack_listed(list_: str) -> Any:
    """Of a work list: the letters of the chosen rows; a row without one adds none."""
    if list_ not in IDS:
        raise NotFound()
    return _order(LetterStub.subject_id.in_(chosen(list_, IDS[list_], batches.MOST)))
