"""Many papers as one job. Each is made in a unit of work of its own, so the process stays small, a worker that dies leaves what
was made, and whoever cancels waits for one paper at most. They share the process's fonts and style sheets (`reports.press`).

While others wait, it lets them go first now and then: it puts down what it has so far (`so_far`) and rings for itself, at the end of the queue.

A task's details: `paper` the kind, `of` [[subject id, label], …], `without` [[label, code], …] of what was chosen and has none, `earlier` the cancelled batches it does again, and what the kind's own function reads. They end with
`made` [document id, …], `labels` of these in the same order, and `failed` [[label, code], …]. The zip is put together when it is fetched: nothing is kept twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import exists
from sqlalchemy.dialects.postgresql import distinct_on

from web.core import events, fence
from web.core.errors import DomainError, WrongState
from web.core.events import Event
from web.core.queue import AWAY, Job, others_wait
from web.extensions import db
from web.jobs.papers import PAPERS
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as tasks

log = structlog.get_logger(__name__)

# A paper that stands as long as what it says: the newest one is taken. The others are made anew, with today's figures.
LASTING = frozenset({DocumentKind.INTRODUCTION_LETTER})
# How many seconds others wait while it makes one after the other.
TURN = 10.0


@dataclass(frozen=True)
class Order:
    """One paper of a batch, as its function asks for it (`jobs.papers.Ordered`)."""

    subject_id: UUID | None
    details: dict[str, Any]


@dataclass(frozen=True)
class _Batch:
    kind: DocumentKind
    of: list[tuple[UUID, str]]
    details: dict[str, Any]
    asker: events.Actor
    task_id: UUID


def run(tenant_id: int, task_id: UUID) -> None:
    """Job.BATCH: make what is not there yet, one after the other; stops where somebody cancelled, or an operator stopped the
    county's work: then it is found again like one whose worker died.
    """
    with fence.acting_for(tenant_id):
        if counties.own().jobs_stopped_at is not None:
            return
        task = tasks.run(task_id)
        if task is None:
            return
        of = [(UUID(id_), label) for id_, label in task.details["of"]]
        kind = DocumentKind(task.details["paper"])
        batch = _Batch(kind, of, dict(task.details), tasks.owner(task), task_id)
        known = _known(batch)
    so_far: tuple[int, list[str], list[str], list[list[str]]] | None = batch.details.get("so_far")
    at, made, labels, failed = so_far or (0, [], [], [*batch.details.get("without", ())])
    began = time.monotonic()
    for place, (subject_id, label) in enumerate(batch.of[at:], at):
        with fence.acting_for(tenant_id):
            if place > at and time.monotonic() - began >= TURN and others_wait(Job.BATCH):
                tasks.leave(task_id, {"so_far": [place, made, labels, failed]})
                fence.commit()
                return
            if counties.own().jobs_stopped_at is not None or not tasks.progress(task_id, place, len(batch.of)):
                return
            with events.by(batch.asker):
                try:
                    document_id = known.get(subject_id) or PAPERS[kind](Order(subject_id, batch.details))
                except DomainError as error:
                    failed.append([label, error.code])
                    continue
                except AWAY:
                    raise
                except Exception:
                    log.exception("batch.paper_failed", paper=kind.value, about=str(subject_id))
                    failed.append([label, "unforeseen"])
                    continue
                row = documents.get(document_id)
                events.record("document.pack", row, member_id=row.member_id, details={"task": str(task_id)})
                fence.commit()
                made.append(str(document_id))
                labels.append(label)
    with fence.acting_for(tenant_id):
        try:
            done = tasks.get(task_id, lock=True)
            details = {"made": made, "labels": labels, "failed": failed, "so_far": None}
            tasks.finish(done, result_id=task_id, total=len(batch.of), details=details)
        except WrongState:  # cancelled at the last moment; the papers stay where they belong
            return
        fence.commit()


def _known(batch: _Batch) -> dict[UUID, UUID]:
    """Subject → the newest paper that will do: any lasting one, else one this very task made before its worker died, or the cancelled
    ones it does again.
    """
    query = (
        db.select(Document.subject_id, Document.id)
        .where(Document.kind == batch.kind, Document.subject_id.in_([id_ for id_, _ in batch.of]))
        .order_by(Document.subject_id, Document.created_at.desc(), Document.id.desc())
        .ext(distinct_on(Document.subject_id))
    )
    if batch.kind not in LASTING:  # one that somebody had made meanwhile may be of another period
        packed = exists().where(
            Event.tenant_id == Document.tenant_id,
            Event.subject_id == Document.id,
            Event.verb == "document.pack",
            Event.details["task"].astext.in_([str(batch.task_id), *batch.details.get("earlier", ())]),
        )
        query = query.where(packed)
    return {row.subject_id: row.id for row in db.session.execute(query)}
