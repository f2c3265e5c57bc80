"""Introductions: our card for theirs, so that a person can compare the fingerprint, or a successor be pinned."""

from __future__ import annotations

from uuid import UUID

from web.core import fence
from web.federation.post import keys, transports
from web.tenants.counties import service as counties


def exchange(tenant_id: int, peer_uid: UUID) -> None:
    """Send our card to the peer and take in its own. Run by the worker."""
    with fence.acting_for(tenant_id):
        row = keys.peer(peer_uid)
        address, ours = transports.Address(row.uid, row.transport, row.address), keys.publish()
        own = counties.own().uid
        fence.commit()
    answer = transports.hello(address, own, ours)
    if answer is None:
        return
    with fence.acting_for(tenant_id):
        keys.introduce(answer, peer_uid)
        fence.commit()
