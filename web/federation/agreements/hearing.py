"""What arrives about agreements: proposals at the hub, everybody's registers; the hub's decisions go to `following`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from web.core import events
from web.extensions import db
from web.federation import admission
from web.federation.agreements import effects, following, hub, meetings, progress, registers, standing
from web.federation.agreements.models import (
    OPEN,
    VERSION,
    Agreement,
    AgreementVersion,
    VersionState,
)
from web.federation.messages import MESSAGES, PROPOSAL
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.inbox import StaleBase
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.wire import seals
from web.federation.wire.canonical import digest_of
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)


def hear(envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]) -> None:
    """Entry from the post: every message of type `agreement.…`."""
    verb = envelope.type.partition(".")[2]
    agreement = standing.find(envelope.about_id)
    if verb == "decision":
        following.hear(agreement, envelope, admitted, attached)
        return
    if agreement is None:
        raise WireError("not_open")
    if MESSAGES[envelope.type].numbering is PROPOSAL:
        _hear_proposal(agreement, envelope, admitted, attached, verb)
        return
    party = next((p for p in standing.parties(agreement) if p.uid == envelope.sender), None)
    if party is None:
        raise WireError("not_open")
    if verb == "stop":
        registers.hear_stop(agreement, party, envelope.body, _stop_reason(admitted))
    elif verb == "closed":
        registers.hear_closed(agreement, party, envelope.body)
    elif verb == "meeting":
        meetings.hear(agreement, party, envelope.body, admitted)
    else:
        progress.hear(agreement, party, envelope.body, str(admitted.get("/note") or ""))


def _stop_reason(admitted: admission.Admitted) -> str:
    return str(admitted.get("/reason") or "")


# --- at the hub


def _hear_proposal(
    agreement: Agreement,
    envelope: Envelope,
    admitted: admission.Admitted,
    attached: tuple[str, ...],
    verb: str,
) -> None:
    own = counties.own().uid
    if agreement.hub_uid != own or envelope.base is None:
        raise WireError("not_open")
    if envelope.base != agreement.n:
        raise StaleBase(agreement.n)
    version = standing.open_of(agreement)
    body = envelope.body
    if version is not None and str(envelope.sender) not in standing.proposed_parties(agreement, version):
        raise WireError("not_open")
    if version is None or body["version"] != version.version or VERSION.row(version.state, verb) is None:
        raise WireError("illegal_transition", verb=verb)
    if verb != "counter" and body["text"] != version.text_digest:
        raise WireError("illegal_transition", verb=verb, where="text")
    if verb == "counter":
        _hear_counter(agreement, version, envelope)
    elif verb == "accept":
        if envelope.sender == version.author_uid or str(envelope.sender) in version.accepted_by:
            raise WireError("illegal_transition", verb=verb)
        hub.decide(agreement, version, "accept", by=envelope.sender, cause=envelope.id)
        hub.agree_when_accepted(agreement, version)
    elif verb == "reject":
        hub.decide(agreement, version, "reject", by=envelope.sender, values=admitted.values, cause=envelope.id)
    else:
        _hear_seal(agreement, version, envelope, admitted.values, attached)


def _hear_counter(agreement: Agreement, version: AgreementVersion, envelope: Envelope) -> None:
    """Another text is proposed; it becomes a decision when the text itself is here and can be read."""
    if version.round >= hub.ROUNDS:
        raise WireError("illegal_transition", verb="counter")
    text = envelope.body["text"]
    post.expect_blob(agreement.id, text, envelope.sender)
    entry = {"id": str(envelope.id), "by": str(envelope.sender), "text": text, "base": envelope.base}
    agreement.awaiting = [*agreement.awaiting, entry]
    db.session.flush()
    if post.blob(agreement.id, text) is not None:
        take_counters(agreement, text)


def take_counters(agreement: Agreement, name: str) -> None:
    """A text arrived at the hub: the counter that waited for it is decided, unless something came before it."""
    waiting = [entry for entry in agreement.awaiting if entry["text"] == name]
    agreement.awaiting = [entry for entry in agreement.awaiting if entry["text"] != name]
    for entry in waiting:
        version = standing.open_of(agreement)
        if version is None or version.state is not VersionState.PROPOSED or entry["base"] != agreement.n:
            continue
        values: dict[str, Any] = {}
        query = db.select(StoredDisclosure).where(StoredDisclosure.message_id == UUID(entry["id"]))
        for row in db.session.scalars(query):
            opened = post.reopened(row)
            if opened is not None:
                values[opened.pointer] = opened.value
        hub.counter(agreement, version, UUID(entry["by"]), name, values, UUID(entry["id"]))
    db.session.flush()


def _hear_seal(
    agreement: Agreement,
    version: AgreementVersion,
    envelope: Envelope,
    values: Mapping[str, Any],
    attached: tuple[str, ...],
) -> None:
    body, name = envelope.body, envelope.body["seal"]
    if body["pdf"] != version.pdf_digest or any(
        row.county_uid == envelope.sender for row in hub.seal_rows(agreement, version)
    ):
        raise WireError("illegal_transition", verb="seal")
    seal = admission.attached_seals(attached, {envelope.sender: keys.pins(envelope.sender)}, [name])[0]
    exact = (agreement.id, version.version, version.text_digest, version.pdf_digest, envelope.sender)
    if (seal.agreement, seal.version, seal.text, seal.pdf, seal.county) != exact:
        raise WireError("illegal_transition", verb="seal", where="seal")
    token = next(t for t in attached if seals.typ_of(t) == seals.SEAL and digest_of(seals.unverified(t)) == name)
    hub.decide(
        agreement,
        version,
        "seal",
        by=envelope.sender,
        body={"pdf": body["pdf"], "seal": name},
        values=values,
        cause=envelope.id,
        sealed={name: (seal.as_payload(), token)},
    )


# --- both


def refused(message: OutboxMessage) -> None:
    """A message of ours was refused for good: a proposal is undone, a decision stops and rings."""
    agreement = standing.find(message.about_id)
    if agreement is None:
        return
    code = message.code or ""
    if message.base is not None and agreement.pending_id == message.id:
        following.drop(agreement, code)
    elif message.n is not None:
        agreement.stopped = f"refused_{code}"[:40]
        events.record("agreement.stop", agreement, reason=code, peer=str(message.peer_uid))
        log.error("decision.refused", kind="agreement", n=message.n, code=code)
        db.session.flush()


@events.subscribe(post.BlobArrived)
def _blob_arrived(arrived: post.BlobArrived) -> None:
    agreement = standing.find(arrived.about_id)
    data = post.blob(arrived.about_id, arrived.digest)
    if agreement is None or data is None:
        return
    if any(entry["text"] == arrived.digest for entry in agreement.awaiting):
        take_counters(agreement, arrived.digest)
        return
    query = db.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
    for version in db.session.scalars(query.where(AgreementVersion.state.in_(OPEN))):
        if version.text is None and version.text_digest == arrived.digest:
            effects.take_text(agreement, version, data)
        elif version.pdf_digest == arrived.digest and version.pdf_checked_at is None:
            effects.take_file(agreement, version, data)
