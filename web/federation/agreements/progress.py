"""How far each party is with the cooperation items: ours told to every other, theirs as they told us.

A register's word like a stop: numbered by its owner, never refused. The percentage stands in the body, the words beside it
are a disclosure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, NotFound
from web.extensions import db
from web.federation.agreements import registers, standing
from web.federation.agreements.models import Agreement, AgreementParty, CooperationProgress
from web.federation.agreements.reading import get
from web.federation.post import service as post


def note_progress(agreement_id: UUID, item_key: str, percent: int, note: str = "") -> CooperationProgress:
    """How far our county is with an item of the text in effect; every other party is told."""
    agreement = get(agreement_id, lock=True)
    if item_key not in _keys(agreement):
        raise NotFound()
    if not 0 <= percent <= 100:
        raise Invalid({"percent": "out_of_range"})
    who, today, own = events.actor(), clock.today(), registers.own_party(agreement)
    row = CooperationProgress(
        agreement_id=agreement.id, county_uid=own.uid, item_key=item_key, percent=percent, note=note,
        account_id=who.account_id, name=who.name, at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    own.w += 1
    body = {"w": own.w, "item": item_key, "percent": percent, "on": today.isoformat()}
    for party in standing.parties(agreement):
        if party.uid != own.uid and standing.stays(party, today):
            post.send(party.uid, "agreement.progress", agreement.id, body, {"/note": note} if note else {})
    db.session.flush()
    return row


def hear(agreement: Agreement, party: AgreementParty, body: Mapping[str, Any], note: str) -> None:
    """A party's word; ignored when not newer, or about an item that no text in effect here has."""
    if body["w"] <= party.w:
        return
    party.w = body["w"]
    if body["item"] not in _keys(agreement):
        return
    db.session.add(
        CooperationProgress(
            agreement_id=agreement.id, county_uid=party.uid, item_key=body["item"], percent=body["percent"], note=note,
            name=party.name, at=clock.now(),
        )
    )  # fmt: skip
    details = {"item": body["item"], "percent": body["percent"]}
    events.record("agreement.hear_progress", agreement, peer=str(party.uid), details=details)
    db.session.flush()


def _keys(agreement: Agreement) -> set[str]:
    version = standing.effective_of(agreement)
    return set() if version is None or version.text is None else {item["key"] for item in version.text["items"]}


def progress(agreement: Agreement) -> dict[str, dict[UUID, list[CooperationProgress]]]:
    """Item → party → its words, newest first."""
    query = db.select(CooperationProgress).where(CooperationProgress.agreement_id == agreement.id)
    found: dict[str, dict[UUID, list[CooperationProgress]]] = {}
    for row in db.session.scalars(query.order_by(CooperationProgress.id.desc())):
        found.setdefault(row.item_key, {}).setdefault(row.county_uid, []).append(row)
    return found
