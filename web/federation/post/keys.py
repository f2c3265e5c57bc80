"""Our keys and the partners' pins: make, unlock, publish, introduce, confirm.

Private keys open only with the seal secret, which the worker, the scheduler and the commands have, and pages have not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func

from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, NotFound
from web.core.queue import Job, defer
from web.extensions import db, settings
from web.federation.messages import MESSAGES
from web.federation.post import service
from web.federation.post.models import KEY, PEER, CountyDescriptor, CountyKey, OutboxMessage, Peer, PeerKey, PeerState
from web.federation.wire import bundles, documents, keys, seals
from web.federation.wire.codes import WireError
from web.tenants.counties import service as counties
from web.tenants.workbench.listings import choice


class KeysClosed(RuntimeError):
    """This process must not hold seal keys (it serves pages), or its seal secret is not set."""


def _secret() -> bytes:
    secret = settings().seal_key
    if secret is None:
        raise KeysClosed("KITELINE_SEAL_KEY is not set in this process")
    return secret


def create() -> list[CountyKey]:
    """The county's first seal and decryption keys, and its published descriptor."""
    rows = make()
    publish()
    return rows


def make() -> list[CountyKey]:
    """A new seal key and a new decryption key, under names no key of ours had."""
    county, year, rows = counties.own(), clock.today().year, []
    had = db.session.scalar(db.select(func.count()).select_from(CountyKey).where(CountyKey.use == "sig")) or 0
    for label, generate in (("seal", keys.generate_seal_key), ("open", keys.generate_decryption_key)):
        key = generate(f"{county.code}-{label}-{year}-{had + 1}")
        row = CountyKey(
            kid=key.kid,
            use=key.use,
            jwk=dict(key.jwk),
            locked=keys.lock(key, _secret(), county.uid),
            valid_from=clock.now(),
        )
        KEY.apply(row, "create")
        db.session.add(row)
        rows.append(row)
    db.session.flush()
    return rows


def describe(signer: keys.PrivateKey) -> str:
    """The county's descriptor of now, signed with a seal key of its own. It lists the newest keys the wire has room for."""
    county = counties.own()
    newest = db.session.scalars(db.select(CountyKey).order_by(CountyKey.id.desc()).limit(documents.MAX_KEYS))
    public = [keys.read_jwk(row.jwk, row.valid_from, row.valid_until, row.revoked_at) for row in newest]
    return documents.sign_descriptor(
        documents.Descriptor(
            county.uid,
            county.code,
            county.name,
            tuple(sorted(public, key=lambda key: key.kid)),
            tuple(sorted(MESSAGES)),
            {"messages": bundles.MAX_MESSAGES, "bytes": bundles.MAX_BYTES},
            clock.now(),
        ),
        signer,
    )


def publish(vouchers: list[str] | None = None) -> list[str]:
    """Sign the county's descriptor anew and store it where any county may ask for it; returns its card (`card_of`).

    `vouchers`: in place of those it has, when its keys changed.
    """
    county, signed = counties.own(), describe(seal_key())
    row = db.session.get(CountyDescriptor, county.uid)
    if row is None:
        row = CountyDescriptor(uid=county.uid, tenant_id=county.tenant_id, vouchers=[])
        db.session.add(row)
    row.code, row.signed, row.at = county.code, signed, clock.now()
    row.vouchers = row.vouchers if vouchers is None else vouchers
    db.session.flush()
    return [row.signed, *row.vouchers]


def card_of(uid: UUID) -> list[str] | None:
    """What a county of this deployment says of itself: its descriptor, then its vouchers, oldest first. None elsewhere."""
    row = db.session.get(CountyDescriptor, uid)
    return [row.signed, *row.vouchers] if row else None


# What is read of a key, ours or a partner's, to work with it.
COLUMNS = ("kid", "use", "jwk", "valid_from", "valid_until", "revoked_at")
_opened: dict[tuple[int, str, bytes], keys.PrivateKey] = {}


