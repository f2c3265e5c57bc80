"""Activities and co-signing as people use them: plan, sheet, hold, propose, answer, correct; and who may not."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import timedelta

import openpyxl
import pytest

from tests.blueprints.test_auth import sign_in
from tests.federation.cosigning.walk import AWAY, build_with_guests, clerk, lines_of, load_walk  # noqa: F401 -- fixtures
from web.core import clock, events, fence
from web.core.errors import WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation.cosigning import service as cosigning
from web.federation.cosigning.models import CoSignedRecord, CosignLine, CosignState
from web.federation.referrals.models import Referral
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityKind, ActivityState, Attendance, Presence, StudyRecord
from web.tenants.consents import service as consents
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.members import service as members


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


def plan(client, side, **changed):
    data = {
        "kind": "party_lecture", "title": "学习党章", "org_id": str(side.orgs["演示社区第一支部"]),
        "held_on": clock.today().isoformat(), "place": "党群服务中心", "responsible": "周例戊", "minutes": "90",
    }  # fmt: skip
    return client.post(at(side, "/activities/new"), data=data | changed)


def sheet_of(page):
    """person → presence, out of the form."""
    rows = re.findall(
        r'name="person" value="([^"]+)".*?<select name="presence"[^>]*>(.*?)</select>', page.text, re.DOTALL
    )
    return {person: (re.findall(r'value="(\w+)" selected', options) or [""])[0] for person, options in rows}


def send_sheet(client, side, activity_id, marks, act="save", minutes=None):
    data = {"person": list(marks), "presence": list(marks.values()), "act": act}
    data["minutes"] = [(minutes or {}).get(person, "") for person in marks]
    return client.post(at(side, f"/activities/{activity_id}/attendance"), data=data)


def stored(walk, model=Activity, **where):
    with walk.pair.host.act():
        return list(db.session.scalars(db.select(model).filter_by(**where)))


def test_planned_recorded_held(walk, host):
    side = walk.pair.host
    form = host.get(at(side, "/activities/new"))
    assert form.status_code == 200 and "主题党日" in form.text
    refused = plan(host, side, title=" ", minutes="0", held_on="2026-13-40")
    assert refused.status_code == 422
    assert "必填" in refused.text and "超出允许的范围" in refused.text and "不是有效日期" in refused.text
    assert 'value="党群服务中心"' in refused.text and stored(walk, title="学习党章") == []
    made = plan(host, side)
    assert made.status_code == 303
    (activity,) = stored(walk, title="学习党章")
    address = at(side, f"/activities/{activity.id}")
    assert "轮到我方：登记到会情况" in host.get(address).text
    assert host.post(f"{address}/hold").status_code == 409  # nobody recorded
    sheet = sheet_of(host.get(f"{address}/attendance"))
    own, guests = [p for p in sheet if p[0] == "m"], [p for p in sheet if p[0] == "g"]
    assert (own, len(guests), set(sheet.values())) == ([f"m{walk.own}"], 3, {""})
    assert {p[1:] for p in guests} == {str(id_) for id_ in walk.guests.values()}
    # Who is blank was there; then the exceptions.
    assert send_sheet(host, side, activity.id, sheet | {guests[0]: "official"}, "fill").status_code == 303
    sheet = sheet_of(host.get(f"{address}/attendance"))
    assert sorted(sheet.values()) == ["official", "present", "present", "present"]
    wrong = send_sheet(host, side, activity.id, sheet, minutes={guests[1]: "一小时"})
    assert wrong.status_code == 422 and "请填整数" in wrong.text and 'value="一小时"' in wrong.text
    assert send_sheet(host, side, activity.id, sheet | {f"m{uuid7()}": "present"}).status_code == 422
    assert send_sheet(host, side, activity.id, sheet, "hold", {guests[1]: "45"}).status_code == 303
    assert stored(walk, title="学习党章")[0].state is ActivityState.HELD
    rows = stored(walk, Attendance, activity_id=activity.id)
    minutes = {str(row.member_id or row.referral_id): row.study_minutes for row in rows}
    assert [minutes[p[1:]] for p in (own[0], *guests)] == [90, 0, 45, 90]
    page = host.get(address).text
    assert "应到 1　实到 1" in page and "到会 2 人，共 3 人" in page and "★ 公假" in page
    printed = host.get(f"{address}/record").text
    assert "（盖章）" in printed and "王示甲" in printed and "未登记" not in printed
    # Only the guests were written down: who is due here stays due, and both say that nothing is known of him.
    assert send_sheet(host, side, activity.id, {own[0]: ""}).status_code == 303
    page, printed = host.get(address).text, host.get(f"{address}/record").text
    assert "应到 1　实到 0" in page and "未登记 1 人" in page and "不足半数" in page
    assert "应到 1 人，实到 0 人，不足半数" in printed and "1 人" in printed.split("未登记")[1]


def test_a_roll_call_survives_a_closed_window(walk, host):
    """Six hundred lines were lost with the window; now they are offered, and are gone when the sheet is sent."""
    side = walk.pair.host
    plan(host, side)
    (activity,) = stored(walk, title="学习党章")
    address = at(side, f"/activities/{activity.id}/attendance")
    sheet = sheet_of(page := host.get(address))
    draft = re.search(r'name="draft_form" value="([^"]+)"', page.text)[1]
    people = [*sheet, f"m{uuid7()}"]
    half = {"draft_form": draft, "person": people, "presence": ["", "late", "", "sick", "present"]}
    half["minutes"] = ["", "45", "", "", ""]
    kept = host.post(at(side, "/workbench/drafts"), data=half, headers={"X-Draft": "1"})
    assert kept.status_code == 200 and stored(walk, Attendance, activity_id=activity.id) == []
    page = host.get(address)
    assert "没交的草稿" in page.text and set(sheet_of(page).values()) == {""}
    page = host.get(f"{address}?draft=1")
    assert list(sheet_of(page).values()) == ["", "late", "", "sick"] and page.text.count('value="45"') == 1
    assert send_sheet(host, side, activity.id, sheet_of(page), minutes={people[1]: "45"}).status_code == 303
    assert "没交的草稿" not in host.get(address).text


def test_held_by_mistake_is_taken_back_unless_a_partner_has_its_record(walk, host):
    side = walk.pair.host
    plan(host, side)
    (activity,) = stored(walk, title="学习党章")
    address = at(side, f"/activities/{activity.id}")
    for act in ("hold", "save"):
        send_sheet(host, side, activity.id, {f"m{walk.own}": "present"}, act)
        if act == "save":
            host.post(f"{address}/hold")
        undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', host.get(address).text)[1]
        assert host.post(undo).status_code == 303
        assert stored(walk, title="学习党章")[0].state is ActivityState.PLANNED
        assert len(stored(walk, Attendance, activity_id=activity.id)) == 1, "what was written on the sheet stays"
    host.post(f"{address}/hold")
    undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', host.get(address).text)[1]
    with pytest.MonkeyPatch.context() as patch:

        def cosigned(what):
            raise WrongState("activity_cosigned")

        patch.setitem(events._listeners, activities.HeadChanged, [cosigned])
        assert host.post(undo).status_code == 303
    assert stored(walk, title="学习党章")[0].state is ActivityState.HELD


def test_not_before_its_day_and_cancelled(walk, host):
    side = walk.pair.host
    plan(host, side, held_on=(clock.today() + timedelta(days=3)).isoformat())
    (activity,) = stored(walk, title="学习党章")
    address = at(side, f"/activities/{activity.id}")
    send_sheet(host, side, activity.id, {f"m{walk.own}": "sick"})
    assert "活动还没有举行" in host.post(f"{address}/hold").text
    assert host.post(f"{address}/cancel", data={"reason": ""}).status_code == 422
    assert host.post(f"{address}/cancel", data={"reason": "场地改期"}).status_code == 303
    assert "workbench/undo" not in host.get(address).text, "its sheet is gone"
    assert stored(walk, Attendance, activity_id=activity.id) == []
    assert host.get(f"{address}/attendance").status_code == 409
    with walk.pair.host.act():
        query = db.select(events.Event).where(events.Event.verb == "activity.cancel")
        assert db.session.scalars(query).one().reason == "场地改期"


def test_cancelled_by_mistake_is_taken_back_where_nothing_went_with_it(walk, host):
    side = walk.pair.host
    plan(host, side, held_on=(clock.today() + timedelta(days=3)).isoformat())
    (activity,) = stored(walk, title="学习党章")
    address = at(side, f"/activities/{activity.id}")
    assert host.post(f"{address}/cancel", data={"reason": "场地改期"}).status_code == 303
    undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', host.get(address).text)[1]
    assert host.post(undo).status_code == 303
    assert stored(walk, title="学习党章")[0].state is ActivityState.PLANNED
    page = host.get(address).text
    assert "撤回取消，活动照旧安排" in page
    assert host.get(f"{address}/attendance").status_code == 200


def test_the_list_narrows_and_turns_its_pages(walk, host):
    side = walk.pair.host
    with side.act():
        org = side.orgs["演示社区第二支部"]
        for day in range(60):
            on = clock.today() - timedelta(days=200 + day)
            activities.plan(
                activities.Head(org, ActivityKind.COMMITTEE_MEETING, f"例会{day:02}", on, "会议室", "吴例庚", 60),
                clerk(side),
            )
        fence.commit()

    def titles(query=""):
        page = host.get(at(side, f"/activities/{query}")).text
        return re.findall(r'<th scope="row" title="([^"]+)">', page), page

    shown, page = titles()
    assert len(shown) == 50 and shown[0] == "重温入党誓词" and "共 61 场" in page
    after = re.search(r'after=([^"&]+)" rel="next"', page)[1]
    rest, page = titles(f"?after={after}")
    assert len(rest) == 11 and not set(rest) & set(shown)
    before = re.search(r'before=([^"&]+)" rel="prev"', page)[1]
    assert titles(f"?before={before}")[0] == shown
    assert titles("?kind=theme_day")[0] == ["重温入党誓词"]
    folded = host.get(at(side, "/activities/?pick=kind:theme_day&how=not"))
    assert folded.status_code == 303 and titles("?" + folded.location.partition("?")[2])[0] == rest[:0] + [
        f"例会{d:02}" for d in range(50)
    ]
    assert titles(f"?org={side.orgs['演示社区第一支部']}")[0] == ["重温入党誓词"]
    month = (clock.today() - timedelta(days=1)).strftime("%Y-%m")
    assert titles(f"?month={month}")[0] == ["重温入党誓词"] and titles("?month=nonsense")[0] == shown
    assert titles("?q=例会07")[0] == ["例会07"] and "没有符合条件的活动" in titles("?q=没有")[1]
    assert titles("?state=held")[0] == []


def held(walk, host):
    """The walk's own theme day, held by its sheet; all guests came."""
    side = walk.pair.host
    marks = {f"m{walk.own}": "present"} | {f"g{id_}": "present" for id_ in walk.guests.values()}
    assert send_sheet(host, side, walk.activity_id, marks, "hold").status_code == 303
    return at(side, f"/activities/{walk.activity_id}"), at(side, f"/cosigning/offer/{walk.activity_id}")


