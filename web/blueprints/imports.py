"""Registers coming in: upload, dry run with progress, what would become of each row, apply, error rows back, undo."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy import Select

from web.blueprints import edge, import_lists, navigation, tasks, timeline, todos
from web.blueprints.import_lists import OUTCOMES
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import Sheet, opening, sheet_of
from web.core import clock
from web.core.events import Actor
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.imports import service as imports
from web.tenants.imports.layouts import MEMBER_REGISTER, SKIP
from web.tenants.imports.models import ImportBatch, ImportRow, ImportState, Outcome
from web.tenants.imports.template import template_workbook
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting

bp = Blueprint("imports", __name__, url_prefix="/<county>/imports")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
navigation.ITEMS.append(Item("名册", "导入名册", "imports.index", Permission.IMPORT_WRITE))


FIELDS_ASKED = [(c.field, c.title) for c in MEMBER_REGISTER.columns if c.field] + [(SKIP, "不用导入")]


def _with_errors(actor: Actor) -> Select[Any]:
    count = ImportBatch.counts["error"].as_integer()
    waits = queues.columns(ImportBatch.id, ImportBatch.created_at, name=ImportBatch.filename, errors=count)
    return import_lists.seen(db.select(*waits).where(ImportBatch.state == ImportState.PREVIEWED, count > 0), actor)


def _todos(rows: Sequence[Waiting]) -> list[todos.Todo]:
    return [
        todos.Todo(
            row.name,
            say("{error} 行有误，可下载原表加原因列", error=row.said["errors"]),
            url_for("imports.show", batch_id=row.id),
            act="改正",
        )
        for row in rows
    ]


def _with_error_rows(batch_ids: Collection[UUID]) -> Collection[UUID]:
    count = ImportBatch.counts["error"].as_integer()
    return db.session.scalars(
        db.select(ImportBatch.id).where(ImportBatch.id.in_(batch_ids), count > 0, ImportBatch.content.is_not(None))
    ).all()


for _kind in (Job.IMPORT_PREVIEW, Job.IMPORT_APPLY):
    tasks.ERRORS[_kind] = ("imports.errors", "batch_id", _with_error_rows)
todos.QUEUES.append(
    todos.Queue(
        "import_errors", "导入有误", "核对出错、还没有导入的名册", Permission.IMPORT_WRITE,
        lambda: url_for("imports.index", state="previewed", error="yes"), _with_errors, _todos,
    )
)  # fmt: skip


def _batch(batch_id: UUID, *, lock: bool = False) -> ImportBatch:
    return imports.get(batch_id, *import_lists.own(edge.actor()), lock=lock)


@bp.get("/")
@needs(Permission.IMPORT_WRITE)
def index() -> Any:
    """Every import, and the way to begin one."""
    sheet = sheet_of("imports", import_lists.people(edge.actor()))
    return opening(sheet.listing, sheet.arranged) or _index(sheet)


def _index(sheet: Sheet, error: str = "") -> str:
    return render_template(
        "imports/index.html", sheet=sheet, page=sheet.page(import_lists.BATCHES), states=import_lists.STATES, error=error,
        headings=imports.headings(), fields=dict(FIELDS_ASKED),
    )  # fmt: skip


@bp.get("/template.xlsx")
@needs(Permission.IMPORT_WRITE)
def template() -> Response:
    """The empty register in the layout of the county's own, with lists of what each cell may say."""
    return _file(template_workbook(), "县级流动党员信息库（模板）.xlsx")


@bp.post("/")
@needs(Permission.IMPORT_WRITE)
def upload() -> Any:
    """Keep the file; the dry run follows in the background."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _index(sheet_of("imports", import_lists.people(edge.actor())), "请先选择一个 .xlsx 文件"), 422
    batch, _ = imports.upload(sent.filename, sent.read())
    return redirect(url_for("imports.show", batch_id=batch.id), 303)


@bp.get("/rows")
@needs(Permission.IMPORT_WRITE)
def rows() -> Any:
    """Every row of every file, and what became of it; a file's own page shows its first."""
    sheet = sheet_of("import_rows", import_lists.files(edge.actor()))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return render_template("imports/rows.html", sheet=sheet, page=sheet.page(import_lists.ROWS))


