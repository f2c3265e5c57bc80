"""The transfer packet: a member's fields in the words of the wire, and back into a row of the host's register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from web.core.errors import Invalid
from web.core.fields import blind
from web.tenants.members import citizen_id, names, values
from web.tenants.members.codes import MemberKind
from web.tenants.members.models import Member

KINDS: dict[str, str] = {MemberKind.FULL: "full", MemberKind.PROBATIONARY: "probationary"}

# What a letter cannot be written without, in the order of the form.
NEEDED = ("birth_on", "gender", "ethnicity", "member_kind", "id_number", "dues_until", "phone")


def lacking(member: Member) -> list[str]:
    """Fields of the register that the letter needs and this member lacks, or holds an impossible number in."""
    found = [name for name in NEEDED if not getattr(member, name)]
    if member.id_number and not citizen_id.is_valid(member.id_number):
        found.append("id_number")
    if member.gender and member.gender not in ("1", "2"):
        found.append("gender")  # the letter says 男 or 女
    return found


def identity(member: Member) -> dict[str, Any]:
    """What a request carries. Invalid without a birth date."""
    if member.birth_on is None:
        raise Invalid({"birth_on": "required"})
    return {"name": member.name, "birth_on": member.birth_on.isoformat()}


def person_blind(person: Mapping[str, Any]) -> bytes:
    """The fingerprint, inside this county, of a name and a birth date."""
    return blind("handover", f"{names.normalise(person['name'])}|{person['birth_on']}")


def letter(member: Member, **more: Any) -> dict[str, Any]:
    """What a release carries: the member's fields, and `more` of the letter's own."""
    return identity(member) | {
        "sex": member.gender,
        "ethnicity": member.ethnicity,
        "kind": KINDS[member.member_kind],
        "dues_until": member.dues_until,
        **more,
    }


def pointers(named: Mapping[str, Any]) -> dict[str, Any]:
    """Names as pointers of a message."""
    return {f"/{name}": value for name, value in named.items()}


def named(pointed: Mapping[str, Any]) -> dict[str, Any]:
    """Pointers of a message as names."""
    return {pointer.removeprefix("/"): value for pointer, value in pointed.items()}


def as_member(packet: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the row to take over; what was withheld stays empty. A contact that is no telephone is left out."""
    found: dict[str, Any] = {
        "name": packet.get("name", ""),
        "gender": packet.get("sex", "9"),
        "birth_on": date.fromisoformat(packet["birth_on"]) if packet.get("birth_on") else None,
        "ethnicity": packet.get("ethnicity", ""),
        "member_kind": next((code for code, word in KINDS.items() if word == packet.get("kind")), MemberKind.FULL),
        "dues_until": packet.get("dues_until", ""),
    }
    try:
        found["phone"] = values.read({"phone": packet.get("contact", "")})["phone"]
    except Invalid:
        found["phone"] = None
    return found
