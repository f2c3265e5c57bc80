"""One heartbeat a pair a day: the root digest of all live shares, which the receiver compares with the copies it holds.

The receipt is the answer. One that refuses it as `copies_differ` has a worker of the owner ask which copies differ
(`buckets`): the values of those go again, and what only the receiver holds is ended there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, case, false, func, literal, true

from web.core import clock, events, fence
from web.core.queue import Job, defer
from web.extensions import db
from web.federation import admission, verbs
from web.federation.post import keys, transports
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.sharing import buckets, service
from web.federation.sharing.models import StatusShare
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)

DIFFERS = "copies_differ"
SURPLUS = 500
"""Shares one message names."""


def about(owner_uid: UUID, receiver_uid: UUID) -> UUID:
    """What all heartbeats of an owner to a receiver speak of, so that the last one is found."""
    return uuid5(owner_uid, str(receiver_uid))


_IS_DONE = events.happened("heartbeat.compare", OutboxMessage.id, OutboxMessage.created_at).label("is_done")


def tell_all() -> int:
    """Say today's heartbeat to every partner with a live share of ours; returns how many. A timer's verb: two queries while
    all is said. None while all values of a share are still to be sent: they are known to differ. Where today's was refused
    and nobody answered yet which copies differ, it is asked again.
    """
    own, now = counties.own().uid, clock.now()
    silent = {about(own, peer.uid): peer.uid for peer in keys.partners()}
    query = db.select(OutboxMessage.about_id, OutboxMessage.created_at, OutboxMessage.code, _IS_DONE).where(
        OutboxMessage.about_id.in_(silent), OutboxMessage.created_at > now - timedelta(days=1)
    )
    for about_id, at, code, is_done in db.session.execute(query):
        if clock.day(at) == clock.day(now):
            peer_uid = silent.pop(about_id, None)
            if peer_uid is not None and code == DIFFERS and not is_done:
                defer(Job.COMPARE, fence.tenant(), peer_uid)
    if not silent:
        return 0
    query = db.select(StatusShare.partner_uid).where(*buckets.live("owner", *silent.values()))
    query = query.group_by(StatusShare.partner_uid).having(~func.bool_or(StatusShare.needs_snapshot))
    partners = list(db.session.scalars(query))
    for partner_uid in partners:
        live, root = buckets.root("owner", partner_uid)
        post.send(partner_uid, "heartbeat.tell", about(own, partner_uid), {"live": live, "root": root})
    return len(partners)


def hear(envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]) -> None:
    """Compare what the sender shares with us with our copies of it, WireError `copies_differ`; or end what it has not."""
    if envelope.type == "heartbeat.surplus":
        _end(envelope.sender, [UUID(id_) for id_ in envelope.body["shares"]])
        return
    if envelope.about_id != about(envelope.sender, counties.own().uid):
        raise WireError("malformed", where="envelope/about")
    if (envelope.body["live"], envelope.body["root"]) != buckets.root("receiver", envelope.sender):
        raise WireError(DIFFERS)


def _end(sender: UUID, share_ids: list[UUID]) -> None:
    """The owner has no such share: what we hold under it is destroyed in the transaction that hears of it."""
    query = db.select(StatusShare).where(*buckets.live("receiver", sender), StatusShare.id.in_(share_ids))
    for share in db.session.scalars(query.order_by(StatusShare.id).with_for_update()):
        verbs.fail(service.KIND, share, "not_open")


def refused(message: OutboxMessage) -> None:
    """The partner holds something else than we do: a worker asks it what."""
    if message.code == DIFFERS:
        defer(Job.COMPARE, fence.tenant(), message.peer_uid)


def compare(tenant_id: int, peer_uid: UUID) -> None:
    """Ask which copies differ, and send the values of those again. Run by the worker, once for a heartbeat however often it is
    refused, and once for all that were said while the partner was away.
    """
    with fence.acting_for(tenant_id):
        if _refused(peer_uid) is None or counties.own().jobs_stopped_at is not None:
            return
        row, own = keys.peer(peer_uid), counties.own().uid
        address = transports.Address(row.uid, row.transport, row.address)
        _, ours = buckets.told("owner", peer_uid)
    answered = transports.digest(address, own, ours)
    if answered is None:
        log.warning("copies.not_answered", peer=str(peer_uid))
        return
    with fence.acting_for(tenant_id):
        message = _refused(peer_uid)
        if message is not None:
            _mend(message, buckets.read(answered))
        fence.commit()


def _refused(peer_uid: UUID) -> OutboxMessage | None:
    """The last heartbeat to this partner, locked, if it was refused and nobody answered yet which copies differ."""
    query = db.select(OutboxMessage, _IS_DONE).where(OutboxMessage.about_id == about(counties.own().uid, peer_uid))
    last = db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(1).with_for_update()).first()
    return last[0] if last is not None and last[0].code == DIFFERS and not last.is_done else None


def _mend(message: OutboxMessage, theirs: buckets.Held) -> None:
    """What differs goes again; what only the partner holds goes there. A share of which anything was said since the heartbeat
    is left to the next one: the answer may be older or newer than that word.
    """
    peer_uid, ours = message.peer_uid, buckets.copies("owner", message.peer_uid, theirs)
    differ = {id_ for at, held in theirs.items() for id_ in held | ours[at] if held.get(id_) != ours[at].get(id_)}
    since = OutboxMessage.id > message.id
    said = db.select(OutboxMessage.about_id).where(_one_of(OutboxMessage.about_id, differ), since)
    differ -= set(db.session.scalars(said))
    standing = service.ours(_one_of(StatusShare.id, differ))
    for share in standing:
        share.needs_snapshot = True
        # Ours to mend, and no word of theirs: the comparison names them once for all.
        events.record("share.need_snapshot", share, reason=DIFFERS)
        service.follow(share)
    surplus = sorted(map(str, differ - {share.id for share in standing}))
    for at in range(0, len(surplus), SURPLUS):
        post.send(peer_uid, "heartbeat.surplus", message.id, {"shares": surplus[at : at + SURPLUS]})
    found = {"again": len(standing), "surplus": len(surplus)}
    events.record("heartbeat.compare", message, peer=str(peer_uid), details=found)
    log.error("copies.differ", peer=str(peer_uid), **found)


def _one_of(column: Any, ids: set[UUID]) -> ColumnElement[bool]:
    """Of any number of ids, which are one parameter."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))


