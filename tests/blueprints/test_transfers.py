"""Cases of one county in the browser: by role, through forms and real jobs; what each committee sees; what is refused and why."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pytest
from pypdf import PdfReader

from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import NUMBER
from web.core import clock, fence
from web.tenants.accounts.permissions import Role
from web.tenants.members import service as members
from web.tenants.members.models import Relation
from web.tenants.transfers import service

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
    wrong = secretary.post(begin, data=said | {"to_org": "", "applied_on": "2999-01-01"})
    assert wrong.status_code == 422 and "必填" in wrong.text and "不能晚于今天" in wrong.text and OFFICE in wrong.text
    sent = secretary.post(begin, data=said)
    assert sent.status_code == 303
    at = sent.location
    page = secretary.get(at).text
    assert "待党委审批" in page and "轮到所在党委：审批" in page and "township_officer甲" in page
    again = secretary.post(begin, data=said)
    assert again.status_code == 409 and "已有一件在办" in again.text
    assert secretary.post(f"{at}/approve").status_code == 403
    # The township has it on its list and on its home page; it sends it back, and gets it again.
    assert names(officer.get(f"/{side.code}/transfers/").text) == ["王示甲"]
    assert "转往 " + TO in officer.get(f"/{side.code}/").text
    assert names(secretary.get(f"/{side.code}/transfers/").text) == []
    assert officer.post(f"{at}/give-back", data={"text": ""}).status_code == 422
    assert officer.post(f"{at}/give-back", data={"text": "请附本人申请"}).status_code == 303
    assert "请附本人申请" in secretary.get(at).text
    assert names(secretary.get(f"/{side.code}/transfers/").text) == ["王示甲"]
    assert names(officer.get(f"/{side.code}/transfers/?tab=next").text) == ["王示甲"]
    assert secretary.post(f"{at}/submit").status_code == 303
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
    assert "等对方接收、寄回回执" in officer.get(at).text
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
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    # Spoiled: the number stands as void, the row is free, another letter gets the next number.
    assert officer.post(f"{at}/void-letter", data={"reason": "wrong_entry", "text": "抬头写错"}).status_code == 303
    assert "作废" in officer.get(at).text
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    work()
    with side.act(), clock.at(clock.now() + timedelta(days=11)):
        assert service.expire_letters() == 1
        assert service.expire_letters() == 0
        fence.commit()
    with side.act():
        assert members.get(member_id).frozen_by is None
    page = officer.get(at).text
    assert "介绍信过期" in page
    assert officer.post(f"{at}/renew", data={"text": " "}).status_code == 422
    assert officer.post(f"{at}/renew", data={"text": "本人一直在支部参加组织生活"}).status_code == 303
    officer.post(f"{at}/approve")
    assert officer.post(f"{at}/issue-letter", data=letter).status_code == 303
    stubs = re.findall(r"<li>第(\d{8})号", officer.get(at).text)
    assert [s[4:] for s in stubs] == ["0003", "0002", "0001"], "no gaps, void ones stand"
