"""What every official paper has in common: who issues it, which code proves it, the parties."""

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


def filename(document: Document) -> str:
    """介绍信_20260057_李例乙.pdf: readable, without the characters that file systems refuse."""
    parts = (re.sub(r'[\s\\/:*?"<>|\x00-\x1f]+', "", part) for part in document.stem)
    return "_".join(part for part in parts if part)[:80] + ".pdf"
