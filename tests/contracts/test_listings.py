"""Every declared list: its page, its tools and what is taken out of it say the same; who may not read it is told nothing;
every condition can be turned round, and nothing falls between the two.

A list that is declared falls under it by itself; one that stands in tabs says here which address shows it.
"""

from __future__ import annotations

import re
from ast import unparse
from datetime import UTC, date, datetime
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from flask import g
from sqlalchemy import Boolean, Column
from sqlalchemy.sql import visitors

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_home import actor
from tests.contracts.lists import TABS, page_of
from tests.contracts.source import calls
from tests.contracts.test_query_budgets import LIST, counted
from tests.contracts.test_source import home_of
from tests.reports.world import build_with_half_year, load_lived
from web.core import events, fence
from web.extensions import Model, db
from web.federation.agreements import templates
from web.federation.agreements.models import Agreement
from web.federation.handovers.models import Handover
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.labels import service as labels
from web.tenants.transfers.models import RelationTransfer
from web.tenants.workbench.listings import LISTINGS, cells

__all__ = ["build_with_half_year", "load_lived"]

BEHIND = {"behind_flow", "behind_handover", "behind_referral"}
"""Of the rows behind a number those the world has some of, to narrow and to label."""
DECLARED = {
    "members.index", "away.index", "activities.index", "handovers.index", "transfers.index", "referrals.index", "shared.index",
    "shares.index", "cosigning.index", "requests.index", "agreements.index", "events.index",
    "transfers.letters", "organisations.index", "accounts.index", "figures.rows", "tasks.index", "imports.index",
    "peers.index", "labels.index", "agreements.template_list", "agreements.responsibilities", "workbench.recycled", "reports.reports_made", "imports.rows",
}  # fmt: skip


def test_every_list_is_what_is_taken_out_of_it(application, lived, proved):
    side = lived.walk.pair.home
    assert {listing.endpoint for listing in LISTINGS.values()} >= DECLARED
    filled = set()
    with lived.later(20):
        browser, stranger = application.test_client(), {}
        assert sign_in(browser, side).status_code == 303
        with side.act():
            agreement = db.session.scalars(db.select(Agreement)).first()
            templates.save(agreement.id, "常用的协议")
            fence.commit()
        for name, listing in LISTINGS.items():
            query = TABS.get(name, "")
            page = page_of(application, side, listing)
            with application.app_context(), side.act():  # as in a worker, which has no page: an export walks it there
                who = actor(side, Role.COUNTY_ADMIN)
                with events.by(who):
                    lines = list(listing.walk(query, who, False))
                    said = [cells(listing.columns, line) for line in lines]
                    total = listing.total(query, who)
                looked = db.session.info.pop("readings.opened", {})
                # What another county takes back is destroyed within a day, in the workbooks made of it too.
                assert listing.holds_shared or not looked, name
            assert len(lines) == total, name
            assert all(isinstance(text, str) for line in said for text in line)
            assert len({c.name for c in listing.columns}) == len(listing.columns), name
            filled |= {name} if lines else set()
            ask = f"?{query}" if query else ""
            tools = f"/{side.code}/workbench/{name}"
            shown = unescape(browser.get(f"/{side.code}{page}{ask}").text)
            for tool in ("columns", "copy", "export"):
                assert f"{tools}/{tool}" in shown or not lines, (name, tool)
                assert browser.get(f"{tools}/{tool}{ask}").status_code == 200, (name, tool)
            copied = unescape(browser.get(f"{tools}/copy{ask}").text)
            assert "\t".join(c.title for c in listing.chosen()) in copied, name
            others = [c for c in listing.columns if not c.is_standard]
            if others and lines:
                chosen = [c.name for c in listing.chosen()[1:]] + [others[-1].name]
                assert browser.post(f"{tools}/columns{ask}", data={"column": chosen}).status_code == 303
                assert others[-1].title in unescape(browser.get(f"/{side.code}{page}{ask}").text), name
                assert browser.post(f"{tools}/columns{ask}", data={"act": "standard"}).status_code == 303
            kept = browser.post(f"{tools}/filters/new{ask}", data={"title": f"常用的{listing.title}", "is_shared": "1"})
            assert kept.status_code == 303, (name, kept.text[:300])
            if lines:
                assert f"常用的{listing.title}" in unescape(browser.get(f"/{side.code}{page}{ask}").text), name
            for role in (r for r in Role if listing.permission not in GRANTS[r] and Permission.SELF_WRITE in GRANTS[r]):
                if role not in stranger:
                    stranger[role] = application.test_client()
                    sign_in(stranger[role], side, role.value)
                assert stranger[role].get(f"{tools}/columns").status_code == 404, (name, role)
    assert (
        filled
        >= {
            "members",
            "away",
            "agreements",
            "events",
            "shares",
            "tasks",
            "transfers_ended",
            "referrals_out",
        }
        | BEHIND
    ), filled
    proved("declared lists", len(LISTINGS))


