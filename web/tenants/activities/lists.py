"""The list of activities: a page at a time, narrowed and in the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func

from web.core import clock
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.tenants.activities.models import Activity, ActivityState, Attendance
from web.tenants.activities.service import CAME
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench import queues
from web.tenants.workbench.facets import uuids
from web.tenants.workbench.listings import choice


@dataclass(frozen=True)
class Line:
    """One activity of the list, with its own members recorded and come, and its guests."""

    activity: Activity
    org: str
    recorded: int
    actual: int
    guests: int
    labels: Sequence[Mark]


@dataclass(frozen=True)
class Page:
    """Latest first. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    lines: list[Line]
    before: str
    after: str


ORDER = Order((Activity.held_on, Activity.id), (date.fromisoformat, UUID), is_falling=True)


Where = Sequence[ColumnElement[bool]]


def below(values: Sequence[str]) -> ColumnElement[bool]:
    """Of one of these organisations, or of one below it."""
    top = db.aliased(PartyOrg)
    under = db.select(PartyOrg.id).join(top, (top.tenant_id == PartyOrg.tenant_id) & PartyOrg.path.op("^@")(top.path))
    return Activity.org_id.in_(under.where(top.id.in_(uuids(values))))


def titled(text: str) -> ColumnElement[bool]:
    """What is typed is a part of the title."""
    return Activity.title.contains(text, autoescape=True)


def unrecorded() -> ColumnElement[bool]:
    """Its day has come, and nobody wrote down who came, or that it was called off."""
    return and_(Activity.state == ActivityState.PLANNED, Activity.held_on <= clock.today())


def waiting(actor: Actor) -> Select[Any]:
    """What is to be recorded, for home."""
    waits = queues.columns(
        Activity.id,
        Activity.created_at,
        name=Activity.title,
        kind=Activity.kind,
        held_on=Activity.held_on,
        org=PartyOrg.name,
    )
    query = db.select(*waits).join(
        PartyOrg, (PartyOrg.tenant_id == Activity.tenant_id) & (PartyOrg.id == Activity.org_id)
    )
    return query.where(unrecorded(), organisations.within(actor, Activity.org_id))


def count(actor: Actor, where: Where = ()) -> int:
    """How many there are: one query."""
    return (
        db.session.scalar(
            db.select(func.count()).select_from(Activity).where(*where, organisations.within(actor, Activity.org_id))
        )
        or 0
    )


def organiser_choices(actor: Actor) -> Select[Any]:
    """Open organisations in the actor's part of the tree, indented, as choices of the list's page: id → name."""
    depth = func.length(PartyOrg.path) - func.length(func.replace(PartyOrg.path, ".", "")) - 1
    indented = func.repeat("　", func.greatest(depth, 0)).concat(PartyOrg.name)
    query = db.select(*choice("organisers", PartyOrg.id, indented, PartyOrg.path))
    return query.where(PartyOrg.is_active, organisations.within(actor, PartyOrg.id))


def page(actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = 50) -> Page:
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
        .where(*where, organisations.within(actor, Activity.org_id))
    )
    cut = ORDER.cut(labels.beside(statement, Activity.id), size=size, after=after, before=before)
    lines = [
        Line(activity, org, recorded, actual, guests, labels.of(row))
        for row in cut.rows
        for activity, org, recorded, actual, guests, *_ in [row]
    ]
    return Page(lines, cut.before, cut.after)
