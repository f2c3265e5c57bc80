"""Notice, winding down, closing by both, pauses, lapses, next versions, first and last days."""

from __future__ import annotations

import copy
from datetime import datetime, time, timedelta

import pytest

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.agreements.steps import say, state_of
from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, WrongState
from web.extensions import db
from web.federation.agreements import duties, registers, service, standing
from web.federation.agreements.models import AgreementDuty, AgreementState, DutyKind, VersionState
from web.reports import Period, figures
from web.tenants.accounts.models import Account


def told_when_overdue(agreed, fresh):
    """A pair is to be closed within thirty days: a to-do with that day, and once it is over a notice at both, once."""
    due = clock.today() + timedelta(days=30)
    for later, told in ((30, 0), (31, 1), (40, 0)):
        with clock.at(clock.now() + timedelta(days=later)):
            for side in (agreed.home, agreed.host):
                with side.act():
                    assert registers.tell_overdue() == told, later
                    fence.commit()
    with clock.at(clock.now() + timedelta(days=31)):
        for side, words in ((agreed.home, "我方已确认办结，等"), (agreed.host, "办清未了事项后确认办结")):
            with side.act():
                for account in db.session.scalars(db.select(Account)):
                    account.password_set_at = clock.now()
                fence.commit()
            client = fresh.test_client()
            assert sign_in(client, side).status_code == 303
            page = client.get(f"/{side.code}/agreements/{agreed.ref.id}").text
            assert words in page and f"已超期限，{due} 前应当办结" in page and f"{due} 前双方办结" in page
            assert "应当双方办结" in client.get(f"/{side.code}/notices").text
            home = client.get(f"/{side.code}/").text
            assert ("办清未了事项后确认办结" in home) == (side is agreed.host) == ("今日及已超" in home)


def test_leaving_notice_winding_down_and_closed_by_both(agreed, work, monkeypatch, fresh):
    ended: list[registers.PairEnded] = []
    monkeypatch.setitem(events._listeners, registers.PairEnded, [ended.append])
    day = clock.today()
    with agreed.home.act():
        with pytest.raises(Invalid) as refused:
            service.leave(agreed.ref.id, day + timedelta(days=59))
        assert refused.value.fields == {"on": ["before_notice"]}
        # The notice that lets the pair be due on a Friday: the day after is over, though no working day has passed.
        notice = timedelta(days=60 + (4 - (day + timedelta(days=90)).weekday()) % 7)
        service.leave(agreed.ref.id, day + notice, "任务完成")
        fence.commit()
    work()
    for side in (agreed.home, agreed.host):
        with side.act():
            assert service.in_force(agreed.host.uid if side is agreed.home else agreed.home.uid)
            with pytest.raises(WrongState):
                service.close(agreed.ref.id, agreed.host.uid if side is agreed.home else agreed.home.uid)
    with clock.at(clock.now() + notice):
        for side in (agreed.home, agreed.host):
            with side.act():
                with pytest.raises(DomainError) as none:
                    service.covering(
                        agreed.host.uid if side is agreed.home else agreed.home.uid,
                        "S1", owner_uid=agreed.home.uid, receiver_uid=agreed.host.uid,
                    )  # fmt: skip
                assert none.value.code == "agreement_not_active"
                assert service.run_timers() == 1
                fence.commit()
        assert {state_of(side, agreed.ref.id)[0] for side in (agreed.home, agreed.host)} == {
            AgreementState.WINDING_DOWN
        }
        assert [one.partner_uid for one in ended] == [agreed.host.uid, agreed.home.uid]
        with agreed.home.act():
            # What the last day of force found undone was missed; what was due after it is asked of nobody.
            for kind, days in ((DutyKind.REGISTER, -1), (DutyKind.CHECK, 0)):
                due = clock.today() + timedelta(days=days)
                db.session.add(AgreementDuty(agreement_id=agreed.ref.id, kind=kind, due_on=due, is_missed=False))
            db.session.flush()
            duties.fall_due()
            past = {row.kind: row.is_missed for row in duties.past_of(agreed.ref.id)}
            assert past[DutyKind.REGISTER] and DutyKind.CHECK not in past
            assert not duties.open_of(agreed.ref.id)
            span = figures.Span.of([agreed.ref.id], Period(day, clock.today()))
            missed = figures.missed(span)
            for kind in (DutyKind.RENEWAL, DutyKind.ITEM):  # nobody need renew; items are counted as items
                due = clock.today() - timedelta(days=1)
                db.session.add(AgreementDuty(agreement_id=agreed.ref.id, kind=kind, due_on=due, is_missed=True))
            db.session.flush()
            assert figures.missed(span) == missed > 0
        say(agreed.home, work, "close", agreed.ref.id, agreed.host.uid)
        assert state_of(agreed.home, agreed.ref.id)[0] is AgreementState.WINDING_DOWN
        told_when_overdue(agreed, fresh)
        say(agreed.host, work, "close", agreed.ref.id, agreed.home.uid)
    assert {state_of(side, agreed.ref.id)[0] for side in (agreed.home, agreed.host)} == {AgreementState.CLOSED}


