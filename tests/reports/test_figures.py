"""The report's numbers against SQL of another hand, over a world the services made; both counties; totals; paper and data."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from statistics import median

import pytest
from pypdf import PdfReader

from tests.conftest import _database_of, owner
from tests.federation.referrals.test_claims import claim
from tests.federation.referrals.walk import clerk
from tests.reports.reading import Paper
from tests.reports.test_agreement_report import NO_COUNT, sieve
from tests.reports.world import build_with_half_year, load_lived
from web import jobs
from web.core import clock, events, fence
from web.core.errors import NotFound
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.handovers import lists as handover_lists
from web.federation.handovers import service as handovers
from web.federation.readings import service as readings
from web.federation.referrals import claims
from web.federation.referrals import lists as referral_lists
from web.federation.referrals import service as referrals
from web.federation.referrals.models import ReferralState
from web.reports import METRICS, Rendered, figures, statements
from web.reports.figures import ALL, Span, Way
from web.reports.metrics import by_code
from web.reports.periods import Period
from web.reports.rendering import render, to_html
from web.tenants.consents.models import Method

__all__ = ["build_with_half_year", "load_lived"]


def asked(fresh, side, text, **given):
    """A county's rows by raw SQL as the owner, whom no fence narrows."""
    with owner(_database_of(fresh)) as connection:
        return connection.execute(text, {"t": side.tenant_id} | given).fetchall()


def composed(lived, side, days=20):
    with lived.later(days), side.act():
        return statements.compose([agreements.get(lived.agreement_id)], lived.period)


def test_members_and_flows_as_the_rows_say(fresh, lived):
    walk = lived.walk
    statement = composed(lived, walk.home)
    assert [d.label for d in statement.report.directions] == ["岳西县→余杭区", "余杭区→岳西县"]
    out = by_code(statement.report.directions[0].figures)
    rows = asked(
        fresh, walk.home,
        "select state, reported_on, assigned_on, (created_at at time zone 'Asia/Shanghai')::date from referral where tenant_id = %(t)s",
    )  # fmt: skip
    standing = [r for r in rows if r[0] in ("offered", "accepted", "reported_in", "taken_on")]
    assert len(rows) == 8 and len(standing) == 6  # one declined, one withdrew
    assert out["members.shared"].value == len(standing)
    assert out["members.reported_in"].value == sum(r[1] is not None for r in standing) == 5
    assert out["members.taken_on"].value == sum(r[2] is not None for r in standing) == 4
    assert out["members.not_reported"].value == 1
    days = sorted((r[2] - r[3]).days for r in standing if r[2] is not None)
    assert out["members.days_to_take_on"].value == 10 == median(days)
    flows = asked(
        fresh, walk.home,
        "select count(*) from flow where tenant_id = %(t)s and host_code = '330110' and state in ('registered', 'unreachable', 'lost_contact')",
    )[0][0]  # fmt: skip
    assert out["flows.to_partner"].value == flows > 8
    back = by_code(statement.report.directions[1].figures)
    assert {f.value for code, f in back.items() if not METRICS[code].over and code != "flows.to_partner"} == {0}
    assert back["flows.to_partner"].value is None, "theirs to count"
    assert statement.report.totals["flows.to_partner"].text == "—"


def test_transfers_as_the_rows_say(fresh, lived):
    out = by_code(composed(lived, lived.walk.home).report.directions[0].figures)
    rows = asked(fresh, lived.walk.home, "select state, count(*) from handover where tenant_id = %(t)s group by 1")
    assert dict(rows) == {"closed": 1, "refused": 1, "cancelled": 1}
    given = {code.removeprefix("transfers."): f.value for code, f in out.items() if code.startswith("transfers.")}
    assert given == {"opened": 3, "closed": 1, "refused": 1, "recalled": 1, "expired": 0, "days": 2}


