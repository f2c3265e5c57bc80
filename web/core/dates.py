"""How a day and a month are written in either language: digits in Chinese, a month by its name in English."""

from __future__ import annotations

import re
from datetime import date

from web.core.saying import written

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"(?:(\d{4})年)?([1-9]|1[0-2])月")
_MONTHS_OF_A_YEAR = re.compile(r"(\d{4})年([1-9]|1[0-2])月至([1-9]|1[0-2])月")


def english(on: date, *, with_year: bool = True) -> str:
    """4 Mar 2026, or 4 Mar."""
    return f"{on.day} {MONTHS[on.month - 1][:3]}" + (f" {on.year}" if with_year else "")


def dated(on: date) -> str:
    """A day with its year: 2026-03-04; 4 Mar 2026."""
    return written(on.isoformat(), english(on))


def month_of(on: date, *, with_year: bool = True) -> str:
    """2026年3月 or 3月; March 2026 or March."""
    return _both((f"{on.year}年" if with_year else "") + f"{on.month}月")


def months(first: date, last: date) -> str:
    """2026年3月至5月, 2025年11月至2026年2月; March to May 2026, November 2025 to February 2026."""
    return _both(f"{month_of(first)}至{month_of(last, with_year=first.year != last.year)}")


def days(first: date, last: date) -> str:
    """2026-03-04至2026-05-09; 4 Mar 2026 to 9 May 2026."""
    return _both(f"{first.isoformat()}至{last.isoformat()}")


def _both(chinese: str) -> str:
    return written(chinese, recalled(chinese))


def read_day(text: str) -> date | None:
    """The day such a text is, None for any other."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def recalled(chinese: str) -> str:
    """The English of what is written here, for what was stored as a row; empty for any other text."""
    if at := _MONTHS_OF_A_YEAR.fullmatch(chinese):
        return f"{MONTHS[int(at[2]) - 1]} to {MONTHS[int(at[3]) - 1]} {at[1]}"
    if "至" in chinese:
        first, last = (recalled(part) for part in chinese.split("至", 1))
        return f"{first} to {last}" if first and last else ""
    if at := _MONTH.fullmatch(chinese):
        return MONTHS[int(at[2]) - 1] + (f" {at[1]}" if at[1] else "")
    on = read_day(chinese)
    return "" if on is None else english(on)
