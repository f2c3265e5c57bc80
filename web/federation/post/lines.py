"""A line: what each unit of work of the post reads first of one peer, in one statement: the channel's row, locked,
with both counties and every key that counts now beside it. Nothing of it outlives the unit, so a key turned or a pin taken
back counts at once; only what is worked out from a key's own bytes is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func

from web.core import clock, fence
from web.core.errors import DomainError
from web.extensions import db
from web.federation.post import keys, transports
from web.federation.post.models import Channel, CountyKey, Peer, PeerKey, PeerState
from web.federation.wire.keys import Pins, PrivateKey, PublicKey, pins, read_jwk
from web.tenants.counties.models import County


def _listed(table: Any, *where: Any) -> Any:
    """The keys of a table as one JSON list, beside the channel's row; each a list of `keys.COLUMNS`."""
    made = func.jsonb_agg(func.jsonb_build_array(*(table.c[name] for name in keys.COLUMNS)))
    return (
        db.select(made).where(table.c.tenant_id == _CHANNEL.c.tenant_id, *where).correlate(_CHANNEL).scalar_subquery()
    )


_CHANNEL, _OURS, _THEIRS = Channel.__table__, CountyKey.__table__, PeerKey.__table__
_COUNTY, _PEER = County.__table__, Peer.__table__
_STANDING = ("epoch", "seq", "head", "stopped", "held", "leased_until", "lease", "last_sign_at")
LINE = (
    db.select(
        *(_CHANNEL.c[name] for name in ("id", *_STANDING)),
        _COUNTY.c.uid.label("own"), _COUNTY.c.jobs_stopped_at, _PEER.c.name, _PEER.c.state, _PEER.c.transport, _PEER.c.address,
        transports.RESIDENT.label("resident"),
        _listed(_OURS).label("our_keys"),
        _listed(_THEIRS, _THEIRS.c.peer_uid == _CHANNEL.c.peer_uid, _THEIRS.c.is_pinned).label("their_keys"),
    )
    .join_from(_CHANNEL, _COUNTY, _COUNTY.c.tenant_id == _CHANNEL.c.tenant_id)
    .outerjoin(_PEER, (_PEER.c.tenant_id == _CHANNEL.c.tenant_id) & (_PEER.c.uid == _CHANNEL.c.peer_uid))
    .where(
        _CHANNEL.c.tenant_id == bindparam("tenant"),
        _CHANNEL.c.peer_uid == bindparam("peer"),
        _CHANNEL.c.direction == bindparam("direction"),
    )
    .with_for_update(of=_CHANNEL)
)  # fmt: skip
_WRITE = (
    db.update(_CHANNEL)
    .where(_CHANNEL.c.tenant_id == bindparam("tenant"), _CHANNEL.c.id == bindparam("row"))
    .values({name: bindparam(f"new_{name}") for name in _STANDING})
)


@dataclass
class Line:
    """One direction with one peer. `own`: our uid; `name` and `is_confirmed`: of the peer as we know it; `is_halted`: an
    operator stopped our county's background work; `more`: what the taker asked besides. The standing of the channel (`epoch` … `last_sign_at`) is changed here and written once, by `write`.
    """

    id: UUID
    peer_uid: UUID
    own: UUID
    name: str
    is_confirmed: bool
    is_halted: bool
    address: transports.Address
    our_keys: list[dict[str, Any]]
    their_keys: list[dict[str, Any]]
    epoch: int
    seq: int
    head: str | None
    stopped: str
    held: str
    leased_until: datetime | None
    lease: UUID | None
    last_sign_at: datetime | None
    more: Any

    def write(self) -> None:
        """Keep where the channel stands."""
        named = {f"new_{name}": getattr(self, name) for name in _STANDING}
        fence.later(_WRITE, {"tenant": fence.tenant(), "row": self.id} | named)

    def row(self) -> Channel:
        """The channel as the subject of an event."""
        return db.session.get_one(Channel, (fence.tenant(), self.id))

    @cached_property
    def pins(self) -> Pins:
        """The seal keys a person pinned for the peer; empty while nobody did."""
        return Pins(self.peer_uid, {k.kid: k for k in self._public("sig")})

    @property
    def their_key(self) -> PublicKey:
        """The key to encrypt to the peer with. DomainError `no_peer_key` while none is pinned."""
        found = [key for key in self._public("enc") if key.revoked_at is None]
        if not found:
            raise DomainError("no_peer_key")
        return next((key for key in found if key.valid_until is None), found[0])

    @cached_property
    def seal_key(self) -> PrivateKey:
        """Our seal key of now. KeysClosed where pages are served."""
        return next(keys.opened(row, self.own) for row in self.our_keys if row["use"] == "sig" and not _is_over(row))

    @cached_property
    def open_keys(self) -> dict[str, PrivateKey]:
        """Our decryption keys by kid, of now and of thirty days back. KeysClosed where pages are served."""
        since = clock.now() - keys.STILL_OPENS
        rows = [row for row in self.our_keys if row["use"] == "enc" and not _is_over(row, since)]
        return {row["kid"]: keys.opened(row, self.own) for row in rows}

    @cached_property
    def old_pins(self) -> Pins:
        """The seal keys we had before: what they signed and is sent again is signed anew."""
        rows = [row for row in self.our_keys if row["use"] == "sig" and _is_over(row)]
        return pins(self.own, [read_jwk(row["jwk"]) for row in rows])

    @cached_property
    def revoked_kids(self) -> frozenset[str]:
        """Names of our keys of which the peer believes nothing any more."""
        return frozenset(row["kid"] for row in self.our_keys if row["revoked_at"])

    def _public(self, use: str) -> list[PublicKey]:
        return [keys.public(row) for row in _newest_first(self.their_keys, use)]


def _named(rows: list[list[Any]] | None) -> list[dict[str, Any]]:
    return [dict(zip(keys.COLUMNS, row, strict=True)) for row in rows or []]


def _is_over(row: dict[str, Any], since: datetime | None = None) -> bool:
    """Whether a key was revoked or its time ended, with `since` before that instant."""
    if row["revoked_at"] or not row["valid_until"]:
        return bool(row["revoked_at"])
    return since is None or datetime.fromisoformat(row["valid_until"]) <= since


def _newest_first(rows: list[dict[str, Any]], use: str) -> list[dict[str, Any]]:
    found = [row for row in rows if row["use"] == use]
    return sorted(found, key=lambda row: row["valid_from"] or "", reverse=True)


def take(peer_uid: UUID, direction: str, asked: Select[Any] = LINE, **values: Any) -> Line:
    """The line, its channel locked until the unit ends; made on first use. `asked`: LINE with more columns, about the same
    "tenant" and "peer" and the caller's `values`; they stand in `more` of the line.
    """
    named = {"tenant": fence.tenant(), "peer": peer_uid, "direction": direction, **values}
    found = fence.execute(asked, named).first()
    if found is None:
        db.session.add(Channel(peer_uid=peer_uid, direction=direction, epoch=1, seq=0, stopped=""))
        db.session.flush()
        found = fence.execute(asked, named).one()
    way = transports.Address(peer_uid, found.transport or "loopback", found.address or "", found.resident)
    standing = {name: getattr(found, name) for name in _STANDING}
    return Line(
        found.id, peer_uid, found.own, found.name or "未知县", found.state is PeerState.CONFIRMED, found.jobs_stopped_at is not None, way,
        _named(found.our_keys), _named(found.their_keys), **standing, more=found,
    )  # fmt: skip
