"""Requests between two counties: the three kinds, every end, what may not be asked or answered, and a fourth kind."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import text

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.cosigning.walk import build_with_guests, load_walk  # noqa: F401 -- fixtures
from web.blueprints.requests.wording import FORMS, KindForm
from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, NotFound, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation import messages, registry, verbs
from web.federation.agreements import service as agreements
from web.federation.agreements import texts
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.referrals import service as referrals
from web.federation.request_kinds import REQUEST_KINDS, Asked, RequestKind
from web.federation.requests import service
from web.federation.wire import kinds
from web.tenants.consents import service as consents
from web.tenants.consents.models import Consent, Method
from web.tenants.flows.service import add_months
from web.tenants.members import service as members


def ask(walk, kind, values=None, *, run=True, **more):
    """The host asks about 王示甲; the request's id."""
    with walk.pair.host.act():
        referral = referrals.get(walk.guests["王示甲"])
        id_ = service.ask(referral, kind, values or {}, **more).id
        fence.commit()
    if run:
        walk.work()
    return id_


def visit(walk, **more):
    return ask(walk, "must_visit", {"trigger": "hardship"}, consent_on=clock.today(), consent_how=Method.PAPER, **more)


def say(walk, side, verb, *args):
    with side.act():
        verb(*args)
        fence.commit()
    walk.work()


def forgetting(id_, since, *sides):
    """(side, its copy, whether the content stands): the day before it ends and the day after, at each, once its timer ran."""
    over = datetime.combine(add_months(since, service.KEPT), time(12), clock.CHINA) + timedelta(days=1)
    for at, is_kept in ((over - timedelta(days=2), True), (over, False)):
        for side in sides:
            with clock.at(at), side.act():
                service.forget_old()
                fence.commit()
            with side.act():
                yield side, service.get(id_), is_kept


def states(walk, id_):
    """(at the asker, at the asked, pending at the asked)."""
    with walk.pair.host.act():
        ours = service.get(id_).state.value
    with walk.pair.home.act():
        theirs = service.get(id_)
        return ours, theirs.state.value, theirs.pending


def test_a_visit_is_asked_done_and_rated(walk, proved, monkeypatch):
    home, host = walk.pair.home, walk.pair.host
    id_ = visit(walk)
    assert states(walk, id_) == ("requested", "requested", "")
    with home.act():
        request = service.get(id_)
        assert request.values() == {"trigger": "hardship"} and service.verbs_now(request) == ["accept", "decline"]
        assert request.member_id is not None and request.due_on > clock.today()
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == id_)).all()
        assert [(row.pointer, row.scope) for row in rows] == [
            ("/must_visit/trigger", "S7")
        ]  # the trigger, and nothing else
    with host.act(), pytest.raises(WrongState):
        service.accept(id_)
    say(walk, home, service.accept, id_)
    assert states(walk, id_) == ("accepted", "accepted", "")
    for days, code in ((1, "in_the_future"), (-2, "before_it_was_asked")):
        with home.act(), pytest.raises(Invalid) as wrong:
            service.done(id_, clock.today() + timedelta(days=days))
        assert wrong.value.fields == {"on": [code]}
    for on in ("2199-12-31", "1949-10-01"):  # a program that does not ask what ours asks
        with home.act(), monkeypatch.context() as patch:
            patch.setitem(service.REQUEST_KIND.checks, "done", lambda request, said: None)
            verbs.say(service.REQUEST_KIND, service.get(id_, lock=True), "done", {"on": on})
            fence.commit()
        walk.work()
        assert states(walk, id_) == ("accepted", "accepted", ""), "kept for ever, or destroyed on the spot"
    say(walk, home, service.done, id_, clock.today())
    assert states(walk, id_) == ("done", "done", "")
    with home.act(), pytest.raises(WrongState):
        service.rate(id_, "helped")
    say(walk, host, service.rate, id_, "helped")
    for side in (home, host):
        with side.act():
            request = service.get(id_)
            assert (request.state, request.rating, request.done_on) == ("rated", "helped", clock.today())
            done_on = request.done_on
    # Three years later its content is gone at both, as the notice to the member says; that it was, is not.
    live = StoredDisclosure.about_id == id_, StoredDisclosure.wrapped.is_not(None)
    for _side, request, is_kept in forgetting(id_, done_on, home, host):
        kept = {"trigger": "hardship"} if is_kept else {}
        assert (request.values(), service.withheld(request), request.state) == (kept, [], "rated")
        assert (world.count(StoredDisclosure, *live) > 0) == is_kept
    proved("requests played to their end", 1)


