"""The public verbs of the handover, what follows every move, and what other rooms announce.

`asking` has the words before a letter, `letters` those about it, `kind` the table of what each verb checks and does
(`effects`). Every end is seen to in one place (`_after`): the outcome, the thawed member at home, the purged packet and
the undone row at the host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

from web.core import clock, events
from web.core.errors import DomainError, Invalid, WrongState
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import service as agreements
from web.federation.agreements.registers import AT_REST
from web.federation.handovers.asking import (
    accept,
    ask,
    ask_again,
    ask_mended,
    begin,
    came_from,
    cancel,
    candidates,
    covering,
    give_back,
    partners,
    refuse,
)
from web.federation.handovers.effects import SCOPE, unassign
from web.federation.handovers.kind import KIND
from web.federation.handovers.letters import (
    MAX_VALID,
    decline,
    expire_letters,
    note_arrival,
    print_letter,
    ran_out,
    recall,
    receipt_due,
    release,
    take_over,
)
from web.federation.handovers.models import (
    BEFORE_RELEASE,
    FLIP,
    OPEN,
    OUTCOMES,
    UNANSWERED,
    UNMENDED,
    Handover,
    HandoverState,
    Outcome,
)
from web.federation.pairs import Moved
from web.federation.post import service as post
from web.federation.readings import service as readings
from web.tenants.activities.study import StudyCredited
from web.tenants.consents import service as consents
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.flows import service as flows
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.models import Relation
from web.tenants.organisations.service import OrgClosing
from web.tenants.register.service import ProvisionalRead
from web.tenants.transfers.letters import withheld

__all__ = [
    "KIND",
    "MAX_VALID",
    "accept",
    "ask",
    "ask_again",
    "ask_mended",
    "begin",
    "came_from",
    "cancel",
    "candidates",
    "covering",
    "decline",
    "expire_letters",
    "get",
    "give_back",
    "may_put_away",
    "neighbours",
    "note_arrival",
    "of_case",
    "of_member",
    "partners",
    "print_letter",
    "put_away",
    "ran_out",
    "recall",
    "refuse",
    "release",
    "take_over",
    "verbs_now",
]

S = HandoverState
WAITS = dict.fromkeys((S.REQUESTED, S.ASKED, S.ACCEPTED), UNANSWERED) | dict.fromkeys(
    (S.RETURNED, S.ASK_RETURNED), UNMENDED
)
FORWARDED = ("presence", "study_minutes")


def _members_behind(ids: Collection[UUID], partner_uid: UUID) -> dict[UUID, UUID | None]:
    """Our members behind these handovers, of those we requested of that county; whom we asked for is not ours yet."""
    is_ours = (Handover.role == "home") & Handover.member_id.is_not(None)
    is_asked = (Handover.role == "host") & (Handover.begun_by == "host")
    query = db.select(Handover.id, Handover.member_id, is_ours).where(
        Handover.id.in_(ids), Handover.partner_uid == partner_uid, is_ours | is_asked
    )
    return {id_: member_id if own else None for id_, member_id, own in db.session.execute(query)}


readings.OWNERS["handover"] = _members_behind


@events.subscribe(ProvisionalRead)
def _looked(read: ProvisionalRead) -> None:
    """The row of our register holds what home told us, and the member is home's until it confirms."""
    query = db.select(Handover).where(Handover.member_id.in_(read.member_ids), Handover.role == "host")
    for handover in db.session.scalars(query):
        if handover.is_open and handover.is_received:
            readings.opened("handover", handover.id, handover.partner_uid)


# After every move


def _due(handover: Handover) -> date | None:
    wait = WAITS.get(handover.state)
    if wait is not None:
        return clock.day(handover.state_at + wait)
    return receipt_due(handover) if handover.state is S.RELEASED else None


def _outcome(handover: Handover) -> str:
    if handover.state is not S.CLOSED:
        return OUTCOMES.get(handover.state, "")
    is_late = handover.received_on and handover.valid_until and handover.received_on > handover.valid_until
    return Outcome.LATE if is_late else Outcome.ON_TIME


