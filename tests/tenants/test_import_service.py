"""Imports through the real jobs: dry run, all or nothing, only the good rows, errors back, again without doubles, undo."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import openpyxl
import pytest

from tests.blueprints.test_auth import sign_in
from tests.world import count
from web.blueprints.import_lists import RowLine
from web.core import clock, events, fence
from web.core.errors import Invalid, WrongState
from web.demo import people, register
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowEnd
from web.tenants.imports import service as imports
from web.tenants.imports.models import IMPORT, ImportRow, ImportState, Outcome
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.tasks import service as tasks

TODAY = date(2026, 11, 23)


def _grow_tree(side):
    root = organisations.root()
    towns = {o.name: o for o in organisations.tree() if o.kind is OrgKind.TOWNSHIP_COMMITTEE}
    for village in people.villages(side.code):
        town = towns.get(village.township) or organisations.found(root, OrgKind.TOWNSHIP_COMMITTEE, village.township)
        towns[village.township] = town
        organisations.found(town, OrgKind.BRANCH, village.branch)


def _as(side, role):
    account = db.session.get(Account, (side.tenant_id, side.accounts[role]))
    org = organisations.get(account.org_id)
    return events.by(events.Actor(account.id, account.name, account.role, account.org_id, org.path))


def _upload(side, work, content, role=Role.COUNTY_ADMIN):
    with side.act(), _as(side, role):
        batch, _ = imports.upload("名册.xlsx", content)
        batch_id = batch.id
        fence.commit()
    work()
    return batch_id


def _spoil(content, rows):
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    header = next(r for r in sheet.iter_rows() if any(c.value == "身份证号" for c in r))
    column = next(c.column for c in header if c.value == "身份证号")
    for row in rows:
        sheet.cell(row, column).value = 3.40122e17
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _less_said(content, whose):
    """The same register without the kinds of its members, and of every departure the month alone."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    header = next(r for r in sheet.iter_rows() if any(c.value == "身份证号" for c in r))
    at = {c.value: c.column for c in header}
    sheet.cell(header[0].row, at["党员类别"]).value = None
    for line, person in enumerate(whose, header[0].row + 1):
        if person.left:
            sheet.cell(line, at["流出时间"]).value = f"{person.left.year}.{person.left.month}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def side(pair):
    with pair.home.act():
        _grow_tree(pair.home)
        fence.commit()
    return pair.home


