"""Cases of one county in the browser: by role, through forms and real jobs; what each committee sees; what is refused and why."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from PIL import Image
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import NUMBER
from tests.federation.referrals.walk import later
from tests.world import PASSWORD
from web.core import clock, fence
from web.core.errors import Invalid
from web.core.events import Actor, Event
from web.extensions import db
from web.federation.handovers import service as handovers
from web.federation.handovers import worklists
from web.federation.handovers.models import HandoverState
from web.federation.handovers.worklists import Tab
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.codes import Standing
from web.tenants.members.models import Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind
from web.tenants.transfers import book as stubs
from web.tenants.transfers import issuing, letters, receiving, service
from web.tenants.transfers.models import TransferState

TO, OFFICE = "中共上海市示例区演示街道工作委员会", "中共上海市示例区委组织部"
APPLICATION = {"way": "elsewhere", "to_org": TO, "addressee": OFFICE, "method": "paper", "act": "submit"}


@pytest.fixture
def enter(fresh, pair):
    """A signed-in browser of the home county."""

    def enter(role=Role.COUNTY_ADMIN, side=None):
        client = fresh.test_client()
        assert sign_in(client, side or pair.home, role.value).status_code == 303
        return client

    return enter


def enroll(side, name="王示甲", number=NUMBER, branch="示例村支部", **more):
    given = {
        "gender": "1", "member_kind": "1", "birth_on": date(1990, 7, 15), "id_number": number, "ethnicity": "01",
        "phone": "15400000123", "dues_until": "2026-10",
    }  # fmt: skip
    with side.act():
        member = members.enroll(side.orgs[branch], name=name, **(given | more))
        fence.commit()
        return member.id


def names(text):
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', text)


def test_out_of_the_county_by_paper(pair, enter, work):
    """From the branch's application to the receipt entered by hand, each step by the role whose turn it is."""
    side, member_id = pair.home, enroll(pair.home)
    secretary, officer = enter(Role.BRANCH_SECRETARY), enter(Role.TOWNSHIP_OFFICER)
    begin = f"/{side.code}/transfers/begin/{member_id}"
    assert begin in secretary.get(f"/{side.code}/members/{member_id}").text
    said = APPLICATION | {"applied_on": clock.today().isoformat()}
    wrong = secretary.post(begin, data=said | {"to_org": "", "applied_on": "2199-01-01"})
    assert wrong.status_code == 422 and "必填" in wrong.text and "不能晚于今天" in wrong.text and OFFICE in wrong.text
    sent = secretary.post(begin, data=said)
    assert sent.status_code == 303
    at = sent.location
    page = secretary.get(at).text
    assert "待党委审批" in page and "轮到所在党委：审批" in page and "township_officer甲" in page
    again = secretary.post(begin, data=said)
    assert again.status_code == 409 and "已有一件在办" in again.text
    assert secretary.post(f"{at}/approve").status_code == 403
    left = secretary.post(
        f"/{side.code}/members/{member_id}/depart", data={"left_on": "2026-02-01", "host_code": "330110"}
    )
    assert left.status_code == 409 and "没有办结的组织关系转接" in left.text, "who moves begins no flow"
    # The township has it on its list and on its home page; it sends it back, and gets it again.
    assert names(officer.get(f"/{side.code}/transfers/").text) == ["王示甲"]
    assert "转往 " + TO in officer.get(f"/{side.code}/").text
    assert names(secretary.get(f"/{side.code}/transfers/").text) == []
    assert officer.post(f"{at}/give-back", data={"text": ""}).status_code == 422
    assert officer.post(f"{at}/give-back", data={"text": "请附本人申请"}).status_code == 303
    assert "请附本人申请" in secretary.get(at).text
    assert names(secretary.get(f"/{side.code}/transfers/").text) == ["王示甲"]
    assert names(officer.get(f"/{side.code}/transfers/?tab=next").text) == ["王示甲"]
    # What was given back is mended, then handed up again; nobody else writes it, and nobody once it is handed up.
    assert f"{at}/amend" in secretary.get(at).text
    assert f'value="{TO}"' in secretary.get(f"{at}/amend").text
    mended = said | {"note": "附本人申请一份", "act": ""}
    refused = secretary.post(f"{at}/amend", data=mended | {"addressee": ""})
    assert refused.status_code == 422 and "附本人申请一份" in refused.text
    assert secretary.post(f"{at}/amend", data=mended).status_code == 303
    page = secretary.get(at).text
    assert "附本人申请一份" in page and "修改本人转接申请" in page and "退回补正" in page
    assert secretary.post(f"{at}/submit").status_code == 303
    assert f"{at}/amend" not in secretary.get(at).text
    assert secretary.post(f"{at}/amend", data=mended).status_code == 409
    assert officer.post(f"{at}/approve").status_code == 303
    assert secretary.post(f"{at}/revoke", data={"text": ""}).status_code == 409, "the next level has approved"
    # The letter.
    form = officer.get(f"{at}/issue-letter").text
    assert TO in form and "岳西县天堂镇示例村支部" in form and NUMBER not in form
    letter = {
        "from_org": "岳西县天堂镇示例村支部",
        "to_org": TO,
        "addressee": OFFICE,
        "valid_days": "30",
        "contact": "",
    }
    assert officer.post(f"{at}/issue-letter", data=letter | {"valid_days": "91"}).status_code == 422
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    work()
    page = officer.get(at).text
    number = f"{clock.today().year}0001"
    assert f"第{number}号" in page and "叁拾" in page
    paper = PdfReader(io.BytesIO(officer.get(re.search(r'href="([^"]*/documents/[^"]*)"', page)[1]).data))
    text = paper.pages[0].extract_text().replace(" ", "").replace("\n", "")
    assert NUMBER in text and "上海市示例区" in text and number in text
    with side.act():
        assert members.get(member_id).frozen_by is not None, "locked while the letter is out"
    assert secretary.post(f"/{side.code}/members/{member_id}/edit", data={"name": "王示乙"}).status_code == 409
    # Handed out, and the receipt by hand.
    assert officer.post(f"{at}/hand-out", data={"on": "2020-01-01"}).status_code == 422
    assert officer.post(f"{at}/hand-out", data={"on": clock.today().isoformat()}).status_code == 303
    page, form = officer.get(at).text, officer.get(f"{at}/refuse").text
    assert "等对方接收、寄回回执" in page and "登记对方不予接收" in page and "登记对方不予接收" in form
    assert "不得无正当理由拒绝" not in form, "it is the other side's word, written down here"
    receipt = {"on": clock.today().isoformat(), "handler": "", "phone": "021-0000123"}
    wrong = officer.post(f"{at}/return-receipt", data=receipt)
    assert wrong.status_code == 422 and wrong.text.count('class="err"') == 1 and "021-0000123" in wrong.text
    assert officer.post(f"{at}/return-receipt", data=receipt | {"handler": "陈例丁"}).status_code == 303
    work()
    page = officer.get(at).text
    assert "办结" in page and "陈例丁" in page and "回执联　PDF" in page
    with side.act():
        member = members.get(member_id)
        assert member.relation is Relation.TRANSFERRED and member.frozen_by is None
    # The scan of the receipt: kept as it is, and what is no paper is refused with the way to mend it.
    scan = {"scan": (io.BytesIO(b"MZ not a paper"), "回执.jpg")}
    wrong = officer.post(f"{at}/scan", data=scan, content_type="multipart/form-data")
    assert wrong.status_code == 422 and "不是完整的 PDF、JPG 或 PNG" in wrong.text
    photo = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(photo, "PNG")
    scan = {"scan": (io.BytesIO(photo.getvalue()), "回执.png")}
    assert officer.post(f"{at}/scan", data=scan, content_type="multipart/form-data").status_code == 303
    kept = officer.get(re.search(r'href="([^"]*/scans/[^"]*)">回执扫描件', officer.get(at).text)[1])
    assert kept.data == photo.getvalue() and kept.mimetype == "image/png"
    assert names(officer.get(f"/{side.code}/transfers/?tab=out").text) == ["王示甲"]
    assert names(officer.get(f"/{side.code}/transfers/?tab=decided").text) == ["王示甲"]
    assert names(officer.get(f"/{side.code}/transfers/?tab=open").text) == []
    code = re.search(r"/v/(\w+)", text) or re.search(r"查验码(\w{4}-\w{4}-\w{4})", text)
    proof = enter().get(f"/v/{code[1]}").text
    assert "办结" in proof and "收到回执" in proof and "王示甲" not in proof