# How long an old decryption key opens what was encrypted to it, from the end of its time on; then it is destroyed.
STILL_OPENS = timedelta(days=30)
# The key of now: neither turned nor revoked.
IS_OURS = CountyKey.valid_until.is_(None) & CountyKey.revoked_at.is_(None)


def seal_key() -> keys.PrivateKey:
    """Our seal key of now. KeysClosed where pages are served."""
    return _private("sig", IS_OURS)[0]


def open_keys() -> dict[str, keys.PrivateKey]:
    """Our decryption keys by kid, of now and of thirty days back. KeysClosed where pages are served."""
    still = CountyKey.valid_until.is_(None) | (CountyKey.valid_until > clock.now() - STILL_OPENS)
    return {key.kid: key for key in _private("enc", still & CountyKey.revoked_at.is_(None))}


def _private(use: str, where: ColumnElement[bool]) -> list[keys.PrivateKey]:
    query = db.select(CountyKey.kid, CountyKey.use, CountyKey.jwk).where(CountyKey.use == use, where)
    own = counties.own().uid
    return [opened(row, own) for row in db.session.execute(query).mappings()]


def opened(row: Any, county_uid: UUID) -> keys.PrivateKey:
    """Our private key of a row with its `kid`, `use` and `jwk`, unlocked once a process."""
    secret = _secret()
    slot = (fence.tenant(), row["jwk"]["x"], secret)
    if slot not in _opened:
        locked = db.session.scalar(db.select(CountyKey.locked).where(CountyKey.kid == row["kid"]))
        assert locked is not None
        _opened[slot] = keys.unlock(bytes(locked), secret, county_uid, row["kid"], row["use"])
    return _opened[slot]


def unproved() -> list[Peer]:
    """Confirmed partners who signed for nothing we sealed since we last revoked a seal key: whether they compared its
    successor cannot be told. None where none was revoked: a turned key is followed by itself.
    """
    revoked = db.session.scalar(db.select(func.max(CountyKey.revoked_at)).where(CountyKey.use == "sig"))
    if revoked is None:
        return []
    signed = db.exists().where(
        OutboxMessage.tenant_id == Peer.tenant_id,
        OutboxMessage.peer_uid == Peer.uid,
        OutboxMessage.sealed_at >= revoked,
        OutboxMessage.receipt.is_not(None),
    )
    return list(
        db.session.scalars(db.select(Peer).where(Peer.state == PeerState.CONFIRMED, ~signed).order_by(Peer.code))
    )


def own_fingerprint() -> str:
    """Of our seal key of now: what the other county's person reads back to us."""
    jwk = db.session.scalar(db.select(CountyKey.jwk).where(CountyKey.use == "sig", IS_OURS))
    return keys.fingerprint(jwk) if jwk else ""


def fingerprints() -> dict[UUID, str]:
    """uid → the fingerprint that papers print: ours, and of each partner the newest that a person compared or that followed
    from it, whatever it shows since.
    """
    found = {row.uid: row.fingerprint for row in db.session.execute(db.select(Peer.uid, Peer.fingerprint))}
    query = db.select(PeerKey.peer_uid, PeerKey.jwk).where(PeerKey.use == "sig", PeerKey.is_pinned)
    pinned = db.session.execute(query.order_by(PeerKey.valid_from.nulls_first(), PeerKey.id))
    return found | {uid: keys.fingerprint(jwk) for uid, jwk in pinned} | {counties.own().uid: own_fingerprint()}


def own_pins() -> keys.Pins:
    """Our own public seal keys, for checking what we signed ourselves."""
    query = db.select(CountyKey.jwk).where(CountyKey.use == "sig")
    return keys.pins(counties.own().uid, [keys.read_jwk(jwk) for jwk in db.session.scalars(query)])


def peer(uid: UUID) -> Peer:
    """NotFound for a county we do not know."""
    found = db.session.scalars(db.select(Peer).where(Peer.uid == uid)).first()
    if found is None:
        raise NotFound()
    return found


