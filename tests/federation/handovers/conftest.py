"""Fixtures of the handover: two counties that agreed on S4, and a walk between them."""

from __future__ import annotations

import pytest

from tests.federation.handovers.walk import UNDER, Walk
from web.federation.handovers import asking
from web.federation.post.service import HOOKS


@pytest.fixture
def agreed(monkeypatch):
    """An agreement that grants the transfer packet."""
    monkeypatch.setattr(asking, "covering", lambda partner_uid: UNDER)
    monkeypatch.setattr(HOOKS, "is_active", lambda reference, partner: reference == UNDER)
    monkeypatch.setattr(HOOKS, "is_granted", lambda receiver, envelope, scope, name: scope == "S4")
    monkeypatch.setattr(HOOKS, "may_cross", lambda message, scope, name: scope == "S4")


@pytest.fixture
def walk(pair, work, agreed):
    """A member of 岳西 who lives in 余杭."""
    return Walk(pair, work)
