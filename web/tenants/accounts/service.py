"""Verbs of accounts and sessions: open, sign in, sign out, change and reset the password, appoint, close, revoke.

Sign-in answers wrong name, wrong password and locked account alike, and in about the same time: the hash is computed in
every case. A hash takes 64 MiB, so only a few are computed at once.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, TooMany
from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.models import Account, LoginSession
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties

# The library's defaults: 64 MiB, three passes. A worker never computes more than this many at once.
_hasher = PasswordHasher()
_hashing = threading.BoundedSemaphore(4)
HASH_WAIT = 10.0
LOCK_AFTER, LOCK_FOR = 5, timedelta(minutes=30)
PASSWORD_LASTS = timedelta(days=90)
LIVE_FOR = timedelta(minutes=30)
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
STRANGER = Actor(None, "未登录", "anonymous")


@contextmanager
def _a_hash() -> Iterator[None]:
    if not _hashing.acquire(timeout=HASH_WAIT):
        raise TooMany("too_many")
    try:
        yield
    finally:
        _hashing.release()


def _hash(password: str) -> str:
    with _a_hash():
        return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def one_time_password() -> str:
    """Twelve characters without look-alikes in groups of four, with a digit, both cases and a sign."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3)) + "7K"


def password_faults(password: str, username: str) -> list[str]:
    """Codes of what is wrong with a password (DOMAIN C-01): too short, too plain, holding the user name."""
    classes = sum(
        any(test(c) for c in password)
        for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum() and not c.isspace())
    )
    faults = {
        "password_short": len(password) < 8,
        "password_plain": classes < 3,
        "password_holds_username": bool(username) and username.lower() in password.lower(),
        "too_long": len(password) > 128,
    }
    return [code for code, is_so in faults.items() if is_so]


def open_account(
    username: str, name: str, role: Role, org_id: UUID, *, password: str | None = None, work_phone: str = ""
) -> tuple[Account, str]:
    """A new account; its one-time password is returned once and must be changed at the first sign-in."""
    username, name = username.strip().lower(), name.strip()
    wrong: dict[str, object] = {
        field: "required" for field, value in (("username", username), ("name", name)) if not value
    }
    if username and not (username.isascii() and username.replace("_", "").replace(".", "").isalnum()):
        wrong["username"] = "username_letters"
    if db.session.scalar(db.select(Account.id).where(Account.username == username)):
        wrong["username"] = "taken"
    if wrong:
        raise Invalid(wrong)
    clear = password or one_time_password()
    account = Account(
        username=username,
        name=name,
        role=role,
        org_id=org_id,
        password_hash=_hash(clear),
        password_set_at=clock.now(),
        must_change=True,
        is_active=True,
        failures=0,
        work_phone=work_phone,
        created_at=clock.now(),
    )
    events.record("account.open", account)
    db.session.add(account)
    db.session.flush()
    return account, clear


def get(account_id: UUID) -> Account:
    """NotFound when it is absent or another county's."""
    found = db.session.get(Account, (fence.tenant(), account_id))
    if found is None:
        raise NotFound()
    return found


def every() -> Sequence[Account]:
    """All accounts, those in use first: one query."""
    return db.session.scalars(db.select(Account).order_by(Account.is_active.desc(), Account.username)).all()


def who_can(permission: Permission, limit: int = 5) -> list[tuple[str, Role]]:
    """Name and role of people in use who hold the permission, the longest-serving first: whom a refused one can ask."""
    roles = [role for role, held in GRANTS.items() if permission in held]
    query = db.select(Account.name, Account.role).where(Account.role.in_(roles), Account.is_active)
    return [(n, r) for n, r in db.session.execute(query.order_by(Account.created_at, Account.id).limit(limit))]


def verify(account: Account, password: str) -> bool:
    """Does the password fit? Takes the same time either way. TooMany when too many ask at once."""
    return _fits(account.password_hash, password)


def _fits(stored: str, password: str) -> bool:
    with _a_hash():
        try:
            return _hasher.verify(stored, password)
        except VerifyMismatchError:
            return False