DAYS = {
    "agreements": "begun", "accounts": "opened", "behind_request": "begun", "handovers": "begun", "handovers_ended": "ended",
    "referrals_in": "sent", "referrals_out": "sent", "referrals_over": "sent", "shares": "since", "transfers": "begun",
    "transfers_ended": "ended",
}  # fmt: skip
"""Columns that say the day of an instant."""


class _AtNight:
    """A line of any list, whose every instant is one o'clock at night in China: seventeen of the day before by the database."""

    def __getattr__(self, name: str) -> Any:
        return datetime(2026, 11, 22, 17, tzinfo=UTC) if name == "at" or name.endswith("_at") else self


def test_the_day_of_an_instant_is_the_one_in_china(application):
    for name, which in DAYS.items():
        said = next(c for c in LISTINGS[name].columns if c.name == which).text(_AtNight())
        assert said == date(2026, 11, 23), (name, said)


# Facets without 为空 though a column of theirs may be empty, and why: none of them asks for the value of that column.
NEVER_EMPTY = {
    "deleted": "what stands in the recycle bin was deleted on some day",
    "org": "every member is in a branch; the away branch only widens it",
    "transfer": "not under way is the answer no, not an empty one",
    "late": "a proof that is overdue, or is not",
    "use": "an account waits for its role, is new, in use or closed: always one of four",
    "standing": "what became of a letter follows from several days, and is always one of four",
    "line": "how a channel stands follows from its partner and its messages, and is always one of five",
}

# Lists whose foot says no total, and why.
NO_TOTAL = {"events": "the log is long, and nobody works it off", "organisations": "a tree, shown whole"}


