"""The bare limit of an exchange: the same seals, JWE, rows and commits as post.relay and post.inbox, and nothing else.

Two counties, one message type with two disclosures. Four transactions a batch, as in the product: the verb, the
sealing, the receiver's, the receipts. Plain SQL as the application's role, under row-level security.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tests.world import Side
from web.core import clock
from web.core.ids import uuid7
from web.federation.wire import bundles, disclosures, envelope, receipts
from web.federation.wire.envelope import AgreementRef, Envelope
from web.federation.wire.keys import Pins, PrivateKey, PublicKey

OUTBOX = (
    "INSERT INTO outbox_message (tenant_id, id, peer_uid, type, about_id, base, agreement_id, agreement_version, agreement_digest,"
    " body, sd, attached, blobs, has_blobs_due, created_at, attempts)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '[]', '[]', false, %s, 0)"
)
DISCLOSED = (
    "INSERT INTO disclosure (tenant_id, id, message_id, about_id, pointer, scope, commitment, wrapped, is_withheld)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, false)"
)
SEALED = (
    "UPDATE outbox_message SET envelope = %s, digest = %s, epoch = 1, seq = %s, prev = %s, sealed_at = %s"
    " WHERE tenant_id = %s AND id = %s"
)
# The key under which the values of one aggregate stand at rest, so that they can be destroyed.
KEY = "INSERT INTO record_key (tenant_id, id, wrapped) VALUES (%s, %s, %s)"
INBOX = (
    "INSERT INTO inbox_message (tenant_id, id, peer_uid, type, about_id, epoch, seq, digest, envelope, attached, result, receipt, at)"
    " VALUES (%s, %s, %s, %s, %s, 1, %s, %s, %s, '[]', 'applied', %s, %s)"
)
SETTLED = "UPDATE outbox_message SET receipt = %s, result = 'applied', receipted_at = %s, attempts = 1 WHERE tenant_id = %s AND id = %s"
CHANNEL = "INSERT INTO channel (tenant_id, id, peer_uid, direction, epoch, seq, head, stopped, held) VALUES (%s, %s, %s, %s, 1, %s, %s, '', '')"
HEAD = "UPDATE channel SET seq = %s, head = %s WHERE tenant_id = %s AND peer_uid = %s AND direction = %s"
WRAPPED = bytes(60)


@dataclass
class Keys:
    """What one county signs and opens with, and what the other pinned of it."""

    seal: PrivateKey
    open: PrivateKey
    pins: Pins
    public: PublicKey


@dataclass
class Line:
    """One direction between two counties, on one connection."""

    connection: psycopg.Connection[Any]
    sender: Side
    receiver: Side
    keys: dict[UUID, Keys]
    under: AgreementRef
    type: str
    # A channel of its own, and numbers the product does not reach: both write the same tables in turn.
    channel: UUID = field(default_factory=uuid7)
    seq: int = 1_000_000
    head: str = "sha-256:" + "A" * 43

    def begin(self, side: Side) -> None:
        """A transaction of one county."""
        self.connection.execute(f"SET LOCAL app.tenant = '{side.tenant_id}'")

    def open(self) -> None:
        """The channel's row on both sides."""
        for side, direction in ((self.sender, "out"), (self.receiver, "in")):
            self.begin(side)
            self.connection.execute(CHANNEL, [side.tenant_id, uuid7(), self.channel, direction, self.seq, self.head])
            self.connection.commit()

    def exchange(self, abouts: Sequence[UUID], values: dict[str, Any]) -> None:
        """One message about each, from the verb to the stored receipt."""
        ours, theirs, now = self.sender.tenant_id, self.receiver.tenant_id, clock.now()
        messages = [(uuid7(), about, [disclosures.disclose(p, v) for p, v in values.items()]) for about in abouts]
        cursor = self.connection.cursor()
        self.begin(self.sender)
        cursor.executemany(KEY, [(ours, about, WRAPPED) for about in abouts])
        cursor.executemany(OUTBOX, [self._row(ours, *m, now) for m in messages])
        cursor.executemany(DISCLOSED, [row for m in messages for row in self._values(ours, *m)])
        self.connection.commit()
        self.begin(self.sender)
        sealed, packed = [], []
        for id_, about, made in messages:
            self.seq += 1
            found = Envelope(
                id=id_, type=self.type, sender=self.sender.uid, receiver=self.receiver.uid, epoch=1, seq=self.seq, prev=self.head,
                about=f"handover/{about}", at=now, body={}, sd=tuple(disclosures.commitments(made)), n=1, agreement=self.under,
            )  # fmt: skip
            token = envelope.seal(found, self.keys[self.sender.uid].seal)
            sealed.append((token, found.digest, self.seq, self.head, now, ours, id_))
            packed.append(bundles.bundle(token, self.keys[self.receiver.uid].public, made))
            self.head = found.digest
        cursor.executemany(SEALED, sealed)
        cursor.execute(HEAD, [self.seq, self.head, ours, self.channel, "out"])
        self.connection.commit()
        answers = self._receive(bundles.unpack(bundles.pack(packed)), theirs, now)
        self.begin(self.sender)
        for token in answers:
            receipts.open_receipt(token, self.keys[self.receiver.uid].pins)
        cursor.executemany(SETTLED, [(t, now, ours, m[0]) for t, m in zip(answers, messages, strict=True)])
        self.connection.commit()

    def _row(self, ours: int, id_: UUID, about: UUID, made: list[Any], now: datetime) -> tuple[Any, ...]:
        u, sd = self.under, Jsonb(list(disclosures.commitments(made)))
        return (ours, id_, self.receiver.uid, self.type, about, 0, u.id, u.version, u.digest, Jsonb({}), sd, now)

    def _values(self, tenant_id: int, id_: UUID, about: UUID, made: list[Any]) -> list[tuple[Any, ...]]:
        return [
            (tenant_id, uuid7(), id_, about, d.pointer, "S4", d.commitment, json.dumps(d.as_list()).encode())
            for d in made
        ]

    def _receive(self, batch: list[bundles.Bundle], theirs: int, now: datetime) -> list[str]:
        pins, opening = (
            self.keys[self.sender.uid].pins,
            {self.keys[self.receiver.uid].open.kid: self.keys[self.receiver.uid].open},
        )
        self.begin(self.receiver)
        given, kept, heard = [], [], []
        for parcel in batch:
            found = envelope.open_envelope(parcel.envelope, pins, self.receiver.uid)
            enclosed = bundles.open_enclosed(parcel.jwe, opening)
            made = disclosures.match(found.sd, enclosed, found.body.keys()).disclosed.values()
            token = receipts.sign_receipt(receipts.receipt(found.coordinates, now), self.keys[self.receiver.uid].seal)
            given.append(token)
            kept += self._values(theirs, found.id, found.about_id, list(made))
            heard.append(
                (
                    theirs,
                    found.id,
                    self.sender.uid,
                    found.type,
                    found.about_id,
                    found.seq,
                    found.digest,
                    parcel.envelope,
                    token,
                    now,
                )
            )
        cursor = self.connection.cursor()
        cursor.executemany(KEY, [(theirs, found[4], WRAPPED) for found in heard])
        cursor.executemany(DISCLOSED, kept)
        cursor.executemany(INBOX, heard)
        cursor.execute(HEAD, [self.seq, self.head, theirs, self.channel, "in"])
        self.connection.commit()
        return given
