"""The letter of a case on paper: given out, handed over, void or expired, and the receipt that closes the case."""

from __future__ import annotations

from datetime import date

from web.core import clock
from web.core.errors import Invalid, WrongState
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.documents.models import DocumentKind
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import service as members
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.transfers import letters
from web.tenants.transfers.models import (
    RELATION_TRANSFER,
    WITH_LETTER,
    RelationTransfer,
    Seat,
    TransferState,
)
from web.tenants.transfers.service import let_go, member_of, move

S = TransferState


def issue_letter(
    case: RelationTransfer, *, valid_days: int, from_org: str, to_org: str, addressee: str, contact: str = ""
) -> Task:
    """Give out a number, lock the member's row, have the paper rendered. WrongState names fields the row lacks."""
    letters.demand(valid_days=valid_days, from_org=from_org, to_org=to_org, addressee=addressee)
    member = member_of(case)
    if missing := letters.lacking(member):
        raise WrongState("letter_incomplete", missing=missing)
    RELATION_TRANSFER.demand(case.state, "issue_letter", Seat.COMMITTEE)
    members.freeze(member, case.id)
    letters.void(case.id, "过期，另开")  # of a letter that expired and is renewed now
    stub = letters.enter(case.id, member, from_org=from_org, to_org=to_org, valid_days=valid_days)
    said = letters.snapshot(
        member,
        from_org=stub.from_org,
        to_org=stub.to_org,
        letter_no=stub.letter_no,
        valid_days=valid_days,
        contact=contact.strip() or member.phone,
        addressee=addressee.strip(),
        issued_by=stub.issued_by,
        issued_on=stub.issued_on.isoformat(),
        valid_until=stub.valid_until.isoformat(),
    )
    case.keep(**said, proof=None, receipt=None)
    case.due_on = stub.valid_until
    move(case, "issue_letter")
    return print_letter(case)


def print_letter(case: RelationTransfer) -> Task:
    """Have the letter rendered; once closed, with the receipt filled in. WrongState without a letter."""
    number = case.values().get("letter_no")
    if not number or case.state not in (*WITH_LETTER, S.CLOSED):
        raise WrongState("no_letter")
    part = "介绍信回执" if case.state is S.CLOSED else "介绍信"
    return tasks.start(
        Job.RENDER,
        say("{part}　第{number}号", part=part, number=number),
        subject_id=case.id,
        details={"paper": DocumentKind.INTRODUCTION_LETTER.value, "unit": "份"},
    )


def hand_out(case: RelationTransfer, on: date) -> None:
    """The letter was given to the member, or posted, on this day."""
    issued = date.fromisoformat(case.values()["issued_on"])
    if not issued <= on <= clock.today():
        raise Invalid({"on": "in_the_future" if on > clock.today() else "before_issued"})
    case.keep(handed_on=on.isoformat())
    move(case, "hand_out")


def void_letter(case: RelationTransfer, reason: str, text: str = "", words: str = "") -> None:
    """The letter came back, is lost or wrong: its number stands as void, and another can be issued, or the case revoked.

    `words`: of the reason, for the book where the clerk wrote nothing; the book is a paper, and prints what it holds.
    """
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
    letters.void(case.id, text.strip() or words)
    case.keep(letter_no=None, text=text.strip() or None)
    move(case, "void_letter", reason=text.strip() or words)
    let_go(case)


def return_receipt(case: RelationTransfer, *, on: date, handler: str, phone: str) -> None:
    """The receipt of the receiving committee, entered by hand: home lets go, and the case is closed.

    `on`: the day the member was received there. Invalid for a day before the letter, after its last one, or in the future.
    """
    if not case.values().get("letter_no"):
        raise WrongState("no_letter")
    wrong: dict[str, object] = {n: "required" for n, v in (("handler", handler), ("phone", phone)) if not v.strip()}
    if on > clock.today():
        wrong["on"] = "in_the_future"
    elif on < date.fromisoformat(case.values()["issued_on"]):
        wrong["on"] = "before_issued"
    elif on > date.fromisoformat(case.values()["valid_until"]):
        wrong["on"] = "after_valid"
    if wrong:
        raise Invalid(wrong)
    member = member_of(case)
    members.freeze(member, case.id)  # after an expiry the row was free: nobody else may hold it now
    case.received_on = on
    case.keep(receipt={"handler": handler.strip(), "phone": phone.strip()}, text=None)
    move(case, "return_receipt")
    letters.note_receipt(case.id, on)
    members.become_history(member)
    flow = flows.current(member.id, lock=True)
    if flow is not None:
        flows.end(flow, FlowEnd.TRANSFERRED, reason="relation_transfer")
    move(case, "close")
    print_letter(case)


def expire_letters(limit: int = 200) -> int:
    """Letters whose last day is over: void, the row is free, home stays responsible. Returns how many."""
    query = db.select(RelationTransfer).where(
        RelationTransfer.state.in_(WITH_LETTER), RelationTransfer.due_on < clock.today()
    )
    found = db.session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
    for case in found:
        letters.note(case.id, letters.RAN_OUT)
        move(case, "expire", reason="timer")
        let_go(case)
    return len(found)
