"""Every page that lists something asks the same few queries however long the list is; a new list falls under it by itself.

Measured on half a year of two counties (tests.reports.world); every declared list is then made longer (tests.contracts.lists),
and the pages are asked again: a list that did not grow fails. A page nobody wrote a line for is held to the budget all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.contracts.lists import Longer, addresses
from tests.contracts.test_policies import routes
from tests.reports.world import build_with_half_year, load_lived
from web.blueprints.figures import subjects
from web.core import fence
from web.extensions import db
from web.federation.agreements import standing
from web.federation.agreements.models import Agreement, AgreementState
from web.reports.directions import MONTH_SERIES
from web.reports.rows import BOTH
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties

__all__ = ["build_with_half_year", "load_lived"]

LIST, HOME = 6, 8
"""Queries a page may ask, the county's, the session's and the navigation's included."""
FULL = {"events": "the half-year alone fills a page of the log: it stands at its longest both times"}
"""Declared lists whose page does not grow with what they hold, and why."""


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every SELECT of the application in between."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


Shown = dict[str, tuple[int, int, list[str]]]
"""Address → (status, rows shown, queries asked)."""


def asked_for(browser: Any, path: str) -> tuple[Any, list[str]]:
    """The page at an address, and the queries it asked."""
    with counted() as asked:
        answer = browser.get(path)
    return answer, list(asked)


def pages(application: Flask, browser: Any, side: world.Side) -> Shown:
    """What is shown by every declared list, and by every other page of the county that needs nothing but the county."""
    plain = [
        rule.rule.replace("<county>", side.code)
        for rule, method in routes(application)
        if method == "GET" and rule.arguments == {"county"}
    ]
    found = Shown()
    for path in dict.fromkeys([*plain, *addresses(application, side).values()]):
        answer, asked = asked_for(browser, path)
        if answer.mimetype == "text/html":
            found[path] = answer.status_code, answer.text.count("<tr"), asked
    return found


def numbers(application: Flask, browser: Any, side: world.Side) -> dict[str, list[str]]:
    """Address → queries of the rows behind every number, of one partner and under one agreement, where they cost most."""
    found = dict[str, list[str]]()
    with side.act():
        agreement = db.session.scalars(db.select(Agreement).where(Agreement.state == AgreementState.ACTIVE)).first()
        partner = next(p.uid for p in standing.parties(agreement) if p.uid != counties.own().uid)
        narrowed = f"partner={partner}&agreement={agreement.id}"
    for code in [*subjects.codes_of(subjects.SUBJECTS), *MONTH_SERIES, "cosign.persons"]:
        for place in [BOTH] if code in MONTH_SERIES else subjects.sides_of(code):
            path = f"/{side.code}/figures/rows?code={code}&side={place}&{narrowed}"
            answer, found[path] = asked_for(browser, path)
            assert answer.status_code == 200, path
    return found


def test_a_longer_list_asks_no_more(application, lived, proved):
    side, short, long = lived.walk.pair.home, Shown(), Shown()
    with lived.later(20):
        browser = application.test_client()
        assert sign_in(browser, side).status_code == 303
        for many in (3, 30):
            with side.act():
                Longer(side, many)
                fence.commit()
            pages(application, browser, side)  # some things are read once a process
            short, long = long, pages(application, browser, side)
    declared = addresses(application, side)
    not_longer = {name for name, path in declared.items() if long[path][1] <= short[path][1] + 20}
    assert not_longer == set(FULL), not_longer
    lists = [path for path, (status, rows, _) in long.items() if status == 200 and rows > 1]
    grew = {
        path: (len(short[path][2]), len(long[path][2])) for path in lists if len(long[path][2]) > len(short[path][2])
    }
    assert not grew
    # Home has lists of its own in it; the part that comes again while it stands open asks besides whether anything is new, and
    # what its reader was logged to look at already.
    budget = {f"/{side.code}/": HOME, f"/{side.code}/live": HOME + 2}
    over = {path: len(long[path][2]) for path in lists if len(long[path][2]) > budget.get(path, LIST)}
    assert not over, [" ".join(q.split("FROM ")[-1].split())[:70] for path in over for q in ["", *long[path][2]]]
    behind = numbers(application, browser, side)
    over = {path: len(asked) for path, asked in behind.items() if len(asked) > LIST}
    assert not over, [" ".join(q.split("FROM ")[-1].split())[:70] for path in over for q in ["", path, *behind[path]]]
    homes = [role for role in Role if Permission.HOME_READ in GRANTS[role]]
    with lived.later(20):
        for role in homes:
            browser = application.test_client()
            assert sign_in(browser, side, role.value).status_code == 303
            home, asked = asked_for(browser, f"/{side.code}/")
            assert home.status_code == 200 and len(asked) <= HOME, (role, asked)
    proved("lists within their query budget", len(lists) + len(behind))
    proved("home pages within their query budget, one a role", len(homes))
