"""Document (a stored PDF), ProofCode (the public half of its QR code), and Scan (paper somebody signed)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from web.core.fence import Exempt, Tenanted
from web.core.states import EnumText
from web.extensions import Model


class DocumentKind(StrEnum):
    """What papers there are."""

    AGREEMENT_TEXT = "agreement_text"
    PROOF_SHEET = "proof_sheet"
    AGREEMENT_REPORT = "agreement_report"
    INTRODUCTION_LETTER = "introduction_letter"
    COSIGNED_RECORD = "cosigned_record"
    LETTER_BOOK = "letter_book"
    TRANSFER_PACKET = "transfer_packet"
    HANDOVER_CERTIFICATE = "handover_certificate"
    COSIGN_CERTIFICATE = "cosign_certificate"


class Document(Tenanted, Model):
    """A PDF, rendered once. `sha256` in hex; `subject_id` the agreement version, handover or report it belongs to."""

    __tablename__ = "document"
    kind: Mapped[DocumentKind] = mapped_column(EnumText(DocumentKind))
    # Both may name a member: the log keeps that they were given, never what they say.
    title: Mapped[str] = mapped_column(String(160), info={"secret": True})
    filename: Mapped[str] = mapped_column(String(160), info={"secret": True})
    subject_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    pages: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    proof_code: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_document_subject", "tenant_id", "subject_id", "created_at"),)


class ProofCode(Exempt, Model):
    """Random code on a paper → where to ask. The public page opens the county's own fenced unit with it."""

    __tablename__ = "proof_code"
    __exempt__ = "a QR code on paper names no county; holds a random code and the county's number only"
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Integer)
    document_id: Mapped[UUID]


class Scan(Tenanted, Model):
    """A signed paper about one member as it was sent in; `wrapped`: its bytes under the scan's own key, which dies alone.

    `member_id`: of another county's person, who signed at our window, the record he signed for; it goes as that is purged.
    """

    __tablename__ = "scan"
    title: Mapped[str] = mapped_column(String(160), info={"secret": True})
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    wrapped: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    member_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_scan_member", "tenant_id", "member_id"),)
