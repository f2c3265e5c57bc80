"""Activities at the edge: the list, planning, the attendance sheet, one activity, its papers."""

from web.blueprints.activities import pages, planning, rolls, sheet
from web.blueprints.activities.rooms import bp

__all__ = ["bp", "pages", "planning", "rolls", "sheet"]