def test_both_counties_count_the_same_direction_alike(lived):
    home, host = (composed(lived, side).report for side in (lived.walk.home, lived.walk.host))
    assert [d.label for d in host.directions] == ["余杭区→岳西县", "岳西县→余杭区"]
    theirs, ours = by_code(host.directions[1].figures), by_code(home.directions[0].figures)
    differ = {code for code in ours if ours[code].value != theirs[code].value}
    assert differ == {"flows.to_partner"} and theirs["flows.to_partner"].value is None
    assert [m.figures for m in home.months] == [m.figures for m in host.months]


def test_scopes_as_the_rows_say(fresh, lived):
    home = {use.scope[:2]: by_code(use.figures) for use in composed(lived, lived.walk.home).report.scopes}
    host = {use.scope[:2]: by_code(use.figures) for use in composed(lived, lived.walk.host).report.scopes}
    assert list(home) == ["S2", "S3", "S4", "S5", "S6"]
    shares = asked(
        fresh, lived.walk.home,
        "select scope, count(*), count(*) filter (where state = 'purged') from status_share where tenant_id = %(t)s and role = 'owner' group by 1",
    )  # fmt: skip
    for scope, count, purged in shares:
        assert (home[scope]["shares.provided"].value, home[scope]["purges.proved"].value) == (count, purged)
    assert home["S2"]["shares.provided"].value == 8 and home["S4"]["shares.provided"].value == 3
    assert home["S2"]["purges.proved"].value == 2, "the declined one and the withdrawn one"
    assert home["S4"]["purges.proved"].value == 2, "the refused one and the cancelled one"
    assert home["S5"]["purges.proved"].value is None
    for scope in ("S2", "S4", "S5", "S6"):
        recorded, withdrawn = asked(
            fresh, lived.walk.home,
            "select count(distinct member_id), count(distinct member_id) filter (where withdrawn_at is not null) from consent where tenant_id = %(t)s and scope = %(s)s",
            s=scope,
        )[0]  # fmt: skip
        assert home[scope]["notices.recorded"].value == recorded > 0
        assert home[scope]["notices.withdrawn"].value == withdrawn
    assert home["S2"]["notices.withdrawn"].value == 1
    assert host["S2"]["shares.provided"].value == 0, "the host gave no packet"
    assert host["S6"]["shares.provided"].value == 5, "the branch that took each on"
    _asked_in_vain(lived)
    after = {use.scope[:2]: by_code(use.figures) for use in composed(lived, lived.walk.home, 55).report.scopes}
    for scope in ("S2", "S4"):
        for code in ("shares.provided", "purges.proved"):
            assert after[scope][code].value == home[scope][code].value, (
                scope,
                code,
                "the partner's questions gave nothing",
            )


def _asked_in_vain(lived):
    """Home disowns one the host claims, answers nothing about another, and refuses a handover the host asks for."""
    with lived.later(17), lived.walk.host.act():
        asked = handovers.ask(
            lived.walk.home.uid, name="无此乙", birth_on=date(1990, 1, 28), to_org="余杭区演示街道党工委",
            method=Method.PAPER, applied_on=clock.today(),
        ).id  # fmt: skip
        fence.commit()
    with lived.later(17):
        lived.walk.work()
        with lived.walk.home.act():
            handovers.refuse(handovers.get(asked, lock=True), "not_here")
            fence.commit()
        lived.walk.work()
    for days in (17, 18):
        with lived.later(days):
            claim(lived.walk, name="无此甲")
            if days == 17:
                lived.walk.say(lived.walk.home, claims.disown)
    with lived.later(52):
        jobs.timers(lived.walk.home.tenant_id)
        lived.walk.work()
    assert lived.walk.states() == (ReferralState.LAPSED, ReferralState.LAPSED)


