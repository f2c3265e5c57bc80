"""The county's own case files in the demo: out by paper letter, inside the county, in by paper letter; in different states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from web.core import clock
from web.demo.stage import Stand, acting
from web.extensions import db
from web.federation.referrals.models import Referral
from web.tenants.accounts.permissions import Role
from web.tenants.consents.models import Method
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.transfers import issuing, receiving, service

TO, OFFICE = "中共上海市示例区演示街道工作委员会", "中共上海市示例区委组织部"
Step = tuple[int, Callable[[], object]]


def told(county: Stand) -> list[Step]:
    """(days ago, what happens): one case a walk, as far as its last step."""
    closed, out, waiting = dict[str, UUID](), dict[str, UUID](), dict[str, UUID]()
    inside, expired, came = dict[str, UUID](), dict[str, UUID](), dict[str, UUID]()
    return [
        (75, partial(apply, county, closed, 0)), (73, partial(approve, county, closed)), (72, partial(issue, county, closed)),
        (71, partial(hand_out, county, closed)), (52, partial(receipt, county, closed)),
        (60, partial(apply, county, expired, 1)), (59, partial(approve, county, expired)),
        (58, partial(issue, county, expired, days=20)), (57, partial(hand_out, county, expired)), (37, partial(expire, county)),
        (16, partial(apply, county, out, 2)), (15, partial(approve, county, out)), (14, partial(spoil, county, out)),
        (13, partial(issue, county, out)), (12, partial(hand_out, county, out)),
        (3, partial(apply, county, waiting, 3)),
        (6, partial(apply, county, inside, 4, is_inside=True)), (5, partial(approve, county, inside)),
        (9, partial(come_in, county, came)), (7, partial(take_in, county, came)),
    ]  # fmt: skip


def apply(county: Stand, made: dict[str, UUID], nth: int, *, is_inside: bool = False) -> None:
    """A member who stays in the county's own care applies; the branch hands it up."""
    with acting(county):
        known = db.select(Referral.member_id).where(Referral.member_id.is_not(None))
        query = (
            db.select(Member.id)
            .where(
                Member.relation == Relation.HELD, Member.frozen_by.is_(None), Member.ethnicity != "", Member.dues_until != "",
                Member.id_number.is_not(None), Member.phone.is_not(None), Member.gender.in_(["1", "2"]), Member.id.not_in(known),
            )
            .order_by(Member.id.desc())
        )  # fmt: skip
        found = [m for m in db.session.scalars(query) if not service.of_member(m)]
        member = members.get(found[nth], lock=True)
        own, other = organisations.committee_of(member.branch_id), None
        for org in organisations.tree():
            if org.kind in organisations.COMMITTEES and org.parent_id is not None and org.id != own.id:
                other = org.id
        where = {"to_org_id": other} if is_inside and other else {"to_org": TO, "addressee": OFFICE}
        case = service.begin(member, service.Application(Method.PAPER, clock.today(), **where))
        service.submit(case)
        made["id"] = case.id


def approve(county: Stand, made: dict[str, UUID]) -> None:
    with acting(county):
        service.approve(service.get(made["id"], lock=True))


def issue(county: Stand, made: dict[str, UUID], days: int = 60) -> None:
    """The letter, rendered by the worker."""
    with acting(county):
        case = service.get(made["id"], lock=True)
        assert case.branch_id is not None
        branch = organisations.get(case.branch_id).full_name
        issuing.issue_letter(case, valid_days=days, from_org=branch, to_org=TO, addressee=OFFICE)


def spoil(county: Stand, made: dict[str, UUID]) -> None:
    """A letter with a wrong head: its number stands as void."""
    issue(county, made)
    with acting(county):
        issuing.void_letter(service.get(made["id"], lock=True), "wrong_entry", "抬头写错，另开")


def hand_out(county: Stand, made: dict[str, UUID]) -> None:
    with acting(county):
        issuing.hand_out(service.get(made["id"], lock=True), clock.today())


def receipt(county: Stand, made: dict[str, UUID]) -> None:
    with acting(county):
        on = clock.today() - timedelta(days=4)
        issuing.return_receipt(service.get(made["id"], lock=True), on=on, handler="赵试丁", phone="021-00000057")


def expire(county: Stand) -> None:
    with acting(county):
        issuing.expire_letters()


def come_in(county: Stand, made: dict[str, UUID]) -> None:
    """Somebody presents a letter from elsewhere."""
    with acting(county, Role.TOWNSHIP_OFFICER) as actor:
        branch, today = organisations.branches(actor)[0], clock.today()
        born = date(1988, 3, 5)
        case = receiving.receive_letter(
            branch.id, received_on=today,
            letter={"letter_no": "20260831", "from_org": TO, "addressee": f"中共{county.name}委组织部", "valid_days": 30,
                    "issued_on": today - timedelta(days=6), "from_phone": "021-00000058", "activist_on": date(2009, 7, 1)},
            name="钱示戊", gender="1", birth_on=born, ethnicity="01", member_kind="1", phone="15400000888",
            id_number=citizen_id.invent("990125", born, 7), dues_until=f"{today:%Y-%m}", joined_on=date(2011, 6, 30),
            confirmed_on=date(2012, 6, 30),
        )  # fmt: skip
        made["id"] = case.id


def take_in(county: Stand, made: dict[str, UUID]) -> None:
    with acting(county, Role.TOWNSHIP_OFFICER):
        case = service.get(made["id"], lock=True)
        assert case.to_org_id is not None
        receiving.assign(case, case.to_org_id)
