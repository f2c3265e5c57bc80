"""Pages of accounts, organisations, settings and the event log: done, refused, and what the log then says."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.blueprints.test_auth import in_county, sign_in
from web.blueprints import words as wording
from web.core import clock, events, fence
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Role
from web.tenants.consents import wordings
from web.tenants.counties import service as counties
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg


@pytest.fixture
def admin(fresh, pair):
    client = fresh.test_client()
    assert sign_in(client, pair.home).status_code == 303
    return client


@pytest.fixture
def base(pair):
    return f"/{pair.home.code}"


def org_named(side, name):
    return in_county(side, lambda: db.session.scalars(db.select(PartyOrg).where(PartyOrg.name == name)).one_or_none())


@pytest.fixture
def administrators(fresh, pair):
    """The browsers of the three, by role."""
    found = {}
    for role in (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR):
        found[role] = fresh.test_client()
        assert sign_in(found[role], pair.home, role.value).status_code == 303
    return found


def once_in(answer):
    return re.search(r'class="big-n mono">([^<]+)<', answer.text)[1]


LI, WANG = "990121198001010028", "990121199001010022"


def test_an_account_from_opening_to_closing(fresh, pair, administrators, base):
    """Opened by one, granted by another; neither does the other's part."""
    opens, grants = administrators[Role.SYSADMIN], administrators[Role.SECADMIN]
    town = pair.home.orgs["天堂镇"]
    wanted = {
        "username": "li.shiyi",
        "name": "李试乙",
        "person": LI,
        "role": "township_officer",
        "org_id": str(town),
        "work_phone": "",
    }
    for change, words in [
        ({"username": ""}, "必填"),
        ({"username": "county_admin"}, "已有同名的"),
        ({"username": "李"}, "只能用英文字母"),
        ({"person": ""}, "必填"),
        ({"person": "99012119800101"}, "18 位"),
        ({"person": "990121198001010027"}, "末位校验不对"),
        ({"role": "emperor"}, "请选一项"),
        ({"role": "county_admin"}, "这个角色不能设在所选组织"),
        ({"org_id": "x"}, "请选一项"),
        ({"is_active": "1"}, "没有这一项"),
    ]:
        refused = opens.post(f"{base}/accounts/new", data=wanted | change)
        assert refused.status_code == 422 and words in refused.text, change
        assert 'value="李试乙"' in refused.text, "what was filled in stays"
    foreign = opens.post(f"{base}/accounts/new", data=wanted | {"org_id": str(pair.host.orgs["余杭街道"])})
    assert foreign.status_code == 404
    assert grants.post(f"{base}/accounts/new", data=wanted).status_code == 403, "who grants rights opens no account"
    once = once_in(opens.post(f"{base}/accounts/new", data=wanted))
    page = opens.get(f"{base}/accounts")
    assert "李试乙" in page.text and "待授予角色" in page.text and once not in page.text and LI not in page.text
    wide = LI[:17].translate(str.maketrans("0123456789", "０１２３４５６７８９")) + LI[17:]
    for typed in (LI, wide, f"{LI[:6]} {LI[6:14]}-{LI[14:]}"):
        second = opens.post(
            f"{base}/accounts/new",
            data=wanted
            | {"username": "li.second", "person": typed, "role": "auditor", "org_id": str(pair.home.orgs["岳西县"])},
        )
        assert second.status_code == 422 and "一人一号" in second.text, "no second account for one person"

    client = fresh.test_client()
    assert sign_in(client, pair.home, "li.shiyi", once).status_code == 422, "not before its role is granted"
    address = next(
        a for a in re.findall(rf"{base}/accounts/[0-9a-f-]{{36}}", page.text) if "李试乙" in opens.get(a).text
    )
    assert f"{address}/close" in grants.get(address).text, "what was opened by mistake need not wait for ever"
    place = {"role": "township_officer", "org_id": str(town)}
    assert opens.post(f"{address}/appoint", data=place).status_code == 403, "who opens accounts grants no rights"
    assert grants.post(f"{address}/appoint", data=place).status_code == 303
    assert sign_in(client, pair.home, "li.shiyi", once).status_code == 303
    new = {"current": once, "new": "Morning-5-tea", "again": "Morning-5-tea"}
    assert client.post(f"{base}/password", data=new).status_code == 303
    assert client.get(f"{base}/organisations").status_code == 200

    whose = {"name": "李试丙", "person": "", "work_phone": "000-1"}
    assert opens.post(f"{address}/amend", data=whose | {"person": WANG}).status_code == 422, "nobody becomes another"
    assert opens.post(f"{address}/amend", data=whose).status_code == 303
    branch = {"role": "branch_secretary", "org_id": str(pair.home.orgs["示例村支部"])}
    assert grants.post(f"{address}/appoint", data=branch).status_code == 303
    assert client.get(f"{base}/organisations").status_code == 303, "a new role begins with a new sign-in"
    shown = opens.get(address).text
    assert "角色由 <del>乡镇街道党务</del> 改为 <ins>支部书记</ins>" in shown
    assert "<del>天堂镇</del>" in shown and "<ins>示例村支部</ins>" in shown

    assert sign_in(client, pair.home, "li.shiyi", "Morning-5-tea").status_code == 303
    assert grants.post(f"{address}/close", data={"reason": " "}).status_code == 422
    assert client.get(f"{base}/organisations").status_code == 200
    assert grants.post(f"{address}/close", data={"reason": "调离"}).status_code == 303
    assert client.get(f"{base}/organisations").status_code == 303
    assert sign_in(client, pair.home, "li.shiyi", "Morning-5-tea").status_code == 422
    assert "事由：调离" in opens.get(address).text
    assert grants.post(f"{address}/appoint", data=branch).status_code == 303
    again = once_in(opens.post(f"{address}/reset"))
    assert sign_in(client, pair.home, "li.shiyi", again).status_code == 303
    opens.post(f"{address}/reset")
    assert client.get(f"{base}/password").status_code == 303, "the reset signed the old browser out"


