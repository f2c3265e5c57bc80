"""Verbs of the handover: begin, ask again, give back, accept, refuse, cancel, release, decline, take over, recall.

`KIND` says what each verb checks and does at either county. Every end is seen to in one place (`_after`): the outcome,
the thawed member at home, the purged packet and the undone row at the host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock, events, vault
from web.core.errors import DomainError, Invalid, WrongState
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import db
from web.federation import admission, verbs
from web.federation.agreements import service as agreements
from web.federation.handovers import packet
from web.federation.handovers.models import (
    BEFORE_RELEASE,
    FLIP,
    HANDOVER,
    OPEN,
    OUTCOMES,
    UNANSWERED,
    UNMENDED,
    Handover,
    HandoverState,
    Outcome,
)
from web.federation.post import service as post
from web.federation.post.models import Peer, PeerState
from web.federation.readings import service as readings
from web.federation.verbs import Kind, Moved, Said
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import AgreementRef, Envelope
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.documents.models import DocumentKind
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.transfers import letters

SCOPE = "S4"
MAX_VALID = 90
S = HandoverState


# Which agreement, which partner


def covering(partner_uid: UUID) -> AgreementRef:
    """The agreement under which our members may go to that county; its DomainError says what is missing."""
    own = counties.own().uid
    return agreements.covering(partner_uid, SCOPE, owner_uid=own, receiver_uid=partner_uid)


def partners() -> list[Peer]:
    """The counties our members may be handed over to today."""
    found = []
    query = db.select(Peer).where(Peer.state == PeerState.CONFIRMED)
    for peer in db.session.scalars(query.order_by(Peer.code)):
        try:
            covering(peer.uid)
        except DomainError:
            continue
        found.append(peer)
    return found


# Home's words


def begin(member: Member, partner_uid: UUID, *, method: Method, applied_on: date | None, to_org: str) -> Handover:
    """Record the member's own application and ask the partner to receive. Load the member with `lock=True`.

    `to_org`: the organisation the member goes to, as the member says it. WrongState `already_open` while one is open
    with this partner; Invalid for a wrong day, an empty destination, or a member without a birth date.
    """
    wrong: dict[str, object] = {}
    if not to_org.strip():
        wrong["to_org"] = "required"
    if applied_on is not None and applied_on > clock.today():
        wrong["applied_on"] = "in_the_future"
    if member.birth_on is None:
        wrong[""] = "birth_on_missing"
    if wrong:
        raise Invalid(wrong)
    agreement = covering(partner_uid)
    consents.give(member, partner_uid, [SCOPE], method=method, on=applied_on)
    person = packet.identity(member)
    handover = Handover(
        id=uuid7(),
        partner_uid=partner_uid,
        role="home",
        member_id=member.id,
        branch_id=member.branch_id,
        person_blind=packet.person_blind(person),
        returned_fields=[],
    )
    handover.under(agreement)
    handover.keep(**person, to_org=to_org.strip())
    verbs.say(KIND, handover, "request", {}, packet.pointers(person))
    return handover


def ask_again(handover: Handover, *, to_org: str = "") -> None:
    """Mended: the request goes out once more, with the member's fields as they are now."""
    member = members.get(_held(handover), lock=True)
    person = packet.identity(member)
    verbs.say(KIND, handover, "request", {}, packet.pointers(person))
    handover.person_blind = packet.person_blind(person)
    handover.keep(**person, **({"to_org": to_org.strip()} if to_org.strip() else {}))
    db.session.flush()


def release(
    handover: Handover, *, valid_days: int, from_org: str, to_org: str, addressee: str, contact: str = ""
) -> Task:
    """Issue the introduction letter and freeze the member: 在途. The letter is rendered by the task.

    Invalid for a validity outside 1 to 90 days, or a member that lacks what the letter needs (`lacking` names fields).
    """
    HANDOVER.demand(handover.state, "release", handover.role)
    wrong: dict[str, object] = {}
    if not 1 <= valid_days <= MAX_VALID:
        wrong["valid_days"] = "out_of_range"
    for field, value in (("from_org", from_org), ("to_org", to_org), ("addressee", addressee)):
        if not value.strip():
            wrong[field] = "required"
    if wrong:
        raise Invalid(wrong)
    member = members.get(_held(handover), lock=True)
    if missing := packet.lacking(member):
        raise WrongState("letter_incomplete", missing=missing)
    today = clock.today()
    letter = packet.letter(
        member,
        from_org=from_org.strip(),
        to_org=to_org.strip(),
        letter_no=letters.enter(handover.id, member, from_org=from_org, to_org=to_org, valid_days=valid_days).letter_no,
        valid_days=valid_days,
        contact=contact.strip() or member.phone,
    )
    handover.keep(**letter, addressee=addressee.strip(), issued_by=events.actor().name)
    handover.issued_on, handover.valid_until = today, today + timedelta(days=valid_days)
    verbs.say(KIND, handover, "release", {"issued_on": today.isoformat()}, packet.pointers(letter))
    return print_letter(handover)


