"""RelationTransfer, the county's own case file and its machine, and LetterStub, a line of the letter book.

A case is inside one committee, between two committees of the county, to a place that is no tenant, from such a place, or
towards a partner county. The last is the application and the committee's approval only: from `handed_over` on a Handover
carries it, and its state is read there.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core import vault
from web.core.fence import Tenanted
from web.core.states import EnumText, Machine, Row
from web.extensions import Model


class TransferState(StrEnum):
    """`letter_issued` and `in_transit`: the member's row is locked. `expired`: home stays responsible, the branch renews."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED_FOR_CORRECTION = "returned_for_correction"
    HOME_APPROVED = "home_approved"
    LETTER_ISSUED = "letter_issued"
    IN_TRANSIT = "in_transit"
    EXPIRED = "expired"
    RECEIVED = "received"
    ASSIGNED = "assigned"
    RECEIPT_RETURNED = "receipt_returned"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    REFUSED = "refused"
    REVOKED = "revoked"


class TransferKind(StrEnum):
    """Where from and where to, seen from this county."""

    COMMITTEE = "committee"
    COUNTY = "county"
    OUTWARD = "outward"
    INWARD = "inward"
    PARTNER = "partner"


class Seat(StrEnum):
    """Who acts in a case: the branch that applies, its committee, the committee that receives."""

    BRANCH = "branch"
    COMMITTEE = "committee"
    RECEIVER = "receiver"


S, K = TransferState, TransferKind
WITH_LETTER = (S.LETTER_ISSUED, S.IN_TRANSIT)
RENEWED = (S.SUBMITTED, S.RETURNED_FOR_CORRECTION, S.HOME_APPROVED)
"""Where a case may stand whose letter ran out, until another is issued."""
ENDED = (S.HANDED_OVER, S.CLOSED, S.REFUSED, S.REVOKED)
OPEN = tuple(s for s in S if s not in ENDED)

RELATION_TRANSFER = Machine(
    "relation_transfer",
    TransferState,
    [
        Row(None, "draft", "branch", S.DRAFT, guard="the member's own application; no other case of the member is open"),
        Row(None, "receive", "receiver", S.RECEIVED, guard="a letter on paper from elsewhere; the row is provisional"),
        Row(S.DRAFT, "submit", "branch", S.SUBMITTED),
        Row(S.RETURNED_FOR_CORRECTION, "submit", "branch", S.SUBMITTED),
        Row(S.SUBMITTED, "return", "committee", S.RETURNED_FOR_CORRECTION, guard="says what to mend"),
        Row(S.SUBMITTED, "approve", "committee", S.HOME_APPROVED),
        Row(S.SUBMITTED, "refuse", "committee", S.REFUSED, guard="a reason of the closed list"),
        *(Row(s, "revoke", "branch", S.REVOKED) for s in (S.DRAFT, S.SUBMITTED, S.RETURNED_FOR_CORRECTION)),
        Row(S.HOME_APPROVED, "revoke", "committee", S.REVOKED, guard="the next level has not approved"),
        Row(S.HOME_APPROVED, "assign", "committee", S.ASSIGNED, guard="inside one committee", automatic=True),
        Row(S.HOME_APPROVED, "receive", "receiver", S.RECEIVED, guard="between committees of the county"),
        Row(S.HOME_APPROVED, "refuse", "receiver", S.REFUSED, guard="a reason of the closed list"),
        Row(S.HOME_APPROVED, "hand_over", "committee", S.HANDED_OVER, guard="towards a partner", automatic=True),
        Row(S.HOME_APPROVED, "issue_letter", "committee", S.LETTER_ISSUED, guard="outward; the member's row is whole"),
        Row(S.LETTER_ISSUED, "hand_out", "committee", S.IN_TRANSIT),
        *(Row(s, "void_letter", "committee", S.HOME_APPROVED, guard="the number stands as void") for s in WITH_LETTER),
        *(Row(s, "expire", "committee", S.EXPIRED, guard="the letter's last day is over", automatic=True)
          for s in WITH_LETTER),
        Row(S.IN_TRANSIT, "refuse", "committee", S.REFUSED, guard="the other side said so; a reason of the closed list"),
        Row(S.IN_TRANSIT, "return_receipt", "committee", S.RECEIPT_RETURNED),
        Row(S.EXPIRED, "return_receipt", "committee", S.RECEIPT_RETURNED, guard="received in time, the receipt came late"),
        *(Row(s, "return_receipt", "committee", S.RECEIPT_RETURNED, guard="the same, while another letter is asked for")
          for s in RENEWED),
        Row(S.EXPIRED, "renew", "branch", S.SUBMITTED, guard="the branch's proof that the member is still ours"),
        Row(S.EXPIRED, "revoke", "committee", S.REVOKED),
        Row(S.RECEIVED, "assign", "receiver", S.ASSIGNED, guard="a branch of the receiving committee"),
        Row(S.RECEIVED, "refuse", "receiver", S.REFUSED, guard="a reason of the closed list"),
        Row(S.ASSIGNED, "return_receipt", "receiver", S.RECEIPT_RETURNED, guard="inward; within one month"),
        Row(S.ASSIGNED, "close", "receiver", S.CLOSED, guard="inside the county", automatic=True),
        Row(S.RECEIPT_RETURNED, "close", "committee", S.CLOSED, automatic=True),
    ],
    roles=tuple(Seat),
)  # fmt: skip