def test_two_persons_for_an_administrators_account(fresh, pair, administrators, base):
    """One proposes, another role's administrator confirms; neither alone, nor the one it is about."""
    opens, grants, reads = (administrators[r] for r in (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR))
    auditor, own = (f"{base}/accounts/{pair.home.accounts[r]}" for r in (Role.AUDITOR, Role.SYSADMIN))
    alone = grants.post(f"{auditor}/close", data={"reason": "试"})
    assert alone.status_code == 422 and "要两个人办" in alone.text
    assert opens.post(f"{auditor}/reset").status_code == 422, "a password reset would let the one in who resets"
    root = str(pair.home.orgs["岳西县"])
    stripped = grants.post(f"{auditor}/appoint", data={"role": "liaison", "org_id": root})
    assert stripped.status_code == 422 and "要两个人办" in stripped.text
    assert opens.post(f"{own}/propose/close", data={"reason": "试"}).status_code == 422
    raised = grants.post(
        f"{base}/accounts/{pair.home.accounts[Role.SECADMIN]}/appoint", data={"role": "liaison", "org_id": root}
    )
    assert raised.status_code == 422 and "请另一位管理员来办" in raised.text

    asked = {"reason": "退休"}
    assert opens.post(f"{auditor}/propose/close", data=asked).status_code == 303
    twice = grants.post(f"{auditor}/propose/close", data=asked)
    assert twice.status_code == 422 and "已有一件提议" in twice.text
    page = reads.get(f"{base}/accounts").text
    assert "退休" in page and "与本人有关" in page and "/confirm" not in page
    answer = re.search(r"/accounts/proposals/[0-9a-f-]{36}/confirm", grants.get(f"{base}/accounts").text)[0]
    assert opens.post(f"/{pair.home.code}{answer}").status_code == 403, "who proposed is not the second"
    assert reads.get(auditor).status_code == 200
    assert grants.post(f"/{pair.home.code}{answer}").status_code == 303
    assert grants.post(f"/{pair.home.code}{answer}").status_code == 404, "once"
    assert reads.get(auditor).status_code == 303, "signed out"
    log = opens.get(auditor).text
    assert "退休" in log and "已停用" in log
    said = in_county(pair.home, lambda: list(db.session.scalars(db.select(events.Event.verb))))
    assert {"account_proposal.propose", "account_proposal.confirm", "account.close"} <= set(said)

    peer = f"{base}/accounts/{pair.home.accounts[Role.SECADMIN]}"
    assert opens.post(f"{peer}/propose/reset", data={"reason": "忘记密码"}).status_code == 303
    back = re.search(r"/accounts/proposals/[0-9a-f-]{36}/refuse", opens.get(f"{base}/accounts").text)[0]
    assert grants.post(f"/{pair.home.code}{back}").status_code == 403, "it is about oneself"
    assert opens.post(f"/{pair.home.code}{back}").status_code == 303, "who proposed takes it back"
    assert opens.post(f"{own}/propose/reset", data={"reason": "忘记密码"}).status_code == 422


