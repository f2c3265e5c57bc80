"""Runs the migrations as the owner, with limits on locks, in one transaction each."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import create_engine, make_url, pool, text

config = context.config
owner_url: str = config.attributes.get("owner_url") or os.environ["KITELINE_OWNER_URL"]
app_url: str = config.attributes.get("app_url") or os.environ["DATABASE_URL"]

engine = create_engine(owner_url, poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '10min'"))
    connection.commit()
    # The role the application runs as: migrations grant it the least it needs on each table they make.
    context.configure(connection=connection, transaction_per_migration=True, app_role=make_url(app_url).username)
    with context.begin_transaction():
        context.run_migrations()
