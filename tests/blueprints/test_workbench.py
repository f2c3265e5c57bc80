"""The workbench: columns, saved filters, exports, copies, labels, bulk edits, cells, drafts, the way back."""

import io
import re
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.workers import run_all
from web import jobs
from web.core import clock, fence
from web.core.errors import Invalid
from web.core.events import Event
from web.core.queue import Job
from web.extensions import db
from web.tenants.labels import service as labels
from web.tenants.members import citizen_id, service
from web.tenants.members.models import Member
from web.tenants.tasks import service as tasks
from web.tenants.workbench import exports
from web.tenants.workbench.models import Export

NUMBERS = [citizen_id.invent("990121", date(1980, 1, 1), n) for n in (1, 3, 5)]


@pytest.fixture
def side(pair):
    """岳西 with two members in one branch and one in the other, whose post looks like a formula."""
    with pair.home.act():
        one, two = pair.home.orgs["示例村支部"], pair.home.orgs["试例村支部"]
        for branch, name, number, post in (
            (one, "王示甲", NUMBERS[0], "=1+1"), (one, "李例乙", NUMBERS[1], "教师"), (two, "欧阳演丙", NUMBERS[2], ""),
        ):  # fmt: skip
            service.enroll(branch, name=name, member_kind="1", id_number=number, phone="15400000123", post=post)
        fence.commit()
        pair.home.members = {m.name: m.id for m in db.session.scalars(db.select(Member))}
    return pair.home


@pytest.fixture
def browser(fresh, side):
    def enter(role="county_admin"):
        client = fresh.test_client()
        assert sign_in(client, side, role).status_code == 303
        return client

    return enter


def lists(side, rest="members/"):
    return f"/{side.code}/{rest}"


def tool(side, rest):
    return f"/{side.code}/workbench/{rest}"


def names(text):
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', text)


def heads(text):
    found = re.search(r"<thead>(.*?)</thead>", text, re.DOTALL)[1]
    return [re.sub(r"<[^>]+>| ↑| ↓", "", h) for h in re.findall(r"<th [^>]*>(.*?)</th>", found, re.DOTALL)][1:]


def events_of(side, *verbs):
    with side.act():
        return list(db.session.scalars(db.select(Event).where(Event.verb.in_(verbs)).order_by(Event.id)))


