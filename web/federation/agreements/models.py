"""Tables and machines of agreements. A row here is this county's copy; the hub's signed decisions are what all share."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText, Machine, Row
from web.extensions import Model


class AgreementState(StrEnum):
    """`pending` until a first version takes effect."""

    PENDING = "pending"
    ACTIVE = "active"
    WINDING_DOWN = "winding_down"
    CLOSED = "closed"
    DROPPED = "dropped"


A = AgreementState
AGREEMENT = Machine(
    "agreement",
    AgreementState,
    [
        Row(None, "begin", "hub", A.PENDING),
        Row(A.PENDING, "activate", "hub", A.ACTIVE, automatic=True, guard="its first version takes effect"),
        Row(A.PENDING, "drop", "hub", A.DROPPED, automatic=True, guard="its only version ended without effect"),
        Row(A.ACTIVE, "wind_down", "any", A.WINDING_DOWN, automatic=True, guard="the day its last pair ends has come"),
        Row(A.WINDING_DOWN, "close", "any", A.CLOSED, automatic=True, guard="each of our pairs was closed by both"),
        # Who said no to joining, or left, and is named again by a version of the others.
        *(
            Row(s, "activate", "hub", A.ACTIVE, automatic=True, guard="a later version that names us takes effect")
            for s in (A.WINDING_DOWN, A.CLOSED, A.DROPPED)
        ),
    ],
    anchor="hub",
    roles=("hub", "follower"),
)


class VersionState(StrEnum):
    """Life of one version of the text."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    AGREED = "agreed"
    SEALED = "sealed"
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


V = VersionState
VERSION = Machine(
    "agreement_version",
    VersionState,
    [
        Row(None, "draft", "hub", V.DRAFT),
        Row(None, "propose", "hub", V.PROPOSED, guard="the hub's decision arrives at a follower"),
        Row(V.DRAFT, "propose", "hub", V.PROPOSED),
        Row(V.DRAFT, "discard", "hub", V.WITHDRAWN),
        Row(V.PROPOSED, "counter", "any", V.PROPOSED, guard="another text; clears acceptances; at most ten rounds"),
        Row(V.PROPOSED, "accept", "any", V.PROPOSED, guard="on this digest, once a party, not its author"),
        Row(V.PROPOSED, "agree", "hub", V.AGREED, automatic=True, guard="every other party accepted one digest"),
        Row(V.AGREED, "render", "hub", V.AGREED, automatic=True, guard="the file once, by a job"),
        Row(V.AGREED, "seal", "follower", V.AGREED, guard="leader's logged approval; the file is here and checked"),
        Row(
            V.AGREED,
            "complete",
            "hub",
            V.SEALED,
            guard="all other seals are in; leader's approval; clause 14 is written",
        ),
        Row(V.SEALED, "take_effect", "hub", V.EFFECTIVE, automatic=True, guard="its first day has come, +08:00"),
        Row(V.EFFECTIVE, "supersede", "hub", V.SUPERSEDED, automatic=True, guard="the next version takes effect"),
        Row(
            V.EFFECTIVE,
            "succeed",
            "hub",
            V.EFFECTIVE,
            automatic=True,
            guard="the hub leaves; names who numbers from now on",
        ),
        *(Row(s, "reject", "follower", V.REJECTED) for s in (V.PROPOSED, V.AGREED)),
        *(Row(s, "withdraw", "hub", V.WITHDRAWN) for s in (V.PROPOSED, V.AGREED)),
        Row(V.PROPOSED, "lapse", "hub", V.LAPSED, automatic=True, timer=timedelta(days=30)),
        Row(V.AGREED, "lapse", "hub", V.LAPSED, automatic=True, timer=timedelta(days=60)),
        Row(
            V.SEALED,
            "void",
            "hub",
            V.WITHDRAWN,
            automatic=True,
            guard="the agreement, or one of its parties, is over by its first day",
        ),
    ],
    anchor="hub",
    roles=("hub", "follower"),
)
OPEN = (V.DRAFT, V.PROPOSED, V.AGREED, V.SEALED)
_IS_OPEN = "state IN ({})".format(", ".join(f"'{state.value}'" for state in OPEN))


