"""The letter book as paper, in the part of the tree of the person who asked for it."""

from __future__ import annotations

import os
from uuid import UUID

from web import reports
from web.core import clock
from web.reports import letter_book
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.transfers import book


def render_book(task: Task) -> UUID:
    """Make and keep the book the task's details ask for; the document's id. Its subject is the owner's organisation."""
    asked, actor, own, code = task.details, tasks.owner(task), counties.own(), documents.new_code()
    where = book.asked(asked["query"]).conditions()
    paper = letter_book.LetterBook(
        issuer=own.office,
        code=documents.spelled(code),
        link=documents.link(code),
        made_at=clock.now(),
        is_demo=own.is_demo,
        salt=os.urandom(16),
        years=asked["years"],
        made_by=actor.name,
        entries=letter_book.entries(book.whole(actor, where)),
    )
    assert task.subject_id is not None
    return documents.keep(
        DocumentKind.LETTER_BOOK,
        paper.title,
        reports.filename(paper),
        task.subject_id,
        reports.render(paper),
        code=code,
    ).id
