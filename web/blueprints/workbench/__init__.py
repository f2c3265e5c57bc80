"""The workbench at the edge: columns, saved filters, exports, copies, drafts, the way back, the recycle bin."""

from web.blueprints.workbench import drafts, exports, filters, undo
from web.blueprints.workbench.rooms import bp

__all__ = ["bp", "drafts", "exports", "filters", "undo"]
