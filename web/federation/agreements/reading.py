"""Finding an agreement of this county and what belongs to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from web.core import vault
from web.core.errors import NotFound, WrongState
from web.extensions import db
from web.federation.agreements import standing, texts
from web.federation.agreements.models import Agreement, AgreementDecision, AgreementVersion, VersionState
from web.federation.post.models import Blob
from web.tenants.counties import service as counties


def get(agreement_id: UUID, *, lock: bool = False) -> Agreement:
    """NotFound when it is absent or another county's."""
    if lock:
        found = standing.find(agreement_id)
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
    found = standing.open_of(agreement) or standing.effective_of(agreement) or newest
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


def liaisons(agreement: Agreement) -> dict[UUID, dict[str, str]]:
    """Party → name, post, phone, as last disclosed. A pointer names a place in its own version: another may order anew."""
    found: dict[UUID, dict[str, str]] = {}
    d, v = AgreementDecision, AgreementVersion
    query = (
        db.select(d, v.text["parties"])
        .join(v, (v.tenant_id == d.tenant_id) & (v.agreement_id == d.agreement_id) & (v.version == d.version))
        .where(d.agreement_id == agreement.id, d.said.is_not(None))
    )
    for decision, parties in db.session.execute(query.order_by(d.n)):
        for pointer, value in said(decision).items():
            parts = pointer.split("/")
            if parts[1] == "liaisons" and int(parts[2]) < len(parties or []):
                found.setdefault(UUID(parties[int(parts[2])]["uid"]), {})[parts[3]] = value
    return found


def opened(agreement: Agreement) -> AgreementVersion:
    """The open version, when our side may say something about it; WrongState with what to wait for."""
    if agreement.stopped:
        raise WrongState("aggregate_stopped", cause=agreement.stopped)
    if agreement.pending:
        raise WrongState("waiting_for_partner", verb=agreement.pending)
    version = standing.open_of(agreement)
    if version is None:
        raise WrongState("no_open_version")
    return version


@dataclass(frozen=True)
class TextHere:
    """A text that was once on the table and is here. `key`: v1r2 = version 1, round 2; v2d = our draft."""

    key: str
    version: int
    round: int
    by_uid: UUID
    at: datetime
    text: dict[str, Any]


def texts_here(agreement: Agreement) -> list[TextHere]:
    """Every text of every round, oldest first: two queries."""
    on_table = [d for d in decisions(agreement) if d.verb in ("propose", "counter")]
    query = db.select(Blob.digest, Blob.content).where(
        Blob.about_id == agreement.id, Blob.digest.in_([d.payload["text"] for d in on_table])
    )
    blobs = {digest: content for digest, content in db.session.execute(query) if content is not None}
    found = []
    for decision in on_table:
        data = blobs.get(decision.payload["text"])
        if data is not None:
            no = decision.payload["body"].get("round", 1)
            key = f"v{decision.version}r{no}"
            found.append(TextHere(key, decision.version, no, decision.by_uid, decision.at, texts.read(data)))
    draft = standing.open_of(agreement)
    if draft is not None and draft.state is VersionState.DRAFT and draft.text is not None:
        key = f"v{draft.version}d"
        found.append(TextHere(key, draft.version, 0, agreement.hub_uid, draft.created_at, draft.text))
    return found
