"""What a committee of this county receives: a letter on paper from elsewhere, or a member of another of its committees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.errors import Invalid
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.counties import service as counties
from web.tenants.members import service as members
from web.tenants.members.models import Relation
from web.tenants.organisations import service as organisations
from web.tenants.transfers.models import RelationTransfer, TransferKind, TransferState
from web.tenants.transfers.service import member_of, move, settle_inside

S, K = TransferState, TransferKind
# What the paper says besides the person, kept with the case. The days of joining are the member's own.
PAPER = (
    "letter_no", "from_org", "from_address", "from_phone", "from_fax", "from_postcode", "addressee", "issued_on",
    "valid_days", "asked_on", "activist_on", "candidate_on", "note",
)  # fmt: skip


def receive_letter(branch_id: UUID, *, received_on: date, letter: dict[str, Any], **person: Any) -> RelationTransfer:
    """A member presents a letter on paper: the row is made, provisional, in the branch it names. `letter`: of PAPER.

    Invalid for a letter whose validity had passed on the day, or a person the register would not take.
    """
    wrong: dict[str, object] = {n: "required" for n in ("letter_no", "from_org", "issued_on") if not letter.get(n)}
    issued, days = letter.get("issued_on"), letter.get("valid_days") or 0
    if received_on > clock.today():
        wrong["received_on"] = "in_the_future"
    if not 1 <= days <= counties.LETTER_VALID_AT_MOST:
        wrong["valid_days"] = "out_of_range"
    elif issued and received_on < issued:
        wrong["received_on"] = "before_issued"
    elif issued and received_on > issued + timedelta(days=days):
        wrong["valid_days"] = "letter_expired"
    if wrong:
        raise Invalid(wrong)
    member = members.enroll(branch_id, relation=Relation.PROVISIONAL, reason="relation_transfer", **person)
    case = RelationTransfer(
        id=uuid7(),
        kind=K.INWARD,
        member_id=member.id,
        to_org_id=branch_id,
        received_on=received_on,
        state_at=clock.now(),
        created_at=clock.now(),
    )
    case.keep(**{n: v.isoformat() if isinstance(v, date) else v for n, v in letter.items() if n in PAPER and v})
    db.session.add(case)
    move(case, "receive")
    return case


def receive(case: RelationTransfer, branch_id: UUID) -> None:
    """A member of another committee is received and given a branch of ours: the case is closed."""
    move(case, "receive")
    assign(case, branch_id)


def assign(case: RelationTransfer, branch_id: UUID) -> None:
    """The branch takes the member in. Inside the county that is the end; a letter from elsewhere still wants its receipt."""
    assert case.to_org_id is not None
    branch = organisations.get(branch_id)
    if organisations.committee_of(branch.id).id != organisations.committee_of(case.to_org_id).id:
        raise Invalid({"branch_id": "other_committee"})
    case.to_org_id = branch.id
    move(case, "assign")
    member = member_of(case)
    if case.kind is K.COUNTY:
        settle_inside(case, member)
    else:
        members.assign_branch(member, branch.id, reason="relation_transfer")
    db.session.flush()


def send_receipt(case: RelationTransfer, *, on: date, handler: str, phone: str) -> None:
    """The receipt was sent to the committee the member came from: from now on he is a member of ours, the case is closed."""
    wrong: dict[str, object] = {n: "required" for n, v in (("handler", handler), ("phone", phone)) if not v.strip()}
    if on > clock.today():
        wrong["on"] = "in_the_future"
    elif case.received_on is not None and on < case.received_on:
        wrong["on"] = "before_received"
    if wrong:
        raise Invalid(wrong)
    case.keep(receipt={"handler": handler.strip(), "phone": phone.strip(), "on": on.isoformat()})
    move(case, "return_receipt")
    members.settle(member_of(case))
    move(case, "close")
