"""A channel that stopped runs again: what a second try can do no harm to, after both counties looked for the cause."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased

from web.core import clock, events, fence
from web.core.errors import WrongState
from web.core.queue import Job, defer
from web.extensions import db
from web.federation.post import keys, service
from web.federation.post.models import Channel, OutboxMessage, Peer, PeerState
from web.federation.post.relay import GIVE_UP

# Two contents signed for one place, or a chain that does not go on: what stands at the two sides differs, and sending more
# would build on it. No try mends that.
FOR_GOOD = frozenset({"fork", "id_reuse", "chain_mismatch", "digest_mismatch"})


def given_up() -> ColumnElement[bool]:
    """A message that thirty days of trying did not deliver."""
    return OutboxMessage.receipt.is_(None) & (OutboxMessage.created_at < clock.now() - GIVE_UP)


def has_given_up(peer_uid: UUID) -> bool:
    """Whether something waits that thirty days of trying did not deliver."""
    query = db.select(OutboxMessage.id).where(OutboxMessage.peer_uid == peer_uid, given_up())
    return bool(db.session.scalar(db.select(query.exists())))


def gave_up() -> ColumnElement[bool]:
    """Of a Peer that a query reads: something waits that thirty days of trying did not deliver."""
    query = db.select(OutboxMessage.id).where(
        OutboxMessage.tenant_id == Peer.tenant_id, OutboxMessage.peer_uid == Peer.uid, given_up()
    )
    return query.correlate(Peer).exists()


def stopped(*ways: str) -> ColumnElement[bool]:
    """Of a Peer that a query reads: one of these directions ("out", "in") stands until a person acts, or it gave up sending."""
    way = aliased(Channel)
    query = db.select(way.id).where(
        way.tenant_id == Peer.tenant_id, way.peer_uid == Peer.uid, way.direction.in_(ways), way.stopped != ""
    )
    return query.correlate(Peer).exists() | gave_up()


def stands_still(peer_uid: UUID, *ways: str) -> bool:
    """Whether what goes one of these ways goes no more by itself: until a person reopens the line, or compares the peer's new
    key. A word of ours and its receipt need "out"; what the peer decides on it comes "in".
    """
    query = db.select(Peer.id).where(Peer.uid == peer_uid, (Peer.state != PeerState.CONFIRMED) | stopped(*ways))
    return db.session.scalar(query) is not None


def reopen(peer_uid: UUID, reason: str) -> None:
    """Let both directions with this peer go on, and try at once, as the other side does too when it is told.

    WrongState `channel_runs` when nothing stopped, `channel_stopped_for_good` where a person may not either.
    """
    keys.peer(peer_uid)  # NotFound for a county we do not know
    query = db.select(Channel).where(Channel.peer_uid == peer_uid).order_by(Channel.direction).with_for_update()
    rows = list(db.session.scalars(query))
    stopped = [row for row in rows if row.stopped]
    if not stopped and not has_given_up(peer_uid):
        raise WrongState("channel_runs")
    if any(row.stopped in FOR_GOOD for row in stopped):
        raise WrongState("channel_stopped_for_good")
    for row in stopped:
        row.stopped = ""
    for row in stopped or rows[-1:]:
        events.record("channel.reopen", row, reason=reason)
    db.session.flush()
    service.wake(peer_uid)
    defer(Job.HELLO, fence.tenant(), peer_uid)
