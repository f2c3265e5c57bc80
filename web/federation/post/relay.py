"""The relay: the only place that seals and delivers. One drain of one peer at a time, held by a lease on the channel.

Three short units of work a batch: seal (lock the channel, number, seal, commit), send (no transaction of ours is open),
settle (check and store the receipts). A worker killed anywhere leaves rows from which the next drain goes on; what was
sent twice is answered with the first receipt.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement

from web.core import clock, events, fence, vault
from web.core.ids import uuid7
from web.extensions import db
from web.federation.post import keys, transports
from web.federation.post.models import Channel, OutboxMessage, Peer, PeerState, PostDue, StoredDisclosure
from web.federation.post.service import HOOKS, Signed, blob, reopened
from web.federation.wire import bundles, canonical, envelope, receipts, seals
from web.federation.wire.codes import Outcome, WireError
from web.federation.wire.documents import AgreementSeal, Decision
from web.federation.wire.envelope import AgreementRef, Envelope
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
BATCH = bundles.MAX_MESSAGES
# At once, then these; hourly after that, for 30 days (FEDERATION §4).
WAITS = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800)]
GIVE_UP = timedelta(days=30)


def drain(tenant_id: int, peer_uid: UUID) -> int:
    """Send everything that waits for this peer; returns how many messages came to rest."""
    lease, settled = uuid7(), 0
    while True:
        with fence.acting_for(tenant_id):
            parcel = _seal(peer_uid, lease)
            fence.commit()
        if parcel is None:
            return settled
        if parcel.ids:
            answers = transports.deliver(parcel.peer, parcel.sender, parcel.bundles)
            with fence.acting_for(tenant_id):
                done, go_on = _settle(peer_uid, lease, parcel, answers)
                fence.commit()
            settled += done
            if not go_on:
                return settled
        else:
            _send_blobs(tenant_id, peer_uid)


class Parcel:
    """One batch between its sealing and its receipts; without messages: files alone are due."""

    def __init__(self, sender: UUID, peer: transports.Address) -> None:
        self.sender, self.peer = sender, peer
        self.ids: list[UUID] = []
        self.bundles: list[bundles.Bundle] = []


def channel(peer_uid: UUID, direction: str) -> Channel:
    """The channel's row, locked; made on first use."""
    query = db.select(Channel).where(Channel.peer_uid == peer_uid, Channel.direction == direction).with_for_update()
    row = db.session.scalars(query).first()
    if row is None:
        row = Channel(peer_uid=peer_uid, direction=direction, epoch=1, seq=0, stopped="")
        db.session.add(row)
        db.session.flush()
    return row


def _seal(peer_uid: UUID, lease: UUID) -> Parcel | None:
    line = channel(peer_uid, "out")
    peer = db.session.scalars(db.select(Peer).where(Peer.uid == peer_uid)).first()
    now = clock.now()
    if line.leased_until is not None and line.leased_until > now and line.lease != lease:
        return None
    open_ = db.select(OutboxMessage).where(OutboxMessage.peer_uid == peer_uid, OutboxMessage.receipt.is_(None))
    waiting = list(db.session.scalars(open_.order_by(OutboxMessage.seq.nulls_last(), OutboxMessage.id).limit(BATCH)))
    if line.stopped or peer is None or peer.state is not PeerState.CONFIRMED or (not waiting and _rests(line)):
        line.leased_until = line.lease = None
        return None
    parcel = Parcel(counties.own().uid, transports.Address(peer.uid, peer.transport, peer.address))
    disclosed: dict[UUID, list[StoredDisclosure]] = {}
    ids = [m.id for m in waiting]
    for row in db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.message_id.in_(ids))):
        disclosed.setdefault(row.message_id, []).append(row)
    vault.prepare(row.about_id for rows in disclosed.values() for row in rows)
    key, theirs = keys.private("sig")[0], keys.decryption_key(peer_uid)
    size = 0
    for message in _in_order(waiting):
        rows = disclosed.get(message.id, [])
        if message.envelope is None:
            _seal_one(line, message, rows, parcel.sender, key)
        _sign_attached(message, key)
        packed = _bundle(message, rows, theirs)
        if parcel.bundles and size + packed.size > bundles.MAX_BYTES - 64:
            break
        size += packed.size
        parcel.ids.append(message.id)
        parcel.bundles.append(packed)
    line.leased_until, line.lease = now + LEASE, lease
    return parcel


def _in_order(waiting: list[OutboxMessage]) -> list[OutboxMessage]:
    """Sealed ones by seq; new ones by id, but those of one aggregate by n among themselves."""
    fresh = [m for m in waiting if m.seq is None]
    by_about: dict[UUID, list[OutboxMessage]] = {}
    for message in fresh:
        by_about.setdefault(message.about_id, []).append(message)
    for group in by_about.values():
        group.sort(key=lambda m: (m.n or 0, m.id), reverse=True)
    return [m for m in waiting if m.seq is not None] + [by_about[m.about_id].pop() for m in fresh]


