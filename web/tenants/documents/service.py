"""Verbs: keep a finished paper with the code that proves it; find it again."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from sqlalchemy import delete

from web.core import clock, erasures, events, fence
from web.core.errors import NotFound
from web.core.ids import uuid7
from web.extensions import db, settings
from web.tenants.documents.models import Document, DocumentKind, ProofCode

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U


class Paper(Protocol):
    """What a rendering gives: bytes, pages, SHA-256 in hexadecimal."""

    @property
    def pdf(self) -> bytes: ...
    @property
    def pages(self) -> int: ...
    @property
    def sha256(self) -> str: ...


def new_code() -> str:
    """Twelve random characters (60 bit) for the paper's QR code; make it before rendering, hand it to `keep` after."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def spelled(code: str) -> str:
    """As it is printed: 7K3M-9QXA-2B4C."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def link(code: str) -> str:
    """The address of the public proof page, as the QR code says it."""
    return f"{settings().public_url.rstrip('/')}/v/{code}"


def keep(
    kind: DocumentKind,
    title: str,
    filename: str,
    subject_id: UUID,
    rendered: Paper,
    member_id: UUID | None = None,
    *,
    code: str = "",
    period: str = "",
) -> Document:
    """Store a finished paper. `code`: the one printed on it (`new_code`); without, one is made that it does not print.
    `period`: the name of the days its figures are of, for the log.
    """
    row = Document(
        id=uuid7(),
        kind=kind,
        title=title,
        filename=filename,
        subject_id=subject_id,
        member_id=member_id,
        pages=rendered.pages,
        sha256=rendered.sha256,
        content=rendered.pdf,
        proof_code=code or new_code(),
        created_at=clock.now(),
    )
    told = {"kind": kind.value, "sha256": rendered.sha256} | ({"period": period} if period else {})
    events.record("document.keep", row, details=told)
    db.session.add(row)
    db.session.add(ProofCode(code=row.proof_code, tenant_id=fence.tenant(), document_id=row.id))
    db.session.flush()
    return row


def get(document_id: UUID) -> Document:
    """NotFound when it is absent or another county's."""
    found = db.session.scalars(db.select(Document).where(Document.id == document_id)).first()
    if found is None:
        raise NotFound()
    return found


def of_subject(subject_id: UUID, kind: DocumentKind | None = None) -> list[Document]:
    """The papers of an agreement version, handover or report, newest first, without their content."""
    query = db.select(Document).where(Document.subject_id == subject_id).order_by(Document.created_at.desc())
    return list(db.session.scalars(query if kind is None else query.where(Document.kind == kind)))


def kept(ids: Collection[UUID]) -> set[UUID]:
    """Those of these papers that were not destroyed."""
    return set(db.session.scalars(db.select(Document.id).where(Document.id.in_(ids))))


@erasures.again("document")
def destroy(subject_id: UUID) -> bool:
    """The papers about something whose values are purged, and the codes printed on them: they hold what must be gone."""
    rows = of_subject(subject_id)
    for row in rows:
        db.session.delete(row)
    if rows:
        erasures.note("document", subject_id)
        db.session.execute(delete(ProofCode).where(ProofCode.document_id.in_([row.id for row in rows])))
    db.session.flush()
    return bool(rows)


def proof(code: str) -> ProofCode:
    """Where a printed code leads (on the platform); hyphens and case do not matter. NotFound for an unknown one."""
    plain = code.replace("-", "").upper()
    found = db.session.get(ProofCode, plain) if len(plain) == 12 else None
    if found is None:
        raise NotFound()
    return found