def test_the_database_knows_persons_and_second_persons_too(fresh, pair):
    import psycopg

    from tests.conftest import _database_of, owner

    with owner(_database_of(fresh)) as connection:
        known = "UPDATE account SET {} WHERE tenant_id = %s AND role = %s"
        side = pair.home.tenant_id
        one = "person = (SELECT person FROM account WHERE tenant_id = %(t)s AND role = 'sysadmin')".replace(
            "%(t)s", str(side)
        )
        for change, error in [
            (one, psycopg.errors.UniqueViolation),
            ("person = NULL", psycopg.errors.CheckViolation),
        ]:
            with pytest.raises(error):
                connection.execute(known.format(change), [side, "auditor"])
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "INSERT INTO account_proposal (tenant_id, id, account_id, act, reason, proposed_by, proposer_role, proposed_at,"
                " decided_by, decided_at, is_confirmed) VALUES (%s, gen_random_uuid(), %s, 'close', 'x', %s, 'sysadmin', now(), %s, now(), true)",
                [side, pair.home.accounts[Role.AUDITOR], *[pair.home.accounts[Role.SYSADMIN]] * 2],
            )


def test_nobody_closes_or_promotes_themselves(fresh, pair, administrators, base):
    grants = administrators[Role.SECADMIN]
    own = f"{base}/accounts/{pair.home.accounts[Role.SECADMIN]}"
    closed = grants.post(f"{own}/close", data={"reason": "试"})
    assert closed.status_code == 422 and "请另一位管理员来办" in closed.text
    kept = in_county(pair.home, lambda: accounts.get(pair.home.accounts[Role.SECADMIN]))
    assert kept.is_active and kept.role is Role.SECADMIN
    clerk = fresh.test_client()
    sign_in(clerk, pair.home)
    assert clerk.get(own).status_code == 200 and clerk.get(f"{own}/appoint").status_code == 403
    for role, client in administrators.items():
        assert client.get(f"{base}/members").status_code == 403, role
        assert "党员" not in re.sub(
            r"<nav.*?</nav>|<title>.*?</title>", "", client.get(f"{base}/organisations").text, flags=re.DOTALL
        ), role


def test_the_roles_page_is_the_table(admin, base, fresh):
    page = admin.get(f"{base}/accounts/roles")
    assert page.status_code == 200
    from web.tenants.accounts.permissions import GRANTS

    assert page.text.count('<span class="sr">可以</span>') == sum(map(len, GRANTS.values()))
    assert "/&lt;county&gt;/sign-in" in page.text and "登录之前还没有登录" in page.text


def test_a_refusal_names_who_can(fresh, pair, base):
    client = fresh.test_client()
    sign_in(client, pair.home, "liaison")
    refused = client.get(f"{base}/accounts")
    assert refused.status_code == 403 and "sysadmin甲（系统管理员）" in refused.text
    assert "county_admin甲（县级经办）" not in sign_in(fresh.test_client(), pair.host, "x").text


