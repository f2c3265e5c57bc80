"""Co-signed records at the edge: both directions, the page of one with its proof, every verb as a form."""

from web.blueprints.cosigning import acts, pages
from web.blueprints.cosigning.rooms import bp

__all__ = ["acts", "bp", "pages"]
