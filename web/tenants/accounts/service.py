"""Verbs of accounts and sessions: open, sign in, sign out, change the password, revoke, close."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound
from web.extensions import db
from web.tenants.accounts.models import Account, LoginSession
from web.tenants.accounts.permissions import Role

# 64 MiB and three passes a hash (the library's defaults); machines under test use `cheap`.
_hasher = PasswordHasher()
LOCK_AFTER, LOCK_FOR = 5, timedelta(minutes=30)
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def one_time_password() -> str:
    """Twelve characters without look-alikes, with a digit, a letter and a sign."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3)) + "7K"


def open_account(
    username: str, name: str, role: Role, org_id: UUID, *, password: str | None = None, work_phone: str = ""
) -> tuple[Account, str]:
    """A new account; its one-time password is returned once and must be changed at the first sign-in."""
    username = username.strip().lower()
    if not username:
        raise Invalid({"username": "required"})
    if db.session.scalar(db.select(Account.id).where(Account.username == username)):
        raise Invalid({"username": "taken"})
    clear = password or one_time_password()
    account = Account(
        username=username,
        name=name.strip(),
        role=role,
        org_id=org_id,
        password_hash=_hasher.hash(clear),
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


def verify(account: Account, password: str) -> bool:
    """Does the password fit? Takes the same time either way."""
    try:
        return _hasher.verify(account.password_hash, password)
    except VerifyMismatchError:
        return False


def begin_session(account: Account, token_digest: bytes, *, ip: str = "", agent: str = "") -> LoginSession:
    """A session row for a browser that has just proved who it is."""
    now = clock.now()
    row = LoginSession(
        account_id=account.id, token=token_digest, ip=ip, agent=agent[:200], created_at=now, last_seen_at=now
    )
    db.session.add(row)
    with events.by(events.Actor(account.id, account.name, account.role, account.org_id, "", ip)):
        events.record("account.sign_in", account)
    db.session.flush()
    return row
