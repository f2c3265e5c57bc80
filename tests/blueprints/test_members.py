"""The register in a browser's eyes: lists, a member's page, what is masked, logged, refused, kept."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event

from tests import world
from web.blueprints.members import lists, pages
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.post.models import PEER, Peer
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Consent
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowEnd
from web.tenants.members import citizen_id, service
from web.tenants.members.models import Member
from web.tenants.register import service as register
from web.tenants.register.facets import Roll
from web.tenants.workbench.facets import Facet

NUMBER = citizen_id.invent("990121", date(1980, 1, 1), 1)


@pytest.fixture
def side(pair):
    """岳西 with two members in one branch, one in the other, one away; and 余杭 as a confirmed partner."""
    with fence.acting_for(pair.home.tenant_id):
        one, two = pair.home.orgs["示例村支部"], pair.home.orgs["试例村支部"]
        first = service.enroll(
            one, name="王示甲", member_kind="1", id_number=NUMBER, phone="15400000123", address="示例村 1 号"
        )
        service.enroll(one, name="李例乙", gender="2", member_kind="2", dues_until="2026-06")
        service.enroll(two, name="欧阳演丙", gender="1", member_kind="1")
        flows.depart(
            first, left_on=date(2026, 3, 1), flow_reason="10", host_text="浙江省杭州市余杭区", host_address="某路 1 号"
        )
        if db.session.scalars(db.select(Peer).where(Peer.uid == pair.host.uid)).first() is None:
            peer = Peer(uid=pair.host.uid, code=pair.host.code, name=pair.host.name, created_at=clock.now())
            for verb in ("invite", "introduce", "confirm"):
                PEER.apply(peer, verb)
            db.session.add(peer)
        fence.commit()
        pair.home.members = {m.name: m.id for m in db.session.scalars(db.select(Member))}
    return pair.home


@pytest.fixture
def browser(fresh, side):
    """Signed in as a role; answers are read as text."""

    def enter(role="county_admin"):
        client = fresh.test_client()
        answer = client.post(f"/{side.code}/sign-in", data={"username": role, "password": world.PASSWORD, "next": ""})
        assert answer.status_code == 303
        return client

    return enter


def at(side, name, rest=""):
    return f"/{side.code}/members/{side.members[name]}{rest}"


def rows(text):
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', text)


def events_of(side, *verbs):
    with fence.acting_for(side.tenant_id):
        return list(db.session.scalars(db.select(Event).where(Event.verb.in_(verbs)).order_by(Event.id)))


def member_of(side, name):
    return db.session.get(Member, (side.tenant_id, side.members[name]))


def test_the_lists_narrow_by_the_address_and_never_show_a_whole_number(browser, side):
    admin = browser()
    page = f"/{side.code}/members/"
    assert set(rows(admin.get(page).text)) == {"王示甲", "李例乙", "欧阳演丙"}
    assert rows(admin.get(f"/{side.code}/away/").text) == ["王示甲"]
    for address, found in {
        "?q=wsj": ["王示甲"],
        "?kind=2": ["李例乙"],
        "?q=0123": ["王示甲"],
        "?dues=late": ["李例乙"],
    }.items():
        assert rows(admin.get(page + address).text) == found, address
    text = admin.get(page).text
    assert NUMBER not in text and "15400000123" not in text and "154<i>****</i>0123" in text
    folded = admin.get(page + "?q=w&pick=gender:1&how=not")
    assert folded.status_code == 303 and folded.location == page + "?q=w&not_gender=1"
    assert "性别 不是</i> 男" in admin.get(folded.location).text
    nobody = admin.get(page + "?q=没有这人").text
    assert "没有符合条件的人" in nobody and "清除条件" in nobody
    assert rows(admin.get(page + "?after=nonsense&org=x&sort=y&gender=%00").text) == []
    assert "王示甲" in admin.get(page + "found?q=wsj").text and "没有找到" in admin.get(page + "found?q=zzz").text


def test_a_list_page_stays_within_its_query_budget(fresh, browser, side, proved):
    admin = browser()
    with fence.acting_for(side.tenant_id):
        for n in range(60):
            service.enroll(side.orgs["示例村支部"], name=f"周试{'甲乙丙丁'[n % 4]}", gender="1", member_kind="1")
        fence.commit()
    seen = []

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        answer = admin.get(f"/{side.code}/members/?gender=1&sort=-birth")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(rows(answer.text)) == 50 and 'rel="next"' in answer.text and "共 62 人" in answer.text
    assert len(seen) <= 6, [s[:80] for s in seen]
    proved("lists within their query budget", 1)


def test_each_role_reads_its_part_and_the_leader_no_persons(browser, side, pair):
    secretary = browser("branch_secretary")
    assert set(rows(secretary.get(f"/{side.code}/members/").text)) == {"王示甲", "李例乙"}
    assert secretary.get(at(side, "王示甲")).status_code == 200
    assert secretary.get(at(side, "欧阳演丙")).status_code == 404
    assert secretary.get(at(side, "欧阳演丙", "/edit")).status_code == 404
    assert secretary.post(at(side, "欧阳演丙", "/depart"), data={"left_on": "2026-03-01"}).status_code == 404
    assert secretary.get(f"/{side.code}/members/{uuid7()}").status_code == 404
    refused = secretary.get(at(side, "王示甲", "/reveal/phone"))
    assert refused.status_code == 403 and "可办的人" in refused.text
    leader = browser("leader_readonly")
    assert leader.get(f"/{side.code}/members/").status_code == 403 == leader.get(at(side, "王示甲")).status_code
    with fence.acting_for(pair.host.tenant_id):
        theirs = service.enroll(pair.host.orgs["演示社区第一支部"], name="赵演戊", gender="1", member_kind="1").id
        fence.commit()
    assert browser().get(f"/{side.code}/members/{theirs}").status_code == 404


def test_reading_is_logged_and_a_masked_value_needs_a_reason(browser, side):
    admin = browser()
    page = admin.get(at(side, "王示甲")).text
    for hidden in (NUMBER, "15400000123", "示例村 1 号", "某路 1 号"):
        assert hidden not in page
    assert len(events_of(side, "member.view")) == 1
    form = admin.get(at(side, "王示甲", "/reveal/phone"))
    assert form.status_code == 200 and "15400000123" not in form.text
    refused = admin.post(at(side, "王示甲", "/reveal/phone"), data={"reason": " "})
    assert refused.status_code == 422 and "15400000123" not in refused.text and not events_of(side, "member.reveal")
    for field, value in {"phone": "15400000123", "id_number": NUMBER, "host_address": "某路 1 号"}.items():
        shown = admin.post(at(side, "王示甲", f"/reveal/{field}"), data={"reason": "核实返乡时间"})
        assert shown.status_code == 200 and value in shown.text
        assert value not in admin.get(at(side, "王示甲")).text, "shown in that answer alone"
    logged = events_of(side, "member.reveal")
    assert [e.details["field"] for e in logged] == ["phone", "id_number", "host_address"]
    assert {(e.reason, e.actor_role, e.member_id) for e in logged} == {
        ("核实返乡时间", "county_admin", side.members["王示甲"])
    }
    assert "15400000123" not in str([(e.details, e.changes) for e in logged])
    assert admin.get(at(side, "王示甲", "/reveal/name")).status_code == 404


def test_entering_fills_in_from_the_number_and_warns_of_the_same_person(browser, side):
    admin, page = browser(), f"/{side.code}/members/new"
    branch = str(side.orgs["试例村支部"])
    other = citizen_id.invent("990121", date(1980, 1, 1), 12)
    blank = {"branch_id": branch, "name": "王示甲", "member_kind": "1", "id_number": ""}
    assert admin.get(page).status_code == 200
    filled = admin.post(page, data={**blank, "id_number": other.lower(), "act": "fill"}).text
    assert 'value="1980-01-01"' in filled and f'value="{other}"' in filled and '<option value="2" selected>女' in filled
    wrong = admin.post(
        page, data={**blank, "id_number": other[:-1] + ("1" if other[-1] != "1" else "2"), "post": "村干部"}
    )
    assert wrong.status_code == 422 and "末位校验不对" in wrong.text and 'value="村干部"' in wrong.text
    exact = admin.post(page, data={**blank, "id_number": NUMBER})
    assert exact.status_code == 422 and "是同一个人" in exact.text and 'name="is_other"' not in exact.text
    assert admin.post(page, data={**blank, "id_number": NUMBER, "is_other": "1"}).status_code == 422
    alike = admin.post(page, data={**blank, "id_number": other})
    assert alike.status_code == 422 and "姓名、出生日期相同" in alike.text and at(side, "王示甲") in alike.text
    done = admin.post(page, data={**blank, "id_number": other, "is_other": "1"})
    assert done.status_code == 303
    with fence.acting_for(side.tenant_id):
        assert world.count(Member) == 4
    assert "两处" not in admin.get(done.location).text
    assert admin.post(page, data={**blank, "branch_id": str(uuid7())}).status_code == 404
    # A secretary cannot enter people into another branch, nor learn whose page the same person has.
    secretary = browser("branch_secretary")
    assert secretary.post(page, data={**blank, "name": "孙示己", "gender": "1"}).status_code == 403
    theirs = secretary.post(
        page,
        data={**blank, "branch_id": str(side.orgs["示例村支部"]), "name": "欧阳演丙", "phone": "", "id_number": other},
    )
    assert (
        theirs.status_code == 422
        and "是同一个人" in theirs.text
        and "/members/" + done.location.rsplit("/", 1)[1] not in theirs.text
    )


def edit_form(text):
    """The fields of the edit form as a browser would send them."""
    sent = {}
    for tag in re.findall(r"<input [^>]*>", text):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag and 'type="search"' not in tag and name[1] not in ("csrf_token", "q"):
            sent[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', body)
        sent[name] = chosen[1] if chosen else ""
    if "second_phone" in sent:
        sent["note"] = ""
    return {k: v for k, v in sent.items() if k not in ("next", "theme", "size")}


def test_amending_keeps_what_is_hidden_and_shows_both_values_of_a_conflict(browser, side):
    first, second = browser(), browser("township_officer")
    page = at(side, "王示甲", "/edit")
    seen = edit_form(second.get(page).text)
    assert seen["name"] == "王示甲" and seen["id_number"] == "" and seen["phone"] == ""
    changed = {"post": "村干部", "appraisal": "优秀", "joined_on": "2001-07-01", "reason": "核对"}
    assert first.post(page, data={**edit_form(first.get(page).text), **changed}).status_code == 303
    clash = second.post(page, data={**seen, "post": "教师", "education": "30"})
    assert clash.status_code == 412
    assert "<ins>教师</ins>" in clash.text and "<ins>村干部</ins>" in clash.text and "county_admin甲" in clash.text
    assert second.post(page, data=edit_form(clash.text)).status_code == 303
    with fence.acting_for(side.tenant_id):
        m = member_of(side, "王示甲")
        assert (m.post, m.education, m.id_number, m.phone) == ("教师", "30", NUMBER, "15400000123")
        # What the first changed and the second left alone outlives the second press as well.
        assert (m.appraisal, str(m.joined_on)) == ("优秀", "2001-07-01")
    bad = first.post(page, data={**edit_form(first.get(page).text), "phone": "12", "name": "王示乙"})
    assert bad.status_code == 422 and "读不出号码" in bad.text and 'value="王示乙"' in bad.text
    two = first.post(page, data={**edit_form(first.get(page).text), "phone": "15400000124、15400000125"})
    assert two.status_code == 422 and "另一个号码写在“第二电话”" in two.text
    cleared = {**edit_form(first.get(page).text), "clear": ["phone", "name"]}
    assert first.post(page, data=cleared).status_code == 303
    with fence.acting_for(side.tenant_id):
        m = member_of(side, "王示甲")
        assert m.phone is None and m.name == "王示甲"
    assert first.post(page, data={**cleared, "relation": "ended"}).status_code == 422
    assert first.post(page, data={**cleared, "version": "soon"}).status_code == 422


def test_what_crosses_as_a_code_is_chosen_from_its_list_and_an_older_word_stays(browser, side):
    """Typed by hand it would be left out of what partners get, and nobody would say so."""
    admin, page = browser(), at(side, "王示甲", "/edit")
    form = admin.get(page).text
    for word in ("合格", "谈话提醒", "收回", "优秀", "基本合格", "不合格"):
        assert f'<option value="{word}">{word}</option>' in form
    refused = admin.post(page, data={**edit_form(form), "review_result": "已年审"})
    assert refused.status_code == 422 and "别的字不会送往伙伴县" in refused.text
    cell = at(side, "王示甲", "/cell/appraisal")
    version = edit_form(admin.get(cell).text)["version"]
    assert admin.post(cell, data={"value": "良好", "version": version, "next": ""}).status_code == 422
    assert admin.post(cell, data={"value": "优秀", "version": version, "next": ""}).status_code == 303
    # Words of before the list: said to stay here, kept by whoever changes something else, and replaced by one of the list.
    with fence.acting_for(side.tenant_id):
        service.write(member_of(side, "王示甲"), {"review_result": "已年审"})
        fence.commit()
    assert "已年审（不在所列之内，不送往伙伴县）" in admin.get(at(side, "王示甲")).text
    kept = edit_form(admin.get(page).text)
    assert kept["review_result"] == "已年审" and kept["appraisal"] == "优秀"
    assert admin.post(page, data={**kept, "post": "教师"}).status_code == 303
    with fence.acting_for(side.tenant_id):
        m = member_of(side, "王示甲")
        assert (m.post, m.review_result, m.appraisal) == ("教师", "已年审", "优秀")
    assert admin.post(page, data={**edit_form(admin.get(page).text), "review_result": "passed"}).status_code == 303
    assert "不在所列之内" not in admin.get(at(side, "王示甲")).text


def test_leaving_and_returning(browser, side):
    admin = browser()
    page = at(side, "李例乙", "/depart")
    wrong = admin.post(page, data={"left_on": "2026-05-01", "expected_until": "2026-04-01", "host_text": "某处"})
    assert wrong.status_code == 422 and "不能早于流出时间" in wrong.text and 'value="某处"' in wrong.text
    assert admin.get(page).status_code == 200
    assert admin.post(page, data={"left_on": "2026-03-01", "flow_reason": "20", "host_text": "浙江省丽水市松阳县", "host_township": "西屏街道",
                                  "host_address": "", "work_unit": "", "work_kind": "", "occupation": ""}).status_code == 303  # fmt: skip
    shown = admin.get(at(side, "李例乙")).text
    assert "松阳县西屏街道" in shown and "结束流动" in shown
    assert (
        admin.post(
            page,
            data={
                "left_on": "2026-03-01",
                "host_text": "",
                "host_address": "",
                "host_township": "",
                "work_unit": "",
                "occupation": "",
            },
        ).status_code
        == 409
    )
    flow = at(side, "李例乙", "/flow")
    mine, theirs = edit_form(admin.get(flow).text), edit_form(admin.get(flow).text)
    moved = {"flow_reason": "10", "host_text": "浙江省杭州市余杭区", "host_township": "", "reason": "换地方"}
    assert admin.post(flow, data=theirs | moved | {"work_unit": "演示电子有限公司"}).status_code == 303
    assert admin.post(flow, data=mine | {"host_text": "浙江省丽水市遂昌县", "flow_reason": "30"}).status_code == 412
    # Opened before, and only where he works was changed by both: the place the other wrote outlives both presses.
    clash = admin.post(flow, data=mine | {"work_unit": "演示服装厂"})
    assert (
        clash.status_code == 412
        and "<ins>演示服装厂</ins>" in clash.text
        and "<ins>演示电子有限公司</ins>" in clash.text
    )
    assert admin.post(flow, data=edit_form(clash.text)).status_code == 303
    assert admin.post(flow, data=mine | {"occupation": "服装", "host_address": "某路 2 号"}).status_code == 303
    now = edit_form(admin.get(flow).text)
    assert now["host_address"] == "" and admin.post(flow, data=now | {"occupation": "服装"}).status_code == 303
    with fence.acting_for(side.tenant_id):
        assert (
            db.session.scalars(db.select(Flow.host_address).where(Flow.member_id == side.members["李例乙"])).one()
            == "某路 2 号"
        )
    assert admin.post(flow, data=now | {"clear": "host_address"}).status_code == 303
    with fence.acting_for(side.tenant_id):
        assert (
            db.session.scalars(db.select(Flow.host_address).where(Flow.member_id == side.members["李例乙"])).one()
            is None
        )
    with fence.acting_for(side.tenant_id):
        kept = db.session.scalars(db.select(Flow).where(Flow.member_id == side.members["李例乙"])).one()
        assert (kept.host_text, kept.flow_reason, kept.work_unit, kept.occupation) == (
            "浙江省杭州市余杭区",
            "10",
            "演示服装厂",
            "服装",
        )
    assert admin.post(at(side, "李例乙", "/flow/miss"), data={"reason": "电话停机"}).status_code == 303
    assert admin.get(at(side, "李例乙", "/flow/miss")).status_code == 409
    assert admin.post(at(side, "李例乙", "/flow/declare_lost"), data={"reason": ""}).status_code == 422
    assert (
        admin.post(
            at(side, "李例乙", "/flow/end"), data={"ended_as": "transferred", "ended_on": "2026-06-01"}
        ).status_code
        == 422
    )
    assert admin.get(at(side, "李例乙", "/flow/end")).status_code == 200
    assert (
        admin.post(
            at(side, "李例乙", "/flow/end"), data={"ended_as": "returned", "ended_on": "2026-06-01", "reason": "返乡"}
        ).status_code
        == 303
    )
    with fence.acting_for(side.tenant_id):
        flow = db.session.scalars(db.select(Flow).where(Flow.member_id == side.members["李例乙"])).one()
        assert (flow.host_code, flow.ended_on, flow.ended_as) == ("330110", date(2026, 6, 1), "returned")
    assert admin.get(at(side, "李例乙", "/flow/end")).status_code == 404

    # Lost by the word of a register that came in: no open flow says so, and a person takes it back.
    assert admin.get(at(side, "李例乙", "/flow/find")).status_code == 404
    with fence.acting_for(side.tenant_id):
        service.mark_contact(member_of(side, "李例乙"), is_lost=True, reason="import")
        fence.commit()
    shown = admin.get(at(side, "李例乙")).text
    assert "失去联系" in shown and at(side, "李例乙", "/flow/find") in shown
    assert "名册不再标为失去联系" in admin.get(at(side, "李例乙", "/flow/find")).text
    assert admin.post(at(side, "李例乙", "/flow/find"), data={"reason": ""}).status_code == 422
    assert admin.post(at(side, "李例乙", "/flow/find"), data={"reason": "本人来电"}).status_code == 303
    assert admin.post(at(side, "李例乙", "/flow/find"), data={"reason": "本人来电"}).status_code == 404
    with fence.acting_for(side.tenant_id):
        assert not member_of(side, "李例乙").is_lost_contact
        # Who came home is not lost any more.
        flow = flows.current(side.members["王示甲"])
        flows.miss(flow)
        flows.declare_lost(flow, reason="查找无果")
        flows.end(flow, FlowEnd.RETURNED)
        assert not member_of(side, "王示甲").is_lost_contact
        db.session.rollback()


def test_a_notice_is_recorded_for_one_and_for_all_that_match_and_withdrawn_after_saying_what_happens(
    browser, side, pair
):
    admin = browser()
    page = at(side, "王示甲", "/notice")
    assert pair.host.name in admin.get(page).text
    given = {"partner": str(pair.host.uid), "scope": ["S2", "S6"], "method": "paper", "given_on": "2026-03-01"}
    for wrong, words in (
        ({"partner": str(uuid7())}, "请选一项"),
        ({"scope": []}, "请选一项"),
        ({"given_on": "2199-01-01"}, "不能晚于今天"),
        ({"scope": ["S4"]}, "请选一项"),
    ):
        refused = admin.post(page, data={**given, **wrong})
        assert refused.status_code == 422 and words in refused.text, wrong
    assert admin.post(page, data=given).status_code == 303
    assert "书面" in admin.get(at(side, "王示甲")).text
    # Everybody the query finds, run again on the server; the one who was told is left as he is.
    picked = {"roll": "members", "all_matching": "1", "query": "gender=1"}
    asked = admin.post(f"/{side.code}/members/notify", data={**picked, "id": str(side.members["李例乙"])})
    assert asked.status_code == 200 and "2 人" in asked.text
    done = admin.post(f"/{side.code}/members/notify", data={**picked, **given, "act": "give"})
    assert done.status_code == 303 and "已为 1 人登记告知" in admin.get(done.location).text
    assert admin.post(f"/{side.code}/members/notify", data={"roll": "members"}).status_code == 422
    secretary = browser("branch_secretary")
    hers = secretary.post(
        f"/{side.code}/members/notify", data={"roll": "members", "id": [str(i) for i in side.members.values()]}
    )
    assert "登记对 2 人的告知" in hers.text, "people of another branch are not in her selection"
    away = at(side, "王示甲", f"/notice/{pair.host.uid}/withdraw")
    assert "收到后销毁" in admin.get(away).text
    assert admin.post(away, data={"scope": [], "reason": ""}).status_code == 422
    assert admin.post(away, data={"scope": ["S2"], "reason": "本人要求"}).status_code == 303
    # What is written down later of a day before it brings nothing back, for one or for all that match.
    late = admin.post(page, data=given)
    assert late.status_code == 422 and "以撤回为准" in late.text
    assert admin.post(f"/{side.code}/members/notify", data={**picked, **given, "act": "give"}).status_code == 303
    with fence.acting_for(side.tenant_id):
        mine = db.session.scalars(db.select(Consent).where(Consent.member_id == side.members["王示甲"])).all()
        assert {c.scope: c.withdrawn_at is None for c in mine} == {"S2": False, "S6": True}
    assert admin.get(at(side, "王示甲", f"/notice/{uuid7()}/withdraw")).status_code == 404


def test_a_released_member_is_shown_with_the_reason_and_refuses_every_form(browser, side):
    with fence.acting_for(side.tenant_id):
        service.freeze(member_of(side, "王示甲"), uuid7())
        fence.commit()
    admin = browser()
    shown = admin.get(at(side, "王示甲"))
    assert shown.status_code == 200 and "组织关系在途，记录锁定" in shown.text and 'aria-disabled="true"' in shown.text
    for rest, data in {
        "/edit": {"version": "2026-01-01T00:00:00+00:00", "name": "王示甲", "member_kind": "1"},
        "/assign": {"branch_id": str(side.orgs["试例村支部"]), "reason": ""},
        "/end": {"standing": "deceased", "reason": "x"},
        "/notice": {"partner": str(uuid7())},
        "/flow": {"host_text": "", "host_address": ""},
    }.items():
        refused = admin.post(at(side, "王示甲", rest), data=data)
        assert refused.status_code == 409 and "记录已锁定" in refused.text, rest


def test_moving_and_ending(browser, side):
    admin = browser()
    assert admin.get(at(side, "王示甲", "/assign")).status_code == 200
    assert (
        admin.post(
            at(side, "王示甲", "/assign"), data={"branch_id": str(side.orgs["天堂镇"]), "reason": ""}
        ).status_code
        == 403
    )
    assert (
        admin.post(
            at(side, "王示甲", "/assign"), data={"branch_id": str(side.orgs["试例村支部"]), "reason": "搬家"}
        ).status_code
        == 303
    )
    assert admin.post(at(side, "王示甲", "/end"), data={"standing": "normal", "reason": "x"}).status_code == 422
    assert (
        admin.post(at(side, "王示甲", "/end"), data={"standing": "deceased", "reason": "因病去世"}).status_code == 303
    )
    page = admin.get(at(side, "王示甲")).text
    assert "不再是本县党员" in page and "搬家" in page
    assert rows(admin.get(f"/{side.code}/away/").text) == []
    back = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', page)[1]
    assert admin.post(back).status_code == 303, "the wrong one of two men of a name"
    page = admin.get(at(side, "王示甲")).text
    assert "不再是本县党员" not in page and "撤销刚才的改动" in page
    assert "随之结束的流动登记和转接没有恢复" in page, "the flow stays ended"
    assert admin.post(back).status_code == 404, "once"


def test_whose_end_stands_is_not_to_be_registered_away_anew(browser, side):
    admin = browser()
    admin.post(at(side, "王示甲", "/end"), data={"standing": "deceased", "reason": "因病去世"})
    back = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', admin.get(at(side, "王示甲")).text)[1]
    with fence.acting_for(side.tenant_id):
        service.enroll(side.orgs["示例村支部"], name="王示甲", member_kind="1", id_number=NUMBER)
        fence.commit()
    page = admin.post(back, follow_redirects=True).text
    assert "没有动" in page and "随之结束" not in page


def test_time_of_the_page_is_the_clocks(browser, side):
    with clock.at(datetime(2026, 11, 23, 4, tzinfo=UTC)):
        assert "2026-06 逾期" in browser().get(f"/{side.code}/members/").text


def test_a_later_room_adds_a_column_a_condition_and_a_section(browser, side, monkeypatch):
    code = register.Extra(
        "code", Flow.host_code, facet=Facet("code", "区划", Flow.host_code.in_, None, {"330110": "余杭"})
    )
    column = lists.Column(code, "区划", lambda line: line.extra["code"], (Roll.AWAY,))
    monkeypatch.setattr(lists, "COLUMNS", [column])
    monkeypatch.setattr(pages, "SECTIONS", [lambda m, flow: f"送往 {flow.host_code if flow else '无'}"])
    monkeypatch.setattr(
        pages,
        "ACTS",
        [pages.Act("告知本人", "members.notice", Permission.MEMBER_WRITE, lambda m, flow: flow is not None)],
    )
    admin = browser()
    away = admin.get(f"/{side.code}/away/?code=330110").text
    assert "<td>330110</td>" in away and "区划 是</i> 余杭" in away and rows(away) == ["王示甲"]
    assert rows(admin.get(f"/{side.code}/away/?not_code=330110").text) == []
    page = admin.get(at(side, "王示甲")).text
    assert "送往 330110" in page and ">告知本人</a>" in page
    assert ">告知本人</a>" not in admin.get(at(side, "李例乙")).text
