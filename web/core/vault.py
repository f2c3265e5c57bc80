"""Data keys of records: one random key for each record or federated aggregate of a county.

Values encrypted under a record's key die with the key. The event log (before and after), disclosures and the working
copies of another county's data use it, so that purging them is one deleted row (FEDERATION §2.10).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from web.core import crypto, fence
from web.core.fence import Tenanted
from web.extensions import Model, Session, db, settings


class RecordKey(Tenanted, Model):
    """`id` is the record's own id; `wrapped` its data key under the county's share of the field key."""

    __tablename__ = "record_key"
    __logged__ = False
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class Purged(RuntimeError):
    """The record's key was destroyed: its values are gone for good."""


def _county_key() -> bytes:
    return crypto.derive(settings().field_key, f"vault:{fence.tenant()}")


def _key(subject_id: UUID, *, create: bool, is_new: bool = False) -> bytes | None:
    """`is_new`: the record was made in this unit of work, so its key most likely was not."""
    keys: dict[UUID, bytes] = db.session.info.setdefault("vault", {})
    if subject_id in keys:
        return keys[subject_id]
    with db.session.no_autoflush:
        wrapped = None if is_new else db.session.scalar(db.select(RecordKey.wrapped).where(RecordKey.id == subject_id))
        if wrapped is None:
            if not create:
                return None
            wrapped = _make(subject_id)
    keys[subject_id] = crypto.decrypt(_county_key(), bytes(wrapped), str(subject_id))
    return keys[subject_id]


def _make(subject_id: UUID) -> bytes:
    """A new key, or the one another transaction made meanwhile."""
    token = crypto.encrypt(_county_key(), os.urandom(32), str(subject_id))
    made = (
        insert(RecordKey)
        .values(tenant_id=fence.tenant(), id=subject_id, wrapped=token)
        .on_conflict_do_nothing(index_elements=["tenant_id", "id"])
        .returning(RecordKey.wrapped)
    )
    wrapped = db.session.scalar(made)
    if wrapped is None:
        wrapped = db.session.scalars(db.select(RecordKey.wrapped).where(RecordKey.id == subject_id)).one()
    return bytes(wrapped)


def prepare(subject_ids: Iterable[UUID]) -> None:
    """Read the keys of many records in one query, before a list of their values is unwrapped."""
    keys: dict[UUID, bytes] = db.session.info.setdefault("vault", {})
    query = db.select(RecordKey.id, RecordKey.wrapped).where(RecordKey.id.in_(set(subject_ids) - set(keys)))
    for subject_id, wrapped in db.session.execute(query):
        keys[subject_id] = crypto.decrypt(_county_key(), bytes(wrapped), str(subject_id))


def wrap(subject_id: UUID, clear: bytes, *, is_new: bool = False) -> bytes:
    """Encrypt under the record's key, made on first use. `is_new` saves the question whether there is one."""
    key = _key(subject_id, create=True, is_new=is_new)
    assert key is not None
    return crypto.encrypt(key, clear, str(subject_id))


def unwrap(subject_id: UUID, token: bytes) -> bytes:
    """Decrypt; Purged when the key is gone."""
    key = _key(subject_id, create=False)
    if key is None:
        raise Purged(str(subject_id))
    return crypto.decrypt(key, bytes(token), str(subject_id))


def read(subject_id: UUID, packet: bytes | None) -> dict[str, Any]:
    """What a packet holds; empty where there is none, or once it was purged."""
    try:
        found: dict[str, Any] = {} if packet is None else json.loads(unwrap(subject_id, packet))
    except Purged:
        return {}
    return found


class Packed:
    """A record whose personal values stand together in one column, `packet`, under its own key."""

    id: Mapped[UUID]
    packet: Mapped[bytes | None]

    def values(self) -> dict[str, Any]:
        """What the packet holds; empty once it was purged."""
        return read(self.id, self.packet)

    def keep(self, **more: Any) -> None:
        """Put values into the packet; None takes one out."""
        whole = {name: value for name, value in (self.values() | more).items() if value is not None}
        self.packet = wrap(self.id, json.dumps(whole, ensure_ascii=False, sort_keys=True).encode())


def destroy(subject_id: UUID) -> bool:
    """Destroy the record's key; True when there was one."""
    db.session.info.get("vault", {}).pop(subject_id, None)
    row = db.session.get(RecordKey, (fence.tenant(), subject_id))
    if row is None:
        return False
    db.session.delete(row)
    db.session.flush()
    return True


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    """A rolled back savepoint may have taken a new key's row with it."""
    session.info.pop("vault", None)
