"""Signed documents that are no envelopes: decisions of a hub, seals of an agreement, descriptors of a county."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from web.federation.wire import kinds, seals
from web.federation.wire.canonical import canonical, digest, instant, read_instant
from web.federation.wire.codes import WireError
from web.federation.wire.keys import JWK, Pins, PrivateKey, PublicKey, pins, read_jwk

MAX_KEYS = 16
DECISION = kinds.Record(
    {
        "agreement": kinds.UUID_,
        "n": kinds.NUMBER,
        "prev": kinds.Nullable(kinds.DIGEST),
        "verb": kinds.Pattern(r"[a-z_]{1,20}"),
        "by": kinds.UUID_,
        "cause": kinds.Nullable(kinds.UUID_),
        "version": kinds.NUMBER,
        "text": kinds.DIGEST,
        "at": kinds.INSTANT,
        "body": kinds.AnyRecord(),
        "sd": kinds.ListOf(kinds.DIGEST, most=520, is_rising=True),
    }
)
SEAL = kinds.Record(
    {
        "agreement": kinds.UUID_,
        "version": kinds.NUMBER,
        "text": kinds.DIGEST,
        "pdf": kinds.DIGEST,
        "county": kinds.UUID_,
        "at": kinds.INSTANT,
    }
)
DESCRIPTOR = kinds.Record(
    {
        "versions": kinds.ListOf(kinds.Pattern(r"\d{1,3}\.\d{1,3}"), most=8, least=1),
        "limits": kinds.Record({"messages": kinds.NUMBER, "bytes": kinds.NUMBER}),
        "types": kinds.ListOf(kinds.Pattern(r"[a-z_]{1,20}\.[a-z_]{1,20}"), most=200, is_rising=True),
        "county": kinds.UUID_,
        "code": kinds.Pattern(r"\d{6}"),
        "name": kinds.Text(80),
        "keys": kinds.ListOf(
            kinds.Record(
                {"jwk": JWK, "valid_from": kinds.INSTANT, "valid_until": kinds.Nullable(kinds.INSTANT)},
                {"revoked_at": kinds.INSTANT},
            ),
            most=MAX_KEYS,
            least=2,
        ),
        "at": kinds.INSTANT,
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One numbered decision of an agreement's hub, the same for every party. `by`: whose verb it was."""

    agreement: UUID
    n: int
    prev: str | None
    verb: str
    by: UUID
    cause: UUID | None
    version: int
    text: str
    at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    sd: tuple[str, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        """The JSON object that is signed."""
        return {
            "agreement": str(self.agreement),
            "n": self.n,
            "prev": self.prev,
            "verb": self.verb,
            "by": str(self.by),
            "cause": self.cause and str(self.cause),
            "version": self.version,
            "text": self.text,
            "at": instant(self.at),
            "body": self.body,
            "sd": list(self.sd),
        }

    @property
    def digest(self) -> str:
        """Over the canonical payload; the next decision's `prev`."""
        return digest(canonical(self.as_payload()))


@dataclass(frozen=True, slots=True)
class AgreementSeal:
    """A county's seal under one version of an agreement: its text, its PDF, and the leader's instant."""

    agreement: UUID
    version: int
    text: str
    pdf: str
    county: UUID
    at: datetime

    def as_payload(self) -> dict[str, Any]:
        """The JSON object that is signed."""
        return {
            "agreement": str(self.agreement),
            "version": self.version,
            "text": self.text,
            "pdf": self.pdf,
            "county": str(self.county),
            "at": instant(self.at),
        }

    @property
    def digest(self) -> str:
        """Over the canonical payload."""
        return digest(canonical(self.as_payload()))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a county says of itself: versions, limits, message types, keys."""

    county: UUID
    code: str
    name: str
    keys: tuple[PublicKey, ...]
    types: tuple[str, ...]
    limits: dict[str, int]
    at: datetime
    versions: tuple[str, ...] = ("1.0",)

    def as_payload(self) -> dict[str, Any]:
        """The JSON object that is signed."""
        return {
            "versions": list(self.versions),
            "limits": self.limits,
            "types": sorted(self.types),
            "county": str(self.county),
            "code": self.code,
            "name": self.name,
            "keys": [_key_payload(key) for key in self.keys],
            "at": instant(self.at),
        }


def sign_decision(decision: Decision, key: PrivateKey) -> str:
    """The compact JWS of a decision, by the hub."""
    return seals.sign_document(decision.as_payload(), seals.DECISION, DECISION, key)


def open_decision(token: str, hub: Pins, now: datetime | None = None) -> Decision:
    """The decision of a JWS, verified with keys pinned for the hub (whoever relayed it)."""
    found = seals.open_document(token, seals.DECISION, DECISION, hub, now)
    if (found["n"] == 1) != (found["prev"] is None):
        raise WireError("malformed", where="fed1-decision/prev")
    return Decision(
        UUID(found["agreement"]),
        found["n"],
        found["prev"],
        found["verb"],
        UUID(found["by"]),
        found["cause"] and UUID(found["cause"]),
        found["version"],
        found["text"],
        read_instant(found["at"]),
        found["body"],
        tuple(found["sd"]),
    )


def sign_seal(seal: AgreementSeal, key: PrivateKey) -> str:
    """The compact JWS of an agreement seal, by the county that seals."""
    return seals.sign_document(seal.as_payload(), seals.SEAL, SEAL, key)


def open_seal(token: str, county: Pins, now: datetime | None = None) -> AgreementSeal:
    """The agreement seal of a JWS; `bad_signature` if it names another county than the one whose key signed."""
    found = seals.open_document(token, seals.SEAL, SEAL, county, now)
    if UUID(found["county"]) != county.county:
        raise WireError("bad_signature", where="fed1-seal/county")
    return AgreementSeal(
        UUID(found["agreement"]),
        found["version"],
        found["text"],
        found["pdf"],
        county.county,
        read_instant(found["at"]),
    )


def sign_descriptor(descriptor: Descriptor, key: PrivateKey) -> str:
    """The compact JWS of a descriptor, by the county itself."""
    return seals.sign_document(descriptor.as_payload(), seals.DESCRIPTOR, DESCRIPTOR, key)


def open_descriptor(token: str, county: Pins, now: datetime | None = None) -> Descriptor:
    """The descriptor of a JWS, verified with keys pinned for that county."""
    found = _read_descriptor(seals.open_document(token, seals.DESCRIPTOR, DESCRIPTOR, county, now))
    if found.county != county.county:
        raise WireError("bad_signature", where="fed1-descriptor/county")
    return found


def introduce(token: str) -> tuple[Descriptor, PublicKey]:
    """A descriptor that vouches for itself, and the seal key it is signed with.

    It proves nothing until a person has compared that key's fingerprint out of band and pinned it.
    """
    payload = seals.unverified(token)
    DESCRIPTOR.check(payload, "fed1-descriptor")
    claimed = _read_descriptor(payload)
    found = open_descriptor(token, pins(claimed.county, (key for key in claimed.keys if key.use == "sig")))
    return found, next(key for key in found.keys if key.kid == seals.kid_of(token))


def _key_payload(key: PublicKey) -> dict[str, Any]:
    if key.valid_from is None:
        raise ValueError("a published key needs the day it begins")
    payload: dict[str, Any] = {
        "jwk": key.jwk,
        "valid_from": instant(key.valid_from),
        "valid_until": key.valid_until and instant(key.valid_until),
    }
    if key.revoked_at is not None:
        payload["revoked_at"] = instant(key.revoked_at)
    return payload


def _read_descriptor(found: dict[str, Any]) -> Descriptor:
    keys = tuple(
        read_jwk(
            item["jwk"],
            read_instant(item["valid_from"]),
            item["valid_until"] and read_instant(item["valid_until"]),
            read_instant(item["revoked_at"]) if "revoked_at" in item else None,
        )
        for item in found["keys"]
    )
    if len({key.kid for key in keys}) != len(keys):
        raise WireError("malformed", where="fed1-descriptor/keys")
    return Descriptor(
        UUID(found["county"]),
        found["code"],
        found["name"],
        keys,
        tuple(found["types"]),
        dict(found["limits"]),
        read_instant(found["at"]),
        tuple(found["versions"]),
    )
