"""The cells of the member register: which reader belongs to which kind of column, and the schema of a row's typed values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from web.core.saying import joined
from web.tenants.counties import divisions
from web.tenants.members import citizen_id, codes, names
from web.tenants.members.dates import PartialDate, read_date, read_month
from web.tenants.members.phones import read_phones
from web.tenants.members.readings import Cell, Reading, doubt, text_of

Reader = Callable[[Cell, date], Reading[object]]


def _read_nothing(_: Cell) -> Reading[object]:
    return Reading()


def _read_name(cell: Cell) -> Reading[object]:
    name = names.normalise(cell)
    if name and not names.is_plausible(name):
        return Reading(error=doubt("name_implausible", text=name))
    return Reading(name or None)


def _read_text(cell: Cell, *, limit: int) -> Reading[object]:
    text = re.sub(r"\s+", " ", text_of(cell))
    if len(text) > limit:
        return Reading(error=doubt("too_long", length=len(text), limit=limit))
    return Reading(text or None)


def _read_place(cell: Cell) -> Reading[object]:
    text = text_of(cell)
    if not text:
        return Reading()
    place = divisions.parse_place(text)
    if place.code is None or "ambiguous" in place.hints:
        hint = next((h for h in ("ambiguous", "abroad", "vague") if h in place.hints), "unread")
        candidates = joined("、", (divisions.full_name(code) for code in place.candidates[:4]))
        return Reading(place, (doubt(f"place_{hint}", text=text, candidates=candidates),))
    if "renamed" in place.hints or "moved" in place.hints:
        return Reading(place, (doubt("place_renamed", text=text, name=place.name),))
    if place.confidence < divisions.SURE:
        return Reading(place, (doubt("place_confirm", text=text, name=place.name),))
    return Reading(place)


def _read_certificate(cell: Cell) -> Reading[object]:
    """持证: 有/无/√, or the number itself, which says both."""
    reading = codes.read_yes_no(cell)
    return Reading(text_of(cell)) if reading.doubts else Reading(reading.value)


def _of_text(read: Callable[[Cell], Reading[object]]) -> Reader:
    """A reader that does not ask what day it is."""
    return lambda cell, _: read(cell)


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "ignored": _of_text(_read_nothing),
        "name": _of_text(_read_name),
        "text": _of_text(partial(_read_text, limit=200)),
        "short_text": _of_text(partial(_read_text, limit=60)),
        "place": _of_text(_read_place),
        "certificate": _of_text(_read_certificate),
        "citizen_id": lambda cell, today: citizen_id.read_citizen_id(cell, today=today),
        "date": lambda cell, today: read_date(cell, today=today),
        "dues": lambda cell, today: read_month(cell, today=today),
        "phones": _of_text(read_phones),
        "gender": _of_text(codes.GENDER.read),
        "ethnicity": _of_text(codes.ETHNICITY.read),
        "education": _of_text(codes.EDUCATION.read),
        "kind": _of_text(codes.MEMBER_KIND.read),
        "reason": _of_text(codes.FLOW_REASON.read),
        "yes_no": _of_text(codes.read_yes_no),
    }
)
"""Reader of a column → function of the cell and today."""

TEXT_KEPT = {"education": "education_text", "reason": "reason_text", "host_place": "host_text"}
"""Fields whose typed original is kept beside the code."""


class _Typed(fields.Field[object]):
    """A value that a reader has typed already: only its class is checked."""

    def __init__(self, kind: type, *, required: bool = False) -> None:
        super().__init__(required=required, allow_none=not required)
        self.kind = kind

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> object:
        if not isinstance(value, self.kind):
            raise ValidationError("unexpected")
        return value


class MemberRowSchema(Schema):
    """The typed values of one row of the member register: exactly these, all present (None: not known)."""

    class Meta:
        unknown = RAISE

    township = fields.String(allow_none=True)
    branch = fields.String(required=True)
    name = fields.String(required=True)
    gender = fields.String(allow_none=True, validate=validate.OneOf(list(codes.GENDER.labels)))
    ethnicity = fields.String(allow_none=True, validate=validate.OneOf(list(codes.ETHNICITY.labels)))
    citizen_id = fields.String(required=True, validate=citizen_id.is_valid)
    birth = _Typed(PartialDate)
    education = fields.String(allow_none=True, validate=validate.OneOf(list(codes.EDUCATION.labels)))
    education_text = fields.String(allow_none=True)
    joined = _Typed(PartialDate)
    confirmed = _Typed(PartialDate)
    kind = fields.String(allow_none=True, validate=validate.OneOf(list(codes.MEMBER_KIND.labels)))
    phones = _Typed(tuple)
    left = _Typed(PartialDate)
    expected_until = _Typed(PartialDate)
    reason = fields.String(allow_none=True, validate=validate.OneOf(list(codes.FLOW_REASON.labels)))
    reason_text = fields.String(allow_none=True)
    host_place = _Typed(divisions.Place)
    host_text = fields.String(allow_none=True)
    host_address = fields.String(allow_none=True)
    work_unit = fields.String(allow_none=True)
    industry = fields.String(allow_none=True)
    has_certificate = _Typed(bool)
    certificate_no = fields.String(allow_none=True)
    host_branch = fields.String(allow_none=True)
    host_contact = fields.String(allow_none=True)
    has_reported_in = _Typed(bool)
    dues_paid_until = _Typed(PartialDate)
    last_activity = _Typed(PartialDate)
    home_contact = fields.String(allow_none=True)
    home_contact_phones = _Typed(tuple)
    is_lost_contact = _Typed(bool)
    remark = fields.String(allow_none=True)


SCHEMA = MemberRowSchema()
