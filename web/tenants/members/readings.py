"""What a cell typed by a person turned out to mean: a value, and what is doubtful or wrong about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)

Cell = object
"""A cell as the spreadsheet holds it: str, int, float, bool, date, datetime, or None."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_LEADING_APOSTROPHE = re.compile(r"^['’‘`]")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to tell the person about a cell: a stable code and what its words need."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading(Generic[T_co]):
    """The value (None: nothing usable), warnings that do not stop the row, and at most one error that does."""

    value: T_co | None = None
    doubts: tuple[Doubt, ...] = ()
    error: Doubt | None = None


def doubt(code: str, **params: object) -> Doubt:
    """A Doubt with its parameters by name."""
    return Doubt(code, params)


def text_of(cell: Cell) -> str:
    """The cell as plain text: NFC, invisible characters and Excel's leading apostrophe gone, outer blanks stripped.

    Whole numbers lose the `.0` that spreadsheets give them. Nothing else is changed, so rare characters survive.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", str(cell))).strip()
    return _LEADING_APOSTROPHE.sub("", text).strip()


def folded(cell: Cell) -> str:
    """Text for comparison: full-width forms folded (NFKC), no blanks at all, upper case."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text_of(cell))).upper()
