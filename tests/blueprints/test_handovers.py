"""The whole handover in two browsers, through forms and real jobs, under a real agreement; and every refusal with its reason."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import event

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import NUMBER, TO, Walk
from tests.workers import run_all
from tests.world import PASSWORD
from web.core import clock, fence
from web.core.events import Actor, Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.handovers import lists, service
from web.federation.handovers.lists import Tab
from web.federation.handovers.models import Handover
from web.federation.handovers.models import HandoverState as S
from web.federation.post.service import HOOKS
from web.federation.readings import service as readings
from web.federation.readings.models import Reading
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Role
from web.tenants.consents import service as consents
from web.tenants.documents import service as documents
from web.tenants.members import service as members
from web.tenants.members.codes import Standing
from web.tenants.members.models import Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind


@pytest.fixture
def browsers(fresh, pair):
    """Signed in: `home()`, `host(role)`."""

    def enter(side, role=Role.COUNTY_ADMIN):
        client = fresh.test_client()
        assert sign_in(client, side, role.value).status_code == 303
        return client

    return lambda role=Role.COUNTY_ADMIN: enter(pair.home, role), lambda role=Role.COUNTY_ADMIN: enter(pair.host, role)


@pytest.fixture
def walk(agreed, work):
    """Two counties that really agreed, and a member."""
    return Walk(agreed, work)


def at(side, id_, rest=""):
    return f"/{side.code}/handovers/{id_}{rest}"


def names(text):
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', text)


def test_the_walk_in_two_windows(walk, browsers, work):
    home, host = (enter() for enter in browsers)
    ours, theirs = walk.pair.home, walk.pair.host
    page = home.get(f"/{ours.code}/members/{walk.member_id}")
    begin = f"/{ours.code}/handovers/begin/{walk.member_id}"
    assert begin in page.text, "the member's page leads here"
    assert "送出申请" in home.get(begin).text
    wrong = home.post(
        begin, data={"partner": str(theirs.uid), "to_org": "", "method": "paper", "applied_on": "2199-01-01"}
    )
    assert wrong.status_code == 422 and "必填" in wrong.text
    sent = home.post(
        begin,
        data={"partner": str(theirs.uid), "to_org": TO, "method": "paper", "applied_on": clock.today().isoformat()},
    )
    assert sent.status_code == 303
    id_ = sent.location.rpartition("/")[2]
    waiting = home.get(sent.location).text
    assert "轮到余杭区" in waiting and "等回执" in waiting and 'hx-trigger="every 2s"' in waiting
    live = re.search(r'hx-get="([^"]*/live\?[^"]*)"', waiting)[1]
    assert home.get(live).status_code == 204
    work()
    assert home.get(live, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true", "it was received"
    live = re.search(r'hx-get="([^"]*/live\?[^"]*)"', home.get(sent.location).text)[1]
    # The other window: a to-do, and an answer.
    assert names(host.get(f"/{theirs.code}/handovers/").text) == ["王示甲"]
    assert "关系转接" in host.get(f"/{theirs.code}/").text and "王示甲" in host.get(f"/{theirs.code}/live").text
    page = host.get(at(theirs, id_)).text
    assert "轮到我方：核对后答复是否同意接收" in page and "hx-trigger" not in page.split("<main")[1]
    assert host.post(at(theirs, id_, "/accept")).status_code == 303
    said = host.get(at(theirs, id_)).text
    assert "同意接收已送出，等岳西县系统确认" in said
    assert host.post(at(theirs, id_, "/refuse"), data={"reason": "other", "text": "x"}).status_code == 409
    work()
    answer = home.get(live, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    # The letter.
    form = home.get(at(ours, id_, "/release")).text
    assert TO in form and "岳西县天堂镇示例村支部" in form and "154****0123" in form and NUMBER not in form
    blank = home.post(
        at(ours, id_, "/release"), data={"from_org": "a", "to_org": "b", "addressee": "c", "valid_days": "91"}
    )
    assert blank.status_code == 422 and "超出允许的范围" in blank.text
    values = {
        "from_org": "岳西县天堂镇示例村支部",
        "to_org": TO,
        "addressee": "中共杭州市余杭区委组织部",
        "valid_days": "30",
    }
    assert home.post(at(ours, id_, "/release"), data=values).status_code == 303
    page = home.get(at(ours, id_)).text
    assert "介绍信　第" in page and "排队中" in page and "/progress" in page
    work()
    assert home.get(at(ours, id_, "/progress"), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = home.get(at(ours, id_)).text
    paper = home.get(re.search(r'href="([^"]*/documents/[^"]*)"', page)[1])
    assert (
        paper.mimetype == "application/pdf"
        and "filename*=UTF-8''%E4%BB%8B%E7%BB%8D%E4%BF%A1_" in paper.headers["Content-Disposition"]
    )
    assert NUMBER in PdfReader(io.BytesIO(paper.data)).pages[0].extract_text().replace(" ", "")
    # Taken over.
    page = host.get(at(theirs, id_)).text
    assert "在途，待接收" in page and NUMBER not in page and "叁拾" in page and "确认后给出" in page
    branch = theirs.orgs["演示社区第一支部"]
    with theirs.act():
        handover = service.get(id_, lock=True)
        handover.keep(**handover.values() | {"to_org": organisations.get(branch).full_name})
        fence.commit()
    assert f'value="{branch}" selected' in host.get(at(theirs, id_, "/take-over")).text, (
        "the branch that the letter names"
    )
    wrong = host.post(
        at(theirs, id_, "/take-over"), data={"branch_id": "", "receipt_no": "1", "handler": "", "phone": "1"}
    )
    assert wrong.status_code == 422 and wrong.text.count('class="err"') == 2
    receipt = {
        "branch_id": str(theirs.orgs["演示社区第一支部"]),
        "receipt_no": "0007",
        "handler": "陈例丁",
        "phone": "0571-0000123",
    }
    assert host.post(at(theirs, id_, "/take-over"), data=receipt).status_code == 303
    assert "（暂编）" in host.get(at(theirs, id_)).text
    work()
    for client, side in ((home, ours), (host, theirs)):
        page = client.get(at(side, id_)).text
        assert "办结：按期办结" in page and "陈例丁" in page and "回执联　PDF" in page
        assert "hx-trigger" not in page.split("<main")[1], "nothing is asked for any more"
    assert walk.owners() == ["余杭区"]
    assert names(home.get(f"/{ours.code}/handovers/?tab=out").text) == ["王示甲"]
    assert names(host.get(f"/{theirs.code}/handovers/?tab=in").text) == ["王示甲"]


def test_the_host_says_no_with_a_reason_and_the_warning(walk, browsers, work):
    walk.begin()
    home, host = (enter() for enter in browsers)
    page = at(walk.pair.host, walk.id, "/refuse")
    form = host.get(page).text
    assert "不得无正当理由拒绝" in form and "党费没有缴清" in form
    none = host.post(page, data={"text": ""})
    assert none.status_code == 422 and "请选一项" in none.text
    other = host.post(page, data={"reason": "other", "text": ""})
    assert other.status_code == 422 and "必填" in other.text
    pasted = {"reason": "dues_open", "text": "欠缴\t三个月\r\n请先\u202e补缴 "}  # as a browser sends two lines
    assert host.post(page, data=pasted).status_code == 303
    work()
    said = home.get(at(walk.pair.home, walk.id)).text
    assert (
        "对方不同意接收" in said
        and "党费没有缴清" in said
        and "欠缴 三个月\n请先补缴" in said
        and "仍由我方负责管理" in said
    )
    gone = host.get(at(walk.pair.host, walk.id)).text
    assert "王示甲" not in gone and "（姓名已清除）" in gone and "仍由" not in gone
    walk.begin()
    with walk.pair.home.act():
        consents.withdraw(members.get(walk.member_id, lock=True), walk.pair.host.uid, ["S4"])
        fence.commit()
    work()
    said = home.get(at(walk.pair.home, walk.id)).text
    assert "事由：本人撤回申请" in said and "application_withdrawn" not in said
    with walk.pair.home.act():
        members.end(members.get(walk.member_id, lock=True), Standing.DECEASED, reason="病故")
        fence.commit()
    assert "仍由我方" not in home.get(at(walk.pair.home, walk.id)).text, "who is no longer ours is not managed by us"


def test_given_back_and_mended(walk, browsers, work):
    walk.begin()
    home, host = (enter() for enter in browsers)
    page = at(walk.pair.host, walk.id, "/return")
    assert host.post(page, data={"text": "x"}).status_code == 422
    assert host.post(page, data={"mend": ["birth_on", "file"], "text": "与档案不符"}).status_code == 303
    work()
    said = home.get(at(walk.pair.home, walk.id)).text
    assert "需要补正：出生日期、党员档案" in said and "与档案不符" in said
    assert home.post(at(walk.pair.home, walk.id, "/request"), data={"to_org": f"{TO}\r\n\x07"}).status_code == 303
    work()
    assert walk.states() == (S.REQUESTED, S.REQUESTED)


def test_recalled_while_the_receipt_is_on_its_way(walk, browsers, work):
    walk.to_release()
    walk.take_over(run=False)
    home, host = (enter() for enter in browsers)
    assert (
        home.post(at(walk.pair.home, walk.id, "/recall"), data={"reason": "member_stays", "text": ""}).status_code
        == 303
    )
    work()
    assert "介绍信收回" in host.get(at(walk.pair.host, walk.id)).text
    page = home.get(at(walk.pair.home, walk.id)).text
    assert "介绍信被收回" in page and "本人不再转出" in page and "对方此前" not in page
    assert "对方此前已有新的决定" in host.get(at(walk.pair.host, walk.id)).text


def test_who_may_not_is_told_who_can(walk, browsers):
    walk.begin()
    home, _ = browsers
    secretary = home(Role.BRANCH_SECRETARY)
    page = secretary.get(at(walk.pair.home, walk.id))
    assert page.status_code == 200 and 'aria-disabled="true"' in page.text and "county_admin甲（县级经办）" in page.text
    refused = secretary.get(at(walk.pair.home, walk.id, "/cancel"))
    assert refused.status_code == 403 and "county_admin甲" in refused.text
    assert home(Role.LEADER_READONLY).get(at(walk.pair.home, walk.id)).status_code == 403
    other = home(Role.AWAY_SECRETARY).get(f"/{walk.pair.home.code}/handovers/")
    assert other.status_code == 403


def test_a_member_s_page_links_to_a_handover_and_its_letter_whom_may_open_them(walk, browsers):
    with walk.pair.home.act():
        members.get(walk.member_id, lock=True).branch_id = walk.pair.home.orgs["试例村支部"]
        fence.commit()
    walk.to_release()
    home, _ = browsers
    address, link = f"/{walk.pair.home.code}/members/{walk.member_id}", at(walk.pair.home, walk.id)
    for role, may in ((Role.COUNTY_ADMIN, True), (Role.AWAY_SECRETARY, False)):
        reader = home(role)
        page = reader.get(address).text
        assert "转往余杭区" in page and "中国共产党党员组织关系介绍信" in page
        links = set(re.findall(r'href="(/[^"#]+)"', page[page.index("<main") :]))
        assert (link in links) == any("/documents/" in one for one in links) == may, role
        assert {one: reader.get(one).status_code for one in links} == dict.fromkeys(links, 200), role


def test_another_part_of_the_tree_sees_nothing(walk, browsers):
    walk.begin()
    with walk.pair.home.act():
        handover = service.get(walk.id)
        handover.branch_id = walk.pair.home.orgs["试例村支部"]
        fence.commit()
    secretary = browsers[0](Role.BRANCH_SECRETARY)
    assert secretary.get(at(walk.pair.home, walk.id)).status_code == 404
    assert secretary.get(at(walk.pair.home, uuid7())).status_code == 404
    assert names(secretary.get(f"/{walk.pair.home.code}/handovers/?tab=open").text) == []


def test_a_branch_of_another_township_is_absent_to_whoever_takes_over(walk, browsers, fresh):
    walk.to_release()
    host = walk.pair.host
    with host.act():
        town = organisations.found(organisations.root(), OrgKind.TOWNSHIP_COMMITTEE, "仓前街道")
        account, _ = accounts.open_account("cangqian", "township甲", Role.TOWNSHIP_OFFICER, town.id, password=PASSWORD)
        account.must_change = False
        handover = service.get(walk.id, lock=True)
        handover.branch_id = town.id
        theirs = members.enroll(
            host.orgs["演示社区第一支部"], name=handover.values()["name"], gender="1", member_kind="1",
            birth_on=date.fromisoformat(handover.values()["birth_on"]),
        ).id  # fmt: skip
        fence.commit()
    officer = fresh.test_client()
    assert sign_in(officer, host, "cangqian").status_code == 303
    assert officer.get(at(host, walk.id)).status_code == 200
    for browser, is_theirs in ((officer, False), (browsers[1](), True)):
        page = browser.get(at(host, walk.id, "/take-over")).text
        assert "名册中已有相近的人" in page and (f"/members/{theirs}" in page) is is_theirs
    assert officer.get(f"/{host.code}/members/{theirs}").status_code == 404
    receipt = {"receipt_no": "0007", "handler": "陈例丁", "phone": "0571-0000123"}
    for branch in (host.orgs["演示社区第一支部"], uuid7()):
        sent = officer.post(at(host, walk.id, "/take-over"), data=receipt | {"branch_id": str(branch)})
        assert sent.status_code == 404
    # What the officer asks for is of the officer's part, and can be followed there.
    asked = {"partner": str(walk.pair.home.uid), "name": "李例乙", "birth_on": "1988-03-04", "to_org": "仓前街道",
             "method": "paper", "applied_on": clock.today().isoformat()}  # fmt: skip
    sent = officer.post(f"/{host.code}/handovers/ask", data=asked)
    assert sent.status_code == 303 and "李例乙" in officer.get(sent.location).text
    assert walk.states() == (S.RELEASED, S.RELEASED)


def test_not_our_turn_is_refused_and_nothing_moves(walk, browsers):
    walk.begin()
    home = browsers[0]()
    for verb in ("accept", "refuse", "return", "release", "take-over", "decline", "recall", "request"):
        for method in (home.get, home.post):
            answer = method(at(walk.pair.home, walk.id, f"/{verb}"))
            assert answer.status_code == 409 and "轮到谁" in answer.text, verb
    assert walk.states() == (S.REQUESTED, S.REQUESTED)
    again = home.post(
        f"/{walk.pair.home.code}/handovers/begin/{walk.member_id}",
        data={
            "partner": str(walk.pair.host.uid),
            "to_org": TO,
            "method": "paper",
            "applied_on": clock.today().isoformat(),
        },
    )
    assert again.status_code == 409 and "已有一件在办" in again.text


def test_a_letter_that_lacks_something_says_what(walk, browsers):
    walk.member_id = walk.enroll("李例乙", ethnicity="", dues_until="", id_number=None, phone=None)
    walk.begin()
    walk.host(service.accept)
    page = browsers[0]().get(at(walk.pair.home, walk.id, "/release")).text
    assert "介绍信还缺 4 项" in page and "有效的身份证号" in page and "请先补齐" in page


def test_a_letter_with_something_left_out_is_not_printed_and_the_page_says_what(walk, browsers, work, monkeypatch):
    monkeypatch.setattr(HOOKS, "may_cross", lambda message, scope, pointer: pointer != "/ethnicity")
    walk.to_release()
    walk.take_over()
    address, host = at(walk.pair.host, walk.id), browsers[1]()
    page = host.get(address).text
    assert walk.states() == (S.CLOSED, S.CLOSED), "the relation moves all the same"
    assert "对方没有给出，或者已经清除：民族。" in page and "重新生成" not in page
    refused = host.post(f"{address}/print")
    assert refused.status_code == 409 and "介绍信内容不全" in refused.text
    with walk.pair.home.act():  # a receipt of other software that leaves its handler out
        service.get(walk.id).keep(receipt={"receipt_no": "1"})
        service.print_letter(service.get(walk.id))
        fence.commit()
    with walk.pair.host.act():
        assert documents.of_subject(walk.id) == []
        # Given after all, under a number of other software's own making.
        service.get(walk.id).keep(ethnicity="01", letter_no="岳组〔2026〕3-1")
        fence.commit()
    assert "岳组〔2026〕3-1" in host.get(address).text
    assert host.post(f"{address}/print").status_code == 303
    work()
    with walk.pair.host.act():
        (paper,) = documents.of_subject(walk.id)
        assert paper.filename == "介绍信回执_岳组〔2026〕3-1_王示甲.pdf" and paper.pages == 1
    link, tasks = f"/documents/{paper.id}", f"/{walk.pair.host.code}/tasks/"
    assert link in host.get(tasks).text
    with walk.pair.host.act():
        documents.destroy(walk.id)
        fence.commit()
    page = host.get(tasks).text
    assert link not in page and "文件已经销毁：所记的资料已按规定清除" in page, "no link that leads to nothing"
    with walk.pair.home.act():
        assert "（未给出）" in PdfReader(io.BytesIO(documents.of_subject(walk.id)[0].content)).pages[0].extract_text()


def test_without_an_agreement_nobody_is_offered(pair, work, browsers):
    walk = Walk(pair, work)
    page = browsers[0]().get(f"/{pair.home.code}/handovers/begin/{walk.member_id}").text
    assert "现在不能提出" in page and "送出申请" not in page


def test_lists_page_by_cursor_with_a_constant_number_of_queries(pair, work, fresh, monkeypatch, browsers):
    from tests.federation.copies import in_state

    with pair.host.act():
        for i in range(7):
            handover = in_state(service.KIND, pair.home.uid, "host", S.REQUESTED)
            handover.due_on = clock.today() + timedelta(days=i // 2)
            handover.keep(name=f"王示{i}")
            handover.person_blind = bytes([i])
        fence.commit()
    admin = Actor(None, "甲", Role.COUNTY_ADMIN.value)
    with pair.host.act():
        first = lists.page(Tab.TODO, admin, size=3)
        second = lists.page(Tab.TODO, admin, size=3, after=first.after)
        third = lists.page(Tab.TODO, admin, size=3, after=second.after)
        shown = [[r.name for r in page.rows] for page in (first, second, third)]
        assert [len(s) for s in shown] == [3, 3, 1] and len({n for s in shown for n in s}) == 7
        assert (first.before, third.after) == ("", "")
        back = lists.page(Tab.TODO, admin, size=3, before=third.before)
        assert [r.name for r in back.rows] == shown[1] and back.before and back.after
        assert [r.name for r in lists.page(Tab.TODO, admin, size=3, before=back.before).rows] == shown[0]
        assert lists.page(Tab.TODO, admin, size=3, after="nonsense").rows[0].name == shown[0][0]
        now = clock.now()
        assert (
            lists.counts(admin, now).by[Tab.DUE] == 7
            and lists.counts(admin, now, [Handover.partner_uid == uuid7()]).by[Tab.TODO] == 0
        )
    asked = []
    with pair.host.act():

        def listen(*said):
            asked.append(said[2])

        event.listen(db.engine, "before_cursor_execute", listen)
        lists.page(Tab.TODO, admin)
        event.remove(db.engine, "before_cursor_execute", listen)
    assert len([q for q in asked if q.startswith("SELECT")]) == 1, "the rows, with the keys of all packets"
    page = browsers[1]().get(f"/{pair.host.code}/handovers/?tab=due&partner={pair.home.uid}").text
    assert len(names(page)) == 7 and "今日" in page


def test_history_pages_backwards_too(pair, browsers):
    from tests.federation.copies import in_state

    admin = Actor(None, "甲", Role.COUNTY_ADMIN.value)
    with pair.home.act():
        made = [in_state(service.KIND, pair.host.uid, "home", S.CANCELLED).id for _ in range(5)][::-1]
        first = lists.page(Tab.OUT, admin, size=2)
        second = lists.page(Tab.OUT, admin, size=2, after=first.after)
        assert [r.handover.id for r in (*first.rows, *second.rows)] == made[:4]
        back = lists.page(Tab.OUT, admin, size=2, before=second.before)
        assert [r.handover.id for r in back.rows] == made[:2] and not back.before and back.after


def test_the_code_on_a_letter_says_how_it_stands_and_names_nobody(walk, browsers, fresh):
    walk.to_release()
    with walk.pair.home.act():
        (letter,) = documents.of_subject(walk.id)
    anybody = fresh.test_client()
    page = anybody.get(f"/v/{letter.proof_code}").text
    assert "在途，待接收" in page and "开出介绍信" in page and "对方已回执" in page and "王示甲" not in page
    walk.home(service.recall, "letter_lost")
    page = anybody.get(f"/v/{letter.proof_code}").text
    assert "介绍信收回" in page and "王示甲" not in page
    home = browsers[0]()
    assert home.get(f"/{walk.pair.home.code}/documents/{letter.id}").status_code == 200
    assert home.post(at(walk.pair.home, walk.id, "/print")).status_code == 409


def test_reading_what_another_county_told_us_is_logged(walk, browsers):
    walk.begin()
    host = browsers[1]()
    for page in ("", walk.id):
        host.get(at(walk.pair.host, page))
    for page in ("transfers/", ""):
        assert "王示甲" in host.get(f"/{walk.pair.host.code}/{page}").text
    browsers[0]().get(at(walk.pair.home, walk.id))
    for side, count in ((walk.pair.host, 4), (walk.pair.home, 0)):
        with side.act():
            assert world.count(Event, Event.verb == "shared.view") == count


def test_looks_at_the_row_for_the_time_being_and_at_a_file_fetched_again_are_told_to_home(walk, browsers):
    walk.to_release()
    code, host = walk.pair.host.code, browsers[1]()

    def looks():
        with walk.pair.host.act():
            return db.session.scalar(db.select(db.func.sum(Reading.count)).where(Reading.is_ours)) or 0

    answer = host.post(f"/{code}/workbench/handovers/export", data={"numbers": "masked", "reason": ""})
    run_all()
    file = re.search(r'href="([^"]+\.xlsx)"', host.get(answer.location).text)[1]
    for many in (1, 1, 2):  # made; fetched, which is the same look; fetched again
        assert looks() == many
        assert host.get(file).status_code == 200
    assert looks() == 3
    walk.take_over(run=False)
    with walk.pair.host.act():
        member_id = service.get(walk.id).member_id
    for many, page in ((4, "members/"), (5, f"members/{member_id}")):
        assert "王示甲" in host.get(f"/{code}/{page}").text and looks() == many
    with walk.pair.host.act():
        readings.tell(at_once=True)
        fence.commit()
    walk.work()
    with walk.pair.home.act():
        assert db.session.scalar(db.select(db.func.sum(Reading.count)).where(~Reading.is_ours)) == 5
    seen = looks()
    assert "王示甲" in host.get(f"/{code}/members/{member_id}").text and looks() == seen, "home confirmed: he is ours"


def test_the_row_of_a_taken_over_member_is_provisional_on_the_register(walk, browsers):
    walk.to_release()
    walk.take_over(run=False)
    with walk.pair.host.act():
        assert members.get(service.get(walk.id).member_id).relation is Relation.PROVISIONAL
        assert service.get(walk.id).received_on == clock.today() >= date(2026, 1, 1)
