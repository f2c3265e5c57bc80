"""Agreements in force on their pages: renewed, paused, left; what the calendar asks, meetings, the responsibility list."""

from __future__ import annotations

import re
from datetime import timedelta

from tests import world
from tests.blueprints.agreeing import done_in, fields_of, open_browsers  # noqa: F401 -- a fixture
from tests.blueprints.test_auth import in_county
from web.blueprints.agreements import views
from web.core import clock, fence, scopes
from web.extensions import db
from web.federation.agreements import registers, service
from web.federation.agreements.models import AgreementDuty, AgreementParty, AgreementState, DutyKind, VersionState
from web.federation.post import keys


def test_progress_pause_and_notice(agreed, work, browsers, monkeypatch):
    client, base = browsers(agreed.home)
    url = f"{base}/{agreed.ref.id}"
    refused = client.post(f"{url}/items/a1", data={"percent": "120", "note": ""})
    assert refused.status_code == 422 and "超出允许的范围" in refused.text
    assert client.post(f"{url}/items/a1", data={"percent": "45", "note": "已走访18户"}).status_code == 303
    assert "已走访18户" in client.get(url).text
    assert client.get(f"{url}/items/zz").status_code == 404
    assert client.post(f"{url}/pause", data={"scope": "S6"}).status_code == 303
    work()
    host, _ = browsers(agreed.host)
    assert "已暂停" in host.get(f"/{agreed.host.code}/agreements/{agreed.ref.id}").text
    assert client.post(f"{url}/pause", data={"scope": "S6"}).status_code == 409
    assert client.post(f"{url}/pause", data={"scope": "S6", "is_resumed": "1"}).status_code == 303
    early = client.post(f"{url}/leave", data={"on": clock.today().isoformat(), "reason": ""})
    assert early.status_code == 422 and "没有满协议约定的提前告知天数" in early.text
    day = clock.today() + timedelta(days=60)
    assert client.post(f"{url}/leave", data={"on": day.isoformat(), "reason": "任务完成"}).status_code == 303
    work()
    assert f"{day.isoformat()} 退出" in host.get(f"/{agreed.host.code}/agreements/{agreed.ref.id}").text
    with clock.at(clock.now() + timedelta(days=60)):
        for side in (agreed.home, agreed.host):
            done_in(side, service.run_timers)
        for side in (agreed.home, agreed.host):
            browser, address = browsers(side)
            other = agreed.host if side is agreed.home else agreed.home
            assert "确认办结" in browser.get(f"{address}/{agreed.ref.id}").text
            assert "办清未了事项后确认办结" in browser.get(f"/{side.code}/").text, "it is to be done"
            with monkeypatch.context() as open_:
                open_.setattr(registers, "AT_REST", [lambda *_: ["open_handovers", "unproved_purges"]])
                early = browser.post(f"{address}/{agreed.ref.id}/close/{other.uid}")
            assert early.status_code == 409 and "关系转接、状态共享（清除回执未到）" in early.text
            assert browser.post(f"{address}/{agreed.ref.id}/close/{other.uid}").status_code == 303
            if side is agreed.home:
                assert f"我方已确认办结，等{other.name}确认" in browser.get(f"{address}/{agreed.ref.id}").text
                assert "办清未了事项后确认办结" not in browser.get(f"/{side.code}/").text
            work()
        assert "现在没有共享" in browser.get(f"{address}/{agreed.ref.id}").text
    for side in (agreed.home, agreed.host):
        assert in_county(side, lambda: service.get(agreed.ref.id).state) is AgreementState.CLOSED


def test_an_item_says_how_many_working_days_it_is_late(agreed):
    with agreed.home.act():
        due = views.View(service.get(agreed.ref.id)).items[0]["due_on"]
        with clock.at(clock.now() + (due - clock.today()) + timedelta(days=21)):
            item = views.View(service.get(agreed.ref.id)).items[0]
    assert item["left"] < -10 and item["kind"] == "late", "three weeks are more than one day"


