"""Agreements: list, drafting, negotiating, approval, seals, papers, cooperation items, ending."""

from web.blueprints.agreements import columns, comparing, duties, ending, meetings, negotiating, sealing, templates
from web.blueprints.agreements.pages import bp

__all__ = ["bp", "columns", "comparing", "duties", "ending", "meetings", "negotiating", "sealing", "templates"]
