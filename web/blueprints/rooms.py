"""Every blueprint of the application, in one list."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import appearance, assets, auth, gallery, health, home, tasks

BLUEPRINTS: list[Blueprint] = [
    assets.blueprint,
    appearance.blueprint,
    gallery.blueprint,
    health.bp,
    home.bp,
    tasks.bp,
    auth.bp,
]
