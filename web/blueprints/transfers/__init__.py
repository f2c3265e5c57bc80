"""Transfers at the edge: the work lists, an application and every verb of a case, the letter and its book."""

from web.blueprints.transfers import acts, batch, begin, book, packet, packing, pages, papers, receive, scans
from web.blueprints.transfers.rooms import bp

__all__ = ["acts", "batch", "begin", "book", "bp", "packet", "packing", "pages", "papers", "receive", "scans"]