def test_who_looked_at_what_is_the_partners(lived):
    host = lived.walk.host
    before = composed(lived, host).report.reads.value
    assert before == 0
    with lived.later(18), host.act():
        clerk_of_host = clerk(host)
        rows = referral_lists.guests(clerk_of_host).rows
        assert len(rows) == 6
        referral_lists.note_reading(rows, "guests")
        db.session.flush()
        referral_lists.note_reading(rows[:1], "one")
        db.session.flush()
        handover_lists.note_reading(handover_lists.page(handover_lists.Tab.IN, clerk_of_host).rows)
        events.record(
            "shared.view",
            referrals.get(rows[0].referral.id),
            details={"list": "guests"},
            peer=str(lived.walk.member_id),
        )
        fence.commit()
    with lived.later(18), host.act(), events.by(clerk_of_host):
        for kind in ("handover", "request"):  # pages that named no list
            readings.opened(kind, uuid7(), lived.walk.home.uid)
        fence.commit()
    seen = {use.scope[:2]: by_code(use.figures)["shares.reads"].value for use in composed(lived, host).report.scopes}
    assert seen == {"S2": 2, "S3": 0, "S4": 1, "S5": None, "S6": 0}, (
        "purged ones show nothing; another county's do not count; a co-signed record is both counties' own"
    )
    home = composed(lived, lived.walk.home).report
    assert home.reads.value == 0, "one's own member is nobody's shared record"


def test_as_of_a_day_in_between(lived):
    walk, start = lived.walk, lived.begun.astimezone(clock.CHINA).date()

    def upto(days, side):
        with lived.later(20), side.act():
            return figures.members(Span(start, start + timedelta(days=days), (lived.agreement_id,)))

    for side, role in ((walk.home, "home"), (walk.host, "host")):
        other = walk.host if side is walk.home else walk.home
        way = Way(role, other.uid)
        assert upto(0, side)[way]["members.shared"] == 8
        assert upto(0, side)[way]["members.reported_in"] == 0
        assert upto(1, side)[way]["members.shared"] == 7
        assert upto(5, side)[way]["members.reported_in"] == 6
        assert upto(11, side)[way]["members.taken_on"] == 5
        assert upto(11, side)[ALL] == upto(11, side)[way]
        assert upto(12, side)[way]["members.taken_on"] == 4
    with walk.home.act():
        assert (
            figures.members(Span(start, start - timedelta(days=1), (lived.agreement_id,)))[ALL]["members.shared"] == 0
        )
        assert figures.flows({"330110": walk.host.uid}, start - timedelta(days=1)) == {
            Way("home", walk.host.uid): {"flows.to_partner": 0}
        }


def test_what_was_under_no_agreement_or_another_one_is_not_counted(lived):
    with lived.later(20), lived.walk.home.act():
        other = Span(date(2020, 1, 1), date(2099, 1, 1), (lived.walk.member_id,))
        assert figures.members(other) == {} or figures.members(other)[ALL]["members.shared"] == 0
        assert figures.provided(other).get("S2", 0) == 0
        assert figures.purged(other).get("S2", 0) == figures.purged(other).get("S6", 0) == 0


def test_items_months_and_sums(lived):
    report = composed(lived, lived.walk.home).report
    assert [(i.category, i.lead, i.planned.words, i.done.words, i.remark) for i in report.items] == [
        ("困难帮扶", "乙方", "100%", "45%", "端午节前补访"),
        ("产业发展", "甲方", "100%", "—", ""),
        ("人才培育", "各方", "100%", "—", ""),
    ]
    new = {code: sum(by_code(m.figures)[code].value for m in report.months) for code in ("members.new_reported_in", "members.new_taken_on")}  # fmt: skip
    assert new == {"members.new_reported_in": 6, "members.new_taken_on": 5}, "those that ended later were new once"
    by_month = next(table for table in report.sections[0].tables if table.heads)
    assert all(any(not cell.is_shown for cell in row.figures) for row in by_month.rows), "their sum would tell of few"
    out, total = report.directions[0].shown, report.totals
    assert out["members.reported_in"].text == "—" and out["members.not_reported"].text == "＜5"
    assert total["members.shared"].value == out["members.shared"].value == 6
    assert total["members.taken_on"].text == "—" and out["members.taken_on"].text == "＜5"
    assert total["members.days_to_take_on"].text == "—", "a median of four would tell of single persons"


