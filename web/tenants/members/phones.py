"""Telephone numbers: taking apart a cell that holds one or several, mobile and fixed, and one way of writing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from web.core.fields import mask
from web.tenants.members.readings import Cell, Reading, doubt, text_of

_SEPARATORS = re.compile(r"[、/,;|\n\r\t]|或者?|和|及")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_FIXED = re.compile(r"^(0\d{2,3})?([2-8]\d{6,7})$")
_NONE = frozenset({"无", "没有", "-", "—", "/", "不详"})
_EXTENSION = re.compile(r"(?:转|分机|EXT\.?|#)(\d{1,6})$")


@dataclass(frozen=True, slots=True)
class Phone:
    """One number: digits only, fixed lines as `area-number` when the area is known."""

    number: str
    is_mobile: bool
    extension: str = ""

    def __str__(self) -> str:
        return f"{self.number}转{self.extension}" if self.extension else self.number


def normalise(text: str) -> Phone | None:
    """One number in any usual spelling, or None."""
    plain = re.sub(r"\s", "", normalize("NFKC", text)).upper()
    plain = re.sub(r"^[^\d+(]+[::]?", "", plain)  # 电话：, 手机:
    extension = ""
    if match := _EXTENSION.search(plain):
        extension, plain = match[1], plain[: match.start()]
    elif match := re.match(r"^(0\d{2,3}-\d{7,8})-(\d{1,6})$", plain):
        plain, extension = match[1], match[2]
    digits = re.sub(r"[-().·—–_]", "", plain)
    digits = re.sub(r"^(\+86|0086|86(?=1[3-9]\d{9}$))", "", digits)
    digits = re.sub(r"^0(?=1[3-9]\d{9}$)", "", digits)
    if _MOBILE.fullmatch(digits):
        return Phone(digits, True, extension)
    if match := _FIXED.match(digits):
        area, local = match.groups()
        if area is None or len(area + local) in (10, 11, 12):
            return Phone(f"{area}-{local}" if area else local, False, extension)
    return None


def split(text: str) -> tuple[list[Phone], list[str]]:
    """All numbers in a cell's text, the first mobile first, and the pieces that are none."""
    found: list[Phone] = []
    unread: list[str] = []
    for piece in filter(str.strip, _SEPARATORS.split(normalize("NFKC", text))):
        phone = normalise(piece)
        mobiles = _MOBILE.findall(re.sub(r"[\s-]", "", piece))
        if phone is not None:
            found.append(phone)
        elif len(mobiles) > 1 and not re.sub(r"[\s-]|1[3-9]\d{9}", "", re.sub(r"[\s-]", "", piece)):
            found.extend(Phone(number, True) for number in mobiles)
        else:
            parts = [normalise(part) for part in piece.split()]
            known = [part for part in parts if part]
            found.extend(known if len(known) == len(parts) else ())
            unread.extend([] if len(known) == len(parts) else [piece.strip()])
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda phone: not phone.is_mobile), unread


def read_phones(cell: Cell) -> Reading[tuple[Phone, ...]]:
    """The numbers in a cell, first mobile first. Doubts: `phone_unreadable` (with the piece), `phone_several` (masked: it is kept)."""
    text = text_of(cell)
    if not text or text in _NONE:
        return Reading()
    found, unread = split(text)
    doubts = [doubt("phone_unreadable", text=piece) for piece in unread]
    if len(found) > 1:
        doubts.append(doubt("phone_several", count=len(found), first=mask("phone", str(found[0]))))
    return Reading(tuple(found) or None, tuple(doubts))
