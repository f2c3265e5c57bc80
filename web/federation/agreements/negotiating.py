"""Negotiating: begin, amend, renew, revise, propose, counter, accept, reject, withdraw.

At the hub a verb is decided at once; a follower's is a proposal that stays `pending` until the hub's decision is back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock, events, scopes
from web.core.errors import Invalid, WrongState
from web.core.ids import uuid7
from web.core.saying import joined
from web.extensions import db
from web.federation.agreements import clauses, follower, hub, standing, texts
from web.federation.agreements.models import (
    AGREEMENT,
    VERSION,
    Agreement,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.agreements.reading import get, opened, role
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import Peer
from web.federation.wire.codes import WireError
from web.tenants.counties import service as counties
from web.tenants.counties.models import County


def begin(partners: Sequence[UUID], text: Mapping[str, Any], org: str = "") -> Agreement:
    """A draft with us as its hub. `text` without number, level and parties, which are filled in. Invalid for a partner
    who is not confirmed. `org`: our township committee, for an agreement of townships; theirs are written in the draft.
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
    parties = [_party(own), *(_party(peers[uid]) for uid in partners)]
    if org:
        parties = [{**party, "org": org if party["uid"] == str(own.uid) else ""} for party in parties]
    level = "township" if org else "county"
    whole = {**text, "number": agreement.number, "level": level, "parties": parties}
    standing.keep_parties(agreement, whole)
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
    agreement, version = _to_follow(agreement_id)
    return _draft(agreement, _next_version(agreement), _of_those_who_stay(agreement, version, clock.today()))


def renew(agreement_id: UUID, ends_on: date) -> AgreementVersion:
    """A draft of the next version that begins the day after the one in effect ends, and lasts until `ends_on`. Invalid where
    only one party would be left of it by then.
    """
    agreement, version = _to_follow(agreement_id)
    assert version.text is not None
    starts = date.fromisoformat(version.text["effective_to"]) + timedelta(days=1)
    if ends_on < starts:
        raise Invalid({"effective_to": "before_start"})
    text = _of_those_who_stay(agreement, version, starts)
    if len(text["parties"]) < 2:
        raise Invalid({"effective_to": "nobody_stays"})
    days = {"effective_from": starts.isoformat(), "effective_to": ends_on.isoformat()}
    whole = {**text, **days, "clauses": clauses.redated(text, starts, ends_on)}
    return _draft(agreement, _next_version(agreement), whole)


def _next_version(agreement: Agreement) -> int:
    """One more than any there was: a version that came to nothing keeps its number."""
    query = db.select(db.func.max(AgreementVersion.version)).where(AgreementVersion.agreement_id == agreement.id)
    return (db.session.scalar(query) or 0) + 1


def _to_follow(agreement_id: UUID) -> tuple[Agreement, AgreementVersion]:
    agreement = get(agreement_id, lock=True)
    version = standing.effective_of(agreement)
    if role(agreement) != "hub" or agreement.state is not AgreementState.ACTIVE or version is None:
        raise WrongState("only_hub_amends")
    if standing.open_of(agreement) is not None:
        raise WrongState("version_open")
    return agreement, version


def _of_those_who_stay(agreement: Agreement, version: AgreementVersion, on: date) -> dict[str, Any]:
    """The text without parties that have left by that day, the hub first; the first clause names them so."""
    assert version.text is not None
    gone = {str(party.uid) for party in standing.parties(agreement) if not standing.stays(party, on)}
    hub_uid = str(agreement.hub_uid)
    text = dict(version.text)
    text["parties"] = sorted(
        (party for party in text["parties"] if party["uid"] not in gone), key=lambda party: party["uid"] != hub_uid
    )
    text["clauses"] = clauses.following(version.text, text)
    text["grants"] = [g for g in text["grants"] if not gone & {g["owner"], g["receiver"]}]
    text["items"] = [{**i, "owner": "all" if i["owner"] in gone else i["owner"]} for i in text["items"]]
    return text


