"""Operators: made by a command, outside of every county, and in a county only through the door that its log tells of."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
import structlog
from sqlalchemy import delete, event, select

from tests import world
from tests.blueprints.test_auth import in_county, sign_in
from tests.conftest import owner
from tests.workers import run_all
from web import jobs
from web.blueprints.policy import OPERATOR
from web.core import clock, erasures, fence
from web.core.errors import Invalid
from web.core.events import Event
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import db, valkey
from web.federation.agreements.models import Agreement
from web.federation.post import transports
from web.tenants.accounts import factors
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.operators import service as operators
from web.tenants.operators.models import Operator

# Tables of no county, and those of which rows are counted: what waits, and the lines that stand (by `channel`).
COUNTED = {"outbox_message", "erasure", "peer"}
MAY_TOUCH = {"backup", "county", "operator", "operator_session", "post_due", "channel", "alembic_version", *COUNTED}


def code_now(later=0):
    with fence.platform("tests"):
        who = db.session.scalars(select(Operator)).one()
        return factors.code_at(who, int(clock.now().timestamp()) // factors.SECONDS + later)


def enter(client, password, later=0):
    form = {"username": "wang.yunwei", "password": password, "code": code_now(later)}
    return client.post("/operator/sign-in", data=form)


def signed_in_operator(fresh):
    """A client's cookie of a signed-in operator."""
    client = fresh.test_client()
    with fence.platform("tests"):
        made, clear, _codes = operators.add("wang.yunwei", "王运维")
        made.must_change = False
        fence.commit()
    assert enter(client, clear).status_code == 303
    return client.get_cookie("kl_operator", path="/operator/").value


@pytest.fixture
def operator(fresh, pair):
    client = fresh.test_client()
    client.set_cookie("kl_operator", signed_in_operator(fresh), path="/operator/")
    return client


def test_made_by_a_command_and_always_with_a_code(fresh, pair):
    run = fresh.test_cli_runner().invoke
    said = run(args=["operator", "add", "wang.yunwei", "王运维"]).output
    password = re.search(r"password +(\S+)", said)[1]
    recovery = re.search(r"recovery +(.+)", said)[1].split()
    assert len(recovery) == factors.RECOVERY and "otpauth://totp/" in said
    assert "taken" in run(args=["operator", "add", "wang.yunwei", "王运维"]).output
    client = fresh.test_client()
    assert client.get("/operator/").location == "/operator/sign-in"
    form = {"username": "wang.yunwei", "password": password, "code": ""}
    assert client.post("/operator/sign-in", data=form).status_code == 422, "the password alone is not enough"
    assert enter(client, "wrong").status_code == 422
    assert enter(client, password).status_code == 303
    assert client.get("/operator/").location == "/operator/password"
    new = {"current": password, "new": "Better-2-known", "again": "Better-2-known"}
    token = b"another browser".ljust(32)
    with fence.platform("tests"):
        operators.begin_session(db.session.scalars(select(Operator)).one(), token)
        fence.commit()
    assert client.post("/operator/password", data=new).status_code == 303
    assert client.get("/operator/").status_code == 200
    with fence.platform("tests"):
        assert operators.signed_in(token) is None, "whoever knew the old password is out"
    cookie = client.get_cookie("kl_operator", path="/operator/")
    assert cookie is not None and client.get(f"/{pair.home.code}/").status_code == 303
    assert client.post("/operator/sign-out").status_code == 303
    client.set_cookie("kl_operator", cookie.value, path="/operator/")
    assert client.get("/operator/").status_code == 303, "the old cookie is worth nothing"
    assert enter(client, "Better-2-known", 1).status_code == 303
    assert "closed" in run(args=["operator", "close", "wang.yunwei"]).output
    assert client.get("/operator/").status_code == 303


def test_who_may_not_come_in_is_written_down(fresh, pair):
    """No county's log has it, and it stood nowhere."""
    client = fresh.test_client()
    with fence.platform("tests"):
        made, clear, _codes = operators.add("wang.yunwei", "王运维")
        id_ = str(made.id)
        fence.commit()
    with structlog.testing.capture_logs() as logged:
        client.post("/operator/sign-in", data={"username": "nobody.here", "password": "wrong-1", "code": "000000"})
        for _ in range(accounts.LOCK_AFTER):
            assert enter(client, "wrong-1").status_code == 422
        assert enter(client, clear).status_code == 422, "locked"
    lines = [line for line in logged if line["event"].startswith("operator.")]
    failed = ["operator.sign_in_failed"] * (accounts.LOCK_AFTER - 1)
    assert [line["event"] for line in lines] == [
        "operator.sign_in_unknown", *failed, "operator.lock", "operator.sign_in_failed",
    ]  # fmt: skip
    assert [line.get("operator") for line in lines] == [None, *[id_] * (accounts.LOCK_AFTER + 1)]
    assert not any(word in str(logged) for word in ("wang.yunwei", "nobody.here", "wrong-1", clear))


