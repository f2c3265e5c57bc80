"""Handovers the host begins, crossing requests, and the way there and back: through the services and the real jobs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.federation.handovers.walk import BORN, NUMBER, TO
from web import jobs
from web.core import clock, events, fence
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation.handovers import service
from web.federation.handovers.models import Handover, HandoverState, Outcome
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.service import OrgClosing

S = HandoverState


def ask(walk, *, run=True, side=None, partner=None, **more):
    """The host asks for the member of the walk."""
    given: dict[str, Any] = {
        "name": "王示甲",
        "birth_on": BORN,
        "to_org": TO,
        "method": Method.PAPER,
        "applied_on": clock.today(),
    }
    side, partner = side or walk.pair.host, partner or walk.pair.home
    with side.act():
        old = members.get(more.pop("old")) if "old" in more else None
        walk.id = service.ask(partner.uid, **(given | more), old=old).id
        fence.commit()
    if run:
        walk.work()
    return walk.id


def letters(side, id_):
    with side.act():
        query = db.select(OutboxMessage.type, OutboxMessage.result).where(OutboxMessage.about_id == id_)
        return [tuple(row) for row in db.session.execute(query.order_by(OutboxMessage.id))]


def test_what_crosses_midnight_is_of_one_day_at_both_counties(walk):
    """Figures of a period count by these days: each is the day on which home, who numbers it, said or heard it."""
    home, host = walk.pair.home, walk.pair.host
    first = clock.today() + timedelta(days=2)

    def late(days):
        return clock.at(clock.midnight(first + timedelta(days=days + 1)) - timedelta(minutes=10))

    def heard(days):
        """Delivered after midnight; on which day it was begun and moved last, at both."""
        with clock.at(clock.midnight(first + timedelta(days=days + 1)) + timedelta(minutes=10)):
            walk.work()
        found = []
        for side in (home, host):
            with side.act():
                row = service.get(walk.id)
                found.append([(clock.day(at) - first).days for at in (row.created_at, row.state_at)])
        assert found[0] == found[1]
        return found[0]

    with late(0), home.act():
        member = members.get(walk.member_id, lock=True)
        begun = service.begin(member, host.uid, method=Method.PAPER, applied_on=clock.today(), to_org=TO)
        walk.id = begun.id
        fence.commit()
    assert heard(0) == [0, 0], "said by home before midnight"
    with late(1):
        walk.host(service.accept, run=False)
    assert heard(1) == [0, 2], "decided by home when it heard, after midnight"
    with late(3):
        walk.home(service.cancel, run=False)
    assert heard(3) == [0, 3]
    with late(4):
        ask(walk, run=False)
    assert heard(4) == [5, 5], "begun by the host: numbered by home"
    last = []
    for side in (home, host):
        with side.act():
            last.append(service.get(walk.id).due_on)
    assert last == [first + timedelta(days=65)] * 2, "and both pages name one last day"


def test_from_the_hosts_ask_to_the_receipt(walk):
    ask(walk)
    assert walk.states() == (S.ASKED, S.ASKED)
    with walk.pair.home.act():
        handover = service.get(walk.id)
        assert (handover.member_id, handover.begun_by, handover.values()["to_org"]) == (None, "host", TO)
        assert [c.member_id for c in service.candidates(handover)] == [walk.member_id]
        assert not consents.stands(walk.member_id, walk.pair.host.uid, "S4"), "nobody was chosen yet"
    with walk.at(walk.pair.home) as handover, pytest.raises(Invalid) as wrong:
        service.accept(handover)
    assert wrong.value.fields == {"member_id": ["choose_one"]}
    walk.home(service.accept, walk.member_id)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    with walk.pair.home.act():
        assert consents.stands(walk.member_id, walk.pair.host.uid, "S4"), "the application the host told of"
    walk.release()
    walk.take_over()
    assert walk.states() == (S.CLOSED, S.CLOSED) and walk.owners() == ["余杭区"]
    with walk.pair.home.act():
        assert service.get(walk.id).branch_id == walk.pair.home.orgs["示例村支部"]
        assert flows.current(walk.member_id) is None


@pytest.mark.parametrize("how", ["refuse", "cancel", "host cancels", "expire"])
def test_an_ask_that_comes_to_nothing_leaves_nothing_at_either_side(walk, how):
    ask(walk)
    if how == "refuse":
        walk.home(service.refuse, "not_here")
    elif how == "cancel":
        walk.home(service.cancel)
    elif how == "host cancels":
        walk.host(service.cancel, "本人改变主意")
    else:
        with clock.at(clock.now() + timedelta(days=61)):
            jobs.timers(walk.pair.home.tenant_id)
            walk.work()
    ends = {"refuse": S.REFUSED, "expire": S.EXPIRED}.get(how, S.CANCELLED)
    assert walk.states() == (ends, ends) and walk.owners() == ["岳西县"]
    for side in (walk.pair.home, walk.pair.host):
        with side.act():
            handover = service.get(walk.id)
            assert handover.values() == {} and handover.person_blind is None
            kept = db.select(StoredDisclosure).where(
                StoredDisclosure.about_id == walk.id, StoredDisclosure.wrapped.is_not(None)
            )
            assert db.session.scalars(kept).all() == []


def test_an_ask_given_back_is_mended_and_said_again(walk):
    ask(walk, birth_on=date(1990, 7, 16))
    with walk.pair.home.act():
        assert service.candidates(service.get(walk.id)) == []
    walk.home(service.give_back, ["birth_on"], "出生日期对不上")
    assert walk.states() == (S.ASK_RETURNED, S.ASK_RETURNED)
    with walk.pair.host.act():
        assert service.get(walk.id).returned_fields == ["birth_on"]
    walk.host(service.ask_mended, name="王示甲", birth_on=BORN, to_org=TO)
    assert walk.states() == (S.ASKED, S.ASKED)
    with walk.pair.home.act():
        found = service.candidates(service.get(walk.id))
        assert [c.member_id for c in found] == [walk.member_id]
    walk.home(service.accept, walk.member_id)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)


def test_what_an_ask_needs(walk):
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"birth_on": None}, "birth_on"),
        ({"to_org": ""}, "to_org"),
        ({"applied_on": clock.today() + timedelta(days=1)}, "applied_on"),
        ({"method": Method.PHONE}, "method"),
    ):
        with pytest.raises(Invalid) as refused:
            ask(walk, **wrong)
        assert list(refused.value.fields) == [field]
    ask(walk)
    with pytest.raises(WrongState, match="already_open"):
        ask(walk)
    with pytest.raises(WrongState, match="already_open"):
        walk.begin()


def test_a_request_and_an_ask_that_cross_leave_the_request(walk):
    """Neither has heard of the other: home's word goes first at both sides, and the host is told why."""
    asked = ask(walk, run=False)
    work, walk.work = walk.work, lambda: 0
    requested = walk.begin()
    walk.work = work
    walk.work()
    assert walk.states(requested) == (S.REQUESTED, S.REQUESTED)
    with walk.pair.host.act():
        mine = service.get(asked)
        assert (mine.state, mine.refused_code, mine.outcome) == (S.NOT_OPENED, "already_open", "not_opened")
        assert mine.values() == {} and mine.due_on is None
        assert service.get(requested).stopped == ""
    with walk.pair.home.act():
        assert db.session.scalars(db.select(Handover.id)).all() == [requested]
    walk.id = requested
    walk.host(service.accept)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)


