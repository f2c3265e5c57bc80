"""The inbox: opens, admits, applies and signs in one transaction; a savepoint a message, one commit a batch.

The receipt is final, stored, and replayed byte for byte. An authentic envelope at the expected number always gets one,
also when it is refused; whatever consumed nothing is answered with a code and tried again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from structlog.contextvars import bound_contextvars

from web.core import clock, counters, events, fence, logs, queue, vault
from web.core.errors import DomainError
from web.core.events import Actor
from web.extensions import db
from web.federation import admission
from web.federation.messages import MESSAGES
from web.federation.post import keys, lines, service
from web.federation.post.lines import Line
from web.federation.post.models import Blob, Channel, InboxMessage, PostDue
from web.federation.post.transports import Answer, unpack_blob
from web.federation.wire import bundles, channels, receipts, seals
from web.federation.wire.canonical import digest
from web.federation.wire.codes import CODES, FINAL_CODES, Outcome, WireError
from web.federation.wire.envelope import Coordinates, Envelope, open_envelope

log = structlog.get_logger(__name__)


class StaleBase(WireError):
    """A proposal on an older decision; `n` is the last one here and goes into the receipt."""

    def __init__(self, n: int) -> None:
        super().__init__("stale_base", n=n)
        self.n = n


class _Refused(Exception):
    """Something in a batch was not simply applied: the batch is begun again, each message in a savepoint of its own."""


def receive(tenant_id: int, sender: UUID, batch: list[bundles.Bundle]) -> list[Answer]:
    """Answers in order, committed at this county; after one that consumed nothing, the rest is not tried.

    Most batches are simply applied: they are tried in the bare transaction first, without a savepoint a message. A commit
    that failed without saying whether it happened does no harm: the careful way finds what is stored.
    """
    try:
        return _receive(tenant_id, sender, batch, is_careful=False)
    except (_Refused, DataError, OverflowError, IntegrityError, OperationalError):
        return _receive(tenant_id, sender, batch, is_careful=True)


def _receive(tenant_id: int, sender: UUID, batch: list[bundles.Bundle], *, is_careful: bool) -> list[Answer]:
    with fence.acting_for(tenant_id) as work:
        line = lines.take(sender, "in", _LINE)
        with events.by(Actor(None, line.name, "peer")), bound_contextvars(county=tenant_id, peer=str(sender)):
            if line.stopped or line.is_halted:
                return [Answer(code="maintenance")]
            office = _Office(sender, line, is_careful=is_careful)
            answers = office.take(batch)
            db.session.flush()
        work.after_commit["took", sender] = office.tell
        fence.commit()
    return answers


_TAKEN = db.insert(InboxMessage.__table__)
# The line, and when we try next to send this peer something.
_LINE = lines.LINE.add_columns(
    db.select(PostDue.__table__.c.due_at)
    .where(PostDue.tenant_id == bindparam("tenant"), PostDue.peer_uid == bindparam("peer"))
    .scalar_subquery()
    .label("due_at")
)
# What waits longer than any failed try does waits for a person.
_TRIED_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was answered to an envelope, here or in an earlier batch."""

    digest: str
    receipt: str


