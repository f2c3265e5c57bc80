"""Member and MemberGram: the register, and its search tokens."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.fields import EncryptedText
from web.core.states import EnumText
from web.extensions import Model


class Relation(StrEnum):
    """Where the organisation relation (组织关系) stands. Exactly one county holds a member at rest."""

    HELD = "held"
    PROVISIONAL = "provisional"  # taken over by us, not yet confirmed by the county that holds it
    TRANSFERRED = "transferred"  # confirmed to another county: history here
    ENDED = "ended"


class Member(Tenanted, Model):
    """A party member of this county. Codes are those of members.codes; `frozen_by`: the released handover that locks the row."""

    __tablename__ = "member"
    __person__ = True
    name: Mapped[str] = mapped_column(String(60))
    name_pinyin: Mapped[str] = mapped_column(String(160))
    initials: Mapped[str] = mapped_column(String(20))
    gender: Mapped[str] = mapped_column(String(1))
    ethnicity: Mapped[str] = mapped_column(String(2), default="")
    birth_on: Mapped[date | None]
    id_number: Mapped[str | None] = mapped_column(EncryptedText("member.id_number"))
    id_blind: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[str | None] = mapped_column(EncryptedText("member.phone"))
    phone_blind: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_phone: Mapped[str | None] = mapped_column(EncryptedText("member.second_phone"))
    chosen_phone: Mapped[str] = mapped_column(String(12), default="phone")
    address: Mapped[str | None] = mapped_column(EncryptedText("member.address"))
    education: Mapped[str] = mapped_column(String(4), default="")
    member_kind: Mapped[str] = mapped_column(String(1))
    standing: Mapped[str] = mapped_column(String(20), default="normal")
    is_lost_contact: Mapped[bool] = mapped_column(default=False)
    joined_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    post: Mapped[str] = mapped_column(String(80), default="")
    dues_until: Mapped[str] = mapped_column(String(7), default="")
    certificate_no: Mapped[str] = mapped_column(String(40), default="")
    review_result: Mapped[str] = mapped_column(String(20), default="")
    appraisal: Mapped[str] = mapped_column(String(20), default="")
    backup_contact: Mapped[str | None] = mapped_column(EncryptedText("member.backup_contact"))
    backup_phone: Mapped[str | None] = mapped_column(EncryptedText("member.backup_phone"))
    note: Mapped[str | None] = mapped_column(EncryptedText("member.note"))
    branch_id: Mapped[UUID]
    away_org_id: Mapped[UUID | None]
    relation: Mapped[Relation] = mapped_column(EnumText(Relation), default=Relation.HELD)
    frozen_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def contact_phone(self) -> str | None:
        """The one number the member chose for other counties (scope S3); None when it is not filled in."""
        return self.second_phone if self.chosen_phone == "second_phone" else self.phone

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "branch_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["tenant_id", "away_org_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"
        ),
        Index("ix_member_branch", "tenant_id", "branch_id", "name_pinyin", "id"),
        Index("ix_member_pinyin", "tenant_id", "name_pinyin", "id"),
        Index("ix_member_initials", "tenant_id", "initials", "id"),
        Index("ix_member_updated", "tenant_id", "updated_at", "id"),
        Index("ix_member_status", "tenant_id", "relation", "gender", "member_kind"),
        Index("ix_member_id_blind", "tenant_id", "id_blind"),
        Index("ix_member_phone_blind", "tenant_id", "phone_blind"),
    )


class MemberPair(Tenanted, Model):
    """What a person decided of two records that look like one person. `first_id` < `second_id`. `kept_id`: the one that stays, None
    when they are two people. `moved`: kind → ids of rows that went along; `held`: why the one that stays was held then.
    """

    __tablename__ = "member_pair"
    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    kept_id: Mapped[UUID | None]
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    held: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    account_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "first_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "second_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        Index(
            "uq_member_pair_decided",
            "tenant_id",
            "first_id",
            "second_id",
            unique=True,
            postgresql_where="undone_at IS NULL",
        ),
        Index("ix_member_pair_at", "tenant_id", "at"),
    )


class MemberGram(Tenanted, Model):
    """Search token of a member: a name bigram, or a blinded ID or phone tail. Kept in the member's transaction."""

    __tablename__ = "member_gram"
    __logged__ = False
    __person__ = True
    gram: Mapped[str] = mapped_column(String(40), info={"field": "name"})
    member_id: Mapped[UUID]

    __table_args__ = (
        Index("ix_member_gram_gram", "tenant_id", "gram", "member_id"),
        Index("ix_member_gram_member", "tenant_id", "member_id"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
    )
