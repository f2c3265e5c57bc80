"""The leader's approval, our seal, and the papers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from sqlalchemy import func

from web.blueprints import timeline
from web.blueprints.agreements import life, schemas, views
from web.blueprints.agreements.pages import bp, load, waits_for_approval
from web.blueprints.documents import PROVES
from web.blueprints.filters import moment
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.core.errors import NotFound, WrongState
from web.core.queue import Job
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements import hub, service, texts
from web.federation.agreements.models import Agreement, AgreementState, AgreementVersion, VersionState
from web.federation.post import keys
from web.tenants.accounts.permissions import Permission
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as tasks


def sealed_rows(view: views.View) -> list[tuple[str, Any]]:
    """Exactly what a seal stands under."""
    text = view.text
    assert text is not None
    return [
        ("协议", text["title"]),
        ("编号、版本", say("{number}，第 {version} 版", number=text["number"], version=view.version.version)),
        (
            "各方",
            joined(
                "、",
                (
                    say("{stem}方 {office}", stem=stem, office=p.office)
                    for stem, p in zip(views.PARTY_STEMS, view.parties, strict=False)
                ),
            ),
        ),
        (
            "起止",
            say(
                "{effective_from} 至 {effective_to}",
                effective_from=text["effective_from"],
                effective_to=text["effective_to"],
            ),
        ),
        ("文本摘要", life.long(view.version.text_digest)),
        ("文件摘要", life.long(view.version.pdf_digest)),
        ("本县密钥指纹", keys.own_fingerprint()),
    ]


@bp.route("/<uuid:agreement_id>/approve", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_APPROVE)
def approve(agreement_id: UUID) -> Any:
    """The leader sees what would be sealed, and approves just that."""
    view = load(agreement_id)
    if not waits_for_approval(view):
        raise WrongState("nothing_to_approve")
    form = Form(schemas.Approving)
    if form.is_sent:
        with form:
            form.read()
            service.approve(agreement_id)
            flash("已批准，经办可以印签")
            return redirect(view.url("show"), 303)
    assert view.text is not None
    return form.page(
        "agreements/approve.html", view=view, rows=sealed_rows(view), has_14=texts.has_clause_14(view.text)
    )


@bp.route("/<uuid:agreement_id>/seal", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def seal(agreement_id: UUID) -> Any:
    """What is sealed, once more; then our seal, put on by the worker."""
    view = load(agreement_id)
    if not {"seal", "complete"} & set(view.verbs):
        raise WrongState("sealed_already" if view.own in view.sealed else "file_not_checked")
    if view.approval is None:
        raise WrongState("leader_not_approved")
    form = Form(schemas.Sealing, {"signer_name": view.approval.name})
    if form.is_sent:
        with form:
            given = form.read()
            service.seal(agreement_id, given["signer_name"], given["signer_post"])
            flash("印签已办，正在加封送出")
            return redirect(view.url("show"), 303)
    return form.page("agreements/seal.html", view=view, rows=sealed_rows(view))


@bp.post("/<uuid:agreement_id>/versions/<int:number>/proof")
@needs(Permission.AGREEMENT_WRITE)
def proof(agreement_id: UUID, number: int) -> Any:
    """Order the proof sheet of a sealed version; its page shows the progress."""
    view = load(agreement_id)
    version = next((v for v in service.versions(view.agreement) if v.version == number), None)
    if version is None:
        raise NotFound
    if version.state not in (VersionState.SEALED, VersionState.EFFECTIVE, VersionState.SUPERSEDED):
        raise WrongState("not_sealed_yet")
    task = tasks.start(
        Job.RENDER,
        say("印签证明页：{title}第 {number} 版", title=view.title, number=number),
        subject_id=version.id,
        details={"paper": DocumentKind.PROOF_SHEET.value, "unit": "份"},
    )
    return redirect(url_for("tasks.show", task_id=task.id), 303)


@bp.get("/<uuid:agreement_id>/letters")
@needs(Permission.AGREEMENT_READ)
def letters(agreement_id: UUID) -> str:
    """Every message with its receipt, the chain of decisions, and what was done here and by whom."""
    view = load(agreement_id)
    versions = [version.id for version in service.versions(view.agreement)]
    log = [e for e in timeline.of(*versions, subject_id=agreement_id) if not e.event.verb.endswith(".changed")]
    return render_template("agreements/letters.html", view=view, long=life.long, log=log)


def _proof(row: Document) -> list[tuple[str, str]]:
    """What became of this version, then (county, when) of each seal under it, in the order of its own text: who joined later
    had nothing to seal in it, and who is left out of it is no party of it.
    """
    version = db.session.scalars(db.select(AgreementVersion).where(AgreementVersion.id == row.subject_id)).first()
    if version is None or version.text is None:
        return []
    agreement = service.get(version.agreement_id)
    at = {str(seal.county_uid): seal.at for seal in hub.seal_rows(agreement, version)}
    return [
        (say("第 {n} 版现在的状态", n=version.version), _standing(agreement, version)),
        *(
            (party["office"], say("{uid} 已印签", uid=moment(at[party["uid"]])) if party["uid"] in at else "未印签")
            for party in version.text["parties"]
        ),
    ]


STANDINGS = {
    VersionState.AGREED: "待印签",
    VersionState.SEALED: "已印签，待生效",
    VersionState.EFFECTIVE: "生效中",
}


def _standing(agreement: Agreement, version: AgreementVersion) -> str:
    """For whoever holds the paper: whether it is in effect, and which version took its place. Not why, nor by whom."""
    if version.state is VersionState.SUPERSEDED:
        later = db.select(func.min(AgreementVersion.version)).where(
            AgreementVersion.agreement_id == agreement.id,
            AgreementVersion.version > version.version,
            AgreementVersion.effective_on.is_not(None),
        )
        return say("已由第 {n} 版替代", n=db.session.scalar(later))
    if version.state is VersionState.EFFECTIVE and agreement.state is not AgreementState.ACTIVE:
        return "已停止执行"
    return STANDINGS.get(version.state, "没有订立")


PROVES |= dict.fromkeys((DocumentKind.AGREEMENT_TEXT, DocumentKind.PROOF_SHEET), _proof)
