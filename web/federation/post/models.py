"""Tables of the post. `post_due` alone is without row-level security: it holds no personal data, and one scheduler
looks after all counties.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from web.core.fence import Exempt, Tenanted
from web.core.states import Machine, Row
from web.extensions import Model


class PeerState(StrEnum):
    """How far a partner county is known. Only a person confirms, after comparing the fingerprint out of band."""

    ASKED = "asked"
    INTRODUCED = "introduced"
    CONFIRMED = "confirmed"


P = PeerState
PEER = Machine(
    "peer",
    PeerState,
    [
        Row(None, "invite", "self", P.ASKED),
        Row(None, "introduce", "self", P.INTRODUCED, guard="the other county invited us"),
        Row(P.ASKED, "introduce", "self", P.INTRODUCED, guard="its descriptor is here and vouches for itself"),
        Row(P.INTRODUCED, "confirm", "self", P.CONFIRMED, guard="a person compared the fingerprint out of band"),
        Row(P.CONFIRMED, "follow", "self", P.CONFIRMED, guard="the pinned seal key vouches for its successor"),
        Row(P.CONFIRMED, "unpin", "self", P.INTRODUCED, guard="key lost or revoked: a person pins again"),
    ],
)


class Peer(Tenanted, Model):
    """A partner county as we know it. `transport`: where it lives; `fingerprint`: of the seal key shown to persons."""

    __tablename__ = "peer"
    state: Mapped[PeerState] = PEER.column()
    uid: Mapped[UUID]
    code: Mapped[str] = mapped_column(String(6))
    name: Mapped[str] = mapped_column(String(40))
    office: Mapped[str] = mapped_column(String(80), default="")
    transport: Mapped[str] = mapped_column(String(10), default="loopback")
    address: Mapped[str] = mapped_column(String(200), default="")
    fingerprint: Mapped[str] = mapped_column(String(80), default="")
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (PEER.check(), UniqueConstraint("tenant_id", "uid"))


PEER.guard(Peer)


class PeerKey(Tenanted, Model):
    """A public key of a partner. It counts only while its peer is confirmed and the pinned seal key vouches for it."""

    __tablename__ = "peer_key"
    peer_uid: Mapped[UUID]
    kid: Mapped[str] = mapped_column(String(64))
    use: Mapped[str] = mapped_column(String(3))
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_pinned: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "peer_uid", "kid"),)


class KeyState(StrEnum):
    """The life of a key of our own. A person asks for its end on a page; a worker, which alone opens keys, makes it."""

    CURRENT = "current"
    TURNING = "turning"
    REVOKING = "revoking"
    RETIRED = "retired"
    REVOKED = "revoked"
    DESTROYED = "destroyed"


K = KeyState
KEY = Machine(
    "county_key",
    KeyState,
    [
        Row(None, "create", "self", K.CURRENT),
        Row(K.CURRENT, "ask_turn", "self", K.TURNING),
        Row(K.CURRENT, "ask_revoke", "self", K.REVOKING, guard="a person gave the reason: lost, stolen, maybe known"),
        Row(K.TURNING, "ask_revoke", "self", K.REVOKING, guard="a person gave the reason: lost, stolen, maybe known"),
        Row(K.TURNING, "turn", "self", K.RETIRED, guard="the seal key vouches for its successor", automatic=True),
        Row(K.REVOKING, "revoke", "self", K.REVOKED, guard="nobody vouches for its successor", automatic=True),
        Row(K.RETIRED, "revoke", "self", K.REVOKED, guard="the decryption key after it was revoked", automatic=True),
        Row(K.RETIRED, "destroy", "self", K.DESTROYED, guard="a decryption key 30 days after its time", automatic=True),
        Row(K.REVOKED, "destroy", "self", K.DESTROYED, automatic=True),
    ],
)


class CountyKey(Tenanted, Model):
    """Our own key pair. `locked`: the private half under the seal secret, which no page has (FED/1 §1.3), nothing once it
    is destroyed.
    """

    __tablename__ = "county_key"
    state: Mapped[KeyState] = KEY.column()
    kid: Mapped[str] = mapped_column(String(64))
    use: Mapped[str] = mapped_column(String(3))
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    locked: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (KEY.check(), UniqueConstraint("tenant_id", "kid"))


KEY.guard(CountyKey)


class CountyDescriptor(Exempt, Model):
    """What `/.well-known/fed1` publishes of a county that lives here, signed by the worker when keys change. `vouchers`:
    earlier descriptors, each signed with the seal key that was turned and naming the one after it.
    """

    __tablename__ = "county_descriptor"
    __exempt__ = "public by its nature: it is what any county may ask for"
    uid: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    signed: Mapped[str] = mapped_column(Text)
    vouchers: Mapped[list[str]] = mapped_column(JSONB, default=list)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Channel(Tenanted, Model):
    """One direction with one peer: one writer, one chain. `stopped`: the code that stopped it, until a person looks;
    `held`: the code of the last answer that consumed nothing, until something comes to rest.
    """

    __tablename__ = "channel"
    __logged__ = False
    peer_uid: Mapped[UUID]
    direction: Mapped[str] = mapped_column(String(3))
    epoch: Mapped[int] = mapped_column(default=1)
    seq: Mapped[int] = mapped_column(default=0)
    head: Mapped[str | None] = mapped_column(String(60))
    stopped: Mapped[str] = mapped_column(String(40), default="")
    held: Mapped[str] = mapped_column(String(40), default="")
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease: Mapped[UUID | None]
    last_sign_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "peer_uid", "direction"),)


class OutboxMessage(Tenanted, Model):
    """A message of ours: unsealed when its verb commits, sealed by the relay, at rest with its receipt. `id` is the
    message id. `attached`: documents to sign with it ({typ, payload}) or signed already ({jws}).
    `trace`: the number of the request that said it, for the logs of both sides.
    """

    __tablename__ = "outbox_message"
    __logged__ = False
    peer_uid: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(40))
    about_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    n: Mapped[int | None]
    base: Mapped[int | None]
    cause: Mapped[UUID | None]
    agreement_id: Mapped[UUID | None]
    agreement_version: Mapped[int | None]
    agreement_digest: Mapped[str | None] = mapped_column(String(60))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sd: Mapped[list[Any]] = mapped_column(JSONB)
    attached: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    blobs: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    has_blobs_due: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    epoch: Mapped[int | None]
    seq: Mapped[int | None]
    prev: Mapped[str | None] = mapped_column(String(60))
    digest: Mapped[str | None] = mapped_column(String(60))
    envelope: Mapped[str | None] = mapped_column(Text)
    sealed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(default=0)
    result: Mapped[str | None] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(40))
    receipt: Mapped[str | None] = mapped_column(Text)
    receipted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    trace: Mapped[str | None] = mapped_column(String(36))

    __table_args__ = (
        UniqueConstraint("tenant_id", "peer_uid", "epoch", "seq"),
        Index("ix_outbox_message_about", "tenant_id", "about_id", "id"),
        # Whatever still waits, whatever was sent before: a message without a receipt, or a file that follows one.
        Index(
            "ix_outbox_message_due", "tenant_id", "peer_uid", "id", postgresql_where="receipt IS NULL OR has_blobs_due"
        ),
    )


class InboxMessage(Tenanted, Model):
    """A message of theirs that consumed its place, with the receipt we gave. `id` is theirs, unique for ever."""

    __tablename__ = "inbox_message"
    __logged__ = False
    peer_uid: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(40))
    about_id: Mapped[UUID | None]
    epoch: Mapped[int]
    seq: Mapped[int]
    digest: Mapped[str] = mapped_column(String(60))
    envelope: Mapped[str] = mapped_column(Text)
    attached: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    result: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(40))
    receipt: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "peer_uid", "epoch", "seq"),
        Index("ix_inbox_message_about", "tenant_id", "about_id", "id"),
    )


class StoredDisclosure(Tenanted, Model):
    """A disclosed value beside a sealed message, ours or theirs, encrypted under the aggregate's key (`about_id`)."""

    __tablename__ = "disclosure"
    __logged__ = False
    __person__ = True
    message_id: Mapped[UUID]
    about_id: Mapped[UUID]
    pointer: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(2), default="")
    commitment: Mapped[str] = mapped_column(String(60))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_withheld: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("tenant_id", "message_id", "pointer"),
        Index("ix_disclosure_about", "tenant_id", "about_id"),
    )


class Blob(Tenanted, Model):
    """A file that crosses beside the messages, by the digest of its plain content (`sha-256:…`)."""

    __tablename__ = "blob"
    __logged__ = False
    digest: Mapped[str] = mapped_column(String(60))
    about_id: Mapped[UUID]
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    announced_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "about_id", "digest"),)


class PostDue(Exempt, Model):
    """That county `tenant_id` has something to send to `peer_uid`, due at `due_at`."""

    __tablename__ = "post_due"
    __exempt__ = "the scheduler asks for all counties at once; holds a county's number, a partner's uid and an instant"
    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    peer_uid: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