def test_a_grant_is_narrowed_by_what_it_carries_and_the_other_side_sees_it(agreed, work, browsers):
    hub, base = browsers(agreed.host)
    draft = hub.post(f"{base}/{agreed.ref.id}/amend").headers["Location"]
    sent = fields_of(hub.get(draft).text)
    assert sent["without"] == [], "all of it, until somebody leaves something out"
    way = f"{agreed.home.uid}:{agreed.host.uid}:S6"
    nothing = [f"{way}:{name}" for name in scopes.GRANTABLE["S6"].fields]
    refused = hub.post(draft, data=sent | {"without": nothing, "act": "propose"})
    assert refused.status_code == 422 and "至少要送一项内容" in refused.text
    assert f'value="{nothing[0]}" aria-label' in refused.text and "checked" in refused.text
    # What something cannot be done without has no box, and a form that leaves it out all the same is refused.
    boxes = set(re.findall(r'name="without" value="([^"]+)"', refused.text))
    assert set(nothing) <= boxes and not {it for it in boxes if it.split(":")[2] in ("S4", "S5")}
    for one in ("S2:name", "S2:report_in_code", "S4:member_kind", "S4:valid_days", "S5:presence", "S7:visit_trigger"):
        needed = f"{agreed.home.uid}:{agreed.host.uid}:{one}"
        refused = hub.post(draft, data=sent | {"without": [needed], "act": "save"})
        assert refused.status_code == 422 and "少了办事必需的内容" in refused.text and needed not in boxes
    assert hub.post(draft, data=sent | {"without": [f"{way}:dues_until"], "act": "save"}).status_code == 303
    sent = fields_of(hub.get(draft).text)
    assert sent["without"] == [f"{way}:dues_until"]
    assert hub.post(draft, data=sent | {"act": "propose"}).status_code == 303
    work()
    with agreed.home.act():
        text = service.current(service.get(agreed.ref.id)).text
    left = {(g["owner"], g["scope"]): "dues_until" not in g["fields"] for g in text["grants"] if g["scope"] == "S6"}
    assert left == {(str(agreed.home.uid), "S6"): True, (str(agreed.host.uid), "S6"): False}
    home, base = browsers(agreed.home)
    page = home.get(f"{base}/{agreed.ref.id}").text
    assert "不送党费缴至" in page
    assert re.search(r'<th scope="row">授权</th><td class="wrap broad-cell">[^\n]*<del>', page), "marked as a change"


def test_who_cannot_renew_is_told_who_does(agreed, browsers):
    for side in (agreed.home, agreed.host):
        with side.act():
            due = clock.today() + timedelta(days=60)
            row = AgreementDuty(agreement_id=agreed.ref.id, kind=DutyKind.RENEWAL, key="", due_on=due)
            row.is_missed, row.note, row.details = False, "", {}
            db.session.add(row)
            fence.commit()
        client, base = browsers(side)
        page = client.get(f"{base}/{agreed.ref.id}").text
        assert "不再续签的不用办" in page
        assert ("由余杭区提出，我方同意、印签" in page) == (side is agreed.home)
        waits = client.get(f"/{side.code}/?queue=agreement_duties").text
        act, place = ("查看", "duties") if side is agreed.home else ("续签", "ends")
        assert re.search(rf'href="[^"]*{agreed.ref.id}#{place}"[^>]*>{act}<', waits)
        other = agreed.host if side is agreed.home else agreed.home
        of_partner = client.get(f"/{side.code}/peers/{other.uid}").text
        assert f"{agreed.ref.id}#{place}" in of_partner and (f"{agreed.ref.id}#ends" in of_partner) == (place == "ends")


