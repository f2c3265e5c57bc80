"""Verbs of the referral: offer and end at home; accept, decline, report in, take on and leave at the host.

Those of the claim path are in `claims`; what each verb checks and does in `effects`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, or_

from web.core import clock, events
from web.core.errors import Invalid, NotFound, TooMany, WrongState
from web.core.fields import blind
from web.extensions import db
from web.federation import pairs, verbs
from web.federation.agreements import duties
from web.federation.agreements.models import AgreementGrant, DutyKind
from web.federation.agreements.registers import AT_REST, PairEnded
from web.federation.agreements.taking_effect import GrantsChanged
from web.federation.messages import REFERRAL_DECLINED, REFERRAL_ENDED
from web.federation.pairs import FAIL
from web.federation.post import service as post
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.federation.referrals import codes, effects, grants, packets
from web.federation.referrals.models import (
    LAPSES_AFTER,
    OPEN,
    REFERRAL,
    Referral,
    ReferralState,
    SharedMember,
    WrongCode,
)
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents.service import ConsentWithdrawn
from web.tenants.counties import service as counties
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowEnd
from web.tenants.flows.reminders import REMIND_WITHIN
from web.tenants.members import merging
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

log = structlog.get_logger(__name__)

DECLINED_FOR = REFERRAL_DECLINED.words
ENDED_FOR = REFERRAL_ENDED.words
WRONG_IN_A_SESSION, WRONG_IN_A_DAY = 5, 50


@dataclass(frozen=True)
class BranchAssigned:
    """Announced at the host when the branch that looks after a taken-on member is another one."""

    referral_id: UUID


def _members_behind(ids: Collection[UUID], partner_uid: UUID) -> dict[UUID, UUID | None]:
    """Our members behind these referrals, of those we made to that county; of our claims there, nobody of ours."""
    is_offered = (Referral.role == "home") & Referral.member_id.is_not(None)
    is_claimed = (Referral.role == "host") & Referral.consent_id.is_not(None)
    query = db.select(Referral.id, Referral.member_id).where(
        Referral.id.in_(ids), Referral.partner_uid == partner_uid, is_offered | is_claimed
    )
    return {row.id: row.member_id for row in db.session.execute(query)}


readings.OWNERS["referral"] = _members_behind
KIND = verbs.register(
    pairs.Kind(
        "referral",
        REFERRAL,
        Referral,
        effects.opens,
        checks={"claim": effects.check_claim},
        effects={
            "offer": effects.offered,
            "claim": effects.claimed,
            "recognise": effects.recognised,
            "accept": effects.accepted,
            "report_in": effects.reported,
            "take_on": effects.taken_on,
            **dict.fromkeys(("decline", "disown", "lapse", "end", "leave", FAIL), effects.closed),
        },
        clears=dict.fromkeys(("decline", "disown", "lapse", "end", "leave"), packets.purge),
        dropped={"take_on": effects.untaken},
        expires=dict.fromkeys(("offer", "claim"), lambda referral: clock.now() + LAPSES_AFTER),
    )
)


def get(referral_id: UUID, *, lock: bool = False) -> Referral:
    """NotFound when it is absent or another county's."""
    found: Referral = KIND.get(referral_id, lock=lock)
    return found


# Home


def offer(
    partner_uid: UUID, flow: Flow, values: Mapping[str, Any], *, notice_on: date, agreement: AgreementRef
) -> Referral:
    """Offer one flow's member with the packet `values` (pointer → value, without the code).

    `referrals.offering` decides who can be offered; the database refuses a second open referral of a flow.
    """
    referral = Referral(
        role="home", partner_uid=partner_uid, member_id=flow.member_id, flow_id=flow.id, notice_on=notice_on,
        reason="", reported_how="",
    )  # fmt: skip
    referral.under(agreement)
    whole = {**values, packets.CODE: codes.draw()}
    verbs.say(KIND, referral, "offer", {"notice_on": notice_on.isoformat()}, whole)
    return referral


def code_of(referral: Referral) -> str | None:
    """At home, the report-in code while it can still be used; None afterwards."""
    if referral.role != "home" or referral.state not in (ReferralState.OFFERED, ReferralState.ACCEPTED):
        return None
    value, _ = packets.disclosed(referral).get(packets.CODE, (None, False))
    return str(value) if value else None


