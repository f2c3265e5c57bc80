"""Counting the rows of metrics, and walking them: a number here is the length of the list it opens.

`count` asks all metrics for all partners and several periods in one statement; `page` walks the rows of one number by
keyset. Both put the same condition to the same room, narrowed to what the actor may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, cast, func, union_all
from sqlalchemy.dialects.postgresql import array

from web.core.events import Actor
from web.extensions import db
from web.reports.metrics import METRICS, Figure, rate
from web.reports.periods import Period
from web.reports.rows import FLOWS, ROOMS, ROWS, Days, Rows
from web.tenants.workbench.plain import Page

Value = int | Decimal | None
PAGE = 40


class Place(NamedTuple):
    """Where a number stands: with which partner, on which side. Sides are home and host of members, asker and asked."""

    partner_uid: UUID
    side: str


Numbers = Mapping[Place, Mapping[str, Value]]


def asked_of(codes: Iterable[str]) -> list[str]:
    """The counted metrics these are made of, each once: shares ask for their part and their whole."""
    found = [part for code in codes for part in (METRICS[code].ratio or (code,))]
    return list(dict.fromkeys(found))


def count(
    actor: Actor, codes: Sequence[str], periods: Sequence[Period], partner_uid: UUID | None = None
) -> tuple[Numbers, ...]:
    """Every metric for every partner and side, once a period: one statement. A place without rows is not in it."""
    wanted, spans = asked_of(codes), [Days.passed(period) for period in periods]
    asked = {
        room: [(n, code) for n in range(len(spans)) for code in wanted if ROWS[code].room is room] for room in ROOMS
    }
    asked = {room: mine for room, mine in asked.items() if mine}
    selects = []
    for room, mine in asked.items():
        numbers = array([number(ROWS[code], spans[n]) for n, code in mine])
        query = room.select(actor, db.literal(room.name), room.partner, room.role, numbers)
        if partner_uid is not None:
            query = query.where(room.partner == partner_uid)
        selects.append(query.group_by(room.partner, *([] if room is FLOWS else [room.role])))
    named = {room.name: room for room in asked}
    found: list[dict[Place, dict[str, Value]]] = [{} for _ in spans]
    for name, partner, role, values in db.session.execute(union_all(*selects)) if selects else ():
        place = Place(partner, named[name].sides[role])
        for (n, code), value in zip(asked[named[name]], values, strict=True):
            found[n].setdefault(place, {})[code] = exact(value)
    return tuple(found)


def number(rows: Rows, span: Days) -> Any:
    """The column that counts these rows, or takes their median."""
    if rows.days is None:
        return cast(func.count().filter(rows.where(span)), Float)
    return median(rows.days, rows.where(span))


def median(days: Any, which: ColumnElement[bool]) -> Any:
    """Of the days of the rows meant; NULL without one."""
    return func.percentile_cont(0.5).within_group(cast(days, Float)).filter(which)


def exact(value: float | Decimal | None) -> Value:
    """9 or 9.5: half days where two cases stand in the middle."""
    if value is None:
        return None
    rounded = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return int(rounded) if rounded == int(rounded) else rounded


def page(
    actor: Actor, code: str, side: str, period: Period, partner_uid: UUID | None = None, *,
    agreement_ids: Sequence[UUID] = (), kind: str = "", narrowed: Sequence[ColumnElement[bool]] = (),
    after: str = "", before: str = "", size: int = PAGE, total: int | None = None,
) -> Page:  # fmt: skip
    """The rows one number counts, and how many they are: two queries, one where the `total` is known already.

    `agreement_ids`: only what was begun under these, as a report counts; flows are under none. `kind`: of requests, only
    these. `narrowed`: conditions of a list on the room's rows. NotFound where the metric has no such side.
    """
    where = [*_where(code, side, period, partner_uid, agreement_ids, kind), *narrowed]
    some = ROWS[code].room.some(actor, *where, after=after, before=before, size=size)
    if total is None:
        total = db.session.scalar(ROWS[code].room.select(actor, func.count()).where(*where)) or 0
    return Page(some.rows, total, some.before, some.after)


def length(
    actor: Actor, code: str, side: str, period: Period, partner_uid: UUID | None = None, *,
    agreement_ids: Sequence[UUID] = (), kind: str = "", narrowed: Sequence[ColumnElement[bool]] = (),
) -> Select[Any]:  # fmt: skip
    """How many rows one number counts, or are left of them, as a query of one number."""
    found = ROWS[code].room.select(actor, func.count())
    return found.where(*_where(code, side, period, partner_uid, agreement_ids, kind), *narrowed)


def _where(
    code: str, side: str, period: Period, partner_uid: UUID | None, agreement_ids: Sequence[UUID], kind: str
) -> list[ColumnElement[bool]]:
    room = ROWS[code].room
    where = [ROWS[code].where(Days.passed(period)), *room.of(side, partner_uid)]
    if agreement_ids and room.agreement is not None:
        where.append(room.agreement.in_(agreement_ids))
    if kind and room.kind is not None:
        where.append(room.kind == kind)
    return where


def told(found: Mapping[str, Value], code: str, period: Period) -> Figure:
    """The figure of one place for a screen of our own: nothing counted is 0, nothing to divide by or to take a median of
    is nothing to tell.
    """
    metric = METRICS[code]
    if metric.ratio is not None:
        return rate(code, *(told(found, part, period) for part in metric.ratio))
    value = found.get(code, None if metric.over else 0)
    return Figure(code, value, metric.unit, period, is_own=True)


def summed(places: Iterable[Mapping[str, Value]]) -> Mapping[str, Value]:
    """Counts of several places added up; medians of all are not medians of medians, so only one place has them."""
    each = list(places)
    if len(each) == 1:
        return each[0]
    codes = {code for place in each for code in place if not METRICS[code].over}
    return {code: sum(place.get(code) or 0 for place in each) for code in codes}