def test_a_certificate_is_checked_and_its_answer_needs_the_notice(walk):
    home, host = walk.pair.home, walk.pair.host
    # A newer agreement that grants nothing of persons: what is answered about one rests on the other.
    industry = [texts.grant(a.uid, b.uid, scope) for a, b in ((home, host), (host, home)) for scope in ("S0", "S1")]
    newer = world.agree(walk.pair, grants=industry)
    id_ = ask(walk, "certificate")
    with host.act():
        assert agreements.in_force(home.uid)[0][0].id == newer.id != service.get(id_).agreement_id
    say(walk, home, service.accept, id_)
    with home.act(), pytest.raises(Invalid) as wrong:
        service.done(id_, clock.today(), {"outcome": "lost"})
    assert list(wrong.value.fields) == ["outcome"]
    say(walk, home, service.done, id_, clock.today(), {"outcome": "reviewed"})
    with host.act():
        assert service.get(id_).values() == {"outcome": "reviewed"} and service.withheld(service.get(id_)) == []
    # The notice ends between the answer and its sealing: the word goes, the value does not.
    second = ask(walk, "certificate")
    say(walk, home, service.accept, second)
    with home.act():
        service.done(second, clock.today(), {"outcome": "valid"})
        consent = db.session.scalars(
            db.select(Consent).where(Consent.member_id == service.get(second).member_id, Consent.scope == "S6")
        ).one()
        consent.withdrawn_at = clock.now()
        fence.commit()
    walk.work()
    assert states(walk, second)[:2] == ("done", "done")
    with host.act():
        assert service.get(second).values() == {} and service.withheld(service.get(second)) == ["outcome"]


def test_a_consent_withdrawn_at_the_host_ends_at_home_by_a_persons_press(walk):
    home = walk.pair.home
    id_ = ask(walk, "withdrawal", {"what": "all"})
    with home.act():
        member_id = service.get(id_).member_id
        assert consents.stands(member_id, walk.pair.host.uid, "S5")  # hearing it changes nothing
    say(walk, home, service.accept, id_)
    say(walk, home, service.done, id_, clock.today())
    with home.act():
        assert not any(consents.stands(member_id, walk.pair.host.uid, scope) for scope in ("S2", "S5", "S6"))
    with walk.pair.host.act():
        assert referrals.get(walk.guests["王示甲"]).state == "ended" and service.get(id_).state == "done"


@pytest.mark.parametrize(("verb", "reason"), [("decline", "not_ours"), ("fail", "not_found")])
def test_a_members_no_is_refused_for_nothing_but_that_home_does_not_have_him(walk, monkeypatch, verb, reason):
    """It was declined as 目前无法办理, and what he had said no to went on."""
    home = walk.pair.home
    id_ = ask(walk, "withdrawal", {"what": "all"})
    if verb == "fail":
        say(walk, home, service.accept, id_)
    before, refuse = states(walk, id_), getattr(service, verb)
    for other in ("not_able", "other"):
        with home.act(), pytest.raises(Invalid) as wrong:
            refuse(id_, other, "人手不足")
        assert list(wrong.value.fields) == ["reason"]
    with home.act(), monkeypatch.context() as loose:  # a program that does not look
        loose.setitem(REQUEST_KINDS, "withdrawal", replace(REQUEST_KINDS["withdrawal"], refused_for=()))
        refuse(id_, "not_able")
        fence.commit()
    walk.work()
    assert states(walk, id_) == before
    with home.act():
        assert service.get(id_).refused_code == "malformed"
    say(walk, home, refuse, id_, reason)
    assert states(walk, id_) == (f"{verb.removesuffix('e')}ed",) * 2 + ("",)


