"""Keys of a county: the seal key (Ed25519) and the decryption key (X25519); pins, fingerprints, storage at rest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from web.federation.wire.canonical import canonical, unb64
from web.federation.wire.codes import WireError
from web.federation.wire.kinds import B64_32, KID, Choice, Record, choice

Use = Literal["sig", "enc"]

CURVE: dict[Use, Literal["Ed25519", "X25519"]] = {"sig": "Ed25519", "enc": "X25519"}
_ALGORITHM: dict[Use, str] = {"sig": "Ed25519", "enc": "ECDH-ES"}
_FORMAT = b"\x01"
_NONCE = 12

JWK = Record(
    {"kty": choice("OKP"), "kid": KID, "x": B64_32},
    variants=(
        "use",
        {
            use: {"use": choice(use), "crv": choice(CURVE[use]), "alg": Choice(frozenset([_ALGORITHM[use]]))}
            for use in CURVE
        },
    ),
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key under its name. `revoked_at`, `valid_…`: aware datetimes; None means without limit."""

    kid: str
    use: Use
    okp: OKPKey = field(repr=False)
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def jwk(self) -> dict[str, str]:
        """The public JWK with kid, use and alg."""
        return _jwk(self.kid, self.use, self.okp)

    @property
    def fingerprint(self) -> str:
        """What two persons read to each other."""
        return fingerprint(self.jwk)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key under its name; its secret is in no repr."""

    kid: str
    use: Use
    okp: OKPKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public half, without limits of time."""
        return read_jwk(self.jwk)

    @property
    def jwk(self) -> dict[str, str]:
        """The public JWK with kid, use and alg."""
        return _jwk(self.kid, self.use, self.okp)


@dataclass(frozen=True, slots=True)
class Pins:
    """The seal keys pinned for one county. A kid is looked up here and nowhere else."""

    county: UUID
    keys: Mapping[str, PublicKey]

    def find(self, kid: str, now: datetime | None = None) -> PublicKey:
        """The key of that name. `unknown_key` if it is not pinned; `key_revoked` if revoked or (with `now`) too late."""
        key = self.keys.get(kid)
        if key is None or key.use != "sig":
            raise WireError("unknown_key", kid=kid)
        if key.revoked_at is not None or (now is not None and key.valid_until is not None and key.valid_until <= now):
            raise WireError("key_revoked", kid=kid)
        return key


def pins(county: UUID, keys: Iterable[PublicKey]) -> Pins:
    """Pins of a county from its public keys."""
    return Pins(county, {key.kid: key for key in keys})


def generate_seal_key(kid: str) -> PrivateKey:
    """A new Ed25519 key; `kid` such as `330110-seal-2026-1` is the caller's."""
    return _generate(kid, "sig")


def generate_decryption_key(kid: str) -> PrivateKey:
    """A new X25519 key; `kid` such as `330110-open-2026-1` is the caller's."""
    return _generate(kid, "enc")


def key_from_secret(kid: str, use: Use, secret: bytes) -> PrivateKey:
    """A private key from its 32 secret bytes (known-answer files, unlocking)."""
    KID.check(kid, "kid")
    raw = Ed25519PrivateKey.from_private_bytes(secret) if use == "sig" else X25519PrivateKey.from_private_bytes(secret)
    return PrivateKey(kid, use, OKPKey.import_key(raw))


def read_jwk(
    jwk: Mapping[str, Any],
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    revoked_at: datetime | None = None,
) -> PublicKey:
    """A public key from its JWK. `malformed` for anything but exactly the fields we write (so also a private JWK)."""
    JWK.check(dict(jwk), "jwk")
    try:
        okp = OKPKey.import_key({"kty": "OKP", "crv": jwk["crv"], "x": jwk["x"]})
    except (JoseError, ValueError) as error:
        raise WireError("malformed", where="jwk/x") from error
    return PublicKey(jwk["kid"], cast("Use", jwk["use"]), okp, valid_from, valid_until, revoked_at)


def fingerprint(jwk: Mapping[str, str]) -> str:
    """16 groups of 4 hexadecimal digits: the RFC 7638 thumbprint, to be read aloud or printed."""
    digits = hashlib.sha256(canonical({name: jwk[name] for name in ("crv", "kty", "x")})).hexdigest()
    return " ".join(digits[start : start + 4] for start in range(0, 64, 4))


def lock(key: PrivateKey, secret: bytes, county: UUID) -> bytes:
    """The private key encrypted for rest under a 32-byte secret; bound to its county, name and use."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + AESGCM(secret).encrypt(nonce, _secret(key), _bound_to(county, key.kid, key.use))


def unlock(blob: bytes, secret: bytes, county: UUID, kid: str, use: Use) -> PrivateKey:
    """The private key of a locked one. ValueError if the secret, county, name or use is another, or a bit changed."""
    if blob[:1] != _FORMAT:
        raise ValueError("unknown format of a locked key")
    nonce, sealed = blob[1 : 1 + _NONCE], blob[1 + _NONCE :]
    try:
        found = AESGCM(secret).decrypt(nonce, sealed, _bound_to(county, kid, use))
    except InvalidTag as error:
        raise ValueError("this key does not open with this secret") from error
    return key_from_secret(kid, use, found)


def _generate(kid: str, use: Use) -> PrivateKey:
    return key_from_secret(kid, use, os.urandom(32))


def _secret(key: PrivateKey) -> bytes:
    return unb64(str(key.okp.as_dict(private=True)["d"]))


def _bound_to(county: UUID, kid: str, use: Use) -> bytes:
    return f"kiteline:{county}:{use}:{kid}".encode()


def _jwk(kid: str, use: Use, okp: OKPKey) -> dict[str, str]:
    found = okp.as_dict(private=False)
    return {"kty": "OKP", "crv": CURVE[use], "x": str(found["x"]), "kid": kid, "use": use, "alg": _ALGORITHM[use]}
