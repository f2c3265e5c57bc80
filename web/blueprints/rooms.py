"""Every blueprint of the application, in one list."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import appearance, assets, auth, gallery

BLUEPRINTS: list[Blueprint] = [
    assets.blueprint,
    appearance.blueprint,
    gallery.blueprint,
    auth.bp,
]
