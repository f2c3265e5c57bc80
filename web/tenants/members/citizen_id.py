"""The citizen identity number of GB 11643-1999: reading it from messy cells, checking it, and inventing harmless ones.

18 characters: 6 of the place of first registration, 8 of the birth date, 3 in sequence (odd: male, even: female) and a
check character after ISO 7064 MOD 11-2. The address part is a fact of history: a code that no longer exists is never wrong.
"""

from __future__ import annotations

import re
from datetime import date

from web.tenants.members.codes import Gender
from web.tenants.members.readings import Cell, Reading, doubt, folded, text_of

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?E\+?\d+$")
_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
_INVENTED_PREFIX = "9901"
_CENTENARIAN_SEQUENCES = frozenset({"996", "997", "998", "999"})


def normalise(cell: Cell) -> str:
    """Full-width forms folded, blanks, dashes and apostrophes removed, x upper case."""
    return re.sub(r"[-'’‘`.·_]", "", folded(cell)) if isinstance(cell, str) else folded(cell)


def check_character(first17: str) -> str:
    """The last character for 17 digits."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def birth_on(number: str) -> date | None:
    """The birth date inside an 18-character number; None when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def gender_of(number: str) -> Gender:
    """The gender inside an 18-character number."""
    return Gender.MALE if int(number[16]) % 2 else Gender.FEMALE


def division_of(number: str) -> str:
    """The 6-digit place of first registration."""
    return number[:6]


def is_valid(number: str) -> bool:
    """Whether 18 characters form a number: shape, a possible birth date since 1900, the check character."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):  # \d takes the digits of every script
        return False
    born = birth_on(number)
    return born is not None and born.year >= 1900 and check_character(number[:17]) == number[17]


def is_invented(number: str) -> bool:
    """Whether this is one of the numbers the demo uses, which no living person can hold.

    Rule A: address prefix 9901, which no province has. Rule B: sequences 996 to 999, set aside for centenarians.
    """
    return number.startswith(_INVENTED_PREFIX) or number[14:17] in _CENTENARIAN_SEQUENCES


def invent(prefix: str, born: date, sequence: int) -> str:
    """A valid number of nobody: `prefix` 9901xx with any sequence, or any prefix with 996 to 999.

    Raises ValueError for anything else, so that no demo can make the number of a possible person.
    """
    first17 = f"{prefix}{born:%Y%m%d}{sequence:03d}"
    if len(first17) != 17 or not is_invented(first17 + "0"):
        raise ValueError("an invented number needs prefix 9901xx or a sequence from 996 to 999")
    return first17 + check_character(first17)


def from_fifteen(number: str) -> str:
    """The 18-character form of an old 15-digit number (born 19xx)."""
    first17 = f"{number[:6]}19{number[6:]}"
    return first17 + check_character(first17)


def read_citizen_id(cell: Cell, *, today: date) -> Reading[str]:
    """The number in a cell, 18 characters.

    Errors: `id_destroyed` (kept as a number by the spreadsheet: digits are lost), `id_length`, `id_characters`,
    `id_birth`, `id_check`. Doubts: `id_fifteen` (converted), `id_province`. Blank: no value, no error.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 1e15:
        return Reading(error=doubt("id_destroyed", text=f"{cell:.5E}" if isinstance(cell, float) else str(cell)))
    number = normalise(cell)
    if not number:
        return Reading()
    if _SCIENTIFIC.match(folded(cell)):
        return Reading(error=doubt("id_destroyed", text=text_of(cell)))
    doubts = []
    if len(number) == 15 and number.isdecimal():
        doubts.append(doubt("id_fifteen", tail=number[-4:]))
        number = from_fifteen(number)
    if len(number) != 18:
        return Reading(error=doubt("id_length", length=len(number)))
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return Reading(error=doubt("id_characters"))
    born = birth_on(number)
    right = check_character(number[:17]) == number[17]
    if number.endswith("000") and not right:
        return Reading(error=doubt("id_destroyed", text=f"…{number[-6:]}"))
    if born is None or born.year < 1900 or born > today:
        return Reading(error=doubt("id_birth", text=number[6:14]))
    if not right:
        return Reading(error=doubt("id_check"))
    if number[:2] not in _PROVINCES.split() and not number.startswith(_INVENTED_PREFIX):
        doubts.append(doubt("id_province", prefix=number[:6]))
    return Reading(number, tuple(doubts))
