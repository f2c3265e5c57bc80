"""数据 and the page of a partner: numbers lead to as many rows, who may open them, the sankey's bands, the life of agreements."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from sqlalchemy import func

from tests import world
from tests.contracts.test_query_budgets import LIST, counted
from tests.federation.referrals.walk import clerk
from tests.reports.world import build_with_half_year, load_lived
from web.core import clock, events, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post.models import PEER, Peer
from web.reports import METRICS
from web.reports.directions import MONTH_SERIES
from web.reports.rows import BOTH, ROWS
from web.tenants.accounts.permissions import Role

__all__ = ["build_with_half_year", "load_lived"]
LINK = re.compile(r'<a href="(/\d{6}/figures/[^"]+)"[^>]*>([^<]+)')
CELL = re.compile(r'data-metric="([a-z_.]+)"><a href="([^"]+)"[^>]*>([\d.]+)')


@pytest.fixture
def enter(fresh, lived):
    """Signed in at a county as a role, twenty days into the half-year."""
    with lived.later(20):

        def sign_in(side, role=Role.COUNTY_ADMIN):
            client = fresh.test_client()
            sent = {"username": role.value, "password": world.PASSWORD, "next": ""}
            assert client.post(f"/{side.code}/sign-in", data=sent).status_code == 303
            return client

        yield sign_in


def total_of(page: str) -> int:
    """What the foot of a list says there are; 0 where it is empty."""
    found = re.search(r"，共 (\d+) (?:名|件|场)", page)
    return int(found[1]) if found else 0


def test_each_number_opens_as_many_rows_within_the_budget(enter, lived):
    home, host = lived.walk.home, lived.walk.host
    client = enter(home)
    client.get(f"/{home.code}/figures")  # some things are read once a process
    with counted() as asked:
        page = client.get(f"/{home.code}/figures")
    assert page.status_code == 200 and len(asked) <= LIST, asked
    cells = [(metric, url.replace("&amp;", "&"), text) for metric, url, text in CELL.findall(page.text)]
    assert {"flows.to_partner", "members.taken_on", "flows.report_in_rate", "transfers.closed"} <= {c[0] for c in cells}
    for metric, url, text in cells:
        with counted() as asked:
            opened = client.get(url)
        assert opened.status_code == 200 and len(asked) <= LIST + 2, (metric, len(asked))
        if metric in ROWS and not METRICS[metric].over:
            assert total_of(opened.text) == int(text), (metric, url)
        assert METRICS[(METRICS[metric].ratio or (metric,))[0]].definition in opened.text
    share = next(url for metric, url, _ in cells if metric == "flows.report_in_rate")
    part, whole = client.get(share).text, client.get(share + "&of=whole").text
    assert total_of(part) == 5 and total_of(whole) > 8, "reported in, and all who live there"
    assert "没有办结" in enter(host).get(f"/{host.code}/figures").text or "没有送签" in page.text
    assert "中位数不能相加" not in page.text, "one partner: no total"
    # One of them lives in a county that was only invited: it has no line, and is in no list behind the sum of the lines.
    with home.act():
        invited = Peer(uid=uuid7(), code="331124", name="331124", created_at=clock.now())
        PEER.apply(invited, "invite")
        db.session.add(invited)
        fence.commit()
    of_all = total_of(client.get(f"/{home.code}/figures/rows?code=flows.to_partner&side=home").text)
    assert of_all == int(next(text for metric, _, text in cells if metric == "flows.to_partner"))


def test_a_period_of_ones_own_and_what_is_wrong_with_it(enter, lived):
    home = lived.walk.home
    client, base = enter(home), f"/{home.code}/figures"
    before = (lived.begun - timedelta(days=40)).date().isoformat()
    early = client.get(f"{base}?from={before}&to={before}")
    assert early.status_code == 200 and not [t for m, _, t in CELL.findall(early.text) if m == "members.shared"]
    wrong = client.get(f"{base}?from=2026-02-30&to={before}")
    assert wrong.status_code == 200 and 'value="2026-02-30"' in wrong.text and "日期" in wrong.text
    long_ago = client.get(f"{base}?from=0001-01-01&to=0001-01-01")
    assert (
        long_ago.status_code == 200 and "最早从 2000 年算起" in long_ago.text and 'value="0001-01-01"' in long_ago.text
    )
    for name in ("2026-3", "0001-01-01_0001-01-31"):
        assert client.get(f"{base}?period={name}").status_code == 404, name
    assert client.get(f"{base}/rows?code=flows.to_partner&side=host").status_code == 404, (
        "what lives here is theirs to count"
    )
    assert client.get(f"{base}/rows?code=flows.to_partner&side=both").status_code == 404, (
        "and so are both sides together"
    )
    assert client.get(f"{base}/rows?code=requests.opened&side=both&kind=none").status_code == 404
    assert "两个方向　帮助就业" in client.get(f"{base}/rows?code=requests.opened&side=both&kind=job").text
    assert (
        client.get(f"{base}/rows?code=notices.recorded").status_code
        == 404
        == client.get(f"{base}/rows?code=none").status_code
    )
    for code in ("none", "notices.recorded"):
        assert client.get(f"{base}/rows?code={code}&side=home").status_code == 404, "whatever else is asked of it"
    stranger = f"{base}/rows?code=members.shared&side=home&partner=00000000-0000-0000-0000-000000000000"
    assert client.get(stranger).status_code == 404


def test_rows_are_for_who_may_see_persons_and_only_those_of_ones_part(enter, lived):
    home = lived.walk.home
    rows = f"/{home.code}/figures/rows?code=members.shared&side=home"
    leader = enter(home, Role.LEADER_READONLY)
    page = leader.get(f"/{home.code}/figures")
    assert page.status_code == 200 and not CELL.findall(page.text), "numbers, and no way to persons"
    refused = leader.get(rows)
    assert refused.status_code == 403 and "县级经办" in refused.text
    for code in (*MONTH_SERIES, "cosign.persons"):
        assert leader.get(f"/{home.code}/figures/rows?code={code}&side={BOTH}").status_code == 403, code
    town = enter(home, Role.TOWNSHIP_OFFICER)
    cells = [(m, t) for m, _, t in CELL.findall(town.get(f"/{home.code}/figures").text)]
    assert ("members.shared", str(total_of(town.get(rows).text))) in cells
    assert town.get(f"/{home.code}/peers").status_code == 403, "the partner's page is not theirs"
    assert enter(home, Role.BRANCH_SECRETARY).get(f"/{home.code}/figures").status_code == 403


def test_the_rows_are_a_list_narrowed_saved_and_taken_out_as_seen(enter, lived):
    host, tools = lived.walk.host, f"/{lived.walk.host.code}/workbench"
    client, asked = enter(host), "code=members.shared&side=host"
    rows = f"/{host.code}/figures/rows"
    every = client.get(f"{rows}?{asked}").text
    whole = total_of(every)
    name = re.search(r'<th scope="row"><a href="[^"]+">([^<]+)', every)[1]
    narrowed = unescape(client.get(f"{rows}?{asked}&q={quote(name)}&not_reported=").text)
    found = total_of(narrowed)
    assert 0 < found < whole and f"这个数字共 {whole} 行，符合条件的有 {found} 行" in narrowed
    cleared = re.search(r'<a href="([^"]+)">看全部', narrowed)[1]
    assert total_of(client.get(cleared).text) == whole and "code=members.shared" in cleared, "the same number, whole"
    taken = re.search(rf'href="({tools}/behind_referral/copy[^"]*)"', narrowed)[1]
    with host.act():
        before = db.session.scalar(db.select(func.count(Event.id)).where(Event.verb == "shared.view"))
    copied = client.get(taken).text
    assert copied.count(f"\n{name}\t") == found == len(re.findall(r"\n[^\t\n]+甲\t", copied)), "only what is seen"
    with host.act():
        after = db.session.scalar(db.select(func.count(Event.id)).where(Event.verb == "shared.view"))
    assert after == before + 1, "taking out what another county shares is a reading of it"
    # A saved one opens the same number, also from the page of another number of the room; none opens by itself.
    kept = re.search(rf'href="({tools}/behind_referral/filters/new[^"]*)"', narrowed)[1]
    assert "打开" not in client.get(kept).text.split("<form class")[1]
    assert client.post(kept, data={"title": "这一位", "is_default": "1"}).status_code == 303
    other = unescape(client.get(f"{rows}?code=members.taken_on&side=host").text)
    saved = re.search(r'<a href="([^"]+)"[^>]*>这一位</a>', other)[1]
    again = unescape(client.get(saved).text)
    assert total_of(again) == found and METRICS["members.shared"].definition in again and "period=" in saved
    assert client.get(rows).location == f"/{host.code}/figures"
    # Who may not see the rows takes none of them out, nor another room's by the address of one that may be read.
    leader, secretary = enter(host, Role.LEADER_READONLY), enter(host, Role.BRANCH_SECRETARY)
    for tool in ("copy", "export", "columns"):
        assert leader.get(f"{tools}/behind_referral/{tool}?{asked}").status_code in (403, 404), tool
    assert secretary.get(f"{tools}/referrals_in/copy").status_code == 200, "it sees referrals, and no figures"
    for tool in ("copy", "export"):
        assert secretary.get(f"{tools}/behind_referral/{tool}?{asked}").status_code == 403, tool
        assert client.get(f"{tools}/behind_flow/{tool}?{asked}").status_code == 404, tool


def test_the_page_of_a_partner_tells_the_flows_and_the_life_of_the_agreement(enter, lived):
    home, host = lived.walk.home, lived.walk.host
    with home.act(), events.by(clerk(home)):
        agreements.pause(lived.agreement_id, "S3", reason="核对联系方式")
        fence.commit()
    lived.walk.work()
    client = enter(home)
    found = client.get(f"/{home.code}/peers/{host.uid}")
    assert found.status_code == 200
    page = found.text
    for words in ("第 1 版生效", "暂停共享：S3", "核对联系方式", "期满", "联络员", "已核对", "通"):
        assert words in page, words
    svg = page[page.index('class="pic way"') : page.index("</svg>", page.index('class="pic way"'))]
    bands = re.findall(r'<a href="([^"]+)" aria-label="([^"]+)">', svg)
    said = [words for _, words in bands]
    assert said[:2] == ["送出 → 已接收 7 名", "送出 → 未接收 1 名"] and "已编入 → 在管 4 名" in said
    for url, words in bands:
        assert total_of(client.get(url.replace("&amp;", "&")).text) == int(words.split()[-2]), words
        assert f">{words.split()[-2]}</a></td>" in page, "the same in the table"
    other = enter(host).get(f"/{host.code}/peers/{home.uid}").text
    assert "我县党员在对方" in other and "送出 → 已接收 7 名" in other, "the same flows, seen from the host"
    assert f"{home.name}：核对联系方式" in other
    assert client.get(f"/{home.code}/peers/{home.uid}").status_code == 404, "we are no partner of ours"
    read = enter(home, Role.LEADER_READONLY).get(f"/{home.code}/peers/{host.uid}")
    assert read.status_code == 200 and "code=way." not in read.text and "送出 → 已接收 7 名" in read.text
