"""Every way a referral can go, between two counties, through the real jobs; what each end leaves behind at each side."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.blueprints.test_auth import sign_in
from tests.federation.referrals.walk import BRANCH, NAME, SESSION, clerk, later
from web import jobs
from web.blueprints import timeline
from web.core import clock, fence
from web.core.errors import Invalid, TooMany, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation import verbs
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.referrals import codes, offering, packets, service
from web.federation.referrals.models import Referral, ReferralState, SharedGram, SharedMember, WrongCode
from web.tenants.consents import service as consents
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd, FlowState
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

S = ReferralState
ANOTHER = UUID(int=8)


def nothing_left(walk, side):
    """No packet, no disclosure, no search gram at this county."""
    with side.act():
        assert db.session.scalars(db.select(SharedMember)).all() == []
        assert db.session.scalars(db.select(SharedGram)).all() == []
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == walk.id)).all()
        assert rows and all(row.wrapped is None for row in rows)
        assert service.get(walk.id).purged_at is not None


def test_offered_accepted_reported_in_by_code_and_taken_on(walk):
    assert [o.lacks for o in walk.offer()] == [()]
    assert walk.states() == (S.OFFERED, S.OFFERED)
    with walk.host.act():
        row = db.session.scalars(db.select(SharedMember)).one()
        found = packets.opened(row)
        assert (found["/name"], found["/birth_year"], found["/member_kind"]) == (NAME, 1988, "full")
        assert found["/home_branch"] and found["/arrival_month"] == "2026-02" and row.name_pinyin == "ouyangshijia"
        assert service.get(walk.id).township_id == walk.host.orgs["余杭街道"]
        assert NAME.encode() not in row.wrapped
    code = walk.code()
    walk.say(walk.host, service.accept)
    walk.report_in(codes.shown(code).lower().replace("0", "o").replace("1", "l"))
    assert walk.states() == (S.REPORTED_IN, S.REPORTED_IN)
    with walk.home.act():
        assert service.code_of(service.get(walk.id)) is None, "for one use"
    walk.say(walk.host, service.take_on, walk.host.orgs[BRANCH])
    assert walk.states() == (S.TAKEN_ON, S.TAKEN_ON)
    with walk.home.act():
        referral = service.get(walk.id)
        assert (referral.reported_how, referral.assigned_on, referral.branch_id) == ("code", clock.today(), None)
        verbs_ = set(db.session.scalars(db.select(Event.verb).where(Event.member_id == walk.member_id)))
        assert {"referral.offer", "referral.accept", "referral.report_in", "referral.take_on"} <= verbs_
    with walk.host.act():
        assert service.get(walk.id).branch_id == walk.host.orgs[BRANCH]
        with pytest.raises(WrongState):
            service.report_in(service.get(walk.id), "person")


def test_declined_with_words_everything_of_the_packet_is_gone(walk):
    walk.offer()
    with walk.at(walk.host) as referral, pytest.raises(Invalid):
        service.decline(referral, "other")
    walk.say(walk.host, service.decline, "other", "不在本辖区居住")
    assert walk.states() == (S.DECLINED, S.DECLINED)
    nothing_left(walk, walk.home)
    nothing_left(walk, walk.host)
    with walk.home.act():
        referral = service.get(walk.id)
        assert (referral.reason, referral.answer_text) == ("other", "不在本辖区居住")
        assert flows.current(walk.member_id).state is FlowState.REGISTERED
    with walk.host.act():
        assert service.get(walk.id).answer_text is None
    first = walk.id
    assert walk.offer()[0].referral_id not in (None, first), "another offer may follow"


def test_a_day_is_the_one_on_which_the_word_was_said(walk):
    walk.offer()
    late = (clock.now() + timedelta(days=1)).astimezone(clock.CHINA).replace(hour=23, minute=59)
    with clock.at(late):
        walk.say(walk.host, service.accept, run=False)
    with clock.at(late + timedelta(minutes=2)):
        walk.work()
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    for side in (walk.home, walk.host):
        with side.act():
            assert service.get(walk.id).accepted_on == late.date()


@pytest.mark.parametrize("wrong", [-400, 400])
def test_a_word_of_another_day_moves_nothing_before_the_offer_nor_after_the_answer(walk, wrong):
    """A county whose clock, or word, is a year off: both sides write down the same day all the same."""
    noon = (clock.now() + timedelta(days=1)).astimezone(clock.CHINA).replace(hour=12, minute=0)
    with clock.at(noon):
        walk.offer()
    with clock.at(noon + timedelta(days=wrong)):
        walk.say(walk.host, service.accept, run=False)
    heard = noon + timedelta(days=2)
    with clock.at(heard):
        walk.work()
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    for side in (walk.home, walk.host):
        with side.act():
            assert service.get(walk.id).accepted_on == (noon if wrong < 0 else heard).date()


def test_nobody_answers_for_thirty_days(walk):
    walk.offer()
    with later(days=29), walk.home.act():
        assert verbs.run_timers() == 0
    with later(days=30, minutes=1):
        jobs.timers(walk.home.tenant_id)
        walk.work()
    assert walk.states() == (S.LAPSED, S.LAPSED)
    nothing_left(walk, walk.host)


def test_one_that_cannot_lapse_keeps_no_other_from_it(walk, monkeypatch):
    broken = walk.offer()[0].referral_id
    walk.offer(walk.enroll("欧阳示乙", phone="15400000124", certificate_no="示0002"))
    send = post.send

    def refuse(to, type_, about_id, *given, **more):
        if type_ == "referral.lapse" and about_id == broken:
            raise ValueError("not to be sent")
        return send(to, type_, about_id, *given, **more)

    monkeypatch.setattr(post, "send", refuse)
    with later(days=30, minutes=1):
        with walk.home.act():
            assert verbs.run_timers() == 1
            fence.commit()
        walk.work()
    assert walk.states() == (S.LAPSED, S.LAPSED)
    with walk.at(walk.home, broken) as referral:
        assert referral.state is S.OFFERED, "nothing of what failed stays"
    monkeypatch.undo()
    with later(days=30, minutes=2), walk.home.act():
        assert verbs.run_timers() == 1


def test_wrong_codes_are_counted_and_answered_alike(walk):
    walk.offer()
    not_yet = walk.code()
    walk.say(walk.host, service.accept)
    walk.report_in()
    used, wrong = not_yet, ["", "7K2QM", codes.draw()]
    with walk.host.act():
        for typed in [*wrong, used, used]:
            assert service.find_by_code(typed, SESSION) is None
        fence.commit()
    with walk.host.act():
        assert db.session.scalar(db.select(db.func.count()).select_from(WrongCode)) == 5
        with pytest.raises(TooMany):
            service.find_by_code(used, SESSION)
        assert service.find_by_code(used, ANOTHER) is None, "another session may try"
        fence.commit()
    tomorrow = (clock.now().astimezone(clock.CHINA) + timedelta(days=1)).replace(hour=12)
    with clock.at(tomorrow), walk.host.act():
        assert service.find_by_code(used, SESSION) is None, "an hour later"
        for _ in range(48):
            db.session.add(WrongCode(session_id=walk.id, at=clock.now() - timedelta(hours=11)))
        db.session.flush()
        assert service.find_by_code(used, ANOTHER) is None, "the fiftieth of the day"
        with pytest.raises(TooMany):
            service.find_by_code(used, ANOTHER)
        fence.commit()
    with clock.at(tomorrow + timedelta(hours=12)), walk.host.act():
        assert service.find_by_code(used, ANOTHER) is None, "the day after"


def test_a_code_of_another_county_opens_nothing(walk):
    walk.offer()
    walk.say(walk.host, service.accept)
    code = walk.code()
    with walk.home.act():
        assert service.find_by_code(code, SESSION) is None


@pytest.mark.parametrize("ended_as", [FlowEnd.RETURNED, FlowEnd.WRONG_ENTRY])
def test_the_flow_ends_and_the_referral_with_it(walk, ended_as):
    walk.until_taken_on()
    with walk.home.act():
        flows.end(flows.current(walk.member_id, lock=True), ended_as)
        fence.commit()
    walk.work()
    assert walk.states() == (S.ENDED, S.ENDED)
    nothing_left(walk, walk.home)
    nothing_left(walk, walk.host)
    with walk.host.act():
        assert service.get(walk.id).reason == ended_as.value


def test_the_host_says_that_the_member_left(walk):
    walk.until_taken_on()
    walk.say(walk.host, service.leave, text="已返乡")
    assert walk.states() == (S.ENDED, S.ENDED)
    nothing_left(walk, walk.host)
    with walk.home.act():
        referral = service.get(walk.id)
        assert (referral.reason, referral.answer_text) == ("left", "已返乡")
        assert flows.current(walk.member_id) is not None, "the flow is home's to end"


def test_home_ends_while_the_host_reports_in(walk):
    """Crossing verbs: home's decision stands, the host's proposal was on an older one and is dropped."""
    walk.offer()
    walk.say(walk.host, service.accept)
    walk.say(walk.host, service.report_in, "person", run=False)
    walk.say(walk.home, service.end, "wrong_entry")
    assert walk.states() == (S.ENDED, S.ENDED)
    nothing_left(walk, walk.host)


def test_home_ends_what_stopped_and_the_host_as_it_hears_of_it(walk, fresh):
    """Nobody could: the member could be offered to no county any more, and the pair not be closed."""
    walk.offer()
    walk.say(walk.host, service.accept)
    walk.say(walk.host, service.report_in, "person", run=False)
    with walk.at(walk.host) as referral:
        referral.n -= 1  # a decision is lost, as by a backup that was put back
    walk.work()
    with walk.at(walk.host) as referral:
        assert referral.stopped == "impossible_decision" and not service.may_put_away(referral)
        with pytest.raises(WrongState):
            service.put_away(referral, "核对过")
    with walk.at(walk.home) as referral:
        referral.stopped = "refused_malformed"
    home, host = (fresh.test_client() for _ in "12")
    sign_in(home, walk.home)
    sign_in(host, walk.host)
    there, here = (f"/{side.code}/referrals/{walk.id}" for side in (walk.home, walk.host))
    assert "核对后由我方撤回" in home.get(there).text and home.get(f"{there}/put-away").status_code == 409
    assert home.post(f"{there}/withdraw").status_code == 303
    walk.work()
    with walk.at(walk.home) as referral:
        assert (referral.state, referral.stopped) == (ReferralState.ENDED, "")
    with walk.host.act():
        assert db.session.scalars(db.select(SharedMember)).all() == [], "gone with that word"
    assert "核对后了结" in host.get(here).text
    assert host.post(f"{here}/put-away", data={"text": " "}).status_code == 422
    assert host.post(f"{here}/put-away", data={"text": "已电话核对"}).status_code == 303
    assert walk.states() == (ReferralState.ENDED, ReferralState.ENDED)
    walk.offer()
    assert walk.states() == (ReferralState.OFFERED, ReferralState.OFFERED), "he can be offered again"


def test_an_offer_without_an_agreement_is_not_opened(walk, monkeypatch):
    from web.federation.post.service import HOOKS

    monkeypatch.setattr(HOOKS, "is_active", lambda reference, partner: False)
    walk.offer()
    with walk.home.act():
        referral = service.get(walk.id)
        assert (referral.state, referral.refused_code) == (S.NOT_OPENED, "agreement_not_active")
        told = next(e for e in timeline.of(subject_id=walk.id) if e.event.verb == "referral.fail_to_open")
        assert told.words.startswith("对方没有收下") and "协议" in told.more, (
            "ours was not taken; nothing of theirs came"
        )
    nothing_left(walk, walk.home)
    with walk.host.act():
        assert db.session.scalars(db.select(Referral)).all() == []


def test_notice_withdrawn_between_commit_and_sealing_withholds_every_value(walk):
    with walk.home.act():
        walk.id = offering.offer(walk.host.uid, [walk.member_id], clerk(walk.home))[0].referral_id
        consents.withdraw(members.get(walk.member_id), walk.host.uid, ["S2"])
        fence.commit()
    walk.work()
    assert walk.states() == (S.ENDED, S.ENDED)
    with walk.host.act():
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == walk.id)).all()
        assert rows == [], "nothing personal ever arrived"
    with walk.home.act():
        types = db.session.scalars(db.select(OutboxMessage.type).order_by(OutboxMessage.seq)).all()
        assert [t for t in types if t.startswith("referral")] == ["referral.offer", "referral.end"]


def test_a_branch_that_looks_after_somebody_does_not_close_before_another_does(walk):
    with walk.host.act():
        above = organisations.get(organisations.get(walk.host.orgs[BRANCH]).parent_id)
        old, new = (
            organisations.found(above, OrgKind.BRANCH, name).id for name in ("演示社区第八支部", "演示社区第九支部")
        )
        fence.commit()
    walk.offer()
    walk.say(walk.host, service.accept)
    walk.report_in()
    walk.say(walk.host, service.take_on, old, run=False)
    for comes in (lambda: None, walk.work):  # home has not answered yet; it has
        comes()
        with walk.host.act():
            with pytest.raises(Invalid) as refused:
                organisations.close(organisations.get(old), "合并")
            assert refused.value.fields == {"org": ["has_guests"]}
    assert walk.states() == (S.TAKEN_ON, S.TAKEN_ON)
    walk.say(walk.host, service.reassign, new)
    with walk.host.act():
        organisations.close(organisations.get(old), "合并")
        fence.commit()