def test_a_page_says_at_its_foot_who_does_what_it_leaves_out(agreed, fresh, proved):
    """Every role, on every list it may open: an act that another role would find there is named, with the roles that have it."""
    side, lead, said = agreed.home, "这一页上不归您的角色办的：", 0
    foots = {}
    for role in Role:
        client = fresh.test_client()
        assert sign_in(client, side, role.value).status_code == 303
        for path in ("members", "agreements", "referrals", "handovers", "activities", "settings/calendar", "accounts"):
            page = client.get(f"/{side.code}/{path}")
            found = re.search(rf'<p class="hint no-print mt-12">{lead}([^<]+)</p>', page.text)
            assert found is None or page.status_code == 200, (role, path)
            foots[role, path] = found[1].split("；") if found else []
    for (role, path), acts in foots.items():
        for act in acts:
            permission = next(p for p, w in wording.PERMISSIONS.items() if act.startswith(f"{w}（由"))
            assert permission not in GRANTS[role] and not permission.endswith(":read"), (role, path)
            who = "、".join(wording.ROLES[r] for r in Role if permission in GRANTS[r])
            assert act == f"{wording.PERMISSIONS[permission]}（由{who}办理）"
            said += 1
    assert not any(acts for (role, path), acts in foots.items() if role is Role.COUNTY_ADMIN and path != "accounts")
    assert "起草、协商、印签协议（由县级经办办理）" in foots[Role.LEADER_READONLY, "agreements"]
    assert any(a.startswith("登记和修改党员") for a in foots[Role.AWAY_SECRETARY, "members"])
    assert any(a.startswith("修改本县设置") for a in foots[Role.AUDITOR, "settings/calendar"])
    assert any(a.startswith("开立账号") for a in foots[Role.SECADMIN, "accounts"])
    proved("acts left out and named at the foot", said)


def test_the_tree_grows_is_renamed_and_closed(fresh, pair, admin, base):
    town = pair.home.orgs["天堂镇"]
    new = {"kind": "branch", "name": "演示村支部", "full_name": "", "host_code": ""}
    for change, words in [
        ({"name": ""}, "必填"),
        ({"name": "示例村支部"}, "已有同名的"),
        ({"kind": "county_committee"}, "不能设在所选上级之下"),
        ({"kind": "guild"}, "请选一项"),
        ({"name": "长" * 81}, "太长了"),
        ({"host_code": "330110"}, "不是区划代码"),
        ({"kind": "away_branch", "host_code": "999999"}, "不是区划代码"),
    ]:
        refused = admin.post(f"{base}/organisations/{town}/new", data=new | change)
        assert refused.status_code == 422 and words in refused.text
    assert org_named(pair.home, "演示村支部") is None
    assert admin.post(f"{base}/organisations/{town}/new", data=new).status_code == 303
    made = org_named(pair.home, "演示村支部")
    assert made.full_name == "天堂镇演示村支部"
    assert admin.post(f"{base}/organisations/{town}/rename", data={"name": "地宫镇"}).status_code == 303
    assert org_named(pair.home, "演示村支部").full_name == "地宫镇演示村支部"
    where = {"venue": "天堂镇党群服务中心", "address": "演示路9号", "phone": "0556-0000000"}
    long = admin.post(f"{base}/organisations/{town}/place", data=where | {"venue": "长" * 81})
    assert long.status_code == 422 and "太长了" in long.text and "演示路9号" in long.text
    assert admin.post(f"{base}/organisations/{town}/place", data=where).status_code == 303
    placed = admin.get(f"{base}/organisations/{town}").text
    assert all(said in placed for said in where.values()) and "登记阵地和联系方式" in placed
    taken = admin.post(f"{base}/organisations/{made.id}/rename", data={"name": "试例村支部"})
    assert taken.status_code == 422 and "已有同名的" in taken.text
    closing = {"reason": "合并"}
    below = admin.post(f"{base}/organisations/{town}/close", data=closing)
    assert below.status_code == 422 and "下面还有未撤销的组织" in below.text
    people = admin.post(f"{base}/organisations/{pair.home.orgs['示例村支部']}/close", data=closing)
    assert people.status_code == 422 and "还有党员或账号" in people.text
    root = admin.post(f"{base}/organisations/{pair.home.orgs['岳西县']}/close", data=closing)
    assert root.status_code == 422
    assert admin.post(f"{base}/organisations/{made.id}/close", data={"reason": ""}).status_code == 422
    # Closed by mistake: one press opens it again, while what it is under stands.
    for is_under_open in (False, True):
        closed = admin.post(f"{base}/organisations/{made.id}/close", data=closing)
        undo = re.search(r'action="([^"]+/workbench/undo/[^"]+)"', admin.get(closed.location).text)[1]
        with pair.home.act():
            organisations.get(town).is_active = is_under_open
            fence.commit()
        assert admin.post(undo).status_code == 303
        assert org_named(pair.home, "演示村支部").is_active is is_under_open
        with pair.home.act():
            organisations.get(town).is_active = organisations.get(made.id).is_active = True
            fence.commit()
    assert "恢复党组织" in admin.get(f"{base}/organisations/{made.id}").text
    assert admin.post(f"{base}/organisations/{made.id}/close", data=closing).status_code == 303
    assert not org_named(pair.home, "演示村支部").is_active
    shown = admin.get(f"{base}/organisations/{made.id}").text
    assert "撤销党组织" in shown and "事由：合并" in shown
    grants = fresh.test_client()
    sign_in(grants, pair.home, "secadmin")
    place = {"role": "branch_secretary", "org_id": str(made.id)}
    closed_place = grants.post(f"{base}/accounts/{pair.home.accounts[Role.LIAISON]}/appoint", data=place)
    assert closed_place.status_code == 422 and "所选组织已撤销" in closed_place.text


