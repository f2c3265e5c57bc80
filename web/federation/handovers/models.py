"""Handover and its machine: each county keeps its own copy, home numbers the decisions (FED/1 §8).

Home requests and the host answers; or the host asks and home answers. From `accepted` on both ways are one.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core import vault
from web.core.states import Machine, Row
from web.extensions import Model
from web.federation.pairs import FAIL, PairAggregate
from web.federation.readings import service as readings


class HandoverState(StrEnum):
    """`asked`: the host began. `released` is 在途: home still owns the member, and the row is frozen."""

    NOT_OPENED = "not_opened"
    ASKED = "asked"
    ASK_RETURNED = "ask_returned"
    REQUESTED = "requested"
    RETURNED = "returned"
    RETURNED_LAPSED = "returned_lapsed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RELEASED = "released"
    DECLINED = "declined"
    RECALLED = "recalled"
    EXPIRED_IN_TRANSIT = "expired_in_transit"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How it ended. Each is set by a named verb, none by counting days afterwards."""

    ON_TIME = "on_time"
    LATE = "late"
    NOT_OPENED = "not_opened"
    REFUSED = "refused"
    RETURNED_LAPSED = "returned_lapsed"
    CANCELLED = "cancelled"
    EXPIRED_UNANSWERED = "expired_unanswered"
    DECLINED = "declined"
    RECALLED = "recalled"
    EXPIRED_IN_TRANSIT = "expired_in_transit"


S = HandoverState
UNANSWERED, UNMENDED = timedelta(days=60), timedelta(days=30)
BEFORE_RELEASE = (S.REQUESTED, S.RETURNED, S.ASKED, S.ASK_RETURNED, S.ACCEPTED)
OPEN = (*BEFORE_RELEASE, S.RELEASED)

HANDOVER = Machine(
    "handover",
    HandoverState,
    [
        Row(None, "request", "home", S.REQUESTED, guard="the member's own application; none open for the same person"),
        Row(S.REQUESTED, FAIL, "home", S.NOT_OPENED, automatic=True),
        Row(S.REQUESTED, "return", "host", S.RETURNED, guard="names the fields to mend"),
        Row(S.RETURNED, "request", "home", S.REQUESTED),
        Row(None, "ask", "host", S.ASKED, guard="the member's own application; none open for the same person"),
        Row(S.ASKED, FAIL, "host", S.NOT_OPENED, automatic=True),
        Row(S.ASKED, "return", "home", S.ASK_RETURNED, guard="names the fields to mend"),
        Row(S.ASK_RETURNED, "ask", "host", S.ASKED),
        Row(S.ASKED, "accept", "home", S.ACCEPTED, guard="a person chose the member meant; home holds him"),
        Row(S.ASKED, "refuse", "home", S.REFUSED, guard="a reason of the closed list"),
        Row(S.REQUESTED, "accept", "host", S.ACCEPTED),
        Row(S.REQUESTED, "refuse", "host", S.REFUSED, guard="a reason of the closed list"),
        *(Row(s, "cancel", "any", S.CANCELLED) for s in BEFORE_RELEASE),
        Row(S.REQUESTED, "expire", "home", S.EXPIRED, automatic=True, timer=UNANSWERED),
        Row(S.ASKED, "expire", "home", S.EXPIRED, automatic=True, timer=UNANSWERED),
        Row(S.ACCEPTED, "expire", "home", S.EXPIRED, automatic=True, timer=UNANSWERED),
        Row(S.RETURNED, "expire", "home", S.RETURNED_LAPSED, automatic=True, timer=UNMENDED),
        Row(S.ASK_RETURNED, "expire", "home", S.RETURNED_LAPSED, automatic=True, timer=UNMENDED),
        Row(
            S.ACCEPTED,
            "release",
            "home",
            S.RELEASED,
            guard="home holds the member; no other handover of it is released",
        ),
        Row(S.RELEASED, "decline", "host", S.DECLINED, guard="before take_over; a reason of the closed list"),
        Row(S.RELEASED, "take_over", "host", S.CLOSED, guard="branch assigned, receipt enclosed", answer="confirm"),
        Row(S.RELEASED, "confirm", "home", S.CLOSED, guard="in the transaction that applies take_over", automatic=True),
        Row(S.RELEASED, "recall", "home", S.RECALLED, guard="a reason of the closed list"),
        Row(S.RELEASED, "expire", "home", S.EXPIRED_IN_TRANSIT, guard="the letter's last day is over", automatic=True),
        Row(
            S.CLOSED, "forward", "home", S.CLOSED, guard="a record dated before was countersigned since", automatic=True
        ),
    ],
    anchor="home",
    roles=("home", "host"),
)

