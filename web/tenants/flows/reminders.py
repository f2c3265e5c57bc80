"""What time asks of home about its members away: a word with them again, and the half-year confirmation.

Found in the database when somebody looks, by the county's own days; nothing is stored ahead, and nothing but a person's
word closes one. On the day itself the scheduler writes it into the log, which is what notices are made of.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func

from web.core import clock, events
from web.core.events import Actor
from web.extensions import db
from web.tenants.counties import service as counties
from web.tenants.counties.models import CountySettings
from web.tenants.flows.models import Flow, FlowState
from web.tenants.flows.service import add_months
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.workbench import queues

AWAY = (FlowState.REGISTERED, FlowState.UNREACHABLE)
"""States in which the branch still looks after the contact; what is lost has its own way."""


def _began() -> ColumnElement[Any]:
    """The day the episode began, as far as it is known."""
    return func.coalesce(Flow.left_on, clock.day_of(Flow.created_at))


def contact_since() -> ColumnElement[Any]:
    """The last day somebody spoke with the member."""
    return func.greatest(func.coalesce(Flow.contacted_on, _began()), _began())


def confirmed_since() -> ColumnElement[Any]:
    """The last day the entry was found true."""
    return func.greatest(func.coalesce(Flow.confirmed_on, _began()), _began())


def no_contact(actor: Actor) -> Select[Any]:
    """Nobody spoke with him for so many days, for home."""
    since, days = contact_since(), min(counties.settings().contact_days)
    return _asked(actor, since).where(since <= clock.today() - timedelta(days=days))


def contact_step(since: date) -> tuple[int, int]:
    """Days without a word, and the last of the county's days for a reminder that has passed."""
    days = (clock.today() - since).days
    return days, max((s for s in counties.settings().contact_days if s <= days), default=0)


def unconfirmed(actor: Actor) -> Select[Any]:
    """The entry was not looked through for half a year (or what the county says), for home."""
    since = confirmed_since()
    return _asked(actor, since).where(since <= add_months(clock.today(), -counties.settings().confirm_months))


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


def _asked(actor: Actor, since: ColumnElement[Any]) -> Select[Any]:
    """A row's id is the member's; `since` is among what it says, as a day."""
    query = (
        db.select(*queues.columns(Flow.member_id, since, name=Member.name, since=since))
        .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
        .where(*_LOOKED_AFTER)
    )
    return organisations.visible(query, actor, Member.branch_id, Member.away_org_id)
