"""How bytes reach a peer. Only here is it known where a county lives: `loopback` in this deployment; `http` comes later
behind the same four functions. Both sides always speak sealed envelopes and receipts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from web.core import fence
from web.federation.post.models import Channel, PeerState
from web.federation.wire import bundles
from web.federation.wire.canonical import b64, unb64
from web.federation.wire.keys import PublicKey
from web.tenants.counties import service as counties
from web.tenants.counties.models import County

# Beside a row whose channel names a peer: the county of this deployment that the peer is, None if it lives elsewhere.
RESIDENT = select(County.tenant_id).where(County.uid == Channel.peer_uid).correlate(Channel).scalar_subquery()


@dataclass(frozen=True)
class Address:
    """A peer and the way to it. `resident`: the county it is, when it lives in this deployment."""

    uid: UUID
    transport: str = "loopback"
    address: str = ""
    resident: int | None = None


@dataclass(frozen=True)
class Answer:
    """What the peer said to one message: a receipt, or a code that consumed nothing."""

    receipt: str | None = None
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


def deliver(peer: Address, sender: UUID, batch: list[bundles.Bundle]) -> list[Answer]:
    """Hand over a batch and bring back its answers, in order. The caller holds no transaction."""
    from web.federation.post import inbox

    # Through the same bytes as on any transport: what cannot be packed cannot be sent in here either.
    data = bundles.pack(batch)
    tenant_id = _resident(peer)
    if tenant_id is None:
        return [Answer(code="maintenance")]
    return inbox.receive(tenant_id, sender, bundles.unpack(data))


def hello(peer: Address, sender: UUID, card: list[str]) -> list[str] | None:
    """Introduce ourselves, the `sender`, and get the peer's own card (`keys.card_of`). What waits there for us is due at
    once.
    """
    from web.federation.post import keys, service

    tenant_id = _resident(peer)
    if tenant_id is None:
        return None
    with fence.acting_for(tenant_id):
        row = keys.introduce(card, sender)
        if row.state is PeerState.CONFIRMED:
            service.wake(row.uid)
        answer = keys.card_of(peer.uid)
        fence.commit()
    return answer


def put_blob(peer: Address, sender: UUID, about_id: UUID, name: str, packed: str) -> bool:
    """Hand over a file the peer expects; False if it does not."""
    from web.federation.post import inbox

    tenant_id = _resident(peer)
    if tenant_id is None:
        return False
    with fence.acting_for(tenant_id):
        taken = inbox.take_blob(sender, about_id, name, packed)
        fence.commit()
    return taken


def digest(peer: Address, sender: UUID, buckets: bytes) -> bytes | None:
    """Compare our shares, the `sender`'s, with the peer's copies of them: what it has in the buckets that differ, None if it
    does not answer. The caller holds no transaction.
    """
    from web.federation.post import service

    tenant_id = _resident(peer)
    if tenant_id is None:
        return None
    with fence.acting_for(tenant_id):
        return service.HOOKS.digest(sender, buckets)


PIECE = 192 * 1024


def pack_blob(content: bytes, theirs: PublicKey) -> str:
    """A file as JWE pieces, separated by spaces."""
    pieces = [content[i : i + PIECE] for i in range(0, len(content), PIECE)] or [b""]
    return " ".join(bundles.encrypt({"piece": b64(p)}, theirs) for p in pieces)


def unpack_blob(packed: str, keys: Any) -> bytes:
    """Inverse of pack_blob with our decryption keys; WireError when it does not open."""
    return b"".join(unb64(bundles.decrypt(token, keys)["piece"]) for token in packed.split(" "))


def _resident(peer: Address) -> int | None:
    if peer.resident is not None:
        return peer.resident
    with fence.platform("which county of this deployment a peer is"):
        county = counties.by_uid(peer.uid)
        return county.tenant_id if county else None
