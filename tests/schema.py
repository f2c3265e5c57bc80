"""Makes the schema of a test database by the migrations the product ships."""

from __future__ import annotations

import os

from web.config import Settings


def make(settings: Settings) -> None:
    """All migrations, as the owner, in the database of `settings.owner_url`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", os.path.join(os.path.dirname(os.path.dirname(__file__)), "migrations"))
    config.attributes["owner_url"], config.attributes["app_url"] = settings.owner_url, settings.database_url
    command.upgrade(config, "head")
