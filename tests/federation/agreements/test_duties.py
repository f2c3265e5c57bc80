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
from web.federation.admission import Admitted
from web.federation.agreements import duties, meetings, progress, registers, service
from web.federation.agreements.models import AgreementDuty, DutyKind
from web.reports import Period, statements


def _open(side):
    with side.act():
        service.run_timers()
        fence.commit()
        return [(row.kind, row.due_on) for row in duties.open_of()]


def test_months_end_where_the_month_does():
    assert duties._later(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert duties._later(date(2025, 11, 30), 3) == date(2026, 2, 28)
    assert duties._later(date(2025, 1, 15), 24) == date(2027, 1, 15)
    # A meeting every month, told thirty days before: the last one waits to its own last day.
    text = {"effective_from": "2026-01-01", "effective_to": "2028-12-31"}
    for today, due in (
        ("01-28", "01-31"),
        ("01-31", "01-31"),
        ("02-01", "02-28"),
        ("04-30", "04-30"),
        ("05-01", "05-31"),
    ):
        assert f"{duties._newest(text, 1, 30, date.fromisoformat(f'2026-{today}')):%m-%d}" == due


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
                duties.record(agreement, DutyKind.PARTICIPATION, first)
            duties.record(agreement, DutyKind.PARTICIPATION, clock.today(), "已送余杭核对")
            # A meeting is nobody's press alone: it is closed by a record that the other side confirms.
            for kind in (DutyKind.PARTICIPATION, DutyKind.REVIEW, DutyKind.RENEWAL):
                with pytest.raises(NotFound):
                    duties.record(agreement, kind, clock.today())
            fence.commit()
        kinds = set(dict(_open(home)))
        assert DutyKind.PARTICIPATION not in kinds and DutyKind.REVIEW in kinds
        with home.act():
            past = [row for row in duties.past_of(agreed.ref.id) if row.kind is DutyKind.PARTICIPATION]
            assert past[0].note == "已送余杭核对" and past[1].is_missed
            told = db.session.scalars(db.select(Event).where(Event.verb == "agreement.fall_due")).all()
            assert [e.details["kind"] for e in told].count("review") == 1


WORDS = {"place": "余杭街道示例路1号", "present": "岳西组织科科长\r\n余杭组织科科长", "conclusion": "议定秋季共同走访"}


def test_a_meeting_recorded_by_one_and_confirmed_by_the_other_closes_the_duty_of_both(agreed, work):
    home, host, id_ = agreed.home, agreed.host, agreed.ref.id
    starts = clock.today()

    def kinds(side):
        return {kind for kind, _ in _open(side)}

    def held(side, on, next_on=None):
        with side.act():
            made = service.record_meeting(id_, on, "there", WORDS, [("春节走访", "已办")], next_on).id
            fence.commit()
        work()
        return made

    def answer(side, meeting, reason=""):
        with side.act():
            service.answer_meeting(id_, meeting, reason)
            fence.commit()
        work()

    first = duties._later(starts, 6) - timedelta(days=1)
    with clock.at(clock.now() + (first - starts) - timedelta(days=20)):
        today = clock.today()
        assert all(DutyKind.REVIEW in kinds(side) for side in (home, host))
        for on, next_on in (
            (today + timedelta(days=1), None),
            (starts - timedelta(days=1), None),
            (today, today),
        ):
            with home.act(), pytest.raises(Invalid):
                service.record_meeting(id_, on, "there", WORDS, next_on=next_on)
        with home.act(), pytest.raises(Invalid):
            service.record_meeting(id_, today, "there", WORDS | {"place": " "})
        wrong = held(home, today)
        with home.act(), pytest.raises(NotFound):
            service.answer_meeting(id_, wrong)
        answer(host, wrong, "会商在九月，不是今天")
        for side in (home, host):
            assert DutyKind.REVIEW in kinds(side), "what the other does not confirm closes nothing"
            with side.act():
                row = service.meeting(service.get(id_), wrong)
                assert row.answers[str(host.uid)]["reason"] == "会商在九月，不是今天" and not row.stands
        right = held(home, today - timedelta(days=3), next_on=today + timedelta(days=170))
        assert all(DutyKind.REVIEW in kinds(side) for side in (home, host))
        answer(host, right)
        for side in (home, host):
            assert DutyKind.REVIEW not in kinds(side)
            with side.act():
                row = service.meeting(service.get(id_), right)
                assert row.stands and row.by_uid == home.uid and row.next_on == today + timedelta(days=170)
                assert row.said["present"] == "岳西组织科科长\n余杭组织科科长"
                assert row.said["reviewed"] == [["春节走访", "已办"]]
                done = next(row for row in duties.past_of(id_) if row.kind is DutyKind.REVIEW)
                assert done.done_on == today - timedelta(days=3)
        with host.act():
            agreement = service.get(id_, lock=True)
            party = next(p for p in service.parties(agreement) if p.uid == home.uid)
            again = {"w": party.w, "meeting": str(right), "kind": "dispute", "on": today.isoformat()}
            for w in (0, 1):  # an older word, and one about one's own meeting
                meetings.hear(agreement, party, again | {"w": party.w + w}, Admitted({}, {}))
            assert service.meeting(agreement, right).stands
    with clock.at(clock.now() + (duties._later(starts, 12) - starts) - timedelta(days=20)):
        assert DutyKind.REVIEW in kinds(home), "one meeting closes one period"


def test_renewal_and_items_close_by_themselves(agreed, work):
    host, id_ = agreed.host, agreed.ref.id
    with clock.at(clock.now() + timedelta(days=675)):
        kinds = [kind for kind, _ in _open(host)]
        assert kinds.count(DutyKind.RENEWAL) == 1 and DutyKind.ITEM not in kinds
        with host.act():
            text = service.renew(id_, clock.today() + timedelta(days=500)).text
            last = date.fromisoformat(text["effective_to"])
            service.revise(id_, text | {"items": [item | {"due": last.isoformat()} for item in text["items"]]})
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
        with host.act():  # as where another text asks for it sooner: the to-do has that day
            (row,) = [row for row in duties.open_of() if row.kind is DutyKind.ITEM]
            due, row.due_on = row.due_on, row.due_on + timedelta(days=60)
            db.session.flush()
            duties.fall_due()
            assert [row.due_on for row in duties.open_of() if row.kind is DutyKind.ITEM] == [due]
    # Renewed with the same items: what was done in the last term is not done in this one, nor is the list checked.
    with clock.at(clock.now() + timedelta(days=731)):
        assert DutyKind.ITEM not in dict(_open(host))
        work()
    with clock.at(clock.now() + timedelta(days=1175 - 20)):
        kinds = [kind for kind, _ in _open(host)]
        assert kinds.count(DutyKind.ITEM) == 2 and DutyKind.CHECK in kinds
        with host.act():
            report = statements.compose([service.get(id_)], Period.half_of(clock.today())).report
            assert {item.key: item.done.value for item in report.items}[
                "a2"
            ] is None and not report.items_finished.value

        def ahead():
            with host.act():
                return statements.compose([service.get(id_)], Period.half_of(clock.today())).report.steps

        with host.act():
            (goal,) = [i["goal"] for i in service.current(service.get(id_)).text["items"] if i["key"] == "a2"]
        before = ahead()
        say(host, work, "note_progress", id_, "a2", 100, "清单又更新四次")
        assert [kind for kind, _ in _open(host)].count(DutyKind.ITEM) == 1
        assert [goal in step.what for step in before if step not in ahead()] == [True], "done ahead of its day"


def test_what_was_done_before_its_day_is_not_ahead(agreed):
    what = statements.DUTIES[DutyKind.PARTICIPATION]
    with agreed.host.act():
        agreement = service.get(agreed.ref.id)

        def ahead():
            steps = statements.compose([agreement], Period.half_of(clock.today())).report.steps
            return {step.what: step.on for step in steps}

        before = ahead()
        row = AgreementDuty(agreement_id=agreement.id, kind=DutyKind.PARTICIPATION, key="", due_on=before[what])
        row.done_on, row.is_missed, row.note, row.details = clock.today(), False, "", {}
        db.session.add(row)
        db.session.flush()
        after = ahead()
        assert after.pop(what, date.max) > before.pop(what) and after == before, "the one after it, if any"


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
