"""The blueprint of handovers, and the row as this actor may see it. Its to-dos stand in the work lists of transfers."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint

from web.blueprints import edge
from web.blueprints.handovers import wording
from web.core.errors import NotFound
from web.federation.handovers import lists, service
from web.federation.handovers.lists import Row
from web.federation.handovers.models import Handover

bp = Blueprint("handovers", __name__, url_prefix="/<county>/handovers")
bp.context_processor(lambda: {"w": wording})


def seen(handover_id: UUID, *, lock: bool = False) -> tuple[Handover, Row]:
    """The handover as this actor may see it; NotFound otherwise, whatever the reason."""
    handover = service.get(handover_id, lock=lock)
    row = lists.one(handover, edge.actor())
    if row is None:
        raise NotFound()
    return handover, row