def test_there_and_back_reopens_the_old_record(walk):
    """A–B–A: the relation goes back; at A the record of before is ours again, not a second one."""
    walk.to_release()
    walk.take_over()
    first, home, host = walk.id, walk.pair.home, walk.pair.host
    with host.act():
        there = service.get(first).member_id
        members.mark_dues(members.get(there, lock=True), "2026-12")
        member = members.get(there, lock=True)
        assert service.came_from(there, home.uid).id == first
        walk.id = service.begin(member, home.uid, method=Method.PAPER, applied_on=clock.today(), to_org="天堂镇党委").id
        fence.commit()
    walk.work()
    back = walk.id
    with home.act():
        assert service.get(back).reverses == first and service.get(back).role == "host"
    with walk.at(home, back) as handover:
        service.accept(handover)
    walk.work()
    with walk.at(host, back) as handover:
        service.release(
            handover, valid_days=30, from_org="余杭区演示社区第一支部", to_org="天堂镇党委", addressee="岳西县委组织部"
        )
    walk.work()
    receipt = {"receipt_no": "0008", "handler": "罗试甲", "phone": "0556-0000123"}
    with walk.at(home, back) as handover, pytest.raises(Invalid) as wrong:
        service.take_over(handover, branch_id=home.orgs["天堂镇"], **receipt)
    assert wrong.value.fields == {"branch_id": ["takes_no_members"]}, (
        "said before the receipt: nobody could say it later"
    )
    with walk.at(home, back) as handover:
        service.take_over(handover, branch_id=home.orgs["试例村支部"], **receipt)
    with home.act(), pytest.raises(Invalid) as wrong:
        events.announce(OrgClosing(home.orgs["试例村支部"]))
    assert wrong.value.fields == {"org": ["has_people"]}, "he is on his way into it"
    with home.act():
        old = members.get(walk.member_id)
        assert old.relation is Relation.TRANSFERRED, "history until the other county confirms"
    walk.work()
    assert walk.owners() == ["岳西县"]
    with home.act():
        everyone = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).all()
        assert [m.id for m in everyone] == [walk.member_id], "reopened, not doubled"
        old = everyone[0]
        assert (old.relation, old.branch_id) == (Relation.HELD, home.orgs["试例村支部"])
        assert (old.dues_until, old.id_number, old.phone) == ("2026-12", NUMBER, "15400000123")
        assert [(h.role, h.outcome) for h in service.of_member(old.id)] == [
            ("host", Outcome.ON_TIME),
            ("home", Outcome.ON_TIME),
        ]
        assert service.neighbours(service.get(back))[0].id == first
        assert service.neighbours(service.get(first))[1].id == back
    with host.act():
        assert members.get(there).relation is Relation.TRANSFERRED
        assert [h.role for h in service.of_member(there)] == ["home", "host"]


