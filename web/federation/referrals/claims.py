"""The claim path: the host asks whose the person at its window is; a person at home recognises or disowns.

Unknown and not ours have one answer, and nothing but a person's choice looks anybody up. So a partner cannot use claims
to find out who is a party member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import exists

from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.core.events import Actor
from web.core.ids import uuid7
from web.core.saying import say
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import service as agreements
from web.federation.post import keys
from web.federation.referrals import grants, packets
from web.federation.referrals.models import KNOWN, OPEN, REFERRAL, Referral, SharedGram, SharedMember
from web.federation.referrals.offering import NOTICE_SCOPES
from web.federation.referrals.service import KIND
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.documents import scans
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import names
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg

TOLD = (Method.PAPER, Method.IN_PERSON)


def claim(
    partner_uid: UUID,
    *,
    name: str,
    birth_year: int | None,
    home_branch: str,
    method: Method,
    consented_on: date | None,
    township_id: UUID | None = None,
    signed: bytes | None = None,
) -> Referral:
    """Record the consent of the person at our window, and ask that county whether he is its member.

    `home_branch`: as he says it. `signed`: a scan of the paper he signed. Invalid for what is missing or impossible; WrongState `already_claimed` while one is
    open for him; DomainError when no agreement grants us S2 towards that county.
    """
    name, day = names.normalise(name), consented_on or clock.today()
    wrong: dict[str, object] = {
        field: "required"
        for field, value in (("name", name), ("birth_year", birth_year), ("home_branch", home_branch.strip()))
        if not value
    }
    if birth_year and not 1900 <= birth_year <= clock.today().year - 18:
        wrong["birth_year"] = "out_of_range"
    if day > clock.today():
        wrong["consented_on"] = "in_the_future"
    if method not in TOLD:
        wrong["method"] = "choose_one"
    if wrong:
        raise Invalid(wrong)
    reference = grants.covering("S2", owner_uid=counties.own().uid, receiver_uid=partner_uid)
    values = {"/name": name, "/birth_year": birth_year, "/home_branch": home_branch.strip()}
    if _is_here(partner_uid, name, birth_year):
        raise WrongState("already_claimed")
    referral = Referral(
        id=uuid7(), role="host", partner_uid=partner_uid, notice_on=day, consent_id=uuid7(), told_how=method.value,
        township_id=township_id, reason="", reported_how="",
    )  # fmt: skip
    referral.under(reference)
    body = {"consent": str(referral.consent_id), "consent_on": day.isoformat(), "how": method.value}
    verbs.say(KIND, referral, "claim", body, values)
    events.record("referral.consent", referral, details={"on": day.isoformat(), "how": method.value})
    packets.keep(referral, values)
    if signed is not None:
        scans.keep(
            signed, title=say("本人同意书　{partner}", partner=keys.peer(partner_uid).name), about_id=referral.id
        )
    return referral


def _is_here(partner_uid: UUID, name: str, birth_year: int | None) -> bool:
    """Is there an open referral with that county about this name and year?"""
    query = (
        db.select(SharedMember)
        .join(Referral, (Referral.tenant_id == SharedMember.tenant_id) & (Referral.id == SharedMember.id))
        .where(Referral.role == "host", Referral.partner_uid == partner_uid, Referral.state.in_(OPEN))
    )
    for gram in names.grams(name):
        query = query.where(SharedMember.id.in_(db.select(SharedGram.referral_id).where(SharedGram.gram == gram)))
    found = [packets.opened(row) for row in db.session.scalars(query.limit(50))]
    return any(v.get("/name") == name and v.get("/birth_year") in (None, birth_year) for v in found)


# Home


@dataclass(frozen=True)
class Meant:
    """A member of ours who may be the one. `lacks`: why he cannot be chosen now, as codes."""

    member_id: UUID
    name: str
    birth_year: int | None
    branch: str
    is_same_year: bool
    lacks: tuple[str, ...]


def candidates(referral: Referral, actor: Actor) -> Sequence[Meant]:
    """Members with the name of a claim, those of its birth year first: for a person to choose among. One query."""
    told = packets.opened(db.session.get(SharedMember, (referral.tenant_id, referral.id)))
    name, year = str(told.get("/name") or ""), told.get("/birth_year")
    if not name:
        return []
    taken = exists().where(Referral.tenant_id == Flow.tenant_id, Referral.flow_id == Flow.id, Referral.state.in_(KNOWN))
    query = (
        db.select(Member, PartyOrg.full_name, taken)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .outerjoin(
            Flow, (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id) & (Flow.state != FlowState.ENDED)
        )
        .where(Member.name == name, Member.relation == Relation.HELD)
        .order_by(Member.id)
        .limit(20)
    )
    found = []
    for member, branch, is_taken in db.session.execute(organisations.visible(query, actor, Member.branch_id)):
        born = member.birth_on.year if member.birth_on else None
        reasons = {"in_transfer": member.frozen_by, "already_offered": is_taken, "incomplete": born is None}
        lacks = tuple(code for code, holds in reasons.items() if holds)
        found.append(Meant(member.id, member.name, born, branch, born == year, lacks))
    return sorted(found, key=lambda m: not m.is_same_year)


def recognise(referral: Referral, member_id: UUID | None) -> None:
    """He is ours, and this is he: his away episode gets this referral and goes on as accepted; the host gets the packet.

    An episode is registered if there was none. Invalid for a member who cannot be referred now; WrongState while either
    county paused S2.
    """
    REFERRAL.demand(referral.state, "recognise", referral.role)
    if member_id is None:
        raise Invalid({"member_id": "choose_one"})
    member = members.get(member_id, lock=True)
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    flow = _away_at(member, referral.partner_uid)
    consents.give(member, referral.partner_uid, NOTICE_SCOPES, method=Method(referral.told_how), on=referral.notice_on)
    if not consents.stands(member.id, referral.partner_uid, "S2"):
        raise Invalid({"member_id": "withdrawn_since_told"})
    own, reference = counties.own().uid, referral.agreement
    assert reference is not None
    if agreements.is_paused(reference.id, referral.partner_uid, "S2"):
        raise WrongState("scope_paused")  # sealed without its values, the packet would name nobody, and never go again
    granted = grants.granted("referral.recognise", "S2", reference, owner_uid=own, receiver_uid=referral.partner_uid)
    values = packets.make(member, organisations.get(member.branch_id).full_name, flow)
    if packets.REQUIRED - {packets.CODE} - values.keys():
        raise Invalid({"member_id": "flow_incomplete"})
    referral.member_id, referral.flow_id = member.id, flow.id
    sealed = {pointer: value for pointer, value in values.items() if pointer in granted | packets.REQUIRED}
    verbs.say(KIND, referral, "recognise", {"notice_on": referral.notice_on.isoformat()}, sealed)


def _away_at(member: Member, partner_uid: UUID) -> Flow:
    """The member's open away episode, corrected to the county he turned up in, or a new one."""
    partner, flow = keys.peer(partner_uid), flows.current(member.id, lock=True)
    if flow is None:
        return flows.depart(member, left_on=None, host_code=partner.code, host_text=partner.name)
    taken = db.select(Referral.id).where(Referral.flow_id == flow.id, Referral.state.in_(OPEN))
    if db.session.scalar(taken.limit(1)) is not None:
        raise Invalid({"member_id": "already_offered"})
    if flow.host_code != partner.code:
        flows.amend(flow, reason="claim", host_code=partner.code, host_text=partner.name)
    return flow


def disown(referral: Referral) -> None:
    """The one no: whether nobody here knows him or he is another county's."""
    verbs.say(KIND, referral, "disown")