@events.subscribe(Moved)
def _after(moved: Moved) -> None:
    if moved.kind != KIND.name or moved.verb == "forward":
        return
    handover: Handover = KIND.get(moved.about_id)
    handover.due_on, handover.outcome = _due(handover), str(_outcome(handover))
    if not handover.is_open:
        handover.person_blind = None
        if handover.state is not S.CLOSED:
            _came_to_nothing(handover)
    db.session.flush()
    if moved.verb == FLIP and not withheld(handover.values()):
        print_letter(handover)  # something left out, there is no paper to print; the relation moves all the same


def _came_to_nothing(handover: Handover) -> None:
    """What the other county told us is gone; what home itself put on a letter stays in its book."""
    if handover.role == "host":
        unassign(handover, handover.state.value)
    elif handover.member_id is not None:
        member = members.get(handover.member_id, lock=True)
        if member.frozen_by == handover.id:
            members.thaw(member)
    if handover.role == "host" or (handover.begun_by == "host" and handover.issued_on is None):
        handover.packet = None
        post.purge(handover.id)
        documents.destroy(handover.id)


def _taken_back(handover: Handover) -> None:
    """Home ended it where our copy has stopped: it confirmed nothing and will not, so what it told us goes, and the row for the
    time being. The state waits for a person.
    """
    if handover.is_open:
        handover.person_blind = None
        _came_to_nothing(handover)


_ENDINGS = ("refuse", "cancel", "expire", "decline", "recall")
KIND.clears.update(dict.fromkeys(_ENDINGS, _taken_back))


def may_put_away(handover: Handover) -> bool:
    """Has our copy stopped, and did home say since that it ended? Before that word only home knows whose the member is."""
    has_stopped = handover.role == "host" and bool(handover.stopped) and handover.is_open
    return has_stopped and verbs.heard(KIND, handover, _ENDINGS) is not None


def put_away(handover: Handover, reason: str) -> None:
    """A person of the host ends a copy that had stopped as home ended its own; all it held is destroyed since that word came.
    `reason`: for the log. Home confirmed nothing and will not, so the member stays home's. WrongState before that word.
    """
    word = verbs.heard(KIND, handover, _ENDINGS) if may_put_away(handover) else None
    if word is None:
        raise WrongState("illegal_transition", machine=KIND.name, state=handover.state.value, verb="put_away")
    events.record("handover.put_away", handover, reason=reason)
    verb = word.type.partition(".")[2]
    if KIND.machine.row(handover.state, verb) is None:  # home had gone on by words this copy never took
        verb = "recall" if handover.state is S.RELEASED else "cancel"
    verbs.follow_to(KIND, handover, word, verb)


def _end_open(member_id: UUID, reason: str) -> None:
    """Open handovers of the member that no letter was issued for. Those just locked by others find out by themselves."""
    query = db.select(Handover).where(
        Handover.member_id == member_id, Handover.role == "home", Handover.state.in_(BEFORE_RELEASE)
    )
    for other in db.session.scalars(query.with_for_update(skip_locked=True)):
        if not other.stopped:
            verbs.say(KIND, other, "cancel", reason=reason)


# What other rooms announce


@events.subscribe(members.MemberEnded)
def _end_with_membership(what: members.MemberEnded) -> None:
    _end_open(what.member_id, what.standing.value)


@events.subscribe(members.MemberChanged)
def _end_with_transfer(what: members.MemberChanged) -> None:
    """The relation went elsewhere, by another handover or by a letter on paper."""
    if "relation" in what.fields and members.get(what.member_id).relation is Relation.TRANSFERRED:
        _end_open(what.member_id, "transferred")


@events.subscribe(members.MemberChanged)
def _follow_member(what: members.MemberChanged) -> None:
    """Moved to another branch meanwhile: whose part of the tree that is sees to what is open, the former one no longer."""
    if "branch_id" not in what.fields:
        return
    query = db.select(Handover).where(
        Handover.member_id == what.member_id, Handover.role == "home", Handover.state.in_(OPEN)
    )
    for handover in db.session.scalars(query.with_for_update()):
        handover.branch_id = members.get(what.member_id).branch_id
    db.session.flush()


