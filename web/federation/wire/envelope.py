"""The envelope: one message of one channel, sealed. Its exact fields, strict reading, sealing and opening.

Everything here is the same for all message types; what a type's body and pointers may hold stands in
`web.federation.messages` and is checked by `web.federation.admission`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from web.federation.wire import kinds, seals
from web.federation.wire.canonical import canonical, digest, instant, parse_canonical, read_instant
from web.federation.wire.codes import WireError
from web.federation.wire.keys import Pins, PrivateKey

VERSION = "1.0"
MAX_COMMITMENTS = 520

ABOUT = kinds.Pattern(
    r"(agreement|referral|share|handover|cosign|request|reading|directory|counts|heartbeat)/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
SCHEMA = kinds.Record(
    {
        "v": kinds.choice(VERSION),
        "id": kinds.UUID7,
        "type": kinds.Pattern(r"[a-z_]{1,20}\.[a-z_]{1,20}"),
        "from": kinds.UUID_,
        "to": kinds.UUID_,
        "epoch": kinds.NUMBER,
        "seq": kinds.NUMBER,
        "prev": kinds.Nullable(kinds.DIGEST),
        "about": ABOUT,
        "agreement": kinds.Nullable(kinds.Record({"id": kinds.UUID_, "version": kinds.NUMBER, "digest": kinds.DIGEST})),
        "cause": kinds.Nullable(kinds.UUID_),
        "at": kinds.INSTANT,
        "expires": kinds.Nullable(kinds.INSTANT),
        "crit": kinds.ListOf(kinds.Pattern(r"[a-z0-9_.-]{1,40}"), most=8),
        "body": kinds.AnyRecord(),
        "sd": kinds.ListOf(kinds.DIGEST, most=MAX_COMMITMENTS, is_rising=True),
    },
    optional={"n": kinds.NUMBER, "base": kinds.COUNT},
)


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where an authentic envelope stands: enough for a receipt, also when the rest cannot be read."""

    id: UUID
    sender: UUID
    receiver: UUID
    epoch: int
    seq: int
    prev: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class AgreementRef:
    """The sealed agreement version a message is sent under."""

    id: UUID
    version: int
    digest: str


@dataclass(frozen=True)
class Envelope:
    """One message. `n`: a decision's number; `base`: the decision a proposal rests on; neither: a register.

    `at`, `expires`: aware datetimes, whole seconds on the wire. `sd`: commitments, ascending. `body`: plain values.
    """

    id: UUID
    type: str
    sender: UUID
    receiver: UUID
    seq: int
    prev: str | None
    about: str
    at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    sd: tuple[str, ...] = ()
    n: int | None = None
    base: int | None = None
    agreement: AgreementRef | None = None
    cause: UUID | None = None
    expires: datetime | None = None
    crit: tuple[str, ...] = ()
    epoch: int = 1
    v: str = VERSION

    @property
    def about_kind(self) -> str:
        """The kind of aggregate it speaks of: a word of `ABOUT`."""
        return self.about.partition("/")[0]

    @property
    def about_id(self) -> UUID:
        """The aggregate's id."""
        return UUID(self.about.partition("/")[2])

    @cached_property
    def canonical(self) -> bytes:
        """The bytes that are sealed, checked against the schema."""
        payload = to_payload(self)
        check_payload(payload)
        return canonical(payload)

    @cached_property
    def digest(self) -> str:
        """Over the canonical payload, not the JWS: sealing again keeps id, digest and chain."""
        return digest(self.canonical)

    @property
    def coordinates(self) -> Coordinates:
        """Its place in the channel."""
        return Coordinates(self.id, self.sender, self.receiver, self.epoch, self.seq, self.prev, self.digest)