def test_among_three_each_page_says_its_own_turn_and_who_left_is_closed_by_both_others(three, work, browsers):
    id_, host, home, third = three
    other = world.propose(host, [home, third])
    for side in (home, third):
        done_in(side, lambda: service.accept(other))
        work()
    for side in (home, third):
        browser, base = browsers(side)
        page = browser.get(f"{base}/{other}").text
        assert "轮到本部领导批准印签" in page
        here = re.search(r'<li class="now" aria-current="step">.*?<b>([^<]+)', page, re.DOTALL)
        assert here and here[1] == f"{side.name}印签", "seals come in any order: ours is to be done"
    day = clock.today() + timedelta(days=60)
    done_in(home, lambda: service.leave(id_, day, "任务完成"))
    work()
    browser, base = browsers(home)
    page = browser.get(f"{base}/{id_}").text
    assert f'<div class="turn"><div><strong>岳西县 {day} 退出' in page, "until the day there is nothing to do"
    words = "岳西县已退出，办清与它的未了事项后确认办结"
    with clock.at(clock.now() + timedelta(days=60)):
        for side in (home, host, third):
            done_in(side, service.run_timers)
        for side in (host, third):
            browser, base = browsers(side)
            page = browser.get(f"{base}/{id_}").text
            assert words in page and 'href="#ends"' in page and "已停止" in page.partition('id="grants"')[2]
            assert words in browser.get(f"/{side.code}/").text, "it is to be done"
            assert browser.post(f"{base}/{id_}/close/{home.uid}").status_code == 303
            assert "协议生效中，各方已印签" in browser.get(f"{base}/{id_}").text
            assert words not in browser.get(f"/{side.code}/").text
            work()
        browser, base = browsers(home)
        for side in (host, third):
            assert browser.post(f"{base}/{id_}/close/{side.uid}").status_code == 303
        page = browser.get(f"{base}/{id_}").text
        assert "协议已经办结" in page and "生效中" not in page.partition('id="versions"')[2]
        assert "登记进展" not in page, "nobody is told any more"


def test_the_hub_begins_the_next_version_and_a_follower_cannot(agreed, work, browsers):
    client, base = browsers(agreed.home)
    assert client.post(f"{base}/{agreed.ref.id}/amend").status_code == 409
    host, base = browsers(agreed.host)
    made = host.post(f"{base}/{agreed.ref.id}/amend")
    assert made.status_code == 303
    sent = fields_of(host.get(made.headers["Location"]).text)
    assert len(sent["grants"]) == len(f"{world.HOME_GIVES} {world.HOST_GIVES}".split())
    assert sent["item_1_goal"] == "走访留守家属40户"
    # What the draft drops is still to be done and reported, what it adds is not yet: also in the record of a meeting.
    changed = {"item_2_key": "i4", "item_2_goal": "新添的事项一件"}
    assert host.post(made.headers["Location"], data=sent | changed).status_code == 303
    url = f"{base}/{agreed.ref.id}"
    page = host.get(url).text
    assert "新添的事项一件" in page and f"{url}/items/i4" not in page
    assert host.get(f"{url}/items/i4").status_code == 404
    assert host.post(f"{url}/items/a2", data={"percent": "20", "note": ""}).status_code == 303
    meeting = host.get(f"{url}/meetings/new").text
    assert "劳务对接清单一份" in meeting and "新添的事项一件" not in meeting
    # A row written next to those that are there never takes the key of one of them.
    row = {
        "category": "talent",
        "goal": "联合办班一期",
        "measure": "秋季",
        "owner": "all",
        "due": clock.today().isoformat(),
    }
    more = {f"item_4_{name}": value for name, value in row.items()} | {"act": "propose"}
    sent = fields_of(host.get(made.headers["Location"]).text)
    assert host.post(made.headers["Location"], data=sent | more).status_code == 303
    dropped = host.post(f"{base}/{agreed.ref.id}/withdraw", data={"reason": ""})
    assert dropped.status_code == 303
    state = in_county(agreed.host, lambda: service.current(service.get(agreed.ref.id)).state)
    assert state is VersionState.EFFECTIVE