@contextmanager
def saying(engine):
    """Every statement in between."""
    said = []

    def note(connection, cursor, statement, *rest):
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def made(client, answer):
    """The workbook of an export that was asked for."""
    assert answer.status_code == 303
    run_all()
    page = client.get(answer.location).text
    url = re.search(r'href="([^"]+\.xlsx)"', page)[1]
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(url).data)).active
    return url, sheet, [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_columns_are_chosen_by_a_plain_form_and_the_export_takes_them_along(browser, side, proved):
    admin, other = browser(), browser("township_officer")
    before = heads(admin.get(lists(side)).text)
    assert before[:3] == ["姓名", "性别", "出生"]
    page = tool(side, "members/columns?gender=1")
    assert admin.get(page).status_code == 200
    assert admin.post(page, data={}).status_code == 422
    sent = {"column": ["phone", "post", "id_number"], "place-phone": "3", "place-post": "1", "place-id_number": "2"}
    answer = admin.post(page, data=sent)
    assert answer.status_code == 303 and answer.location == lists(side) + "?gender=1"
    shown = admin.get(lists(side)).text
    assert heads(shown) == ["姓名", "工作岗位", "身份证", "手机"] and "990<i>***</i>" in shown
    assert heads(other.get(lists(side)).text) == before, "for oneself alone"
    assert admin.get(tool(side, "nothing/columns")).status_code == 404
    _url, sheet, rows = made(
        admin, admin.post(tool(side, "members/export?sort=-name"), data={"numbers": "masked", "reason": ""})
    )
    assert rows[0] == ["姓名", "工作岗位", "身份证", "手机"]
    assert [r[0] for r in rows[1:]] == names(admin.get(lists(side) + "?sort=-name").text)
    wang = next(r for r in rows if r[0] == "王示甲")
    assert wang[1] == "'=1+1" and wang[2].startswith("990***") and "****" in wang[3], "no formula, no whole number"
    assert all(cell.data_type == "s" for row in sheet.iter_rows(min_row=2) for cell in row if cell.value)
    assert admin.post(page, data={"act": "standard"}).status_code == 303
    assert heads(admin.get(lists(side)).text) == before
    proved("lists whose export is what the screen shows", 1)


def test_an_export_is_what_is_seen_whole_only_by_right_and_reason_and_gone_after_a_week(browser, side):
    admin, secretary = browser(), browser("branch_secretary")
    asked = tool(side, "members/export?q=王&org=" + str(side.orgs["示例村支部"]))
    assert "1 人" in admin.get(asked).text
    url, _, rows = made(admin, admin.post(asked, data={"numbers": "masked", "reason": ""}))
    assert [r[0] for r in rows[1:]] == ["王示甲"]
    whole = tool(side, "members/export")
    refused = admin.post(whole, data={"numbers": "whole", "reason": " "})
    assert refused.status_code == 422 and "必填" in refused.text
    assert secretary.post(whole, data={"numbers": "whole", "reason": "核对"}).status_code == 403
    assert 'value="whole"' not in secretary.get(whole).text
    ordered = admin.post(whole, data={"numbers": "whole", "reason": "换发活动证"})
    with saying(db.engine) as said:
        _, sheet, rows = made(admin, ordered)
    # However long the list: each piece is planned for the county it is of (fence.plan_anew).
    planned, walked = (
        next(n for n, s in enumerate(said) if w in s) for w in ("force_custom_plan", "member.name_pinyin")
    )
    assert planned < walked
    assert {r[3] for r in rows[1:]} == set(NUMBERS)
    assert sheet["D2"].number_format == "@"
    told = events_of(side, "member.export")
    assert {e.member_id for e in told} == set(side.members.values()) and {e.reason for e in told} == {"换发活动证"}
    assert "完整号码随名单导出" in admin.get(lists(side, f"members/{side.members['王示甲']}")).text
    # A secretary takes out her part; nobody else opens her file, nor anybody one that has had its week.
    hers, _, rows = made(secretary, secretary.post(whole, data={"numbers": "masked", "reason": ""}))
    assert {r[0] for r in rows[1:]} == {"王示甲", "李例乙"}
    assert admin.get(hers).status_code == 404
    assert browser("leader_readonly").get(whole).status_code == 403
    # What another county shared is not kept longer than we have for destroying what it takes back.
    guests = tool(side, "guests/export")
    assert "1 天后销毁" in admin.get(guests).text and "7 天后销毁" in admin.get(asked).text
    shared, *_ = made(admin, admin.post(guests, data={"numbers": "masked", "reason": ""}))
    with clock.at(clock.now() + timedelta(hours=25)), side.act():
        exports.purge()
        fence.commit()
    assert (admin.get(shared).status_code, admin.get(url).status_code) == (409, 200)
    with clock.at(clock.now() + timedelta(days=8)), side.act():
        exports.purge()
        fence.commit()
        assert world.count(Export, Export.wrapped.is_not(None)) == 0
    assert admin.get(url).status_code == 409


def test_a_filter_is_saved_shared_opened_with_renamed_deleted_and_restored(browser, side):
    admin, officer = browser(), browser("township_officer")
    new = tool(side, "members/filters/new?q=李例&sort=-birth")
    assert admin.post(new, data={"title": ""}).status_code == 422
    assert admin.post(new, data={"title": "找李例", "is_default": "1"}).status_code == 303
    assert "已有同名" in admin.post(new, data={"title": "找李例"}).text
    many = admin.post(f"{new}&q={'a' * 2000}", data={"title": "太长"})
    assert many.status_code == 422 and "请少选几项再存" in many.text, "it is not cut in the middle"
    opened = admin.get(lists(side))
    assert opened.status_code == 303 and "sort=-birth" in opened.location
    page = admin.get(opened.location).text
    assert names(page) == ["李例乙"] and "all=1" in page
    assert len(names(admin.get(lists(side) + "?all=1").text)) == 3
    assert (
        officer.get(lists(side)).status_code == 200 and "找李例" not in officer.get(tool(side, "members/filters")).text
    )
    manage = admin.get(tool(side, "members/filters")).text
    row = re.search(r"/workbench/filters/([0-9a-f-]+)/rename", manage)[1]
    assert officer.post(tool(side, f"filters/{row}/delete")).status_code == 404
    assert admin.post(tool(side, f"filters/{row}/rename"), data={"title": "李", "is_shared": "1"}).status_code == 303
    seen = officer.get(tool(side, "members/filters")).text
    assert ">李<" in seen and "由存它的人修改" in seen
    assert officer.post(tool(side, f"filters/{row}/delete")).status_code == 404
    assert admin.post(tool(side, f"filters/{row}/delete")).status_code == 303
    assert admin.get(lists(side)).status_code == 200, "what was deleted opens no list"
    assert ">李<" in admin.get(tool(side, "bin")).text
    # In the bin it is neither opened with nor renamed, and comes back beside no other of its name; nor is one renamed to it.
    assert admin.post(tool(side, f"filters/{row}/default")).status_code == 404
    assert admin.post(tool(side, f"filters/{row}/rename"), data={"title": "王"}).status_code == 404
    assert admin.post(tool(side, f"filters/{row}/delete")).status_code == 303
    assert admin.post(new, data={"title": "李"}).status_code == 303
    back = admin.post(tool(side, f"filters/{row}/restore"))
    assert "没有恢复“李”：已有同名" in admin.get(back.location).text
    other = re.search(r"/workbench/filters/([0-9a-f-]+)/rename", admin.get(tool(side, "members/filters")).text)[1]
    assert admin.post(tool(side, f"filters/{other}/rename"), data={"title": "王"}).status_code == 303
    for _ in range(2):
        assert admin.post(tool(side, f"filters/{row}/restore")).status_code == 303
    assert "已有同名" in admin.post(tool(side, f"filters/{other}/rename"), data={"title": "李"}).text
    assert ">李<" in officer.get(tool(side, "members/filters")).text


def test_a_list_is_copied_as_a_table_and_it_is_logged(browser, side):
    page = browser().get(tool(side, "members/copy?q=王示甲")).text
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1]
    head, line = text.split("\n")
    assert (
        head.split("\t")[:2] == ["姓名", "性别"] and line.split("\t")[:2] == ["王示甲", "男"] and NUMBERS[0] not in text
    )
    assert events_of(side, "list.copy")[0].details["rows"] == 1


