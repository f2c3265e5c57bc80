"""Figures of work with partner counties: the overview, the rows behind a number, the page of one partner."""

from web.blueprints.figures import pages, partner
from web.blueprints.figures.pages import bp

__all__ = ["bp", "pages", "partner"]
