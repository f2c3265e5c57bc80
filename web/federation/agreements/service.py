"""Verbs of an agreement as a county's people say them, and what other rooms ask: what covers this, is it granted.

At the hub a verb is decided at once; a follower's is a proposal that stays `pending` until the hub's decision is back.
Every function that takes an id locks the agreement's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import effects, hearing, hub, registers, texts
from web.federation.agreements.coverage import covering, grants, holds, in_force, is_active, is_granted
from web.federation.agreements.models import (
    AGREEMENT,
    VERSION,
    Agreement,
    AgreementApproval,
    AgreementState,
    AgreementVersion,
    CooperationProgress,
    VersionState,
)
from web.federation.agreements.reading import current, decisions, get, liaisons, role, said, versions
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.wire import documents, seals
from web.federation.wire.codes import WireError
from web.tenants.counties import service as counties


def can(agreement: Agreement) -> list[str]:
    """The verbs our side may say about the open version now."""
    version = effects.open_of(agreement)
    if version is None or agreement.pending or agreement.stopped:
        return []
    own = counties.own().uid
    allowed = VERSION.allowed(version.state, role(agreement))
    is_readable = version.text is not None and not version.fault
    hidden = set()
    if not is_readable:
        hidden |= {"accept", "counter", "seal", "complete"}
    if version.author_uid == own or str(own) in version.accepted_by:
        hidden |= {"accept"}
    if version.pdf_checked_at is None or own in {s.county_uid for s in hub.seal_rows(agreement, version)}:
        hidden |= {"seal", "complete"}
    return [verb for verb in allowed if verb not in hidden]


# --- drafting and proposing


def begin(partners: Sequence[UUID], text: Mapping[str, Any]) -> Agreement:
    """A draft with us as its hub. `text` without number, level and parties, which are filled in. Invalid for a partner
    who is not confirmed.
    """
    peers = {peer.uid: peer for peer in keys.partners()}
    if not partners or any(uid not in peers for uid in partners) or len(set(partners)) != len(partners):
        raise Invalid({"partners": "not_a_partner"})
    own, now = counties.own(), clock.now()
    agreement = Agreement(
        id=uuid7(), hub_uid=own.uid, number=_next_number(own.code), title=text["title"], awaiting=[], created_at=now,
        state_at=now, n=0, pending="", refused_code="", stopped="",
    )  # fmt: skip
    AGREEMENT.apply(agreement, "begin")
    db.session.add(agreement)
    db.session.flush()
    parties = [{"uid": str(own.uid), "code": own.code, "name": own.name, "office": own.office}]
    parties += [
        {"uid": str(uid), "code": peers[uid].code, "name": peers[uid].name, "office": peers[uid].office}
        for uid in partners
    ]
    whole = {**text, "number": agreement.number, "level": "county", "parties": parties}
    effects.keep_parties(agreement, whole)
    _draft(agreement, 1, whole)
    return agreement


def _next_number(code: str) -> str:
    counties.settings(lock=True)
    stem = f"{code}-{clock.today().year}-"
    count = db.session.scalar(
        db.select(db.func.count()).select_from(Agreement).where(Agreement.number.startswith(stem))
    )
    return f"{stem}{(count or 0) + 1:03d}"


def _draft(agreement: Agreement, number: int, text: Mapping[str, Any]) -> AgreementVersion:
    version = AgreementVersion(
        agreement_id=agreement.id, version=number, text=dict(text), author_uid=agreement.hub_uid, created_at=clock.now(),
        state_at=clock.now(), round=1, accepted_by=[], fault="", text_digest="",
    )  # fmt: skip
    VERSION.apply(version, "draft")
    db.session.add(version)
    db.session.flush()
    return version


def amend(agreement_id: UUID) -> AgreementVersion:
    """A draft of the next version out of the one in effect, by the hub. WrongState while another version is open."""
    agreement = get(agreement_id, lock=True)
    version = effects.effective_of(agreement)
    if role(agreement) != "hub" or agreement.state is not AgreementState.ACTIVE or version is None:
        raise WrongState("only_hub_amends")
    if effects.open_of(agreement) is not None:
        raise WrongState("version_open")
    assert version.text is not None
    return _draft(agreement, version.version + 1, version.text)


def _open(agreement: Agreement) -> AgreementVersion:
    if agreement.stopped:
        raise WrongState("aggregate_stopped", cause=agreement.stopped)
    if agreement.pending:
        raise WrongState("waiting_for_partner", verb=agreement.pending)
    version = effects.open_of(agreement)
    if version is None:
        raise WrongState("no_open_version")
    return version


def revise(agreement_id: UUID, text: Mapping[str, Any]) -> AgreementVersion:
    """Change the draft. Number, level and parties stay."""
    agreement = get(agreement_id, lock=True)
    version = _open(agreement)
    if version.state is not VersionState.DRAFT:
        raise WrongState("not_a_draft")
    version.text = _whole(version, text)
    agreement.title = version.text["title"] if version.version == 1 else agreement.title
    events.record("agreement_version.revise", version)
    db.session.flush()
    return version


def _whole(version: AgreementVersion, text: Mapping[str, Any]) -> dict[str, Any]:
    assert version.text is not None
    return {**text, **{name: version.text[name] for name in ("number", "level", "parties")}}


def _written(agreement: Agreement, text: Mapping[str, Any]) -> str:
    """Store the text as canonical JSON; its digest. Invalid when it is not one yet."""
    try:
        return post.keep_blob(agreement.id, texts.write(dict(text)))
    except WireError as error:
        raise Invalid(code="text_incomplete", where=str(error.params.get("where", "text"))) from error


def _liaison_values(agreement: Agreement, given: Mapping[UUID, Mapping[str, str]]) -> dict[str, str]:
    places = {party.uid: party.place for party in effects.parties(agreement)}
    return {
        f"/liaisons/{places[uid]}/{name}": value
        for uid, words in given.items()
        if uid in places
        for name, value in words.items()
        if name in ("name", "post", "phone") and value
    }


def propose(agreement_id: UUID, liaisons: Mapping[UUID, Mapping[str, str]] | None = None) -> None:
    """The hub puts the draft on the table of every party. `liaisons`: party → {name, post, phone}."""
    agreement = get(agreement_id, lock=True)
    version = _open(agreement)
    VERSION.demand(version.state, "propose", role(agreement))
    assert version.text is not None
    name = _written(agreement, version.text)
    version.text_digest = name
    uids = sorted(str(uid) for uid in texts.party_uids(version.text))
    values = _liaison_values(agreement, liaisons or {})
    hub.decide(agreement, version, "propose", body={"parties": uids}, values=values, text=name, blobs=[name])


def counter(
    agreement_id: UUID,
    text: Mapping[str, Any],
    liaisons: Mapping[UUID, Mapping[str, str]] | None = None,
    reason: str = "",
) -> None:
    """Another text, by any party; every acceptance so far is void."""
    agreement = get(agreement_id, lock=True)
    version = _open(agreement)
    mine = role(agreement)
    VERSION.demand(version.state, "counter", mine)
    if version.text is None or version.fault:
        raise WrongState("text_not_here")
    if version.round >= hub.ROUNDS:
        raise WrongState("too_many_rounds", rounds=hub.ROUNDS)
    name = _written(agreement, _whole(version, text))
    if name == version.text_digest:
        raise Invalid(code="nothing_changed")
    values = _liaison_values(agreement, liaisons or {}) | ({"/reason": reason} if reason else {})
    if mine == "hub":
        hub.counter(agreement, version, agreement.hub_uid, name, values, None)
        return
    _say(agreement, version, "counter", {"text": name}, values, reason=reason, blobs=[name])


def _say(
    agreement: Agreement,
    version: AgreementVersion,
    verb: str,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
    blobs: Sequence[str] = (),
    attached: Sequence[Mapping[str, Any]] = (),
) -> None:
    """A follower's proposal on the last decision it applied."""
    whole = {"version": version.version, "text": version.text_digest, **(body or {})}
    agreement.pending = verb
    agreement.pending_id = post.send(
        agreement.hub_uid, f"agreement.{verb}", agreement.id, whole, values, base=agreement.n, blobs=blobs,
        attached=attached,
    )  # fmt: skip
    events.record(f"agreement.propose_{verb}", agreement, reason=reason, details={"version": version.version})
    db.session.flush()


