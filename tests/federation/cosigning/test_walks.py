"""Co-signing between two counties, and three: countersigned, disputed and corrected, refused, withdrawn, lapsed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import world
from tests.federation.cosigning.walk import (  # noqa: F401 -- fixtures
    AWAY,
    BRANCH,
    CAME,
    ILL,
    LATE,
    Walk,
    build_with_guests,
    clerk,
    guests,
    lines_of,
    load_walk,
    number_of,
    studied,
)
from web.core import clock, fence
from web.core.errors import DomainError, Invalid, NotFound, WrongState
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation import registry
from web.federation.agreements import registers
from web.federation.agreements import service as agreements
from web.federation.agreements.models import AgreementDuty, DutyKind
from web.federation.cosigning import service
from web.federation.cosigning.models import Answer, CoSignedRecord, CosignLine, CosignState
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, Peer, StoredDisclosure
from web.federation.referrals.models import Referral
from web.federation.sharing import counts
from web.tenants.activities import service as activities
from web.tenants.activities.models import Attendance, Presence
from web.tenants.activities.service import Mark
from web.tenants.flows import service as flows
from web.tenants.members.models import Member
from web.tenants.register import service as register


def test_offered_and_countersigned_hours_reach_the_file(walk, proved):
    walk.hold({"王示甲": CAME, "李例乙": LATE, "陈演丙": ILL})
    (id_,) = walk.offer().values()
    assert walk.states(id_) == ("offered", "offered", "", 1, 1)
    home, host = walk.pair.home, walk.pair.host
    with home.act():
        record = service.get(id_)
        assert record.role == "home" and record.head()["title"] == "重温入党誓词" and record.held_on < clock.today()
        assert service.verbs_now(record) == ["countersign", "dispute", "refuse"]
    values = {ref: v for ref, _answer, v in lines_of(home, id_).values()}
    assert values[walk.guests["王示甲"]] == {"presence": "present", "minutes": 120}
    assert values[walk.guests["李例乙"]] == {"presence": "present", "minutes": 120}
    assert values[walk.guests["陈演丙"]] == {"presence": "leave", "minutes": 0}  # that he was ill does not cross
    walk.say(home, service.countersign, id_, list(lines_of(home, id_)), run=False)
    assert walk.states(id_) == ("offered", "offered", "countersign", 1, 1) and studied(home) == {}
    walk.work()
    assert walk.states(id_) == ("final", "final", "", 2, 2)
    assert studied(home) == {
        "王示甲": ("重温入党誓词", Presence.PRESENT, 120),
        "李例乙": ("重温入党誓词", Presence.PRESENT, 120),
        "陈演丙": ("重温入党誓词", Presence.LEAVE, 0),
    }
    with home.act():
        member = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
        (entry,) = register.study(member.id)
        assert (entry.minutes, entry.partner_uid) == (120, host.uid)
    with host.act():
        summary = activities.summary(activities.get(walk.activity_id))
        assert (summary.due, summary.actual, summary.guests, summary.guests_came) == (1, 1, 3, 2)
        ours = service.get(id_)
        letters = post.traffic(id_)
    with home.act():
        theirs = service.get(id_)
        assert ours.content == theirs.content and [letter.result for letter in post.traffic(id_)] == ["applied"] * 3
    assert [letter.result for letter in letters] == ["applied"] * 3
    with host.act(), pytest.raises(WrongState, match="illegal_transition"):
        service.withdraw(id_, "改期")
    proved("co-signed lines that reached a file", 3)


def test_guests_never_make_a_quorum(walk):
    """Three guests came and the one own member did not: nobody of those due was there."""
    with walk.pair.host.act():
        activity = activities.get(walk.activity_id, lock=True)
        visitors = dict.fromkeys(walk.guests.values(), CAME)
        activities.record_attendance(activity, {walk.own: AWAY}, visitors, may_attend=visitors)
        summary = activities.summary(activity)
        assert (summary.due, summary.actual, summary.guests_came, summary.is_quorate) == (1, 0, 3, False)
        activities.record_attendance(activity, {walk.own: LATE}, dict.fromkeys(visitors, AWAY))
        assert activities.summary(activity).is_quorate
        # What is only planned is told to no partner as an activity that his members took part in, nor where none came.
        activities.record_attendance(activity, {}, dict.fromkeys(visitors, CAME), may_attend=visitors)
        partner = db.session.scalars(db.select(Peer).where(Peer.uid == walk.pair.home.uid)).one()
        told = [{what for what, *_ in counts.make(partner, activity.held_on)["/cells"]}]
        activities.hold(activity)
        told.append({what for what, *_ in counts.make(partner, activity.held_on)["/cells"]})
        activities.record_attendance(activity, {}, dict.fromkeys(visitors, AWAY))
        told.append({what for what, *_ in counts.make(partner, activity.held_on)["/cells"]})
        assert told[1] - told[0] == {"activities_with_guests"} and told[2] == told[0]


def test_some_lines_only(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    home = walk.pair.home
    number = number_of(home, id_, walk.guests["李例乙"])
    walk.say(home, service.countersign, id_, [number])
    assert set(studied(home)) == {"李例乙"}
    for side in (home, walk.pair.host):
        answers = [answer for _ref, answer, _values in lines_of(side, id_).values()]
        assert sorted(answers) == [Answer.ACCEPTED, Answer.LEFT_OUT, Answer.LEFT_OUT]


def test_disputed_corrected_countersigned(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    wrong = walk.guests["陈演丙"]
    number = number_of(home, id_, wrong)
    walk.say(home, service.dispute, id_, {number: "本人当日在岳西"}, "请核对签到表")
    assert walk.states(id_) == ("disputed", "disputed", "", 2, 2)
    for side in (home, host):
        row = lines_of(side, id_)[number]
        assert row[1] is Answer.DISPUTED and row[2]["reason"] == "本人当日在岳西"
        with side.act():
            assert service.get(id_).words == "请核对签到表"
    before = lines_of(home, id_)
    with host.act():
        activity = activities.get(walk.activity_id, lock=True)
        with pytest.raises(WrongState, match="guests_cosigned"):
            activities.record_attendance(activity, {}, {wrong: AWAY}, may_attend=[wrong])
    with host.act(), pytest.raises(Invalid):
        service.correct(id_, {wrong: AWAY}, "")
    walk.say(host, service.correct, id_, {wrong: AWAY}, "已核对签到表，确未到会")
    assert walk.states(id_) == ("offered", "offered", "", 3, 3)
    after = lines_of(home, id_)
    assert {ref: v for ref, _a, v in after.values()}[wrong] == {"presence": "absent", "minutes": 0}
    assert len(after) == len(before) == 3 and all(a is Answer.NONE for _r, a, _v in after.values())
    with home.act():
        assert service.get(id_).k == 2
    with host.act():
        assert activities.guests(walk.activity_id)[wrong].presence is Presence.ABSENT
    walk.say(home, service.countersign, id_, list(after))
    assert walk.states(id_) == ("final", "final", "", 4, 4)
    assert studied(home)["陈演丙"] == ("重温入党誓词", Presence.ABSENT, 0)


def test_a_corrected_record_can_strike_a_line_out_but_not_all(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    walk.say(home, service.dispute, id_, {number_of(home, id_, walk.guests["陈演丙"]): "不是本县党员"})
    with host.act(), pytest.raises(Invalid) as refused:
        service.correct(id_, dict.fromkeys(walk.guests.values()), "全部删去")
    assert refused.value.fields == {"person": ["no_lines_left"]}
    walk.say(host, service.correct, id_, {walk.guests["陈演丙"]: None}, "误登")
    assert {ref for ref, _a, _v in lines_of(home, id_).values()} == {walk.guests["王示甲"], walk.guests["李例乙"]}


def _left_at_home(side, id_):
    """What home still holds of the values."""
    with side.act():
        query = db.select(StoredDisclosure.id).where(
            StoredDisclosure.about_id == id_, StoredDisclosure.wrapped.is_not(None)
        )
        return (
            len(service.lines(id_)),
            service.get(id_).head(),
            len(list(db.session.scalars(query))),
            world.count(InboxMessage, InboxMessage.about_id == id_) > 0,
        )


def test_refused_home_keeps_nothing_and_it_can_be_offered_again(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    with home.act(), pytest.raises(Invalid):
        service.refuse(id_, "other")
    walk.say(home, service.refuse, id_, "wrong_header", "日期应为前一日")
    assert walk.states(id_) == ("refused", "refused", "", 2, 2)
    assert _left_at_home(home, id_) == (0, {}, 0, True)
    with home.act():
        assert world.count(Event, (Event.subject_id == id_) & (Event.reason == "日期应为前一日")) == 0
    with host.act():
        record = service.get(id_)
        assert (record.reason, record.words) == ("wrong_header", "日期应为前一日")
        assert len(service.lines(id_)) == 3  # our own sheet is ours
    (again,) = walk.offer().values()
    assert again != id_ and walk.states(again)[:2] == ("offered", "offered")
    with home.act():
        assert service.get(again).k == 2
    assert studied(home) == {}


def test_withdrawn(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    walk.say(walk.pair.host, service.withdraw, id_, "登错了活动")
    assert walk.states(id_) == ("withdrawn", "withdrawn", "", 2, 2)
    assert _left_at_home(walk.pair.home, id_) == (0, {}, 0, True)
    for side in (walk.pair.home, walk.pair.host):
        with side.act():
            assert service.get(id_).words == "登错了活动"
            assert world.count(Event, (Event.subject_id == id_) & (Event.reason == "登错了活动")) == 0


def test_lapsed_after_thirty_days(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    for days, state in ((29, "offered"), (31, "lapsed")):
        with clock.at(clock.now() + timedelta(days=days)):
            for side in (walk.pair.home, walk.pair.host):
                with side.act():
                    registry.verbs.run_timers()
                    fence.commit()
            walk.work()
        assert walk.states(id_)[:2] == (state, state)
        for side in (walk.pair.home, walk.pair.host):
            with side.act():
                record = service.get(id_)
                open_ = [code for ask in registers.AT_REST for code in ask(record.agreement_id, record.partner_uid)]
                assert ("open_cosigned" in open_) == (state == "offered"), "no pair is closed over an open record"
    assert _left_at_home(walk.pair.home, id_) == (0, {}, 0, True)


def test_withdrawn_while_the_answer_is_on_its_way(walk):
    """Both speak at once: the recorder decides, and the answer is dropped as stale."""
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    walk.say(home, service.countersign, id_, list(lines_of(home, id_)), run=False)
    walk.say(host, service.withdraw, id_, "登错了活动", run=False)
    walk.work()
    assert walk.states(id_) == ("withdrawn", "withdrawn", "", 2, 2)
    assert studied(home) == {}
    with home.act():
        assert service.get(id_).stopped == ""


def test_a_home_never_sees_another_homes_lines(walk, proved):
    home, host = walk.pair.home, walk.pair.host
    other = world.third(walk.pair)
    world.conclude(world.propose(host, [other]), host, [other])
    theirs = guests(other, host, walk.work, ["孙示己", "吴例庚"], "松阳示例村支部")
    walk.guests |= theirs
    walk.hold()
    ids = walk.offer(home, other)
    with home.act():
        mine = service.get(ids[home.uid])
    with other.act():
        third = service.get(ids[other.uid])
    assert mine.content == third.content and mine.k == third.k == 1  # one object, the same for both
    seen = {}
    for side in (home, other):
        with side.act():
            record_id = ids[side.uid]
            rows = list(db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == record_id)))
            found = [post.reopened(row) for row in rows]
            seen[side.uid] = {d.value[0] for d in found if d.pointer.startswith("/lines/")}
            assert {str(line.referral_id) for line in service.lines(record_id)} == seen[side.uid]
            with pytest.raises(NotFound):
                service.get(ids[other.uid if side is home else home.uid])
    assert seen == {
        home.uid: {str(id_) for name, id_ in walk.guests.items() if name not in theirs},
        other.uid: {str(id_) for id_ in theirs.values()},
    }
    # A correction for one leaves the other's final record over k as it is.
    walk.say(home, service.countersign, ids[home.uid], list(lines_of(home, ids[home.uid])))
    number = next(iter(lines_of(other, ids[other.uid])))
    wrong = lines_of(other, ids[other.uid])[number][0]
    walk.say(other, service.dispute, ids[other.uid], {number: "学时有误"})
    walk.say(host, service.correct, ids[other.uid], {wrong: Mark(Presence.PRESENT, 60)}, "实为一小时")
    assert walk.states(ids[home.uid])[:2] == ("final", "final")
    assert walk.states(ids[other.uid], other)[:2] == ("offered", "offered")
    with home.act():
        assert service.get(ids[home.uid]).k == 1
    with other.act():
        assert service.get(ids[other.uid]).k == 2
    proved("lines hidden from other homes", len(walk.guests))


def test_what_cannot_be_offered(pair, work):
    walk = Walk(pair, work, names=())
    with pair.host.act():
        activity = activities.get(walk.activity_id, lock=True)
        with pytest.raises(WrongState, match="activity_not_held"):
            service.offer(activity, [pair.home.uid])
    walk.hold()
    with pair.host.act():
        activity = activities.get(walk.activity_id, lock=True)
        with pytest.raises(Invalid):  # nobody of that county was there
            service.offer(activity, [pair.home.uid])
        with pytest.raises(Invalid):
            service.offer(activity, [])


def test_without_a_grant_nothing_crosses(walk):
    pair = walk.pair
    walk.hold()
    with pair.host.act():
        agreements.pause(walk_agreement(pair), "S5", reason="核对中")
        fence.commit()
    with pair.host.act(), pytest.raises(DomainError, match="scope_not_granted"):
        service.offer(activities.get(walk.activity_id, lock=True), [pair.home.uid])
    # Nor is what both countersigned corrected meanwhile: it would arrive without its lines, and the hours would go.
    with pair.host.act():
        agreements.pause(walk_agreement(pair), "S5", resume=True)
        fence.commit()
    (id_,) = walk.offer().values()
    walk.say(pair.home, service.countersign, id_, list(lines_of(pair.home, id_)))
    with pair.home.act():
        agreements.pause(agreements.in_force(pair.host.uid)[0][0].id, "S5", reason="核对中")
        fence.commit()
    walk.work()
    with pair.host.act(), pytest.raises(WrongState, match="scope_paused"):
        service.correct(id_, {walk.guests["李例乙"]: AWAY}, "确未到会")
    assert len(studied(pair.home)) == 3 and len(lines_of(pair.home, id_)) == 3
    # Nor after the agreement's last day: nothing is told any more, and what both countersigned stands.
    with pair.home.act():
        agreements.pause(agreements.in_force(pair.host.uid)[0][0].id, "S5", resume=True)
        fence.commit()
    walk.work()
    with (
        clock.at(clock.now() + timedelta(days=731)),
        pair.host.act(),
        pytest.raises(DomainError, match="agreement_not_active"),
    ):
        service.correct(id_, {walk.guests["李例乙"]: AWAY}, "确未到会")


def test_paused_while_the_offer_waits_home_says_that_the_scope_is_shut(walk):
    pair = walk.pair
    walk.hold()
    with pair.host.act():
        (record,) = service.offer(activities.get(walk.activity_id, lock=True), [pair.home.uid])
        id_ = record.id
        agreements.pause(walk_agreement(pair), "S5", reason="核对中")
        fence.commit()
    walk.work()
    with pair.host.act():
        record = service.get(id_)
        assert (record.state, record.refused_code) == (CosignState.NOT_OPENED, "scope_violation")
    with pair.home.act():
        assert db.session.get(CoSignedRecord, (pair.home.tenant_id, id_)) is None


def walk_agreement(pair):
    return agreements.in_force(pair.home.uid)[0][0].id


def test_illegal_moves_are_refused_and_nothing_changes(walk, proved):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    some = list(lines_of(home, id_))
    tried = 0
    for side, verb, args in (
        (host, service.countersign, (id_, some)),
        (host, service.dispute, (id_, {some[0]: "不对"})),
        (host, service.refuse, (id_, "not_ours")),
        (host, service.propose_annul, (id_, "作废")),
        (host, service.annul, (id_,)),
        (host, service.keep, (id_, "照旧")),
        (home, service.withdraw, (id_, "撤回")),
        (home, service.propose_annul, (id_, "作废")),
        (home, service.keep, (id_, "照旧")),
    ):
        with side.act(), pytest.raises(WrongState, match="illegal_transition"):
            verb(*args)
        tried += 1
    for verb, args, field in (
        (service.countersign, (id_, []), "accept"),
        (service.countersign, (id_, [499]), "accept"),
        (service.dispute, (id_, {}), "reason"),
        (service.dispute, (id_, {some[0]: " "}), "reason"),
        (service.dispute, (id_, {499: "没有这一行"}), "accept"),
        (service.refuse, (id_, "no_such_reason"), "reason"),
    ):
        with home.act(), pytest.raises(Invalid) as wrong:
            verb(*args)
        assert list(wrong.value.fields) == [field]
        tried += 1
    with home.act(), pytest.raises(NotFound):
        service.correct(id_, {}, "更正")  # the activity is the recorder's
    with host.act(), pytest.raises(Invalid) as wrong:
        service.correct(id_, {}, "更正")  # offered already, and nothing is another
    assert wrong.value.fields == {"person": ["nothing_corrected"]}
    with home.act(), pytest.raises(NotFound):
        service.countersign(uuid7(), some)
    with host.act(), pytest.raises(Invalid):  # a live record is there already
        service.offer(activities.get(walk.activity_id, lock=True), [home.uid])
    assert walk.states(id_) == ("offered", "offered", "", 1, 1)
    with host.act():
        record = service.get(id_)
        with pytest.raises(WrongState, match="outside_its_machine"):
            record.state = CosignState.FINAL
    proved("illegal moves refused", tried)


def test_a_lying_answer_is_refused_by_the_recorder(walk, monkeypatch):
    """A program at home that skips its own checks names a line that is not its own: refused, unchanged, both sides told."""
    walk.hold()
    (id_,) = walk.offer().values()
    home = walk.pair.home
    monkeypatch.setitem(service.COSIGN_KIND.checks, "countersign", lambda record, said: None)
    with home.act():
        service.countersign(id_, [499])
        fence.commit()
    monkeypatch.undo()
    walk.work()
    assert walk.states(id_) == ("offered", "offered", "", 1, 1)
    with home.act():
        assert service.get(id_).refused_code == "illegal_transition"


def test_the_activity_is_held_fast_while_a_record_lives(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    host = walk.pair.host
    with host.act():
        activity = activities.get(walk.activity_id, lock=True)
        head = activities.Head(activity.org_id, activity.kind, "改名", activity.held_on, "别处", "别人", 60)
        with pytest.raises(WrongState, match="activity_cosigned"):
            activities.amend(activity, head, clerk(host))
        activities.record_attendance(activity, {walk.own: AWAY})  # our own members are our own
        assert world.count(Attendance) == 4
    assert walk.states(id_)[0] == "offered" and BRANCH in host.orgs
    with host.act():
        assert world.count(CoSignedRecord) == 1 and world.count(CosignLine) == 3


def test_what_the_program_holds_records_of_closes_the_agreements_duties(walk):
    """Participation told by records, entries looked through: closed by themselves in their time, with how many."""
    home, host = walk.pair.home, walk.pair.host

    def duty(side, kind):
        with side.act():
            agreements.run_timers()
            fence.commit()
            query = db.select(AgreementDuty).where(AgreementDuty.kind == kind)
            row = db.session.scalars(query.order_by(AgreementDuty.due_on.desc())).first()
            return row and (row.done_on, row.details, row.name)

    with clock.at(clock.now() + timedelta(days=25)):
        assert duty(host, DutyKind.PARTICIPATION) == (None, {}, "")
        walk.activity_id = walk.plan()
        walk.hold()
        walk.offer()
        assert duty(host, DutyKind.PARTICIPATION) == (clock.today(), {"records": 1}, "")
    with clock.at(clock.now() + timedelta(days=172)):
        assert duty(home, DutyKind.REGISTER) == (None, {}, "")
        for left, name in ((2, "王示甲"), (1, "李例乙"), (0, "陈演丙")):
            with home.act():
                referral = db.session.get_one(Referral, (home.tenant_id, walk.guests[name]))
                flows.confirm(flows.current(referral.member_id, lock=True), on=clock.today())
                fence.commit()
            assert duty(home, DutyKind.REGISTER) == ((None, {}, "") if left else (clock.today(), {"records": 3}, ""))