class Agreement(Tenanted, Model):
    """`id` is the same in every party; `head`: digest of decision `n`. `awaiting`: counters whose text is on its way."""

    __tablename__ = "agreement"
    state: Mapped[AgreementState] = AGREEMENT.column()
    hub_uid: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(120), default="")
    number: Mapped[str] = mapped_column(String(40), default="")
    n: Mapped[int] = mapped_column(default=0)
    head: Mapped[str | None] = mapped_column(String(60))
    pending: Mapped[str] = mapped_column(String(20), default="")
    pending_id: Mapped[UUID | None]
    refused_code: Mapped[str] = mapped_column(String(40), default="")
    stopped: Mapped[str] = mapped_column(String(40), default="")
    awaiting: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    state_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (AGREEMENT.check(),)


AGREEMENT.guard(Agreement)


def _of_agreement() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "agreement_id"], ["agreement.tenant_id", "agreement.id"])


class AgreementParty(Tenanted, Model):
    """One party. `place` 0 is 甲 (the hub). `w`: the highest numbered word of its register of stops; `leaves_on`: the
    first day it is out; `ended_on`: the day our pair with it ended here.
    """

    __tablename__ = "agreement_party"
    agreement_id: Mapped[UUID]
    uid: Mapped[UUID]
    place: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(6))
    name: Mapped[str] = mapped_column(String(40))
    office: Mapped[str] = mapped_column(String(80))
    w: Mapped[int] = mapped_column(default=0)
    leaves_on: Mapped[date | None]
    paused: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    ended_on: Mapped[date | None]

    __table_args__ = (_of_agreement(), UniqueConstraint("tenant_id", "agreement_id", "uid"))


class AgreementVersion(Tenanted, Model):
    """One version. `text` is the parsed canonical JSON whose digest is `text_digest`; None while it is on its way.
    `fault`: why the text or the file here cannot be what was agreed.
    """

    __tablename__ = "agreement_version"
    state: Mapped[VersionState] = VERSION.column()
    agreement_id: Mapped[UUID]
    version: Mapped[int]
    round: Mapped[int] = mapped_column(default=1)
    text: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    text_digest: Mapped[str] = mapped_column(String(60), default="")
    former: Mapped[dict[str, Any] | None] = deferred(mapped_column(JSONB))
    author_uid: Mapped[UUID | None]
    accepted_by: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    pdf_digest: Mapped[str | None] = mapped_column(String(60))
    pdf_checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    document_id: Mapped[UUID | None]
    fault: Mapped[str] = mapped_column(String(40), default="")
    effective_on: Mapped[date | None]
    state_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        VERSION.check(),
        _of_agreement(),
        UniqueConstraint("tenant_id", "agreement_id", "version"),
        Index("uq_agreement_version_open", "tenant_id", "agreement_id", unique=True, postgresql_where=_IS_OPEN),
    )


VERSION.guard(AgreementVersion)


class AgreementDecision(Tenanted, Model):
    """A signed, numbered decision of the hub; `said`: the values disclosed with it, under the agreement's key."""

    __tablename__ = "agreement_decision"
    __logged__ = False
    agreement_id: Mapped[UUID]
    n: Mapped[int]
    verb: Mapped[str] = mapped_column(String(20))
    by_uid: Mapped[UUID]
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    digest: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    jws: Mapped[str | None] = mapped_column(Text)
    said: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (_of_agreement(), UniqueConstraint("tenant_id", "agreement_id", "n"))


class AgreementSeal(Tenanted, Model):
    """A county's seal under a version; followers hold the others' `jws` once the hub completed."""

    __tablename__ = "agreement_seal"
    __logged__ = False
    agreement_id: Mapped[UUID]
    version: Mapped[int]
    county_uid: Mapped[UUID]
    digest: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    jws: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (_of_agreement(), UniqueConstraint("tenant_id", "agreement_id", "version", "county_uid"))


class AgreementGrant(Tenanted, Model):
    """What the version in effect lets one party give another: rows only while it is in effect."""

    __tablename__ = "agreement_grant"
    agreement_id: Mapped[UUID]
    version: Mapped[int]
    owner_uid: Mapped[UUID]
    receiver_uid: Mapped[UUID]
    scope: Mapped[str] = mapped_column(String(2))
    fields: Mapped[list[Any]] = mapped_column(JSONB)
    purpose: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        _of_agreement(),
        UniqueConstraint("tenant_id", "agreement_id", "owner_uid", "receiver_uid", "scope"),
        Index("ix_agreement_grant_pair", "tenant_id", "owner_uid", "receiver_uid", "scope"),
    )


