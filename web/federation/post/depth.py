"""How many messages wait on each line between two counties, and how many lines stand still: for who watches the
deployment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func

from web.core import fence
from web.extensions import db
from web.federation.post import reopening
from web.federation.post.models import OutboxMessage, Peer
from web.tenants.counties.models import County


@dataclass
class Depth:
    """`waiting`: (county, partner) → messages without a receipt, of every line that has any. `stopped`: county → how many of its
    lines stand until a person acts.
    """

    waiting: dict[tuple[int, UUID], int] = field(default_factory=dict)
    stopped: dict[int, int] = field(default_factory=dict)


def of_every_county() -> Depth:
    """Two queries a county, each county in a unit of its own: its outbox, partners and channels are counted, and nothing of a
    message, nor of what was sent before, is read. Not only lines with something due are asked: of one that stands nothing is.
    """
    waits = db.select(OutboxMessage.peer_uid, func.count()).where(OutboxMessage.receipt.is_(None))
    stands = db.select(func.count()).select_from(Peer).where(reopening.stopped("out", "in"))
    found = Depth()
    for tenant_id in db.session.scalars(db.select(County.tenant_id)).all():
        with fence.acting_for(tenant_id):
            for peer_uid, count in db.session.execute(waits.group_by(OutboxMessage.peer_uid)):
                found.waiting[tenant_id, peer_uid] = count
            found.stopped[tenant_id] = db.session.scalar(stands) or 0
    return found