def test_two_who_add_the_same_at_once(fresh, pair, admin, base):
    """The second is told to send the form again, which then says what is taken; the page said that the system had failed."""
    from tests.conftest import _database_of, owner

    town, new = pair.home.orgs["天堂镇"], {"kind": "branch", "name": "演示村支部", "full_name": "", "host_code": ""}
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )

    def send():
        return admin.post(f"{base}/organisations/{town}/new", data=new)

    with ThreadPoolExecutor(1) as other, owner(_database_of(fresh)) as watch, pair.home.act():
        organisations.found(organisations.get(town), OrgKind.BRANCH, new["name"])
        second = other.submit(send)
        while not watch.execute(waiting).fetchone()[0] and not second.done():
            time.sleep(0.02)
        fence.commit()
        refused = second.result()
    assert refused.status_code == 409 and "请稍等几秒再提交" in refused.text
    again = send()
    assert again.status_code == 422 and "已有同名的" in again.text


def test_a_branch_with_members_does_not_close(fresh, pair, admin, base):
    from tests.conftest import _database_of, owner
    from tests.contracts import rows

    made = admin.post(
        f"{base}/organisations/{pair.home.orgs['天堂镇']}/new",
        data={"kind": "branch", "name": "三号支部", "full_name": "", "host_code": ""},
    )
    assert made.status_code == 303
    branch = org_named(pair.home, "三号支部")
    with owner(_database_of(fresh)) as connection:
        rows.loosen(connection)
        rows.insert(connection, "member", pair.home.tenant_id, rows.columns(connection, "member"))
        connection.execute("UPDATE member SET branch_id = %s, relation = 'held'", [branch.id])
    refused = admin.post(f"{base}/organisations/{branch.id}/close", data={"reason": "合并"})
    assert refused.status_code == 422 and "还有党员或账号" in refused.text
    listed = re.sub(r"<[^>]+>|\s", "", admin.get(f"{base}/organisations").text)
    assert "4个，" not in listed and "党员1人" in listed


def test_an_officer_sees_the_part_below_and_changes_nothing(fresh, pair, base):
    client = fresh.test_client()
    sign_in(client, pair.home, "branch_secretary")
    page = client.get(f"{base}/organisations")
    assert "示例村支部" in page.text and "试例村支部" not in page.text and "下设" not in page.text
    assert client.get(f"{base}/organisations/{pair.home.orgs['示例村支部']}").status_code == 200
    assert client.get(f"{base}/organisations/{pair.home.orgs['天堂镇']}").status_code == 404
    assert (
        client.post(f"{base}/organisations/{pair.home.orgs['示例村支部']}/rename", data={"name": "x"}).status_code
        == 403
    )


