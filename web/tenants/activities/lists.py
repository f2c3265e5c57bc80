"""The list of activities: a page at a time, narrowed and in the actor's part of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func

from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.tenants.activities.models import Activity, ActivityKind, ActivityState, Attendance
from web.tenants.activities.service import CAME
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench.listings import choice


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
    """Latest first. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    lines: list[Line]
    before: str
    after: str


ORDER = Order((Activity.held_on, Activity.id), (date.fromisoformat, UUID), is_falling=True)


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


def _narrowed(query: Query, actor: Actor) -> list[Any]:
    return [*query.conditions(), organisations.within(actor, Activity.org_id)]


def count(query: Query, actor: Actor) -> int:
    """How many there are: one query."""
    return db.session.scalar(db.select(func.count()).select_from(Activity).where(*_narrowed(query, actor))) or 0


def organiser_choices(actor: Actor) -> Select[Any]:
    """Open organisations in the actor's part of the tree, indented, as choices of the list's page: id → name."""
    depth = func.length(PartyOrg.path) - func.length(func.replace(PartyOrg.path, ".", "")) - 1
    indented = func.repeat("　", func.greatest(depth, 0)).concat(PartyOrg.name)
    query = db.select(*choice("organisers", PartyOrg.id, indented, PartyOrg.path))
    return query.where(PartyOrg.is_active, organisations.within(actor, PartyOrg.id))


def page(query: Query, actor: Actor, *, after: str = "", before: str = "", size: int = 50) -> Page:
    """One page of the activities in the actor's part of the tree: one query."""
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
        .where(*_narrowed(query, actor))
    )
    cut = ORDER.cut(statement, size=size, after=after, before=before)
    return Page([Line(*row[:5]) for row in cut.rows], cut.before, cut.after)
