"""The blueprint of the workbench."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("workbench", __name__, url_prefix="/<county>/workbench")
