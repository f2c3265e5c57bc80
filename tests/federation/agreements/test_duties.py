"""What an agreement asks for by the calendar falls due once, closes by itself or by a word; progress reaches the others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests import world
from tests.federation.agreements.steps import say
from web.core import clock, fence
from web.core.errors import Invalid, NotFound
from web.core.events import Event
from web.extensions import db
from web.federation.agreements import duties, progress, registers, service
from web.federation.agreements.models import DutyKind


def _open(side):
    with side.act():
        service.run_timers()
        fence.commit()
        return [(row.kind, row.due_on) for row in duties.open_of()]


def test_months_end_where_the_month_does():
    assert duties._later(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert duties._later(date(2025, 11, 30), 3) == date(2026, 2, 28)
    assert duties._later(date(2025, 1, 15), 24) == date(2027, 1, 15)


def test_what_is_due_is_told_once_recorded_by_a_person_and_the_next_one_takes_its_place(agreed):
    starts, home = clock.today(), agreed.home
    first = duties._later(starts, 6) - timedelta(days=1)
    month = duties._later(starts, 1) - timedelta(days=1)
    assert _open(home) == []
    with clock.at(clock.now() + (month - starts) - timedelta(days=7)):
        assert _open(home) == _open(home) == [(DutyKind.PARTICIPATION, month)]
    with clock.at(clock.now() + (first - starts) - timedelta(days=30)):
        found = dict(_open(home))
        assert found[DutyKind.REVIEW] == first and DutyKind.REGISTER not in found
        assert found[DutyKind.PARTICIPATION] > month  # the month nobody recorded is missed, not piled up
        with home.act():
            agreement = service.get(agreed.ref.id, lock=True)
            with pytest.raises(Invalid):
                duties.record(agreement, DutyKind.REVIEW, first)
            duties.record(agreement, DutyKind.REVIEW, clock.today(), "议定秋季共同走访")
            with pytest.raises(NotFound):
                duties.record(agreement, DutyKind.REVIEW, clock.today())
            with pytest.raises(NotFound):
                duties.record(agreement, DutyKind.RENEWAL, clock.today())
            fence.commit()
        assert DutyKind.REVIEW not in dict(_open(home))
        with home.act():
            past = {row.kind: row for row in duties.past_of(agreed.ref.id)}
            assert past[DutyKind.REVIEW].note == "议定秋季共同走访"
            assert past[DutyKind.PARTICIPATION].is_missed
            told = db.session.scalars(db.select(Event).where(Event.verb == "agreement.fall_due")).all()
            assert [e.details["kind"] for e in told].count("review") == 1


def test_renewal_and_items_close_by_themselves(agreed, work):
    host, id_ = agreed.host, agreed.ref.id
    with clock.at(clock.now() + timedelta(days=675)):
        kinds = [kind for kind, _ in _open(host)]
        assert kinds.count(DutyKind.RENEWAL) == 1 and DutyKind.ITEM not in kinds
        with host.act():
            service.renew(id_, clock.today() + timedelta(days=500))
            service.propose(id_)
            fence.commit()
        work()
        assert DutyKind.RENEWAL in dict(_open(host))
        world.conclude(id_, host, [agreed.home])
        with host.act():
            assert DutyKind.RENEWAL not in {row.kind for row in duties.open_of()}
        assert DutyKind.RENEWAL not in dict(_open(agreed.home))
    with clock.at(clock.now() + timedelta(days=705)):
        assert [kind for kind, _ in _open(host)].count(DutyKind.ITEM) == 2  # ours and the one of all
        say(host, work, "note_progress", id_, "a2", 100, "清单已更新四次")
        assert [kind for kind, _ in _open(host)].count(DutyKind.ITEM) == 1


def test_each_sides_progress_reaches_the_other_and_an_older_word_is_ignored(agreed, work):
    home, host, id_ = agreed.home, agreed.host, agreed.ref.id
    say(home, work, "note_progress", id_, "a1", 45, "春节走访18户")
    say(host, work, "note_progress", id_, "a1", 10)
    say(home, work, "note_progress", id_, "a1", 80, "中秋走访14户")
    for side in (home, host):
        with side.act():
            words = service.progress(service.get(id_))["a1"]
            assert [(row.percent, row.note) for row in words[home.uid]] == [(80, "中秋走访14户"), (45, "春节走访18户")]
            assert [(row.percent, row.note) for row in words[host.uid]] == [(10, "")]
    with host.act():
        agreement = service.get(id_, lock=True)
        party = next(p for p in service.parties(agreement) if p.uid == home.uid)
        progress.hear(agreement, party, {"w": party.w, "item": "a1", "percent": 5, "on": "2025-01-01"}, "")
        progress.hear(agreement, party, {"w": party.w + 1, "item": "zz", "percent": 5, "on": "2025-01-01"}, "")
        assert service.progress(agreement)["a1"][home.uid][0].percent == 80 and registers.own_party(agreement).w == 1
    with home.act(), pytest.raises(NotFound):
        service.note_progress(id_, "zz", 10)