def test_renewed_by_the_hub_refused_to_the_other_compared_side_by_side_and_a_party_added(agreed, browsers):
    client, base = browsers(agreed.host)
    other, theirs = browsers(agreed.home)
    page = client.get(f"{base}/{agreed.ref.id}").text
    assert "续签" in page and "续签" not in other.get(f"{theirs}/{agreed.ref.id}").text
    refused = other.post(f"{theirs}/{agreed.ref.id}/renew", data={"effective_to": "2030-01-01"})
    assert refused.status_code == 409 and "只有牵头方能提出修改" in refused.text
    assert "还没有可以比对的两份文本" in client.get(f"{base}/{agreed.ref.id}/compare").text
    renew = f"{base}/{agreed.ref.id}/renew"
    early = client.post(renew, data={"effective_to": clock.today().isoformat()})
    assert early.status_code == 422 and "不能早于生效日期" in early.text
    done = client.post(renew, data={"effective_to": (clock.today() + timedelta(days=1400)).isoformat()})
    assert done.status_code == 303 and done.headers["Location"].endswith("/draft")
    draft = client.get(done.headers["Location"]).text
    assert "条款和授权已照第 1 版抄好" in draft and "常用写法" not in draft
    assert client.get(f"{base}/{agreed.ref.id}/add-party").status_code == 200
    nobody = client.post(f"{base}/{agreed.ref.id}/add-party", data={"party": str(agreed.home.uid)})
    assert nobody.status_code == 422 and "还不是确认过的伙伴县" in nobody.text
    world.third(agreed)
    third = str(in_county(agreed.host, lambda: next(p.uid for p in keys.partners() if p.code == world.THIRD[0])))
    assert client.post(f"{base}/{agreed.ref.id}/add-party", data={"party": third}).status_code == 303
    compared = client.get(f"{base}/{agreed.ref.id}/compare").text
    assert f"<ins>{world.THIRD[2]}</ins>" in compared
    assert compared.count("<h3>授权</h3>") == 1, "what differs of one kind stands under one heading"
    old, new = (clock.today() + timedelta(days=days) for days in (730, 1400))
    assert f"<del>{old.isoformat()[:4]}" in compared or f"<ins>{new.isoformat()[:4]}" in compared
    assert "第 16 条" in compared and "第 15 条" not in compared
    assert "第 15 条" in client.get(f"{base}/{agreed.ref.id}/compare?all=1").text
    assert client.get(f"{base}/{agreed.ref.id}/compare?a=v9r1").status_code == 404


def test_leaving_names_the_first_day_allowed(agreed, browsers):
    client, base = browsers(agreed.home)
    page = client.get(f"{base}/{agreed.ref.id}/leave").text
    assert "协议约定提前 60 天告知" in page and "由谁接着牵头" not in page
    early = client.post(f"{base}/{agreed.ref.id}/leave", data={"on": clock.today().isoformat(), "reason": ""})
    assert early.status_code == 422 and "提前告知天数" in early.text
    on = (clock.today() + timedelta(days=60)).isoformat()
    assert client.post(f"{base}/{agreed.ref.id}/leave", data={"on": on, "reason": ""}).status_code == 303
    assert f"岳西县 {on} 退出" in client.get(f"{base}/{agreed.ref.id}").text


def test_a_hub_that_leaves_three_says_on_the_page_who_goes_on(three, work, browsers):
    id_, hub, home, third = three
    client, base = browsers(hub)
    url = f"{base}/{id_}/leave"
    page = client.get(url).text
    assert "由谁接着牵头" in page
    assert set(re.findall(r'name="successor" value="([^"]+)"', page)) == {str(home.uid), str(third.uid)}
    said = {"on": (clock.today() + timedelta(days=60)).isoformat(), "reason": "机构调整"}
    for nobody in ("", str(hub.uid)):
        refused = client.post(url, data=said | {"successor": nobody})
        assert refused.status_code == 422 and "请选一项" in refused.text and "机构调整" in refused.text
    other, theirs = browsers(home)
    assert other.get(f"{theirs}/{id_}/leave").text.count("由谁接着牵头") == 0, "who does not lead hands on nothing"
    assert client.post(url, data=said | {"successor": str(home.uid)}).status_code == 303
    work()
    for side in (hub, home, third):
        browser, address = browsers(side)
        assert '岳西县<span class="hint">（牵头）</span>' in browser.get(address + "/").text
        amended = browser.post(f"{address}/{id_}/amend").status_code
        assert amended == (303 if side is home else 409), side.name


