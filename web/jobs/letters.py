"""The introduction letter of a case or a handover as paper: at home when it is issued, at both sides with the receipt once closed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from web import reports
from web.core import clock
from web.core.errors import WrongState
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post import keys
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.members import service as members
from web.tenants.members.codes import ETHNICITY
from web.tenants.tasks.models import Task
from web.tenants.transfers import letters as book
from web.tenants.transfers import service as transfers
from web.tenants.transfers.models import RelationTransfer, TransferState

_LEFT_OUT = "（未给出）"


@dataclass(frozen=True, kw_only=True, repr=False)
class ReturnedLetter(reports.IntroductionLetter):
    """The same sheet with the receipt filled in: 回执联, for the file of either side."""

    @property
    def title(self) -> str:
        """With the number."""
        return f"中国共产党党员组织关系介绍信回执　第{self.number}号"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("介绍信回执", self.number, self.name)


def render_letter(task: Task) -> UUID:
    """Make and keep the letter of the task's case or handover; the document's id."""
    assert task.subject_id is not None
    case, code = transfers.find(task.subject_id), documents.new_code()
    subject = case or handovers.get(task.subject_id)
    paper = _of_case(case, code) if case is not None else letter_of(handovers.get(task.subject_id), code)
    made = reports.render(paper)
    row = documents.keep(
        DocumentKind.INTRODUCTION_LETTER,
        paper.title,
        reports.filename(paper),
        subject.id,
        made,
        subject.member_id,
        code=code,
    )
    return row.id


def age_on(born: date, on: date) -> int:
    """Whole years of life."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def letter_of(handover: Handover, code: str) -> reports.IntroductionLetter:
    """The paper. WrongState when there is no letter to print: never issued, or come to nothing meanwhile."""
    own, partner = counties.own(), keys.peer(handover.partner_uid)
    is_home, packet = handover.role == "home", handover.values()
    return _sheet(
        packet,
        code,
        member_id=handover.member_id,
        issued_on=handover.issued_on,
        received_on=handover.received_on if handover.state is HandoverState.CLOSED else None,
        addressee=packet.get("addressee") or (partner.office if is_home else own.office),
        committee=own.office if is_home else partner.office,
        head=counties.settings().letter
        if is_home
        else dict.fromkeys(("address", "phone", "fax", "postcode"), "见原件"),
    )


def _of_case(case: RelationTransfer, code: str) -> reports.IntroductionLetter:
    """The same sheet for a case of this county alone."""
    packet = case.values()
    return _sheet(
        packet,
        code,
        member_id=case.member_id,
        issued_on=date.fromisoformat(packet["issued_on"]) if "issued_on" in packet else None,
        received_on=case.received_on if case.state is TransferState.CLOSED else None,
        addressee=packet.get("addressee", ""),
        committee=counties.own().office,
        head=counties.settings().letter,
    )


def _sheet(
    packet: Mapping[str, Any],
    code: str,
    *,
    member_id: UUID | None,
    issued_on: date | None,
    received_on: date | None,
    addressee: str,
    committee: str,
    head: Mapping[str, str],
) -> reports.IntroductionLetter:
    """`received_on`: once closed, then the receipt is filled in. WrongState without a letter."""
    if issued_on is None or "letter_no" not in packet or member_id is None:
        raise WrongState("no_letter")
    if missing := book.withheld(packet):
        raise WrongState("letter_withheld", missing=missing)
    own, receipt = counties.own(), packet.get("receipt") if received_on else None
    kind = ReturnedLetter if receipt else reports.IntroductionLetter
    return kind(
        issuer=own.office,
        code=documents.spelled(code),
        link=documents.link(code),
        made_at=clock.now(),
        is_demo=own.is_demo,
        salt=os.urandom(16),
        number=packet["letter_no"],
        name=packet["name"],
        is_female=packet["sex"] == "2",
        age=age_on(date.fromisoformat(packet["birth_on"]), issued_on),
        ethnicity=ETHNICITY.label(packet["ethnicity"]),
        is_probationary=packet["kind"] == "probationary",
        id_number=members.get(member_id).id_number or _LEFT_OUT,
        from_org=packet["from_org"],
        to_org=packet["to_org"],
        addressee=addressee,
        dues_until=date.fromisoformat(packet["dues_until"] + "-01"),
        valid_days=packet["valid_days"],
        issued_on=issued_on,
        handler=packet.get("issued_by", ""),
        contact=packet["contact"],
        committee=committee,
        committee_address=head.get("address", ""),
        committee_phone=head.get("phone", ""),
        committee_fax=head.get("fax", ""),
        committee_postcode=head.get("postcode", ""),
        receipt=reports.Receipt(receipt.get("handler") or _LEFT_OUT, receipt.get("phone") or _LEFT_OUT, received_on)
        if receipt and received_on
        else None,
    )
