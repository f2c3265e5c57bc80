"""Capital numerals (大写数字) as introduction letters are filled in."""

from __future__ import annotations

import datetime as dt

DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ((1000, "仟"), (100, "佰"), (10, "拾"))


def digits(text: str) -> str:
    """Each digit by itself: 2026 → 贰零贰陆; other characters stay."""
    return text.translate({ord(str(value)): word for value, word in enumerate(DIGITS)})


def capital(number: int) -> str:
    """A count from 0 to 9999: 30 → 叁拾, 105 → 壹佰零伍. ValueError outside."""
    if not 0 <= number <= 9999:
        raise ValueError("capital numerals go from 0 to 9999")
    words, rest, gap = "", number, False
    for place, name in _PLACES:
        value, rest = divmod(rest, place)
        if value:
            words += ("零" if gap else "") + DIGITS[value] + name
        gap = bool(words) and not value
    return (words + ("零" if gap else "") + DIGITS[rest] if rest else words) or DIGITS[0]


def _two(number: int) -> str:
    """A month or a day: below ten with a leading 零, so that nothing can be written in front of it."""
    return DIGITS[0] + DIGITS[number] if number < 10 else capital(number)


def month(on: dt.date) -> str:
    """2026-08 → 贰零贰陆年零捌月; 10 → 壹拾月, 11 → 壹拾壹月."""
    return f"{digits(f'{on.year:04d}')}年{_two(on.month)}月"


def day(on: dt.date) -> str:
    """2026-05-18 → 贰零贰陆年零伍月壹拾捌日."""
    return f"{month(on)}{_two(on.day)}日"


def days(number: int) -> str:
    """30 → 叁拾天."""
    return f"{capital(number)}天"
