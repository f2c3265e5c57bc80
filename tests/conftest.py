"""Fixtures of the whole suite: real PostgreSQL and Valkey, a database a test, two counties by default."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from playwright import sync_api
from sqlalchemy import make_url

from deploy.proofs import proved, pytest_terminal_summary
from tests import states, watching
from tests.states import EMPTY, State
from web import create_app
from web.config import Settings

# `proved`: what a test counts; the sums are printed before pytest's closing line.
__all__ = ["proved", "pytest_terminal_summary"]

# How long an example takes says how busy the machine is.
examples.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("patient")

Keep = Callable[..., State]
ROOT = Path(__file__).parents[1]
FLASK = (sys.executable, "-m", "flask", "--app", "web")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:8]


class Browser(FlaskClient):
    """A client each of whose requests has an application context of its own, as when served: the open one of `fresh`
    would hand the user and the county in `g` on to the next request."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


def _owner_url(database: str | None = None) -> str:
    """Of one of our databases; without a name, of the one the server was given with."""
    url = make_url(os.environ["KITELINE_OWNER_URL"])
    return url.set(database=database or url.database).render_as_string(hide_password=False)


@contextmanager
def owner(database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
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


def _valkey(url: str, kind: int) -> str:
    """One of the instance's 1,024 Valkey databases, so that flushing it disturbs nobody: the workers of a run never meet in
    one, and two runs seldom. Four kinds a worker, eight workers a run.
    """
    worker = int(WORKER.removeprefix("gw")) % 8 if WORKER.startswith("gw") else 0
    number = 1 + crc32(RUN.encode()) % 31 * 32 + worker * 4 + kind
    return f"{url}{'&' if '?' in url else '?'}db={number}"


def _settings(database: str) -> Settings:
    base = Settings.from_env()
    url = make_url(base.database_url).set(database=database).render_as_string(hide_password=False)
    return Settings(
        url,
        _valkey(base.redis_url, 0),
        base.secret,
        base.field_key,
        base.seal_key,
        owner_url=_owner_url(database),
        public_url="http://localhost",
    )


def environment(database: str, port: int, *, is_sealing: bool) -> dict[str, str]:
    """As deploy/demo hands it out: pages never get the key of the seals."""
    env = os.environ | {
        "DATABASE_URL": make_url(os.environ["DATABASE_URL"])
        .set(database=database)
        .render_as_string(hide_password=False),
        "KITELINE_OWNER_URL": _owner_url(database),
        "REDIS_URL": _valkey(os.environ["REDIS_URL"], 2 if database.endswith("_live") else 1),
        "KITELINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "KITELINE_WEB_PROCESSES": "1",
    }
    if not is_sealing:
        env.pop("KITELINE_SEAL_KEY")
    return env


# What takes longest, begun first: a line a worker, in this order. The second browser begins when the demo is built.
EVERY_PAGE = "tests/browser/test_every_page.py::test_every_page_of_every_role"
LONGEST = (
    (f"{EVERY_PAGE}[340828-county", "tests/browser/test_walk", "tests/browser/test_without", "tests/browser/test_refusals"),
    ("tests/deploy/", f"{EVERY_PAGE}[330110-county", "tests/browser/test_workbench", "tests/blueprints/test_english_pages"),
    (
        "tests/federation/leaks/", "tests/federation/test_chaos", "tests/federation/agreements/", "tests/federation/handovers/",
        "tests/federation/sharing/", "tests/contracts/test_policies", "tests/contracts/test_foreign_ids", "tests/reports/test_rows",
    ),
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker is dealt an equal stretch of the list, and takes from the end of another's when its own is done: so the
    longest stand in front of the stretches, and what is left at the end is short.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    lines = [[item for name in names for item in items if item.nodeid.startswith(name)] for names in LONGEST]
    long = {item for line in lines for item in line}
    short, dealt = (item for item in items if item not in long), list[pytest.Item]()
    for worker in range(workers):
        for line in lines[worker::workers]:
            dealt += line
        dealt += islice(short, max(0, (worker + 1) * len(items) // workers - len(dealt)))
    items[:] = [*dealt, *short]


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
    from web.tenants.accounts import passwords

    # A password of the tests is no secret: sixty-four mebibytes for each would be a tenth of the suite's time.
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
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
def keep(application: Flask, template: str, tmp_path_factory: pytest.TempPathFactory) -> Keep:
    """keep(name, build, on=None): the state of the database that `build` makes of another state, once a run."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if WORKER.startswith("gw") else base

    def kept(name: str, build: Callable[[], Any], on: State = EMPTY) -> State:
        def make() -> State:
            with application.app_context():
                _bring_back(application, template, on)
                value = build()
                with owner(_database_of(application)) as connection:
                    return states.read(connection, name, value)

        return states.once(folder, name, make)

    return kept


_as_migrated: list[tuple[Any, ...]] = []


def _bring_back(app: Flask, template: str, state: State) -> None:
    """The worker's database in this state, Valkey empty; a new database where a test changed the schema."""
    from web.extensions import db, valkey

    with owner(template) as connection:
        if not _as_migrated:
            _as_migrated.append(states.schema_of(connection))
    with owner(_database_of(app)) as connection:
        is_whole = states.schema_of(connection) == _as_migrated[0]
    if not is_whole:
        db.engine.dispose()
        _copy(_database_of(app), template)
    with owner(_database_of(app)) as connection:
        states.bring_back(connection, state)
    valkey.client.flushdb()


@pytest.fixture
def stand(application: Flask, template: str) -> Iterator[Callable[[State], Any]]:
    """stand(state): the database stands in this state now; returns what its builder returned."""

    def put(state: State) -> Any:
        _bring_back(application, template, state)
        return state.value

    with application.app_context():
        yield put


@pytest.fixture(scope="session")
def with_counties(keep: Keep) -> State:
    """Two counties, their people and keys, and a confirmed partnership (tests.world)."""
    from tests import world

    return keep("pair", world.build)


@pytest.fixture
def fresh(application: Flask, stand: Callable[[State], Any], with_counties: State) -> Flask:
    """The application on a database of its own with two counties; an application context is open."""
    stand(with_counties)
    return application


@pytest.fixture
def pair(fresh: Flask) -> Any:
    """The two counties of the test: `pair.home` (岳西) and `pair.host` (余杭)."""
    from tests import world

    return world.load()


@pytest.fixture(scope="session")
def with_agreement(keep: Keep, with_counties: State) -> State:
    """The two counties also have an agreement in effect, by the real walk (world.agree)."""
    from tests import world

    return keep("agreed", lambda: world.agree(world.load()), with_counties)


@pytest.fixture
def agreed(fresh: Flask, stand: Callable[[State], Any], with_agreement: State) -> Any:
    """The two counties with an agreement in effect from today: `agreed.home`, `agreed.host`, `agreed.ref`. Without
    walking it anew: use this rather than `pair` and `world.agree`.
    """
    from tests import world

    stand(with_agreement)
    return world.load_agreed()


@pytest.fixture(scope="session")
def with_third(keep: Keep, with_counties: State) -> State:
    """The two counties and 松阳, a confirmed partner of both (world.third)."""
    from tests import world

    return keep("third", lambda: world.third(world.load()).code, with_counties)


@pytest.fixture
def third(pair: Any, stand: Callable[[State], Any], with_third: State) -> Any:
    """松阳 beside `pair`, which stays as it is."""
    from tests import world

    return world.side(stand(with_third))


@pytest.fixture(scope="session")
def with_three(keep: Keep, with_third: State) -> State:
    """The three also have an agreement in effect, whose hub is the host (world.agree_three)."""
    from tests import world

    return keep("three", lambda: world.agree_three(world.load()), with_third)


@pytest.fixture
def three(pair: Any, stand: Callable[[State], Any], with_three: State) -> Any:
    """(agreement, host, home, third): the agreement of three in effect from today."""
    from tests import world

    agreement_id = stand(with_three).id
    return agreement_id, pair.host, pair.home, world.side(world.THIRD[0])


@pytest.fixture(scope="session")
def build_demo(application: Flask) -> Callable[[], None]:
    """build_demo(): today's demo in the worker's empty database, by the command that deploy/demo runs."""

    def build() -> None:
        env = environment(_database_of(application), 0, is_sealing=True)
        command = (*FLASK, "demo", "build")
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return build


@pytest.fixture(scope="session")
def with_demo(keep: Keep, build_demo: Callable[[], None]) -> State:
    """The whole demo of today, once a run."""
    return keep("demo", build_demo)


@pytest.fixture(scope="session")
def driver() -> Iterator[sync_api.Playwright]:
    """One a worker: two at once do not agree."""
    with sync_api.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(driver: sync_api.Playwright) -> Iterator[sync_api.Browser]:
    browser = driver.chromium.launch(
        executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        args=["--no-sandbox", "--disable-background-networking"],
    )
    yield browser
    browser.close()


@pytest.fixture
def work(fresh: Flask) -> Callable[[], int]:
    """Run every waiting job, as the workers would, until the queues are empty; returns how many ran."""
    from tests.workers import run_all

    return run_all