def test_a_register_comes_in_whole_and_again_changes_nothing(side, work):
    content = register.workbook(side.code, TODAY)
    batch_id = _upload(side, work, content)
    with side.act():
        batch = imports.get(batch_id)
        assert batch.state is ImportState.PREVIEWED and batch.counts["new"] == 260 and batch.counts["error"] == 0
        assert count(Member) == 0, "the dry run writes nothing"
        imports.begin(batch, only_good=False)
        fence.commit()
    work()
    with side.act():
        assert imports.get(batch_id).state is ImportState.APPLIED
        assert count(Member) == 260 and count(Flow) > 200
    again = _upload(side, work, content)
    with side.act():
        batch = imports.get(again)
        assert (batch.counts["new"], batch.counts["changed"], batch.counts["same"]) == (0, 0, 260)
        with pytest.raises(WrongState):
            imports.begin(batch, only_good=False)
        # Somebody here of whom the file says that he left is news; an episode that ended is not begun again by an old file.
        gone, home = db.session.scalars(db.select(Flow).order_by(Flow.id).limit(2)).all()
        left, returned = gone.member_id, home.member_id
        db.session.delete(gone)
        home.left_on = home.left_on.replace(day=20)
        flows.end(home, FlowEnd.RETURNED)
        # A file does not move anybody, and says so; of whom it knows the month alone the day stays.
        whose = people.people(side.code, TODAY)
        vague = {person.citizen_id for person in whose if not person.joined.day}
        others = db.session.scalars(db.select(Member).where(Member.id.not_in([left, returned])))
        told = next(member for member in others if member.id_number in vague)
        members.amend(told, {"joined_on": told.joined_on.replace(day=20)})
        told_id, here = told.id, organisations.get(told.branch_id)
        branches = db.select(PartyOrg).where(PartyOrg.kind == OrgKind.BRANCH, PartyOrg.id != here.id)
        other = db.session.scalars(branches.order_by(PartyOrg.id)).first()
        members.assign_branch(told, other.id)
        other_name = other.name
        # Nor does it change an episode that is open, and it says so too.
        open_ = db.select(Flow).where(Flow.member_id.not_in([left, returned, told_id]), Flow.work_unit != "")
        elsewhere = db.session.scalars(open_.order_by(Flow.id)).first()
        flows.amend(elsewhere, work_unit="示例新厂")
        elsewhere_id = elsewhere.member_id
        fence.commit()
    third = _upload(side, work, _less_said(content, whose))
    with side.act():
        assert "2" in set(db.session.scalars(db.select(Member.member_kind))), "there are probationary members"
        batch = imports.get(third, lock=True)
        # What a file does not say changes nothing: nobody becomes a full member by it.
        assert (batch.counts["new"], batch.counts["changed"], batch.counts["same"]) == (0, 1, 259)
        news = db.select(ImportRow).where(ImportRow.batch_id == third, ImportRow.outcome == Outcome.CHANGED)
        assert RowLine(db.session.scalars(news).one(), "").says == "将更新：流动登记"
        found = ImportRow(findings=[["姓名", "有人同名", False]], changes=["phone", "is_lost_contact"])
        assert RowLine(found, "").says == "有人同名\n将更新：联系电话、是否失联", (
            "both: what is doubted, and what is written"
        )
        moved = db.session.scalars(
            db.select(ImportRow).where(ImportRow.batch_id == third, ImportRow.member_id == told_id)
        ).one()
        column, text, is_error = moved.findings[-1]
        assert (column, moved.outcome, is_error) == ("所在党支部", Outcome.SAME, False)
        assert f"登记在{other_name}，导入不改变所在支部" in text and "申请转接" in text
        told_of = db.select(ImportRow).where(ImportRow.batch_id == third, ImportRow.member_id == elsewhere_id)
        row = db.session.scalars(told_of).one()
        assert row.outcome is Outcome.SAME and "“工作单位”" in row.findings[-1][1], row.findings
        assert "导入不改变流动登记" in row.findings[-1][1] and flows.current(elsewhere_id).work_unit == "示例新厂"
        with _as(side, Role.COUNTY_ADMIN):
            imports.begin(batch, only_good=False)
        fence.commit()
    work()
    with side.act():
        assert flows.current(left) is not None and flows.current(returned) is None
        # Who was told something since stays with what he was told; so does who left by another file.
        told = members.get(told_id)
        with _as(side, Role.COUNTY_ADMIN):
            consents.give(told, side.uid, ["S2"], method=Method.IN_PERSON)
        back, kept = imports.undo(imports.get(batch_id))
        assert (back, kept) == (258, 2) and len(consents.standing(told.id)) == 1
        fence.commit()