def test_guesses_at_an_operators_open_browser_lock_and_sign_out(fresh, pair):
    client = fresh.test_client()
    with fence.platform("tests"):
        _made, clear, _codes = operators.add("wang.yunwei", "王运维")
        fence.commit()
    assert enter(client, clear).status_code == 303
    new = {"new": "Better-2-known", "again": "Better-2-known"}
    with structlog.testing.capture_logs() as logged:
        for _ in range(accounts.LOCK_AFTER):
            refused = client.post("/operator/password", data=new | {"current": "Wrong-1-guess"})
            assert refused.status_code == 422 and "现用密码不对" in refused.text
    lines = [line["event"] for line in logged if line["event"].startswith("operator.")]
    assert lines == ["operator.proof_failed"] * (accounts.LOCK_AFTER - 1) + ["operator.lock"]
    assert client.post("/operator/password", data=new | {"current": clear}).location.endswith("/operator/sign-in")
    assert enter(client, clear, 1).status_code == 422, "locked"


def test_no_page_of_theirs_reads_a_row_of_a_county(fresh, agreed, operator_after, proved, monkeypatch):
    """Every page an operator can open touches tables of no county, but for counting what waits to be sent."""
    seen = []
    monkeypatch.setitem(fresh.extensions, "kiteline", replace(fresh.extensions["kiteline"], erasures="/kept"))

    def listen(_connection, _cursor, statement, *_more):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        pages = [
            "/operator/",
            "/operator/password",
            "/operator/backups",
            *(f"/operator/counties/{agreed.home.code}/{act}" for act in ("stop", "start", "reset", "release", "open")),
        ]
        shown = [operator_after.get(page) for page in pages]
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert [page.status_code for page in shown] == [200] * len(pages)
    touched = {name for text in seen for name in re.findall(r"(?:FROM|JOIN|INTO|UPDATE)\s+\"?([a-z_]+)", text)}
    assert "county" in touched and touched <= MAY_TOUCH
    counts = [text for text in seen if any(f"FROM {table}" in text for table in COUNTED)]
    assert touched >= COUNTED and all("count(*)" in text and "body" not in text for text in counts)
    text = "".join(page.text for page in shown)
    assert agreed.home.name in text, "a county's public name"
    rows = dict(
        re.findall(
            r'<tr><th scope="row">\d+　(\S+?)</th>.*?<td class="num"[^>]*>(\d+)</td>\s*<td class="hide',
            shown[0].text,
            re.DOTALL,
        )
    )
    assert rows == {agreed.host.name: "1", agreed.home.name: "0"}, "messages that wait"
    for never in ("甲", "示例村", "天堂镇", "岳西县流动党员"):
        assert never not in text
    asked = [
        rule
        for rule in fresh.url_map.iter_rules()
        if getattr(fresh.view_functions[rule.endpoint], "policy", None) == OPERATOR
    ]
    clerk = fresh.test_client()
    sign_in(clerk, agreed.home)
    for rule in asked:
        address = rule.build({"code": agreed.home.code, "act": "stop"}, append_unknown=False)[1]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert clerk.open(address, method=method).location == "/operator/sign-in", rule
    assert len(asked) >= 4
    proved("pages of operators without a county's rows", len(pages))


@pytest.fixture
def operator_after(agreed, fresh):
    """An operator of the world with an agreement, with a message that waits."""
    world.put(agreed.host, [agreed.home])
    client = fresh.test_client()
    client.set_cookie("kl_operator", signed_in_operator(fresh), path="/operator/")
    return client


