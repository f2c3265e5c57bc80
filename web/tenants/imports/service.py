"""Verbs of an import: upload, preview (dry run), apply, discard, undo, and the error rows as a spreadsheet.

The dry run writes nothing but its own rows; `judging` says what would become of each. Applying reads the stored file again and judges every row anew, so that
what was previewed yesterday cannot overwrite what changed today; it is one transaction: all of it, or nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete

from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, NotFound, WrongState
from web.core.events import Event
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.flows import service as flows
from web.tenants.imports import reasons
from web.tenants.imports.errors_file import errors_workbook
from web.tenants.imports.judging import Judge, member_fields
from web.tenants.imports.layouts import LAYOUTS, MEMBER_REGISTER, SKIP, Layout, find_layout, known_as
from web.tenants.imports.models import IMPORT, HeaderAlias, ImportBatch, ImportRow, ImportState, Outcome
from web.tenants.imports.reading import ImportRefused, read_workbook
from web.tenants.imports.rows import Register, RowReading, read_register
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task, TaskState

UNDO_DAYS = 7
LEFT = timedelta(days=30)
"""After so long a file that was only checked is given up."""
PIECE = 50  # rows between two words of progress
_LOOKS = ("member.view", "member.reveal", "member.export")
"""Verbs that change nothing about a member."""


def upload(filename: str, content: bytes) -> tuple[ImportBatch, Task]:
    """Keep the file and have it read. Invalid for an empty one; everything else is said by the dry run."""
    if not content:
        raise Invalid({"file": "required"})
    batch = ImportBatch(
        filename=filename[-160:],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        account_id=events.actor().account_id,
        created_at=clock.now(),
    )
    IMPORT.apply(batch, "upload")
    db.session.add(batch)
    db.session.flush()
    task = tasks.start(
        Job.IMPORT_PREVIEW,
        say("核对名册 {filename}", filename=batch.filename),
        subject_id=batch.id,
        details={"unit": "行"},
    )
    batch.task_id = task.id
    return batch, task


def get(batch_id: UUID, *where: ColumnElement[bool], lock: bool = False) -> ImportBatch:
    """NotFound when it is absent, another county's, or not what `where` asks."""
    query = db.select(ImportBatch).where(ImportBatch.id == batch_id, *where)
    found: ImportBatch | None = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound
    return found


def _register(batch: ImportBatch) -> Register:
    if batch.content is None:
        raise WrongState("import_file_gone")
    layouts = tuple(known_as(layout, aliases(layout)) for layout in LAYOUTS)
    return read_register(find_layout(read_workbook(batch.content), layouts), today=clock.today())


def aliases(layout: Layout) -> dict[str, str]:
    """Headings this county told us about: heading → field."""
    query = db.select(HeaderAlias.heading, HeaderAlias.field).where(HeaderAlias.layout == layout.name)
    return {row.heading: row.field for row in db.session.execute(query)}


def remember_headings(batch: ImportBatch, told: Mapping[str, str]) -> tuple[ImportBatch, Task]:
    """Keep what these headings mean for every later file, and read this one again with it. Invalid for a strange field."""
    known = {c.field for c in MEMBER_REGISTER.columns if c.field} | {SKIP}
    meant = {heading: name for heading, name in told.items() if name}
    if not meant or not set(meant.values()) <= known or not set(meant) <= set(batch.report.get("ignored", ())):
        raise Invalid({"heading": "choose_one"})
    if batch.content is None:
        raise WrongState("import_file_gone")
    for heading, name in meant.items():
        row = HeaderAlias(layout=MEMBER_REGISTER.name, heading=heading[:80], field=name, created_at=clock.now())
        events.record("header_alias.remember", row, details={"heading": heading, "field": name})
        db.session.add(row)
    again = upload(batch.filename, batch.content)
    discard(batch)
    return again


def forget_heading(alias_id: UUID) -> None:
    """It was told wrongly: the heading is unknown again. NotFound when it is absent."""
    row = db.session.scalars(db.select(HeaderAlias).where(HeaderAlias.id == alias_id)).first()
    if row is None:
        raise NotFound
    events.record("header_alias.forget", row, details={"heading": row.heading})
    db.session.delete(row)
    db.session.flush()


def headings() -> list[HeaderAlias]:
    """All that were told, by heading."""
    return list(db.session.scalars(db.select(HeaderAlias).order_by(HeaderAlias.heading)))


def preview(task_id: UUID) -> None:
    """The dry run: each row's outcome with its reasons; writes nothing but the batch's own rows. Run as a job."""
    _work(task_id, _preview)


