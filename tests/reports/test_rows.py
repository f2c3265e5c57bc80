"""Every counted metric, by itself: its number is the length of the list it opens; for each partner, side and role, on the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

import pytest

from tests.contracts.test_query_budgets import counted
from web.core import clock, events, fence
from web.extensions import db
from web.federation.agreements.models import Agreement
from web.federation.post.models import Peer
from web.reports import METRICS, counting, figures
from web.reports.counting import Place
from web.reports.directions import MONTH_SERIES
from web.reports.metrics import change
from web.reports.periods import Period
from web.reports.rows import BOTH, ROWS, Days
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.organisations.models import PartyOrg


@pytest.fixture
def built(stand, with_demo) -> dict[str, int]:
    """Division code → tenant of the demo's counties."""
    stand(with_demo)
    with fence.platform("the demo's counties"):
        return {c.code: c.tenant_id for c in counties.every()}


def actors(*roles: Role) -> Iterator[events.Actor]:
    """Accounts of these roles, with their part of the tree."""
    query = db.select(Account, PartyOrg.path).join(
        PartyOrg, (PartyOrg.tenant_id == Account.tenant_id) & (PartyOrg.id == Account.org_id)
    )
    for role in roles:
        account, path = db.session.execute(query.where(Account.role == role)).first()
        yield events.Actor(account.id, account.name, role.value, account.org_id, path)


def listed(actor, code, side, period, partner_uid, size):
    """The ids of the whole list walked to its end, the same walked back, and how many it says there are."""

    def ids(page):
        return [getattr(line, ROWS[code].room.name).id for line in page.lines]

    page = counting.page(actor, code, side, period, partner_uid, size=size)
    found = ids(page)
    while page.after:
        page = counting.page(actor, code, side, period, partner_uid, after=page.after, size=size)
        found += ids(page)
    back = ids(page)
    while page.before:
        page = counting.page(actor, code, side, period, partner_uid, before=page.before, size=size)
        back = ids(page) + back
    assert back == found and len(set(found)) == len(found)
    return found, page.total


def test_every_number_is_the_length_of_its_list(built, proved):
    checked, some = 0, set()
    for code, roles in (
        ("330110", [Role.COUNTY_ADMIN]),
        ("340828", [Role.COUNTY_ADMIN, Role.TOWNSHIP_OFFICER]),
    ):
        with fence.acting_for(built[code]):
            today = clock.today()
            period = Period(today - timedelta(days=365), today)
            uids = list(db.session.scalars(db.select(Peer.uid).order_by(Peer.code)))
            for actor in actors(*roles):
                (now,) = counting.count(actor, list(ROWS), [period])
                assert {place.partner_uid for place in now} <= set(uids)
                for metric, entry in ROWS.items():
                    for side in entry.room.sides.values():
                        for uid in uids:
                            number = now.get(Place(uid, side), {}).get(metric)
                            ids, total = listed(actor, metric, side, period, uid, size=15)
                            of = (code, actor.role, metric, side)
                            assert total == len(ids), of
                            assert entry.days is not None or (number or 0) == total, of
                            assert entry.days is None or (number is None) == (not ids), of
                            checked += 1
                            some |= {metric} if ids else set()
                    if len(entry.room.sides) == 2 and entry.days is None:
                        of = (code, actor.role, metric, BOTH)
                        each = sum(found.get(metric) or 0 for found in now.values())
                        assert db.session.scalar(counting.length(actor, metric, BOTH, period)) == each, of
                        if metric in MONTH_SERIES:
                            assert len(listed(actor, metric, BOTH, period, None, size=15)[0]) == each, of
                        checked += 1
    assert set(ROWS) - some <= {
        "transfers.expired",
        "requests.refused",
        "requests.void",
        "way.never_came",
        "way.left_early",
        "cosign.unsettled",
    }
    proved("numbers equal to the length of their list", checked)


def test_shares_medians_and_ways_follow_from_rows(built):
    with fence.acting_for(built["340828"]):
        (actor,), today = actors(Role.COUNTY_ADMIN), clock.today()
        halves = [Period.half_of(today), Period.half_of(today).before]
        with counted() as asked:
            both = counting.count(actor, [*ROWS, *(c for c, m in METRICS.items() if m.source == "figures")], halves)
        assert len(asked) == 1, "one statement whatever is asked"
        assert both == tuple(counting.count(actor, list(ROWS), [half])[0] for half in halves), "asked together or alone"
        for place, found in both[0].items():
            for metric in METRICS.values():
                if metric.ratio and all(part in ROWS for part in metric.ratio):
                    share = counting.told(found, metric.code, halves[0])
                    part, whole = (found.get(code) or 0 for code in metric.ratio)
                    assert share.value == (
                        Decimal(part * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else None
                    ), (place, metric.code)
                    assert part <= whole
            way = {code[4:]: n for code, n in found.items() if code.startswith("way.")}
            if way:
                assert way["offered"] == way["accepted"] + way["unanswered"] + way["not_accepted"]
                assert way["accepted"] == way["reported_in"] + way["awaited"] + way["never_came"]
                assert way["reported_in"] == way["taken_on"] + way["arrived"] + way["left_early"]
                assert way["taken_on"] == way["kept"] + way["handed_over"] + way["left"]
        agreements = db.session.scalars(db.select(Agreement.id)).all()
        helped = figures.helped(figures.Span.of(agreements, halves[0]))
        for code in ("requests.opened", "requests.done", "requests.due", "requests.on_time"):
            assert sum(n[code] for n in helped.values()) == sum(found.get(code) or 0 for found in both[0].values()), (
                code
            )
            for kind, n in helped.items():
                rows = counting.length(actor, code, BOTH, halves[0], agreement_ids=agreements, kind=kind)
                assert db.session.scalar(rows) == n[code], (code, kind)
        place = next(place for place, found in both[0].items() if found.get("members.days_to_take_on") is not None)
        entry, span = ROWS["members.days_to_take_on"], Days.passed(halves[0])
        days = db.session.scalars(
            entry.room.select(actor, entry.days).where(entry.where(span), *entry.room.of(place.side, place.partner_uid))
        )
        assert median(days) == both[0][place]["members.days_to_take_on"]
        alone = counting.count(actor, ["members.taken_on"], [halves[0]], place.partner_uid)[0]
        assert {p.partner_uid for p in alone} == {place.partner_uid}
        assert alone[place]["members.taken_on"] == both[0][place]["members.taken_on"]


def test_nothing_to_divide_by_is_no_nought():
    period = Period.half(2026, 1)
    share, days = counting.told({}, "flows.report_in_rate", period), counting.told({}, "transfers.days", period)
    assert share.value is None and METRICS[share.metric].empty == "没有流出"
    assert days.value is None and METRICS[days.metric].empty == "无数据"
    one = counting.told({"members.taken_on": 1}, "members.taken_on", period)
    assert one.text == "1" and not one.is_masked, "our own rows, on our own screen"
    assert change(one, counting.told({}, "members.taken_on", period.before)).text == "+1"
    summed = counting.summed(
        [{"transfers.closed": 1, "transfers.days": 3}, {"transfers.closed": 2, "transfers.days": 9}]
    )
    assert summed == {"transfers.closed": 3}