class AgreementApproval(Tenanted, Model):
    """Our leader approved sealing exactly this text and this file."""

    __tablename__ = "agreement_approval"
    agreement_id: Mapped[UUID]
    version: Mapped[int]
    text_digest: Mapped[str] = mapped_column(String(60))
    pdf_digest: Mapped[str] = mapped_column(String(60))
    account_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (_of_agreement(),)


class AgreementClosing(Tenanted, Model):
    """The word of one of a pair that between the two nothing is open and nothing is kept any more."""

    __tablename__ = "agreement_closing"
    agreement_id: Mapped[UUID]
    by_uid: Mapped[UUID]
    with_uid: Mapped[UUID]
    w: Mapped[int]
    on: Mapped[date]

    __table_args__ = (_of_agreement(), UniqueConstraint("tenant_id", "agreement_id", "by_uid", "with_uid"))


class DutyKind(StrEnum):
    """What an agreement asks for by the calendar. `check`: of the responsibility list; `item`: of one cooperation item."""

    RENEWAL = "renewal"
    REVIEW = "review"
    REGISTER = "register"
    PARTICIPATION = "participation"
    CHECK = "check"
    ITEM = "item"


class AgreementDuty(Tenanted, Model):
    """One time something was due of us. Done with `done_on`; `is_missed` when its last day was over and the next
    one came, or none is asked for any more. `details`: of a check, what was found item by item.
    """

    __tablename__ = "agreement_duty"
    agreement_id: Mapped[UUID]
    kind: Mapped[DutyKind] = mapped_column(EnumText(DutyKind))
    key: Mapped[str] = mapped_column(String(12), default="")
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    is_missed: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(500), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    account_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        _of_agreement(),
        UniqueConstraint("tenant_id", "agreement_id", "kind", "key", "due_on"),
        Index("ix_agreement_duty_open", "tenant_id", "due_on", postgresql_where="done_on IS NULL AND NOT is_missed"),
    )


class AgreementMeeting(Tenanted, Model):
    """One review meeting, as the party that recorded it said it; a wrong one is recorded anew, never changed. `said`: place,
    present (posts, no names), reviewed ([goal, what was said]), conclusion. `answers`: party → {on, reason}, the reason
    empty where it confirms. `is_waiting`: for our own answer.
    """

    __tablename__ = "agreement_meeting"
    agreement_id: Mapped[UUID]
    by_uid: Mapped[UUID]
    held_on: Mapped[date]
    way: Mapped[str] = mapped_column(String(10))
    next_on: Mapped[date | None]
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_waiting: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        _of_agreement(),
        Index("ix_agreement_meeting_agreement", "tenant_id", "agreement_id", "held_on"),
        Index("ix_agreement_meeting_waiting", "tenant_id", "held_on", postgresql_where="is_waiting"),
    )

    @property
    def stands(self) -> bool:
        """Another party confirmed it and none objected."""
        return bool(self.answers) and not any(answer["reason"] for answer in self.answers.values())

    def is_vouched_by(self, uid: UUID) -> bool:
        """It stands, and this party recorded or confirmed it."""
        return self.stands and (self.by_uid == uid or str(uid) in self.answers)


class AgreementTemplate(Tenanted, Model):
    """A text the county keeps for its next agreement; `text`: the parts of a text without parties and days. A deleted one
    waits 30 days in the recycle bin.
    """

    __tablename__ = "agreement_template"
    name: Mapped[str] = mapped_column(String(80))
    text: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("uq_agreement_template_kept", "tenant_id", "name", unique=True, postgresql_where="deleted_at IS NULL"),
    )


class CooperationProgress(Tenanted, Model):
    """How far a party is with an item, with a note; its newest word counts. `name`: who said it of ours, else the county."""

    __tablename__ = "cooperation_progress"
    agreement_id: Mapped[UUID]
    county_uid: Mapped[UUID]
    item_key: Mapped[str] = mapped_column(String(12))
    percent: Mapped[int]
    note: Mapped[str] = mapped_column(String(500), default="")
    account_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (_of_agreement(), Index("ix_cooperation_progress_item", "tenant_id", "agreement_id", "item_key"))