def test_one_bad_row_stops_all_or_is_given_back(side, work, fresh):
    content = register.workbook(side.code, TODAY)
    batch_id = _upload(side, work, _spoil(content, [10, 11]))
    with side.act():
        batch = imports.get(batch_id, lock=True)
        assert batch.counts["error"] == 2
        with pytest.raises(WrongState, match="import_has_errors"):
            imports.begin(batch, only_good=False)
        sheet = openpyxl.load_workbook(io.BytesIO(imports.errors_file(batch))).active
        assert sheet.max_row == 3 and "身份证号已失真" in str(sheet.cell(2, sheet.max_column).value)
        tasks.cancel(imports.begin(batch, only_good=True))
        fence.commit()
    work()
    with side.act():
        batch = imports.get(batch_id, lock=True)
        assert batch.state is ImportState.PREVIEWED and count(Member) == 0, "cancelled, it can be imported or given up"
        imports.begin(batch, only_good=True)
        unread, reading = imports.upload("名册.xlsx", content)
        tasks.cancel(reading)
        unread_id = unread.id
        fence.commit()
    work()
    with side.act():
        unread = imports.get(unread_id)
        assert unread.state is ImportState.REFUSED and unread.content is None and "已取消" in unread.refusal
        assert count(Member) == 258
        assert imports.get(batch_id).counts == {"new": 258, "changed": 0, "same": 0, "error": 2}
    browser = fresh.test_client()
    assert sign_in(browser, side).status_code == 303
    place = f"/{side.code}/imports"
    assert f"{place}/rows?batch={batch_id}&amp;outcome=error" in browser.get(f"{place}/{batch_id}?outcome=error").text
    page = browser.get(f"{place}/rows?batch={batch_id}&outcome=error").text
    assert page.count("身份证号已失真") == 2 and "共 2 行" in page
    assert browser.get(f"{place}/rows?batch={batch_id}&not_outcome=error").text.count("<tr data-row") == 50
    copied = browser.get(f"/{side.code}/workbench/import_rows/copy?batch={batch_id}&written=yes").text
    assert copied.count("新增") == 258 and "身份证号已失真" not in copied
    assert "****" in copied and not re.search(r"\b15\d{9}\b", copied), "a number is masked in what is said of it"
    for text in ("没有这句话", "true", '"身份证号"'):
        assert "没有符合条件的行" in browser.get(f"{place}/rows?q={text}").text, "what nobody reads is not found"
    assert "共 2 行" in browser.get(f"{place}/rows?q=身份证号已失真").text
    left, failed = _upload(side, work, _spoil(content, [10])), []
    with side.act():  # two whose work ended in an error nobody foresaw, and nobody tried it again
        for is_read in (False, True):
            batch, task = imports.upload("名册.xlsx", content)
            if is_read:
                IMPORT.apply(batch, "preview")
                batch.counts = {"new": 1}
                tasks.fail(task, "unforeseen")
                task = imports.begin(batch, only_good=True)
            tasks.fail(task, "unforeseen")
            failed.append(batch.id)
        fence.commit()
    for days, kept in ((6, (True, True)), (8, (False, True)), (31, (False, False))):
        with clock.at(clock.now() + timedelta(days=days)), side.act():
            imports.purge()
            assert tuple(imports.get(each).content is not None for each in (batch_id, left)) == kept, days
            assert [imports.get(each).content is not None for each in failed] == [kept[1]] * 2, days
            fence.commit()
    with clock.at(clock.now() + timedelta(days=31)):
        assert sign_in(browser, side).status_code == 303
        page = browser.get(f"{place}/{batch_id}").text
        assert "不能再整批撤销" in page and "下载有误的行" not in page and "身份证号已失真" in page
        gone = browser.get(f"{place}/{batch_id}/errors.xlsx")
        assert gone.status_code == 409 and "原文件已按期清除" in gone.text
        assert "已放弃" in browser.get(f"{place}/{left}").text and "已放弃" in browser.get(f"{place}/{failed[1]}").text
        assert "三十天没有核对成" in browser.get(f"{place}/{failed[0]}").text


