"""Request and its machine: asked, accepted or declined, done or not, rated."""

from __future__ import annotations

import json
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core import clock, vault
from web.core.fields import EncryptedText
from web.core.states import Machine, Row
from web.extensions import Model
from web.federation.pairs import FAIL, PairAggregate
from web.federation.readings import service as readings
from web.federation.request_kinds import REQUEST_KINDS, RequestKind


class RequestState(StrEnum):
    """Of one request."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DONE = "done"
    FAILED = "failed"
    RATED = "rated"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    NOT_OPENED = "not_opened"


S = RequestState
OPEN = (S.REQUESTED, S.ACCEPTED)
DONE = (S.DONE, S.RATED)
LAPSES_AFTER = timedelta(days=30)

REQUEST = Machine(
    "request",
    RequestState,
    [
        Row(None, "ask", "asker", S.REQUESTED, guard="the kind's values, its scope granted, the member's consent if it needs one"),
        Row(S.REQUESTED, FAIL, "asker", S.NOT_OPENED, automatic=True),
        Row(S.REQUESTED, "accept", "asked", S.ACCEPTED),
        Row(S.REQUESTED, "decline", "asked", S.DECLINED, guard="a reason from the list"),
        Row(S.ACCEPTED, "done", "asked", S.DONE, guard="the kind's answer"),
        Row(S.ACCEPTED, "fail", "asked", S.FAILED, guard="a reason from the list"),
        Row(S.DONE, "rate", "asker", S.RATED),
        *(Row(s, "purge", "any", s, guard="the member's yes to it, or the notice its answer rests on, has ended") for s in DONE),
        *(Row(s, "withdraw", "asker", S.WITHDRAWN) for s in OPEN),
        *(Row(s, "lapse", "asker", S.LAPSED, automatic=True, timer=LAPSES_AFTER, guard="its due day is over")
          for s in OPEN),
    ],
    anchor="asker",
    roles=("asker", "asked"),
)  # fmt: skip


class Request(PairAggregate, Model):
    """One county's copy. `referral_id`: who it is about, where it is about a person; `member_id`: our own member behind it.

    `consent_on`, `consent_how`: the member's yes to this request, as the asker recorded it. `wrapped`: what was asked and
    answered, under the record's key; None once destroyed. `reason`: the closed-list word of declining, failing or purging;
    `words`: beside it.
    """

    __tablename__ = "request"
    state: Mapped[RequestState] = REQUEST.column()
    kind: Mapped[str] = mapped_column(String(20))
    referral_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    due_on: Mapped[date]
    consent_on: Mapped[date | None]
    consent_how: Mapped[str] = mapped_column(String(20), default="")
    done_on: Mapped[date | None]
    rating: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str | None] = mapped_column(EncryptedText("request.words"), info={"secret": True})
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        REQUEST.check(),
        ForeignKeyConstraint(["tenant_id", "referral_id"], ["referral.tenant_id", "referral.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="RESTRICT"),
        Index("ix_request_list", "tenant_id", "role", "state_at", "id"),
        Index("ix_request_referral", "tenant_id", "referral_id"),
        Index("ix_request_member", "tenant_id", "member_id"),
    )

    @property
    def of_kind(self) -> RequestKind:
        """The entry of its kind."""
        return REQUEST_KINDS[self.kind]

    @property
    def asked_on(self) -> date:
        """The day it was asked, in China."""
        return clock.day(self.created_at)

    @property
    def lapses_on(self) -> date | None:
        """The last day of an open one, in China: its due day at the earliest."""
        if self.state not in OPEN:
            return None
        return max(self.due_on, clock.day(self.state_at + LAPSES_AFTER))

    @property
    def is_received(self) -> bool:
        """It holds the other county's values under a scope: what that county asked with, or what it answered."""
        came = self.of_kind.asks if self.role == "asked" else self.of_kind.answers if self.done_on else ()
        return any(it.scope for it in came)

    @property
    def is_emptied(self) -> bool:
        """Its values were destroyed again, in a backup that was put back. An open one has a packet, if only of nothing, until
        what it asked with is taken back, and with that it ends.
        """
        if self.wrapped is None:
            return self.state in OPEN
        return vault.emptied(self.id, self.wrapped)

    def values(self) -> dict[str, Any]:
        """What was asked and answered, by name; empty once it was purged."""
        if self.wrapped is None:
            return {}
        try:
            found: dict[str, Any] = json.loads(vault.unwrap(self.id, self.wrapped))
        except vault.Purged:
            return {}
        if self.is_received:
            readings.opened("request", self.id, self.partner_uid)
        return found

    def keep(self, values: dict[str, Any]) -> None:
        """Put values in; those not named stay."""
        self.wrapped = vault.wrap(self.id, json.dumps(self.values() | values, ensure_ascii=False).encode())


REQUEST.guard(Request)
