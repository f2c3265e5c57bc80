"""Our keys change: a person asks on a page, a worker makes the successors, partners hear of it.

Turned (更换), the old seal key signs a descriptor that names the new one: whoever pinned the old one pins the new one by
itself. Revoked (吊销), nobody vouches for the new one: at every partner a person compares its fingerprint. Either way what
waits is signed again when it is sent; its digest is over the payload, so id, place and chain stay.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement

from web.core import clock, fence
from web.core.errors import WrongState
from web.core.queue import Job, defer
from web.extensions import db
from web.federation.post import hello, keys
from web.federation.post.models import KEY, CountyDescriptor, CountyKey, KeyState, Peer, PeerState
from web.tenants.counties import service as counties

# Partners that missed more turnings than these vouchers tell of compare fingerprints again.
MOST_VOUCHERS = 7
NEWS = timedelta(minutes=10)


def every() -> list[CountyKey]:
    """Our keys, newest first."""
    return list(db.session.scalars(db.select(CountyKey).order_by(CountyKey.id.desc())))


def ask(verb: str, reason: str = "") -> None:
    """A person asks that the keys of now are turned (`ask_turn`) or revoked (`ask_revoke`); the worker does it."""
    rows = _locked(keys.IS_OURS)
    if not rows:
        raise WrongState("no_own_key")
    for row in rows:
        KEY.apply(row, verb, reason=reason)
    db.session.flush()
    defer(Job.CHANGE_KEYS, fence.tenant())


def change(tenant_id: int) -> None:
    """Do what was asked, then tell every partner. Run by the worker; nothing asked is nothing done."""
    with fence.acting_for(tenant_id):
        is_changed = _change()
        told = _partners() if is_changed else []
        fence.commit()
    for uid in told:
        hello.exchange(tenant_id, uid)


def _partners() -> list[UUID]:
    """Whoever may hold a pin of ours: those we have to compare again ourselves, too."""
    return list(db.session.scalars(db.select(Peer.uid).where(Peer.state != PeerState.ASKED).order_by(Peer.code)))


def _change() -> bool:
    revoking = _locked(CountyKey.state == KeyState.REVOKING)
    rows = revoking or _locked(CountyKey.state == KeyState.TURNING)
    if not rows:
        return False
    # What is revoked may be lost: nothing opens it, and nothing has to.
    old, now = None if revoking else keys.seal_key(), clock.now()
    for row in rows:
        if revoking:
            row.revoked_at = now
        else:
            row.valid_until = now
        KEY.apply(row, "revoke" if revoking else "turn")
    if revoking:
        for row in _locked((CountyKey.state == KeyState.RETIRED) & (CountyKey.use == "enc")):
            row.revoked_at = now
            KEY.apply(row, "revoke")
    db.session.flush()
    keys.make()
    published = db.session.get_one(CountyDescriptor, counties.own().uid)
    keys.publish([*published.vouchers, keys.describe(old)][-MOST_VOUCHERS:] if old is not None else [])
    return True


def run_timers() -> None:
    """Destroy the private halves nothing may use any more, and find again what was asked and not done."""
    is_over = CountyKey.valid_until <= clock.now()
    is_closed = CountyKey.valid_until <= clock.now() - keys.STILL_OPENS
    retired = (CountyKey.state == KeyState.RETIRED) & (is_closed | (is_over & (CountyKey.use == "sig")))
    for row in _locked(retired | (CountyKey.state == KeyState.REVOKED)):
        row.locked = b""
        KEY.apply(row, "destroy")
    if _locked(CountyKey.state.in_([KeyState.TURNING, KeyState.REVOKING])):
        defer(Job.CHANGE_KEYS, fence.tenant())
    # A partner whose worker or ours was away when it was told is told again, for as long as it is news.
    since = db.select(CountyKey.id).where(keys.IS_OURS, CountyKey.valid_from > clock.now() - NEWS)
    has_changed = db.select(CountyKey.id).where(CountyKey.valid_until.is_not(None) | CountyKey.revoked_at.is_not(None))
    if db.session.scalar(db.select(since.exists() & has_changed.exists())):
        for uid in _partners():
            defer(Job.HELLO, fence.tenant(), uid)


def _locked(where: ColumnElement[bool]) -> list[CountyKey]:
    query = db.select(CountyKey).where(where).order_by(CountyKey.id).with_for_update()
    return list(db.session.scalars(query))