def test_a_letter_that_expires_is_renewed_and_keeps_its_place_in_the_book(pair, enter, work):
    side, member_id = pair.home, enroll(pair.home)
    officer = enter(Role.TOWNSHIP_OFFICER)
    sent = officer.post(
        f"/{side.code}/transfers/begin/{member_id}", data=APPLICATION | {"applied_on": clock.today().isoformat()}
    )
    at = sent.location
    letter = {"from_org": "甲", "to_org": TO, "addressee": OFFICE, "valid_days": "10", "contact": ""}
    officer.post(f"{at}/approve")
    assert "登记回执" not in officer.get(at).text, "no letter is out"
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    # Spoiled: the number stands as void, the row is free, another letter gets the next number.
    assert officer.post(f"{at}/void-letter", data={"reason": "wrong_entry", "text": ""}).status_code == 303
    assert "作废" in officer.get(at).text
    book = f"/{side.code}/transfers/letters"
    assert "作废，介绍信有误" in officer.get(book).text, "the reason in words where the clerk wrote none"
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    work()
    with side.act(), clock.at(clock.now() + timedelta(days=11)):
        assert issuing.expire_letters() == 1
        assert issuing.expire_letters() == 0
        fence.commit()
    with side.act():
        assert members.get(member_id).frozen_by is None
    page = officer.get(at).text
    assert "介绍信过期" in page
    with side.act(), clock.at(clock.now() + timedelta(days=12)), pytest.raises(Invalid) as wrong:
        case = service.get(UUID(at.rpartition("/")[2]), lock=True)
        issuing.return_receipt(case, on=clock.today() - timedelta(days=1), handler="陈例丁", phone="021-0000123")
    assert wrong.value.fields == {"on": ["after_valid"]}, "received in time, or not received"
    assert officer.post(f"{at}/renew", data={"text": " "}).status_code == 422
    assert officer.post(f"{at}/renew", data={"text": "本人一直在支部参加组织生活"}).status_code == 303
    officer.post(f"{at}/approve")
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    stubs = re.findall(r"<li>第(\d{8})号", officer.get(at).text)
    assert [s[4:] for s in stubs] == ["0003", "0002", "0001"], "no gaps, void ones stand"
    # Received in time, and the receipt came after its last day, when another letter was asked for already: the book no longer
    # says that nobody received it.
    with side.act(), clock.at(clock.now() + timedelta(days=11)):
        assert issuing.expire_letters() == 1
        fence.commit()
    assert letters.RAN_OUT in officer.get(book).text
    officer.post(f"{at}/renew", data={"text": "本人一直在支部参加组织生活"})
    assert officer.post(f"{at}/give-back", data={"text": "请补说明"}).status_code == 303
    elsewhere = officer.post(
        f"{at}/amend", data=APPLICATION | {"to_org": "别处", "applied_on": clock.today().isoformat()}
    )
    assert elsewhere.status_code == 422 and "原介绍信写明的去向不能改" in elsewhere.text, "its receipt may come yet"
    noted = APPLICATION | {"note": "附说明", "applied_on": clock.today().isoformat()}
    assert officer.post(f"{at}/amend", data=noted).status_code == 303
    assert "登记回执" in officer.get(at).text
    with side.act(), clock.at(clock.now() + timedelta(days=12)):
        case = service.get(UUID(at.rpartition("/")[2]), lock=True)
        issuing.return_receipt(case, on=clock.today() - timedelta(days=3), handler="陈例丁", phone="021-0000123")
        assert case.reason == "", "why a number was spoiled is no outcome of the case"
        fence.commit()
    assert letters.RAN_OUT not in officer.get(book).text
    line = officer.get(at).text.partition('<ol class="line')[2].partition("</ol>")[0]
    assert "回执<span" in line and "未到" not in line and "已结束" not in line, (
        "closed, though never noted as handed over"
    )


