"""Every declared list: its page, its tools and what is taken out of it say the same; who may not read it is told nothing.

A list that is declared falls under it by itself; one that stands in tabs says here which address shows it.
"""

from __future__ import annotations

from html import unescape

from flask import g, url_for

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_home import actor
from tests.reports.world import build_with_half_year, load_lived
from web.core import events
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.listings import LISTINGS, cells

__all__ = ["build_with_half_year", "load_lived"]

TABS = {
    "handovers_ended": "tab=out",
    "referrals_out": "tab=out",
    "referrals_in": "tab=inbox",
    "referrals_over": "tab=over",
    "transfers_decided": "tab=decided",
    "transfers_ended": "tab=out",
}
DECLARED = {
    "members.index", "away.index", "activities.index", "handovers.index", "transfers.index", "referrals.index", "shared.index",
    "shares.index", "cosigning.index", "requests.index", "agreements.index", "events.index",
}  # fmt: skip


def test_every_list_is_what_is_taken_out_of_it(application, lived, proved):
    side = lived.walk.pair.home
    assert {listing.endpoint for listing in LISTINGS.values()} >= DECLARED
    filled = set()
    with lived.later(20):
        browser, stranger = application.test_client(), {}
        assert sign_in(browser, side).status_code == 303
        for name, listing in LISTINGS.items():
            query = TABS.get(name, "")
            with side.act(), application.test_request_context(f"/{side.code}/"):
                g.county = side
                who = actor(side, Role.COUNTY_ADMIN)
                with events.by(who):
                    lines = list(listing.walk(query, who, False))
                    said = [cells(listing.columns, line) for line in lines]
                    total, page = listing.total(query, who), url_for(listing.endpoint)
            assert len(lines) == total, name
            assert all(isinstance(text, str) for line in said for text in line)
            assert len({c.name for c in listing.columns}) == len(listing.columns), name
            filled |= {name} if lines else set()
            ask = f"?{query}" if query else ""
            tools = f"/{side.code}/workbench/{name}"
            shown = unescape(browser.get(page + ask).text)
            for tool in ("columns", "copy", "export"):
                assert f"{tools}/{tool}" in shown or not lines, (name, tool)
                assert browser.get(f"{tools}/{tool}{ask}").status_code == 200, (name, tool)
            copied = unescape(browser.get(f"{tools}/copy{ask}").text)
            assert "\t".join(c.title for c in listing.chosen()) in copied, name
            others = [c for c in listing.columns if not c.is_standard]
            if others and lines:
                chosen = [c.name for c in listing.chosen()[1:]] + [others[-1].name]
                assert browser.post(f"{tools}/columns{ask}", data={"column": chosen}).status_code == 303
                assert others[-1].title in unescape(browser.get(page + ask).text), name
                assert browser.post(f"{tools}/columns{ask}", data={"act": "standard"}).status_code == 303
            kept = browser.post(f"{tools}/filters/new{ask}", data={"title": f"常用的{listing.title}", "is_shared": "1"})
            assert kept.status_code == 303, (name, kept.text[:300])
            if lines:
                assert f"常用的{listing.title}" in unescape(browser.get(page + ask).text), name
            for role in (r for r in Role if listing.permission not in GRANTS[r] and Permission.SELF_WRITE in GRANTS[r]):
                if role not in stranger:
                    stranger[role] = application.test_client()
                    sign_in(stranger[role], side, role.value)
                assert stranger[role].get(f"{tools}/columns").status_code == 404, (name, role)
    assert filled >= {"members", "away", "agreements", "events", "shares", "transfers_ended", "referrals_out"}, filled
    proved("declared lists", len(LISTINGS))
