"""The referral's pages as clerks of both counties use them: preview, notice, offer, inbox, code box, branch, end, shares."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import event

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.referrals.conftest import walk
from tests.federation.referrals.walk import BRANCH, NAME, clerk
from tests.world import PASSWORD
from web.blueprints import todos
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.referrals import codes, lists, service
from web.federation.referrals.models import Referral, ReferralState, WrongCode
from web.federation.sharing import lists as share_lists
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Role
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind
from web.tenants.register.service import PAGE

__all__ = ["walk"]
S = ReferralState


@pytest.fixture
def desks(walk, fresh):
    """(home's clerk, host's clerk): signed in side by side."""
    found = []
    for side in (walk.home, walk.host):
        client = fresh.test_client()
        sign_in(client, side, Role.COUNTY_ADMIN.value)
        found.append(client)
    return tuple(found)


def at(side, path):
    return f"/{side.code}{path}"


def press(client, url, **form):
    """Send a form; the page after it."""
    answer = client.post(url, data=form, follow_redirects=True)
    assert answer.status_code == 200, answer.text[-2000:]
    return answer.text


def test_the_walk_by_pages(walk, desks, work):
    home, host = desks
    untold = walk.enroll("李例乙", told=False)
    elsewhere = walk.enroll("张试丙", host_code="310115")
    listed = home.get(at(walk.home, "/referrals/new")).text
    assert NAME in listed and "李例乙" in listed and "张试丙" not in listed
    # One selection of three: who goes, who lacks notice, who cannot go.
    selection = {"roll": "away", "id": [str(i) for i in (walk.member_id, untold, elsewhere)]}
    page = press(home, at(walk.home, "/referrals/offer-preview"), **selection)
    assert (
        re.search(r"可以送出 <b>1</b>", page) and "还没有登记告知 <b>1</b>" in page and "登记的流入地不是这个县" in page
    )
    for words in ("姓名", "性别", "出生年份", "1988", "正式党员", "2026-02", "余杭街道"):
        assert words in page, words
    assert "15400000123" not in page and "报到码" in page
    both = {"partner": str(walk.host.uid), "id": [str(walk.member_id), str(untold)]}
    page = press(home, at(walk.home, "/referrals/notices"), **both, method="in_person", given_on="2026-01-05")
    assert "可以送出 <b>2</b>" in page and "已登记告知 1 人" in page
    page = press(home, at(walk.home, "/referrals/"), **both)
    assert "已送请余杭区接收 2 人" in page and "已送出，待接收" in page
    work()
    # The host's inbox.
    inbox = host.get(at(walk.host, "/referrals/?tab=inbox")).text
    assert NAME in inbox and "李例乙" in inbox
    ids = re.findall(r'name="id" value="([0-9a-f-]{36})"', inbox)
    assert len(ids) == 2
    # One is ticked; all that match are asked for by the question, which runs again: of another county, none.
    assert host.post(at(walk.host, "/referrals/accept")).status_code == 422
    # Pressed on the list: the list says it, as it was asked for.
    asked = at(walk.host, f"/referrals/?tab=inbox&partner={walk.home.uid}")
    back = host.post(at(walk.host, "/referrals/accept"), headers={"Referer": f"http://localhost{asked}"})
    assert (back.status_code, back.location) == (303, asked) and "没有勾选" in host.get(asked).text
    for strange in ("http://elsewhere.example" + asked, f"http://localhost{at(walk.host, '/referrals/accept')}"):
        assert host.post(at(walk.host, "/referrals/accept"), headers={"Referer": strange}).status_code == 422
    none = host.post(
        at(walk.host, "/referrals/accept"), data={"all_matching": "1", "query": f"tab=inbox&partner={uuid7()}"}
    )
    assert none.status_code == 422
    assert "已接收 1 人" in press(host, at(walk.host, "/referrals/accept"), id=ids[:1])
    work()
    all_ = {"all_matching": "1", "query": "tab=inbox", "id": str(uuid7())}
    assert "已接收 1 人" in press(host, at(walk.host, "/referrals/accept"), **all_)
    work()
    with walk.home.act():
        mine = db.session.scalars(db.select(Referral).where(Referral.member_id == walk.member_id)).one().id
    slip = home.get(at(walk.home, f"/referrals/{mine}/slip")).text
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", slip).group()
    assert code in home.get(at(walk.home, f"/referrals/{mine}")).text
    for path in (f"/referrals/{mine}", "/shared/", f"/shared/{mine}", "/referrals/?tab=awaited"):
        assert codes.read(code) not in host.get(at(walk.host, path)).text.replace("-", ""), path
    # A wrong code is counted although nothing else happens; the right one shows whom to look at first.
    assert host.post(at(walk.host, "/referrals/report-in"), data={"code": "0000000000"}).status_code == 422
    with walk.host.act():
        assert len(db.session.scalars(db.select(WrongCode)).all()) == 1
    assert "是本人，登记报到" in press(host, at(walk.host, "/referrals/report-in"), code=code)
    with walk.host.act():
        assert service.get(mine).state is S.ACCEPTED
    assert "等岳西县系统确认" in press(host, at(walk.host, "/referrals/report-in"), code=code, act="sure")
    work()
    page = press(host, at(walk.host, f"/referrals/{mine}/take-on"), branch_id=str(walk.host.orgs[BRANCH]))
    assert "编入支部已送出" in page
    work()
    page = home.get(at(walk.home, f"/referrals/{mine}")).text
    assert "已纳管" in page and "流入地告知" in page and BRANCH in page
    member = home.get(at(walk.home, f"/members/{walk.member_id}")).text
    assert "流入地告知" in member and BRANCH in member
    away = home.get(at(walk.home, "/away/?referral=taken_on")).text
    assert NAME in away and "李例乙" not in away
    guest = host.get(at(walk.host, f"/shared/{mine}")).text
    for words in ("谁能看到", "为什么看得到", "到什么时候", "组织生活衔接", "2026-09", "示0001", "核对报到"):
        assert words in guest, words
    # The other one without a code: candidates by name and year, for a person to look at.
    found = host.get(at(walk.host, "/referrals/report-in?name=李例乙&birth_year=1988")).text
    assert "1988 年生" in found
    assert "没有同名同年" in host.get(at(walk.host, "/referrals/report-in?name=李例乙&birth_year=1970")).text
    other = next(i for i in ids if i != str(mine))
    press(host, at(walk.host, f"/referrals/{other}/report-in"))
    work()
    # Shares, and the end.
    matrix = home.get(at(walk.home, "/shares/")).text
    assert "共享中" in matrix and "我方 → 对方" in matrix and "对方 → 我方" in matrix
    press(home, at(walk.home, f"/referrals/{mine}/end"), reason="returned", on="2026-03-01")
    work()
    matrix = home.get(at(walk.home, "/shares/")).text
    assert "已销毁" in matrix and "流动报到结束" in matrix
    over = host.get(at(walk.host, "/referrals/?tab=over")).text
    assert "已返乡" in over and NAME not in over
    assert host.get(at(walk.host, f"/shared/{mine}")).status_code == 404
    assert "信件和回执仍可核验" in host.get(at(walk.host, f"/referrals/{mine}")).text


def test_all_that_match_are_offered_not_one_page_of_them(walk, desks):
    home, _ = desks
    for n in range(PAGE):
        walk.enroll(f"李例{chr(0x4E00 + n)}")
    walk.enroll("张试丙", host_code="310115")
    question = "host=330110"
    listed = home.get(at(walk.home, f"/away/?{question}")).text
    ids = re.findall(r'name="id" value="([0-9a-f-]{36})"', listed)
    assert len(ids) == PAGE and "data-pick-matching" in listed
    all_ = {"roll": "away", "all_matching": "1", "query": question, "id": ids[0]}
    page = press(home, at(walk.home, "/referrals/offer-preview"), **all_)
    assert f"可以送出 <b>{PAGE + 1}</b>" in page and "不能送出" not in page
    offered = re.findall(r'name="id" value="([0-9a-f-]{36})"', page)
    page = press(home, at(walk.home, "/referrals/"), partner=str(walk.host.uid), id=offered)
    assert f"已送请余杭区接收 {PAGE + 1} 人" in page


def test_readings_of_shared_members_are_logged(walk, desks):
    _, host = desks
    walk.offer()
    host.get(at(walk.host, "/shared/"))
    host.get(at(walk.host, f"/shared/{walk.id}"))
    with walk.host.act():
        read = db.session.scalars(db.select(Event).where(Event.verb == "shared.view").order_by(Event.id)).all()
        assert [(e.details["count"], e.peer, e.actor_role) for e in read] == [
            (1, str(walk.home.uid), "county_admin")
        ] * 2
        assert read[1].subject_id == walk.id


def test_whose_doing_it_was_is_told_and_a_pause_wherever_the_values_it_stops_stand(walk, desks):
    home, host = desks
    walk.until_taken_on()
    # What the host did is told there as its own; home's number on it is an entry, and no news.
    page = re.sub(r"<[^>]+>", "", host.get(at(walk.host, f"/referrals/{walk.id}")).text)
    assert "编入支部（登记）" in page and "岳西县登记：编入支部，纳入管理" in page
    assert "编入支部，纳入管理" not in host.get(at(walk.host, "/notices")).text
    assert "余杭区编入支部，纳入管理" in re.sub(r"<[^>]+>", "", home.get(at(walk.home, "/notices")).text)
    with walk.home.act():
        share = next(s.id for s in share_lists.of_referral(walk.id) if s.role == "owner")
    pages = [(host, walk.host, f"/shared/{walk.id}"), (host, walk.host, "/shares/"), (host, walk.host, f"/shares/{share}"),
             (host, walk.host, f"/referrals/{walk.id}"), (home, walk.home, "/shares/"),
             (home, walk.home, f"/shares/{share}"), (home, walk.home, f"/referrals/{walk.id}")]  # fmt: skip
    for scope, is_told in (("S5", False), ("S6", True)):
        with walk.home.act():
            agreements.pause(service.get(walk.id).agreement_id, scope)
            fence.commit()
        walk.work()
        for desk, side, page in pages:
            assert ("一方已暂停" in desk.get(at(side, page)).text) is is_told, (scope, side.code, page)


def test_the_list_is_found_by_name_pinyin_and_initials_and_narrowed(walk, desks):
    _, host = desks
    walk.offer()
    for q in (NAME, "示甲", "欧", "ouyang", "oysj"):
        assert NAME in host.get(at(walk.host, f"/shared/?q={q}")).text, q
    for query in ("q=王", "q=wang", "state=taken_on", "q=示乙"):
        page = host.get(at(walk.host, f"/shared/?{query}")).text
        assert NAME not in page and "没有符合条件的" in page, query
    moved = host.get(at(walk.host, f"/shared/?pick=partner:{walk.home.uid}&how=is"))
    assert moved.status_code == 303 and f"partner={walk.home.uid}" in moved.location


def test_pages_are_read_in_steps(walk):
    people = [walk.enroll(f"陈示{c}") for c in "一二三四五六七八九十"]
    walk.offer(walk.member_id, *people)
    with walk.host.act():
        for page in (
            lambda **k: lists.guests(clerk(walk.host), size=4, **k),
            lambda **k: lists.page(lists.Tab.INBOX, clerk(walk.host), size=4, **k),
        ):
            first = page()
            second = page(after=first.after)
            third = page(after=second.after)
            every = [r.referral.id for p in (first, second, third) for r in p.rows]
            assert len(every) == len(set(every)) == 11 and (first.before, third.after) == ("", "")
            assert [r.name for r in page(before=second.before).rows] == [r.name for r in first.rows]
            assert [r.name for r in page(after="x_y").rows] == [r.name for r in first.rows]


def test_refusals_keep_what_was_typed_and_say_what_is_wrong(walk, desks):
    home, host = desks
    walk.offer()
    for said in ({"text": ""}, {}):
        answer = host.post(at(walk.host, f"/referrals/{walk.id}/decline"), data={"reason": "other", **said})
        assert answer.status_code == 422 and "必填" in answer.text
    walk.say(walk.host, service.accept)
    answer = host.post(at(walk.host, f"/referrals/{walk.id}/take-on"), data={"branch_id": str(walk.host.orgs[BRANCH])})
    assert answer.status_code == 409, "nobody has reported in yet"
    assert (
        home.post(
            at(walk.home, f"/referrals/{walk.id}/end"), data={"reason": "returned", "on": "2199-01-01"}
        ).status_code
        == 422
    )
    assert home.post(at(walk.home, f"/referrals/{walk.id}/take-on"), data={}).status_code == 409
    walk.report_in()
    bad = host.post(at(walk.host, f"/referrals/{walk.id}/take-on"), data={"branch_id": str(walk.host.orgs["余杭街道"])})
    assert bad.status_code == 422 and "请选一项" in bad.text
    nobody = home.post(at(walk.home, "/referrals/"), data={"partner": str(walk.host.uid)})
    assert nobody.status_code == 422
    again = press(home, at(walk.home, "/referrals/"), partner=str(walk.host.uid), id=str(walk.member_id))
    assert "没有送出的 1 人" in again and "已经送出" in again


def test_without_an_agreement_the_preview_says_why(pair, fresh):
    client = fresh.test_client()
    sign_in(client, pair.home, Role.COUNTY_ADMIN.value)
    page = client.get(at(pair.home, "/referrals/new")).text
    assert "不能送往余杭区" in page and "没有生效的协议" in page


def test_who_may_see_and_who_may_act(walk, fresh):
    """The branch secretary sees what his branch took on and nothing before; he acts on nothing."""
    walk.until_taken_on()
    secretary = fresh.test_client()
    sign_in(secretary, walk.host, Role.BRANCH_SECRETARY.value)
    assert NAME in secretary.get(at(walk.host, "/shared/")).text
    assert secretary.post(at(walk.host, f"/referrals/{walk.id}/leave"), data={"on": "2026-03-01"}).status_code == 403
    away = fresh.test_client()
    sign_in(away, walk.host, Role.AWAY_SECRETARY.value)
    assert NAME not in away.get(at(walk.host, "/shared/")).text
    assert away.get(at(walk.host, f"/shared/{walk.id}")).status_code == 404
    leader = fresh.test_client()
    sign_in(leader, walk.host, Role.LEADER_READONLY.value)
    assert leader.get(at(walk.host, "/shared/")).status_code == 403


def test_a_member_shows_his_code_in_another_township(walk, fresh, work):
    """The officer who gets the code looks after him from then on."""
    walk.offer()
    walk.say(walk.host, service.accept)
    with walk.host.act():
        town = organisations.found(organisations.root(), OrgKind.TOWNSHIP_COMMITTEE, "仓前街道")
        account, _ = accounts.open_account("cangqian", "township甲", Role.TOWNSHIP_OFFICER, town.id, password=PASSWORD)
        account.must_change = False
        fence.commit()
    officer = fresh.test_client()
    sign_in(officer, walk.host, "cangqian")
    assert NAME not in officer.get(at(walk.host, "/shared/")).text
    press(officer, at(walk.host, "/referrals/report-in"), code=walk.code(), act="sure")
    work()
    assert NAME in officer.get(at(walk.host, "/shared/")).text
    elsewhere = {"branch_id": str(walk.host.orgs["演示社区第二支部"])}
    take_on = at(walk.host, f"/referrals/{walk.id}/take-on")
    assert officer.get(take_on).status_code == 200 and officer.post(take_on, data=elsewhere).status_code == 404
    with walk.host.act():
        assert service.get(walk.id).branch_id is None, "a branch of another township is absent, whoever asks for it"


def test_a_share_is_taken_back_by_hand_and_proved(walk, desks, work, fresh):
    home, _ = desks
    walk.until_taken_on()
    page = home.get(at(walk.home, "/shares/?role=owner&scope=S6")).text
    share = re.search(r"/shares/([0-9a-f-]{36})", page).group(1)
    page = home.get(at(walk.home, f"/shares/{share}")).text
    assert "2026-09" in page and f"现行协议至 {world.ends(walk.home, walk.pair.ref.id)}" in page
    with walk.host.act():
        agreements.leave(walk.pair.ref.id, clock.today() + timedelta(days=90))
        fence.commit()
    work()
    page = home.get(at(walk.home, f"/shares/{share}")).text
    assert f"现行协议至 {clock.today() + timedelta(days=89)}" in page, "notice was given: its text says a later day"
    press(home, at(walk.home, f"/shares/{share}/snapshot"))
    story = home.get(at(walk.home, f"/shares/{share}")).text.partition('<ol class="log">')[2].partition("</ol>")[0]
    assert story.count("<li>") == 3 and "系统开放状态共享" in story and "甲送出全部共享内容" in story
    assert "余杭区开放" not in story, "what we tell because they took him on is our doing"
    page = press(home, at(walk.home, f"/shares/{share}/revoke"), reason="narrowed")
    assert "等余杭区的销毁证明" in page and "现行协议至" not in page
    # The queue of overdue proofs counts it after a day, and so does the list that its number opens.
    with walk.home.act(), fresh.test_request_context(at(walk.home, "/")):
        g.county = walk.home
        queue = next(each for each in todos.QUEUES if each.key == "shares").url()
    assert share not in home.get(queue).text
    with clock.at(clock.now() + timedelta(hours=25)):
        later = fresh.test_client()
        sign_in(later, walk.home, Role.COUNTY_ADMIN.value)
        assert share in later.get(queue).text
    mark = re.search(r'hx-get="([^"]+/live[^"]+)"', page).group(1).replace("&amp;", "&")
    assert home.get(mark, headers={"HX-Request": "true"}).status_code == 204
    work()
    assert home.get(mark, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = home.get(at(walk.home, f"/shares/{share}")).text
    assert "证明密钥、内容和检索字词已销毁" in page and "2026-09" not in page
    # The proof opens nothing: it stays so until a person opens it again.
    listed = home.get(at(walk.home, "/shares/?role=owner&scope=S6")).text
    assert set(re.findall(r"/shares/([0-9a-f-]{36})", listed)) == {share} and "重新共享" in page
    page = press(home, at(walk.home, f"/shares/{share}/snapshot"))
    assert "已重新共享" in page and "2026-09" in page
    assert "重新共享" not in home.get(at(walk.home, f"/shares/{share}")).text
    assert home.post(at(walk.home, f"/shares/{share}/snapshot")).status_code == 409


def test_a_list_costs_the_same_however_long(walk, fresh):
    """Names are encrypted one by one; their keys are read in one query."""

    def cost(size):
        with walk.host.act():
            said = []
            event.listen(db.engine, "before_cursor_execute", listen := lambda *a: said.append(a[2]))
            rows = lists.guests(clerk(walk.host), size=size).rows
            event.remove(db.engine, "before_cursor_execute", listen)
            assert len(rows) == size and all(r.name for r in rows)
            return sum(not s.startswith("SET") for s in said)

    walk.offer(walk.member_id, *[walk.enroll(f"陈示{c}") for c in "一二三四五"])
    assert cost(2) == cost(6) <= 3
