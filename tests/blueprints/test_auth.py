"""Signing in: lock, one message, idle, one-time password, revoked sessions, two counties in one browser, CSRF."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters

from tests import world
from web.core import clock, events, fence
from web.extensions import db
from web.tenants.accounts import passwords
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account, LoginSession
from web.tenants.accounts.permissions import Role


def sign_in(client, side, username="county_admin", password=world.PASSWORD, **more):
    return client.post(f"/{side.code}/sign-in", data={"username": username, "password": password, "next": "", **more})


def in_county(side, question):
    with fence.acting_for(side.tenant_id):
        return question()


def verbs(side):
    return in_county(side, lambda: list(db.session.scalars(db.select(events.Event.verb).order_by(events.Event.id))))


def test_in_and_out(fresh, pair):
    client = fresh.test_client()
    page = f"/{pair.home.code}/sessions"
    refused = client.get(page)
    assert (
        refused.status_code == 303 and refused.location == f"/{pair.home.code}/sign-in?next=/{pair.home.code}/sessions"
    )
    form = client.get(refused.location)
    assert form.status_code == 200 and 'name="password"' in form.text and "no-store" in form.headers["Cache-Control"]
    inside = sign_in(client, pair.home, next=page)
    assert inside.status_code == 303 and inside.location == page
    cookie = inside.headers["Set-Cookie"]
    assert cookie.startswith(f"kl_{pair.home.code}=") and f"Path=/{pair.home.code}/" in cookie
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    listed = client.get(page)
    assert listed.status_code == 200 and "这一台" in listed.text
    kept = client.get_cookie(f"kl_{pair.home.code}", path=f"/{pair.home.code}/").value
    assert client.post(f"/{pair.home.code}/sign-out").status_code == 303
    client.set_cookie(f"kl_{pair.home.code}", kept, path=f"/{pair.home.code}/")
    assert client.get(page).status_code == 303  # the old cookie is worth nothing
    assert {"account.sign_in", "account.sign_out"} <= set(verbs(pair.home))


def test_the_same_answer_for_every_reason(fresh, pair, monkeypatch):
    """And the same work: one hash of the same cost each. Counted, since the time of so short a thing says little."""
    client = fresh.test_client()
    with fence.acting_for(pair.home.tenant_id):
        accounts.close_account(accounts.get(pair.home.accounts[Role.LIAISON]), "调离")
        fence.commit()
    said, hashes = [], []

    class Counting(PasswordHasher):
        def verify(self, stored, password):
            hashes.append(str(extract_parameters(stored)))
            return super().verify(stored, password)

    monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    for username, password in [("nobody", "x"), ("county_admin", "wrong"), ("liaison", world.PASSWORD)]:
        answer = sign_in(client, pair.home, username, password)
        assert answer.status_code == 422
        said.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert said[0] == said[1] == said[2]
    assert len(hashes) == 3 and len(set(hashes)) == 1
    assert {"account.sign_in_unknown", "account.sign_in_failed"} <= set(verbs(pair.home))


def test_five_failures_lock_for_thirty_minutes(fresh, pair):
    client = fresh.test_client()
    for _ in range(5):
        assert sign_in(client, pair.home, password="wrong").status_code == 422
    assert sign_in(client, pair.home).status_code == 422, "locked"
    assert "account.lock" in verbs(pair.home)
    assert sign_in(fresh.test_client(), pair.host).status_code == 303, (
        "another county's account of the same name is not"
    )
    with clock.at(clock.now() + timedelta(minutes=31)):
        assert sign_in(client, pair.home).status_code == 303
        row = in_county(pair.home, lambda: accounts.get(pair.home.accounts[Role.COUNTY_ADMIN]))
        assert row.failures == 0


def test_idle_for_thirty_minutes_ends_it(fresh, pair):
    client = fresh.test_client()
    began = clock.now()
    with clock.at(began):
        sign_in(client, pair.home)
    for minutes, status in [(29, 200), (58, 200), (89, 303)]:
        with clock.at(began + timedelta(minutes=minutes)):
            assert client.get(f"/{pair.home.code}/sessions").status_code == status


def test_a_one_time_password_opens_only_the_page_that_changes_it(fresh, pair):
    with fence.acting_for(pair.home.tenant_id):
        once = accounts.reset_password(accounts.get(pair.home.accounts[Role.COUNTY_ADMIN]))
        fence.commit()
    client = fresh.test_client()
    assert sign_in(client, pair.home, password=world.PASSWORD).status_code == 422
    assert sign_in(client, pair.home, password=once).status_code == 303
    address = f"/{pair.home.code}/password"
    blocked = client.get(f"/{pair.home.code}/sessions")
    assert blocked.status_code == 303 and blocked.location == address
    for new, words in [
        ("Short1-", "至少 8 位"),
        ("onlyletters", "至少要有三种"),
        ("County_Admin-1", "不能含有用户名"),
        (once, "不能与现用密码相同"),
    ]:
        answer = client.post(address, data={"current": once, "new": new, "again": new})
        assert answer.status_code == 422 and words in answer.text
    differs = client.post(address, data={"current": once, "new": "Fresh-9-words", "again": "Fresh-8-words"})
    assert differs.status_code == 422 and "两次输入的不一样" in differs.text
    wrong = client.post(address, data={"current": "x", "new": "Fresh-9-words", "again": "Fresh-9-words"})
    assert wrong.status_code == 422 and "现用密码不对" in wrong.text
    assert (
        client.post(address, data={"current": once, "new": "Fresh-9-words", "again": "Fresh-9-words"}).status_code
        == 303
    )
    assert client.get(f"/{pair.home.code}/sessions").status_code == 200
    logged = in_county(pair.home, lambda: [e.changes for e in db.session.scalars(db.select(events.Event))])
    assert "argon2" not in str(logged), "the log says that a password changed, never its hash"


def test_after_ninety_days_it_must_be_changed(fresh, pair):
    with clock.at(clock.now() + timedelta(days=91)):
        client = fresh.test_client()
        assert sign_in(client, pair.home).status_code == 303
        assert client.get(f"/{pair.home.code}/sessions").location == f"/{pair.home.code}/password"


def test_sessions_are_revoked_one_by_one_and_all(fresh, pair):
    here, there, third = (fresh.test_client() for _ in range(3))
    for client in (here, there, third):
        sign_in(client, pair.home)
    sign_in(other := fresh.test_client(), pair.home, "liaison")
    page = f"/{pair.home.code}/sessions"
    rows = in_county(pair.home, lambda: list(db.session.execute(db.select(LoginSession.id, LoginSession.account_id))))
    liaisons = next(i for i, account in rows if account == pair.home.accounts[Role.LIAISON])
    assert here.post(f"{page}/{liaisons}/revoke").status_code == 404, "not one's own"
    ids = re.findall(r"/sessions/([0-9a-f-]{36})/revoke", here.get(page).text)
    assert len(ids) == 2
    assert here.post(f"{page}/{ids[0]}/revoke").status_code == 303
    assert sorted(c.get(page).status_code for c in (there, third)) == [200, 303]
    assert here.post(f"{page}/revoke-others").status_code == 303
    assert [c.get(page).status_code for c in (here, there, third, other)] == [200, 303, 303, 200]


def test_two_counties_side_by_side_in_one_browser(fresh, pair):
    client = fresh.test_client()
    for side in (pair.home, pair.host):
        assert sign_in(client, side).status_code == 303
    for side in (pair.home, pair.host):
        with fence.acting_for(side.tenant_id):
            office = db.session.scalars(db.select(Account.name).where(Account.role == Role.COUNTY_ADMIN)).one()
        page = client.get(f"/{side.code}/sessions")
        assert page.status_code == 200 and side.code in page.text and office in page.text
    client.post(f"/{pair.home.code}/sign-out")
    assert client.get(f"/{pair.home.code}/sessions").status_code == 303
    assert client.get(f"/{pair.host.code}/sessions").status_code == 200
    stolen = client.get_cookie(f"kl_{pair.host.code}", path=f"/{pair.host.code}/").value
    client.set_cookie(f"kl_{pair.home.code}", stolen, path=f"/{pair.home.code}/")
    assert client.get(f"/{pair.home.code}/sessions").status_code == 303, "one county's cookie under the other's name"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example/", "https://evil.example/", "/330110/sessions", "/340828/\\evil", "/340828/../x", "javascript:1"],
)
def test_no_way_out_by_next(fresh, pair, wanted):
    answer = sign_in(fresh.test_client(), pair.home, next=wanted)
    assert answer.status_code == 303
    assert answer.location.startswith("/340828/") and "evil" not in answer.location and ".." not in answer.location


def test_forms_carry_a_token(fresh, pair):
    fresh.config["WTF_CSRF_ENABLED"] = True
    try:
        client = fresh.test_client()
        assert sign_in(client, pair.home).status_code == 400
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/{pair.home.code}/sign-in").text)[1]
        assert sign_in(client, pair.home, csrf_token=token).status_code == 303
        stale = client.post(f"/{pair.home.code}/sign-out", data={"csrf_token": token})
        assert stale.status_code == 400 and "表单凭证已失效" in stale.text, (
            "the token of before is not the token of after"
        )
        fresh_token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/{pair.home.code}/sessions").text)[1]
        assert client.post(f"/{pair.home.code}/sign-out", data={"csrf_token": fresh_token}).status_code == 303
    finally:
        fresh.config["WTF_CSRF_ENABLED"] = False


def test_unknown_fields_and_strange_input(fresh, pair):
    client = fresh.test_client()
    answer = sign_in(client, pair.home, role="county_admin")
    assert answer.status_code == 422
    answer = sign_in(client, pair.home, "a\x00b" * 3, "x" * 5000)
    assert answer.status_code == 422
    assert client.get("/999999/sign-in").status_code == 404
    assert client.get(f"/{pair.home.code}/nothing-here").status_code == 404
