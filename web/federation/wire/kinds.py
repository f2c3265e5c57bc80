"""Kinds of values: what a field of an envelope, a body or a disclosure may hold. Checked at egress and at ingress.

A *plain* kind holds nothing personal by its form: uuid, choice from a closed list, date, integer, digest, and lists
and records of these. Only plain kinds may stand in a body; `Text` and the like exist for disclosures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn
from uuid import UUID

from web.federation.wire.canonical import read_instant
from web.federation.wire.codes import WireError


def _refuse(where: str) -> NoReturn:
    raise WireError("malformed", where=where)


class Kind:
    """A check of one value. `check` returns nothing and raises `malformed` with the path of what is wrong."""

    is_plain = True

    def check(self, value: Any, where: str) -> None:
        """Raise `malformed` unless the value is of this kind."""
        raise NotImplementedError


@dataclass(frozen=True)
class Uuid(Kind):
    """A lower-case hyphenated UUID, of one version if it says so."""

    version: int | None = None

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, str):
            _refuse(where)
        try:
            found = UUID(value)
        except ValueError:
            _refuse(where)
        if str(found) != value or (self.version is not None and found.version != self.version):
            _refuse(where)


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number within limits; true and false are not numbers."""

    least: int = 0
    most: int = 2**53 - 1

    def check(self, value: Any, where: str) -> None:
        if type(value) is not int or not self.least <= value <= self.most:
            _refuse(where)


@dataclass(frozen=True)
class Choice(Kind):
    """One of a closed list of words."""

    words: frozenset[str]

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, str) or value not in self.words:
            _refuse(where)


@dataclass(frozen=True)
class Pattern(Kind):
    """Text of one exact form."""

    form: str
    is_plain: bool = True
    also: Callable[[str], object] | None = None
    _matches: Callable[[str], object] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matches", re.compile(self.form, re.ASCII).fullmatch)

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, str) or not self._matches(value):
            _refuse(where)
        if self.also is not None:
            try:
                self.also(value)
            except ValueError:
                _refuse(where)


# Control characters and the marks that reverse reading order; a name needs none of them.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
FORBIDDEN_IN_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Text(Kind):
    """Free text of 1 to `most` characters; line breaks only where it `has_lines`. Never plain."""

    most: int
    has_lines: bool = False
    is_plain: bool = field(default=False, init=False)

    def check(self, value: Any, where: str) -> None:
        forbidden = FORBIDDEN_IN_LINES if self.has_lines else _FORBIDDEN
        if (
            not isinstance(value, str)
            or not 1 <= len(value) <= self.most
            or not value.strip()
            or forbidden.search(value)
        ):
            _refuse(where)


@dataclass(frozen=True)
class Nullable(Kind):
    """The kind, or null."""

    kind: Kind

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.kind.is_plain

    def check(self, value: Any, where: str) -> None:
        if value is not None:
            self.kind.check(value, where)


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind, from `least` to `most` long; `is_rising` demands strictly ascending items."""

    item: Kind
    most: int
    least: int = 0
    is_rising: bool = False

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.item.is_plain

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            _refuse(where)
        for index, item in enumerate(value):
            self.item.check(item, f"{where}/{index}")
        if self.is_rising and any(a >= b for a, b in pairwise(value)):
            _refuse(where)


@dataclass(frozen=True)
class Row(Kind):
    """A list of fixed length, a kind for each place."""

    items: tuple[Kind, ...]

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return all(item.is_plain for item in self.items)

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) != len(self.items):
            _refuse(where)
        for index, (kind, item) in enumerate(zip(self.items, value, strict=True)):
            kind.check(item, f"{where}/{index}")


@dataclass(frozen=True)
class Record(Kind):
    """An object with exactly these fields; `optional` ones may be absent, and never are null unless Nullable.

    `variants` = (field, {its value: the fields that go with it}): the further fields depend on that field's word.
    """

    fields: Mapping[str, Kind]
    optional: Mapping[str, Kind] = field(default_factory=dict)
    variants: tuple[str, Mapping[str, Mapping[str, Kind]]] | None = None

    @property
    def names(self) -> set[str]:
        """All field names it can have."""
        more = [name for fields in self.variants[1].values() for name in fields] if self.variants else []
        return {*self.fields, *self.optional, *more}

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        more = [kind for fields in self.variants[1].values() for kind in fields.values()] if self.variants else []
        return all(kind.is_plain for kind in [*self.fields.values(), *self.optional.values(), *more])

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            _refuse(where)
        fields: Mapping[str, Kind] = self.fields
        if self.variants is not None:
            name, cases = self.variants
            word = value.get(name)
            if not isinstance(word, str) or word not in cases:
                _refuse(f"{where}/{name}")
            fields = {**fields, **cases[word]}
        for name, kind in fields.items():
            if name not in value:
                _refuse(f"{where}/{name}")
            kind.check(value[name], f"{where}/{name}")
        for name in value.keys() - fields.keys():
            if name not in self.optional:
                _refuse(f"{where}/{name}"[:120])
            self.optional[name].check(value[name], f"{where}/{name}")


@dataclass(frozen=True)
class AnyRecord(Kind):
    """An object whose fields depend on the message type: looked at later, by the table of that type."""

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            _refuse(where)


def choice(words: str) -> Choice:
    """A closed list, its words separated by spaces."""
    return Choice(frozenset(words.split()))


UUID_ = Uuid()
UUID7 = Uuid(7)
DIGEST = Pattern(r"sha-256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
# Days are reckoned with, a notice or a period further: at the ends of the calendar there is no next one.
YEARS = r"(?:19|20|21)\d{2}"
DATE = Pattern(rf"{YEARS}-\d{{2}}-\d{{2}}", also=date.fromisoformat)
INSTANT = Pattern(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", also=read_instant)
COUNT = Integer(0)
NUMBER = Integer(1)
KID = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
B64_32 = Pattern(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
