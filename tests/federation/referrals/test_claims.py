"""The claim path: who stands at the host's window, and whether home recognises or disowns him."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.federation.referrals.walk import BRANCH, NAME, Walk, clerk, later
from tests.world import Side
from web import jobs
from web.core import clock, fence
from web.core.errors import Invalid, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post.models import InboxMessage, OutboxMessage, StoredDisclosure
from web.federation.referrals import claims, lists, packets, service
from web.federation.referrals.lists import Tab
from web.federation.referrals.models import Referral, ReferralState, SharedGram, SharedMember
from web.reports import Period, counting
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import service as members

S = ReferralState


def claim(walk: Walk, *, run: bool = True, **more: Any) -> None:
    """The host records the consent and asks home."""
    given: dict[str, Any] = {
        "name": NAME, "birth_year": 1988, "home_branch": "天堂镇示例村", "method": Method.IN_PERSON,
        "consented_on": clock.today(),
    }  # fmt: skip
    with walk.host.act():
        walk.id = claims.claim(walk.home.uid, **(given | more)).id
        fence.commit()
    if run:
        walk.work()


def pause(walk: Walk, side: Side, *, resume: bool = False) -> None:
    with side.act():
        agreements.pause(service.get(walk.id).agreement_id, "S2", resume=resume)
        fence.commit()
    walk.work()


def recognise(walk: Walk) -> None:
    walk.say(walk.home, claims.recognise, walk.member_id)


def offered(walk: Walk, side: Side) -> tuple[int, int]:
    """How many notices the way of today begins with, and how many of them were accepted."""
    today = Period(clock.today(), clock.today())
    with side.act():
        (now,) = counting.count(clerk(side), ["way.offered", "way.accepted"], [today])
        (found,) = now.values()
        return int(found["way.offered"] or 0), int(found["way.accepted"] or 0)


def nothing_left(walk: Walk) -> None:
    """Neither packet nor search grams nor disclosures, at either side."""
    for side in (walk.home, walk.host):
        with side.act():
            assert service.get(walk.id).purged_at is not None
            for model in (SharedMember, SharedGram):
                assert db.session.scalars(db.select(model)).all() == []
            kept = db.select(StoredDisclosure).where(
                StoredDisclosure.about_id == walk.id, StoredDisclosure.wrapped.is_not(None)
            )
            assert db.session.scalars(kept).all() == []


def test_recognised_reported_in_and_taken_on(walk):
    with walk.home.act():
        flows.amend(flows.current(walk.member_id, lock=True), host_text="上海市", host_code="310000")
        consents.withdraw(members.get(walk.member_id), walk.host.uid, ["S2", "S5", "S6"])
        fence.commit()
    claim(walk)
    assert walk.states() == (S.CLAIMED, S.CLAIMED)
    with walk.home.act():
        referral = service.get(walk.id)
        (row,) = lists.page(Tab.CLAIMS, clerk(walk.home)).rows
        assert (row.name, row.values["/birth_year"], row.values["/home_branch"]) == (NAME, 1988, "天堂镇示例村")
        (meant,) = claims.candidates(referral, clerk(walk.home))
        assert (meant.member_id, meant.is_same_year, meant.lacks) == (walk.member_id, True, ())
        assert not consents.stands(walk.member_id, walk.host.uid, "S2")
    assert [offered(walk, side) for side in (walk.home, walk.host)] == [(0, 0)] * 2, "asked for is not sent yet"
    for paused in (walk.home, walk.host):
        pause(walk, paused)
        with walk.at(walk.home) as referral, pytest.raises(WrongState, match="scope_paused"):
            claims.recognise(referral, walk.member_id)
        pause(walk, paused, resume=True)
    with later(days=2), walk.at(walk.home) as referral:  # and not kept
        member = members.get(walk.member_id)
        consents.give(member, walk.host.uid, ["S2"], method=Method.PAPER)
        consents.withdraw(member, walk.host.uid, ["S2"])
        with pytest.raises(Invalid) as since:
            claims.recognise(referral, walk.member_id)
        assert since.value.fields == {"member_id": ["withdrawn_since_told"]}
        db.session.rollback()
    recognise(walk)
    assert [offered(walk, side) for side in (walk.home, walk.host)] == [(1, 1)] * 2
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    with walk.home.act():
        referral, flow = service.get(walk.id), flows.current(walk.member_id)
        assert (referral.flow_id, referral.member_id, flow.host_code) == (flow.id, walk.member_id, "330110")
        assert consents.stands(walk.member_id, walk.host.uid, "S6"), "what he agreed to at the host stands here too"
        assert db.session.scalars(db.select(SharedMember)).all() == [], "home needs no copy of what it was told"
    with walk.host.act():
        held = packets.opened(db.session.scalars(db.select(SharedMember)).one())
        assert (held["/member_kind"], held["/gender"]) == ("full", "1")
        assert held["/home_branch"].endswith("示例村支部"), "now as home's register has it"
    walk.say(walk.host, service.report_in, "person")
    walk.say(walk.host, service.take_on, walk.host.orgs[BRANCH])
    assert walk.states() == (S.TAKEN_ON, S.TAKEN_ON)
    assert walk.shares(walk.home)["receiver", "S6"][0] == "live"
    with walk.host.act():
        seen = db.session.scalars(db.select(Event.verb).where(Event.subject_id == walk.id)).all()
        assert "referral.consent" in seen


def test_a_member_without_an_away_entry_gets_one(walk):
    with walk.home.act():
        flows.end(flows.current(walk.member_id, lock=True), FlowEnd.RETURNED)
        fence.commit()
    claim(walk)
    with later(days=3):
        recognise(walk)
        walk.say(walk.host, service.report_in, "person")
        walk.say(walk.host, service.take_on, walk.host.orgs[BRANCH])
        today = Period(clock.today(), clock.today())
        for side in (walk.home, walk.host):
            with side.act():
                (now,) = counting.count(clerk(side), ["members.days_to_take_on"], [today])
                assert list(now.values()) == [{"members.days_to_take_on": 0}], "from the notice, not from the question"
    with walk.home.act():
        flow = flows.current(walk.member_id)
        assert (flow.host_code, flow.host_text, service.get(walk.id).flow_id) == ("330110", "余杭区", flow.id)


@pytest.mark.parametrize("who", ["known, not ours to say", "unknown"])
def test_unknown_and_not_ours_have_one_answer(walk, who):
    """The same messages with the same bodies, and no value: only their ids, salts and instants differ."""
    claim(walk, name=NAME if who != "unknown" else "无此甲")
    with walk.home.act():
        heard = db.session.scalars(db.select(InboxMessage).where(InboxMessage.about_id == walk.id)).one()
        assert (heard.result, heard.code) == ("applied", None)
    walk.say(walk.home, claims.disown)
    assert walk.states() == (S.DISOWNED, S.DISOWNED)
    with walk.home.act():
        said = db.session.scalars(
            db.select(OutboxMessage).where(OutboxMessage.about_id == walk.id).order_by(OutboxMessage.id)
        ).all()
        assert [(m.type, len(m.sd)) for m in said] == [("referral.claim", 0), ("referral.disown", 0)]
        assert said[1].body == {}
    with walk.host.act():
        assert service.get(walk.id).reason == "disown"
    nothing_left(walk)


def test_nobody_answers_for_thirty_days(walk):
    claim(walk)
    for days, state in ((29, S.CLAIMED), (31, S.LAPSED)):
        with later(days=days):
            for side in (walk.home, walk.host):
                jobs.timers(side.tenant_id)
            walk.work()
            assert walk.states() == (state, state)
    nothing_left(walk)


def test_the_host_takes_its_claim_back(walk):
    claim(walk)
    walk.say(walk.host, service.leave)
    assert walk.states() == (S.ENDED, S.ENDED)
    nothing_left(walk)


def test_twenty_a_day_a_peer_and_the_county_decides(walk):
    with walk.home.act():
        counties.settings(lock=True).claim_day_limit = 2
        fence.commit()
    for index in range(3):
        claim(walk, name=f"示例{'甲乙丙'[index]}", run=False)
    walk.work()
    with walk.host.act():
        states = {r.state: r for r in db.session.scalars(db.select(Referral))}
        assert sorted(states) == [S.CLAIMED, S.NOT_OPENED]
        refused = states[S.NOT_OPENED]
        assert (refused.refused_code, refused.purged_at is not None) == ("day_limit", True)
    with walk.home.act():
        assert len(db.session.scalars(db.select(Referral)).all()) == 2
    with later(days=1):
        claim(walk, name="示例丁")
        assert walk.states() == (S.CLAIMED, S.CLAIMED)


def test_what_a_claim_needs(walk):
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"birth_year": None}, "birth_year"),
        ({"birth_year": 2020}, "birth_year"),
        ({"home_branch": ""}, "home_branch"),
        ({"consented_on": clock.today() + timedelta(days=1)}, "consented_on"),
        ({"method": Method.PHONE}, "method"),
    ):
        with pytest.raises(Invalid) as refused:
            claim(walk, **wrong)
        assert list(refused.value.fields) == [field]
    claim(walk)
    with pytest.raises(WrongState, match="already_claimed"):
        claim(walk)


def test_who_can_be_chosen(walk):
    """Not one whose offer stands, and not one whose year of birth is not known."""
    twin = walk.enroll(birth_on=date(1990, 1, 1), phone=None, certificate_no="示0002")
    yearless = walk.enroll(birth_on=None, phone=None, certificate_no="示0003")
    walk.offer(walk.member_id)
    claim(walk, birth_year=1991)
    with walk.home.act():
        found = {m.member_id: m for m in claims.candidates(service.get(walk.id), clerk(walk.home))}
        assert found[walk.member_id].lacks == ("already_offered",)
        assert found[yearless].lacks == ("incomplete",)
        assert (found[twin].lacks, found[twin].is_same_year) == ((), False)
    for wrong, code in ((None, "choose_one"), (walk.member_id, "already_offered"), (yearless, "flow_incomplete")):
        with walk.at(walk.home) as referral, pytest.raises(Invalid) as refused:
            claims.recognise(referral, wrong)
        assert refused.value.fields == {"member_id": [code]}
    walk.say(walk.home, claims.recognise, twin)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
