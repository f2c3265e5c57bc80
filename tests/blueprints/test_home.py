"""Home: each queue's count is the number of things its link opens, and other parts of the tree count nothing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from flask import g, url_for

from tests.blueprints.test_auth import sign_in
from tests.contracts.lists import asked_handovers
from web.blueprints import home, navigation, todos
from web.core import clock, events, fence
from web.core.events import Actor
from web.core.ids import uuid7
from web.extensions import db
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, Role
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.flows import service as flows
from web.tenants.labels import rows as row_labels
from web.tenants.labels import service as labels
from web.tenants.members import service as members
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench import queues


def actor(side, role):
    """Who the edge would say this is."""
    account = db.session.scalars(db.select(Account).where(Account.role == role)).one()
    path = db.session.get(PartyOrg, (side.tenant_id, account.org_id)).path
    return Actor(account.id, account.name, role.value, account.org_id, path)


@pytest.fixture
def asked(agreed, work):
    """Three members whose handover 岳西 asks for: three things to answer in 余杭."""
    with agreed.home.act():
        for name in ("欧阳示甲", "李例乙", "王演丙"):
            member = members.enroll(
                agreed.home.orgs["示例村支部"], name=name, gender="1", member_kind="1", birth_on=date(1988, 3, 4)
            )
            handovers.begin(
                member, agreed.host.uid, method=Method.PAPER, applied_on=member.created_at.date(), to_org="余杭街道"
            )
        fence.commit()
    work()
    return agreed


def test_counts_of_the_queues_equal_the_lists_they_open(asked, fresh):
    client = fresh.test_client()
    assert sign_in(client, asked.host).status_code == 303
    page = client.get(f"/{asked.host.code}/").text
    queue = next(q for q in todos.QUEUES if q.key == "transfers")
    assert queue.title in page
    with asked.host.act(), fresh.test_request_context(f"/{asked.host.code}/"):
        g.county = asked.host
        (shown,) = todos.load(actor(asked.host, Role.COUNTY_ADMIN), 2)
        items = shown.items
    assert (len(items), shown.count) == (2, 3), "the first ones, and how many there are"
    opened = client.get(items[0].url).text
    assert items[0].name in opened
    for name in ("欧阳示甲", "李例乙", "王演丙"):
        assert name in client.get(f"/{asked.host.code}/transfers/").text


def test_a_queue_without_a_list_of_its_own_is_shown_whole_on_home(pair, fresh, monkeypatch):
    with pair.home.act():
        for sign in "甲乙丙丁戊己":
            member = members.enroll(pair.home.orgs["示例村支部"], name=f"王示{sign}", gender="1", member_kind="1")
            flows.depart(member, left_on=clock.today() - timedelta(days=40), host_code="330110")
        fence.commit()
    client, front = fresh.test_client(), f"/{pair.home.code}/"
    assert sign_in(client, pair.home).status_code == 303
    page, whole = client.get(front).text, f"{front}?queue=flows_contact"
    assert page.count("登记联系：王示") == 4 and f'href="{whole}">全部 6 件' in page and "未来十个工作日" in page
    page = client.get(whole).text
    assert page.count("登记联系：王示") == 6 and "未来十个工作日" not in page, "as many as it counts, and nothing else"
    live = re.search(r'hx-get="([^"]+/live\?[^"]+)"', page)[1].replace("&amp;", "&")
    assert "queue=flows_contact" in live and client.get(live).status_code == 204
    assert client.get(re.sub("mark=[^&]+", "mark=x", live)).text.count("登记联系：王示") == 6
    assert "没有列出" not in page
    with monkeypatch.context() as longer:
        longer.setattr(home, "WHOLE", 4)
        page = client.get(whole).text
        assert page.count("登记联系：王示") == 4 and "这里列出最先要办的 4 件，还有 2 件没有列出" in page
        assert "没有列出" not in client.get(front).text, "the front page shows the first ones of each on purpose"
    assert "未来十个工作日" in client.get(f"{front}?queue=none").text
    lists = {"agreements.index", "away.index", "members.index"}  # hold more than what waits
    with fresh.test_request_context(front):
        g.county = pair.home
        for queue in todos.QUEUES:
            path, _, asked = queue.url().partition("?")
            assert asked or path not in map(url_for, lists), queue.key


def test_the_days_ahead_count_every_item_and_open_them(asked, fresh, monkeypatch):
    client, front = fresh.test_client(), f"/{asked.host.code}/"
    with clock.at(datetime(2026, 11, 26, 4, tzinfo=UTC)):
        with asked.host.act():
            for handover in db.session.scalars(db.select(Handover)):
                handover.due_on = date(2026, 11, 30)
            asked_handovers(6, asked.home.uid)  # their last day is today
            db.session.scalars(db.select(Handover).where(Handover.due_on == clock.today())).first().due_on = date(
                2026, 11, 3
            )
            fence.commit()
        with asked.host.act():  # where a last day is so many working days away, the query counts as the county does
            calendar = counties.calendar()
            for back in range(0, 60, 7):
                at = clock.now() - timedelta(days=back, hours=9)
                due = db.session.scalar(db.select(queues.workday_after(db.literal(at), 10, calendar)))
                assert due == calendar.add(clock.day(at), 10)
        assert sign_in(client, asked.host).status_code == 303
        line = re.compile(r'<a href="([^"]+)">([^<]+)</a></td><td class="num[^"]*">(\d+)<')
        days = line.findall(client.get(front).text)
        assert [(words, count) for _, words, count in days] == [("今日及已超", "6"), ("11-30 周一", "3")], days
        for address, words, count in days:
            page = client.get(address).text
            assert page.count("data-row") == int(count) and words in page and "未来十个工作日" not in page
            whole = re.search(r'class="n[^"]*" href="([^"]+)"', page)[1].replace("&amp;", "&")
            assert client.get(whole).text.count("data-row") == int(count), "its number opens as many"
        with monkeypatch.context() as longer:
            longer.setattr(home, "WHOLE", 2)
            page = client.get(days[0][0]).text
            list_ = next(queue for queue in todos.QUEUES if queue.key == "transfers").url
            with fresh.test_request_context(front):
                g.county = asked.host
                assert f'href="{list_()}">看全部' in page.replace("&amp;", "&")
            assert page.count("data-row") == 2 and "还有 4 件在全部待办的名单里" in page
        assert "没有到期的事" in client.get(f"{front}?day=2026-12-01").text
        assert "未来十个工作日" in client.get(f"{front}?day=never").text


def test_who_has_no_part_in_it_has_nothing_to_do(asked, fresh):
    for role in Role:
        client = fresh.test_client()
        assert sign_in(client, asked.host, role.value).status_code == 303
        page = client.get(f"/{asked.host.code}/")
        assert page.status_code == 200
        live = client.get(f"/{asked.host.code}/live").text
        works_on_it = any(p.value == "handover:write" for p in GRANTS[role]) and role in (
            Role.COUNTY_ADMIN,
            Role.LIAISON,
        )
        assert ("欧阳示甲" in live) == works_on_it, role
    assert events.actor() is events.SYSTEM


def test_the_live_part_is_read_again_only_when_something_moved(asked, fresh, monkeypatch):
    client, address = fresh.test_client(), re.compile(r'hx-get="([^"]+/live\?mark=[^"]+)"')
    assert sign_in(client, asked.host).status_code == 303
    first = address.search(client.get(f"/{asked.host.code}/").text)[1]
    assert client.get(first).status_code == 204
    with asked.host.act(), events.by(actor(asked.host, Role.COUNTY_ADMIN)):
        events.record("handover.changed", db.session.scalars(db.select(Handover)).first())
        fence.commit()
    again = client.get(first)
    assert again.status_code == 200 and "欧阳示甲" in again.text
    still = address.search(again.text)[1]
    assert client.get(still).status_code == 204, "reading the page moved nothing"
    with monkeypatch.context() as later:
        # As if all of it were older than the span: a clock moved on could change the day.
        later.setattr(home, "FRESH", timedelta(0))
        assert client.get(still).status_code == 204, "nor did the clock: what grew old is no news"
    for spoiled in ("", "x", "0" * 32):
        assert client.get(re.sub("mark=[^&]+", f"mark={spoiled}", still)).status_code == 200


def test_the_bell_looks_through_no_more_of_the_log_than_it_tells_of(asked):
    """It rings on every page. By the ids, which are an index: of the instants there is none."""
    with asked.host.act():
        who = actor(asked.host, Role.COUNTY_ADMIN)
        rung = db.session.scalar(navigation.unread(who))
        for days, more in ((31, 0), (29, 1)):
            with clock.at(clock.now() - timedelta(days=days)):
                made = uuid7()
            line = events.Event(
                id=made, at=clock.now(), verb="agreement.hear_pause", subject_kind="agreement", subject_id=uuid7(),
                actor_name="岳西县", actor_role="peer", peer="岳西县", changes={}, details={},
            )  # fmt: skip
            db.session.add(line)
            db.session.flush()
            assert db.session.scalar(navigation.unread(who)) == rung + more


def test_a_notice_closes_itself_when_somebody_here_goes_on(asked, fresh, monkeypatch):
    client = fresh.test_client()
    assert sign_in(client, asked.host).status_code == 303
    bell = re.compile(r"通知 (?:<span>)?(\d+)")
    first = bell.search(client.get(f"/{asked.host.code}/tasks/").text)[1]
    assert first != "0"
    with asked.host.act(), events.by(actor(asked.host, Role.COUNTY_ADMIN)):
        label = labels.add("督办", "blue")
        for handover_id in db.session.scalars(db.select(Handover.id)):
            assert row_labels.settle(handover_id, [label.id])
        fence.commit()
    assert bell.search(client.get(f"/{asked.host.code}/tasks/").text)[1] == first, "a label is no answer"
    with asked.host.act(), events.by(actor(asked.host, Role.COUNTY_ADMIN)):
        for handover in db.session.scalars(db.select(Handover)):
            events.record("handover.changed", handover)
        fence.commit()
    rung = bell.search(client.get(f"/{asked.host.code}/tasks/").text)[1]
    with asked.host.act(), events.by(Actor(None, "岳西县", "peer")):
        # No page of its own, the same words four times: one line. It rings no bell, nor do those of a scope that is resumed.
        for verb in (*["share.delta"] * 4, *["share.snapshot"] * 2):
            moved = type("Moved", (), {"__tablename__": "status_share", "id": uuid4()})
            events.record(verb, moved(), peer="岳西县")
        fence.commit()
    monkeypatch.setattr(home, "NOTICES", 3)
    assert bell.search(client.get(f"/{asked.host.code}/tasks/").text)[1] == rung
    page = client.get(f"/{asked.host.code}/notices").text
    assert page.count("已了结") >= 3 and "今日待办" in page
    assert page.count("送出变动的共享内容") == page.count("送出全部共享内容") == 1
    assert "<b>4 件</b>" in page, "and they hide nothing else"
    assert "3 件" in page, "what waits today is said beside"
