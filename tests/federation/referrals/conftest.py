"""Fixtures of the referral: a walk between two counties with an agreement in effect."""

from __future__ import annotations

import pytest

from tests.federation.referrals.walk import Walk


@pytest.fixture
def walk(agreed, work):
    """A member of 岳西 who lives in 余杭."""
    return Walk(agreed, work)