def records(walk, side=None):
    with (side or walk.pair.host).act():
        return list(db.session.scalars(db.select(CoSignedRecord).order_by(CoSignedRecord.id)))


# The head of the walk's theme day, as the form of a correction shows it.
HEAD = {
    "kind": "theme_day",
    "title": "重温入党誓词",
    "place": "社区党群服务中心",
    "responsible": "周例戊",
    "minutes_of_all": "120",
}


def queued(client, side):
    """title → count of the to-dos on the home page."""
    return dict(re.findall(r'aria-label="(待共签|共签有异议) (\d+) 件"', client.get(at(side, "/")).text))


def test_offered_disputed_corrected_countersigned_in_the_browser_of_both(walk, host, home, work):
    here, there = walk.pair.host, walk.pair.home
    address, offer = held(walk, host)
    page = host.get(address).text
    assert "1 个县的党员参加了，还没有送请共签" in page
    proposal = host.get(offer).text
    assert all(name in proposal for name in walk.guests) and "赵示丁" not in proposal
    assert host.post(offer, data={}).status_code == 422
    assert host.post(offer, data={"partner": [str(there.uid)]}).status_code == 303
    assert "没有需要送请共签的人" in host.get(offer).text
    (record,) = records(walk)
    work()
    ours, theirs = at(here, f"/cosigning/{record.id}"), at(there, f"/cosigning/{record.id}")
    assert "等岳西县共签" in host.get(ours).text
    page = home.get(theirs).text
    assert "轮到我方：核对名单，共签或提出异议" in page and all(name in page for name in walk.guests)
    assert "赵示丁" not in page  # the recorder's own members never cross
    assert (queued(home, there), queued(host, here)) == ({"待共签": "1"}, {})
    lines = re.findall(r'name="line" value="(\d+)"', page)
    empty = home.post(f"{theirs}/answer", data={"line": lines, "reason": [""] * 3, "act": "dispute"})
    assert empty.status_code == 422 and "异议理由：有异议的，在那人的一行写明理由" in empty.text
    assert 'id="f-reason"' in empty.text
    half = {"draft_form": re.search(r'name="draft_form" value="([^"]+)"', page)[1], "accept": lines[1:], "line": lines}
    half["reason"] = ["写到一半", "", ""]
    assert home.post(at(there, "/workbench/drafts"), data=half, headers={"X-Draft": "1"}).status_code == 200
    page = home.get(theirs).text
    assert "没交的草稿" in page and page.count(" checked") == 3 and "写到一半" not in page
    page = home.get(f"{theirs}?draft=1").text
    assert page.count(" checked") == 2 and 'value="写到一半"' in page
    mixed = {"accept": lines, "line": lines, "reason": ["未参加", "", ""]}
    both = home.post(f"{theirs}/answer", data=mixed | {"act": "countersign"})
    assert both.status_code == 422 and 'value="未参加"' in both.text and "有人填了异议理由" in both.text
    assert home.post(f"{theirs}/answer", data=mixed | {"act": "dispute", "text": "请核"}).status_code == 303
    assert "已答复，等余杭区的系统确认" in home.get(theirs).text
    work()
    assert "已提出异议，等余杭区更正" in home.get(theirs).text
    page = host.get(ours).text
    assert "轮到我方：按异议核对，更正后再送" in page and "未参加" in page and "请核" in page
    assert (queued(home, there), queued(host, here)) == ({}, {"共签有异议": "1"})
    form = host.get(f"{ours}/correct").text
    people = re.findall(r'name="person" value="([^"]+)"', form)
    data = HEAD | {"person": people, "presence": ["absent", "present", "present"], "minutes": ["120", "120", "120"]}
    data["held_on"] = (clock.today() - timedelta(days=1)).isoformat()
    assert host.post(f"{ours}/correct", data=data | {"reason": ""}).status_code == 422
    assert host.post(f"{ours}/correct", data=data | {"reason": "核对签到表"}).status_code == 303
    work()
    page = home.get(theirs).text
    assert "第 2 稿" in page and "缺席" in page
    lines = re.findall(r'name="line" value="(\d+)"', page)
    assert home.post(f"{theirs}/answer", data={"accept": lines, "act": "countersign"}).status_code == 303
    work()
    for client, where in ((host, ours), (home, theirs)):
        page = client.get(where).text
        assert "两县已共签" in page and page.count("已共签") >= 4 and "一致" in page
    with there.act():
        rows = list(db.session.scalars(db.select(StudyRecord)))
        assert sorted((r.presence, r.study_minutes) for r in rows) == [
            (Presence.ABSENT, 0), (Presence.PRESENT, 120), (Presence.PRESENT, 120),
        ]  # fmt: skip
        member_id = next(r.member_id for r in rows if r.study_minutes)
    assert "重温入党誓词" in home.get(at(there, f"/members/{member_id}")).text
    assert host.get(f"{address}/edit").status_code == 409
    assert "已共签" in host.get(address).text
    sheet = host.get(f"{address}/attendance").text
    assert "已送请共签，有异议时在共签记录里更正" in sheet
    for part, count in (("final", 1), ("to_answer", 0), ("all", 1)):
        listed = host.get(at(here, f"/cosigning/?part={part}")).text
        assert listed.count(f"cosigning/{record.id}") == count


