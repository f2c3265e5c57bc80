"""Verbs of accounts and sessions: open, grant, sign in, sign out, change and reset the password, close, revoke.

One person, one account, one role: the identity number's keyed digest is unique in the county, so nobody combines roles by
a second account. Who opens an account (sysadmin) gives it no rights; who grants a role (secadmin) opens none. What is done
to an administrator's account goes through `four_eyes`. Sign-in answers wrong name, wrong password, wrong code and locked
account alike.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.dialects.postgresql import insert

from web.core import clock, crypto, events, fence
from web.core.errors import Invalid, NotFound
from web.core.events import Actor
from web.extensions import db, settings
from web.tenants.accounts import factors, passwords
from web.tenants.accounts.models import Account, Credentials, LoginSession, NoticeSeen
from web.tenants.accounts.permissions import ADMINISTRATORS, GRANTS, Permission, Role
from web.tenants.counties import service as counties

LOCK_AFTER, LOCK_FOR = 5, timedelta(minutes=30)
LIVE_FOR = timedelta(minutes=30)
STRANGER = Actor(None, "未登录", "anonymous")


def _person(identity: str) -> bytes:
    """The key two accounts of one person would share, however the number is typed: never the number, and another county's differs."""
    key = crypto.derive(settings().field_key, f"person:{fence.tenant()}")
    plain = unicodedata.normalize("NFKC", "".join(identity.split())).upper()
    return hmac.new(key, plain.encode(), hashlib.sha256).digest()


def _identify(identity: str, account: Account | None = None) -> tuple[bytes | None, dict[str, object]]:
    """The key of a person, and what is wrong with it: somebody else's account has it already."""
    if not identity.strip():
        return None, {}
    person = _person(identity)
    query = db.select(Account.id).where(Account.person == person)
    if account is not None:
        query = query.where(Account.id != account.id)
    return person, {"person": "person_taken"} if db.session.scalar(query) else {}


