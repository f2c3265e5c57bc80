"""What other rooms ask of agreements: which version covers this, is it in force, does it grant this field."""

from __future__ import annotations

from uuid import UUID

from web.core import clock
from web.core.errors import DomainError
from web.extensions import db
from web.federation.agreements import effects, registers, texts
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
    found = in_force(partner_uid)
    if not found:
        raise DomainError("agreement_not_active")
    for agreement, version in found:
        assert version.text is not None
        if is_paused(agreement.id, partner_uid, scope):
            continue
        if texts.granted(version.text, owner_uid, receiver_uid, scope):
            return AgreementRef(agreement.id, version.version, version.text_digest)
    raise DomainError("scope_not_granted", scope=scope)


def in_force(partner_uid: UUID) -> list[tuple[Agreement, AgreementVersion]]:
    """Agreements in effect today between us and the partner, newest version first: one query, then their parties'."""
    query = (
        db.select(Agreement, AgreementVersion)
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
            AgreementVersion.state == VersionState.EFFECTIVE,
            AgreementParty.uid == partner_uid,
        )
        .order_by(AgreementVersion.effective_on.desc(), Agreement.id.desc())
    )
    own, today, found = counties.own().uid, clock.today(), []
    for agreement, version in db.session.execute(query):
        parties = {party.uid: party for party in effects.parties(agreement)}
        end = registers.ends_on(agreement, parties[partner_uid], parties[own])
        if "all" not in parties[own].paused + parties[partner_uid].paused and end is not None and today < end:
            found.append((agreement, version))
    return found


def is_paused(agreement_id: UUID, partner_uid: UUID, scope: str) -> bool:
    """Has either of the pair paused this scope? What a third party pauses is its own business."""
    query = db.select(AgreementParty.paused).where(
        AgreementParty.agreement_id == agreement_id, AgreementParty.uid.in_((counties.own().uid, partner_uid))
    )
    return any({"all", scope} & set(paused) for paused in db.session.scalars(query))


def is_active(reference: AgreementRef, partner_uid: UUID) -> bool:
    """May an opening name this agreement version? Ingress follows decisions only, never the clock."""
    agreement = db.session.scalars(db.select(Agreement).where(Agreement.id == reference.id)).first()
    if agreement is None or agreement.state is not AgreementState.ACTIVE:
        return False
    version = effects.effective_of(agreement)
    return (
        version is not None
        and version.version == reference.version
        and version.text_digest == reference.digest
        and any(party.uid == partner_uid for party in effects.parties(agreement))
    )


def is_granted(receiver_uid: UUID, envelope: Envelope, scope: str, field: str) -> bool:
    """At ingress: do the grants the envelope's agreement version holds, sender → receiver, name this field?"""
    reference = envelope.agreement
    return reference is not None and holds(reference, envelope.sender, receiver_uid, scope, field)


def holds(reference: AgreementRef, owner_uid: UUID, receiver_uid: UUID, scope: str, field: str | None = None) -> bool:
    """Does this agreement version, which took effect here once, grant it? An aggregate finishes under its version."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == reference.id,
        AgreementVersion.version == reference.version,
        AgreementVersion.text_digest == reference.digest,
        AgreementVersion.state.in_((VersionState.EFFECTIVE, VersionState.SUPERSEDED)),
    )
    version = db.session.scalars(query).first()
    return (
        version is not None
        and version.text is not None
        and texts.granted(version.text, owner_uid, receiver_uid, scope, field)
    )


def grants(agreement: Agreement) -> list[AgreementGrant]:
    """The grants in effect."""
    query = db.select(AgreementGrant).where(AgreementGrant.agreement_id == agreement.id)
    return list(
        db.session.scalars(query.order_by(AgreementGrant.owner_uid, AgreementGrant.receiver_uid, AgreementGrant.scope))
    )