def test_refused_and_withdrawn_pages(walk, host, home, work):
    here, there = walk.pair.host, walk.pair.home
    _address, offer = held(walk, host)
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    (record,) = records(walk)
    theirs = at(there, f"/cosigning/{record.id}")
    assert home.post(f"{theirs}/refuse", data={"reason": "other"}).status_code == 422
    assert home.post(f"{theirs}/refuse", data={"reason": "not_held", "text": "当日停电"}).status_code == 303
    work()
    page = home.get(theirs).text
    assert "我方不予共签" in page and "名单已清除" in page and "王示甲" not in page
    page = host.get(at(here, f"/cosigning/{record.id}")).text
    assert "对方不予共签" in page and "活动没有举行：当日停电" in page
    assert home.get(f"{theirs}/refuse").status_code == 409
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    second = records(walk)[-1]
    ours = at(here, f"/cosigning/{second.id}")
    assert host.post(f"{ours}/withdraw", data={"reason": "登错了"}).status_code == 303
    work()
    assert records(walk, there)[-1].state is CosignState.WITHDRAWN
    page = home.get(at(there, f"/cosigning/{second.id}")).text
    assert "对方已撤回" in page and "登错了" in page and "王示甲" not in page
    # Nobody of the list may be named any more: nothing to countersign, and it can be refused all the same.
    with there.act():
        for id_ in walk.guests.values():
            member_id = db.session.get_one(Referral, (there.tenant_id, id_)).member_id
            consents.withdraw(members.get(member_id, lock=True), here.uid, ["S5"])
        fence.commit()
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    third = at(there, f"/cosigning/{records(walk)[-1].id}")
    page = home.get(third).text
    assert "名单上没有可以共签的人" in page and f"{third}/refuse" in page
    assert home.post(f"{third}/refuse", data={"reason": "not_ours"}).status_code == 303
    work()
    assert records(walk)[-1].state is CosignState.REFUSED