class _Office:
    """Keys, head and earlier messages of one channel, read once for a batch, and written once after it."""

    def __init__(self, sender: UUID, line: Line, *, is_careful: bool) -> None:
        self.sender, self.line, self.is_careful = sender, line, is_careful
        self.own, self.pins, self.open_keys, self.seal_key = line.own, line.pins, line.open_keys, line.seal_key
        self.head = channels.Head(self.line.epoch, self.line.seq, self.line.head)
        self.by_id: dict[UUID, _Taken] = {}
        self.by_place: dict[tuple[int, int], _Taken] = {}
        self.taken: list[dict[str, Any]] = []
        self.tenant_id = fence.tenant()
        self.told: Counter[tuple[str, str, str]] = Counter()
        self.made: set[UUID] = set()  # openings whose key was made for this batch: nothing stood under their ids before

    def take(self, batch: list[bundles.Bundle]) -> list[Answer]:
        """Answers in order; after one that consumed nothing, the rest is not tried."""
        opened = [self._open(parcel) for parcel in batch]
        if self.is_careful:
            self._recall([found for found in map(_coordinates, opened) if found is not None])
        else:
            # Ids used before, of messages or of what they open, are refused by the primary key, and the batch begins again.
            sealed = [found for found in opened if isinstance(found, Envelope) and found.sd]
            new = {found.about_id for found in sealed if admission.is_opening(found)}
            self.made = vault.prepare({found.about_id for found in sealed} - new, new, is_sure=True)
        answers: list[Answer] = []
        for parcel, found in zip(batch, opened, strict=True):
            # What a message leads to here, answers too, stands under the number of the request it comes from.
            with bound_contextvars(request=parcel.trace or logs.request_id()):
                answers.append(self._one(parcel, found))
            if answers[-1].receipt is None:
                break
        if self.taken:
            service.store_kept()
            fence.later(_TAKEN, self.taken)
            self.line.last_sign_at = clock.now()
            self._wake()
        self.line.epoch, self.line.seq, self.line.head = self.head.epoch, self.head.seq, self.head.prev
        self.line.write()
        return answers

    def _wake(self) -> None:
        """The peer speaks, so it can be reached: what we failed to send it is tried now, once in five seconds."""
        due_at, now = self.line.more.due_at, clock.now()
        if due_at is None or not now < due_at < now + _TRIED_WITHIN:
            return
        if queue.is_first("woken", self.tenant_id, self.sender):
            service.due(self.sender, now)

    def tell(self) -> None:
        """A line for each request that messages of this batch came from: what was said, and how often."""
        for (request, type_, result), messages in self.told.items():
            log.info(
                "inbox.took",
                request=request,
                county=self.tenant_id,
                peer=str(self.sender),
                type=type_,
                result=result,
                messages=messages,
            )

    def _open(self, parcel: bundles.Bundle) -> Envelope | WireError:
        try:
            return open_envelope(parcel.envelope, self.pins, self.own, clock.now())
        except WireError as error:
            return error

    def _recall(self, places: list[Coordinates]) -> None:
        """What is stored already under the ids or numbers of this batch: one question."""
        if not places:
            return
        query = db.select(InboxMessage).where(
            InboxMessage.peer_uid == self.sender,
            InboxMessage.id.in_([p.id for p in places]) | InboxMessage.seq.in_([p.seq for p in places]),
        )
        for message in db.session.scalars(query):
            self._remember(message.id, message.epoch, message.seq, _Taken(message.digest, message.receipt))

    def _remember(self, id_: UUID, epoch: int, seq: int, taken: _Taken) -> None:
        self.by_id[id_] = self.by_place[epoch, seq] = taken

    def _one(self, parcel: bundles.Bundle, found: Envelope | WireError) -> Answer:
        """One message: replay, apply, refuse for good, or say why nothing was consumed."""
        if not self.is_careful:
            return self._simply(parcel, found)
        coordinates = _coordinates(found)
        if coordinates is None:
            assert isinstance(found, WireError)
            return self._nothing(found, parcel)
        try:
            known = self._place(coordinates)
        except WireError as misplaced:
            return self._nothing(misplaced, parcel)
        if known is not None:
            return known
        if isinstance(found, WireError):
            return self._finish(parcel, coordinates, "unknown.type", None, found)
        try:
            with fence.savepoint():
                self._apply(parcel, found)
        except WireError as error:
            if error.outcome is Outcome.FINAL:
                return self._finish(parcel, coordinates, found.type, found.about_id, error)
            return self._nothing(error, parcel)
        except DomainError as error:
            return self._finish(parcel, coordinates, found.type, found.about_id, _as_wire(error))
        except (DataError, OverflowError):
            # A number no column holds, a day beyond the calendar: well-formed on the wire, and nothing anybody can keep.
            return self._finish(parcel, coordinates, found.type, found.about_id, WireError("malformed"))
        except (OperationalError, IntegrityError):
            log.warning("inbox.busy", type=found.type)
            return Answer(code="busy")
        return self._finish(parcel, coordinates, found.type, found.about_id, None)

    def _simply(self, parcel: bundles.Bundle, found: Envelope | WireError) -> Answer:
        """The next message of the channel, applied; _Refused when it is anything else."""
        if isinstance(found, WireError):
            raise _Refused
        try:
            channels.place(self.head, found.coordinates, None, None)
            self._apply(parcel, found)
        except (WireError, DomainError) as error:
            raise _Refused from error
        return self._finish(parcel, found.coordinates, found.type, found.about_id, None)

    def _place(self, found: Coordinates) -> Answer | None:
        """The stored receipt of a duplicate; None for the next one; WireError for anything else."""
        by_id, by_place = self.by_id.get(found.id), self.by_place.get((found.epoch, found.seq))
        where = channels.place(self.head, found, by_id.digest if by_id else None, by_place.digest if by_place else None)
        if where is channels.Place.DUPLICATE:
            assert by_id is not None
            if seals.kid_of(by_id.receipt) in self.line.revoked_kids:
                return Answer(receipt=seals.again(by_id.receipt, self.seal_key))  # of its key nobody would believe it
            return Answer(receipt=by_id.receipt)
        return None

    def _apply(self, parcel: bundles.Bundle, envelope: Envelope) -> None:
        spec = admission.check_envelope(envelope)
        if admission.is_expired(envelope, clock.now()):
            raise WireError("expired", envelope.coordinates)
        if envelope.agreement is not None and admission.is_opening(envelope):
            HOOKS.catch_up(envelope, parcel.attached)
        if self._is_anothers(envelope):
            raise WireError("already_open")
        enclosed = bundles.open_enclosed(parcel.jwe, self.open_keys)
        if envelope.type == "agreement.decision":
            # Its values belong to the decisions attached, which the agreements room opens with the hub's pins.
            admitted = admission.Admitted({"": enclosed}, {})
        else:
            admitted = admission.admit(
                envelope, enclosed, lambda scope, name: HOOKS.is_granted(self.own, envelope, scope.value, name)
            )
            service.keep(
                envelope.id, envelope.about_id, spec, envelope.body, admitted.disclosures,
                is_new=admission.is_opening(envelope),
            )  # fmt: skip
        hear = HOOKS.hear.get(envelope.about_kind)
        if hear is None:
            raise WireError("version_unsupported", type=envelope.type)
        hear(envelope, admitted, parcel.attached)
        if self.is_careful:
            service.store_kept()
            db.session.flush()

    def _is_anothers(self, envelope: Envelope) -> bool:
        """Does it open something under the id of another thing here? One key would serve both, and the end of the one
        would destroy the other.
        """
        kind, about_id = envelope.about_kind, envelope.about_id
        if kind in HOOKS.lists:
            return vault.holds(about_id)
        if kind not in HOOKS.known or not admission.is_opening(envelope):
            return False
        if about_id in self.made:
            self.made.discard(about_id)  # the next one that claims it is not the first
            return False
        return vault.holds(about_id) and not HOOKS.known[kind](about_id)

    def _finish(
        self, parcel: bundles.Bundle, found: Coordinates, type_: str, about_id: UUID | None, error: WireError | None
    ) -> Answer:
        now = clock.now()
        n = error.n if isinstance(error, StaleBase) else None
        given = receipts.receipt(found, now, error.name if error else None, n)
        signed = receipts.sign_receipt(given, self.seal_key)
        self.taken.append(
            {
                "tenant_id": fence.tenant(), "id": found.id, "peer_uid": self.sender, "type": type_, "about_id": about_id,
                "epoch": found.epoch, "seq": found.seq, "digest": found.digest, "envelope": parcel.envelope,
                "attached": list(parcel.attached), "result": given.result.value, "code": given.code, "receipt": signed,
                "at": now,
            }
        )  # fmt: skip
        self._remember(found.id, found.epoch, found.seq, _Taken(found.digest, signed))
        self.told[logs.request_id(), type_, given.result.value] += 1
        self.head = self.head.after(found)
        if error is not None:
            log.warning("inbox.refused", type=type_, code=error.name, params=error.params)
            events.record(
                "message.refuse", self.line.row(), reason=error.name, peer=str(self.sender), details={"type": type_}
            )
            db.session.flush()
        return Answer(receipt=signed)

    def _nothing(self, error: WireError, parcel: bundles.Bundle) -> Answer:
        if error.outcome is Outcome.STOP:
            self.line.stopped = error.name
            # What was signed for a place that is taken is evidence, beside the one that took it.
            proof = {"envelope": parcel.envelope} if error.coordinates is not None else {}
            events.record("channel.stop", self.line.row(), reason=error.name, peer=str(self.sender), details=proof)
            counters.count("kiteline_post_stops_total", code=error.name)
            log.error("channel.stopped", code=error.name)
        return Answer(code=error.name, params={k: v for k, v in error.params.items() if isinstance(v, int | str)})


