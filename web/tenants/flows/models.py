"""Flow and its machine. The states offered … taken on are read from the referral, never stored here."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.fields import EncryptedText
from web.core.states import EnumText, Machine, Row
from web.extensions import Model


class FlowState(StrEnum):
    """`away_notice`: expected to be away for less than six months, so not a floating member."""

    DRAFT = "draft"
    AWAY_NOTICE = "away_notice"
    REGISTERED = "registered"
    UNREACHABLE = "unreachable"
    LOST_CONTACT = "lost_contact"
    ENDED = "ended"


class FlowEnd(StrEnum):
    """Why a flow ended."""

    RETURNED = "returned"
    TRANSFERRED = "transferred"
    DECEASED = "deceased"
    MEMBERSHIP_ENDED = "membership_ended"
    WRONG_ENTRY = "wrong_entry"


S = FlowState
FLOW = Machine(
    "flow",
    FlowState,
    [
        Row(None, "draft", "self", S.DRAFT),
        Row(S.DRAFT, "register", "self", S.REGISTERED, guard="expected or past absence of six months"),
        Row(S.DRAFT, "note_away", "self", S.AWAY_NOTICE, guard="expected absence under six months"),
        Row(S.AWAY_NOTICE, "register", "self", S.REGISTERED, guard="six months reached"),
        Row(S.REGISTERED, "miss", "self", S.UNREACHABLE),
        Row(S.UNREACHABLE, "find", "self", S.REGISTERED),
        Row(S.UNREACHABLE, "declare_lost", "self", S.LOST_CONTACT, guard="a person's decision, never a timer's"),
        Row(S.LOST_CONTACT, "find", "self", S.REGISTERED),
        *(Row(s, "end", "self", S.ENDED) for s in S if s is not S.ENDED),
        Row(S.ENDED, "reopen", "self", S.REGISTERED, guard="it was registered, and nothing ended with it"),
    ],
)


class Flow(Tenanted, Model):
    """`host_code`: division code of the host place, ≥ county where known; `host_text`: as the register has it.

    `contacted_on`, `confirmed_on`: the last day the branch spoke with him, and found the entry still true.
    """

    __tablename__ = "flow"
    __person__ = True
    member_id: Mapped[UUID]
    state: Mapped[FlowState] = FLOW.column()
    left_on: Mapped[date | None]
    expected_until: Mapped[date | None]
    flow_reason: Mapped[str] = mapped_column(String(2), default="")
    host_code: Mapped[str] = mapped_column(String(6), default="")
    host_text: Mapped[str] = mapped_column(String(120), default="")
    host_township: Mapped[str] = mapped_column(String(40), default="")
    host_address: Mapped[str | None] = mapped_column(EncryptedText("flow.host_address"))
    work_unit: Mapped[str] = mapped_column(String(80), default="")
    work_kind: Mapped[str] = mapped_column(String(3), default="")
    occupation: Mapped[str] = mapped_column(String(40), default="")
    contacted_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    ended_as: Mapped[FlowEnd | None] = mapped_column(EnumText(FlowEnd))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        FLOW.check(),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        # A member has at most one open flow.
        Index("uq_flow_open", "tenant_id", "member_id", unique=True, postgresql_where="state <> 'ended'"),
        Index("ix_flow_host", "tenant_id", "host_code", "state"),
    )


FLOW.guard(Flow)
