"""Chinese working days: public holidays, make-up working days at weekends, and a county's own corrections.

The State Council publishes the arrangement of one year at a time, in the autumn before. Years after the last published
arrangement are an estimate from the legal holidays alone: without make-up days and bridges. `is_estimate` says so, and
a county corrects single days by overrides without waiting for an upgrade of the `holidays` package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

_HORIZON = 366 * 3
"""No search for a working day looks further: overrides that close everything are a mistake, not a calendar."""


@lru_cache(maxsize=400)  # every year a day of an agreement may lie in
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The days off and the make-up working days (always weekends) of one year."""
    import holidays  # every country of the world; asked once a year and process

    china = holidays.country_holidays("CN", years=year)
    return frozenset(china), frozenset(day for day in china.weekend_workdays if day.year == year)


@lru_cache(maxsize=400)
def _worked(year: int) -> int:
    """How many days of a whole year are worked, without a county's corrections."""
    first, plain = date(year, 1, 1), Calendar()
    return sum(plain.is_workday(first + timedelta(days=i)) for i in range((date(year + 1, 1, 1) - first).days))


@lru_cache(maxsize=1)
def last_published_year() -> int:
    """The last year whose make-up days are known to the installed `holidays` package."""
    year = 2025
    while _year(year + 1)[1]:
        year += 1
    return year


class Calendar:
    """Which days are worked. `overrides` maps a day to True (worked) or False (off) and wins over everything."""

    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        self.overrides: Mapping[date, bool] = MappingProxyType(dict(overrides or {}))

    def is_workday(self, day: date) -> bool:
        """Whether offices work on this day."""
        override = self.overrides.get(day)
        if override is not None:
            return override
        off, made_up = _year(day.year)
        return day in made_up or (day.weekday() < 5 and day not in off)

    def is_estimate(self, day: date) -> bool:
        """Whether the day lies in a year whose arrangement is not published yet and nobody has corrected it."""
        return day.year > last_published_year() and day not in self.overrides

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day` (before it when n is negative); `add(day, 0)` is the first one from `day` on.

        Raises ValueError when the overrides leave no working day within three years.
        """
        step = timedelta(days=-1 if n < 0 else 1)
        left, current = abs(n), day
        if left == 0:
            left, current = 1, day - step
        for _ in range(_HORIZON + 7 * left):
            current += step
            if self.is_workday(current):
                left -= 1
                if left == 0:
                    return current
        raise ValueError("no working day within the horizon")

    def between(self, a: date, b: date) -> int:
        """How many working days lie after `a` up to and including `b`; negative when b is before a. Whole years between
        are counted once a process: a day may lie two centuries ahead.
        """
        if b < a:
            return -self.between(b, a)
        if b.year - a.year > 1:
            years = range(a.year + 1, b.year)
            corrected = [day for day in self.overrides if day.year in years]
            plain = Calendar()
            between = sum(map(_worked, years)) + sum(self.overrides[d] - plain.is_workday(d) for d in corrected)
            return self.between(a, date(a.year, 12, 31)) + between + self.between(date(b.year - 1, 12, 31), b)
        return sum(self.is_workday(a + timedelta(days=i)) for i in range(1, (b - a).days + 1))
