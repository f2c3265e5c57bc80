"""What a decision does to this county's copy: the same functions at the hub, which made it, and at every follower."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events, vault
from web.extensions import db
from web.federation import pairs
from web.federation.agreements import files, texts
from web.federation.agreements.models import (
    AGREEMENT,
    VERSION,
    Agreement,
    AgreementDecision,
    AgreementSeal,
    AgreementState,
    AgreementVersion,
)
from web.federation.agreements.standing import (
    keep_parties,
    open_of,
    parties,
    proposed_parties,
    rows_of,
    stays,
    version_of,
)
from web.federation.agreements.taking_effect import take_effect
from web.federation.post import service as post
from web.federation.wire import documents
from web.federation.wire.codes import WireError
from web.tenants.counties import service as counties
from web.tenants.documents import service as papers
from web.tenants.documents.models import DocumentKind


class Impossible(RuntimeError):
    """A hub's decision that cannot follow from what is here: the aggregate stops and rings."""


@dataclass(frozen=True)
class Heard:
    """A decision on its way through. `seals`: those attached, by digest → (payload, jws or None while unsigned)."""

    decision: documents.Decision
    values: Mapping[str, Any]
    jws: str | None = None
    seals: Mapping[str, tuple[dict[str, Any], str | None]] | None = None


def apply(agreement: Agreement, heard: Heard) -> AgreementVersion | None:
    """Move the version, number the agreement, keep the decision. Impossible or WrongState when it does not follow.

    Of versions whose proposal does not name us (they were before our time) only the chain is kept: None.
    """
    decision, own = heard.decision, counties.own().uid
    if decision.prev != agreement.head or decision.n != agreement.n + 1:
        raise Impossible("not the chain held here")
    if not is_ours(agreement, decision):
        _keep(agreement, heard)
        return None
    version = version_of(agreement, decision.version)
    if version is None:
        if decision.verb != "propose" or open_of(agreement) is not None:
            raise Impossible("no such version")
        version = AgreementVersion(agreement_id=agreement.id, version=decision.version, created_at=clock.now())
    elif decision.verb not in ("propose", "counter") and decision.text != version.text_digest:
        raise Impossible("another text")
    told: dict[str, Any] = {"n": decision.n}
    peer = "" if decision.by == own else str(decision.by)
    if decision.by == own != agreement.hub_uid:  # our own word comes back: the hub's entry of it
        told, peer = told | {"is_echo": True}, str(agreement.hub_uid)
    with events.by(_who(agreement, version, decision.by)):
        VERSION.apply(version, decision.verb, peer=peer, details=told)
    version.state_at = clock.now()
    db.session.add(version)
    db.session.flush()
    EFFECTS.get(decision.verb, _nothing)(agreement, version, heard)
    _keep(agreement, heard)
    events.announce(
        pairs.Moved("agreement", agreement.id, decision.verb, version.state, decision.by, decision.by == own)
    )
    return version


def _who(agreement: Agreement, version: AgreementVersion, by: UUID) -> events.Actor:
    """Who is told of: the hub brings every word to a follower, and one of a third party is that party's."""
    who, own = events.actor(), counties.own().uid
    if version.text is None or agreement.hub_uid == own or by in (own, agreement.hub_uid):
        return who
    named = {party.uid: party.name for party in rows_of(agreement, version.text)}
    return events.Actor(None, named.get(by, who.name), "peer")


def fill_in(agreement: Agreement, decision: documents.Decision, values: Mapping[str, Any]) -> None:
    """The values of a decision that came before them, by another party."""
    if not values:
        return
    query = db.select(AgreementDecision).where(
        AgreementDecision.agreement_id == agreement.id,
        AgreementDecision.digest == decision.digest,
        AgreementDecision.said.is_(None),
    )
    row = db.session.scalars(query).first()
    if row is not None:
        row.said = vault.wrap(agreement.id, json.dumps(dict(values), ensure_ascii=False).encode())
        db.session.flush()


