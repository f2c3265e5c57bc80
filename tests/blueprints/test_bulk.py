"""Changing in place and in bulk: preview, failures by row, conflicts, the way back; pasted questions; drafts."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_workbench import NUMBERS, events_of, lists, names, tool
from tests.workers import run_all
from web.blueprints.members import cells
from web.core import clock, events, fence
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Role
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.labels import service as labels
from web.tenants.members import service
from web.tenants.members.models import Member
from web.tenants.register import bulk
from web.tenants.register import service as register
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import LISTINGS
from web.tenants.workbench.models import Draft


@pytest.fixture
def side(pair):
    """岳西: thirty with dues to one month, one of them locked by a handover, and three known by name."""
    with pair.home.act():
        one, two = pair.home.orgs["示例村支部"], pair.home.orgs["试例村支部"]
        for n, name in enumerate(["王示甲", "李例乙", "欧阳演丙"]):
            service.enroll(
                two if n == 2 else one, name=name, gender="1", member_kind="1", id_number=NUMBERS[n], phone=f"1540000012{n}",
                dues_until="2026-06",
            )  # fmt: skip
        service.freeze(service.enroll(one, name="周试锁", gender="1", member_kind="1"), uuid7())
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


def member(side, name):
    return service.get(side.members[name])


def column(side, field):
    with side.act():
        return {m.name: getattr(m, field) for m in db.session.scalars(db.select(Member))}


def test_a_bulk_edit_previews_says_who_was_refused_and_is_undone(browser, side, monkeypatch):
    admin, secretary = browser(), browser("branch_secretary")
    with side.act():
        label = labels.add("困难", "blue")
        label_id = label.id
        fence.commit()
    page = f"/{side.code}/members/bulk"
    all_ = {"roll": "members", "all_matching": "1", "query": "gender=1"}
    form = admin.post(page, data=all_).text
    assert "成批修改 4 人" in form and form.count('<option value="keep">不修改</option>') >= 7
    with monkeypatch.context() as small:
        small.setattr(register, "MOST_SELECTED", 3)
        cut = admin.post(page, data=all_)
        assert cut.status_code == 422 and "一次最多选 3 条" in cut.text, "all that match, or none of them"
    assert "每一项都是" in admin.post(page, data={**all_, "act": "preview"}).text
    wrong = admin.post(page, data={**all_, "act": "preview", "how-dues_until": "set", "dues_until": "六月"})
    assert wrong.status_code == 422 and "请写成 年-月" in wrong.text
    asked = {**all_, "how-dues_until": "set", "dues_until": "2026-10", "how-post": "clear", "label": f"on:{label_id}"}
    shown = admin.post(page, data={**asked, "act": "preview"}).text
    assert "将修改 3 人的 2 个字段" in shown and "周试锁：" in shown and "记录已锁定" in shown
    assert column(side, "dues_until")["王示甲"] == "2026-06", "a preview writes nothing"
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    other = admin.post(page, data={**asked, "dues_until": "2026-11", "seen": seen, "act": "apply"})
    assert other.status_code == 200 and "与刚才看到的不同" in other.text and seen not in other.text
    task = admin.post(page, data={**asked, "seen": seen, "act": "apply"}).location
    run_all()
    result = re.search(r'href="([^"]+/members/bulk/[^"]+)"', admin.get(task).text)[1]
    told = admin.get(result).text
    assert "已改 3 人" in told and "周试锁" in told and "记录已锁定" in told
    assert secretary.get(result).status_code == 404
    assert set(column(side, "dues_until").values()) == {"2026-10", ""}
    assert len(names(admin.get(lists(side) + f"?label={label_id}").text)) == 3
    # Somebody changes one of them; the way back leaves that one alone.
    with side.act(), events.by(events.SYSTEM):
        service.amend(service.get(side.members["李例乙"], lock=True), {"post": "教师"})
        fence.commit()
    undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', told)[1]
    assert secretary.post(undo).status_code == 404
    assert admin.post(undo).status_code == 303
    assert column(side, "dues_until") == {"王示甲": "2026-06", "李例乙": "2026-10", "欧阳演丙": "2026-06", "周试锁": ""}
    assert names(admin.get(lists(side) + f"?label={label_id}").text) == [], "labels come off whoever was changed since"
    assert admin.post(undo).status_code == 404, "once"
    # A branch and a field of one person are two entries of the log, and one way back.
    both = {"roll": "members", "id": str(side.members["王示甲"]), "how-post": "set", "post": "教师"}
    task = admin.post(page, data={**both, "branch_id": str(side.orgs["试例村支部"]), "act": "apply"}).location
    run_all()
    told = admin.get(re.search(r'href="([^"]+/members/bulk/[^"]+)"', admin.get(task).text)[1]).text
    assert column(side, "post")["王示甲"] == "教师"
    admin.post(re.search(r'action="([^"]+/workbench/undo/[^"]+)"', told)[1])
    assert column(side, "post")["王示甲"] == "" and column(side, "branch_id")["王示甲"] == side.orgs["示例村支部"]
    # Her selection is her branch, whatever ids she sends.
    hers = secretary.post(page, data={"roll": "members", "id": [str(i) for i in side.members.values()]}).text
    assert "成批修改 3 人" in hers
    assert secretary.post(page, data={"roll": "members", "id": [str(side.members["欧阳演丙"])]}).status_code == 422


def test_a_cell_is_changed_in_place_and_a_conflict_shows_both_values(browser, side):
    admin, officer = browser(), browser("township_officer")
    shown = admin.get(lists(side)).text
    link = re.search(r'href="([^"]+/cell/dues_until[^"]*)"', shown)[1].replace("&amp;", "&")
    assert 'data-cell="党费缴至"' in shown and str(side.members["周试锁"]) + "/cell" not in shown, (
        "what is locked is no link"
    )
    page = f"/{side.code}/members/{side.members['王示甲']}/cell/dues_until"
    form, old = admin.get(link.split("?")[0] + "?next=" + lists(side) + "?sort=birth").text, officer.get(page).text
    version = re.search(r'name="version" value="([^"]+)"', old)[1]
    assert f'name="next" value="{lists(side)}?sort=birth"' in form
    back = admin.post(page, data={"value": "2026-09", "version": version, "next": lists(side) + "?sort=birth"})
    assert back.status_code == 303 and back.location == lists(side) + "?sort=birth"
    assert "撤销" in admin.get(back.location).text
    clash = officer.post(page, data={"value": "2026-08", "version": version, "next": ""})
    assert clash.status_code == 412 and "<ins>2026-08</ins>" in clash.text and "<ins>2026-09</ins>" in clash.text
    told = officer.post(page, data={"value": "2026-08", "version": version, "next": ""}, headers={"X-Cell": "1"})
    assert told.status_code == 412 and (told.json["ours"], told.json["theirs"]) == ("2026-08", "2026-09")
    assert told.json["who"] == "county_admin甲"
    mine = {"value": "2026-08", "version": told.json["version"], "next": ""}
    kept = officer.post(page, data=mine, headers={"X-Cell": "1"})
    assert kept.json["words"] == "2026-08" and column(side, "dues_until")["王示甲"] == "2026-08"
    undo = re.search(r'action="([^"]+)"', kept.json["toast"])[1]
    bad = officer.post(
        page, data={"value": "明年", "version": kept.json["version"], "next": ""}, headers={"X-Cell": "1"}
    )
    assert bad.status_code == 422 and "年-月" in bad.json["error"]
    assert officer.post(undo).status_code == 303 and column(side, "dues_until")["王示甲"] == "2026-09"
    # Whoever has another place or role since puts nothing back that is not his to change any more.
    kept = officer.post(
        page,
        data={**mine, "version": re.search(r'name="version" value="([^"]+)"', officer.get(page).text)[1]},
        headers={"X-Cell": "1"},
    )
    step = UUID(re.search(r'/undo/([^"/]+)"', kept.json["toast"])[1])
    for role, path in ((Role.BRANCH_SECRETARY, "9999."), (Role.AUDITOR, ""), (Role.TOWNSHIP_OFFICER, "0001.")):
        with side.act(), events.by(events.Actor(side.accounts[Role.TOWNSHIP_OFFICER], "甲", role, None, path)):
            assert bulk.put_back(workbench.step(step)) == ((1, 0) if role is Role.TOWNSHIP_OFFICER else (0, 1)), role
            fence.commit()
    assert column(side, "dues_until")["王示甲"] == "2026-09"
    assert officer.get(page.replace("dues_until", "name")).status_code == 404
    assert browser("liaison").get(page).status_code == 403


def test_every_cell_of_the_register_is_changed_in_its_place_and_put_back(browser, side, proved):
    client = browser()
    wanted = {
        "education": ("11", "12"), "dues_until": ("2026-09", "2026-08"), "certificate_no": ("HD0001", "HD0002"),
        "post": ("教师", "医生"), "appraisal": ("合格", "优秀"),
    }  # fmt: skip
    assert set(wanted) == set(cells.CELLS)
    columns = [c.name for c in LISTINGS["members"].columns if c.edit in wanted]
    assert client.post(f"/{side.code}/workbench/members/columns", data={"column": columns}).status_code == 303
    shown = client.get(lists(side)).text
    for field, (value, other) in wanted.items():
        page, was = f"/{side.code}/members/{side.members['王示甲']}/cell/{field}", column(side, field)["王示甲"]
        assert f'href="{page}' in shown, field
        version = re.search(r'name="version" value="([^"]+)"', client.get(page).text)[1]
        told = client.post(page, data={"value": value, "version": version, "next": ""}, headers={"X-Cell": "1"})
        assert told.status_code == 200 and told.json["words"] and column(side, field)["王示甲"] == value, field
        stale = client.post(page, data={"value": other, "version": version, "next": ""}, headers={"X-Cell": "1"})
        assert stale.status_code == 412, field
        assert client.post(re.search(r'action="([^"]+)"', told.json["toast"])[1]).status_code == 303
        assert column(side, field)["王示甲"] == was, field
    proved("cells of the register changed in place", len(wanted))


def test_pasted_numbers_and_names_are_found_or_listed_and_only_that_they_were_asked_is_kept(browser, side):
    admin, secretary = browser(), browser("branch_secretary")
    page = f"/{side.code}/members/lookup"
    pasted = "\n".join([NUMBERS[0], "欧阳演丙", "15400000121", "李例已", NUMBERS[0][:-1] + "9", "", " 王示甲 "])
    assert admin.get(page).status_code == 200
    assert admin.post(page, data={"asked": " "}).status_code == 422
    assert "一次最多 5,000 条" in admin.post(page, data={"asked": "王示甲\n" * 5_001}).text
    found = admin.post(page, data={"asked": pasted}).text
    assert "找到 4 人" in found and "没有找到 2 条" in found and "4\t李例已" in found
    assert set(names(found)) == {"王示甲", "欧阳演丙", "李例乙"}
    assert NUMBERS[0] not in re.sub(r"<textarea.*?</textarea>", "", found, flags=re.DOTALL), (
        "numbers are masked in the answer"
    )
    hers = secretary.post(page, data={"asked": pasted}).text
    assert "找到 3 人" in hers and "欧阳演丙" not in names(hers)
    told = events_of(side, "list.lookup")[0]
    assert told.details == {"asked": 6, "found": 4}


def test_a_draft_is_kept_offered_filled_in_and_gone_with_the_form(browser, side):
    admin, other = browser(), browser("township_officer")
    page = f"/{side.code}/members/new"
    typed = {"draft_form": "members.new", "draft_back": page, "name": "孙示己", "post": "木匠", "csrf_token": "x"}
    assert "at" in admin.post(tool(side, "drafts"), data=typed, headers={"X-Draft": "1"}).json
    answer = admin.post(tool(side, "drafts"), data={**typed, "post": "瓦匠"})
    assert answer.status_code == 303 and answer.location == page + "?draft=1"
    with side.act():
        row = db.session.scalars(db.select(Draft)).one()
        assert "孙示己".encode() not in row.wrapped, "what was typed stands encrypted"
    offered = admin.get(page).text
    assert "没交的草稿" in offered and "孙示己" not in offered
    filled = admin.get(page + "?draft=1").text
    assert 'value="孙示己"' in filled and 'value="瓦匠"' in filled
    assert "没交的草稿" not in other.get(page).text
    given = {"branch_id": str(side.orgs["示例村支部"]), "name": "孙示己", "member_kind": "1", "gender": "1"}
    refused = admin.post(page, data={**given, "name": "1"})
    assert refused.status_code == 422 and "没交的草稿" in admin.get(page).text, "a refused form keeps its draft"
    assert admin.post(page, data=given).status_code == 303
    assert "没交的草稿" not in admin.get(page).text
    admin.post(tool(side, "drafts"), data=typed)
    assert admin.post(tool(side, "drafts/drop"), data=typed).location == page
    assert "没交的草稿" not in admin.get(page).text
    for name, form, field in [
        ("activities/new", "activities.new", "title"), ("agreements/new", "agreements.new", "title"),
        ("transfers/receive", "transfers.receive_letter", "from_address"),
    ]:  # fmt: skip
        page, kept = f"/{side.code}/{name}", {"draft_form": form, field: "示例研讨"}
        assert 'name="draft_form"' in admin.get(page).text
        answer = admin.post(tool(side, "drafts"), data=kept | {"draft_back": page})
        assert 'value="示例研讨"' in admin.get(answer.location).text, name


def test_a_word_about_contact_has_a_way_back(browser, side):
    admin = browser()
    with side.act():
        flows.depart(member(side, "王示甲"), left_on=date(2026, 3, 1), flow_reason="10")
        fence.commit()
    at = f"/{side.code}/members/{side.members['王示甲']}"
    done = admin.post(at + "/flow/miss", data={"reason": "电话停机"})
    toast = admin.get(done.location).text
    undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', toast)[1]
    # Pressed on a page that only a form's answer is: it cannot be opened again.
    back = admin.post(undo, headers={"Referer": f"http://localhost/{side.code}/members/bulk"})
    assert (back.status_code, back.location) == (303, f"/{side.code}/")
    with side.act():
        assert flows.current(side.members["王示甲"]).state == "registered"
    admin.post(at + "/flow/miss", data={"reason": "电话停机"})
    admin.get(at)
    lost = admin.post(at + "/flow/declare_lost", data={"reason": "查找无果"})
    assert "workbench/undo" not in admin.get(lost.location).text, "losing contact is a decision, not a slip"


def test_a_departure_and_its_end_have_a_way_back_while_nothing_came_of_them(browser, side, pair):
    admin, at = browser(), f"/{side.code}/members/{side.members['王示甲']}"
    left = {"left_on": "2026-03-01", "flow_reason": "10", "host_text": ""}
    over = {"ended_as": "returned", "ended_on": clock.today().isoformat(), "reason": ""}

    def undo_of(page, **form):
        found = re.search(
            r'action="([^"]+/workbench/undo/[^"]+)"', admin.get(admin.post(page, data=form).location).text
        )
        return found and found[1]

    def flow():
        with side.act():
            return flows.episodes(side.members["王示甲"])[0]

    # Registered by mistake: it stands as a wrong entry.
    assert admin.post(undo_of(at + "/depart", **left)).status_code == 303
    assert (flow().state, flow().ended_as) == ("ended", "wrong_entry")
    # Told or agreed meanwhile, or changed since: nothing is put back.
    undo = undo_of(at + "/depart", **left)
    with side.act():
        given = consents.give(member(side, "王示甲"), pair.host.uid, ["S2"], method=Method.PAPER)
        fence.commit()
    assert "没有动" in admin.get(admin.post(undo).location).text and flow().state == "registered"
    assert given and undo_of(at + "/flow/end", **over) is None, "what he was told ended with it"
    undo = undo_of(at + "/depart", **left)
    with side.act():
        flows.note_contact(flows.current(side.members["王示甲"]))
        fence.commit()
    admin.post(undo)
    assert flow().state == "registered"
    # Ended by mistake: he is away as before, with the same day.
    assert admin.post(undo_of(at + "/flow/end", **over)).status_code == 303
    assert (flow().state, flow().ended_on, flow().ended_as) == ("registered", None, None)
    assert "撤回结束，仍在外流动" in admin.get(at).text
    undo = undo_of(at + "/flow/end", **over)
    assert undo_of(at + "/depart", **left)
    admin.post(undo)
    with side.act():
        assert [f.state for f in flows.episodes(side.members["王示甲"])][:2] == ["registered", "ended"], (
            "never two at once"
        )
    # Whom no open flow may be of any more is left alone.
    undo = undo_of(at + "/flow/end", **over)
    with side.act():
        service.freeze(member(side, "王示甲"), uuid7())
        fence.commit()
    admin.post(undo)
    assert flow().state == "ended"


def test_a_way_back_a_task_and_a_file_end_with_the_part_of_the_tree_they_were_begun_in(browser, side):
    admin, secretary, officer = browser(), browser("branch_secretary"), browser("township_officer")
    page, wang = f"/{side.code}/members/bulk", side.members["王示甲"]
    with side.act():
        label_id = labels.add("困难", "blue").id
        fence.commit()

    def done(client, **asked):
        task = client.post(page, data={"roll": "members", "id": str(wang), "act": "apply", **asked}).location
        run_all()
        result = re.search(r'href="([^"]+/members/bulk/[^"]+)"', client.get(task).text)[1]
        return task, result, re.search(r'action="([^"]+/workbench/undo/[^"]+)"', client.get(result).text)[1]

    *_, undo = done(secretary, label=f"on:{label_id}")
    with side.act():
        service.assign_branch(service.get(wang, lock=True), side.orgs["试例村支部"])
        fence.commit()
    assert secretary.post(undo).status_code == 303
    assert names(admin.get(lists(side) + f"?label={label_id}").text) == ["王示甲"], "he is in another branch now"
    task, result, undo = done(officer, **{"how-post": "set", "post": "教师"})
    export = officer.post(tool(side, "members/export"), data={"numbers": "masked", "reason": ""}).location
    run_all()
    file = re.search(r'href="([^"]+\.xlsx)"', officer.get(export).text)[1]
    assert officer.get(file).status_code == 200
    with side.act():
        account = accounts.get(side.accounts[Role.TOWNSHIP_OFFICER])
        accounts.appoint(account, Role.BRANCH_SECRETARY, side.orgs["示例村支部"])
        fence.commit()
    assert officer.get(result).status_code == 303, "the appointment signed the browser out"
    again = browser("township_officer")  # under the same name, in another role
    assert [again.get(address).status_code for address in (task, export, result, file)] == [404] * 4
    assert again.post(undo).status_code == again.post(f"{task}/retry").status_code == 404
    assert column(side, "post")["王示甲"] == "教师" and task not in again.get(f"/{side.code}/tasks/").text
    assert admin.get(task).status_code == 200, "the clerk sees everybody's"


def test_a_form_sent_after_the_session_ended_waits_behind_the_sign_in(fresh, side, browser):
    admin = browser()
    page = f"/{side.code}/members/new"
    given = {"branch_id": str(side.orgs["示例村支部"]), "name": "孙示己", "member_kind": "1", "gender": "1"}
    origin = {"Origin": "http://localhost"}
    with clock.at(clock.now() + timedelta(hours=2)):
        waits = admin.post(page, data=given, headers=origin)
        assert waits.status_code == 401 and "您填的内容还在" in waits.text and "孙示己" not in waits.text
        kept = re.search(r'name="kept" value="([^"]+)"', waits.text)[1]
        signing = {"username": "county_admin", "next": "", "kept": kept}
        wrong = admin.post(f"/{side.code}/sign-in", data={**signing, "password": "no"})
        assert kept in wrong.text, "a wrong password loses nothing"
        resumed = admin.post(f"/{side.code}/sign-in", data={**signing, "password": world.PASSWORD})
        assert resumed.status_code == 200 and f'action="{page}"' in resumed.text and 'value="孙示己"' in resumed.text
        assert admin.post(page, data=given).status_code == 303
        # From another site nothing waits, and what is not ours is not read; nor what another typed in this browser.
        stranger = fresh.test_client()
        other = {**signing, "username": "township_officer", "password": world.PASSWORD}
        assert stranger.post(f"/{side.code}/sign-in", data=other).status_code == 303
        stranger.post(f"/{side.code}/sign-out")
        assert stranger.post(page, data=given, headers=origin).status_code == 303, "nobody it could wait for"
        assert stranger.post(page, data=given, headers={"Origin": "http://elsewhere.example"}).status_code == 303
        forged = stranger.post(
            f"/{side.code}/sign-in", data={**signing, "kept": kept[:-8] + "AAAAAAA=", "password": world.PASSWORD}
        )
        assert forged.status_code == 303
    assert "孙示己" in column(side, "name")
