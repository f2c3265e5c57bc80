"""How values are written, with the clock pinned to Monday 2026-11-23, 09:41 in China."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from web.blueprints import filters
from web.blueprints.english import catalogue
from web.core import clock, dates
from web.core.workdays import Calendar
from web.reports.periods import Period

NOW = datetime(2026, 11, 23, 1, 41, tzinfo=UTC)


@pytest.fixture(autouse=True)
def pinned():
    with clock.at(NOW):
        yield


def test_days_and_moments_are_those_of_china():
    assert filters.day(date(2026, 3, 1)) == "03-01"
    assert filters.day(date(2024, 3, 1)) == "2024-03-01"
    assert filters.day(datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) == "11-23"
    assert filters.moment(datetime(2025, 12, 31, 18, 5, tzinfo=UTC)) == "01-01 02:05"
    assert filters.moment(datetime(2025, 6, 1, tzinfo=UTC)) == "2025-06-01 08:00"
    assert filters.weekday(date(2026, 12, 12)) == "周六"
    assert filters.day(None) == filters.moment(None) == filters.since(None) == ""


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "刚刚"),
        (timedelta(minutes=1), "1 分钟前"),
        (timedelta(minutes=59), "59 分钟前"),
        (timedelta(hours=1), "今日 08:41"),
        (timedelta(hours=10), "昨日 23:41"),
        (timedelta(days=2), "11-21 09:41"),
        (timedelta(minutes=-5), "今日 09:46"),
        (timedelta(days=-1), "11-24 09:41"),
    ],
)
def test_since(ago, words):
    assert filters.since(NOW - ago) == words


@pytest.mark.parametrize(
    ("written", "english"),
    [
        (lambda: filters.day(date(2026, 3, 1)), "1 Mar"),
        (lambda: filters.day(date(2024, 3, 1)), "1 Mar 2024"),
        (lambda: filters.day(datetime(2026, 11, 22, 17, 0, tzinfo=UTC)), "23 Nov"),
        (lambda: filters.moment(datetime(2025, 12, 31, 18, 5, tzinfo=UTC)), "1 Jan 02:05"),
        (lambda: filters.moment(datetime(2025, 6, 1, tzinfo=UTC)), "1 Jun 2025 08:00"),
        (lambda: filters.since(NOW), "Just now"),
        (lambda: filters.since(NOW - timedelta(minutes=1)), "1 minute ago"),
        (lambda: filters.since(NOW - timedelta(minutes=59)), "59 minutes ago"),
        (lambda: filters.since(NOW - timedelta(hours=1)), "Today 08:41"),
        (lambda: filters.since(NOW - timedelta(hours=10)), "Yesterday 23:41"),
        (lambda: filters.since(NOW - timedelta(days=2)), "21 Nov 09:41"),
        (lambda: filters.month_day(date(2026, 11, 5)), "5 Nov"),
        (lambda: dates.dated(date(2026, 3, 4)), "4 Mar 2026"),
        (lambda: date(2026, 3, 4), "4 Mar 2026"),  # a day put out as it is
        (lambda: "2026-03-04", "4 Mar 2026"),  # out of a text that both counties sealed
        (lambda: Period.named("2026-1").label, "First half of 2026"),
        (lambda: Period.named("2026").label, "2026"),
        (lambda: Period.named("2026-03-01_2026-03-31").label, "March 2026"),
        (lambda: Period.named("2026-03-01_2026-05-31").label, "March to May 2026"),
        (lambda: Period.named("2025-11-01_2026-02-28").label, "November 2025 to February 2026"),
        (lambda: Period.named("2026-03-04_2026-05-09").label, "4 Mar 2026 to 9 May 2026"),
    ],
)
def test_days_and_periods_in_english(written, english):
    """One form, with the month by its name; and what was stored in Chinese with its year reads the same."""
    value = written()
    assert catalogue.put(value) == english
    if "至" in str(value) or (str(value).startswith("20") and ":" not in str(value)):
        assert catalogue.recalled(str(value)) == english


@pytest.mark.parametrize("text", ["", "至", "2026-13-40", "13月", "三月", "2026-03-04至", "330110"])
def test_what_is_no_day_stays(text):
    assert dates.recalled(text) == ""


def test_working_days_left():
    assert filters.workdays_left(None) is None
    assert filters.workdays_left(date(2026, 11, 23)) == 0
    assert filters.workdays_left(date(2026, 12, 11)) == 14
    assert filters.workdays_left(date(2026, 12, 12)) == 14  # a Saturday adds none
    assert filters.workdays_left(date(2026, 11, 20)) == -1
    assert filters.workdays_left(date(2026, 11, 22)) == -1  # late since Sunday is late, not "today"
    closed = Calendar({date(2026, 11, 24): False})
    assert filters.workdays_left(date(2026, 11, 25), closed) == 1


def test_the_strip_has_a_cell_a_working_day_and_a_gap_a_weekend():
    cells = filters.day_strip(date(2026, 11, 19), date(2026, 12, 1))
    assert cells == ["past", "past", "gap", "today", "todo", "todo", "todo", "todo", "gap", "todo", "todo"]


def test_figures_about_few_people_are_not_told():
    assert [filters.small(value) for value in (None, 0, 1, 4, 5, 1024)] == ["<5", "0", "<5", "<5", "5", "1,024"]
    assert [filters.heat_level(value, 53) for value in (None, 0, 53)] == [1, 1, 5]
    assert filters.n(None) == ""


def test_masks_and_changes_escape_what_they_are_given():
    assert filters.masked("154****0123") == "154<i>****</i>0123"
    assert filters.masked("<b>**") == "&lt;b&gt;<i>**</i>"
    assert filters.changes("每年一期", "每年两期") == "每年<del>一</del><ins>两</ins>期"
    assert filters.changes("", "<b>新") == "<ins>&lt;b&gt;新</ins>"
    assert filters.changes("甲", "甲") == "甲"
    assert filters.changes("旧的", "") == "<del>旧的</del>"
    # one letter that happens to be the same in the middle is not an island
    assert filters.changes("前甲乙丙后", "前丁乙戊后") == "前<del>甲乙丙</del><ins>丁乙戊</ins>后"


def test_here_changes_one_thing_of_the_address_and_keeps_the_rest():
    app = Flask(__name__)
    with app.test_request_context("/330110/members?state=a&state=b&sort=name&after=x"):
        assert filters.here(after=None) == "/330110/members?state=a&state=b&sort=name"
        assert filters.here(sort="-name", after=None) == "/330110/members?state=a&state=b&sort=-name"
        assert filters.here(state=["c", "d&e"], sort=None, after=None) == "/330110/members?state=c&state=d%26e"
    with app.test_request_context("/330110/members?q=%E5%BC%A0"):
        assert filters.here(q=None) == "/330110/members"
        assert filters.here() == "/330110/members?q=%E5%BC%A0"


def test_only_known_looks_become_classes():
    assert filters.look_classes("large.dark") == "dark large"
    assert filters.look_classes('dark" onload="x.huge') == ""
