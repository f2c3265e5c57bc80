"""Papers: download by those who may, and the public page a QR code leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, render_template

from web.blueprints import edge, sentences
from web.blueprints.filters import moment
from web.blueprints.policy import needs, public
from web.core import events, fence
from web.core.errors import NotFound, NotPermitted
from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations

bp = Blueprint("documents", __name__)

KINDS = {
    DocumentKind.AGREEMENT_TEXT: "共管共育协议文本",
    DocumentKind.PROOF_SHEET: "印签证明页",
    DocumentKind.AGREEMENT_REPORT: "协议执行情况报告",
    DocumentKind.INTRODUCTION_LETTER: "党员组织关系介绍信",
    DocumentKind.COSIGNED_RECORD: "活动共签记录单",
    DocumentKind.LETTER_BOOK: "党员组织关系介绍信登记簿",
    DocumentKind.TRANSFER_PACKET: "加密的转接信息",
    DocumentKind.HANDOVER_CERTIFICATE: "组织关系转接印签证明",
    DocumentKind.COSIGN_CERTIFICATE: "活动共签印签证明",
}
sentences.VALUES["document", "kind"] = {kind.value: said for kind, said in KINDS.items()}
# Who may open which kind; a paper about one member also needs that member to be visible.
READ_BY = {
    DocumentKind.AGREEMENT_TEXT: Permission.AGREEMENT_READ,
    DocumentKind.PROOF_SHEET: Permission.AGREEMENT_READ,
    DocumentKind.AGREEMENT_REPORT: Permission.REPORT_READ,
    DocumentKind.INTRODUCTION_LETTER: Permission.HANDOVER_READ,
    # It names members of all branches, so those read it who sign for the whole county.
    DocumentKind.COSIGNED_RECORD: Permission.COSIGN_WRITE,
    DocumentKind.LETTER_BOOK: Permission.TRANSFER_READ,
    DocumentKind.TRANSFER_PACKET: Permission.TRANSFER_APPROVE,
    DocumentKind.HANDOVER_CERTIFICATE: Permission.HANDOVER_READ,
    DocumentKind.COSIGN_CERTIFICATE: Permission.COSIGN_WRITE,
}


# Of a kind whose paper is about a part of the tree: whether this one is about the actor's.
SEEN_BY: dict[DocumentKind, Callable[[Document, Actor], bool]] = {}
# Of a kind whose paper may hold another county's values: what opening it is a look at.
LOOKED: dict[DocumentKind, Callable[[Document], None]] = {}


@bp.get("/<county>/documents/<uuid:document_id>")
@needs(Permission.HOME_READ)
def show(document_id: UUID) -> Response:
    """The PDF itself; each opening is logged."""
    row = documents.get(document_id)
    actor = edge.actor()
    if READ_BY[row.kind] not in GRANTS[Role(actor.role)]:
        raise NotPermitted(permission=READ_BY[row.kind].value)
    if row.member_id is not None:
        query = db.select(Member.id).where(Member.id == row.member_id)
        if db.session.scalar(organisations.visible(query, actor, Member.branch_id, Member.away_org_id)) is None:
            raise NotFound
    if row.kind in SEEN_BY and not SEEN_BY[row.kind](row, actor):
        raise NotFound
    if row.kind in LOOKED:
        LOOKED[row.kind](row)
    events.record("document.read", row, member_id=row.member_id)
    return _pdf(row)


def _pdf(row: Document) -> Response:
    answer = Response(bytes(row.content), mimetype="application/pdf")
    # Headers carry Latin-1 only: the Chinese name goes percent-encoded.
    answer.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(row.filename)}"
    return answer


@bp.get("/v/<code>")
@public("纸质文件上的二维码通向这里，只证明文件，不显示个人信息")
def prove(code: str) -> str:
    """What a code on paper proves: kind, issuer, digest, seals with their times. Never a personal value."""
    found = documents.proof(code)
    with fence.acting_for(found.tenant_id):
        row, own = documents.get(found.document_id), counties.own()
        shown: dict[str, Any] = {
            "kind": KINDS[row.kind],
            # The title of a paper about a person may hold the name.
            "title": row.title if row.member_id is None else KINDS[row.kind],
            "issuer": own.office,
            "is_demo": own.is_demo,
            "made_at": moment(row.created_at),
            "pages": row.pages,
            "digest": " ".join(row.sha256[i : i + 4] for i in range(0, 64, 4)),
            "code": documents.spelled(row.proof_code),
            "seals": PROVES[row.kind](row) if row.kind in PROVES else [],
        }
    return render_template("documents/proof.html", **shown)


# What the public page says of the seals under a kind of paper.
PROVES: dict[DocumentKind, Callable[[Document], list[tuple[str, str]]]] = {}
