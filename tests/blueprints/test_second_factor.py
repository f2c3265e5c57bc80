"""The second factor: bound, asked for, taken once, recovered, demanded of administrators; and passwords that do not come back."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from tests import world
from tests.blueprints.test_auth import in_county, sign_in
from web.core import clock, events, fence
from web.core.errors import Invalid
from web.extensions import db
from web.tenants.accounts import factors, passwords
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties


def code_of(side, role, later=0):
    """What the telephone of the account shows, `later` intervals from now."""
    step = int(clock.now().timestamp()) // factors.SECONDS + later
    return in_county(side, lambda: factors.code_at(accounts.get(side.accounts[role]), step))


def test_the_codes_are_those_of_the_rfc(pair, monkeypatch):
    """RFC 6238, appendix B, the last six of its eight digits."""
    from web.core import crypto

    who = Account(id=pair.home.accounts[Role.LIAISON])
    with pair.home.act():
        who.factor = crypto.encrypt(factors._key(), b"12345678901234567890", str(who.id))
        for at, code in [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]:
            assert factors.code_at(who, at // 30) == code


def test_bound_asked_for_and_taken_once(fresh, pair):
    side, base, role = pair.home, f"/{pair.home.code}", Role.LIAISON
    client = fresh.test_client()
    sign_in(client, side, "liaison")
    assert "开始绑定" in client.get(f"{base}/second-factor").text
    assert client.post(f"{base}/second-factor/begin").status_code == 303
    shown = client.get(f"{base}/second-factor").text
    secret = re.search(r'<span class="mono">([A-Z2-7 ]+)</span>', shown)[1]
    assert "data:image/svg+xml" in shown and len(secret.replace(" ", "")) == 32
    stored = in_county(side, lambda: bytes(accounts.get(side.accounts[role]).factor))
    assert secret.replace(" ", "").encode() not in stored, "encrypted at rest"
    wrong = client.post(f"{base}/second-factor", data={"code": "000000"})
    assert wrong.status_code == 422 and "动态码不对" in wrong.text
    sign_in(fresh.test_client(), side, "liaison")  # not bound yet: not asked for
    used = code_of(side, role)
    bound = client.post(f"{base}/second-factor", data={"code": used})
    recovery = re.findall(r"<li>([0-9a-f]{8}-[0-9a-f]{8})</li>", bound.text)
    assert bound.status_code == 200 and len(set(recovery)) == factors.RECOVERY
    assert client.post(f"{base}/second-factor/begin").status_code == 422, "a bound one is taken off first"

    def enter(code, at=None, password=world.PASSWORD):
        with clock.at(at or clock.now()):
            return sign_in(fresh.test_client(), side, "liaison", password, code=code).status_code

    assert enter("") == 422 and enter(used) == 422, "the one that bound it is taken"
    now = clock.now()
    fine = now + timedelta(seconds=60)
    code = code_of(side, role, 2)
    assert enter(code, fine, "wrong") == 422
    assert enter(code, fine) == 303, "a wrong password did not use it up"
    assert enter(code, fine) == 422, "a replay"
    assert enter(code_of(side, role, 1), fine) == 422, "nor one from before"
    assert enter(code_of(side, role, 9), fine) == 422, "nor one from afar"
    assert enter(recovery[0].upper(), fine) == 303 and enter(recovery[0], fine) == 422
    for _ in range(4):
        enter("123456", fine)
    assert enter(recovery[1], fine) == 422, "five wrong codes lock the account as five wrong passwords do"
    assert "还剩 9 个" in client.get(f"{base}/second-factor").text
    off = client.post(f"{base}/second-factor", data={"code": recovery[2]})
    assert off.status_code == 303 and "开始绑定" in client.get(f"{base}/second-factor").text
    log = in_county(side, lambda: [e.verb for e in db.session.scalars(db.select(events.Event))])
    assert {"account.bind", "account.unbind", "account.lock"} <= set(log)


def test_demanded_of_administrators_and_released_by_two(fresh, pair):
    side, base = pair.home, f"/{pair.home.code}"
    guard, clerk, system = (fresh.test_client() for _ in range(3))
    sign_in(guard, side, "secadmin")
    assert guard.post(f"{base}/accounts/security", data={"demands_code": "1"}).status_code == 303
    assert guard.get(f"{base}/accounts").location == f"{base}/second-factor", "it holds for who ordered it"
    sign_in(clerk, side)
    assert clerk.get(f"{base}/accounts").status_code == 200, "of the others it is not demanded"
    guard.post(f"{base}/second-factor/begin")
    forced = guard.get(f"{base}/second-factor").text
    assert "先绑定验证器" in forced and "主导航" not in forced
    guard.post(f"{base}/second-factor", data={"code": code_of(side, Role.SECADMIN)})
    assert guard.get(f"{base}/accounts").status_code == 200
    kept = guard.post(f"{base}/second-factor", data={"code": code_of(side, Role.SECADMIN, 1)})
    assert kept.status_code == 422 and "不能自己解除" in kept.text

    sign_in(system, side, "sysadmin")
    system.post(f"{base}/second-factor/begin")
    system.post(f"{base}/second-factor", data={"code": code_of(side, Role.SYSADMIN)})
    lost = f"{base}/accounts/{side.accounts[Role.SYSADMIN]}"
    alone = guard.post(f"{lost}/release", data={"reason": "手机遗失"})
    assert alone.status_code == 422 and "要两个人办" in alone.text
    assert guard.post(f"{lost}/propose/release", data={"reason": "手机遗失"}).status_code == 303
    with fence.acting_for(side.tenant_id):
        counties.demand_code(is_demanded=False)
        fence.commit()
    own = re.search(r"/accounts/proposals/[0-9a-f-]{36}/refuse", guard.get(f"{base}/accounts").text)[0]
    assert system.post(f"{base}{own.replace('refuse', 'confirm')}").status_code == 403, "not the one it is about"


def test_who_sits_at_an_open_browser_has_five_guesses(fresh, pair, proved):
    """A wrong password or code said by who is signed in counts as at the door; the lock signs this browser out too."""
    side, base, role = pair.home, f"/{pair.home.code}", Role.LIAISON
    client, elsewhere = fresh.test_client(), fresh.test_client()
    sign_in(elsewhere, side, "liaison")
    sign_in(client, side, "liaison")
    client.post(f"{base}/second-factor/begin")
    assert client.post(f"{base}/second-factor", data={"code": code_of(side, role)}).status_code == 200
    new = {"current": "Wrong-1-guess", "new": "Better-2-known", "again": "Better-2-known"}

    def failures():
        return in_county(side, lambda: accounts.get(side.accounts[role]).failures)

    guesses = [("password", new, "现用密码不对")] * 2 + [("second-factor", {"code": "000000"}, "动态码不对")] * 2
    for n, (page, said, why) in enumerate(guesses, 1):
        assert elsewhere.get(f"{base}/sessions").status_code == 200 and failures() == n - 1
        refused = client.post(f"{base}/{page}", data=said)
        assert refused.status_code == 422 and why in refused.text, page
    assert failures() == len(guesses) == accounts.LOCK_AFTER - 1
    assert client.post(f"{base}/password", data=new | {"current": world.PASSWORD, "again": "x"}).status_code == 422
    assert failures() == accounts.LOCK_AFTER - 1, "a slip in the new password is no guess, and forgives none"
    assert client.post(f"{base}/second-factor", data={"code": "000000"}).status_code == 422
    for browser in (client, elsewhere):
        assert "/sign-in" in browser.get(f"{base}/sessions").location, "out, here and everywhere"
    now, right = clock.now(), code_of(side, role, 1)
    assert sign_in(fresh.test_client(), side, "liaison", code=right).status_code == 422, "locked"
    with clock.at(now + accounts.LOCK_FOR):
        assert sign_in(fresh.test_client(), side, "liaison", code=code_of(side, role)).status_code == 303
    assert failures() == 0
    log = in_county(side, lambda: [e.verb for e in db.session.scalars(db.select(events.Event))])
    assert log.count("account.proof_failed") == len(guesses) and log.count("account.lock") == 1
    proved("guesses at an open browser counted", accounts.LOCK_AFTER)


def test_the_last_five_passwords_do_not_come_back(pair):
    with pair.home.act():
        account = accounts.get(pair.home.accounts[Role.LIAISON])
        said = [world.PASSWORD, *(f"Other-{n}-word" for n in range(passwords.REMEMBERED))]
        for old, new in pairwise(said):
            accounts.change_password(account, old, new, new)
        for used in said[2:-1]:
            with pytest.raises(Invalid) as refused:
                accounts.change_password(account, said[-1], used, used)
            assert refused.value.fields == {"new": ["password_used"]}
        assert len(account.old_hashes) == passwords.REMEMBERED - 1 and all("Other" not in h for h in account.old_hashes)
        accounts.change_password(account, said[-1], said[0], said[0])  # the sixth before: long enough ago
