"""Agreements: list, drafting, negotiating, approval, seals, papers, cooperation items, ending."""

from web.blueprints.agreements import comparing, duties, ending, negotiating, sealing, templates
from web.blueprints.agreements.pages import bp

__all__ = ["bp", "comparing", "duties", "ending", "negotiating", "sealing", "templates"]
