"""The only clock. Everything that asks for the time asks here, so demo and tests can pin it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, cast, func

CHINA = ZoneInfo("Asia/Shanghai")
_pinned: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """Aware UTC, in whole milliseconds (what the protocol carries)."""
    at = _pinned.get() or datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def day(moment: datetime) -> date:
    """The calendar day of an instant in China; the database hands instants out in UTC."""
    return moment.astimezone(CHINA).date()


def day_of(moment: Any) -> ColumnElement[date]:
    """The same of a column, or of an expression, in the database."""
    return cast(func.timezone(CHINA.key, moment), Date)


def today() -> date:
    """The calendar day in China: deadlines are days there, wherever the server stands."""
    return day(now())


def midnight(on: date) -> datetime:
    """The instant a day begins in China."""
    return datetime.combine(on, time(), CHINA)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Pin the clock. An aware datetime; nests."""
    token = _pinned.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pinned.reset(token)
