"""Requests as people use them: from the referral's page to the answer, the lists, and who may not."""

from __future__ import annotations

import re
from io import BytesIO
from uuid import UUID

import pytest

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_consents import PDF
from tests.federation.cosigning.walk import build_with_guests, load_walk  # noqa: F401 -- fixtures
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.post import lines
from web.federation.readings import service as readings
from web.federation.readings.models import Reading
from web.federation.requests import service
from web.tenants.consents import service as consents
from web.tenants.consents.models import Consent
from web.tenants.documents import scans
from web.tenants.documents.models import Scan


@pytest.fixture
def host(walk, fresh):
    client = fresh.test_client()
    sign_in(client, walk.pair.host)
    return client


@pytest.fixture
def home(walk, fresh):
    client = fresh.test_client()
    sign_in(client, walk.pair.home)
    return client


def at(side, path):
    return f"/{side.code}{path}"


def ask(walk, host, kind, **data):
    referral = walk.guests["王示甲"]
    made = host.post(at(walk.pair.host, f"/requests/new?referral={referral}&kind={kind}"), data=data)
    assert made.status_code == 303, made.text
    walk.work()
    return made.location.rsplit("/", 1)[1]


def line_is(side, other, code, way="out"):
    """What a side sends the other, or takes of it, stops with this code, or goes on."""
    with side.act():
        line = lines.take(other.uid, way)
        line.stopped = code
        line.write()
        fence.commit()


def visit(walk, host):
    today = clock.today().isoformat()
    return ask(walk, host, "must_visit", trigger="rights", consent_on=today, consent_how="in_person")


def test_a_visit_from_the_referral_to_the_rating(walk, host, home):
    here, there = walk.pair.host, walk.pair.home
    referral = at(here, f"/referrals/{walk.guests['王示甲']}")
    assert "请对方协助" in host.get(referral).text
    assert "先打开这名党员的流动报到" in host.get(at(here, "/requests/new")).text
    kinds = host.get(at(here, f"/requests/new?referral={walk.guests['王示甲']}")).text
    assert all(title in kinds for title in ("走访家属", "帮助就业", "核查活动证", "转告撤回同意"))
    start = at(here, f"/requests/new?referral={walk.guests['王示甲']}&kind=must_visit")
    assert "不送具体情形" in host.get(start).text and "不等原籍办理" not in host.get(start).text
    assert "不等原籍办理" in host.get(start.replace("must_visit", "withdrawal")).text
    wrong = host.post(start, data={"trigger": "", "consent_on": "", "consent_how": "paper"})
    assert wrong.status_code == 422 and "必填" in wrong.text
    id_ = visit(walk, host)
    ours, theirs = at(here, f"/requests/{id_}"), at(there, f"/requests/{id_}")
    assert "等岳西县答复" in host.get(ours).text and "权益受损" in host.get(ours).text
    page = home.get(theirs).text
    assert "轮到我方：接受" in page and "王示甲" in page and "权益受损" in page and "剩余 10 个工作日" in page
    assert 'aria-label="协助请求 1 件"' in home.get(at(there, "/")).text
    assert home.post(f"{theirs}/accept").status_code == 303
    walk.work()
    refused = home.post(f"{theirs}/fail", data={"reason": "other", "text": ""})
    assert refused.status_code == 422
    assert home.post(f"{theirs}/done", data={"on": clock.today().isoformat()}).status_code == 303
    page = home.get(theirs).text
    assert "已答复，等余杭区的系统确认" in page and "等回执，自动续发" in page
    line_is(there, here, "bad_signature")
    page = home.get(theirs).text
    assert "等回执，不再自动送" in page and "通道现在不通" in page and "自动续发" not in page
    line_is(there, here, "")
    line_is(there, here, "bad_signature", "in")
    page = home.get(theirs).text
    assert "等回执，自动续发" in page and "通道现在不通" in page, "the word goes, and its decision cannot come"
    assert "通道已停" in home.get(at(there, "/")).text
    line_is(there, here, "", "in")
    walk.work()
    assert host.post(f"{ours}/rate", data={"rating": "helped"}).status_code == 303
    walk.work()
    for client, where in ((host, ours), (home, theirs)):
        page = client.get(where).text
        assert "已办结，已评价" in page and "有帮助" in page and "一致" in page
        sheet = client.get(f"{where}/sheet").text
        assert "（盖章）" in sheet and f"办理　{clock.today().isoformat()}" in sheet
    with here.act():
        service.get(UUID(id_), lock=True).stopped = "refused_not_open"
        fence.commit()
    assert "送不到岳西县：请打电话，请对方也销毁" in host.get(f"{ours}/forgo").text
    assert host.post(f"{ours}/forgo").status_code == 303
    page = host.get(ours).text
    assert "送不到岳西县：请打电话，请对方也销毁" in page and "两县只留下" not in page and "权益受损" not in page


