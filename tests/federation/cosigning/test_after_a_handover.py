"""Home hands a member over to one county while another has him as its guest: what the third holds is taken back in the
same decision, and a record of before is still countersigned by the old home and forwarded to the new one.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests import world
from tests.federation.cosigning.walk import CAME, clerk
from tests.federation.handovers.walk import NUMBER
from web.core import clock, fence
from web.extensions import db
from web.federation.cosigning import people
from web.federation.cosigning import service as cosigning
from web.federation.handovers import service as handovers
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage
from web.federation.referrals import offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import ReferralState, SharedMember
from web.federation.sharing.models import SharedValue, ShareState, StatusShare
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, StudyRecord
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.members.models import Relation

NAME, BRANCH = "韩示辛", "松阳示例村支部"


def say(side, work, verb, *args, **more):
    """One unit of work of a county, then all jobs."""
    with side.act():
        found = verb(*args, **more)
        fence.commit()
    work()
    return found


@pytest.fixture
def three(agreed, work):
    """(home, host, third): home agreed with both; its member is the third's guest, with shares live both ways."""
    home, third = agreed.home, world.third(agreed)
    world.conclude(world.propose(third, [home]), third, [home])
    with home.act():
        member = members.enroll(
            home.orgs["示例村支部"], name=NAME, gender="1", member_kind="1", birth_on=date(1990, 7, 15),
            id_number=NUMBER, ethnicity="01", phone="15400000124", dues_until="2026-10", certificate_no="示0009",
        )  # fmt: skip
        flows.depart(member, left_on=date(2026, 2, 1), host_code=third.code)
        consents.give(member, third.uid, offering.NOTICE_SCOPES, method=Method.PAPER)
        (made,) = offering.offer(third.uid, [member.id], clerk(home))
        fence.commit()
        member_id, referral_id = member.id, made.referral_id
    work()
    for verb, *more in ((referrals.accept,), (referrals.report_in, "person"), (referrals.take_on, third.orgs[BRANCH])):
        say(third, work, lambda verb=verb, more=more: verb(referrals.get(referral_id, lock=True), *more))
    return home, agreed.host, third, member_id, referral_id


def hand_over(home, host, member_id, work):
    """From the application to the confirmation; the handover's id."""
    id_ = say(
        home, work,
        lambda: handovers.begin(
            members.get(member_id, lock=True), host.uid, method=Method.PAPER, applied_on=clock.today(), to_org="余杭街道"
        ).id,
    )  # fmt: skip
    say(host, work, lambda: handovers.accept(handovers.get(id_, lock=True)))
    say(
        home, work,
        lambda: handovers.release(
            handovers.get(id_, lock=True), valid_days=30, from_org="示例村支部", to_org="余杭街道", addressee="余杭区委"
        ),
    )  # fmt: skip
    say(
        host, work,
        lambda: handovers.take_over(
            handovers.get(id_, lock=True), branch_id=host.orgs["演示社区第一支部"], receipt_no="0007", handler="陈例丁",
            phone="0571-0000123",
        ),
    )  # fmt: skip
    return id_


def test_the_third_countys_shares_go_and_its_record_is_forwarded(three, work):
    home, host, third, member_id, referral_id = three
    with third.act():
        actor = clerk(third)
        head = activities.Head(
            third.orgs[BRANCH], ActivityKind.THEME_DAY, "重温入党誓词", clock.today() - timedelta(days=1), "村部", "周例戊", 120
        )  # fmt: skip
        activity = activities.plan(head, actor)
        own = members.enroll(third.orgs[BRANCH], name="赵示丁", gender="2", member_kind="1").id
        may = {guest.referral_id for guest in people.due_at(activity)}
        assert may == {referral_id}
        activities.record_attendance(activity, {own: CAME}, {referral_id: CAME}, may_attend=may)
        activities.hold(activity)
        activity_id = activity.id
        fence.commit()
        assert {s.state for s in db.session.scalars(db.select(StatusShare))} == {ShareState.LIVE}

    id_ = hand_over(home, host, member_id, work)
    closed_at = {}
    for side in (home, host):
        with side.act():
            closed_at[side.code] = handovers.get(id_).state_at
    with home.act():
        assert members.get(member_id).relation is Relation.TRANSFERRED
        revoke = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == "share.revoke")).one()
        assert (revoke.peer_uid, revoke.body["reason"]) == (third.uid, "transferred")
    for side in (home, third):
        with side.act():
            referral = referrals.get(referral_id)
            assert (referral.state, referral.reason) == (ReferralState.ENDED, "transferred")
            shares = db.session.scalars(db.select(StatusShare)).all()
            assert {s.state for s in shares} == {ShareState.PURGED}, "each side proved it"
            assert all(s.backups_until for s in shares)
            assert db.session.scalars(db.select(SharedValue)).all() == []
    with third.act():
        assert db.session.scalars(db.select(SharedMember)).all() == []
        (record,) = cosigning.offer(activities.get(activity_id, lock=True), [home.uid])
        record_id = record.id
        fence.commit()
    work()
    say(home, work, lambda: cosigning.countersign(record_id, [line.line for line in cosigning.lines(record_id)]))
    with home.act():
        assert cosigning.get(record_id).state == "final"
        assert db.session.scalars(db.select(StudyRecord.member_id)).all() == [member_id]
        (forwarded,) = [x for x in post.traffic(id_) if x.type == "handover.forward"]
        assert forwarded.result == "applied"
    with host.act():
        handover = handovers.get(id_)
        study = db.session.scalars(db.select(StudyRecord)).one()
        assert (study.member_id, study.title, study.study_minutes) == (handover.member_id, "重温入党誓词", 120)
        assert study.partner_uid == third.uid, "who held it, not who told it"
        assert (handover.state, handover.outcome) == ("closed", "on_time")
    for side in (home, host):
        with side.act():
            assert handovers.get(id_).state_at == closed_at[side.code], "it closed on its day: figures count by it"
