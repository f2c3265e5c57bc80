"""Requests at the edge: the lists, one request with its proof, every verb as a form; kinds and their words as data."""

from web.blueprints.requests import acts, pages
from web.blueprints.requests.rooms import bp

__all__ = ["acts", "bp", "pages"]
