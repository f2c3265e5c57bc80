"""Capital numerals, punctuation, unbroken numbers: fixed answers."""

from __future__ import annotations

import datetime as dt

import pytest
from markupsafe import Markup

from web.reports import Period, numerals, typesetting


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


def test_periods() -> None:
    assert Period.half(2026, 1).label == "2026年上半年"
    assert Period.half(2026, 1).before == Period.half(2025, 2)
    assert Period.half(2026, 2).before.label == "2026年上半年"
    assert Period(dt.date(2026, 1, 1), dt.date(2026, 12, 31)).label == "2026年"
    assert Period(dt.date(2026, 2, 1), dt.date(2026, 3, 1)).label == "2026-02-01至2026-03-01"