def partners() -> list[Peer]:
    """Confirmed partner counties, by code."""
    query = db.select(Peer).where(Peer.state == PeerState.CONFIRMED).order_by(Peer.code)
    return list(db.session.scalars(query))


def choices() -> Select[Any]:
    """The same as choices of a list's page: uid → name."""
    return db.select(*choice("partners", Peer.uid, Peer.name, Peer.code)).where(Peer.state == PeerState.CONFIRMED)


def pins(uid: UUID, at: datetime | None = None) -> keys.Pins:
    """The seal keys a person pinned for this county; empty while nobody did. `at`: what was revoked after it counts, too, for
    what was known by then.
    """
    query = db.select(PeerKey).where(PeerKey.peer_uid == uid, PeerKey.use == "sig", PeerKey.is_pinned)
    found = [_public(row) for row in db.session.scalars(query)]
    return keys.pins(
        uid, [replace(k, revoked_at=None) if at and k.revoked_at and at < k.revoked_at else k for k in found]
    )


def _public(row: PeerKey) -> keys.PublicKey:
    return keys.read_jwk(row.jwk, row.valid_from, row.valid_until, row.revoked_at)


def public(row: Mapping[str, Any]) -> keys.PublicKey:
    """The public key of a row with COLUMNS, its times as text; read once for its very content."""
    return _read(tuple(sorted(row["jwk"].items())), row["valid_from"], row["valid_until"], row["revoked_at"])


@lru_cache(maxsize=8_192)
def _read(jwk: tuple[tuple[str, Any], ...], *times: str | None) -> keys.PublicKey:
    return keys.read_jwk(dict(jwk), *(datetime.fromisoformat(at) if at else None for at in times))


def invite(code: str) -> Peer:
    """Ask to work with the county of that code; its descriptor comes by the worker (Job.HELLO)."""
    if code == counties.own().code:
        raise Invalid({"code": "own_county"})
    if db.session.scalar(db.select(Peer.id).where(Peer.code == code)) is not None:
        raise Invalid({"code": "already_partner"})
    published = db.session.scalars(db.select(CountyDescriptor).where(CountyDescriptor.code == code)).first()
    if published is None:
        raise Invalid({"code": "no_such_county"})
    row = Peer(uid=published.uid, code=code, name=code, created_at=clock.now())
    PEER.apply(row, "invite")
    db.session.add(row)
    db.session.flush()
    return row