def apply(client, side, member_id, **more):
    said = {"way": "elsewhere", "to_org": TO, "addressee": OFFICE, "method": "paper", "act": "submit",
            "applied_on": clock.today().isoformat()}  # fmt: skip
    sent = client.post(f"/{side.code}/transfers/begin/{member_id}", data=said | more)
    assert sent.status_code == 303, sent.text[:3000]
    return sent.location


def _actor(side, role):
    org = organisations.get({
        Role.TOWNSHIP_OFFICER: side.orgs["天堂镇"], Role.BRANCH_SECRETARY: side.orgs["示例村支部"],
    }.get(role) or organisations.root().id)  # fmt: skip
    return Actor(side.accounts[role], f"{role.value}甲", role.value, org.id, org.path)


def second_township(fresh, side):
    """Another township of the county with a branch and an officer; signed in."""
    with side.act():
        town = organisations.found(organisations.root(), OrgKind.TOWNSHIP_COMMITTEE, "店前镇")
        branch = organisations.found(town, OrgKind.BRANCH, "店前示例村支部")
        account, _ = accounts.open_account("officer2", "officer乙", Role.TOWNSHIP_OFFICER, town.id, password=PASSWORD)
        account.must_change = False
        fence.commit()
        found = town.id, branch.id
    client = fresh.test_client()
    assert sign_in(client, side, "officer2").status_code == 303
    return client, *found


