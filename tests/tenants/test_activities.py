"""Activities in one county: who is due, what a line counts for, and what a held activity still allows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import world
from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, ActivityState, Attendance, Presence
from web.tenants.activities.service import Head, Mark
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.codes import Standing
from web.tenants.organisations import service as organisations
from web.tenants.register import service as register

P = Presence


def actor(side, role=Role.COUNTY_ADMIN, org=None):
    with_org = organisations.get(org) if org else organisations.root()
    return events.Actor(side.accounts[role], "甲", role.value, with_org.id, with_org.path)


@pytest.fixture
def county(pair):
    with pair.home.act():
        yield pair.home


def head(side, org="天堂镇", **changed):
    values = {
        "org_id": side.orgs[org], "kind": ActivityKind.THEME_DAY, "title": "清洁家园", "held_on": clock.today(),
        "place": "村部", "responsible": "周例戊", "minutes": 90,
    }  # fmt: skip
    return Head(**(values | changed))


def enroll(side, name, branch="示例村支部"):
    return members.enroll(side.orgs[branch], name=name, gender="1", member_kind="1").id


def test_everybody_below_the_organiser_is_due(county):
    one, two = enroll(county, "王示甲"), enroll(county, "李例乙", "试例村支部")
    town = activities.plan(head(county), actor(county))
    branch = activities.plan(head(county, "试例村支部"), actor(county))
    assert {p.member_id for p in activities.people(town)} == {one, two}
    assert [p.name for p in activities.people(branch)] == ["李例乙"]
    with pytest.raises(Invalid) as refused:
        activities.record_attendance(branch, {one: Mark(P.PRESENT)})
    assert refused.value.fields == {"person": ["not_due_here"]}
    with pytest.raises(Invalid):
        activities.record_attendance(branch, {}, {uuid7(): Mark(P.PRESENT)}, may_attend=[])


def test_who_came_gets_the_minutes_and_the_figures_speak_of_own_members(county):
    ids = [enroll(county, f"{family}示甲") for family in "赵钱孙李周吴"]
    activity = activities.plan(head(county), actor(county))
    marks = [Mark(p) for p in (P.PRESENT, P.LATE, P.SICK, P.OFFICIAL, P.PERSONAL, P.ABSENT)]
    guest = uuid7()
    activities.record_attendance(
        activity, dict(zip(ids, marks, strict=True)), {guest: Mark(P.PRESENT, 30)}, may_attend=[guest]
    )
    found = activities.summary(activity)
    assert (found.due, found.actual, found.minutes, found.guests, found.guests_came) == (6, 2, 180, 1, 1)
    assert activities.guests(activity.id)[guest].study_minutes == 30
    activities.amend(activity, head(county, minutes=60), actor(county))
    assert activities.summary(activity).minutes == 120
    assert activities.guests(activity.id)[guest].study_minutes == 30  # said for this person, so it stays
    activities.record_attendance(activity, {ids[0]: None, ids[5]: Mark(P.PRESENT)})
    found = activities.summary(activity)
    assert (found.due, found.unrecorded, found.actual) == (6, 1, 2), "who has no line is due all the same"
    activities.record_attendance(activity, dict.fromkeys(ids[2:5]))
    found = activities.summary(activity)
    assert (found.due, found.unrecorded, found.actual, found.is_quorate) == (6, 4, 2, False)
    with pytest.raises(Invalid) as wrong:
        activities.record_attendance(activity, {ids[1]: Mark(P.PRESENT, 1441)})
    assert wrong.value.fields == {"minutes": ["out_of_range"]}


def test_held_only_with_a_sheet_and_never_before_its_day(county):
    one = enroll(county, "王示甲")
    activity = activities.plan(head(county), actor(county))
    later = activities.plan(head(county, held_on=clock.today() + timedelta(days=1)), actor(county))
    for which, code in ((activity, "nobody_recorded"), (later, "activity_not_yet")):
        with pytest.raises(WrongState, match=code):
            activities.hold(which)
    for which in (activity, later):
        activities.record_attendance(which, {one: Mark(P.PRESENT)})
    assert register.study(one) == [] == register.study_years(one), "what has not taken place is in nobody's file"
    activities.hold(activity)
    assert activity.state is ActivityState.HELD
    assert [(s.held_on, s.minutes) for s in register.study(one)] == [(activity.held_on, 90)]
    assert [(y.year, y.minutes) for y in register.study_years(one)] == [(activity.held_on.year, 90)]
    with pytest.raises(WrongState, match="illegal_transition"):
        activities.cancel(activity, "改期")
    for changed, field in (
        ({"held_on": clock.today() + timedelta(days=1)}, "held_on"),
        ({"org_id": county.orgs["示例村支部"]}, "org_id"),
    ):
        with pytest.raises(Invalid) as refused:
            activities.amend(activity, head(county, **changed), actor(county))
        assert list(refused.value.fields) == [field]
    with pytest.raises(Invalid):
        activities.record_attendance(activity, {one: None})  # a held activity keeps somebody on its sheet


def test_who_was_due_when_it_was_held_stays_whoever_comes_and_leaves(county):
    one, two = enroll(county, "王示甲"), enroll(county, "李例乙")
    activity = activities.plan(head(county, "示例村支部"), actor(county))
    activities.record_attendance(activity, {one: Mark(P.PRESENT)})

    def counts():
        found = activities.summary(activity)
        return found.due, found.unrecorded, found.actual

    three = enroll(county, "张演丙")
    assert counts() == (3, 2, 1), "until then it is as the register is"
    activities.hold(activity)
    later = [enroll(county, name) for name in ("赵示丁", "钱示戊", "孙示己")]
    members.end(members.get(two, lock=True), Standing.DECEASED, reason="因病去世")
    assert counts() == (3, 2, 1)
    assert {p.member_id for p in activities.people(activity)} == {one, two, three}, "who came since is not asked after"
    with pytest.raises(Invalid) as refused:
        activities.record_attendance(activity, {later[0]: Mark(P.PRESENT)})
    assert refused.value.fields == {"person": ["not_due_here"]}
    activities.record_attendance(activity, {three: Mark(P.LATE)})
    assert counts() == (3, 1, 2)
    activities.record_attendance(activity, {one: None})
    assert counts() == (3, 2, 1), "who was recorded when it was held was due as well"
    activities.record_attendance(activity, {one: Mark(P.PRESENT)})
    # What one record was due for, the person is whose record it went into.
    members_of = [members.get(i, lock=True) for i in sorted((three, later[1]))]
    gone, kept = members_of if members_of[0].id == three else members_of[::-1]
    activities.record_attendance(activity, {three: None})
    merging.merge(kept, gone, ())
    assert counts() == (3, 2, 1)
    activities.record_attendance(activity, {two: Mark(P.SICK), kept.id: Mark(P.PRESENT)})
    assert counts() == (3, 0, 2)


def test_cancelled_its_sheet_goes(county):
    one = enroll(county, "王示甲")
    activity = activities.plan(head(county), actor(county))
    activities.record_attendance(activity, {one: Mark(P.SICK)})
    with pytest.raises(Invalid):
        activities.cancel(activity, "  ")
    activities.cancel(activity, "场地改期")
    assert world.count(Attendance) == 0
    for verb in (
        lambda: activities.record_attendance(activity, {one: Mark(P.SICK)}),
        lambda: activities.hold(activity),
    ):
        with pytest.raises(WrongState):
            verb()


def test_a_secretary_sees_and_plans_for_its_own_branch_only(county):
    secretary = actor(county, Role.BRANCH_SECRETARY, county.orgs["示例村支部"])
    own = activities.plan(head(county, "示例村支部"), secretary)
    other = activities.plan(head(county, "试例村支部"), actor(county))
    assert activities.get(own.id, secretary).id == own.id
    with pytest.raises(NotFound):
        activities.get(other.id, secretary)
    with pytest.raises(Invalid) as refused:
        activities.plan(head(county, "试例村支部", title=" ", minutes=0), secretary)
    assert set(refused.value.fields) == {"org_id", "title", "minutes"}
    assert [org.name for org in activities.organisers(secretary)] == ["示例村支部"]
    query = db.select(events.Event.verb).where(events.Event.subject_id == own.id)
    assert list(db.session.scalars(query)) == ["activity.plan"]
