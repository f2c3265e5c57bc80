"""The report-in code: ten Crockford characters, random, for one use. A matching aid, no proof of identity."""

from __future__ import annotations

import re
import secrets

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
# What people write for what they see (Crockford's own rule), hyphens and blanks aside.
_LIKE = str.maketrans("OIL", "011")


def draw() -> str:
    """A new one: 50 random bits."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def read(text: str) -> str | None:
    """The code in what was typed, or None when it cannot be one."""
    plain = re.sub(r"[\s\-－—]", "", text).upper().translate(_LIKE)
    return plain if len(plain) == LENGTH and set(plain) <= set(LETTERS) else None


def shown(code: str) -> str:
    """In two halves, for the slip: 7K2QM-X94TD."""
    return f"{code[:5]}-{code[5:]}"
