"""Many agreements at once, each with what a list shows of it: two queries, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased

from web.extensions import db
from web.federation.agreements.models import (
    OPEN,
    Agreement,
    AgreementApproval,
    AgreementParty,
    AgreementSeal,
    AgreementVersion,
    VersionState,
)


@dataclass
class Listed:
    """An agreement with its version in hand (as `reading.current`), the one in effect, `everyone` of its parties in their order, who
    sealed the version in hand, and our leader's approval of it.
    """

    agreement: Agreement
    version: AgreementVersion
    effective: AgreementVersion | None = None
    approval: AgreementApproval | None = None
    sealed: set[UUID] = field(default_factory=set)
    everyone: list[AgreementParty] = field(default_factory=list)


def listed(*where: Any, order: Sequence[Any], limit: int) -> list[Listed]:
    """The agreements for which all of `where` holds."""
    newer = aliased(AgreementVersion)
    one = db.select(Agreement.id).where(*where).order_by(*order).limit(limit).subquery()
    seals = (
        db.select(db.func.array_agg(AgreementSeal.county_uid))
        .where(
            AgreementSeal.tenant_id == AgreementVersion.tenant_id,
            AgreementSeal.agreement_id == AgreementVersion.agreement_id,
            AgreementSeal.version == AgreementVersion.version,
        )
        .scalar_subquery()
    )
    is_newest = ~db.exists().where(
        newer.tenant_id == AgreementVersion.tenant_id,
        newer.agreement_id == AgreementVersion.agreement_id,
        newer.version > AgreementVersion.version,
    )
    query = (
        db.select(Agreement, AgreementVersion, AgreementApproval, seals)
        .join(one, one.c.id == Agreement.id)
        .join(
            AgreementVersion,
            and_(
                AgreementVersion.tenant_id == Agreement.tenant_id,
                AgreementVersion.agreement_id == Agreement.id,
                or_(AgreementVersion.state.in_((*OPEN, VersionState.EFFECTIVE)), is_newest),
            ),
        )
        .outerjoin(
            AgreementApproval,
            and_(
                AgreementApproval.tenant_id == AgreementVersion.tenant_id,
                AgreementApproval.agreement_id == AgreementVersion.agreement_id,
                AgreementApproval.version == AgreementVersion.version,
                AgreementApproval.text_digest == AgreementVersion.text_digest,
                AgreementApproval.pdf_digest == AgreementVersion.pdf_digest,
            ),
        )
        .order_by(*order, AgreementVersion.version)
    )
    found: dict[UUID, Listed] = {}
    for agreement, version, approval, sealed in db.session.execute(query):
        row = found.setdefault(agreement.id, Listed(agreement, version))
        if version.state is VersionState.EFFECTIVE:
            row.effective = version
        if _weight(version) >= _weight(row.version):
            row.version, row.approval, row.sealed = version, approval, set(sealed or ())
    for agreement_id, parties in _parties(list(found)).items():
        found[agreement_id].everyone = parties
    return list(found.values())


def _weight(version: AgreementVersion) -> tuple[bool, bool, int]:
    """The open one before the one in effect before the newest."""
    return version.state in OPEN, version.state is VersionState.EFFECTIVE, version.version


def _parties(ids: Sequence[UUID]) -> dict[UUID, list[AgreementParty]]:
    query = db.select(AgreementParty).where(AgreementParty.agreement_id.in_(ids)).order_by(AgreementParty.place)
    found: dict[UUID, list[AgreementParty]] = defaultdict(list)
    for party in db.session.scalars(query) if ids else ():
        found[party.agreement_id].append(party)
    return found