def test_inside_one_committee_the_approval_is_the_whole(fresh, pair, enter):
    side, member_id = pair.home, enroll(pair.home)
    secretary, officer = enter(Role.BRANCH_SECRETARY), enter(Role.TOWNSHIP_OFFICER)
    to = str(side.orgs["试例村支部"])
    form = secretary.get(f"/{side.code}/transfers/begin/{member_id}").text
    assert f'value="{to}"' in form and str(side.orgs["示例村支部"]) not in form.partition("<main")[2]
    same = secretary.post(
        f"/{side.code}/transfers/begin/{member_id}",
        data=APPLICATION | {"way": "inside", "to_org_id": str(side.orgs["天堂镇"]), "applied_on": "2026-01-01"},
    )
    assert same.status_code == 422 and "请选一项" in same.text
    at = apply(secretary, side, member_id, way="inside", to_org_id=to)
    # Moved meanwhile: the case follows him, and what was applied for fits no longer.
    _, _, branch = second_township(fresh, side)
    for place in (branch, side.orgs["示例村支部"]):
        with side.act():
            members.assign_branch(members.get(member_id, lock=True), place)
            assert service.of_member(member_id)[0].branch_id == place
            fence.commit()
        if place == branch:
            assert officer.get(at).status_code == 404, "another township's by now"
            refused = enter().post(f"{at}/approve")
            assert refused.status_code == 409 and "去向不再合适" in refused.text
    secretary, officer = enter(Role.BRANCH_SECRETARY), enter(Role.TOWNSHIP_OFFICER)
    assert "随即编入新支部" in officer.get(f"{at}/approve").text
    assert officer.post(f"{at}/approve").status_code == 303
    assert "办结" in officer.get(at).text
    with side.act():
        assert members.get(member_id).branch_id == side.orgs["试例村支部"]
        assert service.of_member(member_id)[0].state is TransferState.CLOSED


def test_between_two_committees_each_sees_its_part(fresh, pair, enter):
    side, member_id = pair.home, enroll(pair.home)
    ours, (theirs, town, branch) = enter(Role.TOWNSHIP_OFFICER), second_township(fresh, side)
    at = apply(ours, side, member_id, way="inside", to_org_id=str(town))
    assert theirs.get(at).status_code == 404, "nothing is seen before the committee approved"
    assert names(theirs.get(f"/{side.code}/transfers/?tab=open").text) == []
    assert ours.post(f"{at}/approve").status_code == 303
    with side.act():
        assert members.get(member_id).frozen_by is not None
    assert names(theirs.get(f"/{side.code}/transfers/").text) == ["王示甲"]
    assert names(ours.get(f"/{side.code}/transfers/").text) == []
    page = theirs.get(at).text
    assert "轮到您：接收" in page and f"/members/{member_id}" not in page, "the member is not theirs yet"
    assert theirs.get(f"/{side.code}/members/{member_id}").status_code == 404
    assert ours.post(f"{at}/receive", data={"branch_id": str(branch)}).status_code == 409, "not its seat"
    wrong = theirs.post(f"{at}/receive", data={"branch_id": str(side.orgs["示例村支部"])})
    assert wrong.status_code == 422 and "请选接收党委所属的支部" in wrong.text
    warned = theirs.get(f"{at}/refuse").text
    assert "不得无正当理由拒绝" in warned
    assert theirs.post(f"{at}/receive", data={"branch_id": str(branch)}).status_code == 303
    assert theirs.get(f"/{side.code}/members/{member_id}").status_code == 200
    assert ours.get(f"/{side.code}/members/{member_id}").status_code == 404
    assert names(theirs.get(f"/{side.code}/transfers/?tab=decided").text) == ["王示甲"]
    # The history stays with both: out of the one, in at the other, and for who looks after both it is both.
    for looker, tabs in ((ours, {"out"}), (theirs, {"in"}), (enter(), {"out", "in"})):
        for tab in ("out", "in", "open", "todo", "next"):
            listed = names(looker.get(f"/{side.code}/transfers/?tab={tab}").text)
            assert listed == (["王示甲"] if tab in tabs else []), (tabs, tab)


