"""The one event log: who, role, from where, what, on what, before and after, result.

Append only; the application role can only insert and read. Every changed row writes an event at the session's flush
(the choke point), so no write goes unlogged; a named verb (`record`) absorbs the changes of its subject. Values of
personal fields go into `secret`, encrypted under the record's key; the plain part holds their salted digests, so purging
and proving agree. A job chains a county's events in order (`seal`), without a lock per write.

Rooms talk upwards by `announce`: earlier rooms announce, later ones `subscribe`, in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Index, LargeBinary, String, Text, event, func, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, ORMExecuteState, mapped_column

from web.core import clock, ids, vault
from web.core.errors import CrossTenant
from web.core.fence import Tenanted
from web.core.fields import FIELDS
from web.core.ids import uuid7
from web.extensions import Model, Session, db


@dataclass(frozen=True)
class Actor:
    """Who acts: an account, or the system, or a partner county (`peer:<uid>`)."""

    account_id: UUID | None
    name: str
    role: str
    org_id: UUID | None = None
    org_path: str = ""
    ip: str = ""


SYSTEM = Actor(None, "系统", "system")
_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def actor() -> Actor:
    """Who acts in this unit of work."""
    return _actor.get()


@contextmanager
def by(who: Actor) -> Iterator[None]:
    """Everything inside is done by `who`."""
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)


class Event(Tenanted, Model):
    """One thing that happened. `changes`: field → [before, after], personal ones as digests."""

    __tablename__ = "event"
    __logged__ = False
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    verb: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(80))
    actor_role: Mapped[str] = mapped_column(String(40))
    ip: Mapped[str] = mapped_column(String(45), default="")
    peer: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_event_subject", "tenant_id", "subject_id", "id"),
        Index("ix_event_member", "tenant_id", "member_id", "id"),
    )


class EventSeal(Tenanted, Model):
    """A link of the county's chain over its events up to and including `upto`."""

    __tablename__ = "event_seal"
    __logged__ = False
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    upto: Mapped[UUID]
    count: Mapped[int]
    prev: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


def record(
    verb: str,
    subject: Tenanted,
    reason: str = "",
    details: dict[str, Any] | None = None,
    peer: str = "",
    member_id: UUID | None = None,
) -> Event:
    """Write that `verb` happened to `subject`; the flush merges the subject's own changes into it."""
    who = actor()
    subject.id = subject.id or uuid7()
    entry = Event(
        id=uuid7(),
        at=clock.now(),
        verb=verb,
        subject_kind=_kind(subject),
        subject_id=subject.id,
        member_id=member_id or _member_of(subject),
        actor_id=who.account_id,
        actor_name=who.name,
        actor_role=who.role,
        ip=who.ip,
        peer=peer,
        reason=reason,
        details=details or {},
        changes={},
    )
    db.session.info.setdefault("named", {})[(entry.subject_kind, subject.id)] = entry
    db.session.add(entry)
    for noted in db.session.info.get("noted", ()):
        noted.append(entry.id)
    return entry


