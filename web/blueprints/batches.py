"""Many papers at once: how a page orders them, and the zip of what was made, put together while it is fetched."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, redirect, stream_with_context, url_for

from web.blueprints import edge, tasks, words
from web.blueprints.documents import READ_BY
from web.blueprints.policy import needs
from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, NotPermitted
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks import service as task_service
from web.tenants.tasks.models import Task, TaskState

bp = Blueprint("batches", __name__, url_prefix="/<county>/batches")
MOST = 1_000
tasks.RESULTS[Job.BATCH.value] = ("batches.download", "task_id")
tasks.AGAIN[Job.BATCH.value] = "batches.again"


def order(
    kind: DocumentKind,
    title: str,
    of: Sequence[tuple[UUID, str]],
    without: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> Any:
    """Have one paper made for each (subject, label), and go to the task. Invalid for none, or more than MOST.
    `without`: (label, code) of what was chosen and has no paper; it is told like what could not be made.
    """
    if not of:
        raise Invalid({"": "nothing_to_print"})
    if len(of) > MOST:
        raise Invalid({"": "too_many_papers"})
    details = {"paper": kind.value, "unit": "份", "of": [[str(id_), label] for id_, label in of], **more}
    if without:
        details["without"] = [list(one) for one in without]
    task = task_service.start(Job.BATCH, title, details=details)
    return redirect(url_for("tasks.show", task_id=task.id), 303)


def _mine(task_id: UUID, state: TaskState, *, lock: bool = False) -> Task:
    """One's own batch in this state, else NotFound; NotPermitted for those who may not open its kind of paper."""
    task = tasks.mine(task_id, lock=lock)
    if task.kind != Job.BATCH or task.state is not state:
        raise NotFound
    needed = READ_BY[DocumentKind(task.details["paper"])]
    if needed not in GRANTS[Role(edge.actor().role)]:
        raise NotPermitted(permission=needed.value)
    return task


@bp.post("/<uuid:task_id>/again")
@needs(Permission.SELF_WRITE)
def again(task_id: UUID) -> Any:
    """The same papers as a cancelled batch, as a task of its own: the worker of the old one may still be at its last paper. A
    second press leads to what the first one began.
    """
    old = _mine(task_id, TaskState.CANCELLED, lock=True)
    stands = db.select(Task.id).where(
        Task.kind == Job.BATCH.value,
        task_service.own(edge.actor()),
        Task.state.in_([TaskState.WAITING, TaskState.RUNNING, TaskState.DONE]),
        Task.details["earlier"].contains([str(old.id)]),
    )
    if (begun := db.session.scalar(stands.order_by(Task.id).limit(1))) is not None:
        return redirect(url_for("tasks.show", task_id=begun), 303)
    details = old.details | {"earlier": [*old.details.get("earlier", ()), str(old.id)], "so_far": None}
    task = task_service.start(Job.BATCH, old.title, details=details)
    return redirect(url_for("tasks.show", task_id=task.id), 303)


@bp.get("/<uuid:task_id>.zip")
@needs(Permission.HOME_READ)
def download(task_id: UUID) -> Response:
    """The papers of one's own finished batch, for those who may open their kind; what could not be made, or was
    destroyed since, is listed in it.
    """
    task = _mine(task_id, TaskState.DONE)
    made, failed = [UUID(id_) for id_ in task.details["made"]], task.details["failed"]
    stands = documents.kept(made)
    events.record("task.fetch", task, details={"papers": sum(id_ in stands for id_ in made)})
    # A batch of an older version has no labels.
    labels = [*task.details.get("labels", ()), *[""] * len(made)]
    named = list(zip(made, labels, strict=False))
    answer = Response(stream_with_context(_zip(fence.tenant(), named, failed)), mimetype="application/zip")
    name = f"{task.title}_{task.created_at.astimezone(clock.CHINA):%Y%m%d-%H%M}.zip"
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


class _Pipe(io.RawIOBase):
    """Where the zip is written to: what came since the last look is handed on and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        """What came since, once."""
        given, self._waiting = bytes(self._waiting), bytearray()
        return given


def _zip(tenant_id: int, made: Sequence[tuple[UUID, str]], failed: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """One paper in memory at a time; they are compressed already. `made`: (document id, label)."""
    pipe, names, absent = _Pipe(), set[str](), list(failed)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as packed:
        for place, (document_id, label) in enumerate(made, 1):
            with fence.acting_for(tenant_id):
                try:
                    row = documents.get(document_id)
                except NotFound:  # destroyed with what it was about, maybe while this zip is fetched
                    absent.append((label, "paper_destroyed"))
                    continue
                name, content, at = row.filename, bytes(row.content), row.created_at.astimezone(clock.CHINA)
            if name in names:
                path = PurePath(name)
                name = f"{path.stem}_{place}{path.suffix}"
            names.add(name)
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            packed.writestr(entry, content)
            yield pipe.taken()
        if absent:
            lines = [f"{label}\t{words.ERRORS.get(code, code)}" for label, code in absent]
            packed.writestr(say("没有生成的.txt"), "\ufeff" + "\r\n".join(lines))
    yield pipe.taken()
