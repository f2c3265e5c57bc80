"""The letter of a case as paper: its task with progress, and what the public page says of its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for

from web.blueprints import words
from web.blueprints.documents import PROVES
from web.blueprints.filters import moment
from web.blueprints.handovers import papers as handover_papers
from web.blueprints.policy import needs
from web.blueprints.transfers import wording
from web.blueprints.transfers.rooms import bp, seen
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks.models import Task, TaskState
from web.tenants.transfers import issuing, letters, service
from web.tenants.transfers.models import RelationTransfer


@dataclass(frozen=True)
class Papers:
    """What was made, newest first, and the job that makes the next one."""

    documents: list[Document]
    job: dict[str, Any] | None


def papers_of(case: RelationTransfer) -> Papers:
    """Two queries."""
    found = documents.of_subject(case.id)
    query = db.select(Task).where(Task.subject_id == case.id).order_by(Task.created_at.desc(), Task.id.desc())
    task = db.session.scalars(query.limit(1)).first()
    return Papers(found, _job(case, task) if task is not None and task.state is not TaskState.DONE else None)


def _job(case: RelationTransfer, task: Task) -> dict[str, Any]:
    return {
        "title": task.title,
        "state": task.state.value,
        "done": task.done,
        "total": task.total or 1,
        "unit": "份",
        "says": words.ERRORS.get(task.error, task.error),
        "url": url_for("transfers.progress", case_id=case.id),
        "retry_url": url_for("transfers.print_again", case_id=case.id),
    }


@bp.get("/<uuid:case_id>/progress")
@needs(Permission.TRANSFER_READ)
def progress(case_id: UUID) -> Any:
    """The bar alone, asked every two seconds while it runs; the page is read again when the paper is there."""
    papers = papers_of(seen(case_id).case)
    if papers.job is None:
        return Response(headers={"HX-Refresh": "true"})
    return render_template("handovers/progress.html", job=papers.job)


@bp.post("/<uuid:case_id>/print")
@needs(Permission.TRANSFER_APPROVE)
def print_again(case_id: UUID) -> Any:
    """Make the paper once more."""
    issuing.print_letter(seen(case_id, lock=True).case)
    flash("正在重新生成")
    return redirect(url_for("transfers.show", case_id=case_id) + "#letter", 303)


def _proof(row: Document) -> list[tuple[str, str]]:
    """How the letter stands; of a handover also whose sealed words led there. No person."""
    case = service.find(row.subject_id)
    if case is None:
        return handover_papers.proof(row)
    number = row.title.partition("第")[2].removesuffix("号")
    stub = next((s for s in letters.of_subject(case.id) if s.letter_no == number), None)
    if stub is not None and stub.void_on is not None:
        return [("介绍信现在的状态", say("{void_on} 作废", void_on=stub.void_on))]
    found = [("介绍信现在的状态", wording.STATES[case.state])]
    if stub is not None and stub.receipt_on is not None:
        found.append(
            (
                say("{office}　收到回执", office=counties.own().office),
                say("{state_at} 登记", state_at=moment(case.state_at)),
            )
        )
    return found


PROVES[DocumentKind.INTRODUCTION_LETTER] = _proof
