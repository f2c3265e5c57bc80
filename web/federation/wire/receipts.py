"""Receipts: the receiver's signed, final word on one envelope, and with the chain on all before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from web.federation.wire import kinds, seals
from web.federation.wire.canonical import instant, read_instant
from web.federation.wire.codes import FINAL_CODES, WireError
from web.federation.wire.envelope import Coordinates
from web.federation.wire.keys import Pins, PrivateKey

SCHEMA = kinds.Record(
    {
        "from": kinds.UUID_,
        "to": kinds.UUID_,
        "epoch": kinds.NUMBER,
        "seq": kinds.NUMBER,
        "digest": kinds.DIGEST,
        "at": kinds.INSTANT,
    },
    variants=(
        "result",
        {
            "applied": {"result": kinds.choice("applied")},
            "refused": {"result": kinds.choice("refused"), "code": kinds.Choice(FINAL_CODES)},
        },
    ),
    optional={"n": kinds.COUNT},
)


class Result(StrEnum):
    """Applied in the same transaction as the signature, or refused for good."""

    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`sender`, `receiver`, `epoch`, `seq` are the envelope's; the receiver signs.

    `code`: one of the final codes, if refused. `n`: with `stale_base`, the last decision.
    """

    sender: UUID
    receiver: UUID
    epoch: int
    seq: int
    digest: str
    result: Result
    at: datetime
    code: str | None = None
    n: int | None = None

    def is_for(self, sent: Coordinates) -> bool:
        """Is it the receipt of that envelope?"""
        return (self.sender, self.receiver, self.epoch, self.seq, self.digest) == (
            sent.sender,
            sent.receiver,
            sent.epoch,
            sent.seq,
            sent.digest,
        )


def receipt(found: Coordinates, at: datetime, code: str | None = None, n: int | None = None) -> Receipt:
    """The receipt of an envelope: applied, or refused with a final code."""
    result = Result.APPLIED if code is None else Result.REFUSED
    return Receipt(found.sender, found.receiver, found.epoch, found.seq, found.digest, result, at, code, n)


def sign_receipt(given: Receipt, key: PrivateKey) -> str:
    """The compact JWS of a receipt, with the receiver's seal key. `malformed` for a code that is not final."""
    payload: dict[str, object] = {
        "from": str(given.sender),
        "to": str(given.receiver),
        "epoch": given.epoch,
        "seq": given.seq,
        "digest": given.digest,
        "result": given.result.value,
        "at": instant(given.at),
    }
    if given.code is not None:
        payload["code"] = given.code
    if given.n is not None:
        payload["n"] = given.n
    return seals.sign_document(payload, seals.RECEIPT, SCHEMA, key)


def open_receipt(token: str, pins: Pins, sent: Coordinates | None = None, now: datetime | None = None) -> Receipt:
    """The receipt of a JWS, verified with keys pinned for the envelope's receiver.

    With `sent`, it must be the receipt of that envelope: else `digest_mismatch`, which stops the channel.
    """
    found = seals.open_document(token, seals.RECEIPT, SCHEMA, pins, now)
    given = Receipt(
        UUID(found["from"]),
        UUID(found["to"]),
        found["epoch"],
        found["seq"],
        found["digest"],
        Result(found["result"]),
        read_instant(found["at"]),
        found.get("code"),
        found.get("n"),
    )
    if given.receiver != pins.county:
        raise WireError("bad_signature", where="receipt/to")
    if sent is not None and not given.is_for(sent):
        raise WireError("digest_mismatch", sent, seq=given.seq)
    return given