def test_a_final_record_is_corrected_or_annulled_by_both(walk, host, home, work):
    here, there = walk.pair.host, walk.pair.home
    _address, offer = held(walk, host)
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    (record,) = records(walk)
    ours, theirs = at(here, f"/cosigning/{record.id}"), at(there, f"/cosigning/{record.id}")

    def countersign():
        lines = re.findall(r'name="line" value="(\d+)"', home.get(theirs).text)
        assert home.post(f"{theirs}/answer", data={"accept": lines, "act": "countersign"}).status_code == 303
        work()

    countersign()
    form = host.get(f"{ours}/correct").text
    assert "已记入档案的学时撤下" in form and 'value="重温入党誓词"' in form
    people = re.findall(r'name="person" value="([^"]+)"', form)
    same = HEAD | {"person": people, "presence": ["present"] * 3, "minutes": ["120"] * 3, "reason": "主题写漏了"}
    same["held_on"] = (clock.today() - timedelta(days=1)).isoformat()
    unchanged = host.post(f"{ours}/correct", data=same)
    assert unchanged.status_code == 422 and "送给对方的内容没有改动" in unchanged.text
    assert host.post(f"{ours}/correct", data=same | {"title": " "}).status_code == 422
    assert host.post(f"{ours}/correct", data=same | {"title": "重温入党誓词和党章"}).status_code == 303
    work()
    page = home.get(theirs).text
    assert "重温入党誓词和党章" in page and "轮到我方：核对名单" in page
    with there.act():
        assert list(db.session.scalars(db.select(StudyRecord))) == []
    # As the hint beside it says, who had what it counted for follows; who had less keeps that.
    said = {"title": "重温入党誓词和党章", "minutes": ["120", "120", "60"]}
    assert host.post(f"{ours}/correct", data=same | said | {"minutes_of_all": "90"}).status_code == 303
    work()
    with there.act():
        assert sorted(line.values()["minutes"] for line in db.session.scalars(db.select(CosignLine))) == [60, 90, 90]
    assert host.post(f"{ours}/correct", data=same | {"title": said["title"], "reason": "时长没有错"}).status_code == 303
    work()
    countersign()
    with there.act():
        member_id = db.session.scalars(db.select(StudyRecord.member_id)).first()
    member = at(there, f"/members/{member_id}")
    held_in = (clock.today() - timedelta(days=1)).year  # on the first of January, the year before
    assert f"{held_in} 年 2 学时" in home.get(member).text
    assert home.post(f"{theirs}/propose-annul", data={"reason": ""}).status_code == 422
    assert home.post(f"{theirs}/propose-annul", data={"reason": "当日改期"}).status_code == 303
    assert home.post(f"{theirs}/annul").status_code == 409  # waits for the other side to hear of it
    work()
    assert "等余杭区答复" in home.get(theirs).text and "收回提议" in home.get(theirs).text
    page = host.get(ours).text
    assert "岳西县提出作废这份记录，轮到我方答复" in page and "当日改期" in page
    assert queued(host, here) == {"待共签": "1"}
    assert host.post(f"{ours}/keep", data={"reason": ""}).status_code == 422
    assert host.post(f"{ours}/annul").status_code == 303
    work()
    for client, where in ((host, ours), (home, theirs)):
        page = client.get(where).text
        assert "两县同意作废" in page and 'class="gone"' in page and "王示甲" in page
    page = home.get(member).text
    assert "还没有记录。本县活动" in page and " 年 2 学时" not in page and "撤下学时" in page
    assert "送请共签" in host.get(at(here, f"/activities/{walk.activity_id}")).text


