"""What two counties share: the columns of each county's copy of it, and what its room says of it (`Kind`). `verbs` walks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core.errors import NotFound
from web.core.fence import Tenanted
from web.core.states import Machine
from web.extensions import db
from web.federation import admission
from web.federation.wire.envelope import AgreementRef, Envelope

# Every machine of two counties has this state: the other side refused the opening.
NOT_OPENED = "not_opened"
FAIL = "fail_to_open"


class PairAggregate(Tenanted):
    """Columns of one county's copy of something two counties share. `state` is the confirmed one."""

    partner_uid: Mapped[UUID]
    role: Mapped[str] = mapped_column(String(10))
    n: Mapped[int] = mapped_column(default=0)
    pending: Mapped[str] = mapped_column(String(20), default="")
    pending_id: Mapped[UUID | None]
    agreement_id: Mapped[UUID | None]
    agreement_version: Mapped[int | None]
    agreement_digest: Mapped[str | None] = mapped_column(String(60))
    refused_code: Mapped[str] = mapped_column(String(40), default="")
    stopped: Mapped[str] = mapped_column(String(40), default="")
    state_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def agreement(self) -> AgreementRef | None:
        """The agreement version it was opened under, and finishes under."""
        if self.agreement_id is None or self.agreement_version is None or self.agreement_digest is None:
            return None
        return AgreementRef(self.agreement_id, self.agreement_version, self.agreement_digest)

    def under(self, agreement: AgreementRef) -> None:
        """Remember the agreement version it is opened under."""
        self.agreement_id, self.agreement_version = agreement.id, agreement.version
        self.agreement_digest = agreement.digest


@dataclass(frozen=True)
class Said:
    """A verb on its way through: who says it (`role`), with what. `at`: when it was said, aware UTC."""

    verb: str
    role: str
    body: Mapping[str, Any]
    values: Mapping[str, Any]
    withheld: frozenset[str]
    at: datetime
    message_id: UUID | None
    is_ours: bool


Effect = Callable[[Any, Said], None]


@dataclass
class Kind:
    """What a room says of its aggregate. Tables by verb:

    checks    guard at the decider, before anything moves; raises DomainError or WireError
    clears    what the anchor's verb destroys at the follower, where it was told of it; also where the follower has stopped
    effects   what the confirmed verb does to this county's rows (both sides, `aggregate.role` tells which)
    suggests  what a pending verb already does at the follower (provisional), undone by `dropped`
    dropped   called with the verb when a pending one was refused or overtaken
    answers   (aggregate, said) → (body, values) of the anchor's decision, where it differs from the proposal
    answered  called when the anchor's decision on a proposal is put down: what may only follow it
    refused   called when a decision of ours was refused (a share's delta), in place of stopping: code as argument
    ripe      the condition a verb of time waits for besides its timer
    """

    name: str
    machine: Machine[Any]
    model: type[PairAggregate]
    opens: Callable[[Envelope, admission.Admitted], PairAggregate]
    checks: dict[str, Effect] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    clears: dict[str, Callable[[Any], object]] = field(default_factory=dict)
    suggests: dict[str, Effect] = field(default_factory=dict)
    dropped: dict[str, Callable[[Any, str], None]] = field(default_factory=dict)
    answers: dict[str, Callable[[Any, Said], tuple[Mapping[str, Any], Mapping[str, Any]]]] = field(default_factory=dict)
    answered: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    refused: Callable[[Any, str, str], None] | None = None
    expires: dict[str, Callable[[Any], datetime]] = field(default_factory=dict)
    ripe: dict[str, Callable[[], ColumnElement[bool]]] = field(default_factory=dict)

    def other(self, role: str) -> str:
        """The role across the border."""
        return next(r for r in self.machine.roles if r != role)

    def get(self, id_: UUID, *, lock: bool = False) -> Any:
        """NotFound when it is absent or another county's."""
        found = self.find(id_, lock=lock)
        if found is None:
            raise NotFound()
        return found

    def find(self, id_: UUID, *, lock: bool = True) -> Any:
        """The aggregate, or None. Locked: read again, so that nothing older is decided on."""
        query = db.select(self.model).where(self.model.id == id_)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return db.session.scalars(query).first()


@dataclass(frozen=True)
class Moved:
    """Announced after every confirmed move, for notices and neighbours."""

    kind: str
    about_id: UUID
    verb: str
    state: str
    partner_uid: UUID
    is_ours: bool