def test_every_act_stands_in_the_countys_own_log(fresh, pair, operator, monkeypatch):
    home, other, door = pair.host, pair.home, f"/operator/counties/{pair.host.code}"

    def acts(side):
        def ask():
            query = select(Event.verb, Event.reason, Event.actor_name).where(Event.actor_role == "operator")
            return [tuple(row) for row in db.session.execute(query.order_by(Event.id))]

        return in_county(side, ask)

    silent = operator.post(f"{door}/stop", data={"reason": " "})
    assert silent.status_code == 422 and acts(home) == []
    assert operator.post(f"{door}/stop", data={"reason": "停电检修"}).status_code == 303
    assert acts(home) == [("operation.stop_jobs", "停电检修", "王运维")] and acts(other) == []
    assert "已停下" in operator.get("/operator/").text
    jobs.ring_everyone(Job.TIMERS)
    assert valkey.client.llen("rq:queue:work") == 1, "the other county's only"
    run_all()
    id_ = world.put(home, [other])
    run_all()
    jobs.ring_post()
    assert run_all() == 0 and in_county(other, lambda: world.count(Agreement)) == 0, "nothing leaves"
    theirs = world.put(other, [home])
    run_all()
    assert in_county(home, lambda: db.session.get(Agreement, (home.tenant_id, theirs))) is None, "nothing is taken"
    assert operator.post(f"{door}/start", data={"reason": "恢复供电"}).status_code == 303
    with clock.at(clock.now() + timedelta(minutes=1)):
        jobs.ring_post()
        run_all()
    assert in_county(other, lambda: db.session.get(Agreement, (other.tenant_id, id_))) is not None, "nothing was lost"
    assert in_county(home, lambda: db.session.get(Agreement, (home.tenant_id, theirs))) is not None, "on either side"

    nobody = operator.post(f"{door}/reset", data={"username": "county_admin", "reason": "县里来函"})
    assert nobody.status_code == 422 and "没有这个在用的管理员账号" in nobody.text
    assert acts(home)[-1][:2] == ("operation.reset", "县里来函"), "what failed stands there too"
    again = operator.post(f"{door}/reset", data={"username": "secadmin", "reason": "县里来函"})
    clear = re.search(r'mono">([^<]+)<', again.text)[1]
    client = fresh.test_client()
    assert sign_in(client, home, "secadmin", clear).status_code == 303
    lost = {"username": "auditor", "reason": "手机遗失"}
    assert operator.post(f"{door}/release", data=lost | {"username": "liaison"}).status_code == 422
    assert operator.post(f"{door}/release", data=lost).status_code == 303
    released = in_county(home, lambda: db.session.scalars(select(Event).where(Event.verb == "account.release")).one())
    assert (released.actor_role, released.reason) == ("operator", "手机遗失")
    first = {
        "role": "auditor",
        "username": "new.auditor",
        "name": "冯例",
        "person": "990121199001010022",
        "reason": "首任",
    }
    assert "已有在用的账号" in operator.post(f"{door}/open", data=first).text
    auditor = fresh.test_client()
    sign_in(auditor, home, "auditor")
    log = auditor.get(f"/{home.code}/events?verb=operation.reset").text
    assert "王运维要求重置本县一个管理员的密码" in log and "县里来函" in log
    assert operator.get("/operator/counties/999999/stop").status_code == 404

    def dead(*_args, **_more):
        raise redis.ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(redis.Redis, "execute_command", dead)
        shown = operator.get("/operator/")
    assert shown.status_code == 200 and "有部分不正常" in shown.text and "连不上" in shown.text


def test_no_operator_takes_both_the_password_and_the_factor(fresh, pair, operator):
    """Alone one could come in as an administrator; another may do the second, or nobody needs it any more."""
    home, door = pair.host, f"/operator/counties/{pair.host.code}"
    with fence.platform("tests"):
        operators.add("li.yunwei", "李运维")
        fence.commit()

    def bind(*, is_bound=True):
        with home.act():
            who = db.session.scalars(select(Account).where(Account.username == "secadmin")).one()
            who.factor_at = clock.now() if is_bound else None
            fence.commit()

    def other(act):
        with fence.platform("tests"):
            who = db.session.scalars(select(Operator).where(Operator.username == "li.yunwei")).one()
            return act(who, home.code, "secadmin", "县里来函")

    def ask(act):
        answer = operator.post(f"{door}/{act}", data={"username": "secadmin", "reason": "县里来函"})
        return answer.status_code, "同一位运维人员不能既重置密码又解除验证器" in answer.text

    bind()
    assert ask("reset") == (200, False) and ask("reset") == (200, False), "the same once more gives nothing more"
    assert ask("release") == (422, True)
    other(operators.release)
    # The other operator has the factor's, this one the password's; that one cannot have the password too.
    with pytest.raises(Invalid, match="other_hand"):
        other(operators.reset)
    assert ask("reset") == (200, False)
    bind()
    assert other(operators.reset), "a factor is bound again"
    assert ask("release") == (303, False), "the password is the other's to know"
    assert ask("reset") == (422, True)
    bind()
    clear = re.search(
        r'mono">([^<]+)<', operator.post(f"{door}/reset", data={"username": "secadmin", "reason": "函"}).text
    )[1]
    bind(is_bound=False)
    assert ask("release") == (422, True)
    client = fresh.test_client()
    sign_in(client, home, "secadmin", clear)
    new = {"current": clear, "new": "Better-2-known", "again": "Better-2-known"}
    assert client.post(f"/{home.code}/password", data=new).status_code == 303
    assert ask("release") == (303, False), "the holder's own password by now"