def add_party(agreement_id: UUID, uid: UUID) -> AgreementVersion:
    """A further party on the draft, with every scope between it and the hub, to be thinned out. Invalid when it is none
    of our confirmed partners, or one already, or when we gave notice: those who stay would have no hub.
    """
    agreement = get(agreement_id, lock=True)
    version = opened(agreement)
    if any(party.uid == counties.own().uid and party.leaves_on for party in standing.parties(agreement)):
        raise Invalid({"party": "hub_leaves"})
    peer = next((peer for peer in keys.partners() if peer.uid == uid), None)
    if version.state is not VersionState.DRAFT or version.text is None:
        raise WrongState("not_a_draft")
    if peer is None or peer.uid in texts.party_uids(version.text):
        raise Invalid({"party": "not_a_partner"})
    if len(version.text["parties"]) >= texts.PARTIES:
        raise Invalid({"party": "too_many_parties"})
    text = dict(version.text)
    is_township = text["level"] == "township"
    text["parties"] = [*text["parties"], _party(peer) | ({"org": ""} if is_township else {})]
    between = ((agreement.hub_uid, uid), (uid, agreement.hub_uid))
    given = texts.OF_NO_PERSON if is_township else scopes.GRANTABLE
    text["grants"] = [*text["grants"], *(texts.grant(a, b, s) for a, b in between for s in given)]
    text["clauses"] = clauses.following(version.text, text)
    version.text = text
    if version.version == 1:
        standing.keep_parties(agreement, text)
    events.record("agreement_version.add_party", version, details={"party": str(uid)})
    db.session.flush()
    return version


def _party(county: Peer | County) -> dict[str, str]:
    return {"uid": str(county.uid), "code": county.code, "name": county.name, "office": county.office}


def revise(agreement_id: UUID, text: Mapping[str, Any]) -> AgreementVersion:
    """Change the draft. Number, level and parties stay; at township level the committees are written here."""
    agreement = get(agreement_id, lock=True)
    version = opened(agreement)
    if version.state is not VersionState.DRAFT:
        raise WrongState("not_a_draft")
    version.text = _whole(version, text)
    agreement.title = version.text["title"] if version.version == 1 else agreement.title
    events.record("agreement_version.revise", version)
    db.session.flush()
    return version


def _whole(version: AgreementVersion, text: Mapping[str, Any]) -> dict[str, Any]:
    assert version.text is not None
    orgs = {party["uid"]: party["org"] for party in text.get("parties", []) if "org" in party}
    parties = [
        {**party, "org": orgs.get(party["uid"], party["org"])} if "org" in party else party
        for party in version.text["parties"]
    ]
    return {**text, **{name: version.text[name] for name in ("number", "level")}, "parties": parties}


def _written(agreement: Agreement, text: Mapping[str, Any]) -> str:
    """Store the text as canonical JSON; its digest. Invalid when it is not one yet."""
    try:
        return post.keep_blob(agreement.id, texts.write(dict(text)))
    except WireError as error:
        raise Invalid(code="text_incomplete", where=str(error.params.get("where", "text"))) from error


def _liaison_values(agreement: Agreement, given: Mapping[UUID, Mapping[str, str]]) -> dict[str, str]:
    version = opened(agreement)
    places = {uid: place for place, uid in enumerate(texts.party_uids(version.text or {"parties": []}))}
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
    version = opened(agreement)
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
    version = opened(agreement)
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
    follower.say(agreement, version, "counter", {"text": name}, values, reason=reason, blobs=[name])


def accept(agreement_id: UUID) -> None:
    """Our side agrees to the text on the table. Every party's fingerprint must have been confirmed by us before."""
    agreement = get(agreement_id, lock=True)
    version, own = opened(agreement), counties.own().uid
    VERSION.demand(version.state, "accept", role(agreement))
    if version.text is None or version.fault:
        raise WrongState("text_not_here")
    if version.author_uid == own or str(own) in version.accepted_by:
        raise WrongState("accepted_already")
    demand_partners(agreement)
    if role(agreement) == "hub":
        hub.decide(agreement, version, "accept")
        hub.agree_when_accepted(agreement, version)
    else:
        follower.say(agreement, version, "accept")


def demand_partners(agreement: Agreement) -> None:
    """Seals of every party will have to be checked: each must be a confirmed partner of ours."""
    own, known = counties.own().uid, {peer.uid for peer in keys.partners()}
    version = opened(agreement)
    assert version.text is not None
    named = standing.rows_of(agreement, version.text)
    unknown = [party.name for party in named if party.uid not in known and party.uid != own]
    if unknown:
        raise WrongState("party_not_confirmed", names=joined("、", unknown))


def reject(agreement_id: UUID, reason: str) -> None:
    """A follower does not want this version, and says why."""
    agreement = get(agreement_id, lock=True)
    version = opened(agreement)
    VERSION.demand(version.state, "reject", role(agreement))
    if not reason.strip():
        raise Invalid({"reason": "required"})
    follower.say(agreement, version, "reject", values={"/reason": reason.strip()}, reason=reason)


def withdraw(agreement_id: UUID, reason: str = "") -> None:
    """The hub takes its version back; a draft is thrown away without a word."""
    agreement = get(agreement_id, lock=True)
    version = opened(agreement)
    if version.state is VersionState.DRAFT:
        hub.drop_draft(agreement, version)
        return
    VERSION.demand(version.state, "withdraw", role(agreement))
    hub.decide(agreement, version, "withdraw", values={"/reason": reason} if reason else {})
