"""Referral and its machine; the host's working copy of a member who is another county's, and its search grams."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.fields import EncryptedText
from web.core.states import Machine, Row
from web.extensions import Model
from web.federation.pairs import FAIL, PairAggregate


class ReferralState(StrEnum):
    """Before the offer nothing is stored: a draft is a preview. `claimed`: the host began, home looks whether he is its own."""

    CLAIMED = "claimed"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REPORTED_IN = "reported_in"
    TAKEN_ON = "taken_on"
    DECLINED = "declined"
    DISOWNED = "disowned"
    LAPSED = "lapsed"
    ENDED = "ended"
    NOT_OPENED = "not_opened"


S = ReferralState
KNOWN = (S.OFFERED, S.ACCEPTED, S.REPORTED_IN, S.TAKEN_ON)
"""Open, and home knows which of its members it is."""
OPEN = (S.CLAIMED, *KNOWN)
"""States in which the member is the host's guest, or may become one. In all others the packet is purged."""
LAPSES_AFTER = timedelta(days=30)

REFERRAL = Machine(
    "referral",
    ReferralState,
    [
        Row(None, "offer", "home", S.OFFERED, guard="open flow to the partner's county, notice stands, S2 granted"),
        Row(None, "claim", "host", S.CLAIMED, guard="the member's consent is recorded first; S2 granted host to home"),
        Row(S.CLAIMED, "recognise", "home", S.ACCEPTED, guard="a person chose the member meant"),
        Row(S.CLAIMED, "disown", "home", S.DISOWNED, guard="one answer, whether unknown or not ours"),
        Row(S.CLAIMED, "lapse", "home", S.LAPSED, automatic=True, timer=LAPSES_AFTER),
        Row(S.CLAIMED, FAIL, "host", S.NOT_OPENED, automatic=True),
        Row(S.OFFERED, "accept", "host", S.ACCEPTED),
        Row(S.OFFERED, "decline", "host", S.DECLINED, guard="a reason from the list"),
        Row(S.OFFERED, "lapse", "home", S.LAPSED, automatic=True, timer=LAPSES_AFTER),
        Row(S.OFFERED, FAIL, "home", S.NOT_OPENED, automatic=True),
        Row(S.ACCEPTED, "report_in", "host", S.REPORTED_IN, guard="by the one-time code, or by a person who looked"),
        Row(S.REPORTED_IN, "take_on", "host", S.TAKEN_ON, guard="one branch of the host"),
        *(Row(s, "end", "home", S.ENDED, guard="a reason from the list") for s in OPEN),
        *(Row(s, "leave", "host", S.ENDED) for s in (S.CLAIMED, *KNOWN[1:])),
    ],
    anchor="home",
    roles=("home", "host"),
)


class Referral(PairAggregate, Model):
    """One flow, one partner. `member_id`, `flow_id`: the home's own rows (None at the host).

    `township_id`, `branch_id`: at the host, who looks after the member: the township named, the branch that takes on.
    `consent_id`, `told_how`: of a claim, the record of the member's consent at the host and how it was given.
    `reason`: the closed-list word of a decline or end; `answer_text`: the host's words with it, kept by home only.
    """

    __tablename__ = "referral"
    __person__ = True
    state: Mapped[ReferralState] = REFERRAL.column()
    member_id: Mapped[UUID | None]
    flow_id: Mapped[UUID | None]
    township_id: Mapped[UUID | None]
    branch_id: Mapped[UUID | None]
    notice_on: Mapped[date]
    consent_id: Mapped[UUID | None]
    told_how: Mapped[str] = mapped_column(String(10), default="")
    accepted_on: Mapped[date | None]
    reported_on: Mapped[date | None]
    reported_how: Mapped[str] = mapped_column(String(10), default="")
    assigned_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(20), default="")
    answer_text: Mapped[str | None] = mapped_column(EncryptedText("referral.answer_text"), info={"field": "note"})
    purged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        REFERRAL.check(),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "flow_id"], ["flow.tenant_id", "flow.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["tenant_id", "township_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(["tenant_id", "branch_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        # A flow is referred to one county at a time.
        Index(
            "uq_referral_open",
            "tenant_id",
            "flow_id",
            unique=True,
            postgresql_where="state IN ('offered', 'accepted', 'reported_in', 'taken_on') AND flow_id IS NOT NULL",
        ),
        Index("ix_referral_member", "tenant_id", "member_id"),
        Index("ix_referral_list", "tenant_id", "role", "state", "state_at", "id"),
        Index("ix_referral_branch", "tenant_id", "branch_id"),
        Index("ix_referral_township", "tenant_id", "township_id"),
    )

    @property
    def is_emptied(self) -> bool:
        """Open in a backup that was put back, its packet purged again: it had ended."""
        return self.state in OPEN and self.purged_at is not None


REFERRAL.guard(Referral)


class SharedMember(Tenanted, Model):
    """The host's working copy of a packet; `id` is the referral's. `wrapped`: all values under the referral's key.

    The reading of the name stands in clear for sorting and search while the referral is open; purging takes the row.
    """

    __tablename__ = "shared_member"
    __logged__ = False  # it comes and goes with verbs of the referral, which are logged
    __person__ = True
    partner_uid: Mapped[UUID]
    name_pinyin: Mapped[str] = mapped_column(String(160), default="")
    initials: Mapped[str] = mapped_column(String(20), default="")
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    code_blind: Mapped[bytes | None] = mapped_column(LargeBinary, info={"field": "report_in_code"})
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["referral.tenant_id", "referral.id"], ondelete="CASCADE"),
        Index("ix_shared_member_pinyin", "tenant_id", "name_pinyin", "id"),
        Index("ix_shared_member_initials", "tenant_id", "initials", "id"),
        Index("ix_shared_member_code", "tenant_id", "code_blind"),
    )


class SharedGram(Tenanted, Model):
    """A pair of neighbouring characters of a shared member's name, keyed by the referral so that purging finds it."""

    __tablename__ = "shared_gram"
    __logged__ = False
    __person__ = True
    gram: Mapped[str] = mapped_column(String(40), info={"field": "name"})
    referral_id: Mapped[UUID]

    __table_args__ = (
        Index("ix_shared_gram_gram", "tenant_id", "gram", "referral_id"),
        Index("ix_shared_gram_referral", "tenant_id", "referral_id"),
        ForeignKeyConstraint(
            ["tenant_id", "referral_id"], ["shared_member.tenant_id", "shared_member.id"], ondelete="CASCADE"
        ),
    )


class WrongCode(Tenanted, Model):
    """A report-in code that opened nothing: typed in which session, when. Only for counting tries."""

    __tablename__ = "wrong_code"
    session_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_wrong_code_at", "tenant_id", "at"),)