def test_a_committee_refuses_for_a_reason_and_the_row_is_free(fresh, pair, enter):
    side, member_id = pair.home, enroll(pair.home)
    ours, (theirs, town, _branch) = enter(Role.TOWNSHIP_OFFICER), second_township(fresh, side)
    at = apply(ours, side, member_id, way="inside", to_org_id=str(town))
    ours.post(f"{at}/approve")
    assert theirs.post(f"{at}/refuse", data={"text": ""}).status_code == 422
    assert theirs.post(f"{at}/refuse", data={"reason": "other", "text": ""}).status_code == 422
    assert theirs.post(f"{at}/refuse", data={"reason": "missing_file", "text": "缺入党志愿书"}).status_code == 303
    page = ours.get(at).text
    assert "档案材料不齐" in page and "缺入党志愿书" in page
    with side.act():
        assert members.get(member_id).frozen_by is None
    assert "组织关系仍在原支部" in page
    assert apply(ours, side, member_id) != at, "and another application may follow"
    with side.act():
        members.end(members.get(member_id, lock=True), Standing.DECEASED, reason="病故")
        fence.commit()
    assert "组织关系仍在原支部" not in ours.get(at).text


def test_towards_a_partner_the_case_ends_where_the_handover_begins(agreed, fresh, work):
    def browser(side, role):
        client = fresh.test_client()
        assert sign_in(client, side, role.value).status_code == 303
        return client

    home, host = agreed.home, agreed.host
    member_id = enroll(home)
    secretary, officer = browser(home, Role.BRANCH_SECRETARY), browser(home, Role.TOWNSHIP_OFFICER)
    at = apply(secretary, home, member_id, way="partner", partner=str(host.uid), to_org="余杭街道党工委")
    assert names(officer.get(f"/{home.code}/transfers/").text) == ["王示甲"]
    assert officer.post(f"{at}/approve").status_code == 303
    work()
    page = officer.get(at).text
    assert "转由双方系统办理" in page
    handover = re.search(r'href="([^"]*/handovers/[^"]*)"[^>]*>看双方办理', page)[1]
    assert officer.get(handover).status_code == 200
    assert names(browser(host, Role.COUNTY_ADMIN).get(f"/{host.code}/transfers/").text) == ["王示甲"]
    assert names(officer.get(f"/{home.code}/transfers/?tab=next").text) == ["王示甲"], "listed once, as the handover"
    with home.act():
        handed = handovers.of_case(service.of_member(member_id)[0].id)
        assert handed.state is HandoverState.REQUESTED
    # The letter of the handover draws from the same book; a case of the county cannot overtake it.
    with host.act():
        handovers.accept(handovers.get(handed.id, lock=True))
        fence.commit()
    work()
    at2 = apply(officer, home, member_id)
    officer.post(f"{at2}/approve")
    letter = {"from_org": "甲", "to_org": TO, "addressee": OFFICE, "valid_days": "30", "contact": ""}
    refused = officer.post(f"{handover}/release", data=letter)
    assert refused.status_code == 409 and "已有一件在办" in refused.text
    assert officer.post(f"{at2}/revoke", data={"text": ""}).status_code == 303
    assert officer.post(f"{handover}/release", data=letter).status_code == 303
    work()
    book = officer.get(f"/{home.code}/transfers/letters").text
    assert names(book) == [f"{clock.today().year}0001"] and "王示甲" in book
    assert officer.post(f"/{home.code}/transfers/begin/{member_id}", data=APPLICATION).status_code == 409
    assert officer.post(f"{handover}/recall", data={"reason": "member_stays", "text": ""}).status_code == 303
    work()
    assert "作废" in officer.get(f"/{home.code}/transfers/letters?standing=void").text