# A verb that not every kind knows, in the states where it is told apart.
FITS: dict[tuple[TransferState, str], frozenset[TransferKind]] = {
    (S.HOME_APPROVED, "receive"): frozenset({K.COUNTY}),
    (S.HOME_APPROVED, "refuse"): frozenset({K.COUNTY}),
    (S.HOME_APPROVED, "issue_letter"): frozenset({K.OUTWARD}),
    (S.RECEIVED, "refuse"): frozenset({K.INWARD}),
    (S.ASSIGNED, "return_receipt"): frozenset({K.INWARD}),
    **{(s, "return_receipt"): frozenset({K.OUTWARD}) for s in RENEWED},
}

# How long a state may rest before it is overdue. Letters have their own last day, a receipt one month from reception.
WAITS: dict[TransferState, timedelta] = {
    S.DRAFT: timedelta(days=30),
    S.SUBMITTED: timedelta(days=14),
    S.RETURNED_FOR_CORRECTION: timedelta(days=30),
    S.HOME_APPROVED: timedelta(days=14),
    S.EXPIRED: timedelta(days=30),
    S.RECEIVED: timedelta(days=14),
}

_LISTED = ", ".join(f"'{s.value}'" for s in OPEN)


class RelationTransfer(Tenanted, vault.Packed, Model):
    """One case. Values of the application, the letter and the receipt stand in `packet`, under the case's own key.

    `branch_id`: the branch the member leaves, None inward. `to_org_id`: inside the county the organisation the member goes
    to, first a committee, then the branch. `partner_uid`: the partner county. `approved_on`: from then on the receiving
    committee sees it. `decided_at`, `decided_by`: the last word of a committee.
    """

    __tablename__ = "relation_transfer"
    kind: Mapped[TransferKind] = mapped_column(EnumText(TransferKind))
    state: Mapped[TransferState] = RELATION_TRANSFER.column()
    state_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    member_id: Mapped[UUID]
    branch_id: Mapped[UUID | None]
    to_org_id: Mapped[UUID | None]
    partner_uid: Mapped[UUID | None]
    packet: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(20), default="")
    approved_on: Mapped[date | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(String(40), default="")
    received_on: Mapped[date | None]
    due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        RELATION_TRANSFER.check(),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "branch_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "to_org_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        # At most one open case of a member, whatever the code believes.
        Index("uq_relation_transfer_open", "tenant_id", "member_id", unique=True,
              postgresql_where=f"state IN ({_LISTED})"),
        Index("ix_relation_transfer_due", "tenant_id", "due_on", "id", postgresql_where=f"state IN ({_LISTED})"),
        Index("ix_relation_transfer_state", "tenant_id", "state_at", "id"),
        Index("ix_relation_transfer_member", "tenant_id", "member_id"),
    )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Not at an end."""
        return self.state in OPEN


class LetterStub(Tenanted, Model):
    """The stub (存根) of one numbered letter: year and serial without gaps; what was spoiled stands as void.

    `subject_id`: the case or the handover it was issued for. `branch_id`: the branch that let go, for who may see it.
    """

    __tablename__ = "letter_stub"
    __person__ = True
    year: Mapped[int]
    serial: Mapped[int]
    letter_no: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[UUID]
    member_id: Mapped[UUID]
    branch_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(60))
    from_org: Mapped[str] = mapped_column(String(160))
    to_org: Mapped[str] = mapped_column(String(160))
    dues_until: Mapped[str] = mapped_column(String(7))
    valid_days: Mapped[int]
    issued_on: Mapped[date]
    issued_by: Mapped[str] = mapped_column(String(40))
    valid_until: Mapped[date]
    receipt_on: Mapped[date | None]
    void_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(200), default="")

    __table_args__ = (
        UniqueConstraint("tenant_id", "year", "serial"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "branch_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        Index("ix_letter_stub_subject", "tenant_id", "subject_id"),
    )


RELATION_TRANSFER.guard(RelationTransfer)
