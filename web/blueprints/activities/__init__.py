"""Activities at the edge: the list, planning, the attendance sheet, one activity, its papers."""

from web.blueprints.activities import columns, pages, planning, rolls, sheet
from web.blueprints.activities.rooms import bp

__all__ = ["bp", "columns", "pages", "planning", "rolls", "sheet"]
