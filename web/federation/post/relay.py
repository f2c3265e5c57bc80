"""The relay: the only place that seals and delivers. One drain of one peer at a time, held by a lease on the channel.

Three short units of work a batch: seal (lock the channel, number, seal, commit), send (no transaction of ours is open),
settle (check and store the receipts). A worker killed anywhere leaves rows from which the next drain goes on; what was
sent twice is answered with the first receipt.
"""

from __future__ import annotations

import random
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, ColumnElement, String, Uuid, all_, any_, bindparam, func, literal

from web.core import clock, counters, crypto, events, fence, vault
from web.core.ids import uuid7
from web.core.queue import AWAY, Job, defer
from web.extensions import db
from web.federation.messages import MESSAGES
from web.federation.post import lines, transports
from web.federation.post.keys import KeysClosed
from web.federation.post.lines import Line
from web.federation.post.models import OutboxMessage, PostDue, StoredDisclosure
from web.federation.post.service import HOOKS, Signed, blob, reopened
from web.federation.wire import bundles, canonical, envelope, receipts, seals
from web.federation.wire.codes import Outcome, WireError
from web.federation.wire.documents import AgreementSeal, Decision
from web.federation.wire.envelope import AgreementRef, Envelope
from web.federation.wire.keys import PublicKey

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
BATCH = bundles.MAX_MESSAGES
# At once, then these; hourly after that, for 30 days (FED/1 §5).
WAITS = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800)]
GIVE_UP = timedelta(days=30)
# One side does not know a key of the other: both tell each other their descriptors, and the envelope goes again.
KEY_CODES = frozenset({"unknown_key", "key_revoked"})


def drain(tenant_id: int, peer_uid: UUID) -> int:
    """Send everything that waits for this peer; returns how many messages came to rest.

    Where one cannot be sealed, they go one by one: those before it leave, and at it the line stops, as nothing may go past
    it and a person has to look.
    """
    lease, settled, most = uuid7(), 0, BATCH
    while True:
        try:
            with fence.acting_for(tenant_id):
                parcel = _seal(peer_uid, lease, most)
                fence.commit()
        except (*AWAY, KeysClosed, crypto.Undecryptable):
            # It is not the message's, or cannot be told from a worker with the wrong key: the next drain tries the same again.
            raise
        except Exception:
            if most == 1:
                _stop_unsealed(tenant_id, peer_uid)
                raise
            most = 1
            continue
        if parcel is None:
            return settled
        if parcel.ids:
            answers = transports.deliver(parcel.peer, parcel.sender, parcel.bundles)
            with fence.acting_for(tenant_id):
                done, go_on = _settle(peer_uid, parcel, answers)
                fence.commit()
            settled += done
            if not go_on:
                return settled
        else:
            _send_blobs(tenant_id, peer_uid)


@dataclass
class Parcel:
    """One batch between its sealing and its receipts; without messages: files alone are due."""

    sender: UUID
    peer: transports.Address
    places: dict[UUID, tuple[UUID, int, int, str]] = field(default_factory=dict)
    bundles: list[bundles.Bundle] = field(default_factory=list)

    @property
    def ids(self) -> list[UUID]:
        """Of its messages, in order."""
        return list(self.places)


