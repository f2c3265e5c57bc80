"""How values are written in pages: days, moments, figures, masks, changes, and the present address with one thing changed."""

import re
import zlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from urllib.parse import urlencode

from flask import Flask, request
from markupsafe import Markup, escape

from web.core import clock, dates, fence
from web.core.saying import say, written
from web.core.workdays import Calendar, last_published_year
from web.extensions import unit
from web.tenants.counties import service as counties

LOOKS = ("light", "dark", "large")
"""What the `look` cookie may hold, joined by dots."""

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def day(value: date | datetime | None) -> str:
    """A day in China: MM-DD this year, YYYY-MM-DD otherwise; nothing for None."""
    if value is None:
        return ""
    on = clock.day(value) if isinstance(value, datetime) else value
    is_now = on.year == clock.today().year
    return written(on.strftime("%m-%d"), dates.english(on, with_year=False)) if is_now else dates.dated(on)


def moment(value: datetime | None) -> str:
    """An aware datetime as the clock on a Chinese wall: MM-DD HH:MM this year, YYYY-MM-DD HH:MM otherwise."""
    return "" if value is None else say("{day} {time}", day=day(value), time=f"{value.astimezone(clock.CHINA):%H:%M}")


def since(value: datetime | None) -> str:
    """How long ago, as people say it: 刚刚, 5 分钟前, 今日 09:12, 昨日 16:20, then the moment itself."""
    if value is None:
        return ""
    passed = clock.now() - value
    if timedelta() <= passed < timedelta(minutes=1):
        return "刚刚"
    if timedelta() <= passed < timedelta(hours=1):
        return say("{minutes} 分钟前", minutes=int(passed.total_seconds()) // 60)
    there = value.astimezone(clock.CHINA)
    days_ago = (clock.today() - there.date()).days
    if days_ago in (0, 1):
        return say("{day} {time}", day="昨日" if days_ago else "今日", time=f"{there:%H:%M}")
    return moment(value)


def weekday(value: date) -> str:
    """周一 … 周日."""
    return WEEKDAYS[value.weekday()]


def month_day(value: date) -> str:
    """A day as a heading: 11月25日."""
    return written(f"{value:%m月%d日}", dates.english(value, with_year=False))


def county_calendar() -> Calendar:
    """The working days of the county this unit of work acts for, in a page and in a job alike; the State Council's alone
    where it acts for none.
    """
    work = unit.get()
    is_ours = isinstance(work, fence.Unit) and work.tenant_id is not None
    return counties.calendar() if is_ours else Calendar()


def calendar_words() -> str:
    """Which calendar a deadline is counted by, for the words beside it."""
    changed = len(county_calendar().overrides)
    year = last_published_year()
    if changed:
        return say(
            "按国务院办公厅放假安排（已排到 {year} 年，以后为预估）和本县 {changed} 天调整计算",
            year=year,
            changed=changed,
        )
    return say("按国务院办公厅放假安排（已排到 {year} 年，以后为预估）计算", year=year)


def workdays_left(due_on: date | None, calendar: Calendar | None = None) -> int | None:
    """Working days after today up to and with `due_on`: 0 when it is today, negative when it has passed, None without a deadline.

    A deadline that passed over a weekend alone is one working day late, never "today".
    """
    if due_on is None:
        return None
    left = (calendar or county_calendar()).between(clock.today(), due_on)
    return min(left, -1) if due_on < clock.today() else left


def day_strip(start: date, end: date, calendar: Calendar | None = None) -> list[str]:
    """The cells from `start` to `end`: "past", "today", "todo" a working day each, one "gap" for each run of days off."""
    calendar, today, cells = calendar or county_calendar(), clock.today(), list[str]()
    for on in (start + timedelta(days=i) for i in range((end - start).days + 1)):
        if calendar.is_workday(on):
            cells.append("past" if on < today else "today" if on == today else "todo")
        elif cells and cells[-1] != "gap":
            cells.append("gap")
    return cells


def n(value: float | None) -> str:
    """A figure with thousands separated: 1,024."""
    return "" if value is None else f"{value:,}"


def small(value: int | None) -> str:
    """A figure about people that may be published: below five, but not nought, it is <5."""
    return "<5" if value is None or 0 < value < 5 else n(value)


def heat_level(value: int | None, top: int) -> int:
    """1 … 5: how dark a cell of the heat grid is, by its share of the largest figure."""
    return 1 if not value or top <= 0 else min(5, 1 + int(value * 5 / (top + 1)))


def masked(value: str) -> Markup:
    """A masked value with its stars set quieter."""
    return Markup(re.sub(r"\*+", r"<i>\g<0></i>", str(escape(value))))  # noqa: S704 -- escaped just before


# What is compared whole: a number or Latin word, a Chinese character, any other sign.
_SEGMENTS = re.compile(r"[0-9A-Za-z]+|.", re.DOTALL)


def _changed_parts(old: str, new: str) -> list[tuple[str, str]]:
    """(was, becomes) in order, equal where nothing changed; islands of one segment are not kept apart."""
    before, after = _SEGMENTS.findall(old), _SEGMENTS.findall(new)
    parts = list[tuple[str, str]]()
    for verb, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, becomes = "".join(before[a:b]), "".join(after[c:d])
        island = verb == "equal" and b - a < 2 and a > 0 and b < len(before)
        if (verb == "equal" and not island) or not parts or parts[-1][0] == parts[-1][1]:
            parts.append((was, becomes))
        else:
            parts[-1] = (parts[-1][0] + was, parts[-1][1] + becomes)
    return parts


def changes(old: str, new: str) -> Markup:
    """The new text with what went as <del> and what came as <ins>."""
    written = Markup("")
    for was, becomes in _changed_parts(old, new):
        if was == becomes:
            written += escape(was)
        else:
            written += Markup("<del>{}</del>").format(was) if was else ""
            written += Markup("<ins>{}</ins>").format(becomes) if becomes else ""
    return written


def beside(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts for two columns: what went marked in the old one, what came in the new one. Lines stay lines."""
    left, right = Markup(""), Markup("")
    for was, becomes in _changed_parts(old, new):
        same = was == becomes
        left += escape(was) if same else Markup("<del>{}</del>").format(was) if was else ""
        right += escape(becomes) if same else Markup("<ins>{}</ins>").format(becomes) if becomes else ""
    line = Markup("<br>")
    return line.join(left.split("\n")), line.join(right.split("\n"))


def recalled(said: str) -> str:
    """A sentence of ours that comes out of a row. English pages find it in their catalogue again."""
    return said


def anchor(words: str) -> str:
    """A short id that stays the same for the same words."""
    return f"{zlib.crc32(str(words).encode()):08x}"


def look_classes(cookie: str) -> str:
    """The classes of <html> out of the `look` cookie; anything unknown is dropped."""
    return " ".join(word for word in LOOKS if word in cookie.split("."))


def here(**changed: object) -> str:
    """The present address with parts of its query set, given as lists, or (None) taken away; the rest is kept in order."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name not in changed]
    for name, value in changed.items():
        many: Iterable[object] = value if isinstance(value, list | tuple) else () if value is None else (value,)
        pairs += [(name, str(one)) for one in many]
    return request.path + ("?" + urlencode(pairs) if pairs else "")


def register(app: Flask) -> None:
    """Give every template these filters, and `here`, `day_strip`, `calendar_words` as functions."""
    app.jinja_env.filters.update(
        {
            f.__name__: f
            for f in (
                day,
                moment,
                since,
                weekday,
                month_day,
                workdays_left,
                n,
                small,
                heat_level,
                masked,
                changes,
                anchor,
                recalled,
                look_classes,
            )
        }
    )
    app.jinja_env.globals.update(here=here, day_strip=day_strip, calendar_words=calendar_words)
