"""Writing to a partner: an unsealed message and its disclosures, in the transaction of the verb that says them.

The relay seals and sends (post.relay). Other rooms see the state of their messages through `sent` and `traffic`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.dialects.postgresql import insert

from web.core import clock, erasures, events, fence, logs, vault
from web.core.ids import uuid7
from web.core.queue import Job, defer
from web.extensions import Session, db
from web.federation import admission
from web.federation.messages import MESSAGES, MessageSpec
from web.federation.post.models import Blob, InboxMessage, OutboxMessage, PostDue, StoredDisclosure
from web.federation.wire.bundles import read_trace
from web.federation.wire.canonical import digest
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import Disclosure, commitments
from web.federation.wire.envelope import MAX_COMMITMENTS, AgreementRef, Envelope


@dataclass(frozen=True)
class Signed:
    """Announced by the relay when it has signed a document that was attached unsigned."""

    message_id: UUID
    typ: str
    payload: dict[str, Any]
    jws: str


@dataclass(frozen=True)
class BlobArrived:
    """Announced when a file that an envelope named is here and its digest fits."""

    about_id: UUID
    digest: str


@dataclass(frozen=True)
class Forgotten:
    """Announced when the stored values of these pointers were destroyed: whoever keeps a working copy takes them out of it."""

    about_id: UUID
    pointers: frozenset[str]


@dataclass
class Hooks:
    """What the rooms tell the post, filled by federation.registry. The post itself knows no subject."""

    hear: dict[str, Callable[[Envelope, admission.Admitted, tuple[str, ...]], None]] = field(default_factory=dict)
    refused: dict[str, Callable[[OutboxMessage], None]] = field(default_factory=dict)
    may_cross: Callable[[OutboxMessage, str, str], bool] = lambda message, scope, field_name: False
    is_granted: Callable[[UUID, Envelope, str, str], bool] = lambda receiver, envelope, scope, field_name: False
    is_active: Callable[[AgreementRef, UUID], bool] = lambda reference, partner_uid: False
    # A peer compares its shares with our copies of them (FED/1 §6): the digests of its buckets → what we have in those that
    # differ; None to whom we do not answer.
    digest: Callable[[UUID, bytes], bytes | None] = lambda sender, buckets: None
    # At the receiver, before an opening is admitted: apply decisions it carries, or say `behind`.
    catch_up: Callable[[Envelope, tuple[str, ...]], None] = lambda envelope, attached: None
    # At the sender, whose envelope was answered `behind` n: attach what is missing; False when there is nothing more.
    lacking: Callable[[OutboxMessage, int], bool] = lambda message, n: False
    # Kinds that open under an id of the sender's choice: is there one of this id here? Of a list, each message is a new one.
    known: dict[str, Callable[[UUID], bool]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)


HOOKS = Hooks()


def send(
    to: UUID,
    type_: str,
    about_id: UUID,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    n: int | None = None,
    base: int | None = None,
    cause: UUID | None = None,
    agreement: AgreementRef | None = None,
    member_id: UUID | None = None,
    attached: Sequence[Mapping[str, Any]] = (),
    blobs: Sequence[str] = (),
    expires_at: datetime | None = None,
    disclosures: Sequence[Disclosure] | None = None,
    sd: Sequence[str] | None = None,
) -> UUID:
    """Put a message down for `to`; returns its id. Call under the aggregate's lock.

    `values`: pointer → value, disclosed freshly; or `disclosures` made beforehand with the whole `sd` they belong to
    (co-signing, decisions). Checked like the receiver will check it: a WireError here is a mistake of the program.
    """
    body = dict(body or {})
    made = list(disclosures) if disclosures is not None else admission.compose(type_, body, values or {}, cause)
    MESSAGES[type_].body.check(body, "body")
    if unknown := [item.pointer for item in made if not admission.is_known(type_, item.pointer, body)]:
        raise WireError("scope_violation", pointers=unknown)
    sealed = list(sd if sd is not None else commitments(made))
    if len(sealed) > MAX_COMMITMENTS:  # put down, it could never be sealed, and nothing behind it would go
        raise WireError("too_large", limit=MAX_COMMITMENTS)
    id_ = uuid7()
    row = {
        "tenant_id": fence.tenant(),
        "id": id_,
        "peer_uid": to,
        "type": type_,
        "about_id": about_id,
        "member_id": member_id,
        "n": n,
        "base": base,
        "cause": cause,
        "agreement_id": agreement and agreement.id,
        "agreement_version": agreement and agreement.version,
        "agreement_digest": agreement and agreement.digest,
        "body": body,
        "sd": sealed,
        "attached": [dict(a) for a in attached],
        "blobs": list(blobs),
        "has_blobs_due": bool(blobs),
        "expires_at": expires_at,
        "attempts": 0,
        "created_at": clock.now(),
        "trace": read_trace(logs.request_id()),
    }
    db.session.info.setdefault("said", []).append(row)
    keep(id_, about_id, MESSAGES[type_], body, made, is_new=n == 1 or base == 0)
    due(to, clock.now())
    return id_


@dataclass(frozen=True)
class _Kept:
    """Values on their way into the table of disclosures."""

    message_id: UUID
    about_id: UUID
    scopes: tuple[str, ...]
    made: tuple[Disclosure, ...]
    is_new: bool


def keep(
    message_id: UUID,
    about_id: UUID,
    spec: MessageSpec,
    body: Mapping[str, Any],
    made: Sequence[Disclosure],
    *,
    is_new: bool = False,
) -> None:
    """Store the disclosures of a message, ours or theirs, at the next flush: the keys of all that wait are read, and
    those of `is_new` aggregates (openings) made, in one statement each.
    """
    if made:
        scopes = tuple(scope_of(spec, item.pointer, body) for item in made)
        db.session.info.setdefault("kept", []).append(_Kept(message_id, about_id, scopes, tuple(made), is_new))


def store_kept() -> None:
    """Write the messages, values and notes of what is due that wait, in bulk; it happens by itself at a flush, before a
    query, at a savepoint, and before the commit.
    """
    waiting: list[_Kept] = db.session.info.pop("kept", [])
    if waiting:
        vault.prepare([k.about_id for k in waiting if not k.is_new], [k.about_id for k in waiting if k.is_new])
    for name, statement in (("said", _MESSAGES), ("due", _DUE)):
        if rows := db.session.info.pop(name, None):
            fence.later(statement, rows)
    if waiting:
        rows = [
            # An identity number in a value that is none does not cross; the verb does.
            _stored(kept.message_id, kept.about_id, item, scope)
            | {"is_withheld": admission.carries_id(item.pointer.removeprefix("/"), item.value)}
            for kept in waiting
            for item, scope in zip(kept.made, kept.scopes, strict=True)
        ]
        fence.later(_VALUES, rows)


_MESSAGES, _VALUES = db.insert(OutboxMessage.__table__), db.insert(StoredDisclosure.__table__)
_NOTED = insert(PostDue.__table__)  # type: ignore[arg-type]  # a table, typed as a mere FROM
_DUE = _NOTED.on_conflict_do_update(index_elements=["tenant_id", "peer_uid"], set_={"due_at": _NOTED.excluded.due_at})


fence.LET_GO.append(store_kept)


def scope_of(spec: MessageSpec, pointer: str, body: Mapping[str, Any]) -> str:
    """The data scope that must carry this pointer, "" for none."""
    row = spec.pointer(pointer, str(body["scope"]) if spec.about == "share" else None)
    return row.scope.value if row is not None and row.scope is not None else ""


def stored(message_id: UUID, about_id: UUID, item: Disclosure, scope: str) -> StoredDisclosure:
    """The row of a disclosure, its salt and value under the aggregate's key."""
    return StoredDisclosure(**_stored(message_id, about_id, item, scope))


