"""The book of introduction letters (介绍信登记簿): a number given out is a stub, whatever becomes of it.

Cases of this county and handovers to partner counties draw from one row of numbers, and stand in one book. What a letter
needs of a member, and what it says of him, is here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.tenants.counties import service as counties
from web.tenants.members import citizen_id, merging
from web.tenants.members.codes import MemberKind
from web.tenants.members.models import Member
from web.tenants.transfers.models import LetterStub, RelationTransfer

KEPT_YEARS = 10
KINDS: dict[str, str] = {MemberKind.FULL: "full", MemberKind.PROBATIONARY: "probationary"}

# What stands on the sheet, by its name in the letter. Another county may leave some of it out, or have it purged.
PRINTED = (
    "letter_no", "name", "sex", "birth_on", "ethnicity", "kind", "from_org", "to_org", "dues_until", "valid_days", "contact",
)  # fmt: skip
RAN_OUT = "有效期内没有接收"
"""What the book says of a letter whose last day is over; it is a paper, and prints its words as they stand."""

# What a letter cannot be written without, in the order of the form.
NEEDED = ("birth_on", "gender", "ethnicity", "member_kind", "id_number", "dues_until", "phone")


def lacking(member: Member) -> list[str]:
    """Fields of the register that the letter needs and this member lacks, or holds an impossible number in."""
    found = [name for name in NEEDED if not getattr(member, name)]
    if member.id_number and not citizen_id.is_valid(member.id_number):
        found.append("id_number")
    if member.gender and member.gender not in ("1", "2"):
        found.append("gender")  # the letter says 男 or 女
    return found


def withheld(letter: Mapping[str, Any]) -> list[str]:
    """What of the sheet these values of a letter lack, of PRINTED."""
    return [name for name in PRINTED if not letter.get(name)]


def snapshot(member: Member, **more: Any) -> dict[str, Any]:
    """What the letter says of the member as of today, and `more` of the letter's own. Invalid without a birth date."""
    if member.birth_on is None:
        raise Invalid({"birth_on": "required"})
    return {
        "name": member.name,
        "birth_on": member.birth_on.isoformat(),
        "sex": member.gender,
        "ethnicity": member.ethnicity,
        "kind": KINDS[member.member_kind],
        "dues_until": member.dues_until,
        **more,
    }


def demand(*, valid_days: int, from_org: str, to_org: str, addressee: str) -> None:
    """Invalid for a validity outside 1 to 90 days (never blank), or an organisation left out."""
    wrong: dict[str, object] = {}
    if not 1 <= valid_days <= counties.LETTER_VALID_AT_MOST:
        wrong["valid_days"] = "out_of_range"
    for field, value in (("from_org", from_org), ("to_org", to_org), ("addressee", addressee)):
        if not value.strip():
            wrong[field] = "required"
    if wrong:
        raise Invalid(wrong)


def enter(subject_id: UUID, member: Member, *, from_org: str, to_org: str, valid_days: int) -> LetterStub:
    """Give out the next number and keep its stub. `subject_id`: the case or the handover the letter is for."""
    today, number = clock.today(), counties.next_letter_no()
    stub = LetterStub(
        year=int(number[:4]),
        serial=int(number[4:]),
        letter_no=number,
        subject_id=subject_id,
        member_id=member.id,
        branch_id=member.branch_id,
        name=member.name,
        from_org=from_org.strip(),
        to_org=to_org.strip(),
        dues_until=member.dues_until,
        valid_days=valid_days,
        issued_on=today,
        issued_by=events.actor().name,
        valid_until=today + timedelta(days=valid_days),
    )
    events.record("letter_stub.enter", stub)
    db.session.add(stub)
    db.session.flush()
    return stub


def current(subject_id: UUID) -> LetterStub | None:
    """The letter of a case or handover that is not void; locked."""
    query = db.select(LetterStub).where(LetterStub.subject_id == subject_id, LetterStub.void_on.is_(None))
    return db.session.scalars(query.with_for_update()).first()


def void(subject_id: UUID, note: str = "") -> None:
    """The letter is worth nothing any more; its number stands in the book as 作废, with what was noted of it if nothing is
    said now.
    """
    stub = current(subject_id)
    if stub is not None:
        stub.void_on, stub.note = clock.today(), note[:200] or stub.note
        events.record("letter_stub.void", stub, reason=note)
        db.session.flush()


def note(subject_id: UUID, words: str) -> None:
    """A remark in the book; the letter stands."""
    stub = current(subject_id)
    if stub is not None:
        stub.note = words[:200]
        events.record("letter_stub.note", stub, reason=words)
        db.session.flush()


def remark(stub: LetterStub, words: str) -> None:
    """A clerk's remark in the book, of a letter that stands."""
    stub.note = words[:200]
    events.record("letter_stub.note", stub)
    db.session.flush()


def demand_standing(stub: LetterStub) -> None:
    """WrongState for a void number: its remark says why it is void."""
    if stub.void_on is not None:
        raise WrongState("letter_void")


def note_receipt(subject_id: UUID, on: date) -> None:
    """The receipt came back, and is pasted to the stub. One that came late says that the letter did not run out."""
    stub = current(subject_id)
    if stub is not None:
        stub.receipt_on, stub.note = on, "" if stub.note == RAN_OUT else stub.note
        events.record("letter_stub.note_receipt", stub)
        db.session.flush()


def of_subject(subject_id: UUID) -> Sequence[LetterStub]:
    """The letters of a case or handover, void ones too, newest first."""
    query = db.select(LetterStub).where(LetterStub.subject_id == subject_id)
    return db.session.scalars(query.order_by(LetterStub.year.desc(), LetterStub.serial.desc())).all()


merging.HELD_BY["merge_in_case"] = lambda ids: db.select(RelationTransfer.member_id).where(
    RelationTransfer.member_id.in_(ids)
)