def test_what_the_calendar_asks_is_a_todo_until_it_is_recorded_and_progress_stands_beside_ours(agreed, work, browsers):
    client, base = browsers(agreed.home)
    id_ = agreed.ref.id
    assert client.get(f"{base}/{id_}/duties/participation").status_code == 404
    done_in(agreed.host, lambda: service.note_progress(id_, "a1", 35, "已走访14户"))
    work()
    page = client.get(f"{base}/{id_}").text
    assert "余杭区　35%　已走访14户" in page and "未登记" in page
    with clock.at(clock.now() + timedelta(days=25)):
        done_in(agreed.home, service.run_timers)
        client, base = browsers(agreed.home)
        home = f"/{agreed.home.code}/"
        assert "反馈参加组织生活情况" in client.get(home).text and "登记反馈" in client.get(home).text
        told = client.get(f"{home}notices").text
        assert "到期提醒：" in told and "系统到期" not in told, "nobody's word"
        assert "反馈参加组织生活情况" in client.get(f"{base}/{id_}").text
        leader, _ = browsers(agreed.home, "leader_readonly")
        assert leader.get(f"{base}/{id_}/duties/participation").status_code == 403
        tomorrow = (clock.today() + timedelta(days=1)).isoformat()
        refused = client.post(f"{base}/{id_}/duties/participation", data={"done_on": tomorrow, "note": "议定三件事"})
        assert refused.status_code == 422 and "不能晚于今天" in refused.text and "议定三件事" in refused.text
        said = {"done_on": clock.today().isoformat(), "note": "议定三件事"}
        assert client.post(f"{base}/{id_}/duties/participation", data=said).status_code == 303
        assert "登记反馈" not in client.get(home).text
        assert "议定三件事" in client.get(f"{base}/{id_}").text
        again = client.post(f"{base}/{id_}/duties/participation", data=said | {"note": "又一次"})
        assert again.status_code == 409 and "本期已经登记" in again.text and "又一次" not in again.text


def test_a_meeting_is_recorded_by_one_and_confirmed_by_the_other_on_their_pages(agreed, work, browsers):
    id_, day = agreed.ref.id, (clock.today() + timedelta(days=1)).isoformat()
    client, base = browsers(agreed.home)
    leader, _ = browsers(agreed.home, "leader_readonly")
    new = f"{base}/{id_}/meetings/new"
    assert leader.get(new).status_code == 403 and "登记会商" in client.get(f"{base}/{id_}").text
    said = {
        "held_on": day, "way": "there", "place": "余杭街道示例路1号", "present": "岳西组织科科长\r\n余杭组织科副科长",
        "point_a1": "春节已办，中秋在办", "conclusion": "下半年办培训两期", "next_on": "",
    }  # fmt: skip
    refused = client.post(new, data=said)
    assert refused.status_code == 422 and "不能晚于今天" in refused.text and "春节已办，中秋在办" in refused.text
    said["held_on"] = clock.today().isoformat()
    there = client.post(new, data=said)
    assert there.status_code == 303
    work()
    page = client.get(there.location).text
    assert (
        all(words in page for words in ("待确认", "在对方会面", "余杭组织科副科长", "春节已办，中秋在办"))
        and "确认记录属实" not in page
    )
    meeting = there.location.rpartition("/")[2]
    ours = f"{base}/{id_}/meetings/{meeting}"
    for left, waits in ((clock.today(), False), (None, True)):
        with agreed.home.act():
            party = db.select(AgreementParty).where(
                AgreementParty.agreement_id == id_, AgreementParty.uid == agreed.host.uid
            )
            db.session.scalars(party).one().ended_on = left
            fence.commit()
        assert ("　待确认" in client.get(ours).text) is waits, "who left is not waited for"
    assert client.post(f"{ours}/confirm").status_code == 404, "one's own word confirms nothing"
    other, their_base = browsers(agreed.host)
    theirs = f"{their_base}/{id_}/meetings/{meeting}"
    assert "会商记录待我方确认" in other.get(f"/{agreed.host.code}/").text
    assert "待我方确认" in other.get(f"{their_base}/{id_}").text
    again = other.get(f"{their_base}/{id_}/meetings/new").text
    assert "的会商，等我方确认" in again and theirs in again, "the same meeting is not recorded twice"
    assert "待我方确认" in other.get(theirs).text
    assert "在本县会面" in other.get(theirs).text and "确认记录属实" in other.get(theirs).text
    their_leader, _ = browsers(agreed.host, "leader_readonly")
    assert their_leader.post(f"{theirs}/confirm").status_code == 403
    assert "由县级经办核对" in their_leader.get(theirs).text
    assert other.post(f"{theirs}/dispute", data={"reason": " "}).status_code == 422
    assert other.post(f"{theirs}/confirm").status_code == 303
    work()
    for who, address in ((client, ours), (other, theirs)):
        assert "已确认" in who.get(address).text and "确认记录属实" not in who.get(address).text
    assert "会商记录待我方确认" not in other.get(f"/{agreed.host.code}/").text
    assert "下半年办培训两期" in client.get(f"{base}/{id_}").text


