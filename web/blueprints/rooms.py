"""Every blueprint of the application, in one list."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import (
    accounts,
    appearance,
    assets,
    auth,
    events,
    gallery,
    handovers,
    health,
    home,
    imports,
    members,
    organisations,
    settings,
    tasks,
)

BLUEPRINTS: list[Blueprint] = [
    assets.blueprint,
    appearance.blueprint,
    gallery.blueprint,
    health.bp,
    home.bp,
    members.bp,
    members.away,
    imports.bp,
    handovers.bp,
    tasks.bp,
    auth.bp,
    organisations.bp,
    accounts.bp,
    settings.bp,
    events.bp,
]