@events.subscribe(OrgClosing)
def _keep_branch_until_confirmed(what: OrgClosing) -> None:
    """Whoever comes back has no row in the branch before home confirms, and the confirmation puts him there."""
    query = db.select(Handover.id).where(
        Handover.branch_id == what.org_id, Handover.role == "host", Handover.pending == "take_over"
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise Invalid({"org": "has_people"})


@events.subscribe(consents.ConsentWithdrawn)
def _end_with_application(what: consents.ConsentWithdrawn) -> None:
    """The member no longer wants it: nobody's decision is needed to stop. One that stopped waits for a person, and keeps
    nobody from withdrawing.
    """
    if SCOPE not in what.scopes:
        return
    query = db.select(Handover).where(
        Handover.member_id == what.member_id,
        Handover.partner_uid == what.partner_uid,
        Handover.role == "home",
        Handover.state.in_(OPEN),
    )
    for handover in db.session.scalars(query.with_for_update()):
        if handover.stopped:
            continue
        if handover.state is S.RELEASED:
            recall(handover, "member_stays")
        else:
            verbs.say(KIND, handover, "cancel", reason="application_withdrawn")


@events.subscribe(StudyCredited)
def _forward(what: StudyCredited) -> None:
    """We countersigned for a member who is another county's by now: his new home learns it."""
    if members.get(what.member_id).relation is not Relation.TRANSFERRED:
        return
    query = db.select(Handover).where(
        Handover.member_id == what.member_id, Handover.role == "home", Handover.state == S.CLOSED
    )
    handover = db.session.scalars(query.order_by(Handover.id.desc()).limit(1).with_for_update()).first()
    if handover is None or handover.stopped or not _may_forward(handover):
        return
    body = {"record": str(what.cosign_id), "recorder": str(what.partner_uid), "held_on": what.held_on.isoformat()}
    values = {"/title": what.title, "/presence": what.presence.value, "/study_minutes": what.minutes}
    verbs.say(KIND, handover, "forward", body, values)


def _may_forward(handover: Handover) -> bool:
    own, receiver = counties.own().uid, handover.partner_uid
    try:
        reference = agreements.covering(receiver, "S5", owner_uid=own, receiver_uid=receiver)
    except DomainError:
        return False
    return all(agreements.holds(reference, own, receiver, "S5", name) for name in FORWARDED)


def _hinders(agreement_id: UUID, partner_uid: UUID) -> list[str]:
    """A pair is at rest when no handover under its agreement is on its way."""
    query = db.select(Handover.id).where(
        Handover.agreement_id == agreement_id, Handover.partner_uid == partner_uid, Handover.state.in_(OPEN)
    )
    return ["open_handovers"] if db.session.scalar(query.limit(1)) else []


AT_REST.append(_hinders)


def _is_open(member_id: UUID) -> bool:
    query = db.select(Handover.id).where(Handover.member_id == member_id, Handover.state.in_(OPEN))
    return db.session.scalar(query.limit(1)) is not None


flows.TRANSFERS.append(_is_open)


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


def neighbours(handover: Handover) -> tuple[Handover | None, Handover | None]:
    """The handover this one takes back, and the latest that takes this one back: one query."""
    near = db.or_(Handover.id == handover.reverses, Handover.reverses == handover.id)
    found = list(db.session.scalars(db.select(Handover).where(near).order_by(Handover.id)))
    before = next((h for h in found if h.id == handover.reverses), None)
    return before, next((h for h in reversed(found) if h.reverses == handover.id), None)


def verbs_now(handover: Handover) -> Iterable[str]:
    """What our side may say now. Home ends its own copy also where that has stopped."""
    if handover.role == "home" and handover.stopped and handover.is_open:
        return ["recall"] if handover.state is S.RELEASED else ["cancel"]
    return verbs.can(KIND, handover)


merging.HELD_BY["merge_handed_over"] = lambda ids: db.select(Handover.member_id).where(Handover.member_id.in_(ids))