def test_a_backup_is_asked_for_and_what_came_of_it_stands_there(fresh, pair, operator, monkeypatch):
    page = "/operator/backups"
    assert "还没有要过备份" in operator.get(page).text
    for kept, since, said in (
        ("", timedelta(), "没有设 KITELINE_ERASURES"),
        ("/kept", timedelta(seconds=30), None),
        ("/kept", timedelta(minutes=2), "请看调度程序是否在运行"),
    ):
        monkeypatch.setitem(fresh.extensions, "kiteline", replace(fresh.extensions["kiteline"], erasures=kept))
        with pair.home.act():
            db.session.execute(delete(erasures.Erasure))
            with clock.at(clock.now() - since):
                erasures.note("consent", uuid7())
                fence.commit()
        for shown in (operator.get(page).text, operator.get("/operator/").text):
            assert ("恢复备份会带回已经销毁的内容" in shown) is (said is not None), (kept, since)
            assert said is None or said in shown
        assert ("一切正常" in shown) is (said is None)
    with owner(db.engine.url.database) as connection:
        connection.execute("ALTER TABLE erasure RENAME TO erasure_to_be")
        shown = operator.get("/operator/").text
        connection.execute("ALTER TABLE erasure_to_be RENAME TO erasure")
    assert "查不到" in shown and "有部分不正常" in shown, "a database that is not migrated yet has none"
    assert operator.post(page, data={"reason": ""}).status_code == 422
    assert operator.post(page, data={"reason": "每季演练"}).status_code == 303
    assert "等备份程序" in operator.get(page).text
    again = operator.post(page, data={"reason": "再要一份"})
    assert again.status_code == 422 and "已有一份备份在等或在做" in again.text

    def told():
        query = select(Event.verb, Event.reason, Event.actor_name).where(Event.actor_role == "operator")
        return [tuple(row) for row in db.session.execute(query)]

    for side in (pair.home, pair.host):
        assert in_county(side, told) == [("operation.backup", "每季演练", "王运维")], "once, in every county's own log"
    # What deploy/backup writes, as the owner (tests/deploy/test_backup.py).
    for written, shown in (
        ("asked_at = now() - interval '3 minutes'", "还没有程序来做"),
        ("begun_at = now()", "正在做"),
        ("ended_at = now(), problem = 'disk'", "腾出地方，再要一份"),
        ("problem = NULL, size = 2048000, sha256 = repeat('ab', 32), file_name = 'kiteline-x.backup'", "2,000 KB"),
    ):
        with owner(db.engine.url.database) as connection:
            connection.execute(f"UPDATE backup SET {written}")
        assert shown in operator.get(page).text
    done = operator.get(page).text
    assert (
        "kiteline-x.backup" in done
        and "ab" * 32 in done
        and "做一份备份" in done
        and 'href="/operator/backups/' not in done
    )


def test_a_line_that_stands_still_shows_at_its_county(operator, pair, work, monkeypatch):
    world.put(pair.host, [pair.home])
    monkeypatch.setattr(transports, "deliver", lambda *args: [transports.Answer(code="bad_signature")])
    work()
    row = r'<tr><th scope="row">\d+　(\S+?)</th>.*?data-head="停着的线">(\d+)<'
    assert dict(re.findall(row, operator.get("/operator/").text, re.DOTALL)) == {
        pair.host.name: "1",
        pair.home.name: "0",
    }
