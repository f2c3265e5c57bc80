"""How many messages wait on each line between two counties, and how many lines stand still: for who watches the
deployment.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func

from web.core import fence
from web.extensions import db
from web.federation.post import reopening
from web.federation.post.models import OutboxMessage, Peer, PostDue
from web.tenants.counties.models import County


def waiting() -> dict[tuple[int, UUID], int]:
    """(county, partner) → messages without a receipt, of the lines that have something to send.

    One query a county with such a line, each in a unit of its own: nothing of a message is read but that it waits.
    """
    found: dict[tuple[int, UUID], int] = {}
    for tenant_id in db.session.scalars(db.select(PostDue.tenant_id).distinct()).all():
        with fence.acting_for(tenant_id):
            query = db.select(OutboxMessage.peer_uid, func.count()).where(OutboxMessage.receipt.is_(None))
            for peer_uid, count in db.session.execute(query.group_by(OutboxMessage.peer_uid)):
                found[tenant_id, peer_uid] = count
    return found


def stopped() -> dict[int, int]:
    """County → how many of its lines stand until a person acts: nothing of them is due, or not for years, so no other figure
    tells them.

    One query a county, each in a unit of its own, that reads what waits and never what was sent before.
    """
    query, found = db.select(func.count()).select_from(Peer).where(reopening.stopped("out", "in")), dict[int, int]()
    for tenant_id in db.session.scalars(db.select(County.tenant_id)).all():
        with fence.acting_for(tenant_id):
            found[tenant_id] = db.session.scalar(query) or 0
    return found