def _stored(message_id: UUID, about_id: UUID, item: Disclosure, scope: str) -> dict[str, Any]:
    return {
        "tenant_id": fence.tenant(), "id": uuid7(), "message_id": message_id, "about_id": about_id,
        "pointer": item.pointer, "scope": scope, "commitment": item.commitment,
        "is_withheld": False,
        "wrapped": vault.wrap(about_id, json.dumps(item.as_list(), ensure_ascii=False).encode()),
    }  # fmt: skip


class Wrapped(Protocol):
    """Of a disclosure, what opens it."""

    @property
    def about_id(self) -> UUID: ...
    @property
    def wrapped(self) -> bytes | None: ...


def reopened(row: Wrapped) -> Disclosure | None:
    """The disclosure of a row, or None once it was purged."""
    if row.wrapped is None:
        return None
    try:
        salt, pointer, value = json.loads(vault.unwrap(row.about_id, row.wrapped))
    except vault.Purged:
        return None
    return Disclosure(salt, pointer, value)


def due(peer_uid: UUID, at: datetime) -> None:
    """Note that something is to be sent, and ring the relay after commit: once a unit of work, however much it says."""
    rung: set[UUID] = db.session.info.setdefault("rung", set())
    if peer_uid in rung:
        return
    rung.add(peer_uid)
    noted = {"tenant_id": fence.tenant(), "peer_uid": peer_uid, "due_at": at}
    db.session.info.setdefault("due", []).append(noted)
    defer(Job.DRAIN, fence.tenant(), peer_uid)


@event.listens_for(Session, "after_soft_rollback")
def _unring(session: Session, _previous: object) -> None:
    """A rolled back savepoint may have taken the note with it."""
    for name in ("rung", "due", "kept", "said"):
        session.info.pop(name, None)


