"""The report of an agreement as paper. Its figures, as printed, ride inside the PDF as JSON: one thing to keep."""

from __future__ import annotations

import json
from uuid import UUID

from web import reports
from web.reports import Period, statements
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks.models import Task


def render_report(task: Task) -> UUID:
    """Make and keep the report of the task's agreement, or of all of the county's when its subject is the county.

    `details["period"]`: the period's name; `details["words"]`: what the clerk adds. Gives the document's id.
    """
    assert task.subject_id is not None
    code = documents.new_code()
    paper = statements.compose(
        statements.of_subject(task.subject_id),
        Period.named(task.details["period"]),
        code=documents.spelled(code),
        link=documents.link(code),
        words=task.details.get("words", ""),
    ).report
    data = json.dumps(paper.as_data(), ensure_ascii=False, indent=1).encode()
    made = reports.render(paper, attachments=[reports.Attached("figures.json", data, "报告中的各项数字，机器可读")])
    row = documents.keep(
        DocumentKind.AGREEMENT_REPORT, paper.title, reports.filename(paper), task.subject_id, made,
        code=code, period=paper.period.name,
    )  # fmt: skip
    return row.id
