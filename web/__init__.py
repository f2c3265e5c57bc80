"""Kiteline 风筝线: the application factory and nothing else."""

from __future__ import annotations

from flask import Flask

from web.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """One deployment. Two applications with two databases can live in one process."""
    from web import cli
    from web.blueprints import edge

    app = edge.build(settings or Settings.from_env())
    cli.register(app)
    return app
