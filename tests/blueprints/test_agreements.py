"""Pages of agreements and partners: drafted, negotiated, approved, sealed, printed, ended; and who may not."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import UUID

import pypdf

from tests import world
from tests.blueprints.agreeing import done_in, fields_of, open_browsers  # noqa: F401 -- a fixture
from tests.blueprints.test_auth import in_county
from web.blueprints.agreements import pages
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service, templates
from web.federation.agreements.models import AgreementApproval
from web.federation.post import keys
from web.federation.post.models import OutboxMessage
from web.federation.wire.canonical import digest
from web.tenants.documents.models import Document


def rung(client, side, page="tasks/"):
    """How many notices the bell shows on a page."""
    return int(re.search(r"通知 (?:<span>)?(\d+)", client.get(f"/{side.code}/{page}").text)[1])


def test_a_draft_is_made_refused_mended_and_proposed(pair, work, browsers):
    client, base = browsers(pair.host)
    wanted = {
        "title": "余杭、岳西流动党员共管共育协议",
        "partners": [str(pair.home.uid)],
        "effective_from": clock.today().isoformat(),
        "effective_to": (clock.today() + timedelta(days=365)).isoformat(),
        "notice_days": "60",
    }
    bare = client.post(f"{base}/new", data=wanted | {"title": "", "partners": []}).text
    assert "有 2 处要改" in bare and "伙伴县：请选一项" in bare and "协议名称：必填" in bare, "all is said at once"
    for change, words in (
        ({"title": ""}, "必填"),
        ({"partners": []}, "请选一项"),
        ({"effective_to": "2020-01-01"}, "不能早于生效日期"),
        ({"effective_to": "9999-12-31"}, "年份要在 1900 至 2199 之间"),
        ({"partners": [str(uuid7())]}, "还不是确认过的伙伴县"),
        ({"partners": [str(uuid7()) for _ in range(10)]}, "最多十方"),
    ):
        refused = client.post(f"{base}/new", data=wanted | change)
        assert refused.status_code == 422 and words in refused.text
    made = client.post(f"{base}/new", data=wanted)
    assert made.status_code == 303
    draft = made.headers["Location"]
    page = client.get(draft)
    assert "个人信息保护" in page.text and "24小时内清除" in page.text
    sent = fields_of(page.text)
    refused = client.post(draft, data=sent | {"item_1_goal": "走访40户", "act": "propose"})
    assert refused.status_code == 422 and 'value="走访40户"' in refused.text
    items = {
        "item_1_category": "hardship",
        "item_1_goal": "走访40户",
        "item_1_measure": "节前走访",
        "item_1_owner": "all",
    }
    items["item_1_due"] = clock.today().isoformat()
    one = [g for g in sent["grants"] if not g.endswith(":S3")]
    said = {"liaison_name": "陈例丁", "liaison_phone": "0571-00000001", "grants": one}
    done = client.post(draft, data=sent | items | said | {"act": "propose"})
    assert done.status_code == 303
    work()
    other, base = browsers(pair.home)
    page = other.get(done.headers["Location"].replace(pair.host.code, pair.home.code))
    assert page.status_code == 200
    assert "轮到我方：同意、改稿或者不同意" in page.text and "走访40户" in page.text and "陈例丁" in page.text
    assert "余杭、岳西流动党员共管共育协议" in other.get(base).text


def test_what_a_clause_cannot_hold_is_said_beside_it_and_a_saved_draft_keeps_the_liaison(pair, browsers):
    client, base = browsers(pair.host)
    wanted = {
        "title": "余杭、岳西流动党员共管共育协议",
        "partners": [str(pair.home.uid)],
        "effective_from": clock.today().isoformat(),
        "effective_to": (clock.today() + timedelta(days=365)).isoformat(),
        "notice_days": "60",
    }
    draft = client.post(f"{base}/new", data=wanted).headers["Location"]
    sent = fields_of(client.get(draft).text)
    for change, words in (
        ({"clause_4": "一款\n" * 21}, "一条最多写 20 行"),
        ({"clause_4": "款" * 2001}, "一款最多写 2000 个字"),
        ({"clause_14": ""}, "必填"),
    ):
        refused = client.post(draft, data=sent | change | {"act": "propose"})
        assert refused.status_code == 422 and words in refused.text
        assert 'href="#f-' + next(iter(change)) in refused.text, "and it is named at the top"
    half = client.post(draft, data=sent | {"clause_14": "", "act": "save"})
    assert half.status_code == 303 and fields_of(client.get(draft).text)["clause_14"] == "", (
        "a draft is written by and by"
    )
    said = {"liaison_name": "陈例丁", "liaison_post": "组织科", "liaison_phone": "0571-00000001"}
    saved = client.post(draft, data=sent | said | {"act": "save"})
    assert saved.status_code == 303
    page = client.get(saved.headers["Location"]).text
    assert all(f'value="{words}"' in page for words in said.values()), "no part of the text, and typed all the same"
    assert "没交的草稿" in client.get(draft).text, "and found again another day"


def test_a_counter_shows_what_changed_and_nothing_changed_is_refused(pair, work, browsers):
    client, base = browsers(pair.home)
    colleague, _ = browsers(pair.home, "liaison")
    for each in (client, colleague):
        assert each.get(f"/{pair.home.code}/notices").status_code == 200
    id_ = world.propose(pair.host, [pair.home])
    assert rung(client, pair.home) > 0 and rung(colleague, pair.home) > 0
    assert rung(client, pair.home, f"agreements/{id_}") == rung(client, pair.home) == 0, "read on its own page"
    assert rung(colleague, pair.home) > 0, "by whoever opened it"
    page = client.get(f"{base}/{id_}/counter")
    sent = fields_of(page.text)
    same = client.post(f"{base}/{id_}/counter", data=sent)
    assert same.status_code == 422 and "没有改动" in same.text
    sent["clause_12"] = sent["clause_12"].replace("每年不少于一期", "每年不少于两期")
    sent["notice_days"] = "45"
    otherwise = sent["clause_16"].replace("应提前60日", "应提前90日")
    refused = client.post(f"{base}/{id_}/counter", data=sent | {"clause_16": otherwise})
    assert refused.status_code == 422 and "与表单里填的不一致" in refused.text and "应提前90日" in refused.text
    assert client.post(f"{base}/{id_}/counter", data=sent | {"reason": "培训加一期"}).status_code == 303
    waiting = client.get(f"{base}/{id_}").text
    assert "我方的“改稿”已送余杭区，等对方答复" in waiting
    assert rung(colleague, pair.home) == 0, "somebody here went on with it"
    noticed = client.get(f"/{pair.home.code}/notices").text
    assert re.search(rf'href="{base}/{id_}">余杭区送出协议文本[^\n]*已了结', noticed), (
        "it opens the agreement, and is closed"
    )
    work()
    host, base = browsers(pair.host)
    page = host.get(f"{base}/{id_}").text
    assert "<del>一</del><ins>两</ins>" in page and "第 2 轮改" in page
    assert "<del>60</del><ins>45</ins>" in page and "提前告知天数" in page
    with pair.host.act():
        last = service.current(service.get(id_)).text["clauses"][15]["paragraphs"]
        assert any("应提前45日书面告知" in paragraph for paragraph in last), "the clause says what is enforced"
    assert "培训加一期" in host.get(f"{base}/{id_}/letters").text
    assert host.post(f"{base}/{id_}/accept").status_code == 303
    work()
    told = host.get(f"{base}/{id_}/letters").text
    assert re.search(r">\s*各方同意同一文本", told), "it followed by itself: nobody's word"
    assert "轮到本部领导批准印签" in client.get(f"/{pair.home.code}/agreements/{id_}").text


def test_rejecting_needs_a_reason(pair, work, browsers, monkeypatch):
    id_ = world.propose(pair.host, [pair.home])
    client, base = browsers(pair.home)
    refused = client.post(f"{base}/{id_}/reject", data={"reason": " "})
    assert refused.status_code == 422 and "必填" in refused.text
    assert client.post(f"{base}/{id_}/reject", data={"reason": "今年不再新签"}).status_code == 303
    work()
    story = client.get(f"{base}/{id_}/letters").text.partition('<ol class="log">')[2]
    assert "<li>" in story and "今年不再新签" in story, "whoever did it here stands in the agreement's own story"
    # Had the hub decided before it heard us, the letter would say so in words.
    with pair.home.act():
        said = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == "agreement.reject")).one()
        said.result, said.code = "refused", "stale_base"
        fence.commit()
    told = client.get(f"{base}/{id_}/letters").text
    assert "未办：对方此前已有新的决定，没有采用" in told and "stale_base" not in told
    host, base = browsers(pair.host)
    assert "第 1 版未同意" in host.get(f"{base}/{id_}").text
    assert "今年不再新签" in host.get(f"{base}/{id_}/letters").text
    # Of those that wait for an answer home has every one, whose day comes first at the top.
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    first = world.propose(pair.host, [pair.home])
    with clock.at(clock.now() + timedelta(days=1)):
        second = world.propose(pair.host, [pair.home])
    todo = client.get(f"/{pair.home.code}/?queue=agreements").text
    assert todo.count("data-row") == 2 and 0 < todo.index(str(first)) < todo.index(str(second))


def test_the_leader_approves_and_the_clerk_seals_never_the_other_way(pair, work, browsers):
    id_ = world.propose(pair.host, [pair.home])
    clerk, base = browsers(pair.home)
    leader, _ = browsers(pair.home, "leader_readonly")
    assert clerk.post(f"{base}/{id_}/accept").status_code == 303
    work()
    assert clerk.get(f"{base}/{id_}/approve").status_code == 403
    assert clerk.post(f"{base}/{id_}/approve", data={"is_read": "1"}).status_code == 403
    assert leader.post(f"{base}/{id_}/accept").status_code == 403
    assert leader.post(f"{base}/{id_}/seal", data={"is_checked": "1"}).status_code == 403
    early = clerk.post(f"{base}/{id_}/seal", data={"is_checked": "1"})
    assert early.status_code == 409 and "分管领导还没有批准印签" in early.text
    assert in_county(pair.home, lambda: world.count(AgreementApproval)) == 0
    assert "审阅并批准" in leader.get(f"{base}/{id_}").text
    page = leader.get(f"{base}/{id_}/approve").text
    fingerprint = in_county(pair.home, keys.own_fingerprint)
    assert fingerprint in page and "文本摘要" in page and "文件摘要" in page
    assert leader.post(f"{base}/{id_}/approve", data={}).status_code == 422
    assert leader.post(f"{base}/{id_}/approve", data={"is_read": "1"}).status_code == 303
    logged = in_county(
        pair.home, lambda: db.session.scalars(db.select(Event).where(Event.verb == "agreement.approve")).one()
    )
    assert logged.actor_role == "leader_readonly" and logged.details["pdf"].startswith("sha-256:")
    page = clerk.get(f"{base}/{id_}/seal").text
    assert fingerprint in page and "leader_readonly甲" in page and "余杭区" in page
    assert clerk.post(f"{base}/{id_}/seal", data={"signer_name": "罗试甲"}).status_code == 422
    sealed = {"signer_name": "罗试甲", "signer_post": "分管领导", "is_checked": "1"}
    assert clerk.post(f"{base}/{id_}/seal", data=sealed).status_code == 303
    work()
    assert clerk.post(f"{base}/{id_}/seal", data=sealed).status_code == 409
    world.approve(pair.host, id_)
    host, base = browsers(pair.host)
    assert "我方最后印签" in host.get(f"{base}/{id_}").text
    assert host.post(f"{base}/{id_}/seal", data=sealed).status_code == 303
    work()
    for client, side in ((clerk, pair.home), (host, pair.host)):
        assert "协议生效中，各方已印签" in client.get(f"/{side.code}/agreements/{id_}").text


def test_the_paper_carries_the_text_and_its_code_proves_it_to_anybody(agreed, work, browsers, fresh):
    client, base = browsers(agreed.host)
    page = client.get(f"{base}/{agreed.ref.id}").text
    url = re.search(r'href="(/\d+/documents/[0-9a-f-]+)"', page)[1]
    answer = client.get(url)
    assert answer.mimetype == "application/pdf" and "UTF-8''" in answer.headers["Content-Disposition"]
    reader = pypdf.PdfReader(io.BytesIO(answer.data))
    text = "".join(p.extract_text() for p in reader.pages).replace("\n", "")
    assert "余杭、岳西流动党员共管共育协议" in text and "个人信息保护" in text and "陈例丁" in text
    assert "名册核对每半年一次，参加组织生活情况每月一次，联席会商每半年一次" in re.sub(r"\s", "", text), (
        "as the text has it"
    )
    attached = reader.attachments["agreement.json"][0]
    assert digest(attached) == agreed.ref.digest
    assert "陈例丁".encode() not in attached
    stored = in_county(agreed.host, lambda: db.session.scalars(db.select(Document)).one())
    proof = fresh.test_client().get(f"/v/{stored.proof_code.lower()}")
    assert proof.status_code == 200
    assert stored.sha256[:4] in proof.text and proof.text.count("已印签") == 2
    assert "陈例丁" not in proof.text and "0571-0" not in proof.text  # digests hold four figures now and then
    assert fresh.test_client().get("/v/000000000000").status_code == 404
    # The follower keeps the same bytes, under its own id.
    home, base = browsers(agreed.home)
    own = in_county(agreed.home, lambda: db.session.scalars(db.select(Document)).one())
    assert own.sha256 == stored.sha256 and own.pages == stored.pages == len(reader.pages)
    assert home.get(f"/{agreed.home.code}/documents/{own.id}").data == answer.data
    branch, _ = browsers(agreed.home, "branch_secretary")
    assert branch.get(f"/{agreed.home.code}/documents/{own.id}").status_code == 403


def test_the_proof_sheet_is_a_job_with_its_page(agreed, work, browsers):
    client, base = browsers(agreed.home)
    ordered = client.post(f"{base}/{agreed.ref.id}/versions/1/proof")
    assert ordered.status_code == 303 and "/tasks/" in ordered.headers["Location"]
    work()
    page = client.get(ordered.headers["Location"]).text
    url = re.search(r'href="(/\d+/documents/[0-9a-f-]+)"', page)[1]
    text = "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(client.get(url).data)).pages)
    plain = re.sub(r"\s", "", text)
    assert "封印证明页" in plain and "340828-seal" in plain and "330110-seal" in plain
    assert client.post(f"{base}/{agreed.ref.id}/versions/7/proof").status_code == 404


def test_a_third_county_sees_none_of_it(agreed, browsers):
    third = world.third(agreed)
    client, base = browsers(third)
    document = in_county(agreed.home, lambda: db.session.scalars(db.select(Document.id)).one())
    for path in ("", "/letters", "/counter", "/leave", "/pause", "/seal", "/reject", "/draft", "/items/a1"):
        assert client.get(f"{base}/{agreed.ref.id}{path}").status_code == 404, path
        assert client.get(f"{base}/{uuid7()}{path}").status_code == 404, path
    for path in ("/accept", "/amend", "/versions/1/proof", f"/close/{agreed.home.uid}"):
        assert client.post(f"{base}/{agreed.ref.id}{path}").status_code == 404, path
    assert client.get(f"/{third.code}/documents/{document}").status_code == 404
    assert str(agreed.ref.id) not in client.get(base).text


def test_roles_without_agreements_are_told_who_can(agreed, browsers):
    for role in ("township_officer", "branch_secretary", "away_secretary"):
        client, base = browsers(agreed.home, role)
        assert client.get(base).status_code == 403
    client, base = browsers(agreed.home, "liaison")
    assert client.get(f"{base}/{agreed.ref.id}").status_code == 200
    for path in ("/accept", "/amend"):
        assert client.post(f"{base}/{agreed.ref.id}{path}").status_code == 403


# --- partners


def test_a_partner_is_invited_compared_and_confirmed(pair, work, browsers):
    world._build(*world.THIRD)
    world._make_keys(world.THIRD[0])
    third = world.side(world.THIRD[0])
    client, _ = browsers(pair.home)
    base = f"/{pair.home.code}/peers"
    for code, words in (
        ("", "必填"),
        ("999999", "没有这个县"),
        (pair.home.code, "不能邀请本县"),
        (pair.host.code, "已经是伙伴县"),
    ):
        refused = client.post(f"{base}/invite", data={"code": code})
        assert refused.status_code == 422 and words in refused.text
    asked = client.post(f"{base}/invite", data={"code": third.code})
    assert asked.status_code == 303
    assert "正在取对方的身份说明" in client.get(asked.headers["Location"]).text
    work()
    page = client.get(asked.headers["Location"]).text
    groups = in_county(third, keys.own_fingerprint).split()
    assert all(f"<span>{g}</span>" in page for g in groups[:14])
    assert groups[-1] not in page and groups[-2] not in page, "the last two are only heard"
    wrong = client.post(asked.headers["Location"], data={"fingerprint": "0000 0000"})
    assert wrong.status_code == 422 and "不一致" in wrong.text
    right = client.post(asked.headers["Location"], data={"fingerprint": " ".join(groups[-2:])})
    assert right.status_code == 303
    shown = client.get(base).text
    assert "松阳县" in shown and shown.count("<span>已核对</span>") == 2
    other, _ = browsers(third)
    assert "待核对指纹" in other.get(f"/{third.code}/peers").text
    assert client.get(f"{base}/{uuid7()}").status_code == 404
    leader, _ = browsers(pair.home, "leader_readonly")
    assert leader.get(base).status_code == 200
    # The leader reads the partner's page; the fingerprint is compared by who confirms it.
    assert leader.get(f"{base}/{third.uid}").status_code == 200
    assert leader.get(f"{base}/{third.uid}/fingerprint").status_code == 403


def test_a_template_is_saved_edited_chosen_and_dropped(agreed, browsers):
    client, base = browsers(agreed.host)
    assert "还没有模板" in client.get(f"{base}/templates").text
    saved = client.post(f"{base}/{agreed.ref.id}/save-template", data={"name": "常用协议"})
    assert saved.status_code == 303
    again = client.post(f"{base}/{agreed.ref.id}/save-template", data={"name": "常用协议"})
    assert again.status_code == 422 and "已有同名的" in again.text
    edit = saved.headers["Location"]
    page = client.get(edit).text
    assert "〔生效日期〕" in page
    sent = {name: value for name, value in fields_of(page).items() if name not in ("grants", "title")}
    sent |= {"name": "常用协议", "notice_days": "60", "gives": ["S0", "S1"], "takes": ["S2"], "items": ["a1"]}
    wrong = client.post(edit, data=sent | {"home_1_owner": ""})
    assert wrong.status_code == 422 and "必填" in wrong.text
    assert client.post(edit, data=sent | {"clause_12": "联合培训每年两期。"}).status_code == 303
    template = edit.rpartition("/")[2]
    begun = {
        "title": "余杭、岳西产业协议", "partners": [str(agreed.home.uid)], "effective_from": clock.today().isoformat(),
        "effective_to": (clock.today() + timedelta(days=365)).isoformat(), "notice_days": "30", "template": template,
    }  # fmt: skip
    draft = client.post(f"{base}/new", data=begun)
    assert draft.status_code == 303
    text = client.get(draft.headers["Location"]).text
    assert "联合培训每年两期。" in text and "《余杭、岳西产业协议》" in text and "走访留守家属40户" in text
    assert "应提前30日书面告知" in text and "应提前60日" not in text
    reader, _ = browsers(agreed.host, "leader_readonly")
    assert "常用协议" in reader.get(f"{base}/templates").text and reader.get(edit).status_code == 403
    # Dropped, and back by the way back or out of the bin; not over another of its name; gone after thirty days.
    back = f'action="{edit}/restore"'
    for address in (f"{base}/templates", f"/{agreed.host.code}/workbench/bin"):
        assert client.post(f"{edit}/drop").status_code == 303
        page = client.get(f"{base}/templates").text
        assert back in page and "还没有模板" in page and template not in client.get(f"{base}/new").text
        assert (back in client.get(address).text) == address.endswith("bin"), "the way back is offered once"
        assert client.get(edit).status_code == client.post(f"{edit}/drop").status_code == 404
        assert reader.post(f"{edit}/restore").status_code == 403
        assert client.post(f"{edit}/restore").status_code == 303
        assert client.get(edit).status_code == 200 and "常用协议" in client.get(f"{base}/templates").text
    assert client.post(f"{edit}/drop").status_code == 303
    township, _ = browsers(agreed.host, "township_officer")
    assert "常用协议" not in township.get(f"/{agreed.host.code}/workbench/bin").text
    assert client.post(f"{base}/{agreed.ref.id}/save-template", data={"name": "常用协议"}).status_code == 303
    kept = client.post(f"{edit}/restore")
    assert kept.status_code == 303 and "没有恢复“常用协议”：已有同名的" in client.get(kept.headers["Location"]).text
    with clock.at(clock.now() + timedelta(days=31)):
        done_in(agreed.host, templates.purge)
    assert client.post(f"{edit}/restore").status_code == 404


def test_townships_conclude_without_persons_and_the_county_vouches_in_the_paper(pair, work, browsers):
    client, base = browsers(pair.host)
    asked = {
        "title": "余杭街道、天堂镇结对共建协议", "partners": [str(pair.home.uid)], "effective_from": clock.today().isoformat(),
        "effective_to": (clock.today() + timedelta(days=365)).isoformat(), "notice_days": "60",
    }  # fmt: skip
    assert "乡镇级：余杭街道" in client.get(f"{base}/new").text
    strange = client.post(f"{base}/new", data=asked | {"org": "别县街道党工委"})
    assert strange.status_code == 422 and "请选本县的一个乡镇街道党委" in strange.text
    draft = client.post(f"{base}/new", data=asked | {"org": "余杭街道"}).headers["Location"]
    page = client.get(draft).text
    assert ":S1" in page and ":S2" not in page, "what a township may not share is not offered"
    sent = fields_of(page) | {"act": "propose"}
    assert {grant.rpartition(":")[2] for grant in sent["grants"]} == {"S0", "S1"}
    nameless = client.post(draft, data=sent | {"item_2_goal": "互访一次"})
    assert nameless.status_code == 422 and "岳西县的乡镇街道党委" in nameless.text
    assert "第 2 项期限：必填" in nameless.text, "it says which item"
    sent["org_1"] = "中共岳西县天堂镇委员会"
    persons = client.post(draft, data=sent | {"grants": [*sent["grants"], f"{pair.home.uid}:{pair.host.uid}:S2"]})
    assert persons.status_code == 422 and "党员个人的信息按县级协议互通" in persons.text
    done = client.post(draft, data=sent)
    assert done.status_code == 303
    work()
    id_ = UUID(done.headers["Location"].rpartition("/")[2])
    world.conclude(id_, pair.host, [pair.home])
    other, theirs = browsers(pair.home)
    page = other.get(f"{theirs}/{id_}").text
    assert "乡镇级协议" in page and "中共岳西县天堂镇委员会" in page and "不互通党员个人信息" in page
    with pair.home.act():
        assert service.current(service.get(id_)).text["level"] == "township"
        file = db.session.scalars(db.select(Document.content).order_by(Document.created_at.desc())).first()
    words = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages).replace("\n", "")
    assert "中共岳西县天堂镇委员会（乙方）" in words and "由该县担保" in words