def accept(agreement_id: UUID) -> None:
    """Our side agrees to the text on the table. Every party's fingerprint must have been confirmed by us before."""
    agreement = get(agreement_id, lock=True)
    version, own = _open(agreement), counties.own().uid
    VERSION.demand(version.state, "accept", role(agreement))
    if version.text is None or version.fault:
        raise WrongState("text_not_here")
    if version.author_uid == own or str(own) in version.accepted_by:
        raise WrongState("accepted_already")
    _demand_partners(agreement)
    if role(agreement) == "hub":
        hub.decide(agreement, version, "accept")
        hub.agree_when_accepted(agreement, version)
    else:
        _say(agreement, version, "accept")


def _demand_partners(agreement: Agreement) -> None:
    """Seals of every party will have to be checked: each must be a confirmed partner of ours."""
    own, known = counties.own().uid, {peer.uid for peer in keys.partners()}
    unknown = [party.name for party in effects.parties(agreement) if party.uid not in known and party.uid != own]
    if unknown:
        raise WrongState("party_not_confirmed", names="、".join(unknown))


def reject(agreement_id: UUID, reason: str) -> None:
    """A follower does not want this version, and says why."""
    agreement = get(agreement_id, lock=True)
    version = _open(agreement)
    VERSION.demand(version.state, "reject", role(agreement))
    if not reason.strip():
        raise Invalid({"reason": "required"})
    _say(agreement, version, "reject", values={"/reason": reason.strip()}, reason=reason)


