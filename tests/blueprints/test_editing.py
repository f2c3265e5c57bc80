"""Every list that says what is edited in it: one cell with its conflict, many rows with a preview, the way back, whose it is."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

from flask import g, url_for

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_bulk import browser, side
from tests.blueprints.test_home import actor
from tests.workers import run_all
from web.core import events, fence
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityKind
from web.tenants.flows import service as flows
from web.tenants.labels import service as labels
from web.tenants.labels.models import RowLabel
from web.tenants.members.models import Member
from web.tenants.register import editing
from web.tenants.transfers import letters
from web.tenants.workbench.listings import LISTINGS

__all__ = ["browser", "side"]
OWN = {"members", "away"}
"""Edited by a mechanism of their own, older and richer (register.bulk, members.cell)."""


def test_every_list_is_edited_or_says_why_not():
    for name, listing in LISTINGS.items():
        is_edited = name in editing.EDITINGS or name in OWN
        assert is_edited != bool(listing.fixed), name
        edits = {c.edit for c in listing.columns if c.edit}
        declared = set(editing.EDITINGS[name].fields) if name in editing.EDITINGS else set()
        assert declared <= edits if name in OWN else declared == edits, name


def fill(side):
    """Two activities, one letter, one member away; the tree is there."""
    with side.act(), events.by(actor(side, Role.COUNTY_ADMIN)):
        for title in ("学习党章", "走访慰问"):
            head = activities.Head(
                side.orgs["示例村支部"],
                ActivityKind.THEME_DAY,
                title,
                date(2026, 6, 1),
                "党群服务中心",
                "周例戊",
                90,
            )
            activities.plan(head, actor(side, Role.COUNTY_ADMIN))
        member = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
        flows.depart(member, left_on=date(2026, 1, 5), host_code="330110")
        letters.enter(uuid7(), member, from_org="示例村支部", to_org="外县某支部", valid_days=30)
        fence.commit()


def lines_of(application, side, name, role):
    with side.act(), application.test_request_context(f"/{side.code}/"):
        g.county = side
        who = actor(side, role)
        with events.by(who):
            found = editing.EDITINGS[name]
            ids = [found.id_of(line) for line in LISTINGS[name].walk("", who, False)]
            rows = [(row_id, found.get(row_id, who, False)) for row_id in ids]
            return url_for(LISTINGS[name].endpoint), [
                (row_id, found.title(r), {f: getattr(r, f) for f in found.fields}) for row_id, r in rows
            ]


def test_what_is_declared_is_edited_in_place_and_in_bulk_and_put_back(fresh, browser, side, pair, proved):
    fill(side)
    offered = [(name, found, field) for name, found in editing.EDITINGS.items() for field in found.fields]
    assert len(offered) > len(editing.EDITINGS)
    for name, found, field in offered:
        may = [role for role in Role if found.permission in GRANTS[role]]
        role = Role.COUNTY_ADMIN if Role.COUNTY_ADMIN in may else may[0]
        page, rows = lines_of(fresh, side, name, role)
        row_id = rows[0][0]
        client, tools = browser(role.value), f"/{side.code}/workbench/{name}"
        cell = f"{tools}/rows/{row_id}/{field}"
        # The list leads to the cell, and to the change of many.
        chosen = [c.name for c in LISTINGS[name].columns if c.edit]
        assert client.post(f"{tools}/columns", data={"column": chosen}).status_code == 303
        shown = unescape(client.get(page).text)
        assert f'href="{cell}?next=' in shown and f'formaction="{tools}/bulk"' in shown, name
        # Two saw the same cell; the second is shown both values.
        version = re.search(r'name="version" value="([^"]+)"', client.get(cell).text)[1]
        first = client.post(cell, data={"value": "会议室甲", "version": version, "next": page})
        assert (first.status_code, first.location) == (303, page), name
        for headers in ({}, {"X-Cell": "1"}):
            clash = client.post(cell, data={"value": "会议室乙", "version": version, "next": ""}, headers=headers)
            assert clash.status_code == 412 and "会议室甲" in clash.text.encode().decode(
                "unicode_escape" if headers else "utf-8"
            ), name
        kept = client.post(
            cell, data={"value": "会议室乙", "version": clash.json["version"], "next": ""}, headers={"X-Cell": "1"}
        )
        assert kept.json["words"] == "会议室乙"
        undo = re.search(r'action="([^"]+)"', kept.json["toast"])[1]
        assert client.post(undo).status_code == 303
        now = {i: v for i, _, v in lines_of(fresh, side, name, role)[1]}
        assert now[row_id][field] == "会议室甲", name
        empty = client.post(
            cell, data={"value": "", "version": editing.mark("会议室甲"), "next": ""}, headers={"X-Cell": "1"}
        )
        assert empty.status_code == (422 if field in found.must else 200), name
        # Many: nothing chosen, nothing asked, a preview that writes nothing, the change, the way back.
        before = lines_of(fresh, side, name, role)[1]
        assert client.post(f"{tools}/bulk").status_code == 422
        all_ = {"all_matching": "1", "query": ""}
        assert f"成批修改 {len(rows)} " in unescape(client.post(f"{tools}/bulk", data=all_).text), name
        assert client.post(f"{tools}/bulk", data=all_ | {"act": "preview"}).status_code == 422
        asked = all_ | {f"how-{field}": "set", field: "一楼大厅"}
        told = unescape(client.post(f"{tools}/bulk", data=asked | {"act": "preview"}).text)
        assert f"将修改 {len(rows)} " in told and lines_of(fresh, side, name, role)[1] == before, name
        if name == "away":  # one mechanism for every list
            seen = {"act": "apply", "seen": re.search(r'name="seen" value="(\w+)"', told)[1]}
            assert "与刚才看到的不同" in client.post(f"{tools}/bulk", data=asked | seen | {field: "二楼"}).text
            asked |= seen
        task = client.post(f"{tools}/bulk", data=asked | {"act": "apply"}).location
        run_all()
        result = re.search(r'href="([^"]+/workbench/bulk/[^"]+)"', client.get(task).text)[1]
        done = unescape(client.get(result).text)
        assert f"已改 {len(rows)} " in done, name
        assert {v[field] for _, _, v in lines_of(fresh, side, name, role)[1]} == {"一楼大厅"}, name
        assert client.post(re.search(r'action="([^"]+/workbench/undo/[^"]+)"', done)[1]).status_code == 303
        assert lines_of(fresh, side, name, role)[1] == before, name
        # Another field, another county, another role: not there.
        assert client.get(cell.replace(f"/{field}", "/id")).status_code == 404
        stranger = fresh.test_client()
        sign_in(stranger, pair.host)
        assert stranger.get(cell.replace(side.code, pair.host.code)).status_code == 404
        other = browser(next(r for r in Role if r not in may).value)
        assert other.get(cell).status_code == 404 and other.post(f"{tools}/bulk", data=all_).status_code == 404, name
        assert other.get(result).status_code == 404
    proved("fields of lists edited in place and in bulk", len(offered))


def test_a_list_of_1234_is_edited_and_labelled_whole(browser, side, proved):
    """选择全部 N 条: what is chosen is the question, not the rows, so nobody divides a list of this length by hand."""
    many, client, tools = 1_234, browser(), f"/{side.code}/workbench/activities"
    with side.act():
        label_id = labels.add("督办", "blue").id
        who = actor(side, Role.COUNTY_ADMIN)
        for n in range(many):
            org, day = side.orgs["示例村支部"], date(2026, 6, 1)
            activities.plan(
                activities.Head(org, ActivityKind.THEME_DAY, f"主题党日{n}", day, "会议室", "周例戊", 90), who
            )
        fence.commit()
    all_ = {"all_matching": "1", "query": ""}
    for tool, asked in (("bulk", {"how-place": "set", "place": "一楼大厅"}), ("labels", {"label": [f"on:{label_id}"]})):
        told = client.post(f"{tools}/{tool}", data=all_ | asked | {"act": "preview"})
        assert told.status_code == 200 and f"{many:,}" in told.text, tool
        seen = re.search(r'name="seen" value="(\w+)"', told.text)[1]
        done = client.post(f"{tools}/{tool}", data=all_ | asked | {"act": "apply", "seen": seen})
        assert done.status_code == 303, tool
        run_all()
    with side.act():
        assert db.session.scalar(db.select(db.func.count()).where(Activity.place == "一楼大厅")) == many
        assert db.session.scalar(db.select(db.func.count()).where(RowLabel.label_id == label_id)) == many
    proved("rows of one list changed and labelled whole", many)
