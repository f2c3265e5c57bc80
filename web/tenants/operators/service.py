"""Verbs of operators: made by a command, sign in, change their password, and go through the door into a county.

`through` is the only way an operator acts for a county: it writes the act, with its reason, into that county's own log
and commits that before anything else happens. What an operator sees otherwise stands in tables of no county.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound
from web.core.events import Actor, Event
from web.extensions import db
from web.tenants.accounts import factors, passwords
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import ADMINISTRATORS, Role
from web.tenants.counties import service as counties
from web.tenants.operators.models import Operator, OperatorSession
from web.tenants.organisations import service as organisations

ROLE = "operator"
log = structlog.get_logger(__name__)


def add(username: str, name: str) -> tuple[Operator, str, list[str]]:
    """A new operator, its one-time password and its recovery codes; `factors.typed` shows the secret for the telephone."""
    username = username.strip().lower()
    if not username.isascii() or not username.replace("_", "").replace(".", "").isalnum():
        raise Invalid({"username": "username_letters"})
    if db.session.scalar(db.select(Operator.id).where(Operator.username == username)):
        raise Invalid({"username": "taken"})
    clear, now = passwords.one_time(), clock.now()
    made = Operator(
        username=username, name=name.strip(), password_hash=passwords.hashed(clear), password_set_at=now,
        must_change=True, is_active=True, failures=0, created_at=now,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    codes = factors.issue(made)
    db.session.flush()
    return made, clear, codes


def close(username: str) -> None:
    """Out of use, and signed out. NotFound when there is none of that name."""
    found = db.session.scalars(db.select(Operator).where(Operator.username == username)).first()
    if found is None:
        raise NotFound()
    found.is_active = False
    _sign_out(found)


def _sign_out(operator: Operator, but: bytes = b"") -> None:
    """Everywhere, or everywhere but in the browser of this token."""
    mine = OperatorSession.operator_id == operator.id, OperatorSession.token != but
    for row in db.session.scalars(db.select(OperatorSession).where(*mine)):
        row.revoked_at = row.revoked_at or clock.now()
    db.session.flush()


def authenticate(username: str, password: str, code: str) -> Operator | None:
    """The operator who may come in now, or None. Failures are counted on the row, commit also when it is None, and written down:
    no county has a log of them.
    """
    query = db.select(Operator).where(Operator.username == username.strip().lower()).with_for_update()
    found: Operator | None = db.session.scalars(query).first()
    was_locked = found.locked_until if found else None
    if accounts.admits(found, password, code):
        return found
    if found is None:
        log.warning("operator.sign_in_unknown")
    elif found.locked_until is not None and found.locked_until != was_locked:
        log.warning("operator.lock", operator=str(found.id))
    else:
        log.warning("operator.sign_in_failed", operator=str(found.id))
    return None


def begin_session(operator: Operator, token_digest: bytes, *, ip: str = "") -> None:
    """A session row for a browser that has just proved who it is."""
    now = clock.now()
    db.session.add(
        OperatorSession(token=token_digest, operator_id=operator.id, ip=ip, created_at=now, last_seen_at=now)
    )
    db.session.flush()


def signed_in(token_digest: bytes) -> Operator | None:
    """Whose live session this is, seen now: not revoked, not idle, the operator in use."""
    query = (
        db.select(OperatorSession, Operator)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(OperatorSession.token == token_digest, OperatorSession.revoked_at.is_(None), Operator.is_active)
    )
    found = db.session.execute(query).first()
    if found is None or clock.now() - found[0].last_seen_at > accounts.LIVE_FOR:
        return None
    found[0].last_seen_at = clock.now()
    operator: Operator = found[1]
    return operator


def end_session(token_digest: bytes) -> None:
    """Sign this browser out."""
    row = db.session.scalars(db.select(OperatorSession).where(OperatorSession.token == token_digest)).first()
    if row is not None:
        row.revoked_at = clock.now()


def change_password(operator: Operator, current: str, new: str, again: str, *, keep: bytes) -> bool:
    """The holder's own change. Other browsers are signed out; `keep` is the token of the one that goes on.

    False: the present password is wrong. It counts as at the door, and the one that locks ends every session; the caller
    must commit also then.
    """
    db.session.refresh(operator, with_for_update=True)
    if not passwords.fits(operator.password_hash, current):
        if accounts.miss(operator):
            _sign_out(operator)
            log.warning("operator.lock", operator=str(operator.id))
        else:
            log.warning("operator.proof_failed", operator=str(operator.id))
        return False
    passwords.demand_new(operator, current, new, again)
    passwords.set_new(operator, new, must_change=False)
    _sign_out(operator, keep)
    return True


@contextmanager
def through(operator: Operator, code: str, verb: str, reason: str, *, ip: str = "") -> Iterator[None]:
    """Act for a county, by its code. The act stands in the county's own log before it begins, and also when it fails."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    name, tenant_id = operator.name, counties.by_code(code).tenant_id
    with fence.acting_for(tenant_id), events.by(Actor(None, name, ROLE, ip=ip)):
        events.tell(verb, reason=reason.strip())
        fence.commit()
        yield
        fence.commit()


