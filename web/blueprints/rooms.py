"""Every blueprint of the application, in one list."""

from __future__ import annotations

from flask import Blueprint

BLUEPRINTS: list[Blueprint] = []