_OUT, _VALUES, _KEYS = OutboxMessage.__table__, StoredDisclosure.__table__, vault.RecordKey.__table__
# One text however many there are: it is prepared once.
_IDS = ARRAY(Uuid())
_AT_REST = {"blobs", "has_blobs_due", "prev", "sealed_at", "attempts", "result", "code", "receipt", "receipted_at"}
_BULK = literal([type_ for type_, spec in MESSAGES.items() if spec.is_bulk], ARRAY(String))
# Of each message its values, as lists in one, and the key they are under; only of those within the limit. (What they are about
# is said as well: of a table it has no figures of yet PostgreSQL may take either index, and keep to it while the table grows.)
_SHOWN = ("id", "pointer", "scope", "commitment", "is_withheld")
_DISCLOSED = db.select(
    func.jsonb_agg(func.jsonb_build_array(*(_VALUES.c[n] for n in _SHOWN), func.encode(_VALUES.c.wrapped, "base64")))
).where(
    _VALUES.c.tenant_id == _OUT.c.tenant_id, _VALUES.c.message_id == _OUT.c.id, _VALUES.c.about_id == _OUT.c.about_id
)
_KEY = db.select(_KEYS.c.wrapped).where(_KEYS.c.tenant_id == _OUT.c.tenant_id, _KEYS.c.id == _OUT.c.about_id)
_WAITING = (
    db.select(*(column for column in _OUT.c if column.name not in _AT_REST))
    .add_columns(_DISCLOSED.scalar_subquery().label("disclosed"), _KEY.scalar_subquery().label("key"))
    .where(_OUT.c.tenant_id == bindparam("tenant"), _OUT.c.peer_uid == bindparam("peer"), _OUT.c.receipt.is_(None))
    # Numbers are given in this order, so what a person waits for is not behind what a program tells.
    .order_by(_OUT.c.seq.nulls_last(), _OUT.c.type == any_(_BULK), _OUT.c.id)
    .limit(BATCH)
)
_ROW = (_OUT.c.tenant_id == bindparam("tenant"), _OUT.c.id == bindparam("message"))
_SEALED = db.update(_OUT).where(*_ROW).values(
    {name: bindparam(f"new_{name}") for name in ("epoch", "seq", "prev", "digest", "envelope", "sealed_at", "attached")}
)  # fmt: skip
_AGAIN = db.update(_OUT).where(*_ROW).values(attached=bindparam("new_attached"), envelope=bindparam("new_envelope"))
_SETTLED = db.update(_OUT).where(*_ROW, _OUT.c.receipt.is_(None)).values(
    attempts=_OUT.c.attempts + 1, result="applied", receipt=bindparam("new_receipt"), receipted_at=bindparam("now")
)  # fmt: skip


def _seal(peer_uid: UUID, lease: UUID, most: int) -> Parcel | None:
    line = lines.take(peer_uid, "out", _LINE, parcel=[])
    now, own = clock.now(), {"tenant": fence.tenant()}
    if line.leased_until is not None and line.leased_until > now and line.lease != lease:
        return None
    waiting = list(fence.execute(_WAITING, own | {"peer": peer_uid}))
    if line.stopped or line.is_halted or not line.is_confirmed or (not waiting and _rests(line)):
        line.leased_until = line.lease = None
        line.write()
        return None
    parcel = Parcel(line.own, line.address)
    size, sealed = 0, []
    for message in _in_order(waiting)[:most]:
        vault.have(message.about_id, message.key)
        rows = [_Shown(message.about_id, *row) for row in message.disclosed or ()]
        place, token = (message.epoch, message.seq, message.digest), message.envelope
        attached = _sign_attached(line, message)
        if token is None:
            new = _seal_one(line, message, rows) | {"new_attached": attached}
            place, token = (new["new_epoch"], new["new_seq"], new["new_digest"]), new["new_envelope"]
            sealed.append(new)
        else:
            token = _resealed(line, token)
            if (token, attached) != (message.envelope, message.attached):
                fence.later(_AGAIN, own | {"message": message.id, "new_attached": attached, "new_envelope": token})
        packed = _bundle(token, attached, rows, line.their_key, message.trace)
        if parcel.bundles and size + packed.size > bundles.MAX_BYTES - 64:
            break
        size += packed.size
        parcel.places[message.id] = (line.own, *place)
        parcel.bundles.append(packed)
    if sealed:
        fence.later(_SEALED, sealed)
    line.leased_until, line.lease = now + LEASE, lease
    line.write()
    return parcel


def _stop_unsealed(tenant_id: int, peer_uid: UUID) -> None:
    """The first of what waits cannot be sealed: it stays where it is, and all after it."""
    with fence.acting_for(tenant_id):
        line = lines.take(peer_uid, "out")
        waiting = _in_order(list(fence.execute(_WAITING, {"tenant": tenant_id, "peer": peer_uid})))
        if waiting and not line.stopped:
            _stop(line, "unsealed", message=str(waiting[0].id), type=waiting[0].type)
            line.write()
            fence.commit()


