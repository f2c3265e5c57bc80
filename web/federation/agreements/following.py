"""The hub's decisions as they arrive at a follower: the chain in its order, the openings that bring some along, our own copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import structlog

from web.core import clock, events, fence
from web.core.errors import WrongState
from web.extensions import db
from web.federation import admission, verbs
from web.federation.agreements import effects, follower, hub, standing
from web.federation.agreements.models import (
    AGREEMENT,
    OPEN,
    VERSION,
    Agreement,
    AgreementVersion,
)
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage
from web.federation.wire import documents, kinds, seals
from web.federation.wire.canonical import digest_of
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.federation.wire.keys import Pins
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)


def hear(
    agreement: Agreement | None, envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]
) -> None:
    if agreement is not None and envelope.sender not in {p.uid for p in standing.parties(agreement)} | {
        agreement.hub_uid
    }:
        raise WireError("not_open")
    chain = admission.attached_decisions(envelope, attached, _hubs(agreement, envelope, attached))
    # Decisions that go with the named one come without their values: what was said to others stays with them.
    named = next(decision for decision in chain if decision.n == envelope.body["n"])
    found = admission.admit_decision(named, admitted.values[""])
    if agreement is None:
        if chain[0].n != 1:
            raise WireError("behind", envelope.coordinates, n=1)
        agreement = _open(envelope, chain)
    _apply_chain(agreement, envelope, chain, attached, {named.n: found})


def catch_up(envelope: Envelope, attached: tuple[str, ...]) -> None:
    """An opening says it is under a version that is not in effect here yet: apply the decisions it carries, else ask.

    `behind` only for a version that is known here and on its way; anything else is refused for good later.
    """
    reference = envelope.agreement
    assert reference is not None
    version = db.session.scalars(
        db.select(AgreementVersion).where(
            AgreementVersion.agreement_id == reference.id, AgreementVersion.text_digest == reference.digest
        )
    ).first()
    if version is None or version.state not in OPEN:
        return
    agreement = standing.find(reference.id)
    assert agreement is not None
    if agreement.stopped or version.state not in OPEN:
        return
    chain = admission.attached_decisions(envelope, attached, _hubs(agreement, envelope, attached))
    _apply_chain(agreement, envelope, chain, attached, {})
    if version.state in OPEN and agreement.hub_uid != counties.own().uid:
        raise WireError("behind", envelope.coordinates, agreement=str(agreement.id), n=agreement.n + 1)


def _hubs(agreement: Agreement | None, envelope: Envelope, attached: tuple[str, ...]) -> Callable[[int], Pins]:
    """Whose keys sign decision n: by the chain held here, and after its end by what came with the message. Nobody vouches for
    that yet, which is sound: each is then verified with the keys of the hub that stood when it was made. What came says
    nothing of decisions held here, or a party would name itself the hub of them. `behind` when the first one that came is
    not the next one here.
    """
    try:
        said = [seals.unverified(token) for token in attached if seals.typ_of(token) == seals.DECISION]
        for payload in said:
            documents.DECISION.check(payload, "fed1-decision")
            if payload["verb"] == "succeed":
                kinds.UUID_.check(payload["body"].get("hub"), "fed1-decision/body/hub")
    except WireError as error:
        raise WireError("disclosure_missing", envelope.coordinates, where="attached") from error
    about = envelope.agreement.id if envelope.agreement else envelope.about_id
    known = 0 if agreement is None else agreement.n
    if said and min(payload["n"] for payload in said) > known + 1:
        raise WireError("behind", envelope.coordinates, agreement=str(about), n=known + 1)
    held = [] if agreement is None else standing.successions(agreement)
    chain = [*held, *(payload for payload in said if payload["n"] > known)]
    hubs = {payload["n"]: UUID(payload["by"]) for payload in chain if payload["n"] == 1}
    hubs |= {p["n"] + 1: UUID(p["body"]["hub"]) for p in chain if p["verb"] == "succeed"}

    def pins(n: int) -> Pins:
        hub = hubs[max(k for k in hubs if k <= n)]
        return keys.own_pins() if hub == counties.own().uid else keys.pins(hub)

    return pins


def _apply_chain(
    agreement: Agreement,
    envelope: Envelope,
    chain: list[documents.Decision],
    attached: tuple[str, ...],
    admitted: Mapping[int, admission.Admitted],
) -> None:
    """Apply what is new, in order; `behind` where one is missing. An impossible one stops the agreement and rings."""
    tokens = {decision.digest: token for token in attached for decision in _decision_of(token, chain)}
    nothing = admission.Admitted({}, {})
    for decision in chain:
        found = admitted.get(decision.n, nothing)
        if decision.n <= agreement.n or agreement.stopped:
            effects.fill_in(agreement, decision, found.values)
            continue
        if decision.n != agreement.n + 1:
            raise WireError("behind", envelope.coordinates, agreement=str(agreement.id), n=agreement.n + 1)
        admission.check_decision(decision)
        given = _seals_of(agreement, decision, attached)
        heard = effects.Heard(decision, found.values, tokens.get(decision.digest), given)
        try:
            with fence.savepoint():
                if effects.is_ours(agreement, decision):
                    _demand_decider(agreement, decision)
                effects.apply(agreement, heard)
        except (effects.Impossible, WrongState) as error:
            agreement.stopped = why = "impossible_decision"
            details = {"why": str(error)}
            events.record("agreement.stop", agreement, reason=why, details=details, peer=str(envelope.sender))
            log.warning("agreement.stopped", verb=decision.verb, n=decision.n, why=str(error))
            db.session.flush()
            return
        for item in found.disclosures:
            db.session.add(post.stored(envelope.id, agreement.id, item, ""))
        _settle_pending(agreement, decision)


def _demand_decider(agreement: Agreement, decision: documents.Decision) -> None:
    """Impossible unless the party named may say the verb; and what is told of us we must have proposed ourselves."""
    version = standing.version_of(agreement, decision.version)
    row = VERSION.row(version.state if version else None, decision.verb)
    if row is None:
        raise effects.Impossible("no such row")
    if row.decider != "any" and (row.decider == "hub") != (decision.by == agreement.hub_uid):
        raise effects.Impossible("said by nobody who may")
    first = standing.proposed_parties(agreement, version) if version else decision.body["parties"]
    if str(decision.by) not in first:
        raise effects.Impossible("said by nobody who may")
    is_ours = decision.by == counties.own().uid
    if is_ours != _is_proposed(agreement, decision):
        raise effects.Impossible("we did not say so")


def _is_proposed(agreement: Agreement, decision: documents.Decision) -> bool:
    """Whether the cause is a proposal of ours with this verb and text, said on the decision before, and not refused."""
    if decision.cause is None:
        return False
    query = db.select(OutboxMessage.body).where(
        OutboxMessage.id == decision.cause,
        OutboxMessage.peer_uid == agreement.hub_uid,
        OutboxMessage.about_id == agreement.id,
        OutboxMessage.type == f"agreement.{decision.verb}",
        OutboxMessage.base == decision.n - 1,
        OutboxMessage.result.is_distinct_from("refused"),
    )
    body = db.session.scalar(query)
    said = {"version": decision.version, "text": decision.text} | {
        name: decision.body[name] for name in ("pdf", "seal") if name in decision.body
    }
    return body is not None and dict(body) == said


def _decision_of(token: str, chain: list[documents.Decision]) -> list[documents.Decision]:
    if seals.typ_of(token) != seals.DECISION:
        return []
    payload = seals.unverified(token)
    return [d for d in chain if d.n == payload.get("n")]


def _open(envelope: Envelope, chain: list[documents.Decision]) -> Agreement:
    """A hub proposed an agreement to us, or a version of one that stands without us: our copy begins with its chain."""
    first, own = chain[0], str(counties.own().uid)
    proposals = [d.body["parties"] for d in chain if d.verb == "propose"]
    if first.verb != "propose" or first.version != 1:
        raise WireError("malformed", envelope.coordinates, where="fed1-decision")
    if not any(own in parties and str(envelope.sender) in parties for parties in proposals):
        raise WireError("malformed", envelope.coordinates, where="fed1-decision/parties")
    now = clock.now()
    agreement = Agreement(id=envelope.about_id, hub_uid=first.by, awaiting=[], created_at=now, state_at=now)
    agreement.n = 0
    agreement.pending = agreement.refused_code = agreement.stopped = agreement.title = agreement.number = ""
    AGREEMENT.apply(agreement, "begin", peer=str(envelope.sender))
    db.session.add(agreement)
    db.session.flush()
    return agreement


def _seals_of(
    agreement: Agreement, decision: documents.Decision, attached: tuple[str, ...]
) -> dict[str, tuple[dict[str, Any], str | None]] | None:
    """The seals a completing decision names, each verified with the key we pinned for its county."""
    if decision.verb != "complete" or standing.version_of(agreement, decision.version) is None:
        return None
    own = counties.own().uid
    version = standing.version_of(agreement, decision.version)
    uids = [UUID(uid) for uid in standing.proposed_parties(agreement, version)] if version else []
    # A seal that the hub had told of before its key was revoked is older than that: it stays what it was.
    told = {row.county_uid: row.at for row in hub.seal_rows(agreement, version)} if version else {}
    pins = {uid: keys.own_pins() if uid == own else keys.pins(uid, told.get(uid)) for uid in uids}
    found = admission.attached_seals(attached, pins, decision.body["seals"])
    tokens = {digest_of(seals.unverified(t)): t for t in attached if seals.typ_of(t) == seals.SEAL}
    return {seal.digest: (seal.as_payload(), tokens[seal.digest]) for seal in found}


def _settle_pending(agreement: Agreement, decision: documents.Decision) -> None:
    """Our word came back as the decision, or another one came before it and ours is void."""
    if agreement.pending and decision.cause == agreement.pending_id:
        agreement.pending, agreement.pending_id, agreement.refused_code = "", None, ""
        db.session.flush()
    elif _is_crossed(agreement, decision):
        version = standing.open_of(agreement)
        assert version is not None, "what another just agreed to is open until all have"
        follower.say(agreement, version, "accept")
    elif agreement.pending:
        drop(agreement, "overtaken")


def _is_crossed(agreement: Agreement, decision: documents.Decision) -> bool:
    """Another party agreed while we did, to the same text: only the number of our word is old, so it is said again by
    itself. The hub's refusal may have come before the decision.
    """
    if decision.verb != "accept" or agreement.pending:
        return decision.verb == agreement.pending == "accept"
    query = db.select(OutboxMessage.id).where(
        OutboxMessage.about_id == agreement.id,
        OutboxMessage.type == "agreement.accept",
        OutboxMessage.base == decision.n - 1,
        OutboxMessage.result == "refused",
        OutboxMessage.code == "stale_base",
    )
    return agreement.refused_code == "stale_base" and db.session.scalar(query.limit(1)) is not None


def drop(agreement: Agreement, code: str) -> None:
    verb = agreement.pending
    agreement.pending, agreement.pending_id, agreement.refused_code = "", None, code
    with verbs.own_word():
        events.record(f"agreement.drop_{verb}", agreement, reason=code)
    db.session.flush()