def withdraw(agreement_id: UUID, reason: str = "") -> None:
    """The hub takes its version back; a draft is thrown away without a word."""
    agreement = get(agreement_id, lock=True)
    version = _open(agreement)
    if version.state is VersionState.DRAFT:
        hub.drop_draft(agreement, version)
        return
    VERSION.demand(version.state, "withdraw", role(agreement))
    hub.decide(agreement, version, "withdraw", values={"/reason": reason} if reason else {})


# --- the file, approval, seals


def rendered(version_id: UUID, pdf: bytes) -> None:
    """The hub's file of an agreed version is made (by the job, once): everybody gets it."""
    query = db.select(AgreementVersion).where(AgreementVersion.id == version_id)
    version = db.session.scalars(query).first()
    if version is None:
        raise NotFound()
    agreement = get(version.agreement_id, lock=True)
    if version.state is not VersionState.AGREED or version.pdf_digest is not None:
        return
    name = post.keep_blob(agreement.id, pdf)
    hub.decide(agreement, version, "render", body={"pdf": name}, blobs=[name])


def approve(agreement_id: UUID) -> AgreementApproval:
    """Our leader approves sealing exactly the text and file that are here, checked; logged with who and when."""
    agreement = get(agreement_id, lock=True)
    version = effects.open_of(agreement)
    if version is None or version.state is not VersionState.AGREED:
        raise WrongState("nothing_to_approve")
    if version.pdf_checked_at is None or version.pdf_digest is None or version.fault:
        raise WrongState("file_not_checked")
    who = events.actor()
    row = AgreementApproval(
        agreement_id=agreement.id, version=version.version, text_digest=version.text_digest,
        pdf_digest=version.pdf_digest, account_id=who.account_id, name=who.name, at=clock.now(),
    )  # fmt: skip
    details = {"version": version.version, "text": version.text_digest, "pdf": version.pdf_digest}
    events.record("agreement.approve", agreement, details=details)
    db.session.add(row)
    db.session.flush()
    return row


def approval(agreement: Agreement, version: AgreementVersion) -> AgreementApproval | None:
    """Our leader's approval of what is here now."""
    try:
        return hub.approval_of(agreement, version)
    except WrongState:
        return None


