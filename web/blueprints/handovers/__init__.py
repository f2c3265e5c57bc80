"""Handovers at the edge: the work lists, one handover's page, every verb as a form, the letter as paper."""

from web.blueprints.handovers import acts, asking, begin, pages, papers
from web.blueprints.handovers.rooms import bp

__all__ = ["acts", "asking", "begin", "bp", "pages", "papers"]