def _in_order(waiting: list[Any]) -> list[Any]:
    """Sealed ones by seq; new ones as they were asked for, but those of one aggregate by n among themselves."""
    fresh = [m for m in waiting if m.seq is None]
    by_about: dict[UUID, list[Any]] = {}
    for message in fresh:
        by_about.setdefault(message.about_id, []).append(message)
    for group in by_about.values():
        group.sort(key=lambda m: (m.n or 0, m.id), reverse=True)
    return [m for m in waiting if m.seq is not None] + [by_about[m.about_id].pop() for m in fresh]


@dataclass(slots=True)
class _Shown:
    """A value of a message, as stored: see StoredDisclosure."""

    about_id: UUID
    id: str
    pointer: str
    scope: str
    commitment: str
    is_withheld: bool
    packed: str | None  # `wrapped`, base64

    @property
    def wrapped(self) -> bytes | None:
        return None if self.packed is None else b64decode(self.packed)


def _seal_one(line: Line, message: Any, rows: list[_Shown]) -> dict[str, Any]:
    """Seal one message as the next of its channel; returns what its row becomes. `rows`: its values, as stored."""
    for row in rows:
        # Consent or grant gone since the verb committed: the value is withheld, the verb still travels.
        if row.scope and not HOOKS.may_cross(message, row.scope, row.pointer):
            db.session.get_one(StoredDisclosure, (message.tenant_id, UUID(row.id))).is_withheld = row.is_withheld = True
    line.seq += 1
    sealed = Envelope(
        id=message.id,
        type=message.type,
        sender=line.own,
        receiver=message.peer_uid,
        epoch=line.epoch,
        seq=line.seq,
        prev=line.head,
        about=f"{message.type.partition('.')[0]}/{message.about_id}",
        n=message.n,
        base=message.base,
        cause=message.cause,
        at=message.created_at,
        expires=message.expires_at,
        body=message.body,
        sd=tuple(message.sd),
        agreement=AgreementRef(message.agreement_id, message.agreement_version, message.agreement_digest)
        if message.agreement_id and message.agreement_version and message.agreement_digest
        else None,
    )
    line.head = sealed.digest
    new: dict[str, Any] = {"epoch": line.epoch, "seq": line.seq, "prev": sealed.prev, "digest": sealed.digest}
    new |= {"envelope": envelope.seal(sealed, line.seal_key), "sealed_at": clock.now()}
    return {"tenant": message.tenant_id, "message": message.id, **{f"new_{name}": value for name, value in new.items()}}


def _resealed(line: Line, token: str) -> str:
    """What was signed before our key changed, signed with the key of now: id, digest and chain are the payload's."""
    if seals.kid_of(token) not in line.old_pins.keys:
        return token
    try:
        seals.verify(token, seals.typ_of(token), line.old_pins)
    except WireError:
        return token  # another county's, of a key with the same name
    return seals.again(token, line.seal_key)


def _sign_attached(line: Line, message: Any) -> list[dict[str, Any]]:
    """What goes with it, signed where it was put down unsigned: before the first sending, and what a `behind` added."""
    signed = []
    for item in message.attached:
        if "jws" in item:
            item = {**item, "jws": _resealed(line, item["jws"])}
        else:
            jws = _sign(item["typ"], item["payload"], line.seal_key)
            events.announce(Signed(message.id, item["typ"], item["payload"], jws))
            item = {**item, "jws": jws}
        signed.append(item)
    return signed


def _sign(typ: str, payload: dict[str, Any], key: Any) -> str:
    """The JWS of a decision or an agreement seal that a page put down as plain payload."""
    schema = {seals.DECISION: Decision, seals.SEAL: AgreementSeal}
    if typ not in schema:
        raise ValueError(f"the relay signs no {typ}")
    return seals.sign(canonical.canonical(payload), typ, key)


