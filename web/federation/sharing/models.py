"""StatusShare and its machine; the values each side holds under it; Publication, a whole list of no one member."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import Machine, Row
from web.extensions import Model
from web.federation.pairs import FAIL, PairAggregate


class ShareState(StrEnum):
    """What is off is not stored. From `purge_requested` on the receiver uses nothing of it."""

    GRANTED = "granted"
    LIVE = "live"
    PURGE_REQUESTED = "purge_requested"
    PURGED = "purged"
    NOT_OPENED = "not_opened"


S = ShareState
STANDING = (S.GRANTED, S.LIVE)
PUT_AWAY = "put_away"
"""The code of a copy that had stopped, and that a person of its receiver ended."""

SHARE = Machine(
    "share",
    ShareState,
    [
        Row(None, "grant", "owner", S.GRANTED, guard="scope within the grants, notice or consent recorded"),
        Row(S.GRANTED, "snapshot", "owner", S.LIVE, automatic=True),
        Row(S.LIVE, "snapshot", "owner", S.LIVE, guard="a change was refused, or sharing resumes"),
        Row(S.LIVE, "delta", "owner", S.LIVE, automatic=True, guard="a shared value changed"),
        *(Row(s, "revoke", "owner", S.PURGE_REQUESTED) for s in STANDING),
        Row(S.PURGE_REQUESTED, "purged", "receiver", S.PURGED, automatic=True, guard="keys, rows and grams are gone"),
        *(Row(s, FAIL, "owner", S.NOT_OPENED, automatic=True) for s in (*STANDING, S.PURGE_REQUESTED)),
    ],
    anchor="owner",
    roles=("owner", "receiver"),
)


class StatusShare(PairAggregate, Model):
    """One per (referral, owner, receiver, scope). `member_id`: home's own row. `reason`: why it was revoked.
    `needs_snapshot`: all values are to go again. Of one that stands, in its next word; of one that was taken back, in a new
    share, once the other side has proved that it purged this one: no person stopped it, the program did (`goes_again`).
    """

    __tablename__ = "status_share"
    state: Mapped[ShareState] = SHARE.column()
    referral_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    scope: Mapped[str] = mapped_column(String(2))
    basis: Mapped[str] = mapped_column(String(10))
    basis_on: Mapped[date]
    needs_snapshot: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(20), default="")
    backups_until: Mapped[date | None]

    __table_args__ = (
        SHARE.check(),
        ForeignKeyConstraint(["tenant_id", "referral_id"], ["referral.tenant_id", "referral.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        Index(
            "uq_status_share",
            "tenant_id",
            "referral_id",
            "role",
            "scope",
            unique=True,
            postgresql_where="state NOT IN ('purged', 'not_opened')",
        ),
        Index("ix_status_share_member", "tenant_id", "member_id"),
        Index("ix_status_share_state", "tenant_id", "state", "state_at", "id"),
    )


SHARE.guard(StatusShare)


class SharedValue(Tenanted, Model):
    """A value under a share: at the owner what was last sent, at the receiver what was last heard."""

    __tablename__ = "shared_value"
    __logged__ = False  # it comes and goes with verbs of the share, which are logged
    __person__ = True
    share_id: Mapped[UUID]
    field: Mapped[str] = mapped_column(String(30))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "share_id", "field"),
        ForeignKeyConstraint(
            ["tenant_id", "share_id"], ["status_share.tenant_id", "status_share.id"], ondelete="CASCADE"
        ),
    )


class Publication(Tenanted, Model):
    """The directory (S0) or the counts (S1) of one county as another last heard it; of ours, as we last said it.

    `about_id`: of the message that carried it; its key opens `wrapped`, and dies when the next one is there.
    `digest`: of the content as it was sent, so that nothing is said twice.
    """

    __tablename__ = "publication"
    __logged__ = False  # each one said or heard is a named event
    kind: Mapped[str] = mapped_column(String(20))
    partner_uid: Mapped[UUID]
    is_ours: Mapped[bool]
    w: Mapped[int]
    agreement_id: Mapped[UUID | None]
    about_id: Mapped[UUID | None]
    digest: Mapped[str] = mapped_column(String(60), default="")
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    as_of: Mapped[date | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    looked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "partner_uid", "kind", "is_ours"),)
