"""The page of a certificate: each sealed word of a handover or a co-signed record, checked while one looks, and its paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from web.blueprints import edge, words
from web.blueprints.documents import PROVES
from web.blueprints.filters import moment
from web.core.queue import Job
from web.core.saying import joined, say
from web.federation import verify
from web.federation.post import evidence
from web.reports import certifying
from web.reports.certificate import RESULTS
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as tasks


def page(kind: DocumentKind, subject_id: UUID, *, crumbs: list[tuple[str, str]], make_url: str, why: str = "") -> str:
    """What is sealed, whether it holds, and the papers made so far."""
    certified = certifying.certify(kind, subject_id)
    checked = [_verdict(each) for each in certified.evidence]
    return render_template(
        "documents/certificate.html",
        doc=certified.paper,
        letters=list(zip(certified.paper.letters, checked, strict=True)),
        holds=all(not refusal for refusal in checked),
        made=documents.of_subject(subject_id, kind),
        crumbs=[*crumbs, ("印签证明", "")],
        make_url=make_url,
        why=why,
    )


def _verdict(given: dict[str, Any]) -> str:
    """Empty when seal and receipt hold, else why they do not, in the verifier's own words."""
    try:
        verify.verdict(given)
    except verify.Refused as refusal:
        return str(refusal)
    return ""


def who_may(permission: Permission) -> str:
    """Empty when this person may, else the words of who can."""
    if permission in GRANTS[Role(edge.actor().role)]:
        return ""
    people = [say("{name}（{role}）", name=name, role=words.ROLES[role]) for name, role in accounts.who_can(permission)]
    return say("可办的人：{people}", people=joined("、", people))


def order(kind: DocumentKind, subject_id: UUID) -> Any:
    """Have the paper made; its page shows the progress. WrongState while nothing is sealed."""
    title = certifying.certify(kind, subject_id).paper.title
    task = tasks.start(Job.RENDER, title, subject_id=subject_id, details={"paper": kind.value, "unit": "份"})
    return redirect(url_for("tasks.show", task_id=task.id), 303)


def _proof(row: Document) -> list[tuple[str, str]]:
    """The words of a certificate as the public page says them: no person."""
    found = evidence.of(row.subject_id)
    own = evidence.names({each.giver for each in found})
    return [
        (
            say("{giver}　{type}", giver=own[each.giver], type=certifying.said(each)),
            say("{at} 已印签，{result}", at=moment(each.at), result=RESULTS[each.result]),
        )
        for each in found
    ]


PROVES |= dict.fromkeys(certifying.SUBJECTS, _proof)
