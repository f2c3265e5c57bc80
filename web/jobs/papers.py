"""Papers rendered while a person waits. A task names its paper in `details["paper"]`; each room adds its own here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from web.core.errors import DomainError
from web.jobs import agreements, certificates, cosigned, letter_book, letters, reports
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks import service as tasks


class Ordered(Protocol):
    """What a paper is made from: a task of its own, or its place in a batch."""

    @property
    def subject_id(self) -> UUID | None: ...
    @property
    def details(self) -> dict[str, Any]: ...


# Kind of paper → what makes and keeps it; it gives the document's id.
PAPERS: dict[DocumentKind, Callable[[Any], UUID]] = {
    DocumentKind.PROOF_SHEET: agreements.render_proof,
    DocumentKind.INTRODUCTION_LETTER: letters.render_letter,
    DocumentKind.LETTER_BOOK: letter_book.render_book,
    DocumentKind.AGREEMENT_REPORT: reports.render_report,
    DocumentKind.COSIGNED_RECORD: cosigned.render_record,
    DocumentKind.HANDOVER_CERTIFICATE: certificates.render_certificate,
    DocumentKind.COSIGN_CERTIFICATE: certificates.render_certificate,
}


def render(task_id: UUID) -> None:
    """Job.RENDER: make the task's paper; a refusal of its room is the task's error."""
    task = tasks.run(task_id)
    if task is None:
        return
    try:
        made = PAPERS[DocumentKind(task.details["paper"])](task)
    except DomainError as error:
        tasks.fail(task, error.code)
        return
    tasks.finish(task, result_id=made)
