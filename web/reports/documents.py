"""What every official paper has in common: who issues it, which code proves it, the parties, the period."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import ClassVar

PARTY_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, kw_only=True, repr=False)
class Document:
    """A typed paper; `render` turns it into a PDF. Templates see this object and nothing else.

    `link` is the whole text of the QR code: an address with a random code, never a personal value.
    `salt` is 16 random bytes, required where the paper shows personal values: they become the file's identifier, so
    that nobody can guess a person and check the guess against a digest of the file.
    """

    template: ClassVar[str]
    is_personal: ClassVar[bool] = False

    issuer: str
    code: str
    link: str
    made_at: dt.datetime
    is_demo: bool
    salt: bytes = b""

    def __post_init__(self) -> None:
        """Raise ValueError for a naive time, or a salt that is missing or short."""
        if self.made_at.tzinfo is None:
            raise ValueError("made_at must be aware")
        if self.is_personal and len(self.salt) != 16:
            raise ValueError("a paper with personal values needs 16 random bytes")

    def __repr__(self) -> str:
        """Logs and tracebacks show which paper it was, never whose."""
        return f"<{type(self).__name__} {self.code}>"

    @property
    def title(self) -> str:
        """The file's title, without the demo mark."""
        raise NotImplementedError

    @property
    def short(self) -> str:
        """The running head."""
        return self.title

    @property
    def subject(self) -> str:
        """One line on what the paper holds, for the file's metadata."""
        return self.title

    @property
    def stem(self) -> tuple[str, ...]:
        """The parts of the file's name."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Party:
    """A county as a party: `stem` 甲, `name` the organisation that signs, `county` 余杭区, `fingerprint` 64 hex digits."""

    stem: str
    name: str
    county: str
    division: str
    fingerprint: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.fingerprint.lower()):
            raise ValueError("a fingerprint is 64 hexadecimal digits")


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole days, both included."""

    starts_on: dt.date
    ends_on: dt.date

    @classmethod
    def half(cls, year: int, half: int) -> Period:
        """The first (1) or second (2) half of a year."""
        return (
            cls(dt.date(year, 1, 1), dt.date(year, 6, 30))
            if half == 1
            else cls(dt.date(year, 7, 1), dt.date(year, 12, 31))
        )

    @property
    def before(self) -> Period:
        """The half-year before this one."""
        return self.half(self.starts_on.year, 1) if self.starts_on.month == 7 else self.half(self.starts_on.year - 1, 2)

    @property
    def label(self) -> str:
        """2026年上半年, 2026年, or both dates."""
        year = self.starts_on.year
        for half, word in ((1, "上半年"), (2, "下半年")):
            if self == self.half(year, half):
                return f"{year}年{word}"
        if self == Period(dt.date(year, 1, 1), dt.date(year, 12, 31)):
            return f"{year}年"
        return f"{self.starts_on.isoformat()}至{self.ends_on.isoformat()}"


def filename(document: Document) -> str:
    """介绍信_20260057_李例乙.pdf: readable, without the characters that file systems refuse."""
    parts = (re.sub(r'[\s\\/:*?"<>|\x00-\x1f]+', "", part) for part in document.stem)
    return "_".join(part for part in parts if part)[:80] + ".pdf"