# The one verb that moves ownership, and the state it leads to. The explored model reads this too.
FLIP = "confirm"

# The outcome of each end. `closed` is on time or late by the day the host received.
OUTCOMES: dict[HandoverState, Outcome] = {
    S.NOT_OPENED: Outcome.NOT_OPENED,
    S.REFUSED: Outcome.REFUSED,
    S.RETURNED_LAPSED: Outcome.RETURNED_LAPSED,
    S.CANCELLED: Outcome.CANCELLED,
    S.EXPIRED: Outcome.EXPIRED_UNANSWERED,
    S.DECLINED: Outcome.DECLINED,
    S.RECALLED: Outcome.RECALLED,
    S.EXPIRED_IN_TRANSIT: Outcome.EXPIRED_IN_TRANSIT,
}

_LISTED = ", ".join(f"'{s.value}'" for s in OPEN)


def is_received(state: HandoverState, role: str) -> bool:
    """A packet in this state holds the other county's values: while he is only asked for the host's, then home's until it closed."""
    if state in (S.ASKED, S.ASK_RETURNED):
        return role == "home"
    return role == "host" and state is not S.CLOSED


class Handover(PairAggregate, Model):
    """One county's copy. Everything personal stands in `packet`, under the aggregate's own key.

    `member_id`: at home the member, at the host the row taken over. `branch_id`: the branch it leaves, or enters.
    `transfer_id`: at home the case file whose approval began it.
    `person_blind`: fingerprint of name and birth date inside this county, while it is open. `begun_by`: home or host.
    `reverses`: the closed handover it takes back. `applied_on`, `applied_how`: the member's application as the host heard
    it. `arrived_on`: the day the paper letter reached the host.
    """

    __tablename__ = "handover"
    state: Mapped[HandoverState] = HANDOVER.column()
    member_id: Mapped[UUID | None]
    branch_id: Mapped[UUID | None]
    person_blind: Mapped[bytes | None] = mapped_column(LargeBinary)
    packet: Mapped[bytes | None] = mapped_column(LargeBinary)
    begun_by: Mapped[str] = mapped_column(String(4), default="home")
    referral_id: Mapped[UUID | None]
    reverses: Mapped[UUID | None]
    applied_on: Mapped[date | None]
    applied_how: Mapped[str] = mapped_column(String(10), default="")
    reason: Mapped[str] = mapped_column(String(20), default="")
    returned_fields: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    issued_on: Mapped[date | None]
    valid_until: Mapped[date | None]
    arrived_on: Mapped[date | None]
    received_on: Mapped[date | None]
    due_on: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(String(20), default="")
    transfer_id: Mapped[UUID | None]

    __table_args__ = (
        HANDOVER.check(),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "branch_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["tenant_id", "transfer_id"], ["relation_transfer.tenant_id", "relation_transfer.id"], ondelete="RESTRICT"
        ),
        # At most one released handover of a member, whatever the code believes.
        Index("uq_handover_released", "tenant_id", "member_id", unique=True, postgresql_where="state = 'released'"),
        # An ask that home did not number yet may cross home's own request: home's word goes first.
        Index(
            "uq_handover_open",
            "tenant_id", "partner_uid", "person_blind",
            unique=True,
            postgresql_where=f"state IN ({_LISTED}) AND n > 0",
        ),
        Index("ix_handover_due", "tenant_id", "due_on", "id", postgresql_where=f"state IN ({_LISTED})"),
        Index("ix_handover_role", "tenant_id", "role", "id"),
        Index("ix_handover_member", "tenant_id", "member_id"),
        Index("uq_handover_transfer", "tenant_id", "transfer_id", unique=True),
    )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Not at an end."""
        return self.state in OPEN

    @property
    def is_received(self) -> bool:
        """The packet holds the other county's values."""
        return is_received(self.state, self.role)

    @property
    def is_emptied(self) -> bool:
        """Open in a backup that was put back, its values destroyed again: it had ended."""
        return self.is_open and vault.emptied(self.id, self.packet)

    def values(self) -> dict[str, Any]:
        """What the packet holds; empty once it was purged."""
        if self.packet is None:
            return {}
        try:
            found: dict[str, Any] = json.loads(vault.unwrap(self.id, self.packet))
        except vault.Purged:
            return {}
        if self.is_received:
            readings.opened("handover", self.id, self.partner_uid)
        return found

    def keep(self, **more: Any) -> None:
        """Put values into the packet; None takes one out."""
        whole = {name: value for name, value in (self.values() | more).items() if value is not None}
        self.packet = vault.wrap(self.id, json.dumps(whole, ensure_ascii=False, sort_keys=True).encode())


HANDOVER.guard(Handover)
