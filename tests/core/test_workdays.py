"""The working calendar: the vectors of the service deadline, make-up days, corrections, estimates."""

from datetime import date, timedelta

import pytest

from web.core.workdays import Calendar, last_published_year


@pytest.mark.parametrize(
    ("registered", "due"),
    [
        (date(2025, 9, 30), date(2025, 10, 10)),  # National Day and Mid-Autumn together: 1 to 8 October off
        (date(2025, 9, 27), date(2025, 9, 29)),  # Sunday the 28th is worked
        (date(2025, 10, 10), date(2025, 10, 13)),  # Saturday the 11th is day 1
    ],
)
def test_end_of_the_second_working_day(registered: date, due: date) -> None:
    calendar = Calendar()
    assert calendar.add(registered, 2) == due
    assert calendar.between(registered, due) == 2
    assert calendar.between(due, registered) == -2


def test_make_up_days_and_holidays_of_2026() -> None:
    calendar = Calendar()
    assert calendar.is_workday(date(2026, 10, 10))  # a Saturday
    assert not calendar.is_workday(date(2026, 10, 7))  # a Wednesday
    assert calendar.is_workday(date(2026, 11, 23))
    assert calendar.add(date(2026, 10, 1), 0) == date(2026, 10, 8)
    assert calendar.add(date(2026, 10, 8), 0) == date(2026, 10, 8)
    assert calendar.add(date(2026, 10, 8), -1) == date(2026, 9, 30)


def test_a_county_corrects_single_days() -> None:
    saturday, monday = date(2026, 11, 28), date(2026, 11, 30)
    calendar = Calendar({saturday: True, monday: False})
    assert calendar.add(date(2026, 11, 27), 1) == saturday
    assert calendar.add(saturday, 1) == date(2026, 12, 1)
    assert not Calendar().is_workday(saturday)


def test_a_day_two_centuries_ahead_is_counted_by_years(monkeypatch) -> None:
    """The same number as day by day, with a county's corrections among them, and asked again no day of them is looked at."""
    new_year, saturday = date(2031, 1, 1), date(2030, 3, 2)
    calendar, start, end = (
        Calendar({new_year: True, saturday: True, date(2032, 6, 2): False}),
        date(2028, 6, 3),
        date(2033, 4, 1),
    )
    by_days = sum(calendar.is_workday(start + timedelta(days=i)) for i in range(1, (end - start).days + 1))
    assert calendar.between(start, end) == by_days == Calendar().between(start, end) + 1
    assert calendar.between(end, start) == -by_days
    far = date(2199, 12, 31)
    found = calendar.between(start, far)
    looked = list[date]()
    was = Calendar.is_workday

    def is_workday(self: Calendar, day: date) -> bool:
        looked.append(day)
        return was(self, day)

    monkeypatch.setattr(Calendar, "is_workday", is_workday)
    assert calendar.between(start, far) == found and len(looked) < 3 * 366


def test_years_without_a_published_arrangement_are_an_estimate() -> None:
    published = last_published_year()
    assert published >= 2026
    day = date(published + 1, 10, 9)
    assert Calendar().is_estimate(day)
    assert not Calendar({day: True}).is_estimate(day)
    assert not Calendar().is_estimate(date(2026, 11, 23))


def test_an_impossible_calendar_is_an_error_not_a_hang() -> None:
    class Closed(Calendar):
        def is_workday(self, day: date) -> bool:
            return False

    with pytest.raises(ValueError, match="no working day"):
        Closed().add(date(2026, 1, 1), 1)
