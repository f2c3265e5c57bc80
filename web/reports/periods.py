"""The span of days a report speaks about: a half-year, a year, or any two days; how it is named, called and compared.

Addresses, tasks and forms carry a period by its name: 2026-1 (first half), 2026, 2026-03-01_2026-05-31.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from web.core.dates import days, month_of, months
from web.core.saying import say

ONE_DAY = dt.timedelta(days=1)
# The longest period that can be asked for, in months; agreements run three to five years.
LONGEST = 60
FIRST_YEAR = 2000


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole days, both included. ValueError when it ends before it starts."""

    starts_on: dt.date
    ends_on: dt.date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise ValueError("a period ends on its first day or later")

    @classmethod
    def half(cls, year: int, half: int) -> Period:
        """The first (1) or second (2) half of a year."""
        first = dt.date(year, 6 * half - 5, 1)
        return cls(first, _plus(first, 6) - ONE_DAY)

    @classmethod
    def year(cls, year: int) -> Period:
        """A calendar year."""
        return cls(dt.date(year, 1, 1), dt.date(year, 12, 31))

    @classmethod
    def half_of(cls, on: dt.date) -> Period:
        """The half-year a day lies in."""
        return cls.half(on.year, 1 if on.month <= 6 else 2)

    @classmethod
    def named(cls, name: str) -> Period:
        """The period of such a name, whatever way it is named. ValueError for anything else."""
        if found := re.fullmatch(r"(20\d\d)-([12])", name):
            return cls.half(int(found[1]), int(found[2]))
        if re.fullmatch(r"20\d\d", name):
            return cls.year(int(name))
        first, _, last = name.partition("_")
        found_days = cls(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
        if found_days.name != name or len(found_days.months) > LONGEST or found_days.starts_on.year < FIRST_YEAR:
            raise ValueError("a period has one name, at most sixty months, and begins in this century")
        return found_days

    @property
    def is_half(self) -> bool:
        """Whether this is a half of a calendar year."""
        return self == self.half_of(self.starts_on)

    @property
    def is_year(self) -> bool:
        """Whether this is a calendar year."""
        return self == self.year(self.starts_on.year)

    @property
    def name(self) -> str:
        """2026-1, 2026 or 2026-03-01_2026-05-31; `named` reads it back."""
        if self.is_half:
            return f"{self.starts_on.year}-{1 if self.starts_on.month == 1 else 2}"
        return str(self.starts_on.year) if self.is_year else f"{self.starts_on.isoformat()}_{self.ends_on.isoformat()}"

    @property
    def label(self) -> str:
        """2026年上半年, 2026年, 2026年3月至5月, or both dates."""
        first, last = self.starts_on, self.ends_on
        if self.is_half:
            return say("{year}年上半年" if first.month == 1 else "{year}年下半年", year=first.year)
        if self.is_year:
            return say("{year}年", year=first.year)
        if not self.is_of_months:
            return days(first, last)
        return month_of(first) if len(self.months) == 1 else months(first, last)

    @property
    def is_of_months(self) -> bool:
        """Whether it is made of whole calendar months."""
        return self.starts_on.day == 1 and (self.ends_on + ONE_DAY).day == 1

    @property
    def months(self) -> tuple[dt.date, ...]:
        """The first day of every month it touches."""
        found = [self.starts_on.replace(day=1)]
        while (following := _plus(found[-1], 1)) <= self.ends_on:
            found.append(following)
        return tuple(found)

    @property
    def by_month(self) -> tuple[Period, ...]:
        """What it holds of every month it touches."""
        return tuple(
            Period(max(first, self.starts_on), min(_plus(first, 1) - ONE_DAY, self.ends_on)) for first in self.months
        )

    @property
    def before(self) -> Period:
        """The last comparable period, which ends where this one begins: as many whole months, otherwise as many days."""
        last = self.starts_on - ONE_DAY
        if self.is_of_months:
            return Period(_plus(self.starts_on, -len(self.months)), last)
        return Period(last - (self.ends_on - self.starts_on), last)

    def meets(self, first: dt.date, last: dt.date) -> bool:
        """Whether any of its days lies from `first` to `last`."""
        return self.starts_on <= last and self.ends_on >= first


def _plus(first: dt.date, months: int) -> dt.date:
    """The first of the month that many months later."""
    years, month = divmod(first.month - 1 + months, 12)
    return dt.date(first.year + years, month + 1, 1)


def offered(first: dt.date, last: dt.date) -> list[Period]:
    """What a page offers for the days from `first` to `last`: half-years, newest first, then the years."""
    halves = [Period.half_of(last)]
    while halves[-1].starts_on > first:
        halves.append(halves[-1].before)
    return halves + [Period.year(year) for year in range(last.year, first.year - 1, -1)]