def _bundle(
    token: str, attached: list[dict[str, Any]], rows: list[_Shown], theirs: PublicKey, trace: str | None
) -> bundles.Bundle:
    shown, hidden = [], []
    for row in rows:
        opened = None if row.is_withheld else reopened(row)
        if opened is None:
            hidden.append((row.pointer, row.commitment))
        else:
            shown.append(opened)
    return bundles.bundle(token, theirs, shown, hidden, [a["jws"] for a in attached], trace)


def _settle(peer_uid: UUID, parcel: Parcel, answers: list[transports.Answer]) -> tuple[int, bool]:
    """Store the receipts; (how many came to rest, whether to go on at once)."""
    line = lines.take(peer_uid, "out", _LINE, parcel=parcel.ids)
    now, applied, done = clock.now(), [], 0
    go_on: bool | None = None
    for message_id, answer in zip(parcel.ids, answers, strict=False):
        if answer.receipt is None:
            go_on = _later(line, _row(message_id), answer)
            break
        try:
            found = receipts.open_receipt(answer.receipt, line.pins)
        except WireError as error:
            # A receipt of a key that is not pinned yet: it comes again, the same, once the peer's descriptor is here.
            if error.outcome is Outcome.RETRY:
                go_on = _later(line, _row(message_id), transports.Answer(code=error.name))
            else:
                go_on = _stop(line, error.name)
            break
        if (found.sender, found.epoch, found.seq, found.digest) != parcel.places[message_id]:
            go_on = _stop(line, "digest_mismatch")
            break
        done += 1
        line.last_sign_at, line.held = now, ""
        if found.result is receipts.Result.APPLIED:
            own = {"tenant": fence.tenant(), "message": message_id}
            applied.append(own | {"new_receipt": answer.receipt, "now": now})
        else:
            _refused(_row(message_id), answer.receipt, found.code)
    db.session.flush()
    if go_on is None:
        go_on = _retry(line, timedelta(0)) if len(answers) < len(parcel.ids) else not _rests(line)
    if applied:
        fence.later(_SETTLED, applied)
    line.write()
    return done, go_on


def _row(message_id: UUID) -> OutboxMessage:
    """A message that did not just go through: its attempts are counted on the row."""
    message = db.session.get_one(OutboxMessage, (fence.tenant(), message_id))
    message.attempts += 1
    return message


def _refused(message: OutboxMessage, receipt: str, code: str | None) -> None:
    """Refused for good: its room says so, and undoes what it did. (What was applied comes back as a decision.)"""
    if message.receipt is None:
        message.receipt, message.receipted_at = receipt, clock.now()
        message.result, message.code = receipts.Result.REFUSED.value, code
        HOOKS.refused.get(message.type.partition(".")[0], _nobody)(message)


_IS_OURS = (_OUT.c.tenant_id == bindparam("tenant")) & (_OUT.c.peer_uid == bindparam("peer"))
_IS_HERE = (PostDue.tenant_id == bindparam("tenant")) & (PostDue.peer_uid == bindparam("peer"))
_IS_OPEN = _OUT.c.receipt.is_(None) & (_OUT.c.id != all_(bindparam("parcel", type_=_IDS)))
# The line, and whether anything but a parcel waits for this peer.
_LINE = lines.LINE.add_columns(
    db.select(_OUT.c.id).where(_IS_OURS, _IS_OPEN | _OUT.c.has_blobs_due).exists().label("is_waiting"),
    db.select(PostDue.__table__.c.due_at).where(_IS_HERE).scalar_subquery().label("due_at"),
)
_DONE = db.delete(PostDue.__table__).where(_IS_HERE, PostDue.__table__.c.due_at == bindparam("seen"))


def _rests(line: Line) -> bool:
    """Whether nothing but the parcel waits for this peer, neither message nor file; then nothing stands as due, and the
    lease is free.

    Both are asked in one statement, with the line, so in one snapshot: a message committed after it has also moved
    `due_at`, and what it put down stays.
    """
    if line.more.is_waiting:
        return False
    if line.more.due_at is not None:
        here = {"tenant": fence.tenant(), "peer": line.peer_uid}
        fence.later(_DONE, here | {"seen": line.more.due_at})
    line.leased_until = line.lease = None
    return True