def _seal_one(line: Channel, message: OutboxMessage, rows: list[StoredDisclosure], sender: UUID, key: Any) -> None:
    for row in rows:
        # Consent or grant gone since the verb committed: the value is withheld, the verb still travels.
        if row.scope and not HOOKS.may_cross(message, row.scope, row.pointer):
            row.is_withheld = True
    line.seq += 1
    sealed = Envelope(
        id=message.id,
        type=message.type,
        sender=sender,
        receiver=message.peer_uid,
        epoch=line.epoch,
        seq=line.seq,
        prev=line.head,
        about=f"{message.type.partition('.')[0]}/{message.about_id}",
        at=message.created_at,
        body=message.body,
        sd=tuple(message.sd),
        n=message.n,
        base=message.base,
        cause=message.cause,
        expires=message.expires_at,
        agreement=AgreementRef(message.agreement_id, message.agreement_version, message.agreement_digest)
        if message.agreement_id and message.agreement_version and message.agreement_digest
        else None,
    )
    message.envelope, message.digest = envelope.seal(sealed, key), sealed.digest
    message.epoch, message.seq, message.prev = line.epoch, line.seq, line.head
    message.sealed_at = clock.now()
    line.head = sealed.digest


def _sign_attached(message: OutboxMessage, key: Any) -> None:
    """Sign what was put down unsigned: before the first sending, and what a `behind` added since."""
    if all("jws" in item for item in message.attached):
        return
    signed = []
    for item in message.attached:
        if "jws" not in item:
            jws = _sign(item["typ"], item["payload"], key)
            events.announce(Signed(message.id, item["typ"], item["payload"], jws))
            item = {**item, "jws": jws}
        signed.append(item)
    message.attached = signed


def _sign(typ: str, payload: dict[str, Any], key: Any) -> str:
    """The JWS of a decision or an agreement seal that a page put down as plain payload."""
    schema = {seals.DECISION: Decision, seals.SEAL: AgreementSeal}
    if typ not in schema:
        raise ValueError(f"the relay signs no {typ}")
    return seals.sign(canonical.canonical(payload), typ, key)


def _bundle(message: OutboxMessage, rows: list[StoredDisclosure], theirs: Any) -> bundles.Bundle:
    shown, hidden = [], []
    for row in rows:
        opened = None if row.is_withheld else reopened(row)
        if opened is None:
            hidden.append((row.pointer, row.commitment))
        else:
            shown.append(opened)
    assert message.envelope is not None
    return bundles.bundle(message.envelope, theirs, shown, hidden, [a["jws"] for a in message.attached])


def _settle(peer_uid: UUID, lease: UUID, parcel: Parcel, answers: list[transports.Answer]) -> tuple[int, bool]:
    """Store the receipts; (how many came to rest, whether to go on at once)."""
    line = channel(peer_uid, "out")
    pins, now, done = keys.pins(peer_uid), clock.now(), 0
    rows = {m.id: m for m in db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.id.in_(parcel.ids)))}
    for message_id, answer in zip(parcel.ids, answers, strict=False):
        message = rows[message_id]
        message.attempts += 1
        if answer.receipt is None:
            return done, _later(line, message, answer)
        if message.receipt is not None:
            continue
        try:
            found = receipts.open_receipt(answer.receipt, pins)
        except WireError as error:
            return done, _stop(line, error.name)
        place = (found.sender, found.epoch, found.seq, found.digest)
        if place != (parcel.sender, message.epoch, message.seq, message.digest):
            return done, _stop(line, "digest_mismatch")
        message.receipt, message.receipted_at = answer.receipt, now
        message.result, message.code = found.result.value, found.code
        line.last_sign_at = now
        done += 1
        HOOKS.settled.get(message.type.partition(".")[0], _nobody)(message)
    db.session.flush()
    if len(answers) < len(parcel.ids):
        return done, _retry(line, timedelta(0))
    return done, not _rests(line)


def _rests(line: Channel) -> bool:
    """Whether nothing waits for this peer, neither message nor file; then nothing stands as due, and the lease is free.

    Both are asked in one statement, so in one snapshot: a message committed after it has also moved `due_at`, and what
    it put down stays.
    """
    ours = (OutboxMessage.tenant_id == fence.tenant()) & (OutboxMessage.peer_uid == line.peer_uid)
    waits = db.select(OutboxMessage.id).where(ours, OutboxMessage.receipt.is_(None) | OutboxMessage.has_blobs_due)
    here = (PostDue.tenant_id == fence.tenant()) & (PostDue.peer_uid == line.peer_uid)
    seen = db.select(PostDue.due_at).where(here).scalar_subquery()
    is_waiting, due_at = db.session.execute(db.select(waits.exists(), seen)).one()
    if is_waiting:
        return False
    if due_at is not None:
        _nothing_due(here & (PostDue.due_at == due_at))
    line.leased_until = line.lease = None
    return True


def _nobody(message: OutboxMessage) -> None:
    """A kind nobody waits for."""


def _later(line: Channel, message: OutboxMessage, answer: transports.Answer) -> bool:
    code = answer.code or "busy"
    if WireError(code).outcome is Outcome.STOP:
        return _stop(line, code)
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


def _retry(line: Channel, wait: timedelta) -> bool:
    line.leased_until = line.lease = None
    row = db.session.get(PostDue, (fence.tenant(), line.peer_uid))
    if row is not None:
        row.due_at = clock.now() + wait
    db.session.flush()
    return False


def _stop(line: Channel, code: str) -> bool:
    """The channel stops and an alarm rings: persons of both sides must look."""
    line.stopped, line.leased_until, line.lease = code, None, None
    _nothing_due((PostDue.tenant_id == fence.tenant()) & (PostDue.peer_uid == line.peer_uid))
    events.record("channel.stop", line, reason=code, peer=str(line.peer_uid))
    log.error("channel.stopped", code=code, peer=str(line.peer_uid))
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
        peer = keys.peer(peer_uid)
        address, sender = transports.Address(peer.uid, peer.transport, peer.address), counties.own().uid
        theirs = keys.decryption_key(peer_uid)
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
