"""What time asks of home about its members away: a word with them again, and the half-year confirmation (DOMAIN §5.1).

Found in the database when somebody looks, by the county's own days; nothing is stored ahead, and nothing but a person's
word closes one. On the day itself the scheduler writes it into the log, which is what notices are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, case, cast, func, literal

from web.core import clock, events
from web.core.events import Actor
from web.extensions import db
from web.tenants.counties import service as counties
from web.tenants.counties.models import CountySettings
from web.tenants.flows.models import Flow, FlowState
from web.tenants.flows.service import add_months
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations

AWAY = (FlowState.REGISTERED, FlowState.UNREACHABLE)
"""States in which the branch still looks after the contact; what is lost has its own way."""


@dataclass(frozen=True)
class Due:
    """One reminder. `since`: the day it counts from; `step`: the county's day that has passed (0 for a confirmation)."""

    flow_id: UUID
    member_id: UUID
    name: str
    since: date
    step: int


def _began() -> ColumnElement[Any]:
    """The day the episode began, as far as it is known."""
    return func.coalesce(Flow.left_on, cast(Flow.created_at, Date))


def contact_since() -> ColumnElement[Any]:
    """The last day somebody spoke with the member."""
    return func.greatest(func.coalesce(Flow.contacted_on, _began()), _began())


def confirmed_since() -> ColumnElement[Any]:
    """The last day the entry was found true."""
    return func.greatest(func.coalesce(Flow.confirmed_on, _began()), _began())


def no_contact(actor: Actor, limit: int) -> tuple[Sequence[Due], int]:
    """Nobody spoke with him for so many days; the longest silence first, and how many there are. Two queries."""
    steps = sorted(counties.settings().contact_days)
    since, today = contact_since(), clock.today()
    passed = case(
        *((since <= today - timedelta(days=days), literal(days)) for days in reversed(steps)), else_=literal(0)
    )
    return _read(_asked(actor, since, passed).where(since <= today - timedelta(days=steps[0])), since, limit)


def unconfirmed(actor: Actor, limit: int) -> tuple[Sequence[Due], int]:
    """The entry was not looked through for half a year (or what the county says). Two queries."""
    row: CountySettings = counties.settings()
    since = confirmed_since()
    before = add_months(clock.today(), -row.confirm_months)
    return _read(_asked(actor, since, literal(0)).where(since <= before), since, limit)


REMIND_WITHIN = 7
"""Days after a day of the county's within which a notice is still given: a scheduler that was off catches up, no more."""


def tell() -> int:
    """Write down what fell due in these days, each once, so that it is told as a notice; returns how many."""
    row: CountySettings = counties.settings()
    today, told = clock.today(), 0
    contact, confirmed = contact_since(), confirmed_since()
    due = [("flow.remind_contact", contact, today - timedelta(days=days), {"days": days}) for days in row.contact_days]
    due.append(
        ("flow.remind_confirm", confirmed, add_months(today, -row.confirm_months), {"months": row.confirm_months})
    )
    for verb, since, last, details in due:
        query = (
            db.select(Flow)
            .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
            .where(*_LOOKED_AFTER, since <= last, since > last - timedelta(days=REMIND_WITHIN))
            .where(~events.happened(verb, Flow.id, since, **details))
            .order_by(Flow.id)
        )
        for flow in db.session.scalars(query):
            events.record(verb, flow, details=dict(details))
            told += 1
    db.session.flush()
    return told


def ids(actor: Actor) -> Select[Any]:
    """Ids of the episodes this actor may see, for a condition."""
    query = db.select(Flow.id).join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
    return organisations.visible(query, actor, Member.branch_id, Member.away_org_id)


_LOOKED_AFTER = (Flow.state.in_(AWAY), Member.relation == Relation.HELD, Member.frozen_by.is_(None))


def _asked(actor: Actor, since: ColumnElement[Any], step: ColumnElement[Any]) -> Select[Any]:
    query = (
        db.select(Flow.id, Flow.member_id, Member.name, since.label("since"), step.label("step"), func.count().over())
        .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
        .where(*_LOOKED_AFTER)
    )
    return organisations.visible(query, actor, Member.branch_id, Member.away_org_id)


def _read(query: Select[Any], since: ColumnElement[Any], limit: int) -> tuple[Sequence[Due], int]:
    found = db.session.execute(query.order_by(since, Flow.id).limit(limit)).all()
    return [Due(*row[:5]) for row in found], found[0][5] if found else 0
