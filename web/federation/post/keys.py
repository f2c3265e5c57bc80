"""Our keys and the partners' pins: make, unlock, publish, introduce, confirm.

Private keys open only with the seal secret, which the worker, the scheduler and the commands have, and pages have not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, NotFound
from web.extensions import db, settings
from web.federation.messages import MESSAGES
from web.federation.post.models import PEER, CountyDescriptor, CountyKey, Peer, PeerKey, PeerState
from web.federation.wire import bundles, documents, keys
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
    county, year = counties.own(), clock.today().year
    rows = []
    for label, make in (("seal", keys.generate_seal_key), ("open", keys.generate_decryption_key)):
        key = make(f"{county.code}-{label}-{year}-1")
        row = CountyKey(
            kid=key.kid,
            use=key.use,
            jwk=dict(key.jwk),
            locked=keys.lock(key, _secret(), county.uid),
            valid_from=clock.now(),
        )
        events.record("county_key.create", row)
        db.session.add(row)
        rows.append(row)
    db.session.flush()
    publish()
    return rows


def publish() -> str:
    """Sign the county's descriptor anew and store it where any county may ask for it."""
    county = counties.own()
    public = tuple(
        keys.read_jwk(row.jwk, row.valid_from, row.valid_until, row.revoked_at)
        for row in db.session.scalars(db.select(CountyKey).order_by(CountyKey.kid))
    )
    signed = documents.sign_descriptor(
        documents.Descriptor(
            county.uid,
            county.code,
            county.name,
            public,
            tuple(sorted(MESSAGES)),
            {"messages": bundles.MAX_MESSAGES, "bytes": bundles.MAX_BYTES},
            clock.now(),
        ),
        private("sig")[0],
    )
    row = db.session.get(CountyDescriptor, county.uid)
    if row is None:
        row = CountyDescriptor(
            uid=county.uid, tenant_id=county.tenant_id, code=county.code, signed=signed, at=clock.now()
        )
        db.session.add(row)
    row.code, row.signed, row.at = county.code, signed, clock.now()
    db.session.flush()
    return signed


# What is read of a key, ours or a partner's, to work with it.
COLUMNS = ("kid", "use", "jwk", "valid_from", "valid_until", "revoked_at")
_opened: dict[tuple[int, str, bytes], keys.PrivateKey] = {}


def private(use: str) -> list[keys.PrivateKey]:
    """Our private keys of this use that may still work, newest first. KeysClosed where pages are served."""
    query = db.select(CountyKey.kid, CountyKey.use, CountyKey.jwk).where(
        CountyKey.use == use, CountyKey.revoked_at.is_(None)
    )
    own, found = counties.own().uid, db.session.execute(query.order_by(CountyKey.valid_from.desc()))
    return [opened(row, own) for row in found.mappings()]


def opened(row: Any, county_uid: UUID) -> keys.PrivateKey:
    """Our private key of a row with its `kid`, `use` and `jwk`, unlocked once a process."""
    secret = _secret()
    slot = (fence.tenant(), row["jwk"]["x"], secret)
    if slot not in _opened:
        locked = db.session.scalar(db.select(CountyKey.locked).where(CountyKey.kid == row["kid"]))
        assert locked is not None
        _opened[slot] = keys.unlock(bytes(locked), secret, county_uid, row["kid"], row["use"])
    return _opened[slot]


def own_fingerprint() -> str:
    """Of our newest seal key: what the other county's person reads back to us."""
    query = db.select(CountyKey.jwk).where(CountyKey.use == "sig").order_by(CountyKey.valid_from.desc())
    jwk = db.session.scalar(query.limit(1))
    return keys.fingerprint(jwk) if jwk else ""


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


def pins(uid: UUID) -> keys.Pins:
    """The seal keys a person pinned for this county; empty while nobody did."""
    query = db.select(PeerKey).where(PeerKey.peer_uid == uid, PeerKey.use == "sig", PeerKey.is_pinned)
    return keys.pins(uid, [_public(row) for row in db.session.scalars(query)])


def decryption_key(uid: UUID) -> keys.PublicKey:
    """The key to encrypt to this county with. DomainError `no_peer_key` while it is not pinned."""
    query = db.select(PeerKey).where(PeerKey.peer_uid == uid, PeerKey.use == "enc", PeerKey.is_pinned)
    row = db.session.scalars(query.order_by(PeerKey.valid_from.desc())).first()
    if row is None:
        raise DomainError("no_peer_key")
    return _public(row)


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


def introduce(signed: str, *, row: Peer | None = None) -> Peer:
    """Take in a county's descriptor: it vouches for itself and proves nothing until a person confirms."""
    descriptor, _ = documents.introduce(signed)
    row = row or db.session.scalars(db.select(Peer).where(Peer.uid == descriptor.county)).first()
    if row is not None and row.uid != descriptor.county:
        raise DomainError("descriptor_of_another_county")
    if row is None:
        row = Peer(uid=descriptor.county, code=descriptor.code, name=descriptor.name, created_at=clock.now())
        PEER.apply(row, "introduce")
        db.session.add(row)
    elif row.state is PeerState.ASKED:
        PEER.apply(row, "introduce")
    known = {k.kid for k in db.session.scalars(db.select(PeerKey).where(PeerKey.peer_uid == descriptor.county))}
    for key in descriptor.keys:
        if key.kid not in known:
            db.session.add(
                PeerKey(
                    peer_uid=descriptor.county, kid=key.kid, use=key.use, jwk=dict(key.jwk), is_pinned=False,
                    valid_from=key.valid_from, valid_until=key.valid_until, revoked_at=key.revoked_at,
                )
            )  # fmt: skip
    row.code, row.name = descriptor.code, descriptor.name
    row.office = _office(descriptor.code, descriptor.name)
    seal_key = next(k for k in descriptor.keys if k.use == "sig")
    if row.state is not PeerState.CONFIRMED:
        row.fingerprint = seal_key.fingerprint
    db.session.flush()
    return row


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
    db.session.flush()


def descriptor_of(uid: UUID) -> Any:
    """The published descriptor of a county that lives in this deployment, or None."""
    return db.session.scalar(db.select(CountyDescriptor.signed).where(CountyDescriptor.uid == uid))