def print_letter(handover: Handover) -> Task:
    """Have the letter rendered; once the handover is closed, with the receipt filled in. WrongState without a letter."""
    number = handover.values().get("letter_no")
    if not number or handover.state not in (S.RELEASED, S.CLOSED):
        raise WrongState("no_letter")
    part = "介绍信回执" if handover.state is S.CLOSED else "介绍信"
    return tasks.start(
        Job.RENDER,
        f"{part}　第{number}号",
        subject_id=handover.id,
        details={"paper": DocumentKind.INTRODUCTION_LETTER.value, "unit": "份"},
    )


def recall(handover: Handover, reason: str, text: str = "") -> None:
    """Take the letter back while the member is in transit; a take-over that crosses it is dropped at the host."""
    verbs.say(KIND, handover, "recall", {"reason": reason}, _said(text), reason=text)


# The host's words


def give_back(handover: Handover, fields: Sequence[str], text: str = "") -> None:
    """Name the fields that do not fit, so that home mends them and asks again."""
    if not fields:
        raise Invalid({"mend": "choose_one"})
    _keep_text(handover, text)
    verbs.say(KIND, handover, "return", {"fields": sorted(set(fields))}, _said(text), reason=text)


def accept(handover: Handover) -> None:
    """Yes: home may issue the letter."""
    verbs.say(KIND, handover, "accept")


def refuse(handover: Handover, reason: str, text: str = "") -> None:
    """No, for a reason of the closed list; `other` needs words."""
    _demand_words(reason, text)
    verbs.say(KIND, handover, "refuse", {"reason": reason}, _said(text), reason=text)


def decline(handover: Handover, reason: str, text: str = "") -> None:
    """Not to be taken over after all, for a reason of the closed list."""
    _demand_words(reason, text)
    verbs.say(KIND, handover, "decline", {"reason": reason}, _said(text), reason=text)


def take_over(handover: Handover, *, branch_id: UUID, receipt_no: str, handler: str, phone: str) -> None:
    """Assign a branch, for the time being, and send the receipt (回执). Home's confirmation makes it final."""
    given = {"receipt_no": receipt_no.strip(), "handler": handler.strip(), "phone": phone.strip()}
    if wrong := {name: "required" for name, value in given.items() if not value}:
        raise Invalid(wrong)
    organisations.get(branch_id)
    today = clock.today()
    handover.branch_id = branch_id
    handover.keep(receipt=given)
    verbs.say(KIND, handover, "take_over", {"on": today.isoformat()}, packet.pointers(given))


# Either's word


def cancel(handover: Handover, text: str = "") -> None:
    """Nothing comes of it, before a letter was issued."""
    verbs.say(KIND, handover, "cancel", {}, _said(text), reason=text)


def _said(text: str) -> dict[str, str]:
    return {"/text": text.strip()} if text.strip() else {}


def _keep_text(handover: Handover, text: str) -> None:
    if text.strip():
        handover.keep(text=text.strip())


def _demand_words(reason: str, text: str) -> None:
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})


def _held(handover: Handover) -> UUID:
    if handover.member_id is None:
        raise WrongState("illegal_transition", machine=HANDOVER.name, state=handover.state.value, verb="")
    return handover.member_id


# What the verbs check and do


def _opens(envelope: Envelope, admitted: admission.Admitted) -> Handover:
    if envelope.n is None:
        raise WireError("illegal_transition", verb="request")  # only home begins, and numbers it
    return Handover(role="host", returned_fields=[])


def _check_request(handover: Handover, said: Said) -> None:
    person = packet.named(said.values)
    if handover.role == "home":
        member = members.get(_held(handover), lock=True)
        members.demand_open(member)
        if member.relation is not Relation.HELD:
            raise WrongState("member_is_history")
        if not consents.stands(member.id, handover.partner_uid, SCOPE):
            raise WrongState("application_missing")
    taken = db.select(Handover.id).where(Handover.partner_uid == handover.partner_uid, Handover.state.in_(OPEN))
    same = Handover.person_blind == packet.person_blind(person) if "birth_on" in person and "name" in person else None
    if handover.role == "home":
        is_member = Handover.member_id == handover.member_id
        same = is_member if same is None else same | is_member
    if same is not None and db.session.scalar(taken.where(same, Handover.id != handover.id).limit(1)) is not None:
        raise WrongState("already_open")


