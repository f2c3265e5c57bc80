"""The stage the scenes are played on: counties, who acts, and letting the messages travel.

Scenes use the services as pages do and let every message, file and paper go through the real queue, relay and inbox.
Time is pinned while a scene plays, so that the demo has a past.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from web.core import clock, events, fence
from web.core.events import Actor
from web.core.queue import burst
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg


@dataclass
class Stand:
    """One county of the demo."""

    tenant_id: int
    uid: UUID
    code: str
    name: str
    office: str
    accounts: dict[Role, UUID] = field(default_factory=dict)


@contextmanager
def acting(county: Stand, role: Role = Role.COUNTY_ADMIN) -> Iterator[Actor]:
    """A unit of work in which a person of this role acts; commits at the end, then lets what waits travel."""
    with fence.acting_for(county.tenant_id):
        account = db.session.get(Account, (county.tenant_id, county.accounts[role]))
        assert account is not None
        org = organisations.get(account.org_id)
        actor = Actor(account.id, account.name, account.role, account.org_id, org.path, "127.0.0.1")
        with events.by(actor):
            yield actor
            fence.commit()
    burst()


@contextmanager
def on(day: date, hour: int = 9, minute: int = 30) -> Iterator[None]:
    """The scene plays on this day, at this hour in China."""
    with clock.at(datetime.combine(day, time(hour, minute), tzinfo=clock.CHINA)):
        yield


def ago(today: date, days: int) -> date:
    """A day before the demo's today; a weekend slides to the Friday before."""
    day = today - timedelta(days=days)
    return day - timedelta(days=max(0, day.weekday() - 4))


def org(name: str, within: str = "") -> PartyOrg:
    """An organisation of the county at hand by its name (and its parent's)."""
    query = db.select(PartyOrg).where(PartyOrg.name == name)
    found = [o for o in db.session.scalars(query.order_by(PartyOrg.path)) if within in o.full_name]
    return found[0]
