"""The host begins, by pages: a claim recognised and one disowned, a handover asked for and taken back; what reminds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO

import pytest

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_consents import PDF
from tests.federation.referrals.conftest import walk
from tests.federation.referrals.walk import NAME, later
from web import jobs
from web.core import clock, fence
from web.core.events import Event
from web.extensions import db
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover
from web.federation.readings import service as readings
from web.federation.readings.models import Reading
from web.federation.referrals import service
from web.federation.referrals.models import Referral, ReferralState
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.documents import scans
from web.tenants.documents.models import Scan
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow
from web.tenants.flows.reminders import contact_since
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

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


def sent(client, url, **form):
    """Send a form that is taken; the page after it."""
    answer = client.post(url, data=form, follow_redirects=True)
    assert answer.status_code == 200, answer.text[-1500:]
    return answer.text


def test_a_claim_by_pages(walk, desks, work):
    home, host = desks
    ours, theirs = f"/{walk.home.code}", f"/{walk.host.code}"
    asked = host.get(f"{theirs}/referrals/report-in?name={NAME}&birth_year=1988").text
    assert "请流出地认领" in asked
    form = {
        "partner": str(walk.home.uid), "name": NAME, "birth_year": "1988", "home_branch": "天堂镇示例村",
        "method": "in_person", "consented_on": clock.today().isoformat(),
    }  # fmt: skip
    wrong = host.post(f"{theirs}/referrals/claim", data=form | {"home_branch": "", "birth_year": "2020"})
    assert wrong.status_code == 422 and "必填" in wrong.text and NAME in wrong.text
    # What he signed comes along, is looked at first, and stays in this county.
    assert 'type="file"' in host.get(f"{theirs}/referrals/claim").text
    bad = host.post(f"{theirs}/referrals/claim", data=form | {"method": "paper", "scan": (BytesIO(b"MZ"), "x.pdf")})
    assert bad.status_code == 422 and "不是完整的" in bad.text
    page = sent(host, f"{theirs}/referrals/claim", **form, scan=(BytesIO(PDF), "同意.pdf"))
    assert "已送请岳西县认领" in page and "签字扫描件" in page
    twice = host.post(f"{theirs}/referrals/claim", data=form)
    assert twice.status_code == 409 and "已经向对方问过" in twice.text
    work()
    with walk.host.act():
        walk.id = db.session.scalars(db.select(Referral.id)).one()
        scan = db.session.scalars(db.select(Scan)).one()
        assert PDF not in scan.wrapped and scans.opened(scan) == PDF, "kept encrypted"
    kept = f"/referrals/{walk.id}/scan"
    taken = host.get(theirs + kept)
    assert taken.data == PDF and taken.headers["Content-Disposition"].startswith("attachment")
    assert home.get(ours + kept).status_code == 404, "the paper crosses to nobody"
    assert "签字扫描件" not in home.get(f"{ours}/referrals/{walk.id}").text
    assert NAME in host.get(f"{theirs}/referrals/?tab=asking").text
    assert NAME not in host.get(f"{theirs}/shared/").text, "nobody's guest yet"
    waiting = home.get(f"{ours}/").text
    assert "待认领" in waiting and NAME in waiting
    shown = home.get(f"{ours}/referrals/{walk.id}").text
    assert "轮到我方：认领，或答复不是本县党员" in shown and "天堂镇示例村" in shown and "当面口头同意" in shown
    assert "结束流动" not in shown.split("<main")[1]
    choose = home.get(f"{ours}/referrals/{walk.id}/recognise").text
    assert "只按姓名找出" in choose and "1988 年生" in choose
    # Who at home looked at what the host said of him is logged there, and told to the host.
    for side in (walk.home, walk.host):
        with side.act():
            readings.tell(at_once=True)
            fence.commit()
        work()
        with side.act():
            seen = db.session.execute(db.select(Reading.about_id, Reading.is_ours, Reading.member_id)).all()
            assert (walk.id, side is walk.home, None) in seen
    with walk.host.act():
        assert "reading.hear" in db.session.scalars(db.select(Event.verb)).all()
    none = home.post(f"{ours}/referrals/{walk.id}/recognise", data={})
    assert none.status_code == 422 and "请选一项" in none.text
    sent(home, f"{ours}/referrals/{walk.id}/recognise", member_id=str(walk.member_id))
    work()
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    for client, code in ((home, ours), (host, theirs)):
        page = client.get(f"{code}/referrals/{walk.id}").text.split("<main")[1]
        assert "认领的没有报到码" in page and "出示报到码" not in page and "凭码报到" not in page
    assert "请流出地认领" in host.get(f"{theirs}/referrals/{walk.id}").text, "how it began stands in the line"
    assert NAME in host.get(f"{theirs}/shared/").text


def test_a_claim_disowned_says_the_same_to_everybody(walk, desks, work):
    home, host = desks
    ours, theirs = f"/{walk.home.code}", f"/{walk.host.code}"
    pages = []
    for name in (NAME, "无此示人"):
        sent(
            host, f"{theirs}/referrals/claim", partner=str(walk.home.uid), name=name, birth_year="1988",
            home_branch="某村", method="paper", consented_on=clock.today().isoformat(), scan=(BytesIO(PDF), "同意.pdf"),
        )  # fmt: skip
        work()
        with walk.host.act():
            id_ = db.session.scalars(db.select(Referral.id).where(Referral.state == S.CLAIMED)).one()
        if name != NAME:
            assert "名册里没有同名的党员" in home.get(f"{ours}/referrals/{id_}/recognise").text
        sent(home, f"{ours}/referrals/{id_}/disown")
        work()
        page = host.get(f"{theirs}/referrals/{id_}").text.split("<main")[1]
        assert "对方没有认领" in page and name not in page
        with walk.host.act():
            assert not db.session.scalars(db.select(Scan)).all(), "what he signed goes with what he said"
        pages.append(re.sub(r"[0-9a-f-]{36}|\d\d:\d\d(:\d\d)?|末封摘要 \S+|seen=\S+", "", page))
    strip = re.compile(r'csrf_token" value="[^"]*"')
    assert strip.sub("", pages[0]) == strip.sub("", pages[1])


def test_a_handover_asked_for_by_pages(walk, desks, work, fresh):
    home, host = desks
    ours, theirs = f"/{walk.home.code}", f"/{walk.host.code}"
    walk.until_taken_on()
    assert "请求转来组织关系" in host.get(f"{theirs}/shared/{walk.id}").text
    ask = f"{theirs}/handovers/ask?referral={walk.id}"
    begun = host.get(ask).text
    assert f'value="{NAME}"' in begun and str(walk.home.uid) in begun
    form = {
        "partner": str(walk.home.uid), "name": NAME, "birth_on": "1988-03-05", "to_org": "余杭街道", "method": "paper",
        "applied_on": clock.today().isoformat(),
    }  # fmt: skip
    wrong = host.post(ask, data=form | {"birth_on": ""})
    assert wrong.status_code == 422 and "必填" in wrong.text
    sent(host, ask, **form)
    work()
    with walk.home.act():
        handover = db.session.scalars(db.select(Handover)).one()
        id_ = handover.id
        assert (handover.member_id, handover.referral_id) == (walk.member_id, walk.id), "known by the referral"
    listed = home.get(f"{ours}/transfers/").text
    assert NAME in listed and "待审批 1 件，审批超时" in listed
    assert "选定对应的党员" in home.get(f"{ours}/handovers/{id_}").text
    with walk.home.act():
        read = db.select(Reading.is_ours).where(Reading.about_kind == "handover", Reading.about_id == id_)
        assert db.session.scalars(read).all() == [True], "what the host said of him is the host's until home agreed"
    assert "对应" in home.get(f"{ours}/handovers/{id_}/accept").text
    sent(home, f"{ours}/handovers/{id_}/return", mend="birth_on", text="出生日期不对")
    work()
    assert "需要补正：出生日期" in host.get(f"{theirs}/handovers/{id_}").text
    assert NAME in home.get(f"{ours}/transfers/?tab=decided").text, "who was asked decided"
    sent(host, f"{theirs}/handovers/{id_}/ask", name=NAME, birth_on="1988-03-04", to_org="余杭街道")
    work()
    # The township he belongs to may say yes, for a member of its own part of the tree alone.
    with walk.home.act():
        town = organisations.found(organisations.root(), OrgKind.TOWNSHIP_COMMITTEE, "温泉镇")
        branch = organisations.found(town, OrgKind.BRANCH, "温泉支部")
        other = members.enroll(branch.id, name=NAME, gender="1", member_kind="1", birth_on=date(1988, 3, 4)).id
        fence.commit()
    officer = fresh.test_client()
    sign_in(officer, walk.home, Role.TOWNSHIP_OFFICER.value)
    form = officer.get(f"{ours}/handovers/{id_}/accept").text
    assert str(walk.member_id) in form and str(other) not in form
    assert str(other) in home.get(f"{ours}/handovers/{id_}/accept").text
    named = officer.post(f"{ours}/handovers/{id_}/accept", data={"member_id": str(other)})
    assert named.status_code == 404
    sent(home, f"{ours}/handovers/{id_}/accept", member_id=str(walk.member_id))
    work()
    assert NAME in home.get(f"{ours}/transfers/?tab=decided").text
    assert NAME not in host.get(f"{theirs}/transfers/?tab=decided").text, "who asked did not"
    with walk.home.act():
        assert handovers.get(id_).state == "accepted"
    for client, code in ((home, ours), (host, theirs)):
        page = client.get(f"{code}/handovers/{id_}").text
        assert "由流入地提出" in page and "同意转出" in page
    assert "由流入地提出" in home.get(f"{ours}/members/{walk.member_id}").text


def test_what_waits_too_long_is_counted_by_working_days(walk, desks):
    walk.offer()
    _, host = desks
    list_, front = f"/{walk.host.code}/referrals/", f"/{walk.host.code}/"
    assert "待审批 1 件" in host.get(list_).text and "审批超时" not in host.get(front).text
    # On the sixth working day after it is overdue, whatever holidays lie between.
    with walk.host.act():
        sixth = counties.calendar().add(clock.today(), 6)
    with later(days=(sixth - clock.today()).days):
        sign_in(host, walk.host, Role.COUNTY_ADMIN.value)
        assert re.search(r'审批超时 <span class="now-t">1 件', host.get(list_).text)
        assert "其中审批超时 1 件" in host.get(front).text


def test_reminders_come_by_the_countys_days_and_go_by_a_persons_word(walk, desks):
    home, _ = desks
    front, settings = f"/{walk.home.code}/", f"/{walk.home.code}/settings/deadlines"
    with walk.home.act():
        flow = flows.current(walk.member_id, lock=True)
        flow.left_on, flow.created_at = None, clock.midnight(clock.today())
        db.session.flush()
        began = db.session.scalar(db.select(contact_since()).where(Flow.id == flow.id))
        assert began == clock.today(), "where it is not known when he left, the day in China it was entered"
        flow.left_on = clock.today() - timedelta(days=20)
        fence.commit()
    walk.offer()
    quiet = home.get(front).text
    assert "应当联系" not in quiet and "还没有报到" not in quiet and "半年核对" not in quiet
    bad = home.post(settings, data={"answer_workdays": "5", "report_in_days": "30、15", "contact_days": "x",
                                    "confirm_months": "6", "claim_day_limit": "20"})  # fmt: skip
    assert bad.status_code == 422 and bad.text.count("由小到大") >= 2 and "30、15" in bad.text
    sent(
        home,
        settings,
        answer_workdays="5",
        report_in_days="1",
        contact_days="10、90",
        confirm_months="6",
        claim_day_limit="20",
    )
    with walk.home.act():
        assert "county_settings.set_deadlines" in db.session.scalars(db.select(Event.verb)).all()
    assert "20 天没有联系（满 10 天提醒）" in home.get(front).text
    with later(days=2):
        sign_in(home, walk.home, Role.COUNTY_ADMIN.value)
        assert "送往余杭区 2 天，还没有报到（满 1 天提醒）" in home.get(front).text
        for _ in range(2):  # told once, however often the scheduler comes by
            jobs.timers(walk.home.tenant_id)
        notices = home.get(f"/{walk.home.code}/notices").text
        assert notices.count("到期提醒：送出已满 1 天，本人还没有报到") == 1
        assert "没有联系本人" not in notices, "ten days passed long ago: a list shows it, no notice is made of old days"
        noted = f"/{walk.home.code}/members/{walk.member_id}/flow/noted/note_contact"
        future = home.post(noted, data={"on": "2199-01-01", "reason": "电话"})
        assert future.status_code == 422 and "不能晚于今天" in future.text
        sent(home, noted, on=clock.today().isoformat(), reason="电话")
        assert "应当联系" not in home.get(front).text
        walk.say(walk.home, service.end, "wrong_entry")
        assert "还没有报到" not in home.get(front).text
    with walk.home.act():
        flow = flows.current(walk.member_id, lock=True)
        flow.left_on = clock.today() - timedelta(days=200)
        flow.contacted_on = clock.today() - timedelta(days=95)
        fence.commit()
    sign_in(home, walk.home, Role.COUNTY_ADMIN.value)
    jobs.timers(walk.home.tenant_id)
    notices = home.get(f"/{walk.home.code}/notices").text
    assert notices.count("到期提醒：已满 90 天没有联系本人") == 1 and f"/members/{walk.member_id}" in notices
    text = home.get(front).text
    assert "半年核对" in text and "95 天没有联系（满 90 天提醒）" in text
    sent(
        home, f"/{walk.home.code}/members/{walk.member_id}/flow/noted/confirm", on=clock.today().isoformat(), reason=""
    )
    assert "半年核对" not in home.get(front).text and "应当联系" not in home.get(front).text
    with walk.home.act():
        assert flows.current(walk.member_id).state == "registered", "no state was changed by time"
        assert members.get(walk.member_id).relation == "held"