@pytest.mark.parametrize("end", ["decline", "fail", "withdraw", "lapse", "agreement", "grant", "referral"])
def test_what_comes_to_nothing_is_purged_where_it_was_asked(walk, end):
    home, host = walk.pair.home, walk.pair.host
    id_ = visit(walk)
    if end == "decline":
        with home.act(), pytest.raises(Invalid):
            service.decline(id_, "other")
        say(walk, home, service.decline, id_, "not_able", "人手不足")
    elif end == "fail":
        say(walk, home, service.accept, id_)
        say(walk, home, service.fail, id_, "not_found")
    elif end == "withdraw":
        with host.act(), pytest.raises(Invalid):
            service.withdraw(id_, " ")
        say(walk, host, service.withdraw, id_, "本人已联系上")
    elif end == "grant":
        with host.act():
            under = service.get(id_).agreement_id
            text = copy.deepcopy(agreements.amend(under).text)
            text["grants"] = [g for g in text["grants"] if (g["owner"], g["scope"]) != (str(host.uid), "S7")]
            agreements.revise(under, text)
            agreements.propose(under)
            fence.commit()
        walk.work()
        world.conclude(under, host, [home])
    elif end == "referral":
        other = ask(walk, "certificate")
        with home.act():
            referrals.end(referrals.get(walk.guests["王示甲"], lock=True), "returned")
            fence.commit()
        walk.work()
        assert states(walk, other) == ("requested", "requested", ""), "it carries nothing, and may be answered"
    elif end == "agreement":
        with home.act():
            under = service.get(id_).agreement_id
        with clock.at(clock.now() + timedelta(days=731)):
            for side in (home, host):
                with side.act():
                    agreements.run_timers()
                    if side is home:
                        with pytest.raises(WrongState) as refused:
                            agreements.close(under, host.uid)
                        assert "open_requests" in str(refused.value), "until the asker's word is here"
                    fence.commit()
            walk.work()
    else:
        with clock.at(clock.now() + timedelta(days=31)):
            with host.act():
                registry.verbs.run_timers()
                fence.commit()
            walk.work()
    ended = {
        "decline": "declined",
        "fail": "failed",
        "withdraw": "withdrawn",
        "lapse": "lapsed",
        "agreement": "withdrawn",
        "grant": "withdrawn",
        "referral": "withdrawn",
    }[end]
    assert states(walk, id_) == (ended, ended, "")
    with home.act():
        assert service.get(id_).values() == {} and service.get(id_).wrapped is None
        query = db.select(StoredDisclosure).where(
            StoredDisclosure.about_id == id_, StoredDisclosure.wrapped.is_not(None)
        )
        assert db.session.scalars(query).all() == []
    if end == "withdraw":
        with host.act():
            assert service.get(id_).words == "本人已联系上"
            assert world.count(Event, (Event.subject_id == id_) & (Event.reason == "本人已联系上")) == 0
    if end == "decline":
        with host.act():
            assert (service.get(id_).reason, service.get(id_).words) == ("not_able", "人手不足")
        with home.act():
            told = set(db.session.scalars(db.select(Event.reason).where(Event.subject_id == id_)))
            assert "not_able" in told and "人手不足" not in told, "words go with the record: the log keeps none"
            whole = db.session.scalars(db.select(Event).where(Event.subject_id == id_))
            assert "人手不足" not in str([events.revealed(entry) for entry in whole]), "nor as what was changed"
        # The asker's own copy is kept as long as of what was done, and no longer; so are the words of the answer at both.
        for side, request, is_kept in forgetting(id_, clock.today(), home, host):
            kept = {"trigger": "hardship"} if is_kept and side is host else {}
            assert (request.values(), request.words) == (kept, "人手不足" if is_kept else None)


