"""The register page: with 300 counties (50,000 members) in the tables against 3 of the same size; and of a county of 50,000
through the whole application against the same query and template in bare Flask and psycopg. Goals ≤ 1.1 and ≤ 1.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import pytest
from flask import Flask, g, template_rendered
from flask.testing import FlaskClient
from sqlalchemy import event

from tests import conftest, watching
from tests.benchmarks.crowds import EACH, FEW, IN_ALL, MANY, Crowd, Person, fill
from tests.benchmarks.measuring import Work, compare
from tests.blueprints.test_auth import sign_in
from web.extensions import db
from web.tenants.register import service

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


@dataclass
class Stand:
    """An application on a database, and a signed-in browser."""

    app: Flask
    browser: FlaskClient
    address: str

    def page(self) -> str:
        answer = self.browser.get(self.address)
        assert answer.status_code == 200
        return str(answer.text)


def _stand(app: Flask, side: Any) -> Stand:
    browser = app.test_client()
    assert sign_in(browser, side).status_code == 303
    return Stand(app, browser, f"/{side.code}/members/")


def _asked(stand: Stand) -> tuple[list[tuple[str, Any]], str, dict[str, Any]]:
    """The statements of the page with their values, its template and what it is filled with."""
    statements: list[tuple[str, Any]] = []
    filled: list[tuple[Any, dict[str, Any]]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        statements.append((statement, values))

    def keep(sender: Any, template: Any, context: dict[str, Any], **more: Any) -> None:
        filled.append(
            (template, context | {"me": context["me"]._get_current_object()})
        )  # the person, not the request's

    with stand.app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        with template_rendered.connected_to(keep, stand.app):
            stand.page()
        event.remove(db.engine, "before_cursor_execute", note)
    return statements, filled[-1][0].name, filled[-1][1]


def _bare(
    stand: Stand, connection: psycopg.Connection[Any], tenant_id: int, asked: Sequence[tuple[str, Any]], template: str, filled: dict[str, Any]
) -> FlaskClient:  # fmt: skip
    """Flask with one view: these statements in psycopg as the application's role, and the template. No session, no policy."""
    ours, county = stand.app, filled["county"]
    app = Flask("bare", root_path=ours.root_path, static_folder=ours.static_folder)
    app.testing, app.secret_key, app.extensions = True, "bare", ours.extensions
    app.jinja_env, app.url_map = ours.jinja_env, ours.url_map
    app.url_default_functions, app.view_functions = ours.url_default_functions, dict(ours.view_functions)
    kept = {name: value for name, value in filled.items() if name not in ("g", "request", "session", "config")}

    def view(**of_the_address: str) -> str:
        g.county = county
        connection.execute(f"SET LOCAL app.tenant = '{tenant_id}'")
        for said, values in asked:
            connection.execute(said, values).fetchall()
        connection.commit()
        return str(app.jinja_env.get_template(template).render(kept))

    app.view_functions["members.index"] = view
    return app.test_client()


def test_the_register_page_does_not_feel_the_other_counties(
    fresh: Flask, pair: Any, many: Crowd, proved: Any, quiet: None
) -> None:
    few = Crowd(fresh, conftest._database_of(fresh))
    fill(few, {pair.home.tenant_id: EACH, **{1000 + n: EACH for n in range(1, FEW)}})
    with watching.paused():
        alone, crowded = _stand(fresh, pair.home), _stand(many.app, pair.home)
        assert alone.page().count("<tr") == crowded.page().count("<tr") == service.PAGE + 1
        found = compare(
            f"register page, {MANY} counties ÷ {FEW} counties",
            crowded.page, alone.page, 10, Work.on(few.database, many.database),
        )  # fmt: skip
    assert found.ratio <= 1.1
    proved("benchmarks", 1)


def test_the_register_page_of_a_large_county(
    pair: Any, populous: tuple[Crowd, list[Person]], proved: Any, quiet: None
) -> None:
    crowd, tenant_id = populous[0], pair.home.tenant_id
    big = _stand(crowd.app, pair.home)
    shown = big.page()
    statements, template, filled = _asked(big)
    listed = [s for s in statements if "member.name_pinyin" in s[0] or ("count(*)" in s[0] and "FROM member" in s[0])]
    ratios = []
    with psycopg.connect(crowd.app.extensions["kiteline"].database_url.replace("+psycopg", "")) as connection:
        for name, asked in (("its list and total", listed), ("all its statements", statements)):
            bare = _bare(big, connection, tenant_id, asked, template, filled)
            answer = bare.get(big.address)
            assert answer.status_code == 200 and answer.text.count("<tr") == shown.count("<tr") == service.PAGE + 1
            ratios.append(compare(
                f"register page at {IN_ALL:,} members, whole application ÷ bare Flask and psycopg with {name}",
                big.page, partial(bare.get, big.address), 6, Work.on(crowd.database),
            ))  # fmt: skip
    assert all(found.ratio <= 1.5 for found in ratios)
    proved("benchmarks", 2)