def test_the_responsibility_list_is_written_changed_annexed_and_checked_once_a_year(agreed, browsers):
    client, base = browsers(agreed.host)
    id_ = agreed.ref.id
    assert "佐证：谈话记录、活动证编号" in client.get(f"{base}/{id_}").text
    client.post(f"{base}/{id_}/amend")
    sent = fields_of(client.get(f"{base}/{id_}/draft").text)
    wrong = client.post(f"{base}/{id_}/draft", data=sent | {"home_2_owner": "", "act": "save"})
    assert wrong.status_code == 422 and "必填" in wrong.text
    sent |= {"home_2_evidence": "核对记录和签字表", "host_12_item": ""}
    assert client.post(f"{base}/{id_}/draft", data=sent | {"act": "save"}).status_code == 303
    compared = client.get(f"{base}/{id_}/compare").text
    assert "<ins>和签字表</ins>" in compared and "共 2 处不同" in compared
    assert client.get(f"{base}/{id_}/duties/check").status_code == 404
    with agreed.host.act():
        service.withdraw(id_)
        text = service.current(service.get(id_)).text
        due = clock.today() + timedelta(days=364)
        db.session.add(AgreementDuty(agreement_id=id_, kind=DutyKind.CHECK, due_on=due, is_missed=False, details={}))
        fence.commit()
    page = client.get(f"{base}/{id_}/duties/check").text
    assert page.count("<select") == 24
    # What was chosen before the window was closed is offered, and goes with the form.
    draft = re.search(r'name="draft_form" value="([^"]+)"', page)[1]
    half = {"draft_form": draft, "home4": "partly", "note": "待整改"}
    assert client.post(f"/{agreed.host.code}/workbench/drafts", data=half, headers={"X-Draft": "1"}).status_code == 200
    assert "没交的草稿" in client.get(f"{base}/{id_}/duties/check").text
    page = client.get(f"{base}/{id_}/duties/check?draft=1").text
    assert page.count(" selected") == 1 and '<option value="partly" selected' in page and "待整改" in page
    said = {row["key"]: "met" for row in text["responsibilities"]} | {"done_on": clock.today().isoformat(), "note": ""}
    refused = client.post(f"{base}/{id_}/duties/check", data=said | {"home4": ""})
    assert refused.status_code == 422 and "请选一项" in refused.text
    assert client.post(f"{base}/{id_}/duties/check", data=said | {"home4": "unmet"}).status_code == 303
    again = client.post(f"{base}/{id_}/duties/check", data=said)
    assert again.status_code == 409 and "本期已经检查" in again.text
    after = client.get(f"{base}/{id_}/duties/check").text
    assert "没有落实" in after and "1 项没有全部落实" in after and "本期已经检查" in after
    whole = client.get(f"{base}/responsibilities").text
    assert whole.count('<th scope="row"') == 24 and "共 24 项" in whole and text["responsibilities"][0]["item"] in whole
    unmet = client.get(f"{base}/responsibilities?found=unmet&side=home").text
    assert unmet.count('<th scope="row"') == 1 and "共 1 项" in unmet
    assert client.get(f"{base}/responsibilities?found=unmet&q=没有这件").text.count("没有符合条件的责任") == 1
    nothing = client.get(f"{base}/responsibilities?found=").text
    assert "没有符合条件的责任" in nothing
    # What is taken out of it is what is seen; a choice of agreement is offered by its title.
    copied = client.get(f"/{agreed.host.code}/workbench/responsibilities/copy?found=unmet").text
    row = next(row for row in text["responsibilities"] if row["key"] == "home4")
    assert row["item"] in copied and "没有落实" in copied and "已落实" not in copied.partition("<textarea")[2]
    assert f'<option value="agreement:{id_}">{text["title"]}</option>' in whole


