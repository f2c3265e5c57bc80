"""What the fields of a member may hold: one reader a field, from what a person typed to what the row keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from web.core import clock
from web.core.errors import Invalid
from web.core.fields import blind
from web.tenants.members import citizen_id, codes, names, phones
from web.tenants.members.readings import text_of

Read = Callable[[object], object]


class _Wrong(ValueError):
    """The code of what is wrong with one value."""


def _name(value: object) -> str:
    name = names.normalise(value)
    if not name:
        raise _Wrong("required")
    if not names.is_plausible(name):
        raise _Wrong("not_a_name")
    return name


def _id_number(value: object) -> str | None:
    reading = citizen_id.read_citizen_id(value, today=clock.today())
    if reading.error is not None:
        raise _Wrong(reading.error.code)
    return reading.value


def _phone(value: object) -> str | None:
    if not text_of(value):
        return None
    reading = phones.read_phones(value)
    if reading.doubts or not reading.value:
        raise _Wrong(reading.doubts[0].code if reading.doubts else "phone_unreadable")
    return str(reading.value[0])


def _which_phone(value: object) -> str:
    if value not in ("phone", "second_phone"):
        raise _Wrong("choose_one")
    return str(value)


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        on = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise _Wrong("not_a_date") from error
    if on > clock.today():
        raise _Wrong("in_the_future")
    return on


def _month(value: object) -> str:
    text = text_of(value)
    if text and not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", text):
        raise _Wrong("not_a_month")
    return text


def _code(of: codes.CodeSet, *, required: bool = False) -> Read:
    def read(value: object) -> str:
        code = str(value or "")
        if not code and required:
            raise _Wrong("choose_one")
        if code and code not in of.labels:
            raise _Wrong("invalid")
        return code

    return read


def _listed(of: codes.CodeSet) -> Read:
    """The word for a code as well; what is neither stays as it is, because an older row may hold it."""
    plain = _text(20)
    return lambda value: of.parse(text_of(value)) or plain(value)


def _text(limit: int) -> Read:
    def read(value: object) -> str:
        text = text_of(value)
        if len(text) > limit:
            raise _Wrong("too_long")
        return text

    return read


def _secret(limit: int) -> Read:
    plain = _text(limit)
    return lambda value: plain(value) or None


READERS: dict[str, Read] = {
    "name": _name,
    "gender": _code(codes.GENDER, required=True),
    "ethnicity": _code(codes.ETHNICITY),
    "birth_on": _day,
    "id_number": _id_number,
    "phone": _phone,
    "second_phone": _phone,
    "chosen_phone": _which_phone,
    "address": _secret(200),
    "education": _code(codes.EDUCATION),
    "member_kind": _code(codes.MEMBER_KIND, required=True),
    "joined_on": _day,
    "confirmed_on": _day,
    "post": _text(80),
    "dues_until": _month,
    "certificate_no": _text(40),
    **{field: _listed(of) for field, of in codes.LISTED.items()},
    "backup_contact": _secret(60),
    "backup_phone": _phone,
    "note": _secret(500),
}
"""The fields people write. All others are written by verbs of their own."""


def read(given: Mapping[str, object]) -> dict[str, object]:
    """The values as the row keeps them. Invalid: field → code; TypeError for a field that is not written like this."""
    if unknown := set(given) - set(READERS):
        raise TypeError(f"not written by people: {sorted(unknown)}")
    kept: dict[str, object] = {}
    wrong: dict[str, object] = {}
    for field, value in given.items():
        try:
            kept[field] = READERS[field](value)
        except _Wrong as error:
            wrong[field] = str(error)
    if wrong:
        raise Invalid(wrong)
    return kept


def with_derived(kept: Mapping[str, object]) -> dict[str, object]:
    """The values with what follows from them: reading and initials of a name, fingerprints of numbers."""
    whole = dict(kept)
    if "name" in kept:
        name = str(kept["name"])
        whole |= {"name_pinyin": names.pinyin_key(name)[:160], "initials": names.initials(name)[:20]}
    for field, fingerprint in (("id_number", "id_blind"), ("phone", "phone_blind")):
        if field in kept:
            value = kept[field]
            whole[fingerprint] = blind(field, str(value)) if value else None
    return whole


def compare(born: object, joined: object, confirmed: object) -> None:
    """The days of one life in their order. Invalid beside the later one."""
    wrong: dict[str, object] = {}
    if isinstance(born, date) and isinstance(joined, date) and joined <= born:
        wrong["joined_on"] = "before_birth_on"
    if isinstance(joined, date) and isinstance(confirmed, date) and confirmed < joined:
        wrong["confirmed_on"] = "before_joined_on"
    if wrong:
        raise Invalid(wrong)


def demand_listed(changed: Mapping[str, object]) -> None:
    """Invalid for a new word that is not of its list: it would cross to no partner county, and nobody would say so."""
    wrong = {f: "not_listed" for f, of in codes.LISTED.items() if changed.get(f) and changed[f] not in of.labels}
    if wrong:
        raise Invalid(dict(wrong))


def disagreements(kept: Mapping[str, object]) -> list[str]:
    """Fields that say otherwise than the identity number: birth_on, gender. Doubts for a person, never refusals."""
    number = kept.get("id_number")
    if not isinstance(number, str):
        return []
    said = {"birth_on": citizen_id.birth_on(number), "gender": citizen_id.gender_of(number)}
    return [f for f, value in said.items() if kept.get(f) not in (None, "", value)]