HOOKS = service.HOOKS


def _coordinates(found: Envelope | WireError) -> Coordinates | None:
    """Where an authentic envelope wants to stand; None when nothing can be consumed."""
    if isinstance(found, Envelope):
        return found.coordinates
    return found.coordinates if found.outcome is Outcome.FINAL else None


def _as_wire(error: DomainError) -> WireError:
    """A refusal of a room as a final code of the protocol."""
    code = error.code if error.code in FINAL_CODES else "illegal_transition"
    return WireError(code if code in CODES else "malformed")


def take_blob(sender: UUID, about_id: UUID, name: str, packed: str) -> bool:
    """Store a file an envelope announced; False if nobody announced it or its digest differs."""
    query = db.select(Blob).where(Blob.about_id == about_id, Blob.digest == name).with_for_update()
    row = db.session.scalars(query).first()
    if row is not None and row.content is not None:
        return True
    if row is None or row.announced_by != sender:
        return False
    content = unpack_blob(packed, keys.open_keys())
    if digest(content) != name:
        log.warning("blob.differs", about=str(about_id))
        return False
    row.content = content
    db.session.flush()
    with events.by(Actor(None, keys.peer(sender).name, "peer")):
        events.announce(service.BlobArrived(about_id, name))
    return True


def known_types() -> list[str]:
    """Message types this program understands."""
    return sorted(MESSAGES)


def head_of(sender: UUID) -> Any:
    """Epoch, seq and head of what this peer sent us, for comparing both copies."""
    return db.session.scalars(db.select(Channel).where(Channel.peer_uid == sender, Channel.direction == "in")).first()