def test_settings_working_days_and_notice(fresh, pair, admin, base):
    form = {"address": "天堂镇示例路 1 号", "postcode": "246600", "phone": "000-2", "fax": "",
            "letter_valid_days": "60", "report_in_day_limit": "40"}  # fmt: skip
    for change, words in [({"letter_valid_days": "91"}, "超出允许的范围"), ({"letter_valid_days": "十"}, "请填整数"),
                          ({"postcode": "12"}, "不是有效的值"), ({"letter_serial": "9"}, "没有这一项")]:  # fmt: skip
        refused = admin.post(f"{base}/settings", data=form | change)
        assert refused.status_code == 422 and words in refused.text and "示例路 1 号" in refused.text
    assert admin.post(f"{base}/settings", data=form).status_code == 303
    row = in_county(pair.home, counties.settings)
    assert row.letter == {"address": "天堂镇示例路 1 号", "postcode": "246600", "phone": "000-2", "fax": ""}
    assert row.letter_valid_days == 60

    days = f"{base}/settings/workdays"
    assert admin.post(f"{days}/new", data={"day": "2026-13-01", "is_worked": "0"}).status_code == 422
    same = admin.post(f"{days}/new", data={"day": "2026-12-02", "is_worked": "1"})
    assert same.status_code == 422 and "与国家放假安排相同" in same.text
    assert admin.post(f"{days}/new", data={"day": "2026-12-02", "is_worked": "0"}).status_code == 303
    twice = admin.post(f"{days}/new", data={"day": "2026-12-02", "is_worked": "1"})
    assert twice.status_code == 422 and "这一天已经列过" in twice.text
    with fence.acting_for(pair.home.tenant_id):
        from datetime import date

        assert counties.calendar().add(date(2026, 12, 1), 1) == date(2026, 12, 3)
    with fence.acting_for(pair.host.tenant_id):
        assert counties.calendar().add(date(2026, 12, 1), 1) == date(2026, 12, 2)
    assert "2026-12-02 周三" in admin.get(f"{base}/settings").text
    calendar = f"{base}/settings/calendar"
    with clock.at(datetime(2026, 11, 23, 4, tzinfo=UTC)):  # it is looked at from the year before to two years ahead
        sign_in(looks := fresh.test_client(), pair.home)
        year = looks.get(calendar + "?year=2026").text
        assert "本县调整 1 天" in year and "2026-12-02 本县改为休息，撤去" in year
        assert "2027 年为预估" in looks.get(calendar + "?year=2027").text and "2027 年为预估" not in year
    plain = fresh.test_client()
    sign_in(plain, pair.home, "branch_secretary")
    assert "由县级经办修改" in plain.get(calendar).text and "本县 1 天调整" in plain.get(f"{base}/").text
    assert admin.post(f"{days}/drop", data={"day": "2026-12-02"}).status_code == 303
    assert admin.post(f"{days}/drop", data={"day": "2026-12-02"}).status_code == 404

    texts = {s.scope: f"{s.label}：{{county}}向{{partner}}提供。" for s in wordings.SHOWN}
    for change, said in [({"S3": ""}, "必填"), ({"S2": "没有县名"}, "须写明")]:
        refused = admin.post(f"{base}/settings/notice", data=texts | change)
        assert refused.status_code == 422 and said in refused.text
    assert admin.post(f"{base}/settings/notice", data=texts).status_code == 303
    assert "没有改动" in admin.post(f"{base}/settings/notice", data=texts).text
    old = admin.get(f"{base}/settings/notice").text
    assert "第 1 版" in old and "敏感个人信息" in old, "the former words stay to be read"
    assert in_county(pair.home, counties.settings).notice_version == 2
    page = admin.get(f"{base}/settings").text
    assert "第 2 版" in page and re.search(r"[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4}", page)


