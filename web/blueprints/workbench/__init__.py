"""The workbench at the edge: columns, saved filters, editing in lists, exports, copies, drafts, the way back, the recycle bin."""

from web.blueprints.workbench import drafts, editing, exports, filters, labels, recycling, undo
from web.blueprints.workbench.rooms import bp

__all__ = ["bp", "drafts", "editing", "exports", "filters", "labels", "recycling", "undo"]