def test_help_with_a_job_carries_intent_and_skills_by_the_members_own_yes(walk, host, home):
    here, there = walk.pair.host, walk.pair.home
    start = at(there, f"/requests/new?referral={walk.guests['王示甲']}&kind=job")
    assert "求职意向" in home.get(start).text and "只写求职意向和技能" in home.get(start).text
    said = {"intent": "仓储管理员", "skills": "叉车证", "consent_how": "in_person"}
    wrong = home.post(start, data=said | {"intent": "", "consent_on": ""})
    assert wrong.status_code == 422 and wrong.text.count("必填") >= 2 and "叉车证" in wrong.text
    # The paper he signed for this one thing, looked at first, kept with his consent and shown at both places.
    signed = said | {"consent_on": clock.today().isoformat(), "consent_how": "paper"}
    bad = home.post(start, data=signed | {"scan": (BytesIO(PDF[:-8]), "x.pdf")})
    assert bad.status_code == 422 and "不是完整的" in bad.text
    made = home.post(start, data=signed | {"scan": (BytesIO(PDF), "同意.pdf")})
    walk.work()
    id_ = made.location.rsplit("/", 1)[1]
    with there.act():
        given = db.session.scalars(db.select(Consent).where(Consent.scope == "S7")).one()
        paper = scans.get(given.scan_id)
        assert PDF not in paper.wrapped and scans.opened(paper) == PDF and paper.member_id == given.member_id
    assert "签字扫描件" in home.get(at(there, f"/requests/{id_}")).text
    assert home.get(at(there, f"/requests/{id_}/scan")).data == PDF
    record = at(there, f"/members/{given.member_id}/consents/{given.id}")
    assert f"/scans/{given.scan_id}" in home.get(record).text
    assert host.get(at(here, f"/requests/{id_}/scan")).status_code == 404, "the paper crosses to nobody"
    page = host.get(at(here, f"/requests/{id_}")).text
    assert "仓储管理员" in page and "叉车证" in page and "帮助就业" in page and "剩余 20 个工作日" in page
    with here.act():  # what the other county said of him is read, and told to that county
        assert readings.tell(at_once=True) == 1
        fence.commit()
    walk.work()
    with there.act():
        told = db.select(Reading.about_id, Reading.reader, Reading.count, Reading.member_id)
        (line,) = db.session.execute(told.where(Reading.about_kind == "request", ~Reading.is_ours))
        assert tuple(line) == (UUID(id_), "county_admin", 1, service.get(UUID(id_)).member_id)
    # Done, and then he withdraws his yes: the page says what goes, one press destroys it at both, and both pages say so.
    assert host.post(at(here, f"/requests/{id_}/accept")).status_code == 303
    walk.work()
    assert host.post(at(here, f"/requests/{id_}/done"), data={"on": clock.today().isoformat()}).status_code == 303
    walk.work()
    assert "本人撤回同意" not in host.get(at(here, f"/requests/{id_}")).text
    assert host.get(at(here, f"/requests/{id_}/forgo")).status_code == 409
    with there.act():
        member_id = service.get(UUID(id_)).member_id
    asked = home.get(at(there, f"/members/{member_id}/notice/{here.uid}/withdraw")).text
    assert "现在有 1 件已办结的请求" in asked and "帮助就业" in asked
    assert "本人撤回同意" in home.get(at(there, f"/requests/{id_}")).text
    assert "本县随即销毁" in home.get(at(there, f"/requests/{id_}/forgo")).text
    assert home.post(at(there, f"/requests/{id_}/forgo")).status_code == 303
    walk.work()
    for client, where in ((host, at(here, f"/requests/{id_}")), (home, at(there, f"/requests/{id_}"))):
        page = client.get(where).text
        assert "仓储管理员" not in page and "叉车证" not in page and "帮助就业" in page and "已办结" in page
        assert "内容已销毁" in page and "本人撤回了对这一件事的同意" in page and "销毁已办结请求的内容" in page
        assert "没有给出" not in page and "已销毁：本人撤回了对这一件事的同意" in client.get(f"{where}/sheet").text
    assert home.get(at(there, f"/requests/{id_}/forgo")).status_code == 409
    with there.act():
        assert not consents.stands(member_id, here.uid, "S7", UUID(id_))