def to_payload(envelope: Envelope) -> dict[str, Any]:
    """The JSON object of an envelope, field for field as the paper has it."""
    payload: dict[str, Any] = {
        "v": envelope.v,
        "id": str(envelope.id),
        "type": envelope.type,
        "from": str(envelope.sender),
        "to": str(envelope.receiver),
        "epoch": envelope.epoch,
        "seq": envelope.seq,
        "prev": envelope.prev,
        "about": envelope.about,
        "agreement": envelope.agreement
        and {
            "id": str(envelope.agreement.id),
            "version": envelope.agreement.version,
            "digest": envelope.agreement.digest,
        },
        "cause": envelope.cause and str(envelope.cause),
        "at": instant(envelope.at),
        "expires": envelope.expires and instant(envelope.expires),
        "crit": list(envelope.crit),
        "body": envelope.body,
        "sd": list(envelope.sd),
    }
    if envelope.n is not None:
        payload["n"] = envelope.n
    if envelope.base is not None:
        payload["base"] = envelope.base
    return payload


def check_payload(payload: Any) -> None:
    """`malformed` for an unknown, missing or ill-formed field.

    `version_unsupported`, `crit_unsupported`: well-formed, but made for a newer program than this.
    """
    version = payload.get("v") if isinstance(payload, dict) else None
    if isinstance(version, str) and version != VERSION and version.replace(".", "", 1).isdecimal():
        raise WireError("version_unsupported", version=version[:20])
    SCHEMA.check(payload, "envelope")
    if payload["crit"]:
        raise WireError("crit_unsupported", crit=payload["crit"])
    if "n" in payload and "base" in payload:
        raise WireError("malformed", where="envelope/n")
    if (payload["prev"] is None) != (payload["seq"] == 1 and payload["epoch"] == 1):
        raise WireError("malformed", where="envelope/prev")


def read_payload(payload: Any) -> Envelope:
    """The envelope of a JSON object. Raises like `check_payload`."""
    check_payload(payload)
    ref = payload["agreement"]
    return Envelope(
        id=UUID(payload["id"]),
        type=payload["type"],
        sender=UUID(payload["from"]),
        receiver=UUID(payload["to"]),
        epoch=payload["epoch"],
        seq=payload["seq"],
        prev=payload["prev"],
        about=payload["about"],
        n=payload.get("n"),
        base=payload.get("base"),
        agreement=ref and AgreementRef(UUID(ref["id"]), ref["version"], ref["digest"]),
        cause=payload["cause"] and UUID(payload["cause"]),
        at=read_instant(payload["at"]),
        expires=payload["expires"] and read_instant(payload["expires"]),
        crit=tuple(payload["crit"]),
        body=payload["body"],
        sd=tuple(payload["sd"]),
    )


def seal(envelope: Envelope, key: PrivateKey) -> str:
    """The compact JWS of an envelope. `malformed` if the envelope itself could not be read back."""
    return seals.sign(envelope.canonical, seals.MESSAGE, key)


def open_envelope(token: str, pins: Pins, receiver: UUID, now: datetime | None = None) -> Envelope:
    """The envelope of a JWS, verified with keys pinned for its sender only.

    `pins`: those of the county this channel comes from; `receiver`: us. Raises `bad_signature`, `unknown_key`,
    `key_revoked`, `not_for_us`, or what `read_payload` raises, then with the coordinates if they could be read.
    """
    data = seals.verify(token, seals.MESSAGE, pins, now)
    payload = parse_canonical(data)
    coordinates = _coordinates(payload, data)
    if coordinates is not None and coordinates.sender != pins.county:
        raise WireError("bad_signature", coordinates, where="envelope/from")
    if coordinates is not None and coordinates.receiver != receiver:
        raise WireError("not_for_us", coordinates, to=str(coordinates.receiver))
    try:
        envelope = read_payload(payload)
    except WireError as error:
        error.coordinates = coordinates
        raise
    envelope.__dict__["canonical"] = data  # what was sealed, so that it need not be written again to be digested
    return envelope


def _coordinates(payload: Any, data: bytes) -> Coordinates | None:
    """The place an authentic payload claims, or None if even that cannot be read."""
    try:
        for name in ("id", "from", "to", "epoch", "seq", "prev"):
            SCHEMA.fields[name].check(payload[name], name)
    except (WireError, KeyError, TypeError):
        return None
    return Coordinates(
        UUID(payload["id"]),
        UUID(payload["from"]),
        UUID(payload["to"]),
        payload["epoch"],
        payload["seq"],
        payload["prev"],
        digest(data),
    )