def introduce(card: Sequence[str], sender: UUID) -> Peer:
    """Take in the card that this county handed over: its descriptor vouches for itself and proves nothing until a person
    confirms. A county shows its own card and nobody else's: anybody can sign one that names another, and would have its
    pins taken back.

    Of a confirmed partner: a descriptor that the pinned seal key vouches for, by itself or through vouchers, has its keys
    pinned. One that nobody vouches for means that its key was lost or revoked: what is pinned counts no more, its lines
    wait, and a person compares again. A descriptor of a key we know from before says nothing new, whoever shows it.
    """
    descriptor, signer = documents.introduce(card[0])
    if descriptor.county != sender:
        raise DomainError("descriptor_of_another_county")
    asked = db.select(Peer).where(Peer.uid == descriptor.county).with_for_update()
    row = db.session.scalars(asked.execution_options(populate_existing=True)).first()
    if row is None:
        row = Peer(uid=descriptor.county, code=descriptor.code, name=descriptor.name, created_at=clock.now())
        PEER.apply(row, "introduce")
        db.session.add(row)
    elif row.state is PeerState.ASKED:
        PEER.apply(row, "introduce")
    known = {k.kid: k for k in db.session.scalars(db.select(PeerKey).where(PeerKey.peer_uid == descriptor.county))}
    if any(k.kid in known and known[k.kid].jwk["x"] != k.jwk["x"] for k in descriptor.keys):
        raise DomainError("descriptor_of_another_county")
    pinned = [k for k in known.values() if k.is_pinned]
    is_vouched = row.state is PeerState.CONFIRMED and _is_vouched(pinned, descriptor.county, card)
    is_known = any(k.kid == signer.kid for k in pinned)
    if not is_vouched and is_known and (row.state is PeerState.CONFIRMED or known[signer.kid].revoked_at):
        return row
    if row.state is PeerState.CONFIRMED and not is_known:
        verb, said = "follow" if is_vouched else "unpin", {"fingerprint": signer.fingerprint}
        with events.by(events.Actor(None, row.name, "peer")):
            PEER.apply(row, verb, details=said, peer=str(row.uid))
    listed = {k.kid for k in descriptor.keys}
    for key in () if is_vouched else known.values():
        if not key.is_pinned and key.kid not in listed:
            db.session.delete(key)  # of an introduction that nobody confirmed
        elif key.is_pinned and not is_known:
            key.revoked_at = key.revoked_at or clock.now()
    for key in descriptor.keys:
        if key.kid not in known:
            db.session.add(
                PeerKey(
                    peer_uid=descriptor.county, kid=key.kid, use=key.use, jwk=dict(key.jwk), is_pinned=is_vouched,
                    valid_from=key.valid_from, valid_until=key.valid_until, revoked_at=key.revoked_at,
                )
            )  # fmt: skip
        elif is_vouched:
            ours = known[key.kid]
            ours.valid_until = _earlier(ours.valid_until, key.valid_until)
            ours.revoked_at = _earlier(ours.revoked_at, key.revoked_at)
        elif not known[key.kid].is_pinned:  # turned or revoked before anybody compared: it is not pinned as it was
            known[key.kid].valid_until, known[key.kid].revoked_at = key.valid_until, key.revoked_at
    row.code, row.name = descriptor.code, descriptor.name
    row.office = _office(descriptor.code, descriptor.name)
    row.fingerprint = signer.fingerprint
    db.session.flush()
    return row


def _is_vouched(pinned: Sequence[PeerKey], uid: UUID, card: Sequence[str]) -> bool:
    """Whether the card's descriptor is signed by the pinned seal key, or by a successor of it: each voucher is signed by the
    key before and names the one that seals after it. A key that was turned vouches for nothing more.
    """
    live = [_public(k) for k in pinned if k.use == "sig" and not k.revoked_at and not k.valid_until]
    said, key = {seals.kid_of(token): token for token in reversed(card)}, live[0] if len(live) == 1 else None
    while key is not None and (token := said.pop(key.kid, None)) is not None:
        try:
            found = documents.open_descriptor(token, keys.pins(uid, [key]))
        except WireError:
            return False
        if token == card[0]:
            return True
        named = [k for k in found.keys if k.use == "sig" and not k.revoked_at and not k.valid_until]
        key = named[0] if len(named) == 1 else None
    return False


def _earlier(ours: datetime | None, theirs: datetime | None) -> datetime | None:
    """Times of a key only ever come nearer."""
    return min((at for at in (ours, theirs) if at is not None), default=None)


def _office(code: str, name: str) -> str:
    return f"中共{name}委组织部"


def confirm(row: Peer, spoken: str) -> None:
    """A person compared the fingerprint with the other county by another way and typed its last two groups."""
    groups = row.fingerprint.lower().split()
    if spoken.lower().replace(" ", "") != "".join(groups[-2:]):
        raise Invalid({"fingerprint": "fingerprint_differs"})
    PEER.apply(row, "confirm", details={"fingerprint": row.fingerprint})
    row.confirmed_at, row.confirmed_by = clock.now(), events.actor().account_id
    for key in db.session.scalars(db.select(PeerKey).where(PeerKey.peer_uid == row.uid)):
        key.is_pinned = True
    service.wake(row.uid)
    defer(Job.HELLO, fence.tenant(), row.uid)  # what waits at the other side for this comes now
    db.session.flush()
