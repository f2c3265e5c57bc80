"""Transfers at the edge: the work lists, an application and every verb of a case, the letter and its book."""

from web.blueprints.transfers import acts, begin, pages, papers
from web.blueprints.transfers.rooms import bp

__all__ = ["acts", "begin", "bp", "pages", "papers"]