def end(referral: Referral, reason: str, *, on: date | None = None) -> None:
    """End it from home's side; both packets are purged. `reason`: a word of ENDED_FOR. Also where our copy has stopped: the member
    is ours, and what is over takes no word of the host's.
    """
    if reason not in ENDED_FOR:
        raise Invalid({"reason": "choose_one"})
    _demand_day(referral, on)
    if referral.role == "home" and referral.state in OPEN:
        referral.stopped = ""
    verbs.say(KIND, referral, "end", {"reason": reason, "on": (on or clock.today()).isoformat()}, reason=reason)


def end_with_flow(referral: Referral, ended_as: FlowEnd, *, on: date | None = None, reason: str = "") -> None:
    """End the away episode itself: the referral ends with it (see `_flow_ended`)."""
    if referral.flow_id is None:
        raise NotFound()
    flows.end(flows.get(referral.flow_id, lock=True), ended_as, on=on, reason=reason)


# Host

_ENDINGS = ("decline", "disown", "lapse", "end", "leave")


def may_put_away(referral: Referral) -> bool:
    """Has our copy stopped, and did home say since that it ended?"""
    has_stopped = referral.role == "host" and bool(referral.stopped) and referral.state in OPEN
    return has_stopped and verbs.heard(KIND, referral, _ENDINGS) is not None


def put_away(referral: Referral, reason: str) -> None:
    """A person of the host ends a copy that had stopped as home ended its own; what it held is destroyed since that word came.
    `reason`: for the log. WrongState before that word.
    """
    word = verbs.heard(KIND, referral, _ENDINGS) if may_put_away(referral) else None
    if word is None:
        raise WrongState("illegal_transition", machine=KIND.name, state=referral.state.value, verb="put_away")
    events.record("referral.put_away", referral, reason=reason)
    verb = word.type.partition(".")[2]
    # Home may have gone on by words this copy never took: from every open state leads `end`.
    verbs.follow_to(KIND, referral, word, verb if KIND.machine.row(referral.state, verb) else "end")


def accept(referral: Referral, township_id: UUID | None = None) -> None:
    """Say that the member may report in here; `township_id`: hand it to another township of ours."""
    if township_id is not None:
        assign_township(referral, township_id)
    verbs.say(KIND, referral, "accept")


def assign_township(referral: Referral, township_id: UUID) -> None:
    """Which of our townships looks after the reporting in."""
    org = organisations.get(township_id)
    if referral.role != "host" or org.kind is not OrgKind.TOWNSHIP_COMMITTEE or not org.is_active:
        raise Invalid({"township_id": "choose_one"})
    if org.id != referral.township_id:
        events.record("referral.assign_township", referral)
        referral.township_id = org.id
        db.session.flush()


def decline(referral: Referral, reason: str, text: str = "") -> None:
    """Not taken, with a word of DECLINED_FOR; `other` needs words of its own."""
    if reason not in DECLINED_FOR:
        raise Invalid({"reason": "choose_one"})
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
    verbs.say(
        KIND, referral, "decline", {"reason": reason}, {"/text": text.strip()} if text.strip() else {}, reason=reason
    )