def happened(verb: str, subject_id: Any, since: Any, **details: int | str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the log has `verb` of this subject since then, with these details: a condition of a query over subjects."""
    said = [
        Event.details[name].astext == (str(value) if isinstance(value, int) else value)
        for name, value in details.items()
    ]
    return (
        db.select(Event.id).where(Event.subject_id == subject_id, Event.verb == verb, Event.at >= since, *said).exists()
    )


def record_each(verb: str, kind: str, subject_ids: Iterable[UUID], reason: str = "") -> None:
    """Write that `verb` happened to each of these rows, which need not be loaded: what was read or taken out of a list."""
    who, at = actor(), clock.now()
    db.session.add_all(
        Event(
            at=at, verb=verb, subject_kind=kind, subject_id=i, member_id=i if kind == "member" else None,
            actor_id=who.account_id, actor_name=who.name, actor_role=who.role, ip=who.ip, reason=reason,
            changes={}, details={},
        )
        for i in subject_ids
    )  # fmt: skip


def tell(verb: str, reason: str = "", details: dict[str, Any] | None = None) -> None:
    """Write that something happened to no single row: a list was read in bulk, copied, asked for many numbers at once."""
    who = actor()
    entry = Event(
        at=clock.now(), verb=verb, subject_kind=verb.partition(".")[0], actor_id=who.account_id, actor_name=who.name,
        actor_role=who.role, ip=who.ip, reason=reason, changes={}, details=details or {},
    )  # fmt: skip
    db.session.add(entry)


@contextmanager
def noted() -> Iterator[list[UUID]]:
    """The ids of the events recorded inside, in order: what a way back puts back."""
    lists = db.session.info.setdefault("noted", [])
    mine: list[UUID] = []
    lists.append(mine)
    try:
        yield mine
    finally:
        lists.remove(mine)


def _kind(subject: object) -> str:
    return str(type(subject).__tablename__)  # type: ignore[attr-defined]


def _member_of(subject: Tenanted) -> UUID | None:
    if _kind(subject) == "member":
        return subject.id
    found = getattr(subject, "member_id", None)
    return found if isinstance(found, UUID) else None


def _plain(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()[:16]
    if isinstance(value, dict | list) and len(json.dumps(value, default=str)) > 2000:
        return hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode()).hexdigest()[:16]
    return value


def _changes(row: Tenanted) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    state = inspect(row)
    for attribute in state.mapper.column_attrs:
        if attribute.key in ("tenant_id", "id"):
            continue
        history = state.attrs[attribute.key].history
        if history.has_changes():
            before = history.deleted[0] if history.deleted else None
            after = history.added[0] if history.added else None
            if before != after:
                # A secret (the hash of a password) is known to have changed, never what it was.
                is_secret = attribute.columns[0].info.get("secret", False)
                found[attribute.key] = ["***", "***"] if is_secret else [_plain(before), _plain(after)]
    return found


def _split(row: Tenanted, changes: dict[str, list[object]]) -> tuple[dict[str, Any], bytes | None]:
    """Plain changes with digests in place of personal values, and those values encrypted."""
    personal: dict[str, list[object]] = {}
    columns = inspect(type(row)).columns
    for name in list(changes):
        field = FIELDS.get(columns[name].info.get("field", name)) if name in columns else None
        if field is not None and field.is_personal and getattr(row, "__person__", False):
            personal[name] = changes.pop(name)
    if not personal:
        return dict(changes), None
    salt = os.urandom(16).hex()
    clear = json.dumps({"salt": salt, "values": personal}, ensure_ascii=False, sort_keys=True).encode()
    plain: dict[str, Any] = dict(changes)
    for name, pair in personal.items():
        digest = hashlib.sha256(json.dumps([salt, name, pair], ensure_ascii=False).encode()).hexdigest()
        plain[name] = {"digest": digest}
    return plain, vault.wrap(row.id, clear, is_new=inspect(row).pending)


def revealed(entry: Event) -> dict[str, list[object]]:
    """field → [before, after] with personal values, or without them when the record was purged."""
    shown = {k: v for k, v in entry.changes.items() if isinstance(v, list)}
    if entry.secret is not None and entry.subject_id is not None:
        try:
            shown.update(json.loads(vault.unwrap(entry.subject_id, entry.secret))["values"])
        except vault.Purged:
            pass
    return shown


@event.listens_for(Session, "before_flush")
def _log_changes(session: Session, _context: object, _instances: object) -> None:
    named: dict[tuple[str, UUID], Event] = session.info.setdefault("named", {})
    rows = [
        (row, verb)
        for pool, verb in ((session.new, "created"), (session.dirty, "changed"), (session.deleted, "deleted"))
        for row in pool
        if isinstance(row, Tenanted) and row.__logged__
    ]
    for row, verb in rows:
        changes = {} if verb == "deleted" else _changes(row)
        if verb == "changed" and not changes:
            continue
        entry = named.pop((_kind(row), row.id), None)
        if entry is None or entry not in session.new:
            entry = record(f"{_kind(row)}.{verb}", row)
            named.pop((_kind(row), row.id), None)
        entry.changes, entry.secret = _split(row, changes)
    for row in [*session.dirty, *session.deleted]:
        if isinstance(row, Event | EventSeal) and session.is_modified(row):
            raise CrossTenant("the event log is append only")


@event.listens_for(Session, "after_soft_rollback")
def _forget_named(session: Session, _previous: object) -> None:
    session.info.pop("named", None)


@event.listens_for(Session, "do_orm_execute")
def _log_bulk(state: ORMExecuteState) -> Any:
    """Bulk UPDATE and DELETE pass the same choke point; a state column is never among them."""
    if not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return None
    kind = state.bind_mapper.class_
    if not issubclass(kind, Tenanted) or not kind.__logged__:
        return None
    values = {str(getattr(c, "key", c)) for c in getattr(state.statement, "_values", None) or {}}
    if "state" in values:
        raise CrossTenant(f"bulk change of {kind.__name__}.state: move each row through its machine")
    result = state.invoke_statement()
    if getattr(result, "rowcount", -1) == 0:
        return result  # a timer found nothing to clear away: nothing happened
    who = actor()
    entry = Event(
        at=clock.now(),
        verb=f"{kind.__tablename__}.bulk_{'changed' if state.is_update else 'deleted'}",  # type: ignore[attr-defined]
        subject_kind=str(kind.__tablename__),  # type: ignore[attr-defined]
        actor_id=who.account_id,
        actor_name=who.name,
        actor_role=who.role,
        ip=who.ip,
        changes={},
        details={"rows": getattr(result, "rowcount", -1), "fields": sorted(values)},
    )
    state.session.add(entry)
    return result


SETTLE = timedelta(minutes=15)
"""Longer than any unit of work stays open (`queue.SECONDS`): an import writes its first line minutes before it commits."""


def seal(limit: int = 5_000, settle: timedelta = SETTLE) -> int:
    """Chain the county's events that no seal covers yet; returns how many. Run by one job at a time.

    Events younger than `settle` wait: a transaction still open could commit one with an earlier id. The id itself says how
    young: what is written in bulk bears an instant a little before its ids.
    """
    last = db.session.scalars(db.select(EventSeal).order_by(EventSeal.id.desc()).limit(1)).first()
    query = db.select(Event).where(Event.id < ids.since(clock.now() - settle)).order_by(Event.id).limit(limit)
    if last is not None:
        query = query.where(Event.id > last.upto)
    entries = list(db.session.scalars(query))
    if not entries:
        return 0
    prev = last.digest if last else b""
    db.session.add(
        EventSeal(at=clock.now(), upto=entries[-1].id, count=len(entries), prev=prev, digest=_chain(prev, entries))
    )
    db.session.flush()
    return len(entries)


def _chain(prev: bytes, entries: list[Event]) -> bytes:
    digest = hashlib.sha256(prev)
    for entry in entries:
        secret = hashlib.sha256(entry.secret).hexdigest() if entry.secret else None
        digest.update(
            json.dumps(
                [str(entry.id), entry.at.isoformat(), entry.verb, entry.subject_kind, str(entry.subject_id),
                 str(entry.actor_id), entry.actor_name, entry.reason, entry.changes, entry.details, secret],
                ensure_ascii=False, sort_keys=True,
            ).encode()
        )  # fmt: skip
    return digest.digest()


def verify() -> UUID | None:
    """None when the chain holds; otherwise the id of the first seal that does not."""
    prev, after = b"", None
    for link in db.session.scalars(db.select(EventSeal).order_by(EventSeal.id)):
        query = db.select(Event).where(Event.id <= link.upto).order_by(Event.id)
        if after is not None:
            query = query.where(Event.id > after)
        entries = list(db.session.scalars(query))
        if link.prev != prev or len(entries) != link.count or _chain(prev, entries) != link.digest:
            return link.id
        prev, after = link.digest, link.upto
    return None


def count_since(moment: datetime) -> int:
    """How many events the county has since then."""
    return db.session.scalar(db.select(func.count()).select_from(Event).where(Event.at >= moment)) or 0


_listeners: dict[type[Any], list[Callable[[Any], None]]] = {}


T = TypeVar("T")


def subscribe(kind: type[T]) -> Callable[[Callable[[T], None]], Callable[[T], None]]:
    """Decorator: call the function when an object of this type is announced, in the same transaction."""

    def register(listener: Callable[[T], None]) -> Callable[[T], None]:
        _listeners.setdefault(kind, []).append(listener)
        return listener

    return register


def announce(what: object) -> None:
    """Tell the later rooms; whatever they raise stops the whole transaction."""
    for listener in _listeners.get(type(what), []):
        listener(what)