def test_what_another_countys_member_signed_for_a_request_goes_with_it(walk, host):
    """Asked by the host: he is no member here, so his paper stays with the request, and no longer than its content."""
    here, today = walk.pair.host, clock.today().isoformat()
    paper = {"trigger": "rights", "consent_on": today, "consent_how": "paper"}
    id_ = ask(walk, host, "must_visit", **paper, scan=(BytesIO(PDF), "同意.pdf"))
    assert "签字扫描件" in host.get(at(here, f"/requests/{id_}")).text
    assert host.get(at(here, f"/requests/{id_}/scan")).data == PDF
    assert ask(walk, host, "withdrawal", what="all"), "his no ends what he agreed to here"
    with here.act():
        assert not db.session.scalars(db.select(Scan)).all()
        assert "scan.destroy" in db.session.scalars(db.select(Event.verb)).all()
    assert host.get(at(here, f"/requests/{id_}/scan")).status_code == 404
    assert "签字扫描件" not in host.get(at(here, f"/requests/{id_}")).text.split("<main")[1].partition("经过")[0]


def test_the_lists_narrow_by_what_stands_in_the_address(walk, host, home):
    here, there = walk.pair.host, walk.pair.home
    made = {
        kind: ask(walk, host, kind, **data) for kind, data in (("certificate", {}), ("withdrawal", {"what": "all"}))
    }
    made["must_visit"] = visit(walk, host)
    for client, side, query, wanted in (
        (host, here, "part=sent", set(made)),
        (host, here, "part=to_do", set()),
        (home, there, "", set(made)),
        (home, there, "part=received&kind=must_visit", {"must_visit"}),
        (home, there, "part=received&state=accepted", set()),
        (home, there, f"part=received&partner={here.uid}", set(made)),
        (home, there, "part=over", set()),
    ):
        page = client.get(at(side, f"/requests/?{query}")).text
        assert {kind for kind, id_ in made.items() if id_ in page} == wanted, query
    assert re.search(r"没有符合条件的请求", home.get(at(there, "/requests/?kind=must_visit&state=done")).text)
    assert host.post(at(here, f"/requests/{made['must_visit']}/withdraw"), data={"reason": ""}).status_code == 422
    assert (
        host.post(at(here, f"/requests/{made['must_visit']}/withdraw"), data={"reason": "已联系上"}).status_code == 303
    )
    walk.work()
    page = home.get(at(there, f"/requests/{made['must_visit']}")).text
    assert "对方已撤回" in page and "已联系上" in page and "权益受损" not in page
    declined = home.post(at(there, f"/requests/{made['certificate']}/decline"), data={"reason": "not_able", "text": ""})
    assert declined.status_code == 303
    walk.work()
    for rest in ("", "/sheet"):
        page = host.get(at(here, f"/requests/{made['certificate']}{rest}")).text
        assert "目前无法办理" in page and "未能办成" not in page, "nobody tried"


def test_who_may_not(walk, host, home, fresh):
    here, there = walk.pair.host, walk.pair.home
    id_ = ask(walk, host, "withdrawal", what="all")
    theirs = at(there, f"/requests/{id_}")
    liaison = fresh.test_client()
    sign_in(liaison, there, "liaison")  # answers other kinds, but does not withdraw consents
    form = home.get(f"{theirs}/decline").text
    assert "不属于我县" in form and "目前无法办理" not in form, "the member's no waits for nobody's being able"
    page = liaison.get(theirs).text
    assert "county_admin甲" in page and "aria-disabled" in page
    assert liaison.post(f"{theirs}/accept").status_code == 403
    secretary = fresh.test_client()
    sign_in(secretary, there, "branch_secretary")
    assert secretary.get(theirs).status_code == 403
    assert host.post(at(here, f"/requests/{id_}/accept")).status_code == 409  # it is not the asker's to accept
    for path in (f"/requests/{uuid7()}", f"/requests/new?referral={uuid7()}", "/requests/new?referral=nonsense"):
        assert host.get(at(here, path)).status_code == 404
    assert home.post(f"{theirs}/accept").status_code == 303
    walk.work()
    assert "在途的介绍信随之收回" in home.get(f"{theirs}/done").text, (
        "everything is withdrawn, and he is told what with it"
    )
    assert "请打电话" not in host.get(at(here, f"/requests/{id_}")).text
    assert home.post(f"{theirs}/fail", data={"reason": "not_found", "text": ""}).status_code == 303
    walk.work()
    page = host.get(at(here, f"/requests/{id_}")).text
    assert "请打电话，请岳西县登记撤回" in page and "需要时可以重新提出" not in page, "what he said no to still stands"