def find_by_code(typed: str, session_id: UUID) -> Referral | None:
    """The accepted referral of the code a member shows; None for wrong, used, foreign or not yet accepted alike.

    A wrong one counts: TooMany after 5 in a session an hour, or 50 in the county a day. Return, do not raise, after None:
    the count must be committed.
    """
    counties.settings(lock=True)  # two tries at once are counted one after the other
    now = clock.now()
    midnight = clock.midnight(clock.day(now))
    tries = db.session.execute(
        db.select(
            func.count().filter(WrongCode.session_id == session_id, WrongCode.at > now - timedelta(hours=1)),
            func.count().filter(WrongCode.at >= midnight),
        ).where(WrongCode.at >= midnight - timedelta(hours=1))
    ).one()
    if tries[0] >= WRONG_IN_A_SESSION or tries[1] >= WRONG_IN_A_DAY:
        raise TooMany("too_many_codes")
    code = codes.read(typed)
    if code is not None:
        query = (
            db.select(Referral)
            .join(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
            .where(
                SharedMember.code_blind == blind("report_in_code", code),
                Referral.state == ReferralState.ACCEPTED,
                Referral.role == "host",
                Referral.pending == "",
            )
        )
        found = db.session.scalars(query).first()
        if found is not None:
            return found
    miss = WrongCode(session_id=session_id, at=now)
    events.record("referral.miss_code", miss)
    db.session.add(miss)
    db.session.flush()
    return None


def report_in(referral: Referral, how: str, *, on: date | None = None) -> None:
    """The member is here. `how`: code (`find_by_code` found it just before), or person (a clerk looked)."""
    if how not in ("code", "person"):
        raise Invalid({"how": "choose_one"})
    day = on or clock.today()
    if day > clock.today():
        raise Invalid({"on": "in_the_future"})
    verbs.say(KIND, referral, "report_in", {"how": how, "on": day.isoformat()})


def take_on(referral: Referral, branch_id: UUID) -> None:
    """One branch of ours takes the member on; provisional until home's answer."""
    _demand_branch(branch_id)
    verbs.say(KIND, referral, "take_on", {"on": clock.today().isoformat()})
    referral.branch_id = branch_id
    db.session.flush()


def reassign(referral: Referral, branch_id: UUID) -> None:
    """Another branch of ours looks after a member who was taken on."""
    if referral.role != "host" or referral.state is not ReferralState.TAKEN_ON:
        raise WrongState("illegal_transition", verb="reassign", state=referral.state.value)
    _demand_branch(branch_id)
    if branch_id == referral.branch_id:
        return
    events.record("referral.reassign", referral)
    referral.branch_id = branch_id
    db.session.flush()
    events.announce(BranchAssigned(referral.id))


def leave(referral: Referral, *, on: date | None = None, text: str = "") -> None:
    """The member is no longer here."""
    _demand_day(referral, on)
    values = {"/text": text.strip()} if text.strip() else {}
    verbs.say(KIND, referral, "leave", {"on": (on or clock.today()).isoformat()}, values)


def _demand_branch(branch_id: UUID) -> None:
    organisations.hold(branch_id)
    try:
        org = organisations.get(branch_id)
    except NotFound:
        raise Invalid({"branch_id": "choose_one"}) from None
    if org.kind is not OrgKind.BRANCH or not org.is_active:
        raise Invalid({"branch_id": "choose_one"})


def _demand_day(referral: Referral, on: date | None) -> None:
    if on is not None and on > clock.today():
        raise Invalid({"on": "in_the_future"})


# What other rooms announce


def _say_end(where: Any, reason: str) -> int:
    """End every open referral of home's that fits; one that stopped waits for a person, and blocks nobody."""
    ended = 0
    query = db.select(Referral).where(Referral.role == "home", Referral.state.in_(OPEN), where).with_for_update()
    for referral in db.session.scalars(query).all():
        if referral.stopped:
            log.warning("referral.stopped", referral=str(referral.id), wanted=reason)
            continue
        end(referral, reason)
        ended += 1
    return ended


@events.subscribe(organisations.OrgClosing)
def _keep_branch_of_guests(what: organisations.OrgClosing) -> None:
    """Another branch looks after the members taken on, or about to be, before theirs is closed; one that stopped can be given
    no other.
    """
    is_here = or_(Referral.state == ReferralState.TAKEN_ON, Referral.pending == "take_on")
    query = db.select(Referral.id).where(
        Referral.branch_id == what.org_id, Referral.role == "host", is_here, Referral.stopped == ""
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise Invalid({"org": "has_guests"})


def _is_told(flow_id: UUID) -> bool:
    return db.session.scalar(db.select(Referral.id).where(Referral.flow_id == flow_id).limit(1)) is not None


flows.TOLD.append(_is_told)


@events.subscribe(flows.FlowEnded)
def _flow_ended(what: flows.FlowEnded) -> None:
    _say_end(Referral.flow_id == what.flow_id, what.ended_as.value)


@events.subscribe(ConsentWithdrawn)
def _notice_withdrawn(what: ConsentWithdrawn) -> None:
    if "S2" in what.scopes:
        _say_end(
            (Referral.member_id == what.member_id) & (Referral.partner_uid == what.partner_uid), "notice_withdrawn"
        )


def remind() -> int:
    """Write down that offers reached one of the county's days without a report-in, each once; returns how many."""
    today, told = clock.today(), 0
    for days in sorted(counties.settings().report_in_days):
        first = clock.midnight(today - timedelta(days=days + REMIND_WITHIN))
        last = clock.midnight(today - timedelta(days=days - 1))
        is_told = events.happened("referral.remind_report_in", Referral.id, Referral.created_at, days=days)
        query = db.select(Referral).where(
            Referral.role == "home", Referral.state.in_((ReferralState.OFFERED, ReferralState.ACCEPTED)),
            Referral.created_at >= first, Referral.created_at < last, ~is_told,
        )  # fmt: skip
        for referral in db.session.scalars(query.order_by(Referral.id)):
            events.record("referral.remind_report_in", referral, details={"days": days})
            told += 1
    db.session.flush()
    return told


@events.subscribe(PairEnded)
def _pair_ended(what: PairEnded) -> None:
    """Without another agreement that grants S2, home ends what is open; the host only follows."""
    if grants.covers("S2", owner_uid=counties.own().uid, receiver_uid=what.partner_uid) is None:
        _say_end(Referral.partner_uid == what.partner_uid, "wound_down")


@events.subscribe(GrantsChanged)
def _grants_changed(what: GrantsChanged) -> None:
    """Another version took effect: what of open packets is granted no more, both sides destroy; where nothing of S2 is
    granted any more, home ends what is open. Nothing need be said: both hold the version.
    """
    own = counties.own().uid
    for owner, receiver, scope in sorted(what.changed, key=str):
        if scope != "S2" or own not in (owner, receiver):
            continue
        rows = db.select(AgreementGrant.fields).where(
            AgreementGrant.owner_uid == owner, AgreementGrant.receiver_uid == receiver, AgreementGrant.scope == scope
        )
        granted = list(db.session.scalars(rows))
        role, partner = ("home", receiver) if owner == own else ("host", owner)
        if not granted:
            if role == "home":
                _say_end(Referral.partner_uid == partner, "wound_down")
            continue
        fields = {name for names in granted for name in names}
        gone = sorted(p.path for p in packets.OFFER.pointers if p.field not in fields)
        query = db.select(Referral).where(
            Referral.role == role, Referral.partner_uid == partner, Referral.state.in_(OPEN)
        )
        for referral in db.session.scalars(query.order_by(Referral.id)) if gone else ():
            post.forget(referral.id, gone)


def _looked_through(partners: Collection[UUID], since: date, until: date) -> int:
    """How many entries of our members at these partners were confirmed in these days, if all open ones were; else 0."""
    is_confirmed = Flow.confirmed_on.between(since, until)
    query = (
        db.select(func.count(), func.count().filter(is_confirmed))
        .select_from(Referral)
        .join(Flow, (Flow.tenant_id == Referral.tenant_id) & (Flow.id == Referral.flow_id))
        .where(Referral.role == "home", Referral.partner_uid.in_(partners), Referral.state.in_(OPEN))
    )
    total, confirmed = db.session.execute(query).one()
    return int(confirmed) if total and total == confirmed else 0


duties.PROOFS[DutyKind.REGISTER] = _looked_through


def _hinders(agreement_id: UUID, partner_uid: UUID) -> list[str]:
    """A pair is at rest when no referral under its agreement is open."""
    query = db.select(Referral.id).where(
        Referral.agreement_id == agreement_id, Referral.partner_uid == partner_uid, Referral.state.in_(OPEN)
    )
    return ["open_referrals"] if db.session.scalar(query.limit(1)) else []


AT_REST.append(_hinders)


def peers() -> dict[UUID, Peer]:
    """Every partner by uid: names for lists, in one query."""
    return {p.uid: p for p in db.session.scalars(db.select(Peer))}


merging.HELD_BY["merge_shared"] = lambda ids: db.select(Referral.member_id).where(Referral.member_id.in_(ids))
