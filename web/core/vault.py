"""Data keys of records: one random key for each record or federated aggregate of a county.

Values encrypted under a record's key die with the key. The event log (before and after), disclosures and the working
copies of another county's data use it, so that purging them is one deleted row (FED/1 §1.10).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Select, Table, Uuid, any_, bindparam, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from web.core import crypto, erasures, fence
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
    found: bytes = db.session.info.setdefault("vault_key", b"")
    if not found:
        found = db.session.info["vault_key"] = crypto.derive(settings().field_key, f"vault:{fence.tenant()}")
    return found


def _key(subject_id: UUID, *, create: bool, is_new: bool = False) -> bytes | None:
    """`is_new`: the record was made in this unit of work, so its key most likely was not."""
    keys: dict[UUID, bytes] = db.session.info.setdefault("vault", {})
    if subject_id not in keys and not is_new:
        prepare([subject_id])
    if subject_id not in keys and create:
        prepare([], [subject_id])
    return keys.get(subject_id)


_TABLE = cast("Table", RecordKey.__table__)
_NEW = insert(_TABLE)
# Another transaction may have made a record's key meanwhile: then nothing is returned, and that one is read.
_MADE = insert(_TABLE).on_conflict_do_nothing(index_elements=["tenant_id", "id"]).returning(_TABLE.c.id)


_FOUND = db.select(_TABLE.c.id, _TABLE.c.wrapped).where(
    _TABLE.c.tenant_id == bindparam("tenant"), _TABLE.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
)


def prepare(subject_ids: Iterable[UUID], new: Iterable[UUID] = (), *, is_sure: bool = False) -> set[UUID]:
    """Read the keys of many records in one query, before a list of their values is unwrapped; those of `new` records,
    which have none yet, are made in one statement. Returns the ids whose key was made here. `is_sure`: where one of them has
    a key after all, the unit fails with an IntegrityError when its writes go, and nobody waits for the answer before.
    """
    keys: dict[UUID, bytes] = db.session.info.setdefault("vault", {})
    drawn = {id_: os.urandom(32) for id_ in set(new) - set(keys)}
    made: set[UUID] = set()
    if drawn:
        county = _county_key()
        rows = [
            {"tenant_id": fence.tenant(), "id": id_, "wrapped": crypto.encrypt(county, key, str(id_))}
            for id_, key in drawn.items()
        ]
        if is_sure:
            fence.later(_NEW, rows)
            made = set(drawn)
        else:
            made = set(fence.execute(_MADE, rows[0] if len(rows) == 1 else rows).scalars())
        keys.update((id_, drawn[id_]) for id_ in made)
    if wanted := (set(subject_ids) | set(drawn)) - set(keys):
        for row in fence.execute(_FOUND, {"tenant": fence.tenant(), "ids": list(wanted)}):
            have(row.id, row.wrapped)
    return made


def have(subject_id: UUID, wrapped: bytes | None) -> None:
    """A record's key as it was read beside other rows of the record; None: it was destroyed."""
    keys: dict[UUID, bytes] = db.session.info.setdefault("vault", {})
    if wrapped is not None and subject_id not in keys:
        keys[subject_id] = crypto.decrypt(_county_key(), bytes(wrapped), str(subject_id))


def holds(subject_id: UUID) -> bool:
    """Has the record a key, so that something stands encrypted under it?"""
    return _key(subject_id, create=False) is not None


def emptied(subject_id: UUID, packet: bytes | None) -> bool:
    """Stands there a packet whose key was destroyed? So it is only in a backup put back: what ended since is open again."""
    return packet is not None and not holds(subject_id)


def beside(query: Select[Any], record_id: Any) -> Select[Any]:
    """The query with each row's key as its last column, so that a list asks for no keys by themselves: see `have`."""
    key = db.aliased(RecordKey)
    mine = (key.tenant_id == fence.tenant()) & (key.id == record_id)
    return query.add_columns(key.wrapped).outerjoin(key, mine)


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


@erasures.again("record_key")
def destroy(subject_id: UUID) -> bool:
    """Destroy the record's key, also in a backup that is put back; True when there was one."""
    db.session.info.get("vault", {}).pop(subject_id, None)
    row = db.session.get(RecordKey, (fence.tenant(), subject_id))
    if row is None:
        return False
    erasures.note("record_key", subject_id)
    db.session.delete(row)
    db.session.flush()
    return True


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    """A rolled back savepoint may have taken a new key's row with it."""
    session.info.pop("vault", None)