def is_ours(agreement: Agreement, decision: documents.Decision) -> bool:
    """Is the decision about a version that names us among its parties?"""
    if decision.verb == "propose":
        return str(counties.own().uid) in decision.body["parties"]
    query = db.select(AgreementDecision.payload).where(
        AgreementDecision.agreement_id == agreement.id,
        AgreementDecision.version == decision.version,
        AgreementDecision.verb == "propose",
    )
    proposal = db.session.scalar(query)
    return proposal is not None and str(counties.own().uid) in proposal["body"]["parties"]


def _keep(agreement: Agreement, heard: Heard) -> None:
    """Number the agreement and store the decision; a hub that leaves has named the next one."""
    decision = heard.decision
    if decision.verb == "succeed":
        agreement.hub_uid = UUID(decision.body["hub"])
    agreement.n, agreement.head = decision.n, decision.digest
    said = json.dumps(dict(heard.values), ensure_ascii=False).encode() if heard.values else None
    db.session.add(
        AgreementDecision(
            agreement_id=agreement.id,
            n=decision.n,
            verb=decision.verb,
            by_uid=decision.by,
            version=decision.version,
            at=decision.at,
            digest=decision.digest,
            payload=decision.as_payload(),
            jws=heard.jws,
            said=said and vault.wrap(agreement.id, said),
        )
    )
    db.session.flush()


