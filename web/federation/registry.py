"""Every kind of aggregate that crosses the border, imported once so that messages find their room."""

from __future__ import annotations

from collections.abc import Callable

from web.federation import models, verbs
from web.federation.agreements import service as agreements
from web.federation.agreements import templates
from web.federation.cosigning import service as cosigning
from web.federation.handovers import cases
from web.federation.handovers import service as handovers
from web.federation.post import service as post
from web.federation.readings import service as readings
from web.federation.referrals import grants
from web.federation.referrals import service as referrals
from web.federation.requests import endings
from web.federation.requests import service as requests
from web.federation.sharing import heartbeat, listening, publications, renaming
from web.federation.sharing import service as sharing
from web.tenants.flows import reminders
from web.tenants.flows import service as flows
from web.tenants.transfers import issuing

__all__ = [
    "agreements",
    "cases",
    "cosigning",
    "endings",
    "handovers",
    "listening",
    "models",
    "publications",
    "readings",
    "referrals",
    "renaming",
    "requests",
    "sharing",
    "verbs",
]

# At sealing: what a member was told of, and what the agreement holds.
post.HOOKS.may_cross = grants.may_cross


TIMERS: tuple[Callable[[], object], ...] = (
    flows.reach_six_months,
    reminders.tell,
    referrals.remind,
    agreements.run_timers,
    verbs.run_timers,
    handovers.expire_letters,
    issuing.expire_letters,
    requests.forget_old,
    templates.purge,
    readings.tell,
    publications.tell_all,
    heartbeat.tell_all,
)
"""What time says in one county, in this order: away notices that reach six months, lapses and expiries we decide."""
