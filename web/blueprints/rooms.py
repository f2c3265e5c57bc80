"""Every blueprint of the application, in one list."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import (
    accounts,
    activities,
    agreements,
    appearance,
    assets,
    auth,
    cosigning,
    documents,
    door,
    events,
    gallery,
    handovers,
    health,
    home,
    imports,
    members,
    organisations,
    peers,
    referrals,
    reports,
    settings,
    shares,
    tasks,
)

BLUEPRINTS: list[Blueprint] = [
    assets.blueprint,
    appearance.blueprint,
    gallery.blueprint,
    health.bp,
    home.bp,
    door.bp,
    members.bp,
    members.away,
    imports.bp,
    agreements.bp,
    peers.bp,
    documents.bp,
    handovers.bp,
    referrals.bp,
    referrals.shared,
    shares.bp,
    reports.bp,
    activities.bp,
    cosigning.bp,
    tasks.bp,
    auth.bp,
    organisations.bp,
    accounts.bp,
    settings.bp,
    events.bp,
]