def test_what_is_still_open_hinders_closing(agreed, work, monkeypatch):
    monkeypatch.setattr(registers, "AT_REST", [lambda agreement_id, partner: ["shares_open"]])
    say(agreed.home, work, "leave", agreed.ref.id, clock.today() + timedelta(days=60))
    with clock.at(clock.now() + timedelta(days=60)), agreed.home.act():
        service.run_timers()
        with pytest.raises(WrongState) as refused:
            service.close(agreed.ref.id, agreed.host.uid)
        assert (refused.value.code, refused.value.params["what"]) == ("still_open", ["shares_open"])


def test_a_pause_stops_one_scope_at_both_sides_at_once_and_an_older_word_is_ignored(agreed, work):
    say(agreed.host, work, "pause", agreed.ref.id, "S6")
    for side in (agreed.home, agreed.host):
        partner = agreed.host.uid if side is agreed.home else agreed.home.uid
        with side.act():
            with pytest.raises(DomainError):
                service.covering(partner, "S6", owner_uid=agreed.home.uid, receiver_uid=agreed.host.uid)
            assert service.covering(partner, "S2", owner_uid=agreed.home.uid, receiver_uid=agreed.host.uid)
    with agreed.home.act():
        agreement = service.get(agreed.ref.id, lock=True)
        party = next(p for p in standing.parties(agreement) if p.uid == agreed.host.uid)
        registers.hear_stop(agreement, party, {"w": 1, "kind": "resume", "scope": "S6"}, "")
        assert party.paused == ["S6"]
        registers.hear_stop(agreement, party, {"w": 2, "kind": "resume", "scope": "S6"}, "")
        assert party.paused == []


def test_the_text_ends_on_its_last_day(agreed):
    with clock.at(clock.now() + timedelta(days=730)), agreed.home.act():
        assert service.in_force(agreed.host.uid)
    with clock.at(clock.now() + timedelta(days=731)), agreed.home.act():
        assert service.in_force(agreed.host.uid) == []


def test_a_second_version_takes_the_place_of_the_first(agreed, work):
    with agreed.home.act(), pytest.raises(WrongState):
        service.amend(agreed.ref.id)
    with agreed.host.act():
        version = service.amend(agreed.ref.id)
        text = copy.deepcopy(version.text)
        text["grants"] = [g for g in text["grants"] if g["scope"] != "S3"]
        service.revise(agreed.ref.id, text)
        service.propose(agreed.ref.id)
        with pytest.raises(WrongState):
            service.amend(agreed.ref.id)
        fence.commit()
    work()
    ref = world.conclude(agreed.ref.id, agreed.host, [agreed.home])
    assert ref.version == 2
    with agreed.home.act():
        agreement = service.get(agreed.ref.id)
        assert [v.state for v in service.versions(agreement)] == [VersionState.EFFECTIVE, VersionState.SUPERSEDED]
        assert not service.is_active(agreed.ref, agreed.host.uid)
        assert service.is_active(ref, agreed.host.uid)
        assert service.holds(agreed.ref, agreed.home.uid, agreed.host.uid, "S3", "phone")
        assert not service.holds(ref, agreed.home.uid, agreed.host.uid, "S3", "phone")
        assert {g.scope for g in service.grants(agreement) if g.owner_uid == agreed.home.uid} == {
            "S0",
            "S1",
            "S2",
            "S4",
            "S5",
            "S6",
            "S7",
        }


def test_a_version_lapses_after_thirty_days_on_the_table(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    with clock.at(clock.now() + timedelta(days=30)):
        with pair.home.act():
            assert service.run_timers() == 0
        with pair.host.act():
            assert service.run_timers() == 1
            fence.commit()
        work()
    assert {state_of(side, id_)[1] for side in (pair.home, pair.host)} == {VersionState.LAPSED}


def test_it_takes_effect_on_its_first_day_in_china(pair, work):
    starts = clock.today() + timedelta(days=10)
    later = world.propose(pair.host, [pair.home], effective_from=(starts + timedelta(days=1)).isoformat())
    id_ = world.propose(pair.host, [pair.home], effective_from=starts.isoformat())
    world.conclude(later, pair.host, [pair.home])
    world.conclude(id_, pair.host, [pair.home])
    assert state_of(pair.home, id_)[:2] == (AgreementState.PENDING, VersionState.SEALED)
    midnight = datetime.combine(starts, time(0), clock.CHINA)
    for moment, moved in ((midnight - timedelta(minutes=1), 0), (midnight, 1)):
        with clock.at(moment), pair.host.act():
            assert service.run_timers(limit=1) == moved, "one that is not due takes nobody's turn"
            fence.commit()
    work()
    assert state_of(pair.home, id_) == state_of(pair.host, id_)
    assert state_of(pair.home, id_)[0] is AgreementState.ACTIVE
