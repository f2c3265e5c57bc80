"""Canonical bytes (RFC 8785), digests `sha-256:<base64url>`, and the one way instants and binary values are written."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import rfc8785

from web.federation.wire.codes import WireError

PREFIX = "sha-256:"


# The encoder of the standard library, in C, writes the same bytes as RFC 8785 for what `_is_simple` lets through
# (a test compares them), ten times faster than the reference in Python.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_SAFE = 2**53


def canonical(value: Any) -> bytes:
    """The one byte string of a JSON value. Raises `malformed` for what JSON cannot say exactly."""
    try:
        return _encode(value).encode() if _is_simple(value) else rfc8785.dumps(value)
    except (ValueError, RecursionError, AttributeError) as error:
        raise WireError("malformed", where="canonical") from error


def parse_canonical(data: bytes) -> Any:
    """The value of bytes that are canonical already; `malformed` for any others (also repeated names and NaN)."""
    value = parse(data)
    if canonical(value) != data:
        raise WireError("malformed", where="canonical")
    return value


def parse(data: bytes) -> Any:
    """The value of any JSON bytes; `malformed` if they are none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("malformed", where="json") from error


def _is_simple(value: Any) -> bool:
    """Only strings, safe whole numbers, true, false, null, lists, and objects with ASCII names."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return bool(-_SAFE < value < _SAFE)
    if kind is list:
        return all(map(_is_simple, value))
    if kind is dict:
        return all(type(name) is str and name.isascii() for name in value) and all(map(_is_simple, value.values()))
    return False


def digest(data: bytes) -> str:
    """`sha-256:` and 43 characters of base64url."""
    return PREFIX + b64(hashlib.sha256(data).digest())


def digest_of(value: Any) -> str:
    """The digest of a JSON value's canonical bytes."""
    return digest(canonical(value))


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """The bytes of base64url without padding. ValueError for any other spelling, so each value has one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if b64(data) != text:
        raise ValueError("not base64url")
    return data


def instant(at: datetime) -> str:
    """An aware datetime as `YYYY-MM-DDTHH:MM:SSZ`; parts of a second are cut off."""
    if at.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return f"{at.astimezone(UTC).isoformat(timespec='seconds')[:19]}Z"


def read_instant(text: str) -> datetime:
    """The aware UTC datetime of `YYYY-MM-DDTHH:MM:SSZ`. ValueError for any other spelling."""
    at = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    if instant(at) != text:
        raise ValueError("not an instant")
    return at
