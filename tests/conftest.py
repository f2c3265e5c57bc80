"""Fixtures of the whole suite: real PostgreSQL and Valkey, a database a test, two counties by default."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from deploy.proofs import proved, pytest_terminal_summary
from tests import watching
from web import create_app
from web.config import Settings

# `proved`: what a test counts; the sums are printed before pytest's closing line.
__all__ = ["proved", "pytest_terminal_summary"]

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:8]


class Browser(FlaskClient):
    """A client each of whose requests has an application context of its own, as when served: the open one of `fresh`
    would hand the user and the county in `g` on to the next request."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


def _owner_url(database: str) -> str:
    return make_url(os.environ["KITELINE_OWNER_URL"]).set(database=database).render_as_string(hide_password=False)


@contextmanager
def owner(database: str = "kiteline") -> Iterator[psycopg.Connection[Any]]:
    """A raw connection as the owner, autocommit."""
    with psycopg.connect(_owner_url(database).replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def _copy(name: str, template: str) -> None:
    with owner() as connection:
        _drop(connection, name)
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    """Drop a database. The server's own vacuum may be looking at it, and only it can end that: wait for it."""
    for wait in (0.05, 0.2, 0.5, 1, 2):
        try:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(wait)
        else:
            return
    connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _settings(database: str) -> Settings:
    base = Settings.from_env()
    url = make_url(base.database_url).set(database=database).render_as_string(hide_password=False)
    # One of the instance's 1,024 Valkey databases a worker and run, so that flushing it disturbs nobody.
    number = 1 + crc32(f"{RUN}{WORKER}".encode()) % 1023
    valkey = f"{base.redis_url}{'&' if '?' in base.redis_url else '?'}db={number}"
    return Settings(
        url,
        valkey,
        base.secret,
        base.field_key,
        base.seal_key,
        owner_url=_owner_url(database),
        public_url="http://localhost",
    )


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """A migrated database without rows, one a worker."""
    name = f"t_{RUN}_{WORKER}_empty"
    with owner() as connection:
        _drop(connection, name)
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    from tests.schema import make

    make(_settings(name))
    yield name
    with owner() as connection:
        _drop(connection, name)


@pytest.fixture(scope="session")
def application(template: str) -> Iterator[Flask]:
    """One application a worker; its database is replaced before each test that wants one."""
    name = f"t_{RUN}_{WORKER}"
    _copy(name, template)
    app = create_app(_settings(name))
    app.testing = True
    app.test_client_class = Browser
    app.config["WTF_CSRF_ENABLED"] = False
    from web.extensions import db

    with app.app_context():
        watching.watch(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()
    with owner() as connection:
        _drop(connection, name)


def _database_of(app: Flask) -> str:
    return str(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database)


@pytest.fixture(scope="session")
def with_counties(application: Flask, template: str) -> Iterator[str]:
    """A template with two counties, their people and keys, and a confirmed partnership (tests.world)."""
    from tests import world
    from web.extensions import db

    name = f"t_{RUN}_{WORKER}_pair"
    with application.app_context():
        world.build()
        db.engine.dispose()
    _copy(name, _database_of(application))
    yield name
    with owner() as connection:
        _drop(connection, name)


@pytest.fixture
def fresh(application: Flask, with_counties: str) -> Iterator[Flask]:
    """The application on a database of its own with two counties; an application context is open."""
    from web.extensions import db, valkey

    with application.app_context():
        db.engine.dispose()
        _copy(_database_of(application), with_counties)
        valkey.client.flushdb()
        yield application


@pytest.fixture
def pair(fresh: Flask) -> Any:
    """The two counties of the test: `pair.home` (岳西) and `pair.host` (余杭)."""
    from tests import world

    return world.load()


@pytest.fixture(scope="session")
def with_agreement(application: Flask, with_counties: str) -> Iterator[str]:
    """A template in which the two counties also have an agreement in effect, by the real walk (world.agree)."""
    from tests import world
    from web.extensions import db, valkey

    name = f"t_{RUN}_{WORKER}_agreed"
    with application.app_context():
        db.engine.dispose()
        _copy(_database_of(application), with_counties)
        valkey.client.flushdb()
        world.agree(world.load())
        db.engine.dispose()
    _copy(name, _database_of(application))
    yield name
    with owner() as connection:
        _drop(connection, name)


@pytest.fixture
def agreed(fresh: Flask, with_agreement: str) -> Any:
    """The two counties with an agreement in effect from today: `agreed.home`, `agreed.host`, `agreed.ref`. Without
    walking it anew: use this rather than `pair` and `world.agree`.
    """
    from tests import world
    from web.extensions import db, valkey

    db.engine.dispose()
    _copy(_database_of(fresh), with_agreement)
    valkey.client.flushdb()
    return world.load_agreed()


@pytest.fixture
def work(fresh: Flask) -> Callable[[], int]:
    """Run every waiting job, as the workers would, until the queues are empty; returns how many ran."""
    from tests.workers import run_all

    return run_all
