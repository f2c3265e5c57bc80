"""Introductions: our card for theirs, so that a person can compare the fingerprint, or a successor be pinned."""

from __future__ import annotations

from uuid import UUID

from web.core import fence
from web.federation.post import keys, transports


def exchange(tenant_id: int, peer_uid: UUID) -> None:
    """Send our card to the peer and take in its own. Run by the worker."""
    with fence.acting_for(tenant_id):
        row = keys.peer(peer_uid)
        address, ours = transports.Address(row.uid, row.transport, row.address), keys.publish()
        fence.commit()
    answer = transports.hello(address, ours)
    if answer is None:
        return
    with fence.acting_for(tenant_id):
        keys.introduce(answer, row=keys.peer(peer_uid))
        fence.commit()