def test_periods_begin_with_the_agreement(lived):
    with lived.later(0), lived.walk.home.act():
        agreement = agreements.get(lived.agreement_id)
        first = statements.periods([agreement])
        year = Period.year(lived.period.starts_on.year)
        assert first == [lived.period, year], "the half-years, newest first, then the years"
        with lived.later(400):
            later = statements.periods([agreement])
            halves, years = [p for p in later if p.is_half], [p for p in later if p.is_year]
            assert later == halves + years and halves == sorted(halves, reverse=True) and years[-1] == year
            assert len(halves) == 3 and halves[-1] == first[0]
            begun = lived.period.starts_on
            spring = Period(begun, begun.replace(month=begun.month + 2, day=28))
            for period in (halves[0], years[0], Period(lived.period.ends_on, halves[0].starts_on)):
                report = statements.compose([agreement], period).report
                assert report.previous and report.previous.period == period.before
            assert statements.compose([agreement], halves[-1]).report.previous is None
            short, whole = (statements.compose([agreement], p).report for p in (spring, halves[-1]))
            assert short.totals["members.shared"] == replace(whole.totals["members.shared"], period=spring)
            assert short.kind == "报告" and spring.label in short.title
        for wrong in (first[0].before, Period.half(2090, 1)):
            with pytest.raises(NotFound):
                statements.compose([agreement], wrong)


def test_the_paper_and_its_data_carry_the_same_figures(lived, work, tmp_path):
    report = composed(lived, lived.walk.home).report
    found = sieve(to_html(report))
    assert {metric for metric, _ in found.figures} <= set(METRICS)
    assert re.findall(r"\d", NO_COUNT.sub("", found.rest)) == []
    made = render(report)
    assert isinstance(made, Rendered)
    (tmp_path / "r.pdf").write_bytes(made.pdf)
    text = Paper(report, made, tmp_path / "r.pdf").text
    for of, figure in report.printed:
        assert figure.text in text, (of, figure)
    data = report.as_data()
    assert len(data["figures"]) == len(report.printed) > 40
    masked = [f for f in data["figures"] if f["text"] == "＜5"]
    assert masked and not any(f["text"] in "1234" for f in data["figures"] if METRICS[f["metric"]].is_persons)


def test_the_job_keeps_the_paper_with_its_data(lived, work):
    from web.core.queue import Job
    from web.tenants.documents import service as documents
    from web.tenants.tasks import service as tasks

    side = lived.walk.home
    with lived.later(20), side.act():
        period = lived.period.name
        details = {"paper": "agreement_report", "period": period}
        task = tasks.start(Job.RENDER, "半年报告", subject_id=lived.agreement_id, details=details).id
        bad = tasks.start(
            Job.RENDER, "半年报告", subject_id=lived.agreement_id, details=details | {"period": "2020-1"}
        ).id
        fence.commit()
    with lived.later(20):
        work()
    with lived.later(20), side.act():
        assert (tasks.get(bad).state, tasks.get(bad).error) == ("failed", "not_found")
        row = documents.get(tasks.get(task).result_id)
        assert row.kind == "agreement_report" and row.subject_id == lived.agreement_id
        assert re.fullmatch(r"半年报告_330110-\d{4}-001_\d{4}年[上下]半年\.pdf", row.filename)
        pdf = PdfReader(BytesIO(row.content))
        data = json.loads(pdf.attachments["figures.json"][0])
        agreement = agreements.get(lived.agreement_id)
        now = statements.compose([agreement], Period.named(period)).report.as_data()
        assert data == now