def _nobody(message: OutboxMessage) -> None:
    """A kind nobody waits for."""


def _later(line: Line, message: OutboxMessage, answer: transports.Answer) -> bool:
    code = answer.code or "busy"
    if WireError(code).outcome is Outcome.STOP:
        return _stop(line, code)
    line.held = code
    if code in KEY_CODES:
        defer(Job.HELLO, fence.tenant(), line.peer_uid)
    if code == "behind" and HOOKS.lacking(message, int(answer.params.get("n", 1))):
        return True  # the same envelope again, at once, with the decisions it lacks
    if code == "sequence_gap":
        # The peer misses earlier ones: everything from its expected number on goes again, receipts and all.
        expected = int(answer.params.get("expected", 0))
        again = db.select(OutboxMessage).where(
            OutboxMessage.peer_uid == line.peer_uid, OutboxMessage.seq >= expected, OutboxMessage.receipt.is_not(None)
        )
        for row in db.session.scalars(again):
            row.receipt = None
    waited = clock.now() - message.created_at
    wait = WAITS[min(message.attempts, len(WAITS)) - 1] if message.attempts <= len(WAITS) else timedelta(hours=1)
    if waited > GIVE_UP:
        wait = timedelta(days=3650)  # waits, visible, for a person
    return _retry(line, wait * random.uniform(0.8, 1.2))


def _retry(line: Line, wait: timedelta) -> bool:
    line.leased_until = line.lease = None
    row = db.session.get(PostDue, (fence.tenant(), line.peer_uid))
    if row is not None:
        row.due_at = clock.now() + wait
    db.session.flush()
    return False


def _stop(line: Line, code: str, **about: str) -> bool:
    """The channel stops and an alarm rings: persons of both sides must look. `about`: the message it stops at, where known."""
    line.stopped, line.leased_until, line.lease = code, None, None
    _nothing_due((PostDue.tenant_id == fence.tenant()) & (PostDue.peer_uid == line.peer_uid))
    events.record("channel.stop", line.row(), reason=code, details=about, peer=str(line.peer_uid))
    counters.count("kiteline_post_stops_total", code=code)
    log.error("channel.stopped", code=code, peer=str(line.peer_uid), **about)
    db.session.flush()
    return False


def _nothing_due(where: ColumnElement[bool]) -> None:
    db.session.execute(db.delete(PostDue).where(where).execution_options(synchronize_session=False))


def _with_blobs(peer_uid: UUID) -> list[OutboxMessage]:
    query = db.select(OutboxMessage).where(
        OutboxMessage.peer_uid == peer_uid, OutboxMessage.has_blobs_due, OutboxMessage.receipt.is_not(None)
    )
    return list(db.session.scalars(query.order_by(OutboxMessage.seq)))


def _send_blobs(tenant_id: int, peer_uid: UUID) -> None:
    """Files named by envelopes that have their receipt, each encrypted to the receiver and given until it is taken."""
    with fence.acting_for(tenant_id):
        due = [(m.id, m.about_id, list(m.blobs), m.result) for m in _with_blobs(peer_uid)]
        if not due:
            return
        line = lines.take(peer_uid, "out")
        address, sender, theirs = line.address, line.own, line.their_key
    for message_id, about_id, names, result in due:
        for name in names if result == "applied" else []:
            with fence.acting_for(tenant_id):
                content = blob(about_id, name)
            if content is not None and not transports.put_blob(
                address, sender, about_id, name, transports.pack_blob(content, theirs)
            ):
                log.warning("blob.not_taken", about=str(about_id), name=name)
        with fence.acting_for(tenant_id):
            row = db.session.get(OutboxMessage, (tenant_id, message_id))
            assert row is not None
            row.has_blobs_due = False
            fence.commit()
