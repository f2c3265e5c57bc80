"""What other rooms ask of agreements: which version covers this, is it in force, does it grant this field."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, or_
from sqlalchemy.dialects.postgresql import JSONB, array

from web.core import clock
from web.core.errors import DomainError
from web.extensions import db
from web.federation.agreements import registers, standing, texts
from web.federation.agreements.models import (
    Agreement,
    AgreementGrant,
    AgreementParty,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.wire.envelope import AgreementRef, Envelope
from web.tenants.counties import service as counties


def covering(partner_uid: UUID, scope: str, *, owner_uid: UUID, receiver_uid: UUID) -> AgreementRef:
    """The agreement version in force that lets `owner_uid` give `receiver_uid` this scope.

    DomainError `agreement_not_active` when none is in force with the partner, `scope_not_granted` when none grants it.
    """
    return covering_text(partner_uid, scope, owner_uid=owner_uid, receiver_uid=receiver_uid)[0]


def covering_text(
    partner_uid: UUID, scope: str, *, owner_uid: UUID, receiver_uid: UUID
) -> tuple[AgreementRef, dict[str, Any]]:
    """The same with its text: one query."""
    found = _standing(partner_uid)
    if not found:
        raise DomainError("agreement_not_active")
    for agreement, version, paused in found:
        assert version.text is not None
        if scope not in paused and texts.granted(version.text, owner_uid, receiver_uid, scope):
            return AgreementRef(agreement.id, version.version, version.text_digest), version.text
    raise DomainError("scope_not_granted", scope=scope)


def in_force(partner_uid: UUID) -> list[tuple[Agreement, AgreementVersion]]:
    """Agreements in effect today between us and the partner, newest version first: one query."""
    return [(agreement, version) for agreement, version, _ in _standing(partner_uid)]


def _standing(partner_uid: UUID) -> list[tuple[Agreement, AgreementVersion, set[str]]]:
    """The same with the scopes either of the pair paused."""
    own, today = counties.own().uid, clock.today()
    stops = (
        db.select(
            func.jsonb_object_agg(
                cast(AgreementParty.uid, String),
                func.jsonb_build_array(AgreementParty.paused, AgreementParty.leaves_on, type_=JSONB),
                type_=JSONB,
            )
        )
        .where(
            AgreementParty.tenant_id == Agreement.tenant_id,
            AgreementParty.agreement_id == Agreement.id,
            AgreementParty.uid.in_((own, partner_uid)),
        )
        .correlate(Agreement)
        .scalar_subquery()
    )
    query = (
        db.select(Agreement, AgreementVersion, stops)
        .join(
            AgreementVersion,
            (AgreementVersion.agreement_id == Agreement.id) & (AgreementVersion.tenant_id == Agreement.tenant_id),
        )
        .join(
            AgreementParty,
            (AgreementParty.agreement_id == Agreement.id) & (AgreementParty.tenant_id == Agreement.tenant_id),
        )
        .where(
            Agreement.state == AgreementState.ACTIVE,
            AgreementVersion.state.in_((VersionState.EFFECTIVE, VersionState.SEALED)),
            AgreementParty.uid == partner_uid,
        )
        .order_by(AgreementVersion.version)
    )
    turns: dict[UUID, list[Any]] = {}
    for row in db.session.execute(query):
        turns.setdefault(row[0].id, []).append(row)
    found = []
    for (agreement, version, said), *later in turns.values():
        if version.state is not VersionState.EFFECTIVE or str(own) not in said:
            continue
        (paused, leaves_on), (paused_there, leaves_there) = said[str(own)], said[str(partner_uid)]
        leaves = [date.fromisoformat(on) for on in (leaves_on, leaves_there) if on]
        end = registers.end_of([version.text, *(row[1].text for row in later)], partner_uid, leaves)
        if "all" not in paused + paused_there and end is not None and today < end:
            found.append((agreement, version, {*paused, *paused_there}))
    return sorted(found, key=lambda row: (row[1].effective_on, row[0].id), reverse=True)


def paused_between(agreement_id: Any, partner_uid: Any, scope: Any) -> ColumnElement[bool]:
    """Has either of the pair paused this scope? What a third party pauses is its own business. Values or columns."""
    own = counties.own().uid
    found = db.select(AgreementParty.uid).where(
        AgreementParty.agreement_id == agreement_id,
        or_(AgreementParty.uid == own, AgreementParty.uid == partner_uid),
        func.jsonb_exists_any(AgreementParty.paused, array(["all", scope], type_=String)),
    )
    return found.correlate_except(AgreementParty).exists()


def is_paused(agreement_id: UUID, partner_uid: UUID, scope: str) -> bool:
    """The same, of one scope of one agreement."""
    return bool(db.session.scalar(db.select(paused_between(agreement_id, partner_uid, scope))))


def is_active(reference: AgreementRef, partner_uid: UUID) -> bool:
    """May an opening name this agreement version? Ingress follows decisions only, never the clock."""
    agreement = db.session.scalars(db.select(Agreement).where(Agreement.id == reference.id)).first()
    if agreement is None or agreement.state is not AgreementState.ACTIVE:
        return False
    version = standing.effective_of(agreement)
    return (
        version is not None
        and version.version == reference.version
        and version.text_digest == reference.digest
        and any(party.uid == partner_uid for party in standing.parties(agreement))
    )


def is_granted(receiver_uid: UUID, envelope: Envelope, scope: str, field: str) -> bool:
    """At ingress: do the grants the envelope's agreement version holds, sender → receiver, name this field?"""
    reference = envelope.agreement
    return reference is not None and holds(reference, envelope.sender, receiver_uid, scope, field)


def holds(reference: AgreementRef, owner_uid: UUID, receiver_uid: UUID, scope: str, field: str | None = None) -> bool:
    """Does this agreement version, which took effect here once, grant it? An aggregate finishes under its version."""
    text = text_under(reference)
    return text is not None and texts.granted(text, owner_uid, receiver_uid, scope, field)


def text_under(reference: AgreementRef) -> dict[str, Any] | None:
    """The text of a version that took effect here once; None of any other."""
    query = db.select(AgreementVersion.text).where(
        AgreementVersion.agreement_id == reference.id,
        AgreementVersion.version == reference.version,
        AgreementVersion.text_digest == reference.digest,
        AgreementVersion.state.in_((VersionState.EFFECTIVE, VersionState.SUPERSEDED)),
    )
    return db.session.scalar(query)


def grants(agreement: Agreement) -> list[AgreementGrant]:
    """The grants in effect."""
    query = db.select(AgreementGrant).where(AgreementGrant.agreement_id == agreement.id)
    return list(
        db.session.scalars(query.order_by(AgreementGrant.owner_uid, AgreementGrant.receiver_uid, AgreementGrant.scope))
    )