def seal(agreement_id: UUID, signer_name: str = "", signer_post: str = "") -> None:
    """Our county seals; the hub only after every other party, which completes the version. The seal itself is put on by
    the relay, which holds the key. WrongState without the leader's approval, the checked file, or clause 14.
    """
    agreement = get(agreement_id, lock=True)
    version, own = _open(agreement), counties.own().uid
    mine = role(agreement)
    VERSION.demand(version.state, "complete" if mine == "hub" else "seal", mine)
    if version.pdf_checked_at is None or version.pdf_digest is None or version.fault:
        raise WrongState("file_not_checked")
    if version.text is None or not texts.has_clause_14(version.text):
        raise WrongState("clause_14_missing")
    if own in {row.county_uid for row in hub.seal_rows(agreement, version)}:
        raise WrongState("sealed_already")
    _demand_partners(agreement)
    approved = hub.approval_of(agreement, version)
    values = {"/signer_name": signer_name, "/signer_post": signer_post}
    values = {pointer: value for pointer, value in values.items() if value}
    if mine == "hub":
        hub.complete(agreement, version, values)
        return
    ours = documents.AgreementSeal(
        agreement.id, version.version, version.text_digest, version.pdf_digest, own, approved.at.replace(microsecond=0)
    )
    _say(
        agreement, version, "seal", {"pdf": version.pdf_digest, "seal": ours.digest}, values,
        attached=[{"typ": seals.SEAL, "payload": ours.as_payload()}],
    )  # fmt: skip


# --- ending, pausing


def leave(agreement_id: UUID, on: date, reason: str = "") -> None:
    """We leave on that day (the first day out)."""
    registers.leave(get(agreement_id, lock=True), on, reason)


def pause(agreement_id: UUID, scope: str, *, resume: bool = False, reason: str = "") -> None:
    """Our sharing under a scope stops at once, or goes on."""
    registers.pause(get(agreement_id, lock=True), scope, resume=resume, reason=reason)


def close(agreement_id: UUID, partner_uid: UUID) -> None:
    """Our word that between us and this partner nothing is open any more."""
    registers.close(get(agreement_id, lock=True), partner_uid)


# --- cooperation items


def note_progress(agreement_id: UUID, item_key: str, percent: int, note: str = "") -> CooperationProgress:
    """How far our county is with an item of the text in effect."""
    agreement = get(agreement_id)
    version = effects.effective_of(agreement)
    if version is None or version.text is None or item_key not in {item["key"] for item in version.text["items"]}:
        raise NotFound()
    if not 0 <= percent <= 100:
        raise Invalid({"percent": "out_of_range"})
    who = events.actor()
    row = CooperationProgress(
        agreement_id=agreement.id, item_key=item_key, percent=percent, note=note, account_id=who.account_id,
        name=who.name, at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def progress(agreement: Agreement) -> dict[str, list[CooperationProgress]]:
    """Item → our notes, newest first."""
    query = db.select(CooperationProgress).where(CooperationProgress.agreement_id == agreement.id)
    found: dict[str, list[CooperationProgress]] = {}
    for row in db.session.scalars(query.order_by(CooperationProgress.id.desc())):
        found.setdefault(row.item_key, []).append(row)
    return found


def run_timers(limit: int = 200) -> int:
    """What time says in this county: take effect, lapse, end pairs. One unit of work; returns how many moved."""
    moved = 0
    query = db.select(Agreement).where(Agreement.state.in_((AgreementState.PENDING, AgreementState.ACTIVE)))
    own = counties.own().uid
    for agreement in db.session.scalars(query.limit(limit).with_for_update(skip_locked=True)):
        moved += registers.run_due(agreement)
        version = effects.open_of(agreement)
        if version is not None and agreement.hub_uid == own and not agreement.stopped:
            moved += hub.take_effect_when_due(agreement, version) or hub.lapse_when_late(agreement, version)
    return moved


post.HOOKS.hear["agreement"] = hearing.hear
post.HOOKS.settled["agreement"] = hearing.settle
post.HOOKS.is_active = is_active
post.HOOKS.is_granted = is_granted

__all__ = [
    "accept", "amend", "approval", "approve", "begin", "can", "close", "counter", "covering", "current", "decisions", "get",
    "grants", "holds", "in_force", "is_active", "is_granted", "leave", "liaisons", "note_progress", "pause", "progress",
    "propose", "reject", "rendered", "revise", "role", "run_timers", "said", "seal", "versions", "withdraw",
]  # fmt: skip
