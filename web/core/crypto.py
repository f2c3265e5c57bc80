"""Encryption at rest: AES-256-GCM with key id and associated data, HMAC-SHA256 for equality."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION, KEY_ID = 1, 1
_HEAD = bytes([VERSION, KEY_ID])


class Undecryptable(RuntimeError):
    """The ciphertext does not belong to this key, county or column, or it was altered."""


def encrypt(key: bytes, clear: bytes, bound_to: str) -> bytes:
    """version ‖ key id ‖ nonce(12) ‖ ciphertext; `bound_to` is associated data, so a value cannot be moved."""
    nonce = os.urandom(12)
    return _HEAD + nonce + AESGCM(key).encrypt(nonce, clear, _HEAD + bound_to.encode())


def decrypt(key: bytes, token: bytes, bound_to: str) -> bytes:
    """Inverse of encrypt; Undecryptable when anything does not fit."""
    if token[:2] != _HEAD:
        raise Undecryptable("unknown key id")
    try:
        return AESGCM(key).decrypt(token[2:14], token[14:], _HEAD + bound_to.encode())
    except InvalidTag as error:
        raise Undecryptable(bound_to) from error


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose out of a master key."""
    return hmac.new(key, b"kiteline:" + purpose.encode(), hashlib.sha256).digest()