def _work(task_id: UUID, do: Callable[[Task], None]) -> None:
    task = tasks.run(task_id)
    if task is None:
        _let_go(task_id)
        return
    with events.by(tasks.owner(task)):
        try:
            do(task)
        except DomainError:
            fence.start_over()
            if not _let_go(task_id):
                raise


def _let_go(task_id: UUID) -> bool:
    """Of a task somebody cancelled: the import waits for a person's word again; a file that nobody has looked through is refused."""
    task = tasks.get(task_id)
    if task.state is not TaskState.CANCELLED or task.subject_id is None:
        return False
    batch = get(task.subject_id, lock=True)
    if batch.state is ImportState.APPLYING and batch.task_id == task.id:
        IMPORT.apply(batch, "fall_back", reason="task_cancelled")
    elif batch.state is ImportState.READING and batch.task_id == task.id:
        batch.refusal, batch.content = "任务已取消，没有写入任何内容", None
        IMPORT.apply(batch, "refuse", reason="task_cancelled")
    db.session.flush()
    return True


def _preview(task: Task) -> None:
    if task.subject_id is None:
        return
    batch = get(task.subject_id, lock=True)
    if batch.state is not ImportState.READING:
        tasks.finish(task, result_id=batch.id)
        return
    try:
        register = _register(batch)
    except ImportRefused as refused:
        batch.refusal = reasons.words(refused)[:400]
        IMPORT.apply(batch, "refuse", reason=refused.code)
        batch.content = None
        tasks.finish(task, result_id=batch.id)
        return
    actor, counts = events.actor(), Counter[str]()
    judge = Judge(actor, register.rows)
    db.session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
    for index, row in enumerate(register.rows):
        outcome, findings, changed, member = judge.judge(row)
        counts[outcome.value] += 1
        db.session.add(
            ImportRow(
                batch_id=batch.id, number=row.number, outcome=outcome, findings=findings, changes=changed,
                member_id=member.id if member else None, version=member.updated_at if member else None,
            )
        )  # fmt: skip
        if index % PIECE == 0 and not tasks.progress(task.id, index, len(register.rows)):
            raise WrongState("task_cancelled")
    found = register.found
    batch.counts = {o.value: counts[o.value] for o in Outcome}
    batch.report = {
        "rows": len(register.rows),
        "skipped": dict(register.skipped),
        "private": list(found.private),
        "ignored": list(found.ignored),
        "repeated": list(found.repeated),
        "warnings": sum(1 for r in register.rows if r.warnings),
    }
    IMPORT.apply(batch, "preview", details=batch.counts)
    tasks.finish(task, result_id=batch.id, total=len(register.rows))


def begin(batch: ImportBatch, *, only_good: bool) -> Task:
    """Have it written. Without `only_good`, one error is enough to write nothing (WrongState says so)."""
    if batch.counts.get("error") and not only_good:
        raise WrongState("import_has_errors", count=batch.counts["error"])
    if not batch.counts.get("new") and not batch.counts.get("changed"):
        raise WrongState("import_nothing_to_do")
    IMPORT.apply(batch, "apply")
    db.session.flush()
    task = tasks.start(
        Job.IMPORT_APPLY,
        say("导入名册 {filename}", filename=batch.filename),
        subject_id=batch.id,
        details={"unit": "行"},
    )
    batch.task_id = task.id
    return task


def apply(task_id: UUID) -> None:
    """Write the good rows, in one transaction. Run as a job."""
    _work(task_id, _apply)


def _apply(task: Task) -> None:
    if task.subject_id is None:
        return
    batch = get(task.subject_id, lock=True)
    if batch.state is not ImportState.APPLYING:
        tasks.finish(task, result_id=batch.id)
        return
    register = _register(batch)
    judge, rows = Judge(events.actor(), register.rows), _rows_by_number(batch.id)
    counts: Counter[str] = Counter()
    for index, reading in enumerate(register.rows):
        row = rows[reading.number]
        outcome, findings, changed, member = judge.judge(reading)
        if outcome in (Outcome.NEW, Outcome.CHANGED):
            try:
                with fence.savepoint():
                    member = _write(judge, reading, member, changed)
            except DomainError as error:
                outcome = Outcome.ERROR
                findings = [
                    *findings,
                    ["", say("第 {number} 行：{words}", number=reading.number, words=reasons.words(error)), True],
                ]
        row.outcome, row.findings, row.changes = outcome, findings, changed
        row.is_written = outcome in (Outcome.NEW, Outcome.CHANGED)
        row.member_id, row.version = (member.id, member.updated_at) if member else (None, None)
        counts[outcome.value] += 1
        if index % PIECE == 0 and not tasks.progress(task.id, index, len(register.rows)):
            raise WrongState("task_cancelled")
    batch.counts, batch.applied_at = {o.value: counts[o.value] for o in Outcome}, clock.now()
    IMPORT.apply(batch, "finish", details=batch.counts)
    tasks.finish(task, result_id=batch.id, total=len(register.rows))


