"""Consent (one notice shown to, or one consent given by, a member) and NoticeText (the words that were shown)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText
from web.extensions import Model


class Basis(StrEnum):
    """A notice informs (S2, S5, S6); a consent is the member's separate yes (S3, S7); an application is S4's."""

    NOTICE = "notice"
    CONSENT = "consent"
    APPLICATION = "application"


class Method(StrEnum):
    """How it reached the member."""

    PAPER = "paper"
    IN_PERSON = "in_person"
    PHONE = "phone"
    WEB = "web"


class Consent(Tenanted, Model):
    """`partner_uid`: the county it is about. Withdrawn rows stay as history and carry nothing any more; so do those that
    lapsed as the flow ended.

    `version`: of the NoticeText the member was shown. `about_id`: the one request a consent of S7 is for. `scan_id`: the
    signed paper.
    """

    __tablename__ = "consent"
    member_id: Mapped[UUID]
    partner_uid: Mapped[UUID]
    scope: Mapped[str] = mapped_column(String(2))
    basis: Mapped[Basis] = mapped_column(EnumText(Basis))
    method: Mapped[Method] = mapped_column(EnumText(Method))
    version: Mapped[int] = mapped_column(default=1)
    about_id: Mapped[UUID | None]
    scan_id: Mapped[UUID | None]
    given_on: Mapped[date]
    recorded_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lapsed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "scan_id"], ["scan.tenant_id", "scan.id"], ondelete="RESTRICT"),
        Index("ix_consent_member", "tenant_id", "member_id", "partner_uid", "scope"),
    )

    @property
    def is_over(self) -> bool:
        """Withdrawn, or lapsed."""
        return self.withdrawn_at is not None or self.lapsed_at is not None


STANDS = Consent.withdrawn_at.is_(None) & Consent.lapsed_at.is_(None)
"""The same asked of the database: it carries."""


class NoticeText(Tenanted, Model):
    """One version of the county's notice: a text for each scope, with {county} and {partner} to be filled in."""

    __tablename__ = "notice_text"
    version: Mapped[int]
    texts: Mapped[dict[str, str]] = mapped_column(JSONB)
    used_from: Mapped[date]

    __table_args__ = (UniqueConstraint("tenant_id", "version"),)
