"""Passwords: what they must hold, their hashes, and the last five that do not come back.

A hash takes 64 MiB, so only a few are computed at once. Wrong name and wrong password take about the same time: a hash
is computed in every case.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from web.core import clock
from web.core.errors import Invalid, TooMany
from web.tenants.accounts.models import Credentials

HASHER = PasswordHasher()
"""The library's defaults: Argon2id, 64 MiB, three passes."""
# A worker never computes more than this many at once.
_hashing = threading.BoundedSemaphore(4)
HASH_WAIT = 10.0
LASTS = timedelta(days=90)
REMEMBERED = 5
"""So many passwords, the present one among them, are not taken again."""
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@contextmanager
def _a_hash() -> Iterator[None]:
    if not _hashing.acquire(timeout=HASH_WAIT):
        raise TooMany("too_many")
    try:
        yield
    finally:
        _hashing.release()


def hashed(password: str) -> str:
    """Argon2id. TooMany when too many ask at once."""
    with _a_hash():
        return HASHER.hash(password)


@lru_cache(maxsize=1)
def nobodys() -> str:
    """A hash that no password fits, for names nobody has."""
    return HASHER.hash(secrets.token_urlsafe())


def fits(stored: str, password: str) -> bool:
    """Is it the password of this hash? Takes the same time either way. TooMany when too many ask at once."""
    with _a_hash():
        try:
            return HASHER.verify(stored, password)
        except VerifyMismatchError:
            return False


def one_time() -> str:
    """Twelve characters without look-alikes in groups of four, with a digit, both cases and a sign."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3)) + "7K"


def faults(password: str, username: str) -> list[str]:
    """Codes of what is wrong with a password: too short, too plain, holding the user name."""
    classes = sum(
        any(test(c) for c in password)
        for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum() and not c.isspace())
    )
    found = {
        "password_short": len(password) < 8,
        "password_plain": classes < 3,
        "password_holds_username": bool(username) and username.lower() in password.lower(),
        "too_long": len(password) > 128,
    }
    return [code for code, is_so in found.items() if is_so]


def demand_new(who: Credentials, current: str, new: str, again: str) -> None:
    """Invalid unless the new password may follow the present one, which the holder has said."""
    wrong: dict[str, object] = {}
    if found := faults(new, who.username):
        wrong["new"] = found
    elif new == current:
        wrong["new"] = "password_same"
    if new != again:
        wrong["again"] = "password_differs"
    # Each look back costs a hash, so it is asked last.
    if not wrong and any(fits(old, new) for old in who.old_hashes):
        wrong["new"] = "password_used"
    if wrong:
        raise Invalid(wrong)


def set_new(who: Credentials, clear: str, *, must_change: bool) -> None:
    """The password is this from now on; the one before is remembered."""
    who.old_hashes = [who.password_hash, *who.old_hashes][: REMEMBERED - 1]
    who.password_hash, who.password_set_at, who.must_change = hashed(clear), clock.now(), must_change
