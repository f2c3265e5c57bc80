"""Bundles and batches: an envelope with its encrypted disclosures and attachments, packed for one call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError

from web.federation.wire import seals
from web.federation.wire.canonical import canonical, parse, unb64
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import Disclosure, Enclosed
from web.federation.wire.keys import PrivateKey, PublicKey

MAX_MESSAGES = 50
MAX_BYTES = 1024 * 1024
MAX_ATTACHED = 64
# The number of the request that caused a message, for the logs of both sides: a UUID, because nothing can be said in one.
_TRACE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}


class _Registry(jwe.JWERegistry):
    """The library's own limit (64 kB of ciphertext) is below a full co-sign list."""

    max_ciphertext_length = 512 * 1024


_REGISTRY = _Registry(algorithms=["ECDH-ES", "A256GCM"])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sealed envelope, one JWE for its receiver (None if there is nothing to disclose), and JWS attached to it.

    `trace`: the number of the request it comes from, or None. Under no seal and no receipt: only logs read it.
    """

    envelope: str
    jwe: str | None = None
    attached: tuple[str, ...] = ()
    trace: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As it stands in a batch."""
        known = {"envelope": self.envelope, "jwe": self.jwe, "attached": list(self.attached)}
        return known if self.trace is None else known | {"trace": self.trace}

    @property
    def size(self) -> int:
        """Bytes it takes in a batch."""
        return sum(map(len, self.attached), len(self.envelope) + len(self.jwe or "")) + 128 + 4 * len(self.attached)


def bundle(
    envelope: str,
    receiver: PublicKey,
    disclosures: Iterable[Disclosure] = (),
    withheld: Iterable[tuple[str, str]] = (),
    attached: Iterable[str] = (),
    trace: str | None = None,
) -> Bundle:
    """A bundle for the county whose decryption key is `receiver`. `withheld`: (pointer, commitment) pairs."""
    shown, hidden = [found.as_list() for found in disclosures], [list(pair) for pair in withheld]
    token = encrypt({"disclosures": shown, "withheld": hidden}, receiver) if shown or hidden else None
    return Bundle(envelope, token, tuple(attached), trace)


def encrypt(content: Any, receiver: PublicKey) -> str:
    """A JWE of a JSON value that only the holder of the receiver's decryption key can open."""
    if receiver.use != "enc":
        raise ValueError("this key is not for encrypting")
    return jwe.encrypt_compact({**_HEADER, "kid": receiver.kid}, canonical(content), receiver.okp, registry=_REGISTRY)


def decrypt(token: str, keys: Mapping[str, PrivateKey]) -> Any:
    """The JSON value of a JWE made for one of our decryption keys, by kid.

    `unknown_key` if it names none of them; `disclosure_missing` if it does not open or is not our form.
    """
    try:
        header = json.loads(unb64(token.split(".", 1)[0]))
    except (ValueError, AttributeError, RecursionError) as error:
        raise WireError("disclosure_missing", where="jwe") from error
    if (
        not isinstance(header, dict)
        or header.keys() != {"alg", "enc", "kid", "epk"}
        or any(header[name] != _HEADER[name] for name in _HEADER)
        or not isinstance(header["kid"], str)
    ):
        raise WireError("disclosure_missing", where="jwe")
    key = keys.get(header["kid"])
    if key is None:
        raise WireError("unknown_key", kid=header["kid"][:64])
    try:
        plain = jwe.decrypt_compact(token.encode("ascii"), key.okp, registry=_REGISTRY).plaintext
        return parse(plain or b"")
    except (JoseError, ValueError, KeyError, TypeError, WireError) as error:
        raise WireError("disclosure_missing", where="jwe") from error


def open_enclosed(token: str | None, keys: Mapping[str, PrivateKey]) -> Enclosed:
    """What a bundle's JWE holds. Raises like `decrypt`."""
    if token is None:
        return Enclosed()
    content = decrypt(token, keys)
    if (
        not isinstance(content, dict)
        or content.keys() != {"disclosures", "withheld"}
        or not all(isinstance(part, list) for part in content.values())
    ):
        raise WireError("disclosure_missing", where="jwe")
    return Enclosed(tuple(content["disclosures"]), tuple(content["withheld"]))


def batches(bundles: Iterable[Bundle]) -> list[list[Bundle]]:
    """Divide bundles, in order, into batches within the limits. `too_large` if a single one is over them."""
    found: list[list[Bundle]] = []
    room = 0
    for item in bundles:
        if item.size > MAX_BYTES - 64 or len(item.attached) > MAX_ATTACHED:
            raise WireError("too_large", limit=MAX_BYTES)
        if not found or len(found[-1]) == MAX_MESSAGES or item.size > room:
            found.append([])
            room = MAX_BYTES - 64
        found[-1].append(item)
        room -= item.size
    return found


def pack(batch: Iterable[Bundle]) -> bytes:
    """The bytes of one batch. `too_large` over 50 messages or 1 MiB."""
    items = [item.as_json() for item in batch]
    data = json.dumps({"bundles": items}, separators=(",", ":")).encode("ascii")
    if len(items) > MAX_MESSAGES or len(data) > MAX_BYTES:
        raise WireError("too_large", limit=MAX_BYTES)
    return data


def unpack(data: bytes) -> list[Bundle]:
    """The bundles of a batch. `too_large`, or `malformed` (nothing is consumed: no seal covers a batch)."""
    if len(data) > MAX_BYTES:
        raise WireError("too_large", limit=MAX_BYTES)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("malformed", where="batch") from error
    if not isinstance(content, dict) or content.keys() != {"bundles"} or not isinstance(content["bundles"], list):
        raise WireError("malformed", where="batch")
    if len(content["bundles"]) > MAX_MESSAGES:
        raise WireError("too_large", limit=MAX_MESSAGES)
    return [_read(item, index) for index, item in enumerate(content["bundles"])]


def _read(item: Any, index: int) -> Bundle:
    if (
        not isinstance(item, dict)
        or item.keys() - {"trace"} != {"envelope", "jwe", "attached"}
        or not isinstance(item["envelope"], str)
        or not isinstance(item["jwe"], str | None)
        or not isinstance(item["attached"], list)
        or not all(isinstance(token, str) for token in item["attached"])
    ):
        raise WireError("malformed", where=f"batch/{index}")
    if len(item["attached"]) > MAX_ATTACHED or len(item["envelope"]) > seals.MAX_BYTES:
        raise WireError("too_large", limit=MAX_ATTACHED)
    return Bundle(item["envelope"], item["jwe"], tuple(item["attached"]), read_trace(item.get("trace")))


def read_trace(value: object) -> str | None:
    """The number of a request, or None for whatever is none: what is for the logs alone stops no message."""
    return value if isinstance(value, str) and _TRACE.fullmatch(value) else None