def test_labels_are_the_countys_and_narrow_the_list(browser, side):
    admin = browser()
    page = f"/{side.code}/labels"
    used = tool(side, "labels/filters/new?used=yes")
    assert admin.post(used, data={"title": "用着的", "is_default": "1"}).status_code == 303
    assert admin.get(page).location.endswith("?used=yes"), "only whoever opens the list is led on, not what is sent"
    assert admin.post(page, data={"title": "困难", "colour": "red"}).status_code == 422
    assert admin.post(page, data={"title": "困难", "colour": "blue"}).status_code == 303
    assert "已有同名" in admin.post(page, data={"title": "困难", "colour": "blue"}).text
    assert browser("township_officer").get(page).status_code == 403
    with side.act():
        label = labels.every()[0]
        label_id = label.id
        rows = [service.get(i) for n, i in side.members.items() if n != "李例乙"]
        assert labels.mark(rows, [label], []) == 2
        with pytest.raises(Invalid) as full, fence.savepoint():
            others = [labels.add(f"第{n}个", "grey") for n in range(labels.MOST - len(labels.every()))]
            labels.drop(others[0])
            labels.add("最后一个", "grey")
            labels.restore(others[0])
        assert full.value.fields == {"title": ["too_many_labels"]}, "nor by way of the recycle bin"
        fence.commit()
    assert set(names(admin.get(lists(side) + f"?label={label_id}").text)) == {"王示甲", "欧阳演丙"}
    assert names(admin.get(lists(side) + "?label=").text) == ["李例乙"]
    assert admin.post(tool(side, "members/columns"), data={"column": ["labels"]}).status_code == 303
    assert '<span class="label blue">困难</span>' in admin.get(lists(side)).text
    assert admin.post(f"{page}/{label_id}", data={"title": "困难党员", "colour": "teal"}).status_code == 303
    assert admin.post(f"{page}/{label_id}/delete").status_code == 303
    assert len(names(admin.get(lists(side) + "?label=").text)) == 3, "a deleted label is on nobody"
    assert admin.post(f"{page}/{label_id}/restore").status_code == 303
    assert "困难党员" in admin.get(lists(side)).text
    # More rows of another list than one address can ask for, ticked on one page: all of them, and all of them back.
    town = f"/{side.code}/organisations/{side.orgs['天堂镇']}/new"
    for n in range(51):
        assert admin.post(town, data={"kind": "branch", "name": f"示例第{n}村支部"}).status_code == 303
    rows = re.findall(r'name="id" value="([^"]+)"', admin.get(f"/{side.code}/organisations").text)
    many = {"id": rows, "query": "", "label": [f"on:{label_id}"], "act": "apply"}
    shown = admin.post(tool(side, "organisations/labels"), data=many | {"act": "preview"}).text
    many["seen"] = re.search(r'name="seen" value="(\w+)"', shown)[1]
    other = admin.post(tool(side, "organisations/labels"), data=many | {"id": rows[:3]})
    assert other.status_code == 200 and "与刚才看到的不同" in other.text, "what is applied is what was previewed"
    few = admin.post(tool(side, "organisations/labels"), data=many | {"id": rows[:3], "act": "preview"}).text
    as_many = {"id": rows[1:4], "seen": re.search(r'name="seen" value="(\w+)"', few)[1]}
    other = admin.post(tool(side, "organisations/labels"), data=many | as_many)
    assert other.status_code == 200 and "与刚才看到的不同" in other.text, "as many, and others"
    assert len(rows) > 51 and admin.post(tool(side, "organisations/labels"), data=many).status_code == 303
    assert "organisation" not in admin.get(f"/{side.code}/organisations?label=").text.partition("<tbody")[2]
    assert admin.post(tool(side, "organisations/labels"), data=many | {"id": [""]}).status_code == 422


