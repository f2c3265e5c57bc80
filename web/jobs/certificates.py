"""Certificates as paper; the sealed messages themselves ride inside the PDF, for anybody with `verify.py`."""

from __future__ import annotations

import json
from uuid import UUID

from web import reports
from web.reports import certifying
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks.models import Task


def render_certificate(task: Task) -> UUID:
    """Make and keep the certificate of the task's subject; the document's id. WrongState while nothing is sealed."""
    assert task.subject_id is not None
    kind, code = DocumentKind(task.details["paper"]), documents.new_code()
    certified = certifying.certify(kind, task.subject_id, code=code)
    data = json.dumps(certified.evidence, ensure_ascii=False, indent=1).encode()
    paper = certified.paper
    made = reports.render(paper, attachments=[reports.Attached("evidence.json", data, "印签和签收的凭据，机器可读")])
    row = documents.keep(
        kind, paper.title, reports.filename(paper), task.subject_id, made, certified.member_id, code=code
    )
    return row.id