@event.listens_for(Session, "after_commit")
def _rung(session: Session) -> None:
    """What is said after a commit is another ring."""
    session.info.pop("rung", None)


def wake(peer_uid: UUID) -> None:
    """The peer gave a sign of life, or a person looked: what waits for it goes now."""
    waits = db.select(OutboxMessage.id).where(
        OutboxMessage.peer_uid == peer_uid, OutboxMessage.receipt.is_(None) | OutboxMessage.has_blobs_due
    )
    if db.session.scalar(db.select(waits.exists())):
        due(peer_uid, clock.now())


def keep_blob(about_id: UUID, content: bytes) -> str:
    """Store a file of ours under its digest; messages name it in `blobs`."""
    name = digest(content)
    query = db.select(Blob.id).where(Blob.about_id == about_id, Blob.digest == name)
    if db.session.scalar(query) is None:
        db.session.add(Blob(digest=name, about_id=about_id, content=content, created_at=clock.now()))
        db.session.flush()
    return name


def expect_blob(about_id: UUID, name: str, from_uid: UUID) -> None:
    """Note that an envelope announced this file: only then may the peer put it."""
    query = db.select(Blob.id).where(Blob.about_id == about_id, Blob.digest == name)
    if db.session.scalar(query) is None:
        db.session.add(Blob(digest=name, about_id=about_id, announced_by=from_uid, created_at=clock.now()))
        db.session.flush()


def blob(about_id: UUID, name: str) -> bytes | None:
    """The file, or None while it is on its way."""
    return db.session.scalar(db.select(Blob.content).where(Blob.about_id == about_id, Blob.digest == name))


def purge(about_id: UUID) -> int:
    """Destroy the values of an aggregate: its key, and every stored disclosure. Seals and receipts still verify.

    Returns how many disclosures lost their value. The caller removes its working copies in the same transaction.
    """
    gone = 0
    query = db.select(StoredDisclosure).where(
        StoredDisclosure.about_id == about_id, StoredDisclosure.wrapped.is_not(None)
    )
    for row in db.session.scalars(query):
        row.wrapped = None
        gone += 1
    vault.destroy(about_id)
    db.session.flush()
    return gone


def forget(about_id: UUID, pointers: Collection[str], message_id: UUID | None = None) -> int:
    """Destroy the stored values of these pointers alone, both said and heard, and what working copies hold of them; the
    seals over them still verify. Of one message, where it is given: a list is numbered anew each time it is said.
    """
    query = db.select(StoredDisclosure).where(
        StoredDisclosure.about_id == about_id,
        StoredDisclosure.pointer.in_(pointers),
        StoredDisclosure.wrapped.is_not(None),
    )
    if message_id is not None:
        query = query.where(StoredDisclosure.message_id == message_id)
    rows = list(db.session.scalars(query))
    for row in rows:
        row.wrapped = None
        erasures.note("disclosure", row.id)
    if rows:
        events.announce(Forgotten(about_id, frozenset(row.pointer for row in rows)))
    db.session.flush()
    return len(rows)


def last_said(about_id: UUID, pointer: str) -> UUID | None:
    """The newest message that disclosed or withheld this pointer of an aggregate, ours or theirs."""
    said = db.select(StoredDisclosure.message_id).where(
        StoredDisclosure.about_id == about_id, StoredDisclosure.pointer == pointer
    )
    return db.session.scalar(said.order_by(StoredDisclosure.message_id.desc()).limit(1))


@erasures.again("disclosure")
def _forget_again(disclosure_id: UUID) -> bool:
    """A backup that was put back has it, and in it the wider version may be in force: the row says what is to go."""
    row = db.session.get(StoredDisclosure, (fence.tenant(), disclosure_id))
    return row is not None and row.wrapped is not None and forget(row.about_id, [row.pointer], row.message_id) > 0


@dataclass(frozen=True)
class Letter:
    """One message about an aggregate, for the page's proof column."""

    id: UUID
    is_ours: bool
    peer_uid: UUID
    type: str
    at: datetime
    n: int | None
    seq: int | None
    digest: str
    result: str | None
    code: str | None
    receipted_at: datetime | None


def traffic(about_id: UUID) -> list[Letter]:
    """Every message about an aggregate, both ways, oldest first: two queries."""
    ours = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.about_id == about_id))
    theirs = db.session.scalars(db.select(InboxMessage).where(InboxMessage.about_id == about_id))
    letters = [
        Letter(
            m.id, True, m.peer_uid, m.type, m.created_at, m.n, m.seq, m.digest or "", m.result, m.code, m.receipted_at
        )
        for m in ours
    ] + [Letter(m.id, False, m.peer_uid, m.type, m.at, None, m.seq, m.digest, m.result, m.code, m.at) for m in theirs]
    return sorted(letters, key=lambda letter: letter.id)
