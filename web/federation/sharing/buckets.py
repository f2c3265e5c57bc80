"""Which copies differ, found by buckets (FED/1 §6): the owner sends a digest of each of 1,024 buckets of shares, the receiver
answers with the shares it has in those that are others with it.

A share falls into the bucket of the last ten bits of its id. What is digested are commitments, which are salted: once a
value is purged, its digest tells nothing of it. The root that a heartbeat seals is the digest over the buckets.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Subquery, any_, case, collate, func, literal
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from web.extensions import db
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.sharing.models import SharedValue, ShareState, StatusShare
from web.federation.wire.canonical import digest
from web.tenants.counties import service as counties

COUNT, SIZE = 1_024, 8
EMPTY = bytes(SIZE)
MOST = 1024 * 1024
"""Bytes of an answer. The buckets that have no place in it are found by the next heartbeat."""
_BUCKET, _COPY = struct.Struct(">HI"), struct.Struct(f">16s{SIZE}s")

Held = dict[int, dict[UUID, bytes]]
"""Bucket → share → digest of its copy."""

_BYTES = func.uuid_send(StatusShare.id)
_NUMBER = func.get_byte(_BYTES, 14) % (COUNT // 256) * 256 + func.get_byte(_BYTES, 15)


def live(role: str, *partners: UUID) -> tuple[ColumnElement[bool], ...]:
    """The shares in which we have this role and that are live with one of these partners."""
    return StatusShare.role == role, StatusShare.state == ShareState.LIVE, StatusShare.partner_uid.in_(partners)


def _copies(*where: ColumnElement[bool]) -> Subquery:
    """(id, bucket, digest) of each of these shares: the first 8 bytes of the SHA-256 of `<share> <n>` and a line
    `<field> <commitment>` for each value held under it, by field, with the commitment it was last disclosed by.
    """
    held = (SharedValue.tenant_id == StatusShare.tenant_id) & (SharedValue.share_id == StatusShare.id)
    disclosed = (
        (StoredDisclosure.tenant_id == SharedValue.tenant_id)
        & (StoredDisclosure.about_id == SharedValue.share_id)
        & (StoredDisclosure.pointer == literal("/").concat(SharedValue.field))
    )
    said = (OutboxMessage.tenant_id == StoredDisclosure.tenant_id) & (OutboxMessage.id == StoredDisclosure.message_id)
    of = SharedValue.share_id, collate(SharedValue.field, "C")
    commitment = case((~StoredDisclosure.is_withheld, StoredDisclosure.commitment))
    last = db.select(
        SharedValue.share_id, SharedValue.field, SharedValue.field.concat(" ").concat(commitment).label("line")
    )
    last = last.join(StatusShare, held).join(StoredDisclosure, disclosed).outerjoin(OutboxMessage, said)
    last = last.where(*where, OutboxMessage.result.is_distinct_from("refused"))
    line = last.ext(distinct_on(*of)).order_by(*of, StoredDisclosure.message_id.desc()).subquery()
    lines = func.string_agg(line.c.line, aggregate_order_by(literal("\n"), collate(line.c.field, "C")))
    under = db.select(line.c.share_id, lines.label("lines")).group_by(line.c.share_id).subquery()
    text = func.concat_ws("\n", func.concat(StatusShare.id, " ", StatusShare.n), under.c.lines)
    query = db.select(StatusShare.id, _NUMBER.label("bucket"), _short(func.convert_to(text, "UTF8")).label("digest"))
    return query.outerjoin(under, under.c.share_id == StatusShare.id).where(*where).subquery()


def _short(content: ColumnElement[bytes]) -> ColumnElement[bytes]:
    return func.substring(func.sha256(content), 1, SIZE)


def told(role: str, partner_uid: UUID) -> tuple[int, bytes]:
    """How many shares are live with the partner in which we have this role, and the 1,024 × 8 bytes of their buckets: of one
    that holds any, the first 8 bytes of the SHA-256 of `<16 bytes of the id><8 bytes of its digest>`, by id. One query.
    """
    copy = _copies(*live(role, partner_uid))
    whole = func.string_agg(
        func.uuid_send(copy.c.id).concat(copy.c.digest), aggregate_order_by(literal(b""), copy.c.id)
    )
    count, buckets = 0, [EMPTY] * COUNT
    query = db.select(copy.c.bucket, func.count(), _short(whole)).group_by(copy.c.bucket)
    for bucket, shares, content in db.session.execute(query):
        count += shares
        buckets[bucket] = bytes(content)
    return count, b"".join(buckets)


def root(role: str, partner_uid: UUID) -> tuple[int, str]:
    """How many shares are live, and the digest over all their buckets: what a heartbeat says."""
    count, buckets = told(role, partner_uid)
    return count, digest(buckets)


def copies(role: str, partner_uid: UUID, buckets: Collection[int]) -> Held:
    """What stands in these buckets: one query."""
    found: Held = {bucket: {} for bucket in buckets}
    inside = any_(literal(list(buckets), ARRAY(Integer())))
    copy = _copies(*live(role, partner_uid), inside == _NUMBER)
    query = db.select(copy.c.id, copy.c.bucket, copy.c.digest).order_by(copy.c.id)
    for row in db.session.execute(query):
        found[row.bucket][row.id] = bytes(row.digest)
    return found


def answer(sender: UUID, theirs: bytes) -> bytes | None:
    """What we hold of the sender's shares, and nobody else's, in the buckets that are others with us. None to a county that no
    person here confirmed, and while our work is stopped.
    """
    if len(theirs) != COUNT * SIZE or all(peer.uid != sender for peer in keys.partners()):
        return None
    if counties.own().jobs_stopped_at is not None:
        return None
    _, ours = told("receiver", sender)
    differ = [at for at in range(COUNT) if ours[at * SIZE :][:SIZE] != theirs[at * SIZE :][:SIZE]]
    return write(copies("receiver", sender, differ))


def write(copies: Held) -> bytes:
    """Of each bucket its number (2 bytes), how many shares follow (4), and the id (16) and the digest (8) of each."""
    said = bytearray()
    for bucket, held in copies.items():
        if len(said) + _BUCKET.size + len(held) * _COPY.size > MOST:
            break
        said += _BUCKET.pack(bucket, len(held))
        said += b"".join(_COPY.pack(id_.bytes, content) for id_, content in held.items())
    return bytes(said)


def read(answered: bytes) -> Held:
    """Inverse of `write`. ValueError for what is none."""
    found: Held = {}
    at = 0
    try:
        while at < len(answered):
            bucket, count = _BUCKET.unpack_from(answered, at)
            at += _BUCKET.size
            here = answered[at : at + count * _COPY.size]
            at += count * _COPY.size
            found[bucket] = {UUID(bytes=id_): content for id_, content in _COPY.iter_unpack(here)}
            if len(found[bucket]) != count:
                raise ValueError("a bucket is shorter than it says")
    except struct.error as error:
        raise ValueError(str(error)) from error
    return found


post.HOOKS.digest = answer
