"""What stands of an agreement in this county: its parties, its versions, who numbers it. Reading, and the parties' rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from web.extensions import db
from web.federation.agreements.models import (
    OPEN,
    Agreement,
    AgreementDecision,
    AgreementParty,
    AgreementVersion,
    VersionState,
)


def find(agreement_id: UUID) -> Agreement | None:
    """The row, locked."""
    query = db.select(Agreement).where(Agreement.id == agreement_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def parties(agreement: Agreement) -> list[AgreementParty]:
    """In their order, 甲 first."""
    query = db.select(AgreementParty).where(AgreementParty.agreement_id == agreement.id)
    return list(db.session.scalars(query.order_by(AgreementParty.place)))


def version_of(agreement: Agreement, version: int) -> AgreementVersion | None:
    """The row of that version here."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id, AgreementVersion.version == version
    )
    return db.session.scalars(query).first()


def effective_of(agreement: Agreement) -> AgreementVersion | None:
    """The version in effect, if one is."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id, AgreementVersion.state == VersionState.EFFECTIVE
    )
    return db.session.scalars(query).first()


def texts_in_turn(agreement: Agreement) -> list[dict[str, Any]]:
    """The text in effect and, sealed already, the one that follows it; none before a first one took effect."""
    query = db.select(AgreementVersion.text, AgreementVersion.state).where(
        AgreementVersion.agreement_id == agreement.id,
        AgreementVersion.state.in_((VersionState.EFFECTIVE, VersionState.SEALED)),
    )
    rows = db.session.execute(query.order_by(AgreementVersion.version)).all()
    return [text for text, _ in rows] if rows and rows[0][1] is VersionState.EFFECTIVE else []


def open_of(agreement: Agreement) -> AgreementVersion | None:
    """The one version that is being negotiated or waits for its day."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id, AgreementVersion.state.in_(OPEN)
    )
    return db.session.scalars(query.order_by(AgreementVersion.version.desc())).first()


def successions(agreement: Agreement) -> list[dict[str, Any]]:
    """The first decision and those that named another hub, ascending: who signs which."""
    query = db.select(AgreementDecision.payload).where(
        AgreementDecision.agreement_id == agreement.id,
        (AgreementDecision.n == 1) | (AgreementDecision.verb == "succeed"),
    )
    return list(db.session.scalars(query.order_by(AgreementDecision.n)))


def stays(party: AgreementParty, on: date) -> bool:
    """Is it a party on that day? Only one that gave notice may be left out of a text."""
    return party.ended_on is None and (party.leaves_on is None or party.leaves_on > on)


def over_on(agreement_ids: Collection[UUID], own: UUID) -> dict[UUID, date]:
    """Agreement → the first day on which it holds between us and nobody, of those that ended or of which notice was given;
    one query.
    """
    of: dict[UUID, dict[UUID, AgreementParty]] = {}
    for party in db.session.scalars(db.select(AgreementParty).where(AgreementParty.agreement_id.in_(agreement_ids))):
        of.setdefault(party.agreement_id, {})[party.uid] = party
    found = {}
    for id_, others in of.items():
        ours = others.pop(own)
        ends = [
            min((day for day in (ours.leaves_on, each.leaves_on, each.ended_on) if day is not None), default=None)
            for each in others.values()
        ]
        known = [day for day in ends if day is not None]
        if known and len(known) == len(ends):
            found[id_] = max(known)
    return found


def proposed_parties(agreement: Agreement, version: AgreementVersion) -> list[str]:
    """The parties the proposing decision named, ascending; empty for a draft."""
    query = db.select(AgreementDecision.payload).where(
        AgreementDecision.agreement_id == agreement.id,
        AgreementDecision.version == version.version,
        AgreementDecision.verb == "propose",
    )
    payload = db.session.scalar(query)
    return list(payload["body"]["parties"]) if payload else []


def keep_parties(agreement: Agreement, text: dict[str, Any]) -> None:
    """Rows of the parties as a text names them, in its order; one it no longer names stays behind them, for its end."""
    known = {party.uid: party for party in parties(agreement)}
    for place, row in enumerate(rows_of(agreement, text, known)):
        row.place = place
        db.session.add(row)
        known.pop(row.uid, None)
    for place, row in enumerate(known.values(), len(text["parties"])):
        row.place = place
    db.session.flush()


def rows_of(
    agreement: Agreement, text: dict[str, Any], known: Mapping[UUID, AgreementParty] | None = None
) -> list[AgreementParty]:
    """The parties of a text in its order: rows that stand, and new ones, not stored, for those it would add."""
    known = {party.uid: party for party in parties(agreement)} if known is None else known
    return [
        known.get(UUID(party["uid"]))
        or AgreementParty(
            agreement_id=agreement.id, uid=UUID(party["uid"]), place=place, code=party["code"], name=party["name"],
            office=party["office"], w=0, paused=[],
        )
        for place, party in enumerate(text["parties"])
    ]  # fmt: skip
