"""The letter as paper: its task with progress, and what the public page says of its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for

from web.blueprints import certificates, words
from web.blueprints.documents import LOOKED, PROVES, SEEN_BY
from web.blueprints.filters import moment
from web.blueprints.handovers import wording
from web.blueprints.handovers.rooms import bp, seen
from web.blueprints.policy import needs
from web.core.events import Actor
from web.core.saying import say
from web.extensions import db
from web.federation.handovers import lists, service
from web.federation.handovers.models import Handover
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.readings import service as readings
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks.models import Task, TaskState


@dataclass(frozen=True)
class Papers:
    """What was made, newest first, and the job that makes the next one."""

    documents: list[Document]
    job: dict[str, Any] | None


def papers_of(handover: Handover) -> Papers:
    """Two queries."""
    letter = DocumentKind.INTRODUCTION_LETTER
    found = documents.of_subject(handover.id, letter)
    query = db.select(Task).where(Task.subject_id == handover.id, Task.details["paper"].astext == letter.value)
    query = query.order_by(Task.created_at.desc(), Task.id.desc())
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


@bp.get("/<uuid:handover_id>/certificate")
@needs(Permission.HANDOVER_READ)
def certificate(handover_id: UUID) -> str:
    """Which sealed words there are about it, and whether they hold."""
    _, row = seen(handover_id)
    way = "转出" if row.handover.role == "home" else "转入"
    return certificates.page(
        DocumentKind.HANDOVER_CERTIFICATE,
        handover_id,
        crumbs=[
            ("关系转接", url_for("handovers.index")),
            (say("{name}　{way}", name=row.name, way=way), url_for("handovers.show", handover_id=handover_id)),
        ],
        make_url=url_for("handovers.certify", handover_id=handover_id),
        why=certificates.who_may(Permission.HANDOVER_WRITE),
    )


@bp.post("/<uuid:handover_id>/certificate")
@needs(Permission.HANDOVER_WRITE)
def certify(handover_id: UUID) -> Any:
    """Order the certificate."""
    seen(handover_id)
    return certificates.order(DocumentKind.HANDOVER_CERTIFICATE, handover_id)


def proof(row: Document) -> list[tuple[str, str]]:
    """What the code on a letter proves to whoever holds it: how it stands, and whose sealed words led there. No person."""
    handover = service.get(row.subject_id)
    own, partner = counties.own().office, keys.peer(handover.partner_uid)
    found = [("介绍信现在的状态", wording.STATES[handover.state])]
    for letter in post.traffic(handover.id):
        verb = letter.type.partition(".")[2]
        if verb in ("release", "take_over", "confirm", "recall", "decline", "expire") and letter.result != "refused":
            who = own if letter.is_ours else partner.office or partner.name
            answer = "对方已回执" if letter.result == "applied" else "等对方回执"
            found.append(
                (
                    say("{who}　{verb}", who=who, verb=wording.LETTERS[verb]),
                    say("{at} 印签，{answer}", at=moment(letter.at), answer=answer),
                )
            )
    return found


PROVES[DocumentKind.INTRODUCTION_LETTER] = proof


def _is_seen(row: Document, actor: Actor) -> bool:
    """It names the person while the host holds no member of that name yet: then it opens to who may see the handover."""
    query = lists.ids(actor).where(Handover.id == row.subject_id)
    return row.member_id is not None or db.session.scalar(query) is not None


SEEN_BY[DocumentKind.HANDOVER_CERTIFICATE] = _is_seen


def _look(row: Document) -> None:
    """As long as he is the other county's, a paper that names him is a reading of his row, which that county is told of."""
    handover = db.session.scalars(db.select(Handover).where(Handover.id == row.subject_id)).first()
    if handover is not None and handover.is_received:
        readings.opened("handover", handover.id, handover.partner_uid)


LOOKED |= dict.fromkeys((DocumentKind.HANDOVER_CERTIFICATE, DocumentKind.INTRODUCTION_LETTER), _look)
