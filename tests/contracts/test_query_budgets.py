"""Every page that lists something asks the same few queries however long the list is; a new list falls under it by itself.

Measured on half a year of two counties (tests.reports.world); what stands in MORE is then made more of, and the pages
are asked again. A page nobody wrote a line for here is held to the budget all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import event

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.contracts.test_policies import routes
from tests.federation.handovers.test_illegal_moves import in_state
from tests.reports.world import build_with_half_year, load_lived
from web.blueprints.figures import subjects
from web.core import clock, events, fence
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.agreements import standing
from web.federation.agreements.models import Agreement, AgreementState, AgreementVersion
from web.federation.handovers.models import HandoverState
from web.reports.directions import MONTH_SERIES
from web.reports.rows import BOTH
from web.tenants.accounts.models import Account
from web.tenants.counties import service as counties
from web.tenants.flows import service as flows
from web.tenants.members import service as members

__all__ = ["build_with_half_year", "load_lived"]

LIST, HOME = 6, 8
"""Queries a page may ask, the county's, the session's and the navigation's included."""


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


def more_agreements(side: world.Side, many: int) -> None:
    """Drafts with the text of an agreement that is there."""
    known = db.session.scalars(db.select(AgreementVersion).where(AgreementVersion.text.is_not(None))).first()
    kept = {k: v for k, v in known.text.items() if k not in ("number", "level", "parties")}
    partners = [
        party.uid
        for party in standing.parties(db.session.get(Agreement, (known.tenant_id, known.agreement_id)))
        if party.uid != counties.own().uid
    ]
    for _ in range(many):
        agreements.begin(partners, kept)


def more_members(side: world.Side, many: int) -> None:
    """Members of our own, away since the winter."""
    for n in range(many):
        member = members.enroll(
            side.orgs["示例村支部"], name=f"周示{NUMERALS[n]}", gender="1", member_kind="1", birth_on=date(1990, 7, 15)
        )
        flows.depart(member, left_on=date(2026, 2, 1), host_code="330110")


def more_handovers(side: world.Side, many: int) -> None:
    """Handovers another county asked for."""
    for n in range(many):
        handover = in_state(uuid7(), "host", HandoverState.REQUESTED)
        handover.due_on = clock.today()
        handover.keep(name=f"王示{n}")
        handover.person_blind = uuid7().bytes


def more_events(side: world.Side, many: int) -> None:
    """Lines of the log."""
    for _ in range(many):
        events.record("account.open", db.session.scalars(db.select(Account)).first())


MORE = (more_agreements, more_members, more_handovers, more_events)
NUMERALS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地人和春夏秋冬"


Shown = dict[str, tuple[int, int, list[str]]]
"""Address → (status, rows shown, queries asked)."""


def pages(application: Flask, browser: Any, code: str) -> Shown:
    """What is shown by every page of the county that needs nothing but the county."""
    found = Shown()
    for rule, method in routes(application):
        if method == "GET" and rule.arguments == {"county"}:
            path = rule.rule.replace("<county>", code)
            with counted() as asked:
                answer = browser.get(path)
            if answer.mimetype == "text/html":
                found[path] = answer.status_code, answer.text.count("<tr"), list(asked)
    return found


def numbers(application: Flask, browser: Any, side: world.Side) -> dict[str, list[str]]:
    """Address → queries of the rows behind every number, of one partner and under one agreement, where they cost most."""
    found = dict[str, list[str]]()
    with side.act():
        agreement = db.session.scalars(db.select(Agreement).where(Agreement.state == AgreementState.ACTIVE)).first()
        partner = next(p.uid for p in standing.parties(agreement) if p.uid != counties.own().uid)
        asked_for = f"partner={partner}&agreement={agreement.id}"
    for code in [*subjects.codes_of(subjects.SUBJECTS), *MONTH_SERIES, "cosign.persons"]:
        for place in [BOTH] if code in MONTH_SERIES else subjects.sides_of(code):
            path = f"/{side.code}/figures/rows?code={code}&side={place}&{asked_for}"
            with counted() as asked:
                answer = browser.get(path)
            assert answer.status_code == 200, path
            found[path] = list(asked)
    return found


def test_a_longer_list_asks_no_more(application, lived, proved):
    side, short, long = lived.walk.pair.home, Shown(), Shown()
    with lived.later(20):
        browser = application.test_client()
        assert sign_in(browser, side).status_code == 303
        for many in (3, 30):
            with side.act():
                for make in MORE:
                    make(side, many)
                fence.commit()
            pages(application, browser, side.code)  # some things are read once a process
            short, long = long, pages(application, browser, side.code)
    lists = [path for path, (status, rows, _) in long.items() if status == 200 and rows > 1]
    longer = [path for path in lists if long[path][1] > short[path][1] + 20]
    assert len(longer) >= len(MORE), longer
    grew = {
        path: (len(short[path][2]), len(long[path][2])) for path in lists if len(long[path][2]) > len(short[path][2])
    }
    assert not grew
    over = {path: len(long[path][2]) for path in lists if len(long[path][2]) > LIST}
    assert not over, [" ".join(q.split("FROM ")[-1].split())[:70] for path in over for q in ["", *long[path][2]]]
    behind = numbers(application, browser, side)
    over = {path: len(asked) for path, asked in behind.items() if len(asked) > LIST}
    assert not over, [" ".join(q.split("FROM ")[-1].split())[:70] for path in over for q in ["", path, *behind[path]]]
    home = long[f"/{side.code}/"]
    assert home[0] == 200 and len(home[2]) <= HOME, home[2]
    proved("lists within their query budget", len(lists) + len(behind) + 1)