def _check_release(handover: Handover, said: Said) -> None:
    member = members.get(_held(handover), lock=True)
    members.demand_open(member)  # another handover of this member in transit holds the row
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    if not consents.stands(member.id, handover.partner_uid, SCOPE):
        raise WrongState("application_missing")


def _check_said_by_nobody(handover: Handover, said: Said) -> None:
    raise WrongState("illegal_transition", machine=HANDOVER.name, state=handover.state.value, verb=said.verb)


def _requested(handover: Handover, said: Said) -> None:
    handover.returned_fields, handover.reason = [], ""
    if handover.role == "host":
        person = packet.named(said.values)
        handover.keep(**person, text=None)
        if "name" in person and "birth_on" in person:
            handover.person_blind = packet.person_blind(person)


def _returned(handover: Handover, said: Said) -> None:
    handover.returned_fields = list(said.body["fields"])
    _keep_text(handover, said.values.get("/text", ""))


def _ended_for_a_reason(handover: Handover, said: Said) -> None:
    handover.reason = said.body.get("reason", "")
    _keep_text(handover, said.values.get("/text", ""))


def _released(handover: Handover, said: Said) -> None:
    if handover.role == "home":
        members.freeze(members.get(_held(handover), lock=True), handover.id)
        return
    handover.keep(**packet.named(said.values))
    handover.issued_on = date.fromisoformat(said.body["issued_on"])
    days = said.values.get("/valid_days", counties.settings().letter_valid_days)
    handover.valid_until = handover.issued_on + timedelta(days=days)


def _assign(handover: Handover, said: Said) -> None:
    """The host's row for the time being: not a member of ours until home confirms."""
    assert handover.branch_id is not None
    member = members.enroll(handover.branch_id, relation=Relation.PROVISIONAL, **packet.as_member(handover.values()))
    handover.member_id = member.id
    handover.received_on = date.fromisoformat(said.body["on"])


def _unassign(handover: Handover, code: str = "") -> None:
    """The row that will not be confirmed goes, and its key with it, so that its history holds no values either."""
    handover.received_on = None
    if handover.role != "host" or handover.member_id is None:
        return
    member = members.get(handover.member_id, lock=True)
    if member.relation is not Relation.PROVISIONAL:
        return
    handover.member_id = handover.branch_id = None
    if handover.packet is not None and handover.values():
        handover.keep(receipt=None)
    db.session.flush()
    events.record("member.withdraw", member, reason=code)
    db.session.delete(member)
    db.session.flush()
    vault.destroy(member.id)


def _receipt_in(handover: Handover, said: Said) -> None:
    handover.received_on = date.fromisoformat(said.body["on"])
    handover.keep(receipt=packet.named(said.values))


def _confirmed(handover: Handover, said: Said) -> None:
    """The only flip: home lets go, the host's row becomes a member."""
    member = members.get(_held(handover), lock=True)
    if handover.role == "host":
        number = said.values.get("/id_number")
        members.settle(member, number if number and citizen_id.is_valid(number) else None)
        print_letter(handover)
        return
    members.become_history(member)
    print_letter(handover)
    flow = flows.current(member.id, lock=True)
    if flow is not None:
        flows.end(flow, FlowEnd.TRANSFERRED, reason="handover")
    _end_others(member.id, but=handover.id)


def _confirm_with(handover: Handover, said: Said) -> tuple[dict[str, Any], dict[str, Any]]:
    member = members.get(_held(handover))
    assert member.id_number is not None, "release demands a number, and the row was frozen since"
    return {}, {"/id_number": member.id_number}


def _members_behind(ids: Collection[UUID], partner_uid: UUID) -> dict[UUID, UUID]:
    """Our members behind these handovers, of those we released or asked that county for."""
    query = db.select(Handover.id, Handover.member_id).where(
        Handover.id.in_(ids), Handover.role == "home", Handover.partner_uid == partner_uid
    )
    return {id_: member_id for id_, member_id in db.session.execute(query) if member_id is not None}


