"""Whom home can offer to a partner, and exactly what would cross: the preview, and the offer that runs it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func

from web.core import clock
from web.core.errors import Invalid
from web.core.events import Actor
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post import keys
from web.federation.post.models import Peer
from web.federation.referrals import grants, packets, service
from web.federation.referrals.models import OPEN, Referral
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents import service as consents
from web.tenants.consents.models import STANDS, Consent, Method
from web.tenants.counties import service as counties
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import PartyOrg
from web.tenants.organisations.service import visible

NOTICE_SCOPES = ("S2", "S5", "S6")
"""What one notice tells the member: his data of these scopes may go to the county he lives in."""
MOST = 500
"""Members offered with one press."""
FLOATING = (FlowState.REGISTERED, FlowState.UNREACHABLE, FlowState.LOST_CONTACT)


@dataclass(frozen=True)
class Candidate:
    """One member as the offer would go: `values` pointer → value on the wire; `lacks`: why it cannot go yet, as codes:

    no_flow, flow_elsewhere, already_offered, in_transfer, not_held, no_notice, incomplete (a required value is missing).
    `sealed`: the values and what the packet must name though the agreement does not grant it; that travels withheld.
    """

    member_id: UUID
    name: str
    branch: str
    flow: Flow | None
    values: dict[str, Any]
    sealed: dict[str, Any]
    notice_on: date | None
    lacks: tuple[str, ...]

    @property
    def can(self) -> bool:
        return not self.lacks


@dataclass(frozen=True)
class Preview:
    """`fields`: pointer → label of what the agreement lets cross; `dropped`: labels of what it does not."""

    partner_uid: UUID
    agreement: AgreementRef
    fields: dict[str, str]
    dropped: tuple[str, ...]
    candidates: list[Candidate]

    @property
    def ready(self) -> list[Candidate]:
        return [c for c in self.candidates if c.can]

    @property
    def without_notice(self) -> list[Candidate]:
        """Those for whom a notice alone is missing."""
        return [c for c in self.candidates if c.lacks == ("no_notice",)]


def towards(partner: Peer, actor: Actor, *, limit: int = MOST) -> Select[Any]:
    """Ids of the members of the actor's part with an open flow to the partner's county that nobody offered yet, by name."""
    offered = db.select(Referral.flow_id).where(Referral.state.in_(OPEN), Referral.flow_id.is_not(None))
    query = (
        db.select(Member.id)
        .join(Flow, (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id))
        .where(
            Flow.state.in_(FLOATING),
            Flow.host_code == partner.code,
            Flow.id.not_in(offered),
            Member.relation == Relation.HELD,
        )
        .order_by(Member.name_pinyin, Member.id)
        .limit(limit)
    )
    return visible(query, actor, Member.branch_id, Member.away_org_id)


def offer_preview(partner: Peer, members: Sequence[UUID] | Select[Any], actor: Actor) -> Preview:
    """What would cross for each of these ids, by name. DomainError when no agreement grants S2 to that county. Two queries."""
    own = counties.own().uid
    reference, text = agreements.covering_text(partner.uid, "S2", owner_uid=own, receiver_uid=partner.uid)
    granted = grants.granted_by(text, "referral.offer", "S2", owner_uid=own, receiver_uid=partner.uid)
    open_ = db.aliased(Referral)
    noticed = (
        db.select(func.max(Consent.given_on))
        .where(
            Consent.tenant_id == Member.tenant_id, Consent.member_id == Member.id, Consent.partner_uid == partner.uid,
            Consent.scope == "S2", STANDS,
        )
        .correlate(Member)
        .scalar_subquery()
    )  # fmt: skip
    query = (
        db.select(Member, PartyOrg.full_name, Flow, open_.id, noticed)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .outerjoin(
            Flow, (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id) & (Flow.state != FlowState.ENDED)
        )
        .outerjoin(open_, (open_.tenant_id == Flow.tenant_id) & (open_.flow_id == Flow.id) & open_.state.in_(OPEN))
        .where(Member.id.in_(members))
        .order_by(Member.name_pinyin, Member.id)
    )
    found = []
    for member, branch, flow, referral_id, notice_on in db.session.execute(
        visible(query, actor, Member.branch_id, Member.away_org_id)
    ):
        values = packets.make(member, branch, flow) if flow else {}
        lacks = _lacks(member, flow, referral_id, partner.code, values, notice_on)
        shown = {pointer: value for pointer, value in values.items() if pointer in granted}
        sealed = {pointer: value for pointer, value in values.items() if pointer in granted | packets.REQUIRED}
        found.append(Candidate(member.id, member.name, branch, flow, shown, sealed, notice_on, lacks))
    return Preview(
        partner.uid,
        reference,
        {pointer: label for pointer, label in packets.LABELS.items() if pointer in granted},
        tuple(label for pointer, label in packets.LABELS.items() if pointer not in granted),
        found,
    )


def _lacks(
    member: Member,
    flow: Flow | None,
    referral_id: UUID | None,
    code: str,
    values: dict[str, Any],
    notice_on: date | None,
) -> tuple[str, ...]:
    lacks = []
    if member.relation is not Relation.HELD:
        lacks.append("not_held")
    elif member.frozen_by is not None:
        lacks.append("in_transfer")
    if flow is None or flow.state not in FLOATING:
        lacks.append("no_flow")
    elif referral_id is not None:
        lacks.append("already_offered")
    elif flow.host_code != code:
        lacks.append("flow_elsewhere")
    elif packets.REQUIRED - {packets.CODE} - values.keys():
        lacks.append("incomplete")
    if notice_on is None and not lacks:
        lacks.append("no_notice")
    return tuple(lacks)


@dataclass(frozen=True)
class Outcome:
    """What became of one: `referral_id` when offered, else why not."""

    member_id: UUID
    name: str
    referral_id: UUID | None
    lacks: tuple[str, ...]


def offer(partner_uid: UUID, member_ids: Sequence[UUID], actor: Actor) -> list[Outcome]:
    """Offer those who can be, everything checked again under the locks of their flows. Invalid for none or too many."""
    if not member_ids or len(member_ids) > MOST:
        raise Invalid({"id": "choose_members" if not member_ids else "too_many_at_once"})
    locked = db.select(Flow.id).where(Flow.member_id.in_(member_ids), Flow.state != FlowState.ENDED).order_by(Flow.id)
    db.session.execute(locked.with_for_update()).all()
    preview = offer_preview(keys.peer(partner_uid), member_ids, actor)
    outcomes = []
    for c in preview.candidates:
        referral_id = None
        if c.can and c.flow is not None and c.notice_on is not None:
            made = service.offer(partner_uid, c.flow, c.sealed, notice_on=c.notice_on, agreement=preview.agreement)
            referral_id = made.id
        outcomes.append(Outcome(c.member_id, c.name, referral_id, c.lacks))
    return outcomes


def note_notice(partner_uid: UUID, member_ids: Sequence[UUID], method: Method, on: date, actor: Actor) -> int:
    """Record for many that they were told what will cross; returns for how many it was new."""
    if on > clock.today():
        raise Invalid({"given_on": "in_the_future"})
    query = visible(db.select(Member).where(Member.id.in_(member_ids)), actor, Member.branch_id, Member.away_org_id)
    told = 0
    for member in db.session.scalars(query):
        told += bool(consents.give(member, partner_uid, NOTICE_SCOPES, method=method, on=on))
    return told
