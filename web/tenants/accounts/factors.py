"""The second factor: a code of six digits from the holder's telephone (TOTP, RFC 6238: SHA-1, 30 seconds).

The secret stands encrypted beside the account. A code is taken once: the interval it belongs to is kept, and only later
ones count. Ten recovery codes, shown once and stored as digests, are each taken once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from web.core import clock, crypto
from web.core.errors import Invalid
from web.extensions import settings
from web.tenants.accounts.models import Credentials

DIGITS, SECONDS, SLACK = 6, 30, 1
"""A telephone's clock may be one interval off."""
RECOVERY = 10
ISSUER = "风筝线"


def _key() -> bytes:
    return crypto.derive(settings().field_key, "second factor")


def _totp(who: Credentials) -> TOTP:
    assert who.factor is not None
    # Twenty bytes, the length of SHA-1, as the RFC advises; every app reads this algorithm.
    secret = crypto.decrypt(_key(), who.factor, str(who.id))
    return TOTP(secret, DIGITS, SHA1(), SECONDS)  # noqa: S303  HMAC-SHA-1 is what the telephones' apps compute


def begin(who: Credentials) -> None:
    """A new secret, which counts once a code proves that the telephone has it."""
    who.factor = crypto.encrypt(_key(), os.urandom(20), str(who.id))
    who.factor_at, who.factor_step, who.recovery = None, 0, []


def address(who: Credentials, where: str) -> str:
    """The otpauth address a telephone reads; `where` tells accounts of several counties apart."""
    return _totp(who).get_provisioning_uri(f"{who.username}@{where}", ISSUER)


def typed(who: Credentials) -> str:
    """The secret for typing in, in groups of four."""
    secret = address(who, "").partition("secret=")[2].partition("&")[0]
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


def code_at(who: Credentials, step: int) -> str:
    """The code of one interval."""
    return _totp(who).generate(step * SECONDS).decode()


def _matches(who: Credentials, code: str) -> bool:
    now = int(clock.now().timestamp()) // SECONDS
    for step in range(max(now - SLACK, who.factor_step + 1), now + SLACK + 1):
        if hmac.compare_digest(code_at(who, step), code):
            who.factor_step = step
            return True
    return False


def accept(who: Credentials, said: str) -> bool:
    """Is this a code of the telephone, or a recovery code, not taken before? It is used up by asking."""
    code = "".join(said.split()).replace("-", "").lower()
    if not code.isascii():
        return False
    if len(code) == DIGITS:
        return _matches(who, code)
    digest = hashlib.sha256(code.encode()).hexdigest()
    if digest not in who.recovery:
        return False
    who.recovery = [d for d in who.recovery if d != digest]
    return True


def confirm(who: Credentials, said: str) -> list[str]:
    """The telephone shows this code: from now on it is asked for. Returns the recovery codes, which are shown once."""
    if who.factor is None or who.factor_at is not None or not accept(who, said):
        raise Invalid({"code": "code_wrong"})
    who.factor_at = clock.now()
    return _recovery(who)


def issue(who: Credentials) -> list[str]:
    """A secret that counts from now on, for an account that never was without one. Returns the recovery codes."""
    begin(who)
    who.factor_at = clock.now()
    return _recovery(who)


def _recovery(who: Credentials) -> list[str]:
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY)]
    who.recovery = [hashlib.sha256(c.replace("-", "").encode()).hexdigest() for c in codes]
    return codes


def drop(who: Credentials) -> None:
    """No second factor any more."""
    who.factor, who.factor_at, who.factor_step, who.recovery = None, None, 0, []