readings.OWNERS["handover"] = _members_behind
KIND = verbs.register(
    Kind(
        "handover",
        HANDOVER,
        Handover,
        opens=_opens,
        checks={"request": _check_request, "release": _check_release, FLIP: _check_said_by_nobody},
        effects={
            "request": _requested,
            "return": _returned,
            "refuse": _ended_for_a_reason,
            "decline": _ended_for_a_reason,
            "recall": _ended_for_a_reason,
            "cancel": _ended_for_a_reason,
            "release": _released,
            "take_over": _receipt_in,
            FLIP: _confirmed,
        },
        suggests={"take_over": _assign},
        dropped={"take_over": _unassign},
        answers={FLIP: _confirm_with},
        expires={"request": lambda handover: clock.now() + UNANSWERED},
    )
)


# After every move


def _due(handover: Handover) -> date | None:
    wait = {S.REQUESTED: UNANSWERED, S.ACCEPTED: UNANSWERED, S.RETURNED: UNMENDED}.get(handover.state)
    if wait is not None:
        return (handover.state_at + wait).astimezone(clock.CHINA).date()
    return handover.valid_until if handover.state is S.RELEASED else None


def _outcome(handover: Handover) -> str:
    if handover.state is not S.CLOSED:
        return OUTCOMES.get(handover.state, "")
    is_late = handover.received_on and handover.valid_until and handover.received_on > handover.valid_until
    return Outcome.LATE if is_late else Outcome.ON_TIME


@events.subscribe(Moved)
def _after(moved: Moved) -> None:
    if moved.kind != KIND.name:
        return
    handover: Handover = KIND.get(moved.about_id)
    handover.due_on, handover.outcome = _due(handover), str(_outcome(handover))
    if not handover.is_open:
        handover.person_blind = None
        if handover.state is not S.CLOSED:
            _came_to_nothing(handover)
    db.session.flush()


def _came_to_nothing(handover: Handover) -> None:
    if handover.role == "host":
        _unassign(handover, handover.state.value)
        handover.packet = None
        post.purge(handover.id)
    elif handover.member_id is not None:
        member = members.get(handover.member_id, lock=True)
        if member.frozen_by == handover.id:
            members.thaw(member)


def _end_others(member_id: UUID, *, but: UUID | None = None, reason: str = "transferred") -> None:
    """Open handovers of the member that no letter was issued for. Those just locked by others find out by themselves."""
    query = db.select(Handover).where(
        Handover.member_id == member_id, Handover.role == "home", Handover.state.in_(BEFORE_RELEASE), Handover.id != but
    )
    for other in db.session.scalars(query.with_for_update(skip_locked=True)):
        if not other.stopped:
            verbs.say(KIND, other, "cancel", reason=reason)


@events.subscribe(members.MemberEnded)
def _end_with_membership(what: members.MemberEnded) -> None:
    _end_others(what.member_id, reason=what.standing.value)


@events.subscribe(consents.ConsentWithdrawn)
def _end_with_application(what: consents.ConsentWithdrawn) -> None:
    """The member no longer wants it: nobody's decision is needed to stop."""
    if SCOPE not in what.scopes:
        return
    query = db.select(Handover).where(
        Handover.member_id == what.member_id,
        Handover.partner_uid == what.partner_uid,
        Handover.role == "home",
        Handover.state.in_(OPEN),
    )
    for handover in db.session.scalars(query.with_for_update()):
        if handover.state is S.RELEASED:
            recall(handover, "member_stays")
        elif not handover.stopped:
            verbs.say(KIND, handover, "cancel", reason="application_withdrawn")


def expire_letters(limit: int = 200) -> int:
    """Letters whose last day is over: home says so. Returns how many."""
    query = db.select(Handover).where(
        Handover.role == "home",
        Handover.state == S.RELEASED,
        Handover.valid_until < clock.today(),
        Handover.pending == "",
        Handover.stopped == "",
    )
    said = 0
    for handover in db.session.scalars(query.limit(limit).with_for_update(skip_locked=True)):
        verbs.say(KIND, handover, "expire", reason="timer")
        said += 1
    return said


# Questions


def get(handover_id: UUID, *, lock: bool = False) -> Handover:
    """NotFound when it is absent or another county's."""
    found: Handover = KIND.get(handover_id, lock=lock)
    return found


def of_case(transfer_id: UUID) -> Handover | None:
    """The handover that a case file began."""
    return db.session.scalars(db.select(Handover).where(Handover.transfer_id == transfer_id)).first()


def of_member(member_id: UUID) -> Sequence[Handover]:
    """A member's handovers, the latest first."""
    query = db.select(Handover).where(Handover.member_id == member_id)
    return db.session.scalars(query.order_by(Handover.id.desc())).all()


def verbs_now(handover: Handover) -> Iterable[str]:
    """What our side may say now."""
    return verbs.can(KIND, handover)