def open_account(
    username: str,
    name: str,
    role: Role,
    org_id: UUID,
    *,
    person: str = "",
    password: str | None = None,
    work_phone: str = "",
) -> tuple[Account, str]:
    """A new account; its one-time password is returned once and must be changed at the first sign-in.

    `person`: the identity number, of which a digest is kept. When a person opens it, it waits until its role is granted;
    what the program itself opens (a county's first administrators) is granted with it.
    """
    username, name = username.strip().lower(), name.strip()
    is_granted = events.actor().account_id is None
    wrong: dict[str, object] = {
        field: "required" for field, value in (("username", username), ("name", name)) if not value
    }
    if username and not (username.isascii() and username.replace("_", "").replace(".", "").isalnum()):
        wrong["username"] = "username_letters"
    if db.session.scalar(db.select(Account.id).where(Account.username == username)):
        wrong["username"] = "taken"
    if not person.strip() and (role in ADMINISTRATORS or not is_granted):
        wrong["person"] = "required"
    key, twice = _identify(person)
    if wrong | twice:
        raise Invalid(wrong | twice)
    clear, now = password or passwords.one_time(), clock.now()
    account = Account(
        username=username,
        name=name,
        role=role,
        org_id=org_id,
        person=key,
        password_hash=passwords.hashed(clear),
        password_set_at=now,
        must_change=True,
        is_active=is_granted,
        granted_at=now if is_granted else None,
        failures=0,
        work_phone=work_phone,
        created_at=now,
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


def admits(who: Credentials | None, password: str, code: str = "") -> bool:
    """May somebody come in now who says this password, and this code if a telephone is bound? Failures are counted."""
    now = clock.now()
    is_right = passwords.fits(who.password_hash if who else passwords.nobodys(), password[:1000])
    if who is None:
        return False
    is_locked = who.locked_until is not None and now < who.locked_until
    if who.locked_until is not None and not is_locked:
        who.failures, who.locked_until = 0, None
    if is_locked:
        return False
    # A code is used up only beside the right password.
    is_right = is_right and (who.factor_at is None or factors.accept(who, code))
    if is_right and who.is_active:
        who.failures, who.locked_until = 0, None
        who.must_change = who.must_change or now - who.password_set_at > passwords.LASTS
        return True
    if not is_right:
        miss(who)
    return False


def miss(who: Credentials) -> bool:
    """Count a wrong password or code. Does it lock the account?"""
    now = clock.now()
    if who.locked_until is not None and now >= who.locked_until:
        who.failures, who.locked_until = 0, None
    who.failures += 1
    if who.failures >= LOCK_AFTER:
        who.locked_until = now + LOCK_FOR
    return who.locked_until is not None


def authenticate(username: str, password: str, code: str = "", *, ip: str = "") -> Account | None:
    """The account that may come in now, or None: wrong name, password or code, locked or closed all alike.

    Failures are counted on the row and logged: the caller must commit also when the answer is None.
    """
    query = db.select(Account).where(Account.username == username.strip().lower()).with_for_update()
    account: Account | None = db.session.scalars(query).first()
    was_locked = account.locked_until if account else None
    if admits(account, password, code):
        return account
    with events.by(Actor(None, STRANGER.name, STRANGER.role, ip=ip)):
        if account is None:
            events.record("account.sign_in_unknown", counties.settings())
        elif account.locked_until is not None and account.locked_until != was_locked:
            _tell_lock(account)
        else:
            events.record("account.sign_in_failed", account)
        db.session.flush()
    return None


def _tell_lock(account: Account) -> None:
    events.record("account.lock", account, details={"minutes": int(LOCK_FOR.total_seconds() // 60)})


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


def _doubt(account: Account) -> None:
    """Who is signed in said a wrong password or code. It counts as at the door, and with the one that locks the account every
    session ends, this one too: somebody else may be sitting at the holder's browser.
    """
    if miss(account):
        end_sessions(account)
        _tell_lock(account)
    else:
        events.record("account.proof_failed", account)
    db.session.flush()


def change_password(account: Account, current: str, new: str, again: str, *, keep: UUID | None = None) -> bool:
    """The holder's own change. Other browsers are signed out; `keep` is the session that goes on.

    False: the present password is wrong, which is counted; the caller must commit also then.
    """
    db.session.refresh(account, with_for_update=True)
    if not passwords.fits(account.password_hash, current):
        _doubt(account)
        return False
    passwords.demand_new(account, current, new, again)
    end_sessions(account, but=keep)
    passwords.set_new(account, new, must_change=False)
    events.record("account.change_password", account)
    db.session.flush()
    return True


def begin_binding(account: Account) -> None:
    """A new secret for the holder's telephone; Invalid while one is bound."""
    if account.factor_at is not None:
        raise Invalid({"code": "bound_already"})
    factors.begin(account)
    events.record("account.begin_binding", account)
    db.session.flush()


def bind(account: Account, code: str) -> list[str]:
    """The holder's telephone shows this code: from now on it is asked for. Returns the recovery codes, shown once."""
    codes = factors.confirm(account, code)
    events.record("account.bind", account)
    db.session.flush()
    return codes


def unbind(account: Account, code: str) -> bool:
    """The holder takes the second factor off, with a code. Invalid where the county demands it of the role.

    False: the code is wrong, which is counted; the caller must commit also then.
    """
    if account.role in ADMINISTRATORS and counties.settings().demands_code:
        raise Invalid({"code": "code_demanded"})
    db.session.refresh(account, with_for_update=True)
    if not factors.accept(account, code):
        _doubt(account)
        return False
    factors.drop(account)
    events.record("account.unbind", account)
    db.session.flush()
    return True


def _demand_two(account: Account, is_confirmed: bool) -> None:
    if account.role in ADMINISTRATORS and account.granted_at is not None and not is_confirmed:
        raise Invalid({"reason": "four_eyes"})


def reset_password(account: Account, *, is_confirmed: bool = False) -> str:
    """A new one-time password, returned once; the account is unlocked and signed out everywhere.

    Who resets a password could come in with it: an administrator's wants two persons (`is_confirmed`).
    """
    _demand_two(account, is_confirmed)
    clear = passwords.one_time()
    end_sessions(account)
    passwords.set_new(account, clear, must_change=True)
    account.failures, account.locked_until = 0, None
    events.record("account.reset_password", account)
    db.session.flush()
    return clear


def release(account: Account, reason: str, *, is_confirmed: bool = False) -> None:
    """The holder lost the telephone: the second factor goes, so that a new one can be bound."""
    _demand_two(account, is_confirmed)
    if not reason.strip():
        raise Invalid({"reason": "required"})
    factors.drop(account)
    events.record("account.release", account, reason=reason.strip())
    db.session.flush()


def amend(account: Account, name: str, *, work_phone: str = "", person: str = "") -> None:
    """Who the account belongs to. The identity number is written once, for accounts from before it was asked."""
    if not name.strip():
        raise Invalid({"name": "required"})
    key, twice = _identify(person, account)
    if key is not None and account.person not in (None, key):
        raise Invalid({"person": "person_stays"})
    if twice:
        raise Invalid(twice)
    account.name, account.work_phone, account.person = name.strip(), work_phone.strip(), key or account.person
    events.record("account.amend", account)
    db.session.flush()


def appoint(account: Account, role: Role, org_id: UUID) -> None:
    """Grant a role and a part of the tree: a waiting account comes into use, a closed one comes back.

    Nobody grants anything to themselves, and the role of an administrator in use stays: it is closed first, by two.
    """
    if account.id == events.actor().account_id:
        raise Invalid({"role": "not_oneself"})
    if account.is_active and account.role in ADMINISTRATORS and role is not account.role:
        raise Invalid({"role": "four_eyes"})
    if role in ADMINISTRATORS and account.person is None:
        raise Invalid({"role": "person_unknown"})
    if not account.is_active and account.granted_at is not None:
        account.must_change = True
    end_sessions(account)
    account.role, account.org_id, account.is_active = role, org_id, True
    account.granted_at = clock.now()
    events.record("account.appoint", account)
    db.session.flush()


def begun_by(actor: Actor, account_id: Any, at: Any) -> ColumnElement[bool]:
    """A condition on columns that say who began something and when: the actor did, in the role and the part of the tree of
    now. What he began in another one is not his own any more.
    """
    event = events.Event
    last = db.select(func.max(event.at)).where(event.subject_id == actor.account_id, event.verb == "account.appoint")
    since = func.coalesce(last.scalar_subquery(), datetime.min.replace(year=1900, tzinfo=UTC))
    return and_(account_id == actor.account_id, at >= since)


def close_account(account: Account, reason: str, *, is_confirmed: bool = False) -> None:
    """Take it out of use; its sessions end at once. Nobody closes their own, and an administrator's wants two persons."""
    if account.id == events.actor().account_id:
        raise Invalid({"reason": "not_oneself"})
    if not reason.strip():
        raise Invalid({"reason": "required"})
    _demand_two(account, is_confirmed)
    end_sessions(account)
    account.is_active, account.granted_at = False, account.granted_at or clock.now()
    events.record("account.close", account, reason=reason.strip())
    db.session.flush()


def see_notices(account_id: UUID) -> None:
    """The account has seen what partner counties did until now."""
    _note(account_id, notices_seen_at=clock.now())
    db.session.execute(db.delete(NoticeSeen).where(NoticeSeen.account_id == account_id))


def see_record(account_id: UUID, about_id: UUID) -> None:
    """The account opened the record: what partner counties did to it until now is seen."""
    said = insert(NoticeSeen).values(account_id=account_id, about_id=about_id, seen_at=clock.now())
    db.session.execute(
        said.on_conflict_do_update(
            index_elements=["tenant_id", "account_id", "about_id"], set_={"seen_at": said.excluded.seen_at}
        )
    )


def choose_language(account_id: UUID, language: str) -> None:
    """The language of the account's pages from now on."""
    _note(account_id, language=language)


def _note(account_id: UUID, **values: object) -> None:
    """How one reads is nobody else's business: in one statement that the log leaves out, since no mapped column is in it."""
    table = Account.__table__
    db.session.execute(
        db.update(table).where(table.c.tenant_id == fence.tenant(), table.c.id == account_id).values(**values)
    )
