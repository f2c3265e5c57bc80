"""Migrations and models are one thing; each migration goes up, down and up again; none knows the product."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

import web.federation.models
import web.tenants.models  # noqa: F401
from tests.conftest import RUN, WORKER, _owner_url, owner
from tests.contracts.source import ROOT, imported, modules
from web.blueprints.health import HEAD
from web.extensions import db


def config(url: str) -> Config:
    """Alembic on the product's own scripts, as the owner of this database."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["owner_url"], made.attributes["app_url"] = url, os.environ["DATABASE_URL"]
    return made


@pytest.fixture
def scratch() -> Iterator[str]:
    """The owner's URL of an empty database, dropped afterwards."""
    name = f"t_{RUN}_{WORKER}_scratch"
    with owner() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield _owner_url(name)
    with owner() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def shape(url: str) -> dict[str, Any]:
    """Tables, columns, policies and rights of a database, to compare one with another."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found: dict[str, Any] = {
                "columns": connection.exec_driver_sql(
                    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
                    " WHERE table_schema = 'public' ORDER BY 1, 2"
                ).fetchall(),
                "constraints": connection.exec_driver_sql(
                    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
                ).fetchall(),
                "indexes": connection.exec_driver_sql(
                    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
                ).fetchall(),
                "policies": connection.exec_driver_sql(
                    "SELECT tablename, policyname, qual, with_check FROM pg_policies ORDER BY 1, 2"
                ).fetchall(),
                "fenced": connection.exec_driver_sql(
                    "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY 1"
                ).fetchall(),
                "rights": connection.exec_driver_sql(
                    "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
                    " WHERE table_schema = 'public' ORDER BY 1, 2, 3"
                ).fetchall(),
            }
    finally:
        engine.dispose()
    return found


def test_models_are_what_the_migrations_make(application, scratch, proved):
    command.upgrade(config(scratch), "head")
    engine = create_engine(scratch)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, db.metadata) == []
            names = inspect(connection).get_table_names()
    finally:
        engine.dispose()
    proved("tables the same in models and migrations", len(names) - 1)


def test_every_migration_goes_up_down_and_up(scratch):
    alembic = config(scratch)
    script = ScriptDirectory.from_config(alembic)
    steps = [r.revision for r in reversed(list(script.walk_revisions()))]
    assert script.get_heads() == [HEAD], "one head, the last number: /health compares with it"
    below = "base"
    for step in steps:
        command.upgrade(alembic, step)
        before = shape(scratch)
        command.downgrade(alembic, below)
        command.upgrade(alembic, step)
        assert shape(scratch) == before, step
        below = step
    command.downgrade(alembic, "base")
    engine = create_engine(scratch)
    try:
        with engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
    finally:
        engine.dispose()


def test_migrations_know_nothing_of_the_product():
    for path, module in modules("migrations"):
        names = {name.partition(".")[0] for name in imported(module).values()}
        assert not names & {"web", "flask", "deploy", "tests"}, path


def test_migrations_are_numbered_and_named_noun_verb():
    files = sorted(p.stem for p in (ROOT / "migrations" / "versions").glob("*.py") if p.stem != "__init__")
    assert [name[:4] for name in files] == [f"{n:04}" for n in range(1, len(files) + 1)]
    for name in files:
        assert len(name.split("_")) >= 3, f"{name}: 0001_noun_verb"


def test_migrations_wait_for_locks_only_so_long():
    said = ast.unparse(ast.parse((ROOT / "migrations" / "env.py").read_text(encoding="utf-8")))
    assert "SET lock_timeout" in said and "SET statement_timeout" in said