def test_a_return_that_comes_to_nothing_leaves_the_old_record_as_it_was(walk):
    walk.to_release()
    walk.take_over()
    home, host = walk.pair.home, walk.pair.host
    with home.act():
        assert members.get(walk.member_id).relation is Relation.TRANSFERRED
    id_ = ask(walk, side=home, partner=host, old=walk.member_id, to_org="天堂镇党委")
    with host.act():
        handover = service.get(id_)
        assert members.get(handover.member_id).name == "王示甲", "known for sure by the handover it takes back"
    with walk.at(host, id_) as handover:
        service.accept(handover)
    walk.work()
    with walk.at(host, id_) as handover:
        service.release(handover, valid_days=30, from_org="甲", to_org="天堂镇党委", addressee="岳西县委组织部")
    walk.work()
    with walk.at(home, id_) as handover:
        service.take_over(
            handover, branch_id=home.orgs["试例村支部"], receipt_no="9", handler="罗试甲", phone="0556-0000123"
        )
    with walk.at(host, id_) as handover:
        service.recall(handover, "member_stays")
    walk.work()
    assert walk.owners() == ["余杭区"]
    with home.act():
        assert (service.get(id_).state, service.get(id_).member_id) == (S.RECALLED, None)
        old = members.get(walk.member_id)
        assert (old.relation, old.branch_id) == (Relation.TRANSFERRED, home.orgs["示例村支部"])


def test_a_letter_that_ran_out_is_issued_again_only_with_the_branchs_proof(walk):
    walk.to_release()
    with clock.at(clock.now() + timedelta(days=31)):
        jobs.timers(walk.pair.home.tenant_id)
        walk.work()
        assert walk.states() == (S.EXPIRED_IN_TRANSIT, S.EXPIRED_IN_TRANSIT)
        walk.begin()
        walk.host(service.accept)
        with pytest.raises(Invalid) as wrong:
            walk.release()
        assert wrong.value.fields == {"proof": ["required"]}
        walk.release(proof="示例村支部证明 2026年第3号")
        assert walk.states() == (S.RELEASED, S.RELEASED)
        with walk.pair.host.act():
            assert "proof" not in service.get(walk.id).values(), "home's own paper"


def test_the_receipt_is_due_a_month_after_the_letter_arrived(walk):
    walk.to_release()
    today = clock.today()
    with clock.at(clock.now() + timedelta(days=3)):
        with walk.at(walk.pair.host) as handover, pytest.raises(Invalid):
            service.note_arrival(handover, today - timedelta(days=1))
        with walk.at(walk.pair.host) as handover:
            service.note_arrival(handover, today + timedelta(days=2))
            assert handover.due_on == handover.valid_until, "the letter ends sooner than a month from its arrival"
        with walk.at(walk.pair.home) as handover, pytest.raises(WrongState):
            service.note_arrival(handover, today)
        walk.take_over()
        for side in (walk.pair.home, walk.pair.host):
            with side.act():
                assert service.get(walk.id).received_on == today + timedelta(days=2)