def test_other_lists_are_declared_the_same_way(browser, side):
    """Activities and handovers: columns, filters, export and copy without a line of their own."""
    admin = browser()
    plan = {"kind": "theme_day", "title": "=学党章", "org_id": str(side.orgs["示例村支部"]), "held_on": "2026-11-01",
            "place": "村部", "responsible": "王示甲", "minutes": "120"}  # fmt: skip
    assert admin.post(f"/{side.code}/activities/new", data=plan).status_code == 303
    assert (
        admin.post(
            tool(side, "activities/columns"),
            data={"column": ["title", "place"], "place-title": "2", "place-place": "1"},
        ).status_code
        == 303
    )
    shown = admin.get(f"/{side.code}/activities/").text
    assert [re.sub(r"<[^>]+>", "", h) for h in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", shown)] == [
        "",  # the tick
        "日期",
        "地点",
        "主题",
    ]
    _, _, rows = made(admin, admin.post(tool(side, "activities/export"), data={"numbers": "masked", "reason": ""}))
    assert rows == [["日期", "地点", "主题"], ["2026-11-01", "村部", "'=学党章"]]
    assert (
        admin.post(
            tool(side, "activities/filters/new?state=held"), data={"title": "办过的", "is_default": "1"}
        ).status_code
        == 303
    )
    assert admin.get(f"/{side.code}/activities/").location.endswith("?state=held")
    assert "还没有" not in admin.get(f"/{side.code}/activities/?all=1").text
    text = admin.get(tool(side, "handovers/copy?tab=open")).text
    assert "姓名\t方向\t状态" in text
    assert "结果" in admin.get(tool(side, "handovers_ended/columns?tab=out")).text
    assert browser("away_secretary").get(tool(side, "handovers/copy")).status_code == 404, (
        "whoever reads no handovers copies none"
    )