def test_a_letter_from_elsewhere_makes_a_provisional_row(pair, enter):
    side, officer = pair.home, enter(Role.TOWNSHIP_OFFICER)
    page = f"/{side.code}/transfers/receive"
    assert page in officer.get(f"/{side.code}/transfers/").text
    given = {
        "letter_no": "20260831", "from_org": "中共上海市示例区演示街道工作委员会", "addressee": "中共岳西县委组织部",
        "issued_on": (clock.today() - timedelta(days=20)).isoformat(), "valid_days": "15",
        "received_on": clock.today().isoformat(), "branch_id": str(side.orgs["示例村支部"]), "name": "李例乙", "gender": "1",
        "birth_on": "1990-07-15", "ethnicity": "01", "member_kind": "1", "id_number": NUMBER, "phone": "15400000456",
        "dues_until": "2026-10", "activist_on": "2010-07-01",
    }  # fmt: skip
    late = officer.post(page, data=given)
    assert late.status_code == 422 and "介绍信已过有效期" in late.text and "20260831" in late.text
    # Nothing is asked twice: the number says when he was born and who he is, and what is typed otherwise is asked about.
    assert 'name="gender" value="1" checked' not in officer.get(page).text, "nobody is a man until somebody says so"
    filled = officer.post(page, data={"id_number": NUMBER, "letter_no": "20260831", "act": "fill"})
    assert filled.status_code == 200 and f'value="{citizen_id.birth_on(NUMBER)}"' in filled.text
    assert re.search(rf'name="gender" value="{citizen_id.gender_of(NUMBER)}"[^>]* checked', filled.text)
    assert "20260831" in filled.text
    other = {"1": "2", "2": "1"}[citizen_id.gender_of(NUMBER)]
    doubted = officer.post(page, data=given | {"valid_days": "30", "gender": other})
    assert doubted.status_code == 422 and "性别与身份证号不一致" in doubted.text and "照此登记" in doubted.text
    sent = officer.post(page, data=given | {"valid_days": "30"})
    assert sent.status_code == 303
    at = sent.location
    text = officer.get(at).text
    assert "已接收，待编入" in text and "暂编" in text and "2010-07-01" in text and "20260831" in text
    with side.act():
        member = members.get(service.get(UUID(at.rpartition("/")[2])).member_id)
        assert member.relation is Relation.PROVISIONAL
    again = officer.post(page, data=given | {"valid_days": "30"})
    assert again.status_code == 422 and "已在本县名册中" in again.text
    assert officer.post(f"{at}/assign", data={"branch_id": str(side.orgs["试例村支部"])}).status_code == 303
    assert "已编入，待寄回执" in officer.get(at).text
    assert (
        officer.post(f"{at}/send-receipt", data={"on": "2020-01-01", "handler": "a", "phone": "1"}).status_code == 422
    )
    done = {"on": clock.today().isoformat(), "handler": "陈例丁", "phone": "0556-0000123"}
    assert officer.post(f"{at}/send-receipt", data=done).status_code == 303
    with side.act():
        member = members.get(member.id)
        assert member.relation is Relation.HELD and member.branch_id == side.orgs["试例村支部"]
    assert names(officer.get(f"/{side.code}/transfers/?tab=in").text) == ["李例乙"]


def test_a_letter_from_elsewhere_is_good_for_three_months_at_most(pair, enter):
    """Whatever number of days it says; and within them to the last, not a day longer."""
    side, officer = pair.home, enter(Role.TOWNSHIP_OFFICER)
    given = {
        "letter_no": "20260831", "from_org": TO, "branch_id": str(side.orgs["示例村支部"]), "name": "李例乙", "gender": "1",
        "birth_on": "1990-07-15", "ethnicity": "01", "member_kind": "1", "id_number": NUMBER, "phone": "15400000456",
        "dues_until": "2026-10", "received_on": clock.today().isoformat(),
    }  # fmt: skip

    def presented(days_ago, valid_days):
        issued = (clock.today() - timedelta(days=days_ago)).isoformat()
        return officer.post(
            f"/{side.code}/transfers/receive", data=given | {"issued_on": issued, "valid_days": str(valid_days)}
        )

    for days_ago, valid_days, words in (
        (5, 91, "超出允许的范围"),
        (5, 0, "超出允许的范围"),
        (91, 90, "介绍信已过有效期"),
    ):
        refused = presented(days_ago, valid_days)
        assert refused.status_code == 422 and words in refused.text, (days_ago, valid_days)
    with side.act():
        letter = {"letter_no": "20260831", "from_org": TO, "issued_on": clock.today(), "valid_days": 91}
        with pytest.raises(Invalid) as wrong:
            receiving.receive_letter(side.orgs["示例村支部"], received_on=clock.today(), letter=letter, name="李例乙")
        assert wrong.value.fields == {"valid_days": ["out_of_range"]}, "no form, no longer"
    assert presented(90, 90).status_code == 303