def authenticate(username: str, password: str, *, ip: str = "") -> Account | None:
    """The account that may come in now, or None: wrong name, wrong password, locked or closed all alike.

    Failures are counted on the row and logged: the caller must commit also when the answer is None.
    """
    query = db.select(Account).where(Account.username == username.strip().lower()).with_for_update()
    account: Account | None = db.session.scalars(query).first()
    now = clock.now()
    fits = _fits(account.password_hash if account else _nobodys_hash(), password[:1000])
    stranger = Actor(None, STRANGER.name, STRANGER.role, ip=ip)
    if account is None:
        with events.by(stranger):
            events.record("account.sign_in_unknown", counties.settings())
            db.session.flush()
        return None
    is_locked = account.locked_until is not None and now < account.locked_until
    if account.locked_until is not None and not is_locked:
        account.failures, account.locked_until = 0, None
    if fits and account.is_active and not is_locked:
        account.failures, account.locked_until = 0, None
        account.must_change = account.must_change or now - account.password_set_at > PASSWORD_LASTS
        return account
    with events.by(stranger):
        if not is_locked and not fits:
            account.failures += 1
        if not is_locked and account.failures >= LOCK_AFTER:
            account.locked_until = now + LOCK_FOR
            events.record("account.lock", account, details={"minutes": int(LOCK_FOR.total_seconds() // 60)})
        else:
            events.record("account.sign_in_failed", account)
        db.session.flush()
    return None


def begin_session(account: Account, token_digest: bytes, *, ip: str = "", agent: str = "") -> LoginSession:
    """A session row for a browser that has just proved who it is."""
    now = clock.now()
    row = LoginSession(
        account_id=account.id, token=token_digest, ip=ip, agent=agent[:200], created_at=now, last_seen_at=now
    )
    db.session.add(row)
    with events.by(Actor(account.id, account.name, account.role, account.org_id, "", ip)):
        events.record("account.sign_in", account)
        db.session.flush()
    return row


def live_sessions(account_id: UUID) -> Sequence[LoginSession]:
    """Browsers signed in now, the latest first."""
    since = clock.now() - LIVE_FOR
    query = db.select(LoginSession).where(
        LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None), LoginSession.last_seen_at > since
    )
    return db.session.scalars(query.order_by(LoginSession.created_at.desc())).all()


def end_session(account: Account, session_id: UUID, *, verb: str = "account.revoke_session") -> None:
    """Revoke one of the account's sessions; NotFound when it is not one of them."""
    row = db.session.get(LoginSession, (fence.tenant(), session_id))
    if row is None or row.account_id != account.id:
        raise NotFound()
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        events.record(verb, account)
    db.session.flush()


def end_sessions(account: Account, *, but: UUID | None = None, verb: str = "account.revoke_sessions") -> int:
    """Revoke all live sessions of the account, but one if said; returns how many."""
    rows = [row for row in live_sessions(account.id) if row.id != but]
    for row in rows:
        row.revoked_at = clock.now()
    if rows:
        events.record(verb, account, details={"count": len(rows)})
    db.session.flush()
    return len(rows)


def change_password(account: Account, current: str, new: str, again: str, *, keep: UUID | None = None) -> None:
    """The holder's own change. Other browsers are signed out; `keep` is the session that goes on."""
    if not verify(account, current):
        raise Invalid({"current": "password_wrong"})
    wrong: dict[str, object] = {}
    if faults := password_faults(new, account.username):
        wrong["new"] = faults
    elif verify(account, new):
        wrong["new"] = "password_same"
    if new != again:
        wrong["again"] = "password_differs"
    if wrong:
        raise Invalid(wrong)
    end_sessions(account, but=keep)
    account.password_hash, account.password_set_at, account.must_change = _hash(new), clock.now(), False
    events.record("account.change_password", account)
    db.session.flush()


def reset_password(account: Account) -> str:
    """A new one-time password, returned once; the account is unlocked and signed out everywhere."""
    clear = one_time_password()
    end_sessions(account)
    account.password_hash, account.password_set_at, account.must_change = _hash(clear), clock.now(), True
    account.failures, account.locked_until = 0, None
    events.record("account.reset_password", account)
    db.session.flush()
    return clear


def appoint(account: Account, name: str, role: Role, org_id: UUID, *, work_phone: str = "") -> None:
    """Change a person's name, role or part of the tree. Nobody changes their own role: there is always a second pair of eyes."""
    if not name.strip():
        raise Invalid({"name": "required"})
    if account.id == events.actor().account_id and role is not account.role:
        raise Invalid({"role": "not_oneself"})
    if account.id != events.actor().account_id and (role is not account.role or org_id != account.org_id):
        end_sessions(account)
    account.name, account.role, account.org_id, account.work_phone = name.strip(), role, org_id, work_phone.strip()
    events.record("account.appoint", account)
    db.session.flush()


def close_account(account: Account, reason: str) -> None:
    """Take it out of use; its sessions end at once. Nobody closes their own."""
    if account.id == events.actor().account_id:
        raise Invalid({"reason": "not_oneself"})
    if not reason.strip():
        raise Invalid({"reason": "required"})
    end_sessions(account)
    account.is_active = False
    events.record("account.close", account, reason=reason.strip())
    db.session.flush()


def reopen_account(account: Account) -> str:
    """Put it back in use with a new one-time password, returned once."""
    account.is_active = True
    clear = reset_password(account)
    events.record("account.reopen", account)
    db.session.flush()
    return clear


def see_notices(account_id: UUID) -> None:
    """The account has seen what partner counties did until now."""
    # In one unlogged statement: reading one's own notices changes nothing anybody else would look up.
    db.session.execute(
        db.update(Account.__table__)
        .where(Account.tenant_id == fence.tenant(), Account.id == account_id)
        .values(notices_seen_at=clock.now())
    )
