"""Capital numerals, punctuation, unbroken numbers: fixed answers."""

from __future__ import annotations

import datetime as dt

import pytest
from markupsafe import Markup

from web.reports import Period, numerals, typesetting
from web.reports.periods import offered


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "零"), (5, "伍"), (10, "壹拾"), (11, "壹拾壹"), (30, "叁拾"), (90, "玖拾"), (100, "壹佰"), (105, "壹佰零伍"), (110, "壹佰壹拾"), (1005, "壹仟零伍"), (1050, "壹仟零伍拾"), (2026, "贰仟零贰拾陆"), (9999, "玖仟玖佰玖拾玖")],
)  # fmt: skip
def test_counts(number: int, words: str) -> None:
    assert numerals.capital(number) == words


def test_dates_and_numbers_of_letters() -> None:
    assert numerals.month(dt.date(2026, 8, 1)) == "贰零贰陆年零捌月"
    assert numerals.month(dt.date(2026, 10, 1)) == "贰零贰陆年壹拾月"
    assert numerals.month(dt.date(2026, 11, 1)) == "贰零贰陆年壹拾壹月"
    assert numerals.day(dt.date(2026, 5, 8)) == "贰零贰陆年零伍月零捌日"
    assert numerals.day(dt.date(2026, 12, 31)) == "贰零贰陆年壹拾贰月叁拾壹日"
    assert numerals.days(30) == "叁拾天"
    assert numerals.days(90) == "玖拾天"
    assert numerals.digits("20260057") == "贰零贰陆零零伍柒"
    for number in (-1, 10_000):
        with pytest.raises(ValueError, match="0 to 9999"):
            numerals.capital(number)


def test_the_first_closing_and_the_second_opening_mark_lose_half_their_width() -> None:
    half = '<span class="h">{}</span>'.format
    assert typesetting.squeeze("《章程》《条例》，") == f"《章程{half('》')}《条例{half('》')}，"
    assert typesetting.squeeze("（“示例") == f"（{half('“')}示例"
    assert typesetting.squeeze('<a title="》，">x</a><code>》，</code>') == '<a title="》，">x</a><code>》，</code>'


def test_numbers_stay_with_their_units_and_markup_is_escaped() -> None:
    whole = '<span class="n">{}</span>'.format
    assert typesetting.nobreak("应在24小时内") == f"应在{whole('24小时')}内"
    assert typesetting.nobreak("自2026年1月1日起") == f"自{whole('2026年1月1日')}起"
    assert typesetting.nobreak("第3版，96.8%，15.00亿元") == f"{whole('第3版')}，{whole('96.8%')}，{whole('15.00亿元')}"
    assert typesetting.nobreak("编号KL-2026-0003") == f"编号{whole('KL-2026-0003')}"
    assert typesetting.nobreak("<b>'3'") == f"&lt;b&gt;&#39;{whole('3')}&#39;"
    assert isinstance(typesetting.nobreak("无"), Markup)


def test_times_are_told_in_beijing() -> None:
    moment = dt.datetime(2025, 12, 31, 16, 0, 5, tzinfo=dt.UTC)
    assert ">2026-01-01 00:00:05<" in typesetting.at(moment)
    with pytest.raises(ValueError, match="naive"):
        typesetting.at(dt.datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("name", "label", "before", "months"),
    [
        ("2026-1", "2026年上半年", "2025-2", 6),
        ("2026-2", "2026年下半年", "2026-1", 6),
        ("2026", "2026年", "2025", 12),
        ("2026-03-01_2026-05-31", "2026年3月至5月", "2025-12-01_2026-02-28", 3),
        ("2024-02-01_2024-02-29", "2024年2月", "2024-01-01_2024-01-31", 1),
        ("2025-07-01_2026-06-30", "2025年7月至2026年6月", "2024-07-01_2025-06-30", 12),
        ("2026-02-10_2026-03-01", "2026-02-10至2026-03-01", "2026-01-21_2026-02-09", 2),
        ("2026-05-04_2026-05-04", "2026-05-04至2026-05-04", "2026-05-03_2026-05-03", 1),
    ],
)
def test_a_period_has_one_name_and_is_compared_with_one_as_long(
    name: str, label: str, before: str, months: int
) -> None:
    period = Period.named(name)
    assert (period.name, period.label, len(period.months)) == (name, label, months)
    assert period.before.name == before
    assert period.before.ends_on == period.starts_on - dt.timedelta(days=1)


@pytest.mark.parametrize("name", ["2026-3", "1999-1", "2026-1x", "x", "", "20260301_20260531", "2026-05-31_2026-03-01",
                                  "2026-01-01_2026-06-30", "2020-01-01_2026-01-01", "2026-02-30_2026-03-01"])  # fmt: skip
def test_what_is_no_period(name: str) -> None:
    with pytest.raises(ValueError):
        Period.named(name)


def test_periods_that_are_offered() -> None:
    found = [p.name for p in offered(dt.date(2025, 3, 1), dt.date(2026, 2, 1))]
    assert found == ["2026-1", "2025-2", "2025-1", "2026", "2025"]
    assert Period.half_of(dt.date(2026, 7, 1)).name == "2026-2"