def test_a_selection_goes_to_one_committee_with_a_reason_for_each_who_cannot(pair, enter):
    side, secretary = pair.home, enter(Role.TOWNSHIP_OFFICER)
    good, near = enroll(side), enroll(side, "李例乙", None, "试例村支部")
    busy = enroll(side, "王演丙", None)
    apply(secretary, side, busy)
    chosen = {"roll": "members", "id": [str(good), str(near), str(busy)]}
    page = secretary.post(f"/{side.code}/transfers/batch", data=chosen).text
    assert "已有一件在办的关系转接" in page and page.count("选去向后核对") == 2 and 'value="submit"' not in page
    more = {"to_org_id": str(side.orgs["试例村支部"]), "method": "paper", "applied_on": clock.today().isoformat()}
    page = secretary.post(f"/{side.code}/transfers/batch", data={"listed": chosen["id"], **more, "act": "check"}).text
    assert "已经在这个支部" in page and "提交党委　1 人" in page
    none = secretary.post(f"/{side.code}/transfers/batch", data={**more, "act": "submit"})
    assert none.status_code == 422 and "请至少选一名党员" in none.text
    sent = secretary.post(f"/{side.code}/transfers/batch", data={"id": chosen["id"], **more, "act": "submit"})
    assert "已提交 1 人，2 人没有提交" in secretary.get(f"/{side.code}/transfers/").text or sent.status_code == 200
    assert sorted(names(secretary.get(f"/{side.code}/transfers/").text)) == ["王演丙", "王示甲"]


def test_the_packet_opens_with_the_password_that_is_shown_once(pair, enter, work):
    side, officer = pair.home, enter(Role.TOWNSHIP_OFFICER)
    at = apply(officer, side, enroll(side))
    officer.post(f"{at}/approve")
    none = officer.get(f"{at}/packet")
    assert none.status_code == 409 and "没有在用的介绍信" in none.text
    letter = {"from_org": "甲", "to_org": TO, "addressee": OFFICE, "valid_days": "30", "contact": ""}
    officer.post(f"{at}/issue-letter", data=letter)
    early = officer.get(f"{at}/packet")
    assert early.status_code == 409 and "PDF 还没有生成好" in early.text, (
        "there is a letter, and its paper is being made"
    )
    work()
    assert f"{at}/packet" in officer.get(at).text and "S4" in officer.get(f"{at}/packet").text
    page = officer.post(f"{at}/packet").text
    password = re.search(r"\b([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})\b", page)[1]
    answer = officer.get(re.search(r'href="([^"]*/documents/[^"]*)"', page)[1])
    assert NUMBER.encode() not in answer.data
    locked = PdfReader(io.BytesIO(answer.data))
    assert locked.is_encrypted and not locked.decrypt("WRON-GWRO-NGWR")
    assert locked.decrypt(password)
    assert NUMBER in locked.pages[0].extract_text().replace(" ", "")
    for again in (officer.get(at).text, officer.get(f"{at}/packet").text):
        assert password not in again
    with side.act():
        logged = db.session.scalars(db.select(Event).where(Event.verb == "relation_transfer.protect")).one()
        assert password not in str((logged.details, logged.changes, logged.reason))


def test_the_book_is_a_list_a_workbook_and_a_sheet_of_paper(fresh, pair, enter, work, monkeypatch):
    side, officer = pair.home, enter(Role.TOWNSHIP_OFFICER)
    letter = {"from_org": "=甲", "to_org": TO, "addressee": OFFICE, "valid_days": "30", "contact": ""}
    for name, number in (("王示甲", NUMBER), ("李例乙", citizen_id.invent("990128", date(1991, 7, 15), 1))):
        at = apply(officer, side, enroll(side, name, number, birth_on=None))
        officer.post(f"{at}/approve")
        assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    officer.post(f"{at}/void-letter", data={"reason": "wrong_entry", "text": "抬头写错"})
    year = clock.today().year
    book = f"/{side.code}/transfers/letters"
    assert [re.sub("<.*?>", "", n) for n in re.findall(r'<th scope="row"><a[^>]*>(.*?)</a>', officer.get(book).text)] == [
        f"{year}0002", f"{year}0001",
    ]  # fmt: skip
    assert (
        "李例乙" in officer.get(f"{book}?q=2").text
        and "王示甲" not in officer.get(f"{book}?q=2").text.partition("<main")[2]
    )
    assert "李例乙" in officer.get(f"{book}?q={f'{year}0002'[2:]}").text, "the end of its number"
    assert "王示甲" in officer.get(f"{book}?q=王示").text
    assert "没有符合条件" in officer.get(f"{book}?year=1999").text
    assert "抬头写错" in officer.get(f"{book}?standing=void").text
    assert officer.get(re.search(rf'href="({book}/[0-9a-f-]+)"', officer.get(book).text)[1]).status_code == 303
    # Another township sees none of it.
    theirs, _town, _branch = second_township(fresh, side)
    assert "还没有开出介绍信" in theirs.get(book).text
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(officer.get(f"{book}.xlsx?year={year}").data)).get_sheet_by_index(
        0
    )
    rows = sheet.to_python()
    assert rows[1] == ["编号", "日期", "姓名", "由", "去", "党费交至", "有效期", "经办人", "回执日期", "备注"]
    assert (
        [r[0] for r in rows[2:]] == [f"{year}0001", f"{year}0002"]
        and rows[2][3] == "'=甲"
        and "作废" in str(rows[3][9])
    )
    with monkeypatch.context() as small:
        small.setattr(stubs, "MOST", 1)
        cut = officer.get(f"{book}.xlsx?year={year}")
        assert cut.status_code == 409 and "超过两千号" in cut.text, "never a part of the book"
    assert officer.post(f"{book}/print?year={year}").status_code == 303
    work()
    made = re.search(r'href="([^"]*/documents/[^"]*)">党员组织关系介绍信登记簿', officer.get(book).text)[1]
    text = PdfReader(io.BytesIO(officer.get(made).data)).pages[0].extract_text().replace(" ", "").replace("\n", "")
    assert f"{year}0001" in text and "作废" in text and "介绍信登记簿" in text and "党费交至" in text
    assert theirs.get(made).status_code == 404
    # Handed over and sent back by the other side: the reason in words, where the clerk wrote none.
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    assert officer.post(f"{at}/hand-out", data={"on": clock.today().isoformat()}).status_code == 303
    assert officer.post(f"{at}/refuse", data={"reason": "missing_file", "text": ""}).status_code == 303
    assert "作废，档案材料不齐" in officer.get(f"{book}?q=3").text