@bp.get("/<uuid:batch_id>")
@needs(Permission.IMPORT_WRITE)
def show(batch_id: UUID) -> str:
    """One import: progress while it is read, then what became of its first rows, and the way to all of them."""
    batch = _batch(batch_id)
    outcome = request.args.get("outcome", "")
    where = [ImportRow.batch_id == batch.id]
    if outcome in OUTCOMES:
        where.append(ImportRow.outcome == Outcome(outcome))
    task = None
    if batch.state in (ImportState.READING, ImportState.APPLYING) and batch.task_id:
        from web.blueprints.tasks import job_of

        task = job_of(batch.task_id)
    return render_template(
        "imports/show.html", batch=batch, page=import_lists.ROWS.page(edge.actor(), where),
        outcome=outcome, outcomes=OUTCOMES, state=import_lists.STATES[batch.state], job=task, asked=FIELDS_ASKED,
        log=timeline.of(subject_id=batch_id), undo_until=batch.applied_at and batch.applied_at + timedelta(days=imports.UNDO_DAYS), now=clock.now(),
    )  # fmt: skip


@bp.post("/<uuid:batch_id>/apply")
@needs(Permission.IMPORT_WRITE)
def apply(batch_id: UUID) -> Any:
    """All or nothing, or only the good rows: the button says which."""
    imports.begin(_batch(batch_id, lock=True), only_good=request.form.get("rows") == "good")
    return redirect(url_for("imports.show", batch_id=batch_id), 303)


@bp.post("/<uuid:batch_id>/headings")
@needs(Permission.IMPORT_WRITE)
def tell_headings(batch_id: UUID) -> Any:
    """What the headings nobody knew are: kept for this county's next files, and this one is read again."""
    told = dict(zip(request.form.getlist("heading"), request.form.getlist("field"), strict=False))
    batch, _ = imports.remember_headings(_batch(batch_id, lock=True), told)
    flash("表头的对应已记住，正在重新核对")
    return redirect(url_for("imports.show", batch_id=batch.id), 303)


@bp.post("/headings/<uuid:alias_id>/forget")
@needs(Permission.IMPORT_WRITE)
def forget_heading(alias_id: UUID) -> Any:
    """It was told wrongly."""
    imports.forget_heading(alias_id)
    flash("已忘掉这个表头，下次导入会再问")
    return redirect(url_for("imports.index"), 303)


@bp.post("/<uuid:batch_id>/discard")
@needs(Permission.IMPORT_WRITE)
def discard(batch_id: UUID) -> Any:
    """Not wanted."""
    imports.discard(_batch(batch_id, lock=True))
    return redirect(url_for("imports.index"), 303)


@bp.route("/<uuid:batch_id>/undo", methods=["GET", "POST"])
@needs(Permission.IMPORT_WRITE)
def undo(batch_id: UUID) -> Any:
    """Take back the new rows nobody changed since."""
    batch = _batch(batch_id, lock=request.method == "POST")
    if request.method == "GET":
        return render_template("imports/undo.html", batch=batch)
    back, kept = imports.undo(batch)
    flash(
        say("已撤回 {back} 人{more}", back=back, more=say("，{kept} 人后来改动过，没有撤回", kept=kept) if kept else "")
    )
    return redirect(url_for("imports.show", batch_id=batch_id), 303)


@bp.get("/<uuid:batch_id>/errors.xlsx")
@needs(Permission.IMPORT_WRITE)
def errors(batch_id: UUID) -> Response:
    """The error rows as the same spreadsheet with a column of reasons."""
    batch = _batch(batch_id)
    return _file(imports.errors_file(batch), say("需修改的行_{filename}", filename=batch.filename))


def _file(content: bytes, name: str) -> Response:
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
