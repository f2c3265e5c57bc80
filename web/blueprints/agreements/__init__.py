"""Agreements at the edge: list, drafting, templates, negotiating, approval, seals, papers, duties, review meetings, ending."""

from web.blueprints.agreements import columns, comparing, duties, ending, meetings, negotiating, sealing, templates
from web.blueprints.agreements.pages import bp

__all__ = ["bp", "columns", "comparing", "duties", "ending", "meetings", "negotiating", "sealing", "templates"]
