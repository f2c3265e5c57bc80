"""The letter book: a list narrowed in its address, the same as a workbook, and as paper by a job."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for

from web.blueprints import batches, edge, filters
from web.blueprints.documents import SEEN_BY
from web.blueprints.imports import XLSX
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp
from web.blueprints.transfers.wording import STANDINGS
from web.core import events
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.queue import Job
from web.core.saying import say
from web.reports import letter_book
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.organisations import service as organisations
from web.tenants.tasks import service as tasks
from web.tenants.transfers import book, service


def _query() -> book.Query:
    """The book as the address asks for it; what cannot be read is left out."""
    args = request.args
    year, standing = args.get("year", ""), args.get("standing", "")
    return book.Query(
        int(year) if year.isdecimal() and len(year) == 4 else None,
        book.Standing(standing) if standing in list(book.Standing) else None,
        args.get("q", "").strip()[:40],
    )


@bp.get("/letters")
@needs(Permission.TRANSFER_READ)
def letters() -> Any:
    """The book."""
    if "pick" in request.args:
        name, _, value = request.args["pick"].partition(":")
        return redirect(
            filters.here(pick=None, how=None, **({name: value or None} if name in _CONDITIONS else {})), 303
        )
    query, actor = _query(), edge.actor()
    page = book.page(query, actor, after=request.args.get("after", ""), before=request.args.get("before", ""))
    total, years = book.figures(query, actor)
    said = {
        "year": say("{year}年", year=query.year) if query.year else "",
        "standing": STANDINGS[query.standing][1] if query.standing else "",
    }
    made = documents.of_subject(actor.org_id, DocumentKind.LETTER_BOOK)[:5] if actor.org_id else []
    return render_template(
        "transfers/letters.html",
        page=page,
        query=query,
        total=total,
        conditions=[
            {"label": _CONDITIONS[name], "how": "是", "what": what, "off": filters.here(**{name: None}, after=None, before=None)}
            for name, what in said.items() if what
        ],
        fields=[
            {"name": "year", "label": "年份", "choices": [(str(y), say("{y}年", y=y)) for y in years]},
            {"name": "standing", "label": "结果", "choices": [(s.value, words) for s, (_, words) in STANDINGS.items()]},
        ],
        standings=STANDINGS,
        book=book,
        sheet=url_for("transfers.letters_file", **_asked(query)),
        asked=_asked(query),
        made=made,
    )  # fmt: skip


_CONDITIONS = {"year": "年份", "standing": "结果"}


def _asked(query: book.Query) -> dict[str, Any]:
    found = {"year": query.year, "standing": query.standing and query.standing.value, "q": query.text}
    return {name: value for name, value in found.items() if value}


@bp.get("/letters/<uuid:stub_id>")
@needs(Permission.TRANSFER_READ)
def letter(stub_id: UUID) -> Any:
    """The case or the handover of a letter."""
    stub = book.get(stub_id, edge.actor())
    if service.find(stub.subject_id) is not None:
        return redirect(url_for("transfers.show", case_id=stub.subject_id), 303)
    return redirect(url_for("handovers.show", handover_id=stub.subject_id), 303)


def _title(query: book.Query) -> str:
    return say("党员组织关系介绍信登记簿（{more}）", more=say("{year}年", year=query.year) if query.year else "全部")


@bp.get("/letters.xlsx")
@needs(Permission.TRANSFER_READ)
def letters_file() -> Response:
    """Exactly what the address narrows to, in the order of the numbers. The export is logged."""
    query = _query()
    stubs = book.whole(query, edge.actor())
    events.record("letter_stub.export", counties.settings(), details={"count": len(stubs), **_asked(query)})
    answer = Response(letter_book.workbook(letter_book.entries(stubs), _title(query)), mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_title(query))}.xlsx"
    return answer


@bp.post("/letters/print")
@needs(Permission.TRANSFER_WRITE)
def print_letters() -> Any:
    """Have the book rendered, as narrowed in the address."""
    query, actor = _query(), edge.actor()
    assert actor.org_id is not None
    details = {
        "paper": DocumentKind.LETTER_BOOK.value,
        "unit": "份",
        "year": query.year,
        "standing": query.standing.value if query.standing else "",
        "text": query.text,
    }
    task = tasks.start(Job.RENDER, _title(query), subject_id=actor.org_id, details=details)
    flash("正在生成登记簿")
    return redirect(url_for("tasks.show", task_id=task.id), 303)


@bp.post("/letters/pack")
@needs(Permission.TRANSFER_WRITE)
def pack_letters() -> Any:
    """Every letter the address narrows to as one zip: those that stand, void numbers have no paper."""
    stubs = [s for s in book.whole(_query(), edge.actor()) if s.void_on is None]
    return batches.order(
        DocumentKind.INTRODUCTION_LETTER, say("介绍信打包"), [(s.subject_id, s.letter_no) for s in stubs]
    )


def _is_mine(row: Document, actor: Actor) -> bool:
    """A book of one's own part of the tree."""
    try:
        organisations.visible_org(row.subject_id, actor)
    except NotFound:
        return False
    return True


SEEN_BY[DocumentKind.LETTER_BOOK] = _is_mine