def test_every_condition_can_be_turned_round(application, lived, proved):
    """Rows with ∪ rows without = all, and none is in both; 为空 is offered wherever nothing may stand. A narrowed page says
    how many it found, within the budget of queries.
    """
    side, narrowed = lived.walk.pair.home, dict[str, int]()
    with lived.later(20):
        browser = application.test_client()
        assert sign_in(browser, side).status_code == 303
        for name, listing in LISTINGS.items():
            tab = TABS.get(name, "")
            shown = unescape(browser.get(f"/{side.code}{page_of(application, side, listing)}?{tab}").text)
            offered: dict[str, list[str]] = {}
            for facet, value in re.findall(r'<option value="([a-z_]+):([^"]*)"', shown):
                offered.setdefault(facet, []).append(value)
            assert 'name="how"' in shown, name
            with side.act(), application.test_request_context(f"/{side.code}/"):
                g.county = side
                who = actor(side, Role.COUNTY_ADMIN)
                with events.by(who):
                    every = listing.total(tab, who)
                    for facet in listing.facets():
                        values = offered.get(facet.name, [""] if facet.empty is not None else [])
                        assert ("" in values) == (facet.empty is not None), (name, facet.name)
                        values = [v for v in values if v][:2] + [v for v in values if not v] or [
                            "2026-05-01" if facet.kind == "date" else "2026-05"
                        ]
                        # The register leaves out who is no longer in it, unless the relation is asked for.
                        total = listing.total(f"{tab}&not_relation=-", who) if facet.name == "relation" else every
                        for value in values:
                            yes, no = (
                                listing.total(f"{tab}&{key}={value}", who) for key in (facet.name, f"not_{facet.name}")
                            )
                            assert yes + no == total, (name, facet.name, value, yes, no, total)
                            narrowed[name] = narrowed.get(name, 0) + (0 < yes < total)
                        walked = sum(1 for _ in listing.walk(f"{tab}&not_{facet.name}={value}", who, False))
                        assert walked == no, (name, facet.name)
            path = f"/{side.code}{page_of(application, side, listing)}?{tab}&not_{facet.name}={value}"
            with counted() as asked:
                page = unescape(browser.get(path).text)
            assert len(asked) <= LIST, (path, asked)
            said = re.search(r"，共 ([\d,]+) ", page)
            assert not no or name in NO_TOTAL or (said and said[1] == str(no)), (path, said, no)
        # What no row can be is asked for in vain, and a place that is none is the beginning.
        letters, marks = (page_of(application, side, LISTINGS[name]) for name in ("letters", "labels"))
        for path in (
            f"{letters}?year=99999999999",
            f"{letters}?after=2026~99999999999",
            f"{marks}?after=%00~{UUID(int=1)}",
        ):
            assert browser.get(f"/{side.code}{path}").status_code == 200, path
    assert {"members", "away", "events", "referrals_out", "shares"} <= {n for n, k in narrowed.items() if k}, narrowed
    proved("conditions turned round", sum(len(listing.facets()) for listing in LISTINGS.values()))


def test_each_ones_own_tasks_and_imports_stay_ones_own(application, lived):
    """Another person's are in no page, walk, export or copy; the clerk sees everybody's."""
    side = lived.walk.pair.home
    with lived.later(20):
        clerk, officer = application.test_client(), application.test_client()
        assert sign_in(clerk, side).status_code == sign_in(officer, side, "township_officer").status_code == 303
        for browser in (clerk, officer):
            sent = {"file": (BytesIO(b"no workbook"), f"{'clerk' if browser is clerk else 'officer'}.xlsx")}
            assert browser.post(f"/{side.code}/imports/", data=sent).status_code == 303
        for name, page in (("tasks", "tasks/"), ("imports", "imports/")):
            for address in (page, f"workbench/{name}/copy"):
                everybodys, own = (b.get(f"/{side.code}/{address}").text for b in (clerk, officer))
                assert "officer.xlsx" in everybodys and "clerk.xlsx" in everybodys, address
                assert "officer.xlsx" in own and "clerk.xlsx" not in own, address
            with side.act():
                seen = {}
                for role in (Role.COUNTY_ADMIN, Role.TOWNSHIP_OFFICER):
                    who = actor(side, role)
                    with events.by(who):
                        seen[role] = len(list(LISTINGS[name].walk("", who, False)))
                        assert seen[role] == LISTINGS[name].total("", who)
                assert seen[Role.COUNTY_ADMIN] > seen[Role.TOWNSHIP_OFFICER] >= 1, name


# Lists whose rows have no labels of their own, and why.
UNLABELLED = {
    "members": "theirs stand in the register, in bulk with the rest",
    "away": "rows are members, who have theirs in the register",
    "events": "the log is only added to",
    "tasks": "a task is gone from its list in a month",
    "behind_flow": "rows are flows of members, who have theirs in the register",
    "behind_line": "a line is its record's, which has labels",
    "accounts": "what is said of an account is its role and its state, by two hands",
    "agreement_templates": "a template is no work: it is begun with, and deleted",
    "responsibilities": "a responsibility is its agreement's, which has labels",
    "reports": "a report is its agreement's, which has labels",
    "labels": "they are the labels",
    "import_rows": "a row is gone with its file; who came of it is in the register",
    "bin": "what is deleted has what it had, unseen",
}