def test_a_request_does_not_lapse_before_its_due_day(walk):
    """Twenty working days over the days of Spring Festival are more than thirty days of the calendar."""
    home, host = walk.pair.home, walk.pair.host
    with clock.at(datetime(2026, 2, 2, 10, tzinfo=clock.CHINA)), host.act():
        said = {"intent": "仓储"}
        referral = referrals.get(walk.guests["王示甲"])
        id_ = service.ask(referral, "job", said, consent_on=clock.today(), consent_how=Method.PAPER).id
        request = service.get(id_)
        due = request.due_on
        assert due > date(2026, 3, 4) and request.lapses_on == due
        expires = db.session.scalars(db.select(OutboxMessage.expires_at).where(OutboxMessage.about_id == id_)).one()
        assert expires == datetime.combine(due + timedelta(days=1), time(), clock.CHINA)
        fence.commit()
    for days, state in ((0, "requested"), (1, "lapsed")):
        with clock.at(datetime.combine(due + timedelta(days=days), time(12), clock.CHINA)):
            with host.act():
                registry.verbs.run_timers()
                fence.commit()
            with host.act():
                assert service.get(id_).state == state
    with home.act(), pytest.raises(NotFound):
        service.get(id_)


def test_what_cannot_be_asked(walk):
    host, home = walk.pair.host, walk.pair.home
    with host.act():
        referral = referrals.get(walk.guests["王示甲"])
        for kind, values, more, field in (
            ("no_such_kind", {}, {}, "kind"),
            ("must_visit", {}, {"consent_on": clock.today(), "consent_how": Method.PAPER}, "trigger"),
            ("must_visit", {"trigger": "癌症"}, {"consent_on": clock.today(), "consent_how": Method.PAPER}, "trigger"),
            ("must_visit", {"trigger": "rights"}, {}, "consent_on"),
            (
                "must_visit",
                {"trigger": "rights"},
                {"consent_on": clock.today() + timedelta(days=1), "consent_how": Method.PAPER},
                "consent_on",
            ),
        ):
            with pytest.raises(Invalid) as wrong:
                service.ask(referral, kind, values, **more)  # type: ignore[arg-type]
            assert list(wrong.value.fields) == [field]
    with home.act(), pytest.raises(Invalid):  # the home side may not ask itself for a visit
        service.ask(referrals.get(walk.guests["王示甲"]), "must_visit", {"trigger": "rights"})
    for state, became in (("claimed", "not_opened"), ("taken_on", "requested")):
        with home.act():  # as a program of the asker that does not look has it
            set_back = text("UPDATE referral SET state = :state WHERE referral.tenant_id = :tenant AND id = :id")
            named = {"state": state, "tenant": home.tenant_id, "id": walk.guests["王示甲"]}
            db.session.execute(set_back, named)
            fence.commit()
        id_ = visit(walk)
        with host.act():
            assert service.get(id_).state.value == became, "whose a claim is, home has not said"
    with host.act():
        agreements.pause(agreements.in_force(home.uid)[0][0].id, "S7", reason="核对中")
        fence.commit()
    walk.work()
    with pytest.raises(DomainError, match="scope_not_granted"):
        visit(walk)


def test_a_kind_smuggles_nothing_of_another(walk, monkeypatch):
    """A program that skips its checks sends a value of another kind: refused, and nothing of it is kept."""
    monkeypatch.setattr(service, "_pointers", lambda kind, values: {"/must_visit/trigger": "hardship"})
    id_ = ask(walk, "certificate")
    with walk.pair.host.act():
        request = service.get(id_)
        assert (request.state, request.refused_code) == ("not_opened", "scope_violation")
    with walk.pair.home.act(), pytest.raises(NotFound):
        service.get(id_)