def read_paper(client, side, record_id, work):
    """Order the record's paper, let the worker make it, open it: (text without blanks, the code of its proof)."""
    made = client.post(at(side, f"/cosigning/{record_id}/paper"))
    assert made.status_code == 303
    work()
    with side.act():
        row = documents.of_subject(record_id, DocumentKind.COSIGNED_RECORD)[0]
    pdf = client.get(at(side, f"/documents/{row.id}"))
    assert pdf.mimetype == "application/pdf"
    text = subprocess.run(["pdftotext", "-", "-"], input=pdf.data, capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s", "", text), row


def test_the_record_as_paper_at_both_sides(walk, host, home, work, fresh):
    here, there = walk.pair.host, walk.pair.home
    address, offer = held(walk, host)
    written = {"starts_at": "9:30", "ends_at": "09：10", "chair": "周例戊", "minute_taker": "吴例庚", "lecturer": ""}
    written |= {"agenda": "一、重温入党誓词", "decisions": "设立流动党员服务岗"}
    for no_time in ("上午", "0930Z", "24:00"):
        wrong = host.post(f"{address}/proceedings", data=written | {"starts_at": no_time})
        assert wrong.status_code == 422 and "请填时间，例如 09:30" in wrong.text and "设立流动党员服务岗" in wrong.text
    assert "应在开始之后" in host.post(f"{address}/proceedings", data=written).text
    assert host.post(f"{address}/proceedings", data=written | {"ends_at": "11:30"}).status_code == 303
    for page in (host.get(address).text, host.get(f"{address}/record").text):
        assert "过半数" in page and "设立流动党员服务岗" in page
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    (record,) = records(walk)
    early = host.post(at(here, f"/cosigning/{record.id}/paper"))
    assert early.status_code == 409 and "两县共签之后才有共签记录单" in early.text
    theirs = at(there, f"/cosigning/{record.id}")
    lines = re.findall(r'name="line" value="(\d+)"', home.get(theirs).text)
    home.post(f"{theirs}/answer", data={"accept": lines, "act": "countersign"})
    work()
    text, row = read_paper(host, here, record.id, work)
    assert "应到1人，实到1人，过半数" in text and "只计本县党员" in text and text.count("（盖章）") == 2
    for words in (
        "09:30至11:30",
        "周例戊",
        "吴例庚",
        "设立流动党员服务岗",
        "赵示丁",
        *walk.guests,
        "340828-",
        "330110-",
    ):
        assert words in text, words
    proof = fresh.test_client().get(f"/v/{row.proof_code}").text
    assert "活动共签记录单" in proof and "共签" in proof and "王示甲" not in proof
    text, row = read_paper(home, there, record.id, work)
    assert all(name in text for name in walk.guests) and "赵示丁" not in text and "设立流动党员服务岗" not in text
    assert row.title in home.get(theirs).text
    township = fresh.test_client()  # sees some of the members only
    sign_in(township, there, "township_officer")
    assert township.get(at(there, f"/documents/{row.id}")).status_code == 403
    assert row.title not in township.get(theirs).text
    # The paper outlives what it says: corrected since, and not answered yet, its code says so and is no error.
    walk.say(here, cosigning.correct, record.id, {walk.guests["王示甲"]: AWAY}, "已核对，确未到会")
    later = fresh.test_client().get(f"/v/{row.proof_code}")
    assert later.status_code == 200 and "等共签" in later.text and row.sha256[:4] in later.text
    walk.say(there, cosigning.countersign, record.id, list(lines_of(there, record.id)))
    assert "已共签" in fresh.test_client().get(f"/v/{row.proof_code}").text
    with there.act():
        cosigning.propose_annul(record.id, "名单有误")
        fence.commit()
    work()
    assert host.post(at(here, f"/cosigning/{record.id}/annul")).status_code == 303
    work()
    text, _row = read_paper(home, there, record.id, work)
    assert "作废，名单划去留存" in text and "同意作废" in text
    # The activity may be put right now, and be offered again: the annulled record's paper says what was sealed.
    with here.act():
        activities.put_right(activities.get(walk.activity_id, lock=True), {"place": "示例路礼堂"}, clerk(here))
        fence.commit()
    text, _row = read_paper(host, here, record.id, work)
    assert "社区党群服务中心" in text and "示例路礼堂" not in text


def test_a_list_pasted_or_uploaded_is_read_before_anything_is_written(walk, host):
    side = walk.pair.host
    with side.act():
        twin = members.enroll(side.orgs["演示社区第一支部"], name="赵示丁", gender="1", member_kind="1").id
        fence.commit()
    address = at(side, f"/activities/{walk.activity_id}/attendance")
    assert "从名单读入" in host.get(address).text and host.get(f"{address}/list").status_code == 200
    text = "赵示丁 √\n王示甲 # 45\n李例乙 病\n某某 √\n陈演丙"
    assert "没有读到姓名" in host.post(f"{address}/list", data={"text": "", "blank": ""}).text
    page = host.post(f"{address}/list", data={"text": text, "blank": ""})
    assert page.status_code == 200 and "读到 5 行，可记入 3 行，不能记入 2 行" in page.text
    assert "名单里没有这个人" in page.text and "没有写到会情况" in page.text and "有 2 人同名，请选" in page.text
    assert stored(walk, Attendance) == []
    rows = {
        "person": ["", f"g{walk.guests['王示甲']}", f"g{walk.guests['李例乙']}"],
        "presence": ["present", "late", "sick"], "minutes": ["", "45", ""], "act": "save",
    }  # fmt: skip
    for name in ("presence", "minutes"):
        assert re.findall(rf'type="hidden" name="{name}" value="(\w*)"', page.text) == rows[name]
    # One wrong person, and nothing of the list is written.
    assert host.post(address, data=rows | {"person": [f"m{uuid7()}", *rows["person"][1:]]}).status_code == 422
    again = host.post(address, data=rows | {"person": [f"m{twin}", f"m{twin}", rows["person"][2]]})
    assert again.status_code == 422 and "同一个人选了两次" in again.text and stored(walk, Attendance) == []
    assert host.post(address, data=rows | {"person": [f"m{twin}", *rows["person"][1:]]}).status_code == 303
    kept = {row.member_id or row.referral_id: (row.presence, row.study_minutes) for row in stored(walk, Attendance)}
    assert kept == {
        twin: (Presence.PRESENT, 120),
        walk.guests["王示甲"]: (Presence.LATE, 45),
        walk.guests["李例乙"]: (Presence.SICK, 0),
    }
    book = openpyxl.Workbook()
    for row in (["签到表"], ["序号", "姓名", "签到"], [1, "陈演丙", "√"], [2, "王示甲", None]):
        book.active.append(row)
    book.save(file := io.BytesIO())
    for data, name in ((file.getvalue(), "签到.xlsx"), ("姓名,签到\n陈演丙,√\n王示甲,".encode("gb18030"), "签到.csv")):
        sent = {"text": "", "blank": "present", "file": (io.BytesIO(data), name)}
        page = host.post(f"{address}/list", data=sent, content_type="multipart/form-data").text
        assert "读到 2 行，可记入 2 行" in page
    old = {"text": "", "blank": "", "file": (io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "旧.xls")}
    assert "另存为 .xlsx" in host.post(f"{address}/list", data=old, content_type="multipart/form-data").text


def test_who_may_not(walk, host, work, fresh):
    here, there = walk.pair.host, walk.pair.home
    address, offer = held(walk, host)
    host.post(offer, data={"partner": [str(there.uid)]})
    work()
    (record,) = records(walk)
    township = fresh.test_client()
    sign_in(township, there, "township_officer")
    page = township.get(at(there, f"/cosigning/{record.id}")).text
    assert "王示甲" in page and "county_admin甲" in page and "共签勾选的人" not in page  # says who can
    refused = township.post(at(there, f"/cosigning/{record.id}/answer"), data={"act": "countersign"})
    assert refused.status_code == 403 and "county_admin甲" in refused.text
    elsewhere = fresh.test_client()  # secretary of the other branch: not its members, not its activity
    sign_in(elsewhere, there, "away_secretary")
    assert elsewhere.get(at(there, f"/cosigning/{record.id}")).status_code == 404
    other = fresh.test_client()
    sign_in(other, here, "away_secretary")
    assert other.get(address).status_code == 404 and other.get(f"{address}/attendance").status_code == 404
    leader = fresh.test_client()
    sign_in(leader, here, "leader_readonly")
    assert leader.get(address).status_code == 403
    admin = fresh.test_client()
    sign_in(admin, there)
    for path in (f"/activities/{walk.activity_id}", f"/cosigning/offer/{walk.activity_id}", f"/cosigning/{uuid7()}"):
        assert admin.get(at(there, path)).status_code == 404