def test_rows_of_every_list_have_the_countys_labels(application, lived):
    """Ticked on a row, shown, narrowed by as on members, put back; within the budget; not by who may not."""
    side, other, tried = lived.walk.pair.home, lived.walk.pair.host, set()
    assert {name for name, listing in LISTINGS.items() if listing.labelled is None} == set(UNLABELLED)
    with lived.later(20):
        browser, leader, stranger = (application.test_client() for _ in range(3))
        assert sign_in(browser, side).status_code == sign_in(leader, side, "leader_readonly").status_code == 303
        assert sign_in(stranger, other).status_code == 303
        for title in ("督办", "已核"):
            assert browser.post(f"/{side.code}/labels", data={"title": title, "colour": "blue"}).status_code == 303
        with side.act():
            watched, checked = (next(x for x in labels.every() if x.title == t).id for t in ("督办", "已核"))
        for name, listing in LISTINGS.items():
            if listing.labelled is None:
                continue
            tab = TABS.get(name, "tab=arrived" if name == "referrals_in" else "")

            def found(more: str, tab=tab, listing=listing) -> list[UUID]:
                with side.act(), application.test_request_context(f"/{side.code}/"):
                    g.county = side
                    who = actor(side, Role.COUNTY_ADMIN)
                    with events.by(who):
                        lines = [listing.labelled.id_of(x) for x in listing.walk(f"{tab}&{more}", who, False)]
                        assert listing.total(f"{tab}&{more}", who) == len(lines), (listing.name, more)
                        return lines

            if not (every := found("label=")):
                continue
            tried.add(name)
            first, page = every[0], f"/{side.code}{page_of(application, side, listing)}?{tab}"
            address = f"/{side.code}/workbench/{name}/rows/{first}/labels?of={quote(tab)}"
            assert "督办" in browser.get(address).text
            assert leader.get(address).status_code in (403, 404) and leader.post(address).status_code in (403, 404)
            theirs = stranger.get(address.replace(side.code, other.code, 1))
            assert theirs.status_code in (200, 404) and "督办" not in theirs.text, "labels stay in their county"
            assert browser.post(address, data={"label": [str(watched), str(checked)]}).status_code == 303
            assert browser.post(address, data={"label": [str(watched)]}).status_code == 303
            assert found(f"label={watched}") == [first] and found(f"label={checked}") == []
            assert set(found(f"not_label={watched}")) == set(every) - {first} == set(found("label="))
            tools = f"/{side.code}/workbench/{name}/columns"
            assert browser.post(f"{tools}?{tab}", data={"column": ["labels"]}).status_code == 303
            with counted() as asked:
                shown = browser.get(f"{page}&label={watched}").text
            assert '<span class="label blue">督办</span>' in shown and len(asked) <= LIST, (name, len(asked))
            assert f'<option value="label:{watched}">督办' in shown and f"rows/{first}/labels?" in unescape(shown)
            undo = re.findall(r'action="([^"]+/undo/[^"]+)"', shown)
            assert browser.post(undo[-1]).status_code == 303, "the second ticking is put back"
            assert found(f"label={checked}") == [first], name
            assert browser.post(address, data={}).status_code == 303 and found(f"label={watched}") == []
            # Many at once: the ticked, of which only what stands on the list counts, and all that match, asked again.
            many, acts = f"/{side.code}/workbench/{name}/labels", {"query": tab, "label": [f"on:{watched}", "keep:"]}
            ticked = acts | {"id": [str(first), str(uuid4())]}
            assert f'formaction="{many}"' in shown and leader.post(many, data=ticked).status_code in (403, 404), name
            assert browser.post(many, data=ticked | {"act": "apply", "label": []}).status_code == 422
            preview = browser.post(many, data=ticked | {"act": "preview"}).text
            assert "将改 1 " in preview and found(f"label={watched}") == [], name
            assert browser.post(many, data=ticked | {"act": "apply"}).status_code == 303
            assert found(f"label={watched}") == [first], name
            matching = acts | {"all_matching": "1", "act": "apply"}
            done = browser.post(many, data=matching)
            assert done.status_code == 303 and found(f"label={watched}") == every == found(f"not_label={checked}"), name
            undo = re.findall(r'action="([^"]+/undo/[^"]+)"', browser.get(done.location).text) if every[1:] else []
            assert not undo or browser.post(undo[-1]).status_code == 303
            assert found(f"label={watched}") == ([first] if len(every) < 21 else every), name
            assert browser.post(many, data=matching | {"label": [f"off:{watched}"]}).status_code == 303
            assert found(f"label={watched}") == [], name
        assert re.search("贴标签：.{0,4}督办", re.sub("<[^>]+>", "", browser.get(f"/{side.code}/events").text))
    assert tried >= {"organisations", "agreements", "shares", "referrals_out", "handovers_ended", "transfers_ended"}, (
        tried
    )


