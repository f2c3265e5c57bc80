"""Commands: migrate, county, demo, worker, scheduler, roles."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def register(app: Flask) -> None:
    """Put the commands on the application."""
    app.cli.add_command(migrate)


@click.command()
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to a revision, as its owner."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, revision)
    click.echo(f"database at {revision}")