def test_the_log_is_read_by_its_filters_and_by_pages(fresh, pair, admin, base):
    town = pair.home.orgs["天堂镇"]
    with fence.acting_for(pair.home.tenant_id):
        for n in range(120):
            with clock.at(clock.now() - timedelta(days=3) + timedelta(seconds=n)):
                organisations.rename(organisations.get(town), f"天堂镇{n}")
        fence.commit()
    seen, address = [], f"{base}/events?verb=party_org.rename&subject={town}"
    for _ in range(5):
        page = admin.get(address)
        seen += re.findall(r"名称由 <del>天堂镇\d*</del> 改为 <ins>天堂镇(\d+)</ins>", page.text)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    assert seen == [str(n) for n in range(119, -1, -1)]
    back = re.search(r'href="([^"]+)" rel="prev"', page.text)[1].replace("&amp;", "&")
    assert "<ins>天堂镇69</ins>" in admin.get(back).text

    folded = admin.get(f"{base}/events?pick=kind:account&how=not&day=")
    assert folded.status_code == 303 and folded.location == f"{base}/events?not_kind=account"
    others = admin.get(folded.location).text
    assert "事项 不是" in admin.get(f"{base}/events?kind.not=account").text, "as addresses kept before say it"
    assert "开立账号" not in re.sub(r"<form.*?</form>", "", others, flags=re.DOTALL) and "事项 不是" in others
    mine = admin.get(f"{base}/events?actor={pair.home.accounts[Role.COUNTY_ADMIN]}").text
    assert "county_admin甲登录" in mine and "设立党组织" not in re.sub(r"<form.*?</form>", "", mine, flags=re.DOTALL)
    assert "没有符合条件的记录" in admin.get(f"{base}/events?day=2001-01-01").text
    today = admin.get(f"{base}/events?day={clock.today().isoformat()}").text
    assert "county_admin甲登录" in today and "改为 <ins>天堂镇119</ins>" not in today
    for odd in (
        "after=x",
        "actor=x",
        "day=x",
        "subject=%00",
        "verb=%27",
        "q=%25",
        "q=%00",
        "kind=%00&not_kind=%00",
        "pick=evil:x&how=is",
    ):
        assert admin.get(f"{base}/events?{odd}").status_code in (200, 303)


def test_timeline_masks_personal_values(fresh, pair):
    from web.blueprints import timeline
    from web.core.fence import tenant
    from web.tenants.members.models import Member

    with fresh.test_request_context("/"), fence.acting_for(pair.home.tenant_id):
        member = Member(
            name="王示甲", name_pinyin="wang shi jia", initials="wsj", gender="1", member_kind="1", phone="15400000123",
            id_number="990121198001010029", standing="normal", branch_id=pair.home.orgs["示例村支部"], is_lost_contact=False,
            relation="held", created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        db.session.add(member)
        db.session.flush()
        member.phone = "15400009876"
        events.record("member.amend", member, reason="本人来电")
        db.session.flush()
        assert tenant() == pair.home.tenant_id
        changed, made = timeline.of(member_id=member.id)
        assert changed.words == "系统修改党员信息：联系电话由 <del>154****0123</del> 改为 <ins>154****9876</ins>"
        assert "事由：本人来电" in changed.note
        text = str(changed.words) + str(made.words)
        assert "15400000123" not in text and "990121198001010029" not in text and "990***29" in text
        named = timeline.read([changed.event], with_values=False)[0]
        assert named.words == "系统修改党员信息：联系电话"
        # What no person's verb goes with says what it was about.
        moved = type("Moved", (), {"__tablename__": "handover", "id": member.id})()
        for changes, words in (
            ({"due_on": [None, "2026-12-01"], "packet": ["a", "b"]}, "办理期限 <ins>2026-12-01</ins>，随件内容已改"),
            ({"n": [1, 2], "pending_id": [None, str(member.id)]}, "往来序号，内容没有改"),
        ):
            entry = events.record("handover.changed", moved)
            entry.changes = changes
            assert timeline.read([entry], with_values=False)[0].words == f"系统修改关系转接：{words}"