# What the rooms of labelled rows do delete, and what it is.
DELETED = {
    ("web/federation/post/keys.py", "key"): "a partner's key that nobody pinned; the partner stays",
    ("web/federation/cosigning/service.py", "line"): "a line of an open record; the record stays",
    ("web/federation/agreements/duties.py", "row"): "a day that no text asks for any more; the agreement stays",
    ("web/federation/handovers/effects.py", "member"): "a member's provisional row: members have their own labels",
    ("web/federation/referrals/packets.py", "row"): "the working copy of what crossed; the referral stays",
    ("web/tenants/imports/service.py", "row"): "a heading that was told wrongly",
    ("web/tenants/imports/service.py", "member"): "a member of an import taken back: members have their own labels",
    ("web/tenants/activities/service.py", "row"): "a line of attendance",
    ("web/tenants/activities/study.py", "row"): "a credit in a member's file",
}


def test_a_row_that_has_labels_is_never_deleted(application, proved):
    """A label on a row points at whatever row it is, so nothing takes it along; nothing has to: what these lists hold ends,
    is closed or annulled, and stays. Who deletes such a row deletes its `RowLabel` in the same verb, and says so here.
    """
    models: set[Any] = {Handover, RelationTransfer}  # in one list, whose ids are of either
    mapped = {m.local_table: m.class_ for m in Model.registry.mappers}
    for listing in LISTINGS.values():
        if listing.labelled is not None:
            asked = next(f for f in listing.facets() if f.name == "row").where([str(UUID(int=1))])
            tables = {getattr(c, "table", None) for c in visitors.iterate(asked)}
            models |= {mapped[table] for table in tables if table in mapped}
    assert len(models) >= 9, models
    for model in models:
        keys = model.__table__.foreign_key_constraints
        assert not [k.name for k in keys if k.ondelete == "CASCADE"], f"{model.__name__} goes with another row"
    names, rooms = {f"{m.__module__}.{m.__name__}" for m in models}, tuple(home_of(m) for m in models)
    deleted = set()
    for call in calls():
        if call.last == "delete" and call.node.args:
            assert call.resolve(call.node.args[0]) not in names, f"{call.where}: its labels stay behind"
            if call.name.endswith("session.delete") and call.path.startswith(rooms):
                deleted.add((call.path, unparse(call.node.args[0])))
    assert deleted == set(DELETED)
    proved("models whose rows have labels and stay", len(models))


def test_a_day_at_the_end_of_the_calendar_asks_for_nothing(application):
    last = {"date": "9999-12-31", "month": "9999-12"}
    with application.app_context():
        for name, listing in LISTINGS.items():
            for facet in (f for f in listing.facets() if f.kind in last):
                assert not listing.asked(f"{facet.name}={last[facet.kind]}").conditions(), (name, facet.name)


def test_empty_can_be_asked_wherever_nothing_may_stand():
    for name, listing in LISTINGS.items():
        for facet in listing.facets():
            sample = next(iter(facet.choices), "") if isinstance(facet.choices, dict) else str(UUID(int=1))
            asked = facet.where([sample or ("2026-05" if facet.kind == "month" else "2026-05-01")])
            columns = [c for c in visitors.iterate(asked) if isinstance(c, Column) and c.table is not None]
            can_be_empty = any(c.nullable and not isinstance(c.type, Boolean) for c in columns)
            assert not can_be_empty or facet.empty is not None or facet.name in NEVER_EMPTY, (name, facet.name)
