"""Accounts below the edge: rules of passwords, the cap on hashes, who can, what a lock leaves."""

import threading
from datetime import timedelta

import pytest

from tests import world
from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, TooMany
from web.extensions import db
from web.tenants.accounts import passwords
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import LoginSession
from web.tenants.accounts.permissions import GRANTS, Permission, Role


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("Abc-1234", []),
        ("Abc12345", []),
        ("abc-1234", []),
        ("Abc-123", ["password_short"]),
        ("abcd1234", ["password_plain"]),
        ("ABCD-EFG", ["password_plain"]),
        ("Liaison-77", ["password_holds_username"]),
        ("aA1-" * 33, ["too_long"]),
        ("", ["password_short", "password_plain"]),
        ("密码密码密码A1", ["password_plain"]),
    ],
)
def test_rules_of_passwords(password, faults):
    assert passwords.faults(password, "liaison") == faults


def test_one_time_passwords_keep_the_rules():
    made = {passwords.one_time() for _ in range(200)}
    assert len(made) == 200
    assert all(passwords.faults(p, "county_admin") == [] for p in made)


def test_only_a_few_hashes_at_once(pair, monkeypatch):
    monkeypatch.setattr(passwords, "_hashing", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "HASH_WAIT", 0.01)
    with pair.home.act():
        account = accounts.get(pair.home.accounts[Role.LIAISON])
        with passwords._a_hash(), pytest.raises(TooMany):
            passwords.fits(account.password_hash, world.PASSWORD)
        assert passwords.fits(account.password_hash, world.PASSWORD), "and is free again"


def test_who_can_names_people_in_use(pair):
    with pair.home.act():
        assert accounts.who_can(Permission.AGREEMENT_APPROVE) == [("leader_readonly甲", Role.LEADER_READONLY)]
        accounts.close_account(accounts.get(pair.home.accounts[Role.LEADER_READONLY]), "调离")
        assert accounts.who_can(Permission.AGREEMENT_APPROVE) == []
        holders = {role for _, role in accounts.who_can(Permission.MEMBER_READ, limit=10)}
        assert holders == {r for r in Role if Permission.MEMBER_READ in GRANTS[r]}


def test_a_lock_counts_again_from_nought(pair):
    def tries(password, at):
        with clock.at(at):
            return accounts.authenticate("liaison", password)

    with pair.home.act():
        now, late = clock.now(), clock.now() + timedelta(minutes=31)
        account = accounts.get(pair.home.accounts[Role.LIAISON])
        assert [tries("x", now) for _ in range(5)] == [None] * 5
        assert account.locked_until == now + accounts.LOCK_FOR
        assert tries(world.PASSWORD, now) is None
        assert tries("x", late) is None and account.failures == 1 and account.locked_until is None
        assert tries(world.PASSWORD, late) is account and account.failures == 0
        logged = [
            e.verb for e in db.session.scalars(db.select(events.Event).where(events.Event.subject_id == account.id))
        ]
        assert logged.count("account.lock") == 1


def test_closing_ends_sessions_and_another_countys_account_is_absent(pair):
    with pair.home.act():
        account = accounts.get(pair.home.accounts[Role.LIAISON])
        for token in (b"a" * 32, b"b" * 32):
            accounts.begin_session(account, token, ip="127.0.0.1", agent="x" * 500)
        assert len(accounts.live_sessions(account.id)) == 2
        with pytest.raises(Invalid):
            accounts.close_account(account, "")
        accounts.close_account(account, "调离")
        assert accounts.live_sessions(account.id) == []
        assert {row.revoked_at is None for row in db.session.scalars(db.select(LoginSession))} == {False}
        with pytest.raises(NotFound):
            accounts.get(pair.host.accounts[Role.LIAISON])
        fence.commit()