def _rows_by_number(batch_id: UUID) -> dict[int, ImportRow]:
    query = db.select(ImportRow).where(ImportRow.batch_id == batch_id)
    return {r.number: r for r in db.session.scalars(query)}


def _write(judge: Judge, reading: RowReading, member: Member | None, changed: list[str]) -> Member:
    branch, given = judge.branch(reading), member_fields(reading)
    assert branch is not None
    said = {k: v for k, v in given.items() if v is not None}
    away, is_new = judge.departure(reading, member), member is None
    if member is None:
        member = members.enroll(branch.id, reason="import", **said)
    else:
        members.amend(members.get(member.id, lock=True), {k: said[k] for k in changed if k in said}, reason="import")
    if away is not None and (is_new or flows.current(member.id) is None):
        flows.depart(member, is_new=is_new, **away)
    if reading.values.get("is_lost_contact"):
        members.mark_contact(member, is_lost=True, reason="import")
    return member


def discard(batch: ImportBatch) -> None:
    """Nobody wants it; the file goes at once."""
    IMPORT.apply(batch, "discard")
    batch.content = None
    db.session.flush()


def undo(batch: ImportBatch) -> tuple[int, int]:
    """Take back the new rows nobody changed since; (taken back, kept because changed). Changed rows stay and are listed.

    Changed is also who was told something, went to an activity or was offered to a partner: the log says it of the member.
    """
    if batch.applied_at is None or clock.now() - batch.applied_at > timedelta(days=UNDO_DAYS):
        raise WrongState("import_undo_too_late")
    query = (
        db.select(ImportRow, Member)
        .join(Member, (Member.tenant_id == ImportRow.tenant_id) & (Member.id == ImportRow.member_id))
        .where(ImportRow.batch_id == batch.id, ImportRow.outcome == Outcome.NEW, ImportRow.is_written)
    )
    back = kept = 0
    found = db.session.execute(query).all()
    ids = [member.id for _, member in found]
    said = db.select(Event.member_id).where(
        Event.member_id.in_(ids), Event.at > batch.applied_at, Event.actor_role != events.SYSTEM.role, Event.verb.not_in(_LOOKS)
    )  # fmt: skip
    stays = set(db.session.scalars(said.distinct())) | set(merging.held(ids))
    for row, member in found:
        if (
            member.id in stays
            or member.updated_at != row.version
            or member.frozen_by is not None
            or member.relation is not Relation.HELD
        ):
            kept += 1
            continue
        events.record("member.take_back", member, reason="import_undone")
        db.session.delete(member)
        row.member_id, row.is_written = None, False
        back += 1
    IMPORT.apply(batch, "undo", details={"back": back, "kept": kept})
    batch.content = None
    db.session.flush()
    return back, kept


def purge() -> None:
    """Forget the files whose days are over: applied ones when they can no longer be taken back, those nobody decided on, and
    those whose work failed and nobody tried again.

    What became of each row stays; the sheet with its numbers does not. Run by the calendar.
    """
    kept = ImportBatch.content.is_not(None)
    over = ImportBatch.applied_at < clock.now() - timedelta(days=UNDO_DAYS)
    left = ImportBatch.applied_at.is_(None) & (ImportBatch.created_at < clock.now() - LEFT)
    query = db.select(ImportBatch).where(kept, over | left).limit(50).with_for_update(skip_locked=True)
    for batch in db.session.scalars(query):
        if batch.state is ImportState.READING:
            batch.refusal = "三十天没有核对成，文件已清除"
            IMPORT.apply(batch, "refuse", reason="unforeseen")
        elif batch.applied_at is None:
            if batch.state is ImportState.APPLYING:
                IMPORT.apply(batch, "fall_back", reason="unforeseen")
            IMPORT.apply(batch, "discard")
        else:
            events.record("import_batch.forget", batch)
        batch.content = None
    db.session.flush()


def errors_file(
    batch: ImportBatch, outcomes: Callable[[ImportRow], bool] = lambda r: r.outcome is Outcome.ERROR
) -> bytes:
    """The error rows as the same spreadsheet with one more column: 原因. Fixed and sent again they never duplicate."""
    register, rows = _register(batch), _rows_by_number(batch.id)
    bad = []
    for reading in register.rows:
        row = rows.get(reading.number)
        if row is not None and outcomes(row):
            bad.append(reading)
    return errors_workbook(register, bad)