def test_a_task_says_how_long_it_may_take_and_is_cancelled(browser, side):
    """An export on its way: what is done, what is left, and that nobody wants it any more."""
    admin = browser()
    task = admin.post(tool(side, "members/export"), data={"numbers": "masked", "reason": ""}).location
    task_id = UUID(task.rpartition("/")[2])
    with side.act():
        assert tasks.run(task_id) is not None
    with clock.at(clock.now() + timedelta(seconds=60)):
        tasks_said(side, task_id)
        shown = admin.get(task).text
        assert "1 / 3 人" in shown and re.search(r"约剩 \d+ 分钟", shown)
        with side.act():
            tasks.leave(task_id, {})
            fence.commit()
        assert re.search(r"约剩 \d+ 分钟", admin.get(task).text), "it waits its turn, and is not about to end"
        assert admin.post(task + "/cancel").status_code == 303
    run_all()
    assert "已取消" in admin.get(task).text
    with side.act():
        assert world.count(Export, Export.wrapped.is_not(None)) == 0


def test_a_task_that_breaks_down_says_so_and_is_tried_again(browser, side, monkeypatch):
    """What nobody foresaw ends the task for the person who waits; a server that was away leaves it open, to be found again."""
    admin = browser()
    task = admin.post(tool(side, "members/export"), data={"numbers": "masked", "reason": ""}).location
    for error, said, state, waited in (
        (OperationalError("SELECT", {}, Exception("gone")), "取消", "running", timedelta()),
        (AttributeError("county"), "系统出了差错", "failed", tasks.LEASE),
    ):
        with monkeypatch.context() as broken, clock.at(clock.now() + waited):
            broken.setattr(exports, "workbook", raising(error))
            with pytest.raises(type(error)):
                jobs.run("export", side.tenant_id, task.rpartition("/")[2])
        with side.act():
            assert tasks.get(UUID(task.rpartition("/")[2])).state == state
        assert said in admin.get(task).text
    assert admin.post(task + "/retry").status_code == 303
    run_all()
    assert ".xlsx" in admin.get(task).text


def test_time_left_goes_by_the_work_and_not_by_the_queue(browser, side):
    """A while in the queue, then a quarter done in ten seconds; then let go, and taken again a while later."""
    client = browser()
    with side.act():
        id_ = tasks.start(Job.EXPORT, "导出 名册").id
        fence.commit()

    def shown(after, *, taken=False, done=None):
        with clock.at(begun + after), side.act():
            if taken:
                assert tasks.run(id_) is not None
            if done is not None:
                assert tasks.progress(id_, done, 400)
        with clock.at(begun + after):
            return re.findall(r"约剩 [^<，]+", client.get(f"/{side.code}/tasks/{id_}").text)

    begun, while_, ten = clock.now(), timedelta(minutes=20), timedelta(seconds=10)
    assert shown(while_, taken=True) == []
    assert shown(while_ + ten, done=100) == ["约剩 30 秒"]
    with clock.at(begun + while_ + 2 * ten), side.act():
        tasks.leave(id_, {})
        fence.commit()
    assert shown(2 * while_, taken=True, done=100) == [], "what another did says nothing of this one"
    assert shown(2 * while_ + ten, done=150) == ["约剩 50 秒"]


def raising(error):
    def instead(*_of):
        raise error

    return instead


def tasks_said(side, task_id):
    with side.act():
        assert tasks.progress(task_id, 1, 3)