def test_a_duty_keeps_its_own_check_and_place_when_one_in_the_middle_is_dropped(agreed, work, browsers):
    """Rows were told by their place: after a row went, last year's result stood beside its neighbour's duty."""
    (hub, base), (home, theirs), id_ = browsers(agreed.host), browsers(agreed.home), agreed.ref.id
    with agreed.host.act():
        rows = service.current(service.get(id_)).text["responsibilities"]
    host = [row["item"] for row in rows if row["side"] == "host"]
    unmet = next(row for row in rows if row["item"] == host[5])
    check = f"{base}/{id_}/duties/check"
    done_in(agreed.host, lambda: _falls_due(id_, 364))
    said = {row["key"]: "met" for row in rows} | {unmet["key"]: "unmet", "note": ""}
    assert hub.post(check, data=said | {"done_on": clock.today().isoformat()}).status_code == 303
    draft = hub.post(f"{base}/{id_}/amend").headers["Location"]
    sent = fields_of(hub.get(draft).text)
    assert hub.post(draft, data=sent | {"host_3_item": "", "act": "save"}).status_code == 303
    sent = fields_of(hub.get(draft).text)
    assert (sent["host_3_item"], sent["host_12_item"]) == (host[3], ""), "the rows move up"
    assert hub.post(draft, data=sent | {"act": "propose"}).status_code == 303
    work()
    new = {"item": "每季度互访一次", "owner": "党支部", "evidence": "互访记录", "frequency": "quarterly"}
    row = {f"host_12_{name}": words for name, words in new.items()}
    # The other side drops one as well and writes one of its own; the hub drops that which was the first.
    counters = (
        (home, theirs, {"host_2_item": "", "reason": "改"} | row),
        (hub, base, {"host_1_item": "", "reason": "再改"}),
    )
    for client, at, changed in counters:
        form = f"{at}/{id_}/counter"
        assert client.post(form, data=fields_of(client.get(form).text) | changed).status_code == 303
        work()
    for texts, gone, came in (("a=v1r1&b=v2r1", 2, 0), ("a=v2r1&b=v2r2", 1, 1), ("a=v2r2&b=v2r3", 0, 0)):
        compared = hub.get(f"{base}/{id_}/compare?{texts}").text
        assert f"共 {1 + came} 处不同" in compared and f"<del>流入地：{host[gone]}" in compared, texts
    world.conclude(id_, agreed.host, [agreed.home])
    done_in(agreed.host, lambda: _falls_due(id_, 729))
    page = hub.get(check).text
    past = dict(re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>(?:<td[^>]*>.*?</td>){2}<td>(.*?)</td>', page))
    assert set(host[3:]) < set(past) and past.pop(host[5]) == "没有落实" and "没有这项" in past.pop(new["item"])
    assert set(past.values()) == {"已落实"} and f"流入地：{host[5]}</li>" in page


def _falls_due(agreement_id, days):
    due = clock.today() + timedelta(days=days)
    db.session.add(
        AgreementDuty(agreement_id=agreement_id, kind=DutyKind.CHECK, due_on=due, is_missed=False, details={})
    )
