"""The letter book: a list narrowed in its address, the same as a workbook, and as paper by a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from marshmallow import Schema
from sqlalchemy import ColumnElement

from web.blueprints import edge
from web.blueprints.documents import SEEN_BY
from web.blueprints.forms import Text
from web.blueprints.imports import XLSX
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp
from web.blueprints.transfers.wording import STANDINGS
from web.blueprints.workbench.editing import editable
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import events, keyset
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.queue import Job
from web.core.saying import joined, say
from web.reports import letter_book
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.labels import rows as labels
from web.tenants.organisations import service as organisations
from web.tenants.register.editing import Editing
from web.tenants.tasks import service as tasks
from web.tenants.transfers import book, service
from web.tenants.transfers import letters as stubs
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, branch_choices

COLUMNS = (
    Column("letter_no", "编号", lambda it: it.stub.letter_no, 112),
    Column("issued", "日期", lambda it: it.stub.issued_on, 80, "hide-phone"),
    Column("name", "姓名", lambda it: it.stub.name, 80),
    Column("from", "由", lambda it: it.stub.from_org, 160, "hide-narrow"),
    Column("to", "去", lambda it: it.stub.to_org, 160, "hide-phone"),
    Column("dues", "党费交至", lambda it: it.stub.dues_until, 80, "hide-phone"),
    Column("days", "有效期（天）", lambda it: it.stub.valid_days, 96, "hide-phone", is_number=True),
    Column("by", "经办人", lambda it: it.stub.issued_by, 80, "hide-narrow"),
    Column("standing", "回执日期", lambda it: it.stub.receipt_on or STANDINGS[book.standing(it.stub)][1], 112),
    Column("remark", "备注", lambda it: book.remark(it.stub), 0, "hide-phone", missing="无", edit="note"),
    Column("kept", "保存至", lambda it: book.kept_until(it.stub), 96, is_standard=False),
    Column("valid", "有效期至", lambda it: it.stub.valid_until, 96, is_standard=False),
    labels.COLUMN,
)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[book.Line]:
    where = book.asked(text).conditions()
    for page in keyset.pages(lambda after: book.page(actor, where, after=after, size=500)):
        yield from page.lines


LISTINGS["letters"] = Listing(
    "letters", "介绍信登记簿", "号", "transfers.letters", Permission.TRANSFER_READ, lambda: COLUMNS, _walk,
    lambda text, actor: book.count(actor, book.asked(text).conditions()), facets=lambda: book.FACETS, typed=book.typed,
    labelled=Labelled(Permission.TRANSFER_WRITE, lambda it: it.stub.id),
)  # fmt: skip


class Remark(Schema):
    """What a clerk writes in the last column."""

    note = Text("备注", limit=200)


editable(
    Editing(
        "letters",
        Permission.TRANSFER_WRITE,
        ("note",),
        "letter_stub.note",
        lambda stub_id, actor, lock: book.get(stub_id, actor, lock=lock),
        lambda stub: say("介绍信 {letter_no}", letter_no=stub.letter_no),
        lambda it: it.stub.id,
        stubs.demand_standing,
        lambda stub, given, actor: stubs.remark(stub, given["note"]),
    ),
    Remark,
)


@bp.get("/letters")
@needs(Permission.TRANSFER_READ)
def letters() -> Any:
    """The book."""
    actor = edge.actor()
    sheet = sheet_of("letters", book.year_choices(actor), branch_choices(actor))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    page = book.page(actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    made = documents.of_subject(actor.org_id, DocumentKind.LETTER_BOOK)[:5] if actor.org_id else []
    return render_template(
        "transfers/letters.html",
        page=page,
        standings=STANDINGS,
        book=book,
        sheet=sheet,
        asked=_asked(),
        made=made,
    )


def _asked() -> dict[str, list[str]]:
    """The question of this address, as it goes to another one."""
    asked = book.asked(request.query_string.decode("utf-8", "replace"))
    return {n.key: list(n.values) for n in asked.narrowings} | ({"q": [asked.text]} if asked.text else {})


def _where() -> Sequence[ColumnElement[bool]]:
    return book.asked(request.query_string.decode("utf-8", "replace")).conditions()


@bp.get("/letters/<uuid:stub_id>")
@needs(Permission.TRANSFER_READ)
def letter(stub_id: UUID) -> Any:
    """The case or the handover of a letter."""
    stub = book.get(stub_id, edge.actor())
    if service.find(stub.subject_id) is not None:
        return redirect(url_for("transfers.show", case_id=stub.subject_id), 303)
    return redirect(url_for("handovers.show", handover_id=stub.subject_id), 303)


def _years() -> str:
    """Which years the address asks for, for a title: all, unless it says which and nothing is taken away from them."""
    years = [y for y in request.args.getlist("year") if y.isdecimal()]
    return say("{year}年", year=joined("、", sorted(years))) if years else "全部"


def _title() -> str:
    return say("党员组织关系介绍信登记簿（{more}）", more=_years())


@bp.get("/letters.xlsx")
@needs(Permission.TRANSFER_READ)
def letters_file() -> Response:
    """Exactly what the address narrows to, in the order of the numbers. The export is logged."""
    found = book.whole(edge.actor(), _where())
    events.record("letter_stub.export", counties.settings(), details={"count": len(found), **_asked()})
    answer = Response(letter_book.workbook(letter_book.entries(found), _title()), mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_title())}.xlsx"
    return answer


@bp.post("/letters/print")
@needs(Permission.TRANSFER_WRITE)
def print_letters() -> Any:
    """Have the book rendered, as narrowed in the address."""
    actor = edge.actor()
    assert actor.org_id is not None
    details = {
        "paper": DocumentKind.LETTER_BOOK.value,
        "unit": "份",
        "years": str(_years()),
        "query": urlencode(_asked(), doseq=True),
    }
    task = tasks.start(Job.RENDER, _title(), subject_id=actor.org_id, details=details)
    flash("正在生成登记簿")
    return redirect(url_for("tasks.show", task_id=task.id), 303)


def _is_mine(row: Document, actor: Actor) -> bool:
    """A book of one's own part of the tree."""
    try:
        organisations.visible_org(row.subject_id, actor)
    except NotFound:
        return False
    return True


SEEN_BY[DocumentKind.LETTER_BOOK] = _is_mine
