"""Dates as registers hold them: to the day, to the month or to the year, and never more exact than they were typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from web.tenants.members.readings import Cell, Doubt, Reading, doubt, folded, text_of

_EXCEL_EPOCH = date(1899, 12, 30)
_SERIALS = range(7_000, 80_000)
"""Excel day numbers from 1919 to 2119; smaller and larger numbers are no dates."""

_PARTS = re.compile(r"^(\d{4}|\d{2})(?:[./\-年、·](\d{1,2})?)(?:[./\-月、·](\d{1,2})?)?[日号]?$")
_EIGHT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_SIX = re.compile(r"^(\d{4})(\d{2})$")
_TIME = re.compile(r"(?:\s+|T)\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$|[。，；]$")
_LONG_TERM = frozenset({"长期", "不定", "不确定", "未定", "待定", "长期在外", "不详", "无", "-", "—", "/"})


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date with month 0 when only the year, day 0 when only the month is known. Sorts in time."""

    year: int
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        """`1998`, `1998-07` or `1998-07-15`: sortable text."""
        return "-".join([f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part)])

    @classmethod
    def of(cls, day: date) -> PartialDate:
        """Exact to the day."""
        return cls(day.year, day.month, day.day)

    @property
    def precision(self) -> str:
        """`day`, `month` or `year`."""
        return "day" if self.day else "month" if self.month else "year"

    @property
    def first(self) -> date:
        """The first day it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The last day it can mean."""
        if self.day:
            return self.first
        if not self.month:
            return date(self.year, 12, 31)
        following = date(self.year + self.month // 12, self.month % 12 + 1, 1)
        return following - timedelta(days=1)

    def agrees(self, other: PartialDate) -> bool:
        """Whether both can mean the same day."""
        return self.first <= other.last and other.first <= self.last


def read_date(cell: Cell, *, today: date) -> Reading[PartialDate]:
    """The date in a cell.

    Errors: `date_impossible` (31 February), `date_unreadable`. Doubts: `date_two_digit_year`, `date_year_only`,
    `date_month_1_or_10` (a numeric cell 1998.1 was 1998.10 or 1998.1), `date_long_term` (长期: no date).
    """
    if isinstance(cell, datetime):
        return Reading(PartialDate.of(cell.date()))
    if isinstance(cell, date):
        return Reading(PartialDate.of(cell))
    doubts: list[Doubt] = []
    text = folded(_TIME.sub("", text_of(cell)))
    if isinstance(cell, float) and text.endswith(".1") and 1900 < cell < 2100:
        doubts.append(doubt("date_month_1_or_10", text=text))
    if not text:
        return Reading()
    if text in _LONG_TERM:
        return Reading(None, (doubt("date_long_term", text=text),))
    if text.isdecimal() and len(text) == 5 and int(text) in _SERIALS:
        return Reading(PartialDate.of(_EXCEL_EPOCH + timedelta(days=int(text))))
    if re.fullmatch(r"\d{4}年?", text):
        year = int(text[:4])
        if not 1900 <= year <= 2100:
            return Reading(error=doubt("date_unreadable", text=text_of(cell)))
        return Reading(PartialDate(year), (doubt("date_year_only", text=text),))
    match = _EIGHT.match(text) or _SIX.match(text) or _PARTS.match(text)
    if match is None:
        return Reading(error=doubt("date_unreadable", text=text_of(cell)))
    year_text, *rest = match.groups()
    month, day = (int(part or 0) for part in (*rest, None)[:2])
    year = int(year_text)
    if len(year_text) == 2:
        year += 2000 if year <= today.year % 100 + 5 else 1900
        doubts.append(doubt("date_two_digit_year", text=text_of(cell), year=year))
    if not month and len(year_text) == 2:
        return Reading(error=doubt("date_unreadable", text=text_of(cell)))
    if not month:
        return Reading(PartialDate(year), (*doubts, doubt("date_year_only", text=text)))
    value = PartialDate(year, month, day)
    try:
        date(year, month, day or 1)
    except ValueError:
        return Reading(error=doubt("date_impossible", text=text_of(cell)))
    if not 1900 <= year <= 2100:
        return Reading(error=doubt("date_impossible", text=text_of(cell)))
    return Reading(value, tuple(doubts))


_SETTLED_YEAR = re.compile(r"^(?:(\d{4})年?)?(?:全年|一年|整年)(?:已缴清|已缴|缴清)?$")
_TO_MONTH = re.compile(r"^(?:已?[缴交]?[至到])(\d{1,2})月(?:底|份)?$")
_MONTHS = re.compile(r"^\d+[^\d-]\d{1,2}-\d")
"""2026.1-6: a dash after another mark joins two months, where a day would be written as the month before it is."""
_VAGUE = frozenset({"已缴清", "缴清", "已缴", "已交清", "已交", "按时缴纳", "正常", "是", "√", "未缴", "未交", "欠缴"})


def read_month(cell: Cell, *, today: date) -> Reading[PartialDate]:
    """The month up to which dues are paid (year and month; a day is cut off).

    至6月 and 全年 take today's year with the doubt `dues_year_assumed`; 已缴清 names no month, 2026.1-6 two: `dues_needs_check`.
    A month after today's year is kept: paying ahead is allowed.
    """
    text = (
        re.sub(r"^(?:已?[缴交]?(?:纳)?[至到])(?=\d{2,4}[.年/-])", "", folded(cell))
        .removesuffix("底")
        .removesuffix("份")
    )
    if not text:
        return Reading()
    if text in _VAGUE or _MONTHS.match(text):
        return Reading(None, (doubt("dues_needs_check", text=text_of(cell)),))
    if match := _SETTLED_YEAR.match(text):
        if match[1]:
            return Reading(PartialDate(int(match[1]), 12))
        return Reading(PartialDate(today.year, 12), (doubt("dues_year_assumed", text=text_of(cell), year=today.year),))
    if match := _TO_MONTH.match(text):
        month = int(match[1])
        if not 1 <= month <= 12:
            return Reading(None, (doubt("dues_needs_check", text=text_of(cell)),))
        return Reading(
            PartialDate(today.year, month), (doubt("dues_year_assumed", text=text_of(cell), year=today.year),)
        )
    reading = read_date(cell if not isinstance(cell, str) else text, today=today)
    if reading.value is None or not reading.value.month:
        return Reading(None, (doubt("dues_needs_check", text=text_of(cell)),))
    return Reading(PartialDate(reading.value.year, reading.value.month), reading.doubts)
