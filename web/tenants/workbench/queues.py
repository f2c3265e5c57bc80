"""What waits to be done, as rows of one shape, so that every queue of home is asked for in one query.

A room gives a SELECT of `columns(…)`; `first` unites them: of each queue the first ones by their last day, how many there
are in all, how many of them wait too long for our word, and the keys of the packets their names stand in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    LargeBinary,
    Select,
    String,
    Uuid,
    cast,
    func,
    literal,
    null,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from web.core import clock, fence, vault
from web.core.workdays import Calendar
from web.extensions import db

MOMENT = DateTime(timezone=True)


@dataclass(frozen=True)
class Waiting:
    """One thing that waits. `at`: since when; `said`: what its words are made of; `packet`: values under the key `kept_by`."""

    id: UUID
    name: str
    due_on: date | None
    at: datetime
    said: Mapping[str, Any]
    packet: bytes | None
    kept_by: UUID | None

    def values(self) -> dict[str, Any]:
        """What the packet holds; empty without one, or once it was purged."""
        return {} if self.kept_by is None else vault.read(self.kept_by, self.packet)


@dataclass(frozen=True)
class Found:
    """The first ones of a queue, how many there are, and how many of them wait too long; last day → how many of all of
    them, for the days that were asked about.
    """

    rows: Sequence[Waiting]
    count: int
    late: int
    by_day: Mapping[date, int]


def columns(
    id_: Any, at: Any, *, name: Any = "", due_on: Any = None, asked_at: Any = None, packet: Any = None, kept_by: Any = None,
    **said: Any,
) -> list[ColumnElement[Any]]:  # fmt: skip
    """The columns of a queue's SELECT. `asked_at`: since when it waits for our word, null when it does not."""

    def of(value: Any, type_: Any, label: str) -> ColumnElement[Any]:
        return cast(null() if value is None else value, type_).label(label)

    words = [part for key, value in said.items() for part in (literal(key), value)]
    return [
        of(id_, Uuid, "id"), func.coalesce(cast(name, String), "").label("name"), of(due_on, Date, "due_on"), of(at, MOMENT, "at"),
        of(asked_at, MOMENT, "asked_at"), of(packet, LargeBinary, "packet"), of(kept_by, Uuid, "kept_by"),
        func.jsonb_build_object(*words, type_=JSONB).label("said"),
    ]  # fmt: skip


def workday_after(at: Any, n: int, calendar: Calendar) -> ColumnElement[date]:
    """The n-th working day after the day of an instant; of what began more than half a year ago, a day that is over."""
    days = (clock.today() + timedelta(days=step) for step in range(-183, 61))
    worked = literal([day for day in days if calendar.is_workday(day)], ARRAY(Date))
    day = func.unnest(worked).column_valued("workday")
    return db.select(day).where(day > clock.day_of(at)).order_by(day).offset(n - 1).limit(1).scalar_subquery()


@dataclass(frozen=True)
class Days:
    """Last days from `first` to `last`; without a `first` also those that are over."""

    first: date | None
    last: date

    def holds(self, due_on: date | None) -> bool:
        """Is this one of them?"""
        return due_on is not None and due_on <= self.last and (self.first is None or self.first <= due_on)

    def narrow(self, rows: Any) -> ColumnElement[bool]:
        """The same as a condition on a queue's rows."""
        on = rows.c.due_on
        return on <= self.last if self.first is None else on.between(self.first, self.last)


def first(
    asked: Mapping[str, Select[Any]],
    limit: int,
    before: datetime,
    *,
    only: Days | None = None,
    ahead: Days | None = None,
) -> dict[str, Found]:
    """Queue → its first rows, for the queues that hold any. `before`: what waits since before this instant waits too long;
    `only`: what has its last day among these; `ahead`: the days to count by, however many rows there are.
    """
    if not asked:
        return {}
    parts: list[Select[Any]] = []
    for queue, query in asked.items():
        rows = query.cte(f"queue_{len(parts)}")
        late = func.count().filter(rows.c.asked_at < before).over().label("late")
        part = db.select(
            literal(queue).label("queue"), *rows.c, func.count().over().label("count"), late, _by_day(rows, ahead)
        )
        part = part if only is None else part.where(only.narrow(rows))
        parts.append(part.order_by(rows.c.due_on.nulls_last(), rows.c.at, rows.c.id).limit(limit))
    every, key = union_all(*parts).subquery(), vault.RecordKey
    keyed = db.select(every, key.wrapped).outerjoin(
        key, (key.tenant_id == fence.tenant()) & (key.id == every.c.kept_by) & every.c.packet.is_not(None)
    )
    found: dict[str, list[Any]] = {}
    for row in db.session.execute(keyed.order_by(every.c.due_on.nulls_last(), every.c.at, every.c.id)):
        if row.kept_by is not None:
            vault.have(row.kept_by, row.wrapped)
        found.setdefault(row.queue, []).append(row)
    return {queue: _found(rows) for queue, rows in found.items()}


def _by_day(rows: Any, ahead: Days | None) -> ColumnElement[Any]:
    """The same in every row of a queue: {last day: how many}."""
    if ahead is None:
        return cast(null(), JSONB).label("by_day")
    on = db.select(rows.c.due_on, func.count().label("n")).where(ahead.narrow(rows)).group_by(rows.c.due_on).subquery()
    counted = db.select(func.jsonb_object_agg(cast(on.c.due_on, String), on.c.n, type_=JSONB))
    return counted.scalar_subquery().label("by_day")


def _found(rows: Sequence[Any]) -> Found:
    by_day = {date.fromisoformat(on): n for on, n in (rows[0].by_day or {}).items()}
    return Found([_waiting(row) for row in rows], rows[0].count, rows[0].late, by_day)


def _waiting(row: Any) -> Waiting:
    # Without its key a packet is gone for good, and nobody need ask for the key again.
    packet = None if row.wrapped is None else row.packet
    return Waiting(row.id, row.name, row.due_on, row.at, row.said, packet, row.kept_by)