post.HOOKS.hear["heartbeat"] = hear
post.HOOKS.refused["heartbeat"] = refused


@dataclass(frozen=True)
class Compared:
    """The last heartbeat of one direction: when it was said; `is_answered`: whether its receipt is here; `is_same`: whether the
    copies agreed, None where nobody said, as where it was refused for something else; `is_found`: of ours, whether it is
    known which differ.
    """

    at: datetime
    is_answered: bool
    is_same: bool | None
    is_found: bool


def last(partner_uid: UUID) -> dict[str, Compared]:
    """Our role in the shares (owner, receiver) → their last heartbeat with this partner: one query."""
    own = counties.own().uid
    ours = db.select(true().label("is_ours"), OutboxMessage.created_at.label("at"), *_answer(OutboxMessage), _IS_DONE)
    theirs = db.select(false(), InboxMessage.at, *_answer(InboxMessage), false())
    ours = ours.where(OutboxMessage.about_id == about(own, partner_uid)).order_by(OutboxMessage.id.desc())
    theirs = theirs.where(InboxMessage.about_id == about(partner_uid, own)).order_by(InboxMessage.id.desc())
    both = ours.limit(1).subquery().select().union_all(theirs.limit(1).subquery().select())
    return {
        "owner" if is_ours else "receiver": Compared(at, is_answered, is_same, is_found)
        for is_ours, at, is_answered, is_same, is_found in db.session.execute(both)
    }


def _answer(of: type[OutboxMessage | InboxMessage]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    is_same = case((of.result == "applied", true()), (of.code == DIFFERS, false()))
    return of.result.is_not(None).label("is_answered"), is_same.label("is_same")
