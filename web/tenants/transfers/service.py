"""Verbs of a case: apply, submit, give back, approve, refuse, revoke.

The letter and the receipt that closes it are in `issuing`; what is received (a letter on paper from elsewhere, a member of
another committee of the county) is in `receiving`. Every move passes `move`, which keeps the days and who decided; whoever
locks a member's row passes `members.freeze`, a handover too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers import letters
from web.tenants.transfers.models import (
    FITS,
    OPEN,
    RELATION_TRANSFER,
    RENEWED,
    WAITS,
    WITH_LETTER,
    RelationTransfer,
    Seat,
    TransferKind,
    TransferState,
)

S, K = TransferState, TransferKind
RECEIPT_MONTHS = 1
"""A receipt is due one month after the member was received."""


@dataclass(frozen=True)
class HandedOver:
    """Announced when a committee approved a case towards a partner county: a handover carries it from here."""

    case: RelationTransfer
    member: Member


# Reading


def get(case_id: UUID, *, lock: bool = False) -> RelationTransfer:
    """NotFound when it is absent or another county's."""
    found = find(case_id, lock=lock)
    if found is None:
        raise NotFound()
    return found


def find(case_id: UUID, *, lock: bool = False) -> RelationTransfer | None:
    """The case, or None."""
    query = db.select(RelationTransfer).where(RelationTransfer.id == case_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: RelationTransfer | None = db.session.scalars(query).first()
    return found


def of_member(member_id: UUID) -> Sequence[RelationTransfer]:
    """A member's cases, the latest first."""
    query = db.select(RelationTransfer).where(RelationTransfer.member_id == member_id)
    return db.session.scalars(query.order_by(RelationTransfer.id.desc())).all()


def verbs_now(case: RelationTransfer, seats: frozenset[Seat]) -> list[str]:
    """What somebody in these seats may say now."""
    said = [v for seat in Seat if seat in seats for v in RELATION_TRANSFER.allowed(case.state, seat)]
    found = [v for v in said if case.kind in FITS.get((case.state, v), frozenset(K))]
    if case.state in RENEWED and not case.values().get("letter_no"):
        found = [v for v in found if v != "return_receipt"]  # no letter went out yet, or it is void
    return found


# Moving


def move(case: RelationTransfer, verb: str, *, reason: str = "") -> None:
    """Say the verb: the state, its days, and who decided where it was a committee's word."""
    if case.state is not None and case.kind not in FITS.get((case.state, verb), frozenset(K)):
        raise WrongState("illegal_transition", machine=RELATION_TRANSFER.name, state=case.state.value, verb=verb)
    row = RELATION_TRANSFER.apply(case, verb, reason=reason)
    case.state_at = clock.now()
    if row.decider != Seat.BRANCH and not row.automatic:
        case.decided_at, case.decided_by = clock.now(), events.actor().name
    wait = WAITS.get(case.state)
    if wait is not None:
        case.due_on = clock.today() + wait
    elif case.state is S.ASSIGNED and case.received_on is not None:
        case.due_on = flows.add_months(case.received_on, RECEIPT_MONTHS)
    elif case.state not in WITH_LETTER:
        case.due_on = None
    db.session.flush()


def member_of(case: RelationTransfer) -> Member:
    """The member, locked."""
    return members.get(case.member_id, lock=True)


# The branch's words


@dataclass(frozen=True)
class Application:
    """The member's own application for a transfer, as the branch wrote it down.

    The destination is an organisation of this county (`to_org_id`: a branch of the member's own committee, or another
    committee), a partner county with the organisation there, or else a place that is no tenant (`to_org`, and the
    `addressee` of the letter).
    """

    method: Method
    applied_on: date
    to_org_id: UUID | None = None
    partner_uid: UUID | None = None
    to_org: str = ""
    addressee: str = ""
    note: str = ""


def begin(member: Member, said: Application) -> RelationTransfer:
    """Write down an application. Load the member with `lock=True`. WrongState `already_open` while another case of the member is open."""
    _demand_holding(member)
    case = RelationTransfer(
        id=uuid7(), member_id=member.id, branch_id=member.branch_id, state_at=clock.now(), created_at=clock.now()
    )
    _write(case, member, said)
    db.session.add(case)
    move(case, "draft")
    return case


def amend(case: RelationTransfer, said: Application) -> None:
    """The branch writes the application anew before it hands it up, or after it was given back: all of it, but for where to
    once a letter went there, as its receipt may come yet.
    """
    RELATION_TRANSFER.demand(case.state, "submit", Seat.BRANCH)
    kept = case.values()
    before = case.to_org_id, case.partner_uid, kept.get("to_org"), kept.get("addressee") or ""
    now = said.to_org_id, said.partner_uid, said.to_org.strip(), said.addressee.strip()
    if kept.get("letter_no") and before != now:
        raise Invalid({"way": "letter_went_there"})
    member = member_of(case)
    events.record("relation_transfer.amend", case)
    _write(case, member, said)
    db.session.flush()


def _write(case: RelationTransfer, member: Member, said: Application) -> None:
    """Put an application into its case."""
    to_org, addressee = said.to_org.strip(), said.addressee.strip()
    wrong: dict[str, object] = {}
    if said.applied_on > clock.today():
        wrong["applied_on"] = "in_the_future"
    if said.to_org_id is None and not to_org:
        wrong["to_org"] = "required"
    if said.to_org_id is None and said.partner_uid is None and not addressee:
        wrong["addressee"] = "required"
    kind = K.PARTNER if said.partner_uid else K.OUTWARD
    if said.to_org_id is not None:
        kind, to_org = _inside(member, said.to_org_id, wrong)
    if wrong:
        raise Invalid(wrong)
    case.kind, case.to_org_id, case.partner_uid = kind, said.to_org_id, said.partner_uid
    case.keep(
        method=said.method.value, applied_on=said.applied_on.isoformat(), to_org=to_org,
        addressee=addressee or None, note=said.note.strip() or None,
    )  # fmt: skip


def _demand_holding(member: Member) -> None:
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    _demand_no_other(member.id)


def _demand_no_other(member_id: UUID, but: UUID | None = None) -> None:
    query = db.select(RelationTransfer.id).where(
        RelationTransfer.member_id == member_id, RelationTransfer.state.in_(OPEN), RelationTransfer.id != but
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise WrongState("already_open")


@events.subscribe(members.RelationFreezing)
def _one_at_a_time(what: members.RelationFreezing) -> None:
    """The one guard for cases and handovers: nobody else's letter goes out while a case of the member is open."""
    _demand_no_other(what.member_id, but=what.by)


def _inside(member: Member, to_org_id: UUID, wrong: dict[str, object]) -> tuple[TransferKind, str]:
    target, own = organisations.get(to_org_id), organisations.committee_of(member.branch_id)
    if not target.is_active:
        wrong["to_org_id"] = "org_closed"
    if target.kind in members.HOLDS_MEMBERS and organisations.committee_of(target.id).id == own.id:
        if target.id == member.branch_id:
            wrong["to_org_id"] = "same_branch"
        return K.COMMITTEE, target.full_name
    if target.kind not in organisations.COMMITTEES or target.id == own.id:
        wrong["to_org_id"] = "choose_one"
    return K.COUNTY, target.full_name


def submit(case: RelationTransfer) -> None:
    """The branch hands it up."""
    _demand_holding_case(case)
    move(case, "submit")


def renew(case: RelationTransfer, proof: str) -> None:
    """The letter expired: the branch says that the member was and is in its care, and asks for a new letter."""
    if not proof.strip():
        raise Invalid({"text": "required"})
    _demand_holding_case(case)
    case.keep(proof=proof.strip())
    move(case, "renew", reason=proof.strip())


def _demand_holding_case(case: RelationTransfer) -> None:
    member = member_of(case)
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")


def revoke(case: RelationTransfer, text: str = "") -> None:
    """Nothing comes of it: the branch before its committee approved, the committee before the next level did."""
    letters.void(case.id, text.strip())
    move(case, "revoke", reason=text.strip())
    let_go(case)


# The committee's words


def give_back(case: RelationTransfer, text: str) -> None:
    """Says what to mend; the branch submits again."""
    if not text.strip():
        raise Invalid({"text": "required"})
    case.keep(text=text.strip())
    move(case, "return", reason=text.strip())


def approve(case: RelationTransfer) -> None:
    """The committee agrees. Inside one committee this is the whole; towards a partner county a handover begins."""
    member = member_of(case)
    members.demand_open(member)
    _demand_fit(case, member)
    case.approved_on = clock.today()
    case.keep(text=None)
    move(case, "approve")
    if case.kind is K.COMMITTEE:
        move(case, "assign")
        settle_inside(case, member)
    elif case.kind is K.COUNTY:
        members.freeze(member, case.id)
    elif case.kind is K.PARTNER:
        move(case, "hand_over")
        events.announce(HandedOver(case, member))
    db.session.flush()


def _demand_fit(case: RelationTransfer, member: Member) -> None:
    """The destination is what it was applied for as, from the branch the member has by now: of another committee's branches
    this one does not decide.
    """
    if case.to_org_id is None:
        return
    wrong: dict[str, object] = {}
    kind, _ = _inside(member, case.to_org_id, wrong)
    if wrong or kind is not case.kind:
        raise WrongState("destination_unfit")


def settle_inside(case: RelationTransfer, member: Member) -> None:
    """Assigned inside the county: the member's branch changes, the case is closed."""
    assert case.to_org_id is not None
    if member.frozen_by == case.id:
        members.thaw(member)
    members.assign_branch(member, case.to_org_id, reason="relation_transfer")
    case.received_on = clock.today()
    move(case, "close")


def refuse(case: RelationTransfer, reason: str, text: str = "", words: str = "") -> None:
    """No, for a reason of the closed list; `other` needs words. A letter that was out is void. `words`: of the reason, for
    the book where the clerk wrote nothing; the book is a paper, and prints what it holds.
    """
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
    letters.void(case.id, text.strip() or words)
    case.reason = reason
    case.keep(text=text.strip() or None)
    move(case, "refuse", reason=text.strip())
    let_go(case)


def let_go(case: RelationTransfer) -> None:
    """The row is ours to change again; a provisional one is history."""
    member = member_of(case)
    if member.frozen_by == case.id:
        members.thaw(member)
    if case.kind is K.INWARD and member.relation is Relation.PROVISIONAL:
        members.withdraw(member)


# What happens elsewhere


def _is_open(member_id: UUID) -> bool:
    query = db.select(RelationTransfer.id).where(
        RelationTransfer.member_id == member_id, RelationTransfer.state.in_(OPEN)
    )
    return db.session.scalar(query.limit(1)) is not None


flows.TRANSFERS.append(_is_open)


@events.subscribe(members.MemberEnded)
def _end_with_membership(what: members.MemberEnded) -> None:
    """Membership ended by a decision or by death: what was applied for is void."""
    query = db.select(RelationTransfer).where(
        RelationTransfer.member_id == what.member_id, RelationTransfer.state.in_(OPEN)
    )
    for case in db.session.scalars(query.with_for_update()):
        if RELATION_TRANSFER.row(case.state, "revoke"):
            move(case, "revoke", reason=what.reason)


@events.subscribe(members.MemberChanged)
def _follow_member(what: members.MemberChanged) -> None:
    """Moved to another branch meanwhile: whose part of the tree that is decides, and the letter names it. Where the case
    itself moves him (`assigned`), it keeps the branch he left; inward there is none.
    """
    if "branch_id" not in what.fields:
        return
    query = db.select(RelationTransfer).where(
        RelationTransfer.member_id == what.member_id,
        RelationTransfer.branch_id.is_not(None),
        RelationTransfer.state.in_(OPEN),
        RelationTransfer.state != S.ASSIGNED,
    )
    for case in db.session.scalars(query.with_for_update()):
        case.branch_id = members.get(what.member_id).branch_id
    db.session.flush()


@events.subscribe(organisations.OrgClosing)
def _keep_open_destinations(what: organisations.OrgClosing) -> None:
    """An organisation that somebody is on the way to stays open until he has arrived."""
    query = db.select(RelationTransfer.id).where(
        RelationTransfer.to_org_id == what.org_id, RelationTransfer.state.in_(OPEN)
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise Invalid({"org": "has_people"})


def target(case: RelationTransfer) -> PartyOrg | None:
    """The organisation of this county it goes to."""
    return organisations.get(case.to_org_id) if case.to_org_id else None
