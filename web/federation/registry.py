"""Every kind of aggregate that crosses the border, imported once so that messages find their room."""

from __future__ import annotations

from web.federation import models, verbs
from web.federation.handovers import service as handovers
from web.tenants.flows import service as flows

__all__ = ["handovers", "models", "run_timers", "verbs"]


def run_timers() -> None:
    """What time says in one county: away notices that reach six months, lapses and expiries we decide."""
    flows.reach_six_months()
    verbs.run_timers()
    handovers.expire_letters()
