"""What a version taking effect changes here: the former one, the parties, what may cross. Others listen to what it announces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.extensions import db
from web.federation.agreements import texts
from web.federation.agreements.models import (
    AGREEMENT,
    VERSION,
    Agreement,
    AgreementClosing,
    AgreementGrant,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.agreements.standing import keep_parties, parties, stays


@dataclass(frozen=True)
class GrantsChanged:
    """Announced when a version takes effect whose grants are not those before: (owner, receiver, scope) that differ."""

    agreement_id: UUID
    changed: frozenset[tuple[UUID, UUID, str]]


@dataclass(frozen=True)
class PartiesJoined:
    """Announced when a version takes effect that names parties the one before did not."""

    agreement_id: UUID
    uids: tuple[UUID, ...]


def take_effect(agreement: Agreement, version: AgreementVersion, on: date) -> None:
    """The version just moved is in effect from this day on."""
    assert version.text is not None
    # The one just moved is effective too: supersede the other.
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id,
        AgreementVersion.state == VersionState.EFFECTIVE,
        AgreementVersion.id != version.id,
    )
    former = db.session.scalars(query).first()
    if former is not None:
        VERSION.apply(former, "supersede")
        former.state_at = clock.now()
    version.effective_on = on
    keep_parties(agreement, version.text)
    _back_again(agreement, version)
    agreement.title = version.text["title"]
    db.session.execute(db.delete(AgreementGrant).where(AgreementGrant.agreement_id == agreement.id))
    for grant in version.text["grants"]:
        db.session.add(
            AgreementGrant(
                agreement_id=agreement.id,
                version=version.version,
                owner_uid=UUID(grant["owner"]),
                receiver_uid=UUID(grant["receiver"]),
                scope=grant["scope"],
                fields=grant["fields"],
                purpose=grant["purpose"],
            )
        )
    if agreement.state is not AgreementState.ACTIVE:
        AGREEMENT.apply(agreement, "activate")
        agreement.state_at = clock.now()
    db.session.flush()
    changed = _changed(former.text if former is not None else None, version.text)
    if changed:
        events.announce(GrantsChanged(agreement.id, changed))
    was = texts.party_uids(former.text) if former is not None and former.text is not None else []
    if was and (joined := tuple(uid for uid in texts.party_uids(version.text) if uid not in was)):
        events.announce(PartiesJoined(agreement.id, joined))


def _back_again(agreement: Agreement, version: AgreementVersion) -> None:
    """A party that had left and sealed a later version is one again: its old end and words of closing are over."""
    assert version.text is not None and version.effective_on is not None
    named = texts.party_uids(version.text)
    for party in parties(agreement):
        # The day it takes effect, not the text's first: an amended text keeps the day the first version began.
        if party.uid in named and not stays(party, version.effective_on):
            party.leaves_on = party.ended_on = None
            where = (AgreementClosing.by_uid == party.uid) | (AgreementClosing.with_uid == party.uid)
            db.session.execute(db.delete(AgreementClosing).where(AgreementClosing.agreement_id == agreement.id, where))


def _changed(former: dict[str, Any] | None, text: dict[str, Any]) -> frozenset[tuple[UUID, UUID, str]]:
    """(owner, receiver, scope) whose fields are not what they were."""
    if former is None:
        return frozenset()
    was, now = (
        {(UUID(g["owner"]), UUID(g["receiver"]), g["scope"]): sorted(g["fields"]) for g in t["grants"]}
        for t in (former, text)
    )
    return frozenset(key for key in {*was, *now} if was.get(key) != now.get(key))
