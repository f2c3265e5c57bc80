"""Fixtures of sharing: the walk of a referral."""

from tests.federation.referrals.conftest import walk

__all__ = ["walk"]
