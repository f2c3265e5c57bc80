"""Signatures: compact JWS, always `alg: Ed25519`, the header exactly {alg, kid, typ}, and the `typ` always checked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from web.federation.wire.canonical import canonical, parse_canonical
from web.federation.wire.codes import WireError
from web.federation.wire.keys import Pins, PrivateKey
from web.federation.wire.kinds import Kind

MESSAGE = "fed1-msg"
RECEIPT = "fed1-receipt"
DECISION = "fed1-decision"
SEAL = "fed1-seal"
DESCRIPTOR = "fed1-descriptor"
TYPES = frozenset({MESSAGE, RECEIPT, DECISION, SEAL, DESCRIPTOR})

MAX_BYTES = 256 * 1024
_ALGORITHM = "Ed25519"


class _Registry(jws.JWSRegistry):
    """The library's own limit (128 kB of payload) is below a full co-sign list."""

    max_payload_length = MAX_BYTES


_REGISTRY = _Registry(algorithms=[_ALGORITHM])


def sign(payload: bytes, typ: str, key: PrivateKey) -> str:
    """The compact JWS of canonical bytes. The same bytes and key always give the same text."""
    if typ not in TYPES:
        raise ValueError(f"unknown typ {typ}")
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": typ}
    token = jws.serialize_compact(header, payload, key.okp, registry=_REGISTRY)
    if len(token) > MAX_BYTES:
        raise WireError("too_large", limit=MAX_BYTES)
    return token


def again(token: str, key: PrivateKey) -> str:
    """The same payload and `typ` of a JWS of our own, signed with this key: nothing that is digested changes."""
    found, header = _extract(token)
    return sign(found.payload, header["typ"], key)


def verify(token: str, typ: str, pins: Pins, now: datetime | None = None) -> bytes:
    """The payload of a JWS sealed by the county of these pins.

    Raises `too_large`, `unknown_key`, `key_revoked`, else `bad_signature` for whatever is not exactly our form.
    """
    found, header = _extract(token)
    if header.get("typ") != typ:
        raise WireError("bad_signature", where="typ")
    key = pins.find(header["kid"], now)
    try:
        is_good = jws.validate_compact(found, key.okp, registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise WireError("bad_signature", where="signature") from error
    if not is_good:
        raise WireError("bad_signature", where="signature")
    return found.payload


def kid_of(token: str) -> str:
    """The name of the key a JWS claims, unverified: for saying which key is missing."""
    return str(_extract(token)[1]["kid"])


def typ_of(token: str) -> str:
    """The kind of document a JWS claims to be, unverified: for sorting attachments."""
    return str(_extract(token)[1]["typ"])


def unverified(token: str) -> Any:
    """The payload of a JWS nobody vouches for yet: only for introducing a county before its key is pinned."""
    return parse_canonical(_extract(token)[0].payload)


def sign_document(payload: dict[str, Any], typ: str, schema: Kind, key: PrivateKey) -> str:
    """Check the payload against its schema, then sign its canonical bytes."""
    schema.check(payload, typ)
    return sign(canonical(payload), typ, key)


def open_document(token: str, typ: str, schema: Kind, pins: Pins, now: datetime | None = None) -> dict[str, Any]:
    """The verified payload of a signed document; `malformed` if authentic and not of its schema."""
    payload = parse_canonical(verify(token, typ, pins, now))
    schema.check(payload, typ)
    return dict(payload)


def _extract(token: str) -> tuple[jws.CompactSignature, dict[str, Any]]:
    if not isinstance(token, str):
        raise WireError("bad_signature", where="form")
    if len(token) > MAX_BYTES:
        raise WireError("too_large", limit=MAX_BYTES)
    try:
        found = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        header = found.headers()
        text = all(isinstance(value, str) for value in header.values())
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WireError("bad_signature", where="form") from error
    if header.keys() != {"alg", "kid", "typ"} or not text or header["alg"] != _ALGORITHM:
        raise WireError("bad_signature", where="header")
    return found, header