def _nothing(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    """The state alone moves."""


def _new_text(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    """A text was put on the table: it may be here (ours), or on its way from whoever wrote it, by the hub."""
    decision = heard.decision
    version.round = decision.body.get("round", 1)
    version.author_uid, version.accepted_by = decision.by, []
    if version.text_digest != decision.text or version.text is None:
        version.former = version.text if decision.verb == "counter" else None
        version.text_digest, version.text, version.fault = decision.text, None, ""
        data = post.blob(agreement.id, decision.text)
        if data is None:
            post.expect_blob(agreement.id, decision.text, agreement.hub_uid)
        else:
            take_text(agreement, version, data)


def take_text(agreement: Agreement, version: AgreementVersion, data: bytes) -> None:
    """The text is here and its digest fits: read it, or note why it cannot be agreed to."""
    try:
        text = texts.read(data)
    except WireError:
        version.fault = "text_malformed"
        return
    uids = texts.party_uids(text)
    known = parties(agreement)
    wanted = proposed_parties(agreement, version)
    first = date.fromisoformat(text["effective_from"])
    if (
        uids[0] != agreement.hub_uid
        or counties.own().uid not in uids
        or (version.version == 1 and known and [party.uid for party in known] != uids)
        or any(stays(party, first) and party.uid not in uids for party in known)
        or (wanted and wanted != sorted(map(str, uids)))
        or (agreement.number and agreement.number != text["number"])
    ):
        version.fault = "parties_differ"
        return
    if not known:
        keep_parties(agreement, text)
    version.text, version.fault = text, ""
    if agreement.state is AgreementState.PENDING:
        agreement.title, agreement.number = text["title"], text["number"]
    db.session.flush()


def _accept(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    by = str(heard.decision.by)
    if by in version.accepted_by or heard.decision.by == version.author_uid:
        raise Impossible("accepted twice")
    version.accepted_by = [*version.accepted_by, by]


def _agree(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    if not is_accepted(agreement, version):
        raise Impossible("not accepted by all")


def is_accepted(agreement: Agreement, version: AgreementVersion) -> bool:
    """Did every party but the author of the text accept it?"""
    wanted = proposed_parties(agreement, version)
    return {*version.accepted_by, str(version.author_uid)} == set(wanted)


def _render(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    if version.pdf_digest is not None:
        raise Impossible("rendered twice")
    version.pdf_digest = heard.decision.body["pdf"]
    data = post.blob(agreement.id, version.pdf_digest)
    if data is None:
        post.expect_blob(agreement.id, version.pdf_digest, agreement.hub_uid)
    else:
        take_file(agreement, version, data)


@dataclass(frozen=True)
class _File:
    pdf: bytes
    pages: int
    sha256: str


def take_file(agreement: Agreement, version: AgreementVersion, pdf: bytes) -> None:
    """The file is here and its digest fits: the text attached inside must be the agreed one, byte for byte."""
    agreed = post.blob(agreement.id, version.text_digest)
    if agreed is None or version.text is None or files.attached_text(pdf, len(agreed)) != agreed:
        version.fault = "pdf_differs"
        events.record("agreement.pdf_differs", version)
        db.session.flush()
        return
    version.pdf_checked_at = clock.now()
    if version.document_id is None:
        file = _File(pdf, files.pages(pdf), hashlib.sha256(pdf).hexdigest())
        name = f"协议_{version.text['number']}_第{version.version}版.pdf"
        row = papers.keep(
            DocumentKind.AGREEMENT_TEXT, f"{version.text['title']}（第{version.version}版）", name, version.id, file
        )
        version.document_id = row.id
    db.session.flush()


def _seal(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    decision = heard.decision
    if decision.body["pdf"] != version.pdf_digest:
        raise Impossible("sealed another file")
    payload, jws = (heard.seals or {}).get(decision.body["seal"], (None, None))
    _keep_seal(agreement, version, decision.by, decision.body["seal"], decision, payload, jws)


def _complete(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    decision, found = heard.decision, heard.seals or {}
    if decision.body["pdf"] != version.pdf_digest or version.text is None or not texts.has_clause_14(version.text):
        raise Impossible("completed another file")
    sealed = {}
    for name in decision.body["seals"]:
        payload = found[name][0]
        exact = (str(agreement.id), version.version, version.text_digest, version.pdf_digest)
        if (payload["agreement"], payload["version"], payload["text"], payload["pdf"]) != exact:
            raise Impossible("a seal over something else")
        sealed[payload["county"]] = name
    if set(sealed) != set(proposed_parties(agreement, version)) or decision.by != agreement.hub_uid:
        raise Impossible("a seal is missing")
    for county, name in sealed.items():
        _keep_seal(agreement, version, UUID(county), name, decision, *found[name])


def _keep_seal(
    agreement: Agreement,
    version: AgreementVersion,
    county: UUID,
    name: str,
    decision: documents.Decision,
    payload: dict[str, Any] | None,
    jws: str | None,
) -> None:
    query = db.select(AgreementSeal).where(
        AgreementSeal.agreement_id == agreement.id,
        AgreementSeal.version == version.version,
        AgreementSeal.county_uid == county,
    )
    row = db.session.scalars(query).first()
    if row is None:
        row = AgreementSeal(
            agreement_id=agreement.id, version=version.version, county_uid=county, digest=name, at=decision.at
        )
        db.session.add(row)
    elif row.digest != name:
        raise Impossible("two seals of one county")
    row.payload, row.jws = row.payload or payload, row.jws or jws
    db.session.flush()


def _take_effect(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    take_effect(agreement, version, date.fromisoformat(heard.decision.body["effective_on"]))


def _succeed(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    """The hub hands its pen to another party; from the next decision on that one numbers."""
    successor = UUID(heard.decision.body["hub"])
    if heard.decision.by != agreement.hub_uid or successor == agreement.hub_uid:
        raise Impossible("only the hub names its successor")
    if version.text is None or successor not in texts.party_uids(version.text):
        raise Impossible("the successor is no party")


def _end(agreement: Agreement, version: AgreementVersion, heard: Heard) -> None:
    """A version ended without effect; a first one takes the agreement with it."""
    if agreement.state is AgreementState.PENDING:
        AGREEMENT.apply(agreement, "drop")
        agreement.state_at = clock.now()


Effect = Callable[[Agreement, AgreementVersion, Heard], None]
EFFECTS: dict[str, Effect] = {
    "propose": _new_text,
    "counter": _new_text,
    "accept": _accept,
    "agree": _agree,
    "render": _render,
    "seal": _seal,
    "complete": _complete,
    "take_effect": _take_effect,
    "succeed": _succeed,
    "reject": _end,
    "withdraw": _end,
    "lapse": _end,
    "void": _end,
}
