"""What is large and read by several benchmarks is built once: 50,000 members in 300 counties, and 50,000 in one."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests import conftest, states
from tests.benchmarks.crowds import EACH, MANY, Crowd, Person, fill, invent
from tests.states import State
from web import create_app
from web.extensions import db


@pytest.fixture
def quiet() -> Iterator[None]:
    """Without a line in the log for every request."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _application(name: str, template: str, counties: State) -> Iterator[Crowd]:
    """An application of its own on a database with the two counties of every test."""
    database = f"t_{conftest.RUN}_{conftest.WORKER}_{name}"
    conftest._copy(database, template)
    with conftest.owner(database) as connection:
        states.bring_back(connection, counties)
    app = create_app(conftest._settings(database))
    app.testing, app.config["WTF_CSRF_ENABLED"] = True, False
    app.test_client_class = conftest.Browser
    yield Crowd(app, database)
    with app.app_context():
        db.engine.dispose()
    with conftest.owner() as connection:
        conftest._drop(connection, database)


@pytest.fixture(scope="session")
def many(template: str, with_counties: State) -> Iterator[Crowd]:
    """300 counties of one size, the two of the test among them."""
    for crowd in _application("many", template, with_counties):
        fill(crowd, dict.fromkeys([1, 2, *range(1001, 999 + MANY)], EACH))
        yield crowd


@pytest.fixture(scope="session")
def populous(template: str, with_counties: State) -> Iterator[tuple[Crowd, list[Person]]]:
    """50,000 members in the county at home, each with a name and numbers that are found; and who they are."""
    for crowd in _application("populous", template, with_counties):
        yield crowd, invent(crowd, 1)
