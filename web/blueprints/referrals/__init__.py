"""Referrals at the edge: choosing whom to offer and seeing what crosses, both work lists, reporting in, shared members."""

from web.blueprints.referrals import acts, claiming, guests, offering, pages, register, reporting
from web.blueprints.referrals.rooms import bp, shared

__all__ = ["acts", "bp", "claiming", "guests", "offering", "pages", "register", "reporting", "shared"]
