"""The words about a letter: home issues, recalls or lets it run out; the host notes its arrival, takes over or declines."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.core.queue import Job
from web.extensions import db
from web.federation import verbs
from web.federation.handovers import effects, packet
from web.federation.handovers.asking import lift_stop, said
from web.federation.handovers.kind import KIND
from web.federation.handovers.models import HANDOVER, Handover, HandoverState, Outcome
from web.tenants.counties.service import LETTER_VALID_AT_MOST
from web.tenants.documents.models import DocumentKind
from web.tenants.flows.service import add_months
from web.tenants.members import service as members
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.transfers import letters as book

MAX_VALID = LETTER_VALID_AT_MOST
RECEIPT_MONTHS = 1
"""Within so many months of its arrival the host returns the receipt."""
S = HandoverState


def release(
    handover: Handover,
    *,
    valid_days: int,
    from_org: str,
    to_org: str,
    addressee: str,
    contact: str = "",
    proof: str = "",
) -> Task:
    """Issue the introduction letter and freeze the member: 在途. The letter is rendered by the task.

    Invalid for a validity outside 1 to 90 days, for a member that lacks what the letter needs (`lacking` names fields),
    and without `proof`, the branch's, when the member's last letter ran out.
    """
    HANDOVER.demand(handover.state, "release", handover.role)
    wrong: dict[str, object] = {}
    if not 1 <= valid_days <= MAX_VALID:
        wrong["valid_days"] = "out_of_range"
    for field, value in (("from_org", from_org), ("to_org", to_org), ("addressee", addressee)):
        if not value.strip():
            wrong[field] = "required"
    if not proof.strip() and ran_out(handover) is not None:
        wrong["proof"] = "required"
    if wrong:
        raise Invalid(wrong)
    member = members.get(effects.held(handover), lock=True)
    if missing := packet.lacking(member):
        raise WrongState("letter_incomplete", missing=missing)
    today = clock.today()
    letter = packet.letter(
        member,
        from_org=from_org.strip(),
        to_org=to_org.strip(),
        letter_no=book.enter(handover.id, member, from_org=from_org, to_org=to_org, valid_days=valid_days).letter_no,
        valid_days=valid_days,
        contact=contact.strip() or member.phone,
    )
    own = {"addressee": addressee.strip(), "issued_by": events.actor().name, "proof": proof.strip() or None}
    handover.keep(**letter, **own)
    handover.issued_on, handover.valid_until = today, today + timedelta(days=valid_days)
    verbs.say(
        KIND, handover, "release", {"issued_on": today.isoformat()}, packet.pointers(letter), reason=proof.strip()
    )
    return print_letter(handover)


def ran_out(handover: Handover) -> Handover | None:
    """The member's letter before this one, if nobody received it while it was valid."""
    query = db.select(Handover).where(
        Handover.member_id == handover.member_id,
        Handover.role == "home",
        Handover.issued_on.is_not(None),
        Handover.id != handover.id,
    )
    last: Handover | None = db.session.scalars(query.order_by(Handover.id.desc()).limit(1)).first()
    return last if last is not None and last.outcome == Outcome.EXPIRED_IN_TRANSIT else None


def print_letter(handover: Handover) -> Task:
    """Have the letter rendered; once the handover is closed, with the receipt filled in. WrongState without a letter,
    or where the other county left out something that stands on it.
    """
    letter = handover.values()
    number = letter.get("letter_no")
    if not number or handover.state not in (S.RELEASED, S.CLOSED):
        raise WrongState("no_letter")
    if missing := book.withheld(letter):
        raise WrongState("letter_withheld", missing=missing)
    part = "介绍信回执" if handover.state is S.CLOSED else "介绍信"
    return tasks.start(
        Job.RENDER,
        f"{part}　第{number}号",
        subject_id=handover.id,
        details={"paper": DocumentKind.INTRODUCTION_LETTER.value, "unit": "份"},
    )


def recall(handover: Handover, reason: str, text: str = "") -> None:
    """Take the letter back while the member is in transit; a take-over that crosses it is dropped at the host."""
    effects.demand_words(reason, text)
    lift_stop(handover)
    verbs.say(KIND, handover, "recall", {"reason": reason}, said(text), reason=reason)


def decline(handover: Handover, reason: str, text: str = "") -> None:
    """Not to be taken over after all, for a reason of the closed list."""
    effects.demand_words(reason, text)
    verbs.say(KIND, handover, "decline", {"reason": reason}, said(text), reason=reason)


def note_arrival(handover: Handover, on: date) -> None:
    """At the host: the paper reached us on that day. The receipt is due a month later, or when the letter runs out."""
    if handover.role != "host" or handover.state is not S.RELEASED or handover.pending:
        raise WrongState("illegal_transition", machine=HANDOVER.name, state=handover.state.value, verb="note_arrival")
    if on > clock.today():
        raise Invalid({"on": "in_the_future"})
    if handover.issued_on is not None and on < handover.issued_on:
        raise Invalid({"on": "before_issue"})
    events.record("handover.note_arrival", handover)
    handover.arrived_on = on
    handover.due_on = receipt_due(handover)
    db.session.flush()


def receipt_due(handover: Handover) -> date | None:
    """The last day to return the receipt: the letter's, or a month after it arrived, whichever comes first."""
    days = [handover.valid_until, handover.arrived_on and add_months(handover.arrived_on, RECEIPT_MONTHS)]
    return min((day for day in days if day), default=None)


def take_over(handover: Handover, *, branch_id: UUID, receipt_no: str, handler: str, phone: str) -> None:
    """Assign a branch, for the time being, and send the receipt (回执). Home's confirmation makes it final."""
    given = {"receipt_no": receipt_no.strip(), "handler": handler.strip(), "phone": phone.strip()}
    if wrong := {name: "required" for name, value in given.items() if not value}:
        raise Invalid(wrong)
    if handover.is_emptied:
        raise WrongState("emptied")  # nobody knows any more whom the branch would get
    members.demand_branch(branch_id, "branch_id")
    received = handover.arrived_on or clock.today()
    handover.branch_id = branch_id
    handover.keep(receipt=given)
    verbs.say(KIND, handover, "take_over", {"on": received.isoformat()}, packet.pointers(given))


def expire_letters(limit: int = 200) -> int:
    """Letters whose last day is over: home says so. Returns how many."""
    query = db.select(Handover).where(
        Handover.role == "home",
        Handover.state == S.RELEASED,
        Handover.valid_until < clock.today(),
        Handover.pending == "",
        Handover.stopped == "",
    )
    return verbs.say_of_each(KIND, "expire", query.limit(limit))
