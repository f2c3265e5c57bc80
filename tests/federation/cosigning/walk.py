"""A theme day in 余杭 with members of 岳西 (and of a third county) among the guests, through services and real jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests import world
from tests.conftest import Keep
from tests.states import State
from tests.workers import run_all
from tests.world import Pair, Side
from web.core import clock, events, fence
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.cosigning import people, service
from web.federation.cosigning.models import CoSignedRecord
from web.federation.referrals import service as referrals
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, Presence, StudyRecord
from web.tenants.activities.service import Head, Mark
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.organisations.models import PartyOrg

BRANCH = "演示社区第一支部"
LATE = Mark(Presence.LATE)
CAME, AWAY, ILL = Mark(Presence.PRESENT), Mark(Presence.ABSENT), Mark(Presence.SICK)


def clerk(side: Side) -> events.Actor:
    """The county's administrator."""
    return events.Actor(side.accounts[Role.COUNTY_ADMIN], "county_admin甲", Role.COUNTY_ADMIN.value)


def guests(home: Side, host: Side, work: Callable[[], int], names: Sequence[str], branch: str) -> dict[str, UUID]:
    """Members of `home`, enrolled in `branch`, referred to `host` and taken on there; name → referral."""
    made = {}
    with home.act():
        under = agreements.covering(host.uid, "S2", owner_uid=home.uid, receiver_uid=host.uid)
        for name in names:
            member = members.enroll(
                home.orgs[branch], name=name, gender="1", member_kind="1", birth_on=date(1990, 7, 15)
            )
            flow = flows.depart(member, left_on=date(2026, 2, 1), host_code=host.code)
            consents.give(member, host.uid, ["S2", "S5", "S6"], method=Method.PAPER)
            values = {
                "/name": name,
                "/gender": "1",
                "/birth_year": 1990,
                "/member_kind": "full",
                "/home_branch": branch,
            }
            made[name] = referrals.offer(host.uid, flow, values, notice_on=clock.today(), agreement=under).id
        fence.commit()
    work()
    for verb, more in (
        (referrals.accept, ()),
        (referrals.report_in, ("person",)),
        (referrals.take_on, (host.orgs[BRANCH],)),
    ):
        with host.act():
            for id_ in made.values():
                verb(referrals.get(id_, lock=True), *more)
            fence.commit()
        work()
    return made


class Walk:
    """`activity_id`: held at 余杭 with one own member; `guests`: name → referral."""

    def __init__(
        self, pair: Pair, work: Callable[[], int], names: Sequence[str] = ("王示甲", "李例乙", "陈演丙")
    ) -> None:
        self.pair, self.work = pair, work
        self.guests = guests(pair.home, pair.host, work, names, "示例村支部") if names else {}
        with pair.host.act():
            self.own = members.enroll(pair.host.orgs[BRANCH], name="赵示丁", gender="2", member_kind="1").id
            fence.commit()
        self.activity_id = self.plan()

    def plan(self, title: str = "重温入党誓词", **more: Any) -> UUID:
        """A theme day of the branch, yesterday, two hours."""
        on = clock.today() - timedelta(days=1)
        with self.pair.host.act():
            org = db.session.get(PartyOrg, (self.pair.host.tenant_id, self.pair.host.orgs[BRANCH]))
            head = Head(org.id, ActivityKind.THEME_DAY, title, on, "社区党群服务中心", "周例戊", 120)
            made = activities.plan(Head(**{**head.__dict__, **more}), clerk(self.pair.host)).id
            fence.commit()
            return made

    def hold(self, marks: dict[str, Mark] | None = None) -> None:
        """Write the sheet and hold it; without marks all guests came."""
        named = marks if marks is not None else dict.fromkeys(self.guests, CAME)
        with self.pair.host.act():
            activity = activities.get(self.activity_id, lock=True)
            visitors = {self.guests[name]: mark for name, mark in named.items()}
            may = {guest.referral_id for guest in people.due_at(activity)}
            activities.record_attendance(activity, {self.own: CAME}, visitors, may_attend=may)
            activities.hold(activity)
            fence.commit()

    def offer(self, *homes: Side) -> dict[UUID, UUID]:
        """County → record, delivered."""
        with self.pair.host.act():
            partners = [side.uid for side in homes or (self.pair.home,)]
            made = service.offer(activities.get(self.activity_id, lock=True), partners)
            found = {record.partner_uid: record.id for record in made}
            fence.commit()
        self.work()
        return found

    def say(self, side: Side, verb: Callable[..., Any], *args: Any, run: bool = True) -> None:
        """One verb in a unit of its own, then all jobs."""
        with side.act():
            verb(*args)
            fence.commit()
        if run:
            self.work()

    def states(self, record_id: UUID, home: Side | None = None) -> tuple[str, str, str, int, int]:
        """(at the recorder, at home, pending at home, n here, n there)."""
        with self.pair.host.act():
            ours: CoSignedRecord = service.get(record_id)
            here = (ours.state.value, ours.n)
        with (home or self.pair.home).act():
            theirs: CoSignedRecord = service.get(record_id)
            return here[0], theirs.state.value, theirs.pending, here[1], theirs.n


@pytest.fixture(scope="session", name="with_guests")
def build_with_guests(keep: Keep, with_agreement: State) -> State:
    """The two counties agreed, three guests were taken on, and a theme day is planned."""
    return keep("guests", lambda: Walk(world.load(), run_all), with_agreement)


@pytest.fixture(name="walk")
def load_walk(fresh: Flask, stand: Callable[[State], Any], with_guests: State) -> Walk:
    """The walk on a database of its own."""
    found = copy(stand(with_guests))
    found.guests = dict(found.guests)
    return found


def lines_of(side, record_id):
    with side.act():
        return {line.line: (line.referral_id, line.answer, line.values()) for line in service.lines(record_id)}


def number_of(side, record_id, referral_id):
    return next(number for number, row in lines_of(side, record_id).items() if row[0] == referral_id)


def studied(side):
    """name → (title, presence, minutes) in the files of the county."""
    with side.act():
        query = db.select(Member.name, StudyRecord).join(StudyRecord, StudyRecord.member_id == Member.id)
        return {name: (row.title, row.presence, row.study_minutes) for name, row in db.session.execute(query)}
