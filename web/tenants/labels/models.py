"""Label, MemberLabel and RowLabel."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.extensions import Model


class Label(Tenanted, Model):
    """A word of the county's own. `colour`: one of `service.COLOURS`; a deleted one waits 30 days in the recycle bin."""

    __tablename__ = "label"
    title: Mapped[str] = mapped_column(String(20))
    colour: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MemberLabel(Tenanted, Model):
    """One label on one member."""

    __tablename__ = "member_label"
    __logged__ = False  # what changed stands in the member's own event
    member_id: Mapped[UUID]
    label_id: Mapped[UUID]

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "label_id"),
        Index("ix_member_label_label", "tenant_id", "label_id", "member_id"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "label_id"], ["label.tenant_id", "label.id"], ondelete="CASCADE"),
    )


class RowLabel(Tenanted, Model):
    """One label on one row of any other list: `row_id` is that row's own id. Such rows end and stay: a contract holds that."""

    __tablename__ = "row_label"
    __logged__ = False  # what changed stands in an event of the row
    row_id: Mapped[UUID]
    label_id: Mapped[UUID]

    __table_args__ = (
        UniqueConstraint("tenant_id", "row_id", "label_id"),
        Index("ix_row_label_label", "tenant_id", "label_id", "row_id"),
        ForeignKeyConstraint(["tenant_id", "label_id"], ["label.tenant_id", "label.id"], ondelete="CASCADE"),
    )