def test_what_waits_too_long_and_what_is_due_are_counted(pair, enter):
    """Of three that wait for the township two have waited for more than the county's working days, and both are due by then."""
    side = pair.home
    secretary, list_, front = enter(Role.BRANCH_SECRETARY), f"/{side.code}/transfers/", f"/{side.code}/"
    for name in ("王示甲", "李例乙"):
        apply(secretary, side, enroll(side, name, None))
    with side.act():
        actor, today = _actor(side, Role.TOWNSHIP_OFFICER), clock.today()
        sixth = counties.calendar().add(today, 6)

    def told():
        with side.act():
            figures = worklists.counts(actor, counties.answering().before)
            due = db.session.scalar(worklists.counter(actor, due_by=clock.today()))
            return figures.by[Tab.TODO], figures.late, due

    assert told() == (2, 0, 0)
    page = enter(Role.TOWNSHIP_OFFICER).get(list_).text
    assert "待审批 2 件" in page and not re.search(r'审批超时 <span class="now-t">', page)
    with later(days=(sixth - today).days):
        apply(enter(Role.BRANCH_SECRETARY), side, enroll(side, "王演丙", None))
        assert told() == (3, 2, 0)
        officer = enter(Role.TOWNSHIP_OFFICER)
        assert re.search(r'审批超时 <span class="now-t">2 件', officer.get(list_).text)
        assert "其中审批超时 2 件" in officer.get(front).text
    for days, due in ((13, 0), (14, 2)):
        with later(days=days):
            assert told()[2] == due, "two weeks after it was handed up"


def test_counts_equal_the_lists_for_every_role(pair, enter):
    """One union a list, one a line of counts: for each role and tab they agree, and none costs more than six queries."""
    side, clerk = pair.home, enter()
    for name in ("王示甲", "李例乙", "王演丙", "欧阳示甲"):
        at = apply(clerk, side, enroll(side, name, None))
    clerk.post(f"{at}/approve")
    clerk.post(f"{at}/revoke", data={"text": "本人不转了"})
    for role in (Role.COUNTY_ADMIN, Role.TOWNSHIP_OFFICER, Role.BRANCH_SECRETARY, Role.LIAISON):
        with side.act():
            actor = _actor(side, role)
            found = {tab: len(worklists.page(tab, actor).rows) for tab in Tab}
            assert found == worklists.counts(actor, clock.now()).by, role
            assert (db.session.scalar(worklists.counter(actor)) or 0) == found[Tab.TODO]
            two = worklists.page(Tab.OPEN, actor, size=2)
            rest = worklists.page(Tab.OPEN, actor, size=2, after=two.after)
            back = worklists.page(Tab.OPEN, actor, size=2, before=rest.before)
            assert [r.id for r in back.rows] == [r.id for r in two.rows]
            assert len({r.id for r in [*two.rows, *rest.rows]}) == found[Tab.OPEN] == 3