@pytest.fixture
def housing(monkeypatch):
    """A fourth kind: a data entry and its form, registered as a room would, and taken out again."""
    entry = RequestKind(
        "housing",
        "返乡住房",
        asker="host",
        due_days=3,
        asks=(Asked("need", kinds.Text(80), "visit_trigger", "S7"), Asked("people", kinds.Integer(1, 20), "people")),
        answers=(Asked("ready_on", kinds.DATE, "ready_on"),),
        needs_consent=True,
    )
    monkeypatch.setitem(REQUEST_KINDS, "housing", entry)
    monkeypatch.setitem(
        FORMS,
        "housing",
        KindForm(
            "housing",
            "请原籍协助安排返乡住处",
            "这个人、需要",
            {"need": "需要", "people": "人数", "ready_on": "可入住"},
        ),
    )
    kept = dict(messages.MESSAGES)
    messages.admit_request(entry)
    yield
    messages.MESSAGES.clear()
    messages.MESSAGES.update(kept)
    messages.scoped_fields.cache_clear()


def test_a_consent_stands_for_one_request_and_takes_it_back(walk, housing, monkeypatch):
    """Asked by the home about its own member: the consent names the request; withdrawn, the request is."""
    home, host = walk.pair.home, walk.pair.host
    monkeypatch.setitem(REQUEST_KINDS, "housing", replace(REQUEST_KINDS["housing"], asker="home"))
    with home.act():
        referral = referrals.get(walk.guests["王示甲"])
        said = {"need": "一间临时住处", "people": 2}
        id_ = service.ask(referral, "housing", said, consent_on=clock.today(), consent_how=Method.PAPER).id
        assert consents.stands(referral.member_id, host.uid, "S7", id_)
        fence.commit()
    walk.work()
    with host.act():
        assert service.get(id_).values() == {"need": "一间临时住处", "people": 2}
    with home.act():
        member = members.get(service.get(id_).member_id, lock=True)
        consents.withdraw(member, host.uid, ["S7"], "本人改了主意", about_id=id_)
        fence.commit()
    walk.work()
    for side in (home, host):
        with side.act():
            assert service.get(id_).state == "withdrawn" and service.get(id_).values() == {}, "asked with, and told"


def test_a_fourth_kind_is_an_entry_and_its_form(walk, housing, fresh):
    """Played through pages and wire of both counties without any other code."""
    here, there = walk.pair.host, walk.pair.home
    host, home = fresh.test_client(), fresh.test_client()
    sign_in(host, here)
    sign_in(home, there)
    start = f"/{here.code}/requests/new?referral={walk.guests['王示甲']}"
    assert "返乡住房" in host.get(start).text
    told = re.search(r"就近帮忙办一件事：([^<]+)", host.get(f"/{here.code}/requests/").text)
    assert told[1].split("、") == [kind.title for kind in REQUEST_KINDS.values()] and "返乡住房" in told[1]
    page = host.get(f"{start}&kind=housing").text
    assert "需要" in page and "人数" in page and "期限 3 个工作日" in page
    given = {"need": "", "people": "0", "consent_on": clock.today().isoformat(), "consent_how": "paper"}
    wrong = host.post(f"{start}&kind=housing", data=given)
    assert wrong.status_code == 422 and "必填" in wrong.text and "超出允许的范围" in wrong.text
    made = host.post(f"{start}&kind=housing", data=given | {"need": "一间临时住处", "people": "3"})
    assert made.status_code == 303
    walk.work()
    id_ = made.location.rsplit("/", 1)[1]
    theirs = f"/{there.code}/requests/{id_}"
    page = home.get(theirs).text
    assert "一间临时住处" in page and "返乡住房" in page and "轮到我方" in page
    assert home.post(f"{theirs}/accept").status_code == 303
    walk.work()
    assert "可入住" in home.get(f"{theirs}/done").text
    assert home.post(f"{theirs}/done", data={"on": clock.today().isoformat(), "ready_on": ""}).status_code == 422
    ready = (clock.today() + timedelta(days=2)).isoformat()
    assert home.post(f"{theirs}/done", data={"on": clock.today().isoformat(), "ready_on": ready}).status_code == 303
    walk.work()
    page = host.get(f"/{here.code}/requests/{id_}").text
    assert "余杭区请岳西县办理" in page and ready in page and "已办结" in page