def stop_jobs(operator: Operator, code: str, reason: str, *, ip: str = "") -> None:
    """Nothing is done for the county in the background until it is started again; nothing is lost meanwhile."""
    with through(operator, code, "operation.stop_jobs", reason, ip=ip):
        counties.own().jobs_stopped_at = clock.now()


def start_jobs(operator: Operator, code: str, reason: str, *, ip: str = "") -> None:
    """What waited is found in the database by the next round of the scheduler."""
    with through(operator, code, "operation.start_jobs", reason, ip=ip):
        counties.own().jobs_stopped_at = None


def _administrator(username: str) -> Account:
    query = db.select(Account).where(Account.username == username.strip().lower(), Account.is_active).with_for_update()
    account: Account | None = db.session.scalars(query).first()
    if account is None or account.role not in ADMINISTRATORS:
        raise Invalid({"username": "no_administrator"})
    return account


def _demand_other_hand(operator: Operator, account: Account, done: str) -> None:
    """Password and second factor are not both taken by one operator, who could then come in as the administrator. `done`: the
    other of the two acts; its last time is read from the county's log, which knows operators by their names.
    """
    query = (
        db.select(Event).where(Event.subject_id == account.id, Event.verb == done).order_by(Event.id.desc()).limit(1)
    )
    last = db.session.scalars(query).first()
    if last is not None and (last.actor_role, last.actor_name) == (ROLE, operator.name):
        raise Invalid({"username": "other_hand"})


def reset(operator: Operator, code: str, username: str, reason: str, *, ip: str = "") -> str:
    """A new one-time password for an administrator of the county who cannot come in, returned once.

    Invalid `other_hand` when this operator took the account's second factor off and its holder has bound none since.
    """
    with through(operator, code, "operation.reset", reason, ip=ip):
        account = _administrator(username)
        if account.factor_at is None:
            _demand_other_hand(operator, account, "account.release")
        return accounts.reset_password(account, is_confirmed=True)


def release(operator: Operator, code: str, username: str, reason: str, *, ip: str = "") -> None:
    """The only administrator of a role lost the telephone and the recovery codes: no two of the county are left to
    release it. The password stays what it is, so the operator cannot come in with this alone: Invalid `other_hand` when it
    was this operator's to give and its holder has not changed it since.
    """
    with through(operator, code, "operation.release", reason, ip=ip):
        account = _administrator(username)
        if account.must_change:
            _demand_other_hand(operator, account, "account.reset_password")
        accounts.release(account, reason, is_confirmed=True)


def open_administrator(
    operator: Operator, code: str, role: Role, username: str, name: str, person: str, reason: str, *, ip: str = ""
) -> str:
    """The county's first administrator of a role that nobody holds; returns the one-time password."""
    with through(operator, code, "operation.open", reason, ip=ip):
        held: UUID | None = db.session.scalar(db.select(Account.id).where(Account.role == role, Account.is_active))
        if role not in ADMINISTRATORS or held is not None:
            raise Invalid({"role": "role_held"})
        return accounts.open_account(username, name, role, organisations.root().id, person=person)[1]
