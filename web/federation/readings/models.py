"""Reading: how often people of one role looked at one received row on one day."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.extensions import Model


class Reading(Tenanted, Model):
    """`is_ours`: our people read the partner's row; else its people read ours, as it told us (`member_id`: about whom).

    `told`: how many of `count` the owner knows of; `since`: the first one it does not. Who read stands in the reader's
    own event log alone.
    """

    __tablename__ = "reading"
    __logged__ = False  # a tally of events: each look is one in the log
    about_kind: Mapped[str] = mapped_column(String(20))
    about_id: Mapped[UUID]
    partner_uid: Mapped[UUID]
    member_id: Mapped[UUID | None]
    is_ours: Mapped[bool]
    reader: Mapped[str] = mapped_column(String(40))
    read_on: Mapped[date]
    count: Mapped[int]
    told: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "about_id", "is_ours", "read_on", "reader"),
        Index("ix_reading_untold", "tenant_id", "since", postgresql_where="since IS NOT NULL"),
        Index("ix_reading_member", "tenant_id", "member_id", "read_on"),
    )