def test_a_township_officer_imports_only_into_the_own_part_of_the_tree(side, work):
    batch_id = _upload(side, work, register.workbook(side.code, TODAY), Role.TOWNSHIP_OFFICER)
    with side.act():
        counts = imports.get(batch_id).counts
        assert counts["new"] == 15 and counts["error"] == 245
        # One of the fifteen is here already, in another township: the officer's file neither changes nor shows that record.
        mine = db.select(ImportRow).where(ImportRow.batch_id == batch_id, ImportRow.outcome == Outcome.NEW)
        number = db.session.scalars(mine.order_by(ImportRow.number)).first().number
        who = people.people(side.code, TODAY)[number - 4]
        town = organisations.get(db.session.get(Account, (side.tenant_id, side.accounts[Role.TOWNSHIP_OFFICER])).org_id)
        tree = organisations.tree()
        other = next(o for o in tree if o.kind is OrgKind.BRANCH and not o.path.startswith(town.path))
        gender = citizen_id.gender_of(who.citizen_id)
        theirs = members.enroll(
            other.id, name="王示甲", gender=gender, member_kind="1", id_number=who.citizen_id
        ).id  # fmt: skip
        fence.commit()
    batch_id = _upload(side, work, register.workbook(side.code, TODAY), Role.TOWNSHIP_OFFICER)
    with side.act():
        batch = imports.get(batch_id, lock=True)
        assert (batch.counts["new"], batch.counts["changed"], batch.counts["error"]) == (14, 0, 246)
        same = db.select(ImportRow).where(ImportRow.batch_id == batch_id, ImportRow.number == number)
        row = db.session.scalars(same).one()
        assert row.member_id is None and "范围以外" in row.findings[-1][1]
        with _as(side, Role.TOWNSHIP_OFFICER):
            imports.begin(batch, only_good=True)
        fence.commit()
    work()
    with side.act():
        assert (members.get(theirs).name, members.get(theirs).phone) == ("王示甲", None)


def test_a_file_that_is_no_register_is_refused_with_words(side, work):
    batch_id = _upload(side, work, b"PK\x03\x04 not really a workbook")
    with side.act():
        long, task = imports.upload("长" * 200 + ".xlsx", b"PK")
        assert len(long.filename) == len(task.title) == 160, "a file may have a long name"
        db.session.rollback()
    with side.act():
        batch = imports.get(batch_id)
        assert batch.state is ImportState.REFUSED and "另存为" in batch.refusal
        assert batch.content is None and count(Member) == 0


def test_a_heading_is_told_once_and_the_same_person_is_warned_of(side, work, proved):
    """干的啥活 is no name of ours: a person says what it is, and the next file knows. Two rows are people we may have."""
    book = openpyxl.load_workbook(io.BytesIO(register.workbook(side.code, TODAY)))
    sheet = book.active
    header = next(r for r in sheet.iter_rows() if any(c.value == "身份证号" for c in r))
    at = {c.value: c.column for c in header}
    sheet.cell(header[0].row, at["从事行业"]).value = "干的啥活"
    first = header[0].row + 1
    name, number = (sheet.cell(first, at[title]).value for title in ("姓名", "身份证号"))
    born = citizen_id.birth_on(str(number))
    out = io.BytesIO()
    book.save(out)
    with side.act():
        branch = next(o for o in organisations.tree() if o.kind is OrgKind.BRANCH)
        other = citizen_id.invent("990121", born, 77)
        members.enroll(branch.id, name=name, gender=citizen_id.gender_of(other), member_kind="1", id_number=other)
        fence.commit()
    batch_id = _upload(side, work, out.getvalue())
    with side.act():
        batch = imports.get(batch_id)
        assert batch.report["ignored"] == ["干的啥活"]
        assert sum(batch.counts.values()) == batch.report["rows"], "every row is in one of the sums"
        row = db.session.scalars(
            db.select(ImportRow).where(ImportRow.batch_id == batch_id, ImportRow.number == first)
        ).one()
        assert row.outcome == "new" and any(
            "可能是同一人" in text and not is_error for _c, text, is_error in row.findings
        )
        with pytest.raises(Invalid):
            imports.remember_headings(batch, {"干的啥活": "no_such_field"})
        with _as(side, Role.COUNTY_ADMIN):
            again, _ = imports.remember_headings(batch, {"干的啥活": "industry"})
        again_id = again.id
        fence.commit()
    work()
    with side.act():
        assert imports.get(batch_id).state is ImportState.DISCARDED
        assert imports.get(again_id).report["ignored"] == []
    third = _upload(side, work, out.getvalue())
    with side.act():
        assert imports.get(third).report["ignored"] == [], "the next file is understood at once"
        imports.forget_heading(imports.headings()[0].id)
        fence.commit()
    fourth = _upload(side, work, out.getvalue())
    with side.act():
        assert imports.get(fourth).report["ignored"] == ["干的啥活"]
    proved("headings a county taught", 1)
