"""Finding an agreement of this county and what belongs to it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from web.core import vault
from web.core.errors import NotFound
from web.extensions import db
from web.federation.agreements import effects, hearing
from web.federation.agreements.models import Agreement, AgreementDecision, AgreementVersion
from web.tenants.counties import service as counties


def get(agreement_id: UUID, *, lock: bool = False) -> Agreement:
    """NotFound when it is absent or another county's."""
    if lock:
        found = hearing.find(agreement_id)
    else:
        found = db.session.scalars(db.select(Agreement).where(Agreement.id == agreement_id)).first()
    if found is None:
        raise NotFound()
    return found


def role(agreement: Agreement) -> str:
    """Ours in this agreement: hub or follower."""
    return "hub" if agreement.hub_uid == counties.own().uid else "follower"


def current(agreement: Agreement) -> AgreementVersion:
    """The version in hand: the open one, else the one in effect, else the newest."""
    query = db.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    newest = db.session.scalars(query.order_by(AgreementVersion.version.desc())).first()
    found = effects.open_of(agreement) or effects.effective_of(agreement) or newest
    if found is None:
        raise NotFound()
    return found


def versions(agreement: Agreement) -> list[AgreementVersion]:
    """All versions here, newest first."""
    query = db.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    return list(db.session.scalars(query.order_by(AgreementVersion.version.desc())))


def decisions(agreement: Agreement) -> list[AgreementDecision]:
    """The chain here, ascending."""
    query = db.select(AgreementDecision).where(AgreementDecision.agreement_id == agreement.id)
    return list(db.session.scalars(query.order_by(AgreementDecision.n)))


def said(decision: AgreementDecision) -> dict[str, Any]:
    """The values disclosed with a decision, by pointer; empty once purged."""
    if decision.said is None:
        return {}
    try:
        return dict(json.loads(vault.unwrap(decision.agreement_id, decision.said)))
    except vault.Purged:
        return {}


def liaisons(agreement: Agreement) -> dict[int, dict[str, str]]:
    """Place of the party → name, post, phone, as last disclosed."""
    found: dict[int, dict[str, str]] = {}
    for decision in decisions(agreement):
        for pointer, value in said(decision).items():
            parts = pointer.split("/")
            if parts[1] == "liaisons":
                found.setdefault(int(parts[2]), {})[parts[3]] = value
    return found
