"""The letter as paper: its task with progress, and the file, named properly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for

from web.blueprints import words
from web.blueprints.handovers.rooms import bp, seen
from web.blueprints.policy import needs
from web.core import events
from web.core.errors import NotFound
from web.extensions import db
from web.federation.handovers import service
from web.federation.handovers.models import Handover
from web.tenants.accounts.permissions import Permission
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document
from web.tenants.tasks.models import Task, TaskState


@dataclass(frozen=True)
class Papers:
    """What was made, newest first, and the job that makes the next one."""

    documents: list[Document]
    job: dict[str, Any] | None


def papers_of(handover: Handover) -> Papers:
    """Two queries."""
    found = documents.of_subject(handover.id)
    query = db.select(Task).where(Task.subject_id == handover.id).order_by(Task.created_at.desc(), Task.id.desc())
    task = db.session.scalars(query.limit(1)).first()
    is_shown = task is not None and task.state is not TaskState.DONE
    return Papers(found, _job(handover, task) if task is not None and is_shown else None)


def _job(handover: Handover, task: Task) -> dict[str, Any]:
    return {
        "title": task.title,
        "state": task.state.value,
        "done": task.done,
        "total": task.total or 1,
        "unit": "份",
        "says": words.ERRORS.get(task.error, task.error),
        "url": url_for("handovers.progress", handover_id=handover.id),
        "retry_url": url_for("handovers.print_again", handover_id=handover.id),
    }


@bp.get("/<uuid:handover_id>/progress")
@needs(Permission.HANDOVER_READ)
def progress(handover_id: UUID) -> Any:
    """The bar alone, asked every two seconds while it runs; the page is read again when the paper is there."""
    handover, _ = seen(handover_id)
    papers = papers_of(handover)
    if papers.job is None:
        return Response(headers={"HX-Refresh": "true"})
    return render_template("handovers/progress.html", job=papers.job)


@bp.post("/<uuid:handover_id>/print")
@needs(Permission.HANDOVER_WRITE)
def print_again(handover_id: UUID) -> Any:
    """Make the paper once more."""
    handover, _ = seen(handover_id, lock=True)
    service.print_letter(handover)
    flash("正在重新生成")
    return redirect(url_for("handovers.show", handover_id=handover_id) + "#letter", 303)


@bp.get("/<uuid:handover_id>/papers/<uuid:document_id>")
@needs(Permission.HANDOVER_READ)
def paper(handover_id: UUID, document_id: UUID) -> Response:
    """The file. It shows personal values, so whoever opens it is written down."""
    seen(handover_id)
    found = documents.get(document_id)
    if found.subject_id != handover_id:
        raise NotFound()
    events.record("document.read", found, details={"title": found.title})
    return Response(
        found.content,
        mimetype="application/pdf",
        headers={"Content-Disposition": f"inline; filename=\"letter.pdf\"; filename*=UTF-8''{quote(found.filename)}"},
    )
