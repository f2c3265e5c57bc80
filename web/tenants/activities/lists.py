"""The list of activities: a page at a time, narrowed and in the actor's part of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func

from web.core.events import Actor
from web.extensions import db
from web.tenants.activities.models import Activity, ActivityKind, ActivityState, Attendance
from web.tenants.activities.service import CAME
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg


@dataclass(frozen=True)
class Line:
    """One activity of the list, with its own members due and come, and its guests."""

    activity: Activity
    org: str
    due: int
    actual: int
    guests: int


@dataclass(frozen=True)
class Page:
    """Latest first. `before`, `after`: (day, id) of the neighbouring pages, or None."""

    lines: list[Line]
    total: int
    before: tuple[date, UUID] | None
    after: tuple[date, UUID] | None


@dataclass(frozen=True)
class Query:
    """What the list is narrowed to. `kinds`, `states`: any of them; `month`: its first day; `org_id`: with all below it."""

    kinds: tuple[ActivityKind, ...] = ()
    states: tuple[ActivityState, ...] = ()
    org_id: UUID | None = None
    month: date | None = None
    text: str = ""

    def conditions(self) -> list[Any]:
        """For a select of Activity."""
        found: list[Any] = []
        if self.kinds:
            found.append(Activity.kind.in_(self.kinds))
        if self.states:
            found.append(Activity.state.in_(self.states))
        if self.org_id is not None:
            path = db.select(PartyOrg.path).where(PartyOrg.id == self.org_id).scalar_subquery()
            found.append(Activity.org_id.in_(db.select(PartyOrg.id).where(PartyOrg.path.op("^@")(path))))
        if self.month is not None:
            nxt = self.month.replace(year=self.month.year + self.month.month // 12, month=self.month.month % 12 + 1)
            found += [Activity.held_on >= self.month, Activity.held_on < nxt]
        if self.text:
            found.append(Activity.title.contains(self.text, autoescape=True))
        return found


def page(
    query: Query,
    actor: Actor,
    *,
    after: tuple[date, UUID] | None = None,
    before: tuple[date, UUID] | None = None,
    size: int = 50,
) -> Page:
    """One page of the activities in the actor's part of the tree: one query, and one for the total."""
    where = [*query.conditions(), organisations.within(actor, Activity.org_id)]
    own, came = Attendance.member_id.is_not(None), Attendance.presence.in_(CAME)

    def counted(*what: Any) -> Any:
        return (
            db.select(func.count())
            .where(Attendance.tenant_id == Activity.tenant_id, Attendance.activity_id == Activity.id, *what)
            .correlate(Activity)
            .scalar_subquery()
        )

    statement = (
        db.select(Activity, PartyOrg.name, counted(own), counted(own, came), counted(~own))
        .join(PartyOrg, (PartyOrg.tenant_id == Activity.tenant_id) & (PartyOrg.id == Activity.org_id))
        .where(*where)
    )
    key = db.tuple_(Activity.held_on, Activity.id)
    if before is not None:
        statement = statement.where(key > db.tuple_(*before)).order_by(Activity.held_on, Activity.id)
    else:
        statement = statement.where(key < db.tuple_(*after)) if after is not None else statement
        statement = statement.order_by(Activity.held_on.desc(), Activity.id.desc())
    rows = [Line(*row) for row in db.session.execute(statement.limit(size + 1))]
    is_more, rows = len(rows) > size, rows[:size]
    if before is not None:
        rows.reverse()
    has_before, has_after = (is_more, True) if before is not None else (after is not None, is_more)
    total = db.session.scalar(db.select(func.count()).select_from(Activity).where(*where)) or 0

    def place(line: Line) -> tuple[date, UUID]:
        return line.activity.held_on, line.activity.id

    return Page(
        rows, total, place(rows[0]) if rows and has_before else None, place(rows[-1]) if rows and has_after else None
    )
