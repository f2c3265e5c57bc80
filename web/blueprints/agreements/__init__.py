"""Agreements at the edge: list, drafting, templates, negotiating, approval, seals, papers, duties and the lists of them, review meetings, ending."""

from web.blueprints.agreements import (
    columns,
    comparing,
    duties,
    ending,
    meetings,
    negotiating,
    responsibilities,
    sealing,
    templates,
)
from web.blueprints.agreements.pages import bp

__all__ = [
    "bp",
    "columns",
    "comparing",
    "duties",
    "ending",
    "meetings",
    "negotiating",
    "responsibilities",
    "sealing",
    "templates",
]
