"""Disclosures: personal values that stand beside the sealed envelope, each bound to it by one salted commitment.

A disclosure is `[salt, pointer, value]`; its commitment is the digest of that list's canonical bytes and stands in the
envelope's `sd`. Erase the disclosure and the seal still verifies. The JWE that carries disclosures is made anew at
each send and not sealed by the sender: a mistake only there is `disclosure_missing` (send again); only what matches a
commitment can be refused for good.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from web.federation.wire.canonical import b64, digest_of, unb64
from web.federation.wire.codes import WireError

SALT_BYTES = 16
POINTER = re.compile(r"/[a-z0-9_]{1,40}(/[a-z0-9_]{1,40}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One value under its pointer. `value`: a string, a whole number, null, or a flat list of these."""

    salt: str
    pointer: str
    value: Any

    @property
    def commitment(self) -> str:
        """What stands in `sd`."""
        return digest_of(self.as_list())

    def as_list(self) -> list[Any]:
        """As it stands in the JWE."""
        return [self.salt, self.pointer, self.value]

    def __repr__(self) -> str:
        return f"Disclosure({self.pointer})"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What a JWE held: raw disclosures, and [pointer, commitment] of the values withheld."""

    disclosures: tuple[Any, ...] = ()
    withheld: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """Disclosures by pointer, and the commitments of the pointers withheld."""

    disclosed: dict[str, Disclosure]
    withheld: dict[str, str]

    @property
    def values(self) -> dict[str, Any]:
        """The plain values by pointer."""
        return {pointer: found.value for pointer, found in self.disclosed.items()}


def disclose(pointer: str, value: Any, salt: bytes | None = None) -> Disclosure:
    """A new disclosure with 16 fresh random bytes (`salt` only for known-answer files)."""
    found = Disclosure(b64(os.urandom(SALT_BYTES) if salt is None else salt), pointer, value)
    _read(found.as_list())
    return found


def commitments(disclosures: Iterable[Disclosure]) -> tuple[str, ...]:
    """The `sd` of these disclosures: ascending, so that their order tells nothing."""
    return tuple(sorted(found.commitment for found in disclosures))


def match(sd: Collection[str], enclosed: Enclosed, body: Collection[str] = (), *, others: bool = False) -> Matched:
    """Match what was enclosed with the commitments, one to one.

    `body`: names of body fields, none of which may be a pointer's first step too. `others`: commitments may remain
    that belong to a third county (co-sign lists). Raises `disclosure_missing` for a missing, surplus, repeated or
    altered disclosure; `malformed` for an authentic one that is ill-formed, twice under one pointer or also in `body`.
    """
    open_ = set(sd)
    disclosed: dict[str, Disclosure] = {}
    for item in enclosed.disclosures:
        commitment = _commitment(item)
        if commitment not in open_:
            raise WireError("disclosure_missing", where="surplus")
        open_.remove(commitment)
        found = _read(item)
        if found.pointer in disclosed or found.pointer.split("/")[1] in body:
            raise WireError("malformed", where=f"sd{found.pointer}")
        disclosed[found.pointer] = found
    withheld: dict[str, str] = {}
    for item in enclosed.withheld:
        pointer, commitment = _read_withheld(item)
        if commitment not in open_ or pointer in withheld or pointer in disclosed:
            raise WireError("disclosure_missing", where="withheld")
        open_.remove(commitment)
        withheld[pointer] = commitment
    if open_ and not others:
        raise WireError("disclosure_missing", where="missing", count=len(open_))
    return Matched(disclosed, withheld)


def sort_out(sds: Sequence[Collection[str]], enclosed: Enclosed) -> list[Enclosed]:
    """Deal what one JWE held to several sealed objects (an envelope and the decisions attached), by their `sd`.

    One part for each, in order; what belongs to none goes to the first, where `match` refuses it.
    """
    disclosures: list[list[Any]] = [[] for _ in sds]
    withheld: list[list[Any]] = [[] for _ in sds]
    for item in enclosed.disclosures:
        disclosures[_owner(sds, _commitment(item))].append(item)
    for item in enclosed.withheld:
        withheld[_owner(sds, _read_withheld(item)[1])].append(item)
    return [Enclosed(tuple(a), tuple(b)) for a, b in zip(disclosures, withheld, strict=True)]


def _owner(sds: Sequence[Collection[str]], commitment: str) -> int:
    return next((index for index, sd in enumerate(sds) if commitment in sd), 0)


def _commitment(item: Any) -> str:
    try:
        return digest_of(item)
    except WireError as error:
        raise WireError("disclosure_missing", where="disclosure") from error


def _read(item: Any) -> Disclosure:
    if not isinstance(item, list) or len(item) != 3:
        raise WireError("malformed", where="disclosure")
    salt, pointer, value = item
    try:
        is_salted = isinstance(salt, str) and len(unb64(salt)) == SALT_BYTES
    except ValueError:
        is_salted = False
    if not is_salted or not isinstance(pointer, str) or not POINTER.fullmatch(pointer) or not _is_value(value):
        raise WireError("malformed", where="disclosure")
    return Disclosure(salt, pointer, value)


def _read_withheld(item: Any) -> tuple[str, str]:
    if (
        not isinstance(item, list)
        or len(item) != 2
        or not all(isinstance(part, str) for part in item)
        or not POINTER.fullmatch(item[0])
    ):
        raise WireError("disclosure_missing", where="withheld")
    return item[0], item[1]


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(not isinstance(item, list) and _is_value(item) for item in value)
    return value is None or isinstance(value, str) or type(value) is int
