"""One heartbeat a pair a day: the root digest of all live shares, which the receiver compares with the copies it holds.

The root is over commitments, which are salted: once a value is purged, the sealed digest tells nothing of it. The receipt
is the answer. One that refuses it as `copies_differ` has the owner send the values of every live share again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import structlog
from sqlalchemy import ColumnElement, case, false, func, literal, true

from web.core import clock, events
from web.extensions import db
from web.federation import admission
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage, StoredDisclosure
from web.federation.sharing import service
from web.federation.sharing.models import SharedValue, ShareState, StatusShare
from web.federation.wire.canonical import digest
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)

DIFFERS = "copies_differ"


def about(owner_uid: UUID, receiver_uid: UUID) -> UUID:
    """What all heartbeats of an owner to a receiver speak of, so that the last one is found."""
    return uuid5(owner_uid, str(receiver_uid))


def root(role: str, partner_uid: UUID) -> tuple[int, str]:
    """How many shares are live with the partner in which we have this role, and the digest over a line for each value held
    under them, with the commitment it was last disclosed by: one query.
    """
    said = (
        db.select(case((~StoredDisclosure.is_withheld, StoredDisclosure.commitment)))
        .outerjoin(
            OutboxMessage,
            (OutboxMessage.tenant_id == StoredDisclosure.tenant_id) & (OutboxMessage.id == StoredDisclosure.message_id),
        )
        .where(
            StoredDisclosure.tenant_id == SharedValue.tenant_id,
            StoredDisclosure.about_id == SharedValue.share_id,
            StoredDisclosure.pointer == literal("/").concat(SharedValue.field),
            OutboxMessage.result.is_distinct_from("refused"),
        )
        .order_by(StoredDisclosure.message_id.desc())
        .limit(1)
        .correlate(SharedValue)
        .scalar_subquery()
    )
    held = (SharedValue.tenant_id == StatusShare.tenant_id) & (SharedValue.share_id == StatusShare.id)
    query = db.select(StatusShare.id, StatusShare.n, SharedValue.field, said).outerjoin(SharedValue, held)
    live, lines = set(), set()
    for id_, n, field, commitment in db.session.execute(query.where(*_live(role, partner_uid))):
        live.add(id_)
        lines.add(f"{id_} {n}")
        if commitment is not None:
            lines.add(f"{id_} {n} {field} {commitment}")
    return len(live), digest("\n".join(sorted(lines)).encode())


def _live(role: str, *partners: UUID) -> tuple[object, ...]:
    return StatusShare.role == role, StatusShare.state == ShareState.LIVE, StatusShare.partner_uid.in_(partners)


def tell_all() -> int:
    """Say today's heartbeat to every partner with a live share of ours; returns how many. A timer's verb: two queries while
    all is said. None while all values of a share are still to be sent: they are known to differ.
    """
    own, now = counties.own().uid, clock.now()
    silent = {about(own, peer.uid): peer.uid for peer in keys.partners()}
    query = db.select(OutboxMessage.about_id, OutboxMessage.created_at).where(
        OutboxMessage.about_id.in_(silent), OutboxMessage.created_at > now - timedelta(days=1)
    )
    for about_id, at in db.session.execute(query):
        if clock.day(at) == clock.day(now):
            silent.pop(about_id, None)
    if not silent:
        return 0
    told = db.select(StatusShare.partner_uid).where(*_live("owner", *silent.values()))
    told = told.group_by(StatusShare.partner_uid).having(~func.bool_or(StatusShare.needs_snapshot))
    partners = list(db.session.scalars(told))
    for partner_uid in partners:
        live, digest_ = root("owner", partner_uid)
        post.send(partner_uid, "heartbeat.tell", about(own, partner_uid), {"live": live, "root": digest_})
    return len(partners)


def hear(envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]) -> None:
    """Compare what the sender shares with us with our copies of it. WireError `copies_differ`."""
    if envelope.about_id != about(envelope.sender, counties.own().uid):
        raise WireError("malformed", where="envelope/about")
    if (envelope.body["live"], envelope.body["root"]) != root("receiver", envelope.sender):
        raise WireError(DIFFERS)


def refused(message: OutboxMessage) -> None:
    """The partner holds something else than we do: all values of every live share go again. Once for a heartbeat, however
    often it is refused, and once for all that were said while the partner was away.
    """
    if message.code != DIFFERS:
        return
    went = db.select(OutboxMessage.id).where(
        OutboxMessage.tenant_id == StatusShare.tenant_id,
        OutboxMessage.about_id == StatusShare.id,
        OutboxMessage.type == "share.snapshot",
        OutboxMessage.id > message.id,
    )
    query = db.select(StatusShare).where(*_live("owner", message.peer_uid), ~went.correlate(StatusShare).exists())
    query = query.order_by(StatusShare.id).with_for_update()
    shares = list(db.session.scalars(query))
    for share in shares:
        share.needs_snapshot = True
        events.record("share.need_snapshot", share, reason=DIFFERS, peer=str(message.peer_uid))
        service.follow(share)
    if shares:
        log.error("copies.differ", peer=str(message.peer_uid), shares=len(shares))


post.HOOKS.hear["heartbeat"] = hear
post.HOOKS.refused["heartbeat"] = refused


@dataclass(frozen=True)
class Compared:
    """The last heartbeat of one direction: when it was said; `is_answered`: whether its receipt is here; `is_same`: whether the
    copies agreed, None where nobody said, as where it was refused for something else.
    """

    at: datetime
    is_answered: bool
    is_same: bool | None


def last(partner_uid: UUID) -> dict[str, Compared]:
    """Our role in the shares (owner, receiver) → their last heartbeat with this partner: one query."""
    own = counties.own().uid
    ours = db.select(true().label("is_ours"), OutboxMessage.created_at.label("at"), *_answer(OutboxMessage))
    theirs = db.select(false(), InboxMessage.at, *_answer(InboxMessage))
    ours = ours.where(OutboxMessage.about_id == about(own, partner_uid)).order_by(OutboxMessage.id.desc())
    theirs = theirs.where(InboxMessage.about_id == about(partner_uid, own)).order_by(InboxMessage.id.desc())
    both = ours.limit(1).subquery().select().union_all(theirs.limit(1).subquery().select())
    return {
        "owner" if is_ours else "receiver": Compared(at, is_answered, is_same)
        for is_ours, at, is_answered, is_same in db.session.execute(both)
    }


def _answer(of: type[OutboxMessage | InboxMessage]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    is_same = case((of.result == "applied", true()), (of.code == DIFFERS, false()))
    return of.result.is_not(None).label("is_answered"), is_same.label("is_same")
