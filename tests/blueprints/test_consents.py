"""Notices and consents at the edge: the words shown, the signed paper looked at and encrypted, one number, one press."""

from io import BytesIO

import pytest

from tests.blueprints.test_members import at, browser, side
from web.core import fence
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.consents import service as consents
from web.tenants.consents.models import Consent, Method
from web.tenants.documents import scans
from web.tenants.documents.models import Scan
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.models import Member

__all__ = ["browser", "side"]
PDF = b"%PDF-1.7\n% signed by hand\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40 + b"IEND\xaeB`\x82"


@pytest.fixture
def given(pair):
    return {"partner": str(pair.host.uid), "chosen_phone": "second_phone", "number": "154 0000 0009", "method": "paper",
            "given_on": "2026-03-01", "is_own_wish": "1"}  # fmt: skip


def test_one_number_is_agreed_to_by_itself_on_signed_paper(browser, side, pair, given):
    admin, page = browser(), at(side, "王示甲", "/consent")
    asked = admin.get(page).text
    assert "第 1 版" in asked and "敏感个人信息" in asked
    for wrong, file, words in (
        ({}, None, "请附签字扫描件"),
        ({"is_own_wish": None}, PDF, "没有本人的单独同意"),
        ({"number": "12"}, PDF, "读不出号码"),
        ({"number": ""}, PDF, "必填"),
        ({}, b"MZ" + PDF, "不是完整的"),
        ({}, PDF[:-8], "不是完整的"),
        ({}, PDF + b"\0" * scans.MAX_BYTES, "超过 5 MB"),
    ):
        data = {k: v for k, v in {**given, **wrong}.items() if v is not None}
        if file is not None:
            data["scan"] = (BytesIO(file), "x.pdf")
        refused = admin.post(page, data=data)
        assert refused.status_code == 422 and words in refused.text, (wrong, words)
    with fence.acting_for(side.tenant_id):
        assert not db.session.scalars(db.select(Scan)).all() and not db.session.scalars(db.select(Consent)).all()
    assert admin.post(page, data={**given, "scan": (BytesIO(PNG), "签字.exe")}).status_code == 303
    with fence.acting_for(side.tenant_id):
        row, scan = db.session.scalars(db.select(Consent)).one(), db.session.scalars(db.select(Scan)).one()
        member = db.session.get(Member, (side.tenant_id, row.member_id))
        assert (row.scope, row.version, row.scan_id, scan.media_type) == ("S3", 1, scan.id, "image/png")
        assert PNG not in scan.wrapped and scans.opened(scan) == PNG, "kept encrypted"
        assert member.contact_phone == member.second_phone == "15400000009" != member.phone
        record, kept = f"/consents/{row.id}", f"/scans/{scan.id}"
    shown = admin.get(at(side, "王示甲", record)).text
    assert "用途：联系报到" in shown and "PNG" in shown and pair.host.name in shown
    taken = admin.get(at(side, "王示甲", kept))
    assert taken.data == PNG and taken.headers["Content-Disposition"].startswith("attachment")
    # Paper that has no row to belong to is not kept where nobody sees it; what stood without paper gets it.
    again = admin.post(page, data={**given, "scan": (BytesIO(PDF), "x.pdf")})
    assert again.status_code == 303 and "这次的没有存" in admin.get(again.location).text
    told = {"partner": given["partner"], "scope": ["S2"], "method": "in_person", "given_on": "2026-03-01"}
    for file, words in ((None, "已登记 1 项告知"), (PDF, "扫描件已补上"), (PDF, "这次的没有存"), (None, "此前已告知")):
        sent = told | ({"scan": (BytesIO(file), "x.pdf")} if file else {})
        assert words in admin.get(admin.post(at(side, "王示甲", "/notice"), data=sent).location).text
    with fence.acting_for(side.tenant_id):
        stored = set(db.session.scalars(db.select(Scan.id)))
        assert stored == set(db.session.scalars(db.select(Consent.scan_id))) and len(stored) == 2
    secretary = browser("branch_secretary")
    assert secretary.get(at(side, "王示甲", kept)).status_code == 403, "a signature is opened by those who may reveal"
    assert admin.get(at(side, "李例乙", kept)).status_code == 404 == admin.get(at(side, "李例乙", record)).status_code
    assert "下载扫描件" not in secretary.get(at(side, "王示甲", record)).text
    with fence.acting_for(side.tenant_id):
        gone, stays = (members.get(side.members[name], lock=True) for name in ("王示甲", "李例乙"))
        consents.give(stays, pair.host.uid, ["S3"], method=Method.IN_PERSON)
        merging.merge(stays, gone, ())
        fence.commit()
    assert "下载扫描件" in admin.get(at(side, "王示甲", record)).text
    assert admin.get(at(side, "王示甲", kept)).data == PNG, "its consent stayed with the record that went"


def test_another_number_is_another_consent_and_none_of_another_county(browser, side, pair, given):
    admin, page = browser(), at(side, "王示甲", "/consent")
    for number, method in (("154 0000 0009", "paper"), ("154 0000 0008", "paper"), ("154 0000 0007", "phone")):
        sent = (
            given
            | {"number": number, "method": method}
            | ({"scan": (BytesIO(PDF), "x.pdf")} if method == "paper" else {})
        )
        assert "已登记单独同意" in admin.get(admin.post(page, data=sent).location).text, number
    assert "此前已同意" in admin.get(admin.post(page, data=given | {"number": "", "method": "phone"}).location).text
    with fence.acting_for(side.tenant_id):
        member = members.get(side.members["王示甲"], lock=True)
        rows = [c for c in consents.standing(member.id) if c.scope == "S3"]
        assert len(rows) == 3 and len({c.scan_id for c in rows if c.scan_id}) == 2, "each number with its own paper"
        assert member.contact_phone == "15400000007"
        consents.give(member, uuid7(), ["S3"], method=Method.PHONE)
        version = member.updated_at.isoformat()
        fence.commit()
    # The other of the two numbers would reach the county that agreed to this one: neither form chooses it.
    whole = {"version": version, "name": "王示甲", "member_kind": "1", "chosen_phone": "phone", "reason": "本人来电"}
    for where, sent in ((page, given | {"chosen_phone": "phone", "number": "", "method": "phone"}),
                        (at(side, "王示甲", "/edit"), whole)):  # fmt: skip
        refused = admin.post(where, data=sent)
        assert refused.status_code == 422 and "先撤回对那个县的同意" in refused.text, where
    with fence.acting_for(side.tenant_id):
        assert members.get(side.members["王示甲"]).contact_phone == "15400000007"


def test_the_paper_to_sign_and_the_press_that_says_what_it_does(browser, side, pair):
    admin = browser()
    assert "写给哪个伙伴县" in admin.get(at(side, "王示甲", "/notice/paper")).text
    printed = admin.get(at(side, "王示甲", f"/notice/paper?partner={pair.host.uid}&scope=S3")).text
    assert "单独同意书" in printed and f"{pair.host.name}党委组织部门" in printed and "签字：" in printed
    told = {"partner": str(pair.host.uid), "scope": ["S2"], "method": "in_person", "given_on": "2026-03-01"}
    assert admin.post(at(side, "王示甲", "/notice"), data=told).status_code == 303
    assert "附扫描件" not in admin.get(at(side, "王示甲")).text
    # Told before, signed now: the paper stands with what it is about.
    signed = told | {"method": "paper", "scan": (BytesIO(PDF), "告知.pdf")}
    assert admin.post(at(side, "王示甲", "/notice"), data=signed).status_code == 303
    assert "附扫描件" in admin.get(at(side, "王示甲")).text
    asked = admin.get(at(side, "王示甲", f"/notice/{pair.host.uid}/withdraw")).text
    assert "现在没有排队未送出的" in asked and "二十四小时" in asked
