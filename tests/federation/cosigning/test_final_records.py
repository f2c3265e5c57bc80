"""Co-signed records that stand: corrected and offered again, annulled by both, or not; what a notice withdrawn changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.cosigning.walk import (  # noqa: F401 -- fixtures
    build_with_guests,
    guests,
    lines_of,
    load_walk,
    number_of,
    studied,
)
from web.core import clock, fence
from web.core.errors import Invalid, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation import registry
from web.federation.agreements import service as agreements
from web.federation.cosigning import service
from web.federation.cosigning.models import Answer
from web.federation.post import service as post
from web.federation.post.models import StoredDisclosure
from web.federation.referrals.models import Referral
from web.tenants.activities import service as activities
from web.tenants.activities.models import Presence
from web.tenants.activities.service import Mark
from web.tenants.consents import service as consents
from web.tenants.members import service as members


def test_a_corrected_header_is_offered_again_to_every_home_and_hours_follow(walk, proved, fresh):
    home, host = walk.pair.home, walk.pair.host
    other = world.third(walk.pair)
    world.conclude(world.propose(host, [other]), host, [other])
    walk.guests |= guests(other, host, walk.work, ["孙示己"], "松阳示例村支部")
    walk.hold()
    ids = walk.offer(home, other)
    mine, third = ids[home.uid], ids[other.uid]
    walk.say(home, service.countersign, mine, list(lines_of(home, mine)))
    assert studied(home)["李例乙"] == ("重温入党誓词", Presence.PRESENT, 120)
    # Lines of one home: its final record goes back, the other's offer stays as it is.
    walk.say(host, service.correct, mine, {walk.guests["李例乙"]: Mark(Presence.PRESENT, 90)}, "李例乙提前离会")
    assert walk.states(mine) == ("offered", "offered", "", 3, 3) and studied(home) == {}
    assert walk.states(third, other) == ("offered", "offered", "", 1, 1)
    # More minutes than a day has: home would refuse the decision, and the record would have stopped for good.
    with host.act(), pytest.raises(Invalid) as wrong:
        service.correct(mine, {walk.guests["李例乙"]: Mark(Presence.PRESENT, 24 * 60 + 1)}, "记错")
    assert wrong.value.fields == {"minutes": ["out_of_range"]}
    walk.say(home, service.countersign, mine, list(lines_of(home, mine)))
    assert studied(home)["李例乙"] == ("重温入党誓词", Presence.PRESENT, 90)
    with host.act():
        activity = activities.get(walk.activity_id)
        head = activities.Head(
            activity.org_id, activity.kind, "重温入党誓词和党章", activity.held_on, activity.place, "周例戊", 120
        )
    # The header is everybody's: both are offered again, as the same content.
    walk.say(host, service.correct, third, {}, "主题写漏了", head)
    assert walk.states(mine) == ("offered", "offered", "", 5, 5)
    assert walk.states(third, other) == ("offered", "offered", "", 2, 2) and studied(home) == {}
    with home.act():
        one = service.get(mine)
    with other.act():
        two = service.get(third)
        assert two.head()["title"] == "重温入党誓词和党章"
    assert (one.k, one.content) == (two.k, two.content) == (3, two.content)
    for side, id_ in ((home, mine), (other, third)):
        walk.say(side, service.countersign, id_, list(lines_of(side, id_)))
    assert studied(home)["李例乙"] == ("重温入党誓词和党章", Presence.PRESENT, 90)
    assert studied(other) == {"孙示己": ("重温入党誓词和党章", Presence.PRESENT, 120)}
    proved("records offered again after a correction", 3)
    # Where one home may not be told, it keeps what was countersigned; the others are corrected all the same.
    with host.act():
        agreements.pause(agreements.in_force(other.uid)[0][0].id, service.SCOPE, reason="核对中")
        fence.commit()
    walk.work()
    client = fresh.test_client()
    sign_in(client, host)
    page = client.get(f"/{host.code}/cosigning/{mine}/correct").text
    assert f"更正不送{other.name}" in page and f"{other.name}的记录也要重新送请共签" not in page
    head = replace(head, title="重温入党誓词、党章")
    with host.act(), pytest.raises(WrongState, match="scope_paused"):
        service.correct(third, {}, "主题又漏了", head)
    walk.say(host, service.correct, mine, {}, "主题又漏了", head)
    assert (walk.states(mine)[0], walk.states(third, other)[:2]) == ("offered", ("final", "final"))
    walk.say(home, service.countersign, mine, list(lines_of(home, mine)))
    assert studied(home)["李例乙"][0] == head.title and studied(other)["孙示己"][0] == "重温入党誓词和党章"


@pytest.mark.parametrize("proposer", ["home", "host"])
def test_annulled_by_both_it_stays_and_its_hours_go(walk, proposer):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    walk.say(home, service.countersign, id_, list(lines_of(home, id_)))
    asks, asked = (home, host) if proposer == "home" else (host, home)
    with asks.act(), pytest.raises(Invalid):
        service.propose_annul(id_, " ")
    walk.say(asks, service.propose_annul, id_, "当日活动实际改期")
    assert walk.states(id_)[:3] == ("annul_proposed", "annul_proposed", "") and len(studied(home)) == 3
    for side, verbs in ((asks, ["keep"]), (asked, ["annul", "keep"])):
        with side.act():
            record = service.get(id_)
            assert (service.verbs_now(record), record.words) == (verbs, "当日活动实际改期")
    with asks.act(), pytest.raises(WrongState):
        service.annul(id_)
    # The other keeps it, then thinks again.
    walk.say(asked, service.keep, id_, "签到表在，照旧")
    assert walk.states(id_)[:2] == ("final", "final") and len(studied(home)) == 3
    for side in (asks, asked):
        with side.act():
            told = set(db.session.scalars(db.select(Event.reason).where(Event.subject_id == id_)))
            assert service.get(id_).words == "签到表在，照旧" and not told & {"当日活动实际改期", "签到表在，照旧"}
    walk.say(asks, service.propose_annul, id_, "签到表是次日的")
    walk.say(asked, service.annul, id_)
    assert walk.states(id_)[:3] == ("annulled", "annulled", "") and studied(home) == {}
    for side in (home, host):
        with side.act():
            record = service.get(id_)
            assert record.head()["title"] == "重温入党誓词" and len(service.lines(id_)) == 3
            assert (service.verbs_now(record), record.words, record.stopped) == ([], "签到表是次日的", "")
    (again,) = walk.offer().values()  # and a right one may follow
    assert again != id_


def test_a_proposal_to_annul_that_nobody_answers_comes_to_nothing(walk):
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    walk.say(home, service.countersign, id_, list(lines_of(home, id_)))
    walk.say(home, service.propose_annul, id_, "当日活动实际改期")
    for days, state in ((29, "annul_proposed"), (31, "final")):
        with clock.at(clock.now() + timedelta(days=days)):
            for side in (home, host):
                with side.act():
                    registry.verbs.run_timers()
                    fence.commit()
            walk.work()
        assert walk.states(id_)[:3] == (state, state, "") and len(studied(home)) == 3
    for side in (home, host):
        with side.act():
            record = service.get(id_)
            assert (record.annul_by, record.words, record.stands_again_on) == ("", None, None)
            assert len(service.lines(id_)) == 3 and "propose_annul" in service.verbs_now(record)


def test_who_withdrew_the_notice_is_in_no_new_record_and_the_old_one_stands(walk):
    home, host = walk.pair.home, walk.pair.host
    walk.hold()
    (first,) = walk.offer().values()
    walk.say(home, service.countersign, first, list(lines_of(home, first)))
    walk.activity_id = walk.plan("参观学习")
    walk.hold()
    (unanswered,) = walk.offer().values()
    assert len(lines_of(home, unanswered)) == 3
    walk.activity_id = walk.plan("走访慰问")
    walk.hold()
    (crossed,) = walk.offer().values()
    wrong = walk.guests["陈演丙"]
    walk.say(home, service.dispute, crossed, {number_of(home, crossed, wrong): "本人当日在岳西"}, "请核对签到表")
    with home.act():
        referral = db.session.get_one(Referral, (home.tenant_id, walk.guests["李例乙"]))
        consents.withdraw(members.get(referral.member_id, lock=True), host.uid, ["S5"])
        fence.commit()
    walk.say(host, service.correct, crossed, {wrong: Mark(Presence.ABSENT)}, "已核对签到表，确未到会")
    # Corrected before the other county heard of it: the second list is numbered anew, and of either only his line goes.
    with home.act():
        told = db.select(StoredDisclosure).where(
            StoredDisclosure.about_id == crossed, StoredDisclosure.pointer.startswith("/lines/")
        )
        held = [(row.message_id, shown.value[0]) for row in db.session.scalars(told) if (shown := post.reopened(row))]
        assert len({message_id for message_id, _referral in held}) == 2 and len(held) == 4
        assert {referral for _message, referral in held} == {str(walk.guests["王示甲"]), str(wrong)}
    # Offered before, and not answered yet: he is gone from it too.
    left = lines_of(home, unanswered)
    assert walk.guests["李例乙"] not in {row[0] for row in left.values()} and len(left) == 2
    with home.act():
        query = db.select(StoredDisclosure.pointer).where(StoredDisclosure.about_id == unanswered)
        gone = db.session.scalars(query.where(StoredDisclosure.wrapped.is_(None))).all()
        assert gone == [f"/lines/{number_of(host, unanswered, walk.guests['李例乙'])}"]
    walk.say(home, service.countersign, unanswered, list(left))
    assert walk.states(unanswered)[:3] == ("final", "final", "")
    walk.activity_id = walk.plan("志愿服务")
    walk.hold()
    (second,) = walk.offer().values()
    at_home, at_host = lines_of(home, second), lines_of(host, second)
    assert len(at_host) == 3 and {row[0] for row in at_home.values()} == {
        id_ for name, id_ in walk.guests.items() if name != "李例乙"
    }
    with home.act():
        query = db.select(StoredDisclosure.pointer).where(StoredDisclosure.about_id == second)
        gone = db.session.scalars(query.where(StoredDisclosure.wrapped.is_(None))).all()
        assert gone == [f"/lines/{number_of(host, second, walk.guests['李例乙'])}"]
    walk.say(home, service.countersign, second, list(at_home))
    assert {row[1] for row in lines_of(host, second).values()} == {Answer.ACCEPTED, Answer.LEFT_OUT}
    assert studied(home)["李例乙"][0] == "重温入党誓词" and len(lines_of(home, first)) == 3, (
        "what both countersigned stays"
    )


def test_both_propose_to_annul_at_once(walk):
    """They cross: the recorder's is the decision, home's is dropped, and home may agree."""
    walk.hold()
    (id_,) = walk.offer().values()
    home, host = walk.pair.home, walk.pair.host
    walk.say(home, service.countersign, id_, list(lines_of(home, id_)))
    walk.say(home, service.propose_annul, id_, "名单有误", run=False)
    walk.say(host, service.propose_annul, id_, "活动改期", run=False)
    walk.work()
    assert walk.states(id_) == ("annul_proposed", "annul_proposed", "", 3, 3)
    with home.act():
        record = service.get(id_)
        assert (record.annul_by, record.words, service.verbs_now(record)) == ("recorder", "活动改期", ["annul", "keep"])
        assert record.refused_code
    walk.say(home, service.keep, id_, "签到表在，照旧")
    walk.say(host, service.correct, id_, {walk.guests["李例乙"]: Mark(Presence.PRESENT, 90)}, "李例乙提前离会")
    assert walk.states(id_)[:3] == ("offered", "offered", "")
    with home.act():
        assert service.get(id_).refused_code == "", (
            "a word of ours counted since: the page says of none that it did not"
        )
