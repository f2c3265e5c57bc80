"""CoSignedRecord and its machine: one per activity and home county. Its lines, each about one member of that home."""

from __future__ import annotations

import json
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core import clock, vault
from web.core.fence import Tenanted
from web.core.fields import EncryptedText
from web.core.states import EnumText, Machine, Row
from web.extensions import Model
from web.federation.pairs import FAIL, PairAggregate


class CosignState(StrEnum):
    """Before the offer nothing is stored: the draft is what the sheet of the activity says."""

    OFFERED = "offered"
    DISPUTED = "disputed"
    FINAL = "final"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ANNUL_PROPOSED = "annul_proposed"
    ANNULLED = "annulled"
    NOT_OPENED = "not_opened"


S = CosignState
OPEN = (S.OFFERED, S.DISPUTED)
AGREED = (S.FINAL, S.ANNUL_PROPOSED)
"""Both counties stand by it, and its hours count: until the other agrees, an annulment is only proposed."""
LIVE = (*OPEN, *AGREED)
"""An activity has at most one live record with a county; after it came to nothing another one may be offered."""
LAPSES_AFTER = timedelta(days=30)

COSIGN = Machine(
    "cosign",
    CosignState,
    [
        Row(None, "offer", "recorder", S.OFFERED, guard="activity held, S5 granted, lines of that county's members"),
        Row(S.OFFERED, FAIL, "recorder", S.NOT_OPENED, automatic=True),
        Row(S.OFFERED, "countersign", "home", S.FINAL, guard="names the accepted lines of this content"),
        Row(S.OFFERED, "dispute", "home", S.DISPUTED, guard="names lines of this content, each with a reason"),
        Row(S.OFFERED, "refuse", "home", S.REFUSED, guard="a reason of the closed list"),
        Row(S.DISPUTED, "correct", "recorder", S.OFFERED, guard="another content, numbered k + 1"),
        *(
            Row(s, "correct", "recorder", S.OFFERED, guard="its lines or header are others in content k + 1")
            for s in (S.OFFERED, S.FINAL)
        ),
        Row(S.FINAL, "propose_annul", "any", S.ANNUL_PROPOSED, guard="with a reason"),
        Row(S.ANNUL_PROPOSED, "annul", "any", S.ANNULLED, guard="the county that did not propose it"),
        Row(S.ANNUL_PROPOSED, "keep", "any", S.FINAL, guard="either: the other keeps it, the proposer thinks again"),
        Row(
            S.ANNUL_PROPOSED,
            "lapse",
            "recorder",
            S.FINAL,
            guard="nobody answered: it stands",
            automatic=True,
            timer=LAPSES_AFTER,
        ),
        *(Row(s, "withdraw", "recorder", S.WITHDRAWN) for s in OPEN),
        *(Row(s, "lapse", "recorder", S.LAPSED, automatic=True, timer=LAPSES_AFTER) for s in OPEN),
    ],
    anchor="recorder",
    roles=("recorder", "home"),
)


class Answer(StrEnum):
    """What home said of a line. `left_out`: not named when the rest was countersigned."""

    NONE = "none"
    ACCEPTED = "accepted"
    LEFT_OUT = "left_out"
    DISPUTED = "disputed"


class CoSignedRecord(PairAggregate, Model):
    """One county's copy. `activity_id` is the recorder's; `content` the digest of content `k`, the same for all homes.

    `header`: title, place and responsible under the aggregate's key, at home a
    working copy. `reason`: the closed-list word of a refusal; `words`: what was written beside the last answer;
    `annul_by`: the role that proposed to annul it, empty while nobody does.
    """

    __tablename__ = "cosign"
    state: Mapped[CosignState] = COSIGN.column()
    activity_id: Mapped[UUID]
    k: Mapped[int]
    content: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    held_on: Mapped[date]
    minutes: Mapped[int]
    header: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str | None] = mapped_column(EncryptedText("cosign.words"), info={"secret": True})
    annul_by: Mapped[str] = mapped_column(String(10), default="", server_default="")

    __table_args__ = (
        COSIGN.check(),
        Index(
            "uq_cosign_live",
            "tenant_id",
            "partner_uid",
            "activity_id",
            unique=True,
            postgresql_where="state IN ('offered', 'disputed', 'final', 'annul_proposed')",
        ),
        Index("ix_cosign_list", "tenant_id", "state_at", "id"),
        Index("ix_cosign_activity", "tenant_id", "activity_id"),
    )

    @property
    def lapses_on(self) -> date | None:
        """The last day of an open one, in China."""
        return self._waits_until if self.state in OPEN else None

    @property
    def stands_again_on(self) -> date | None:
        """The last day for an answer to a proposal to annul: without one the record stands."""
        return self._waits_until if self.state is S.ANNUL_PROPOSED else None

    @property
    def _waits_until(self) -> date:
        return clock.day(self.state_at + LAPSES_AFTER)

    @property
    def is_emptied(self) -> bool:
        """Waiting for an answer in a backup that was put back, its values destroyed again: it had ended."""
        return self.state in OPEN and vault.emptied(self.id, self.header)

    def head(self) -> dict[str, str]:
        """title, place, responsible; empty once they were purged."""
        return _opened(self.id, self.header)

    def keep(self, **head: str) -> None:
        """Put title, place and responsible under the aggregate's key."""
        self.header = _wrapped(self.id, head)


COSIGN.guard(CoSignedRecord)


class CosignLine(Tenanted, Model):
    """One person of one record. `line`: its place in the shuffled list; `member_id`: home's own row, None elsewhere or
    where home knows no such referral. `wrapped`: presence, minutes and a dispute's reason under the record's key.
    """

    __tablename__ = "cosign_line"
    __logged__ = False  # it comes, changes and goes with verbs of the record, which are logged
    __person__ = True
    record_id: Mapped[UUID]
    line: Mapped[int]
    referral_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    answer: Mapped[Answer] = mapped_column(EnumText(Answer), default=Answer.NONE)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "record_id"], ["cosign.tenant_id", "cosign.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        Index("uq_cosign_line_line", "tenant_id", "record_id", "line", unique=True),
        Index("ix_cosign_line_member", "tenant_id", "member_id"),
    )

    def values(self) -> dict[str, Any]:
        """presence (a word of the wire), minutes, reason."""
        return _opened(self.record_id, self.wrapped)

    def keep(self, **more: Any) -> None:
        """Put values in; those not named stay."""
        self.wrapped = _wrapped(self.record_id, (self.values() if self.wrapped else {}) | more)


def _wrapped(record_id: UUID, values: dict[str, Any]) -> bytes:
    return vault.wrap(record_id, json.dumps(values, ensure_ascii=False, sort_keys=True).encode())


def _opened(record_id: UUID, token: bytes | None) -> dict[str, Any]:
    if token is None:
        return {}
    try:
        found: dict[str, Any] = json.loads(vault.unwrap(record_id, token))
    except vault.Purged:
        return {}
    return found
