"""The transfer packet: a member's fields in the words of the wire, and back into a row of the host's register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from web.core.errors import Invalid
from web.core.fields import blind
from web.tenants.members import names, phones
from web.tenants.members.codes import MemberKind
from web.tenants.members.models import Member
from web.tenants.transfers.letters import KINDS, lacking
from web.tenants.transfers.letters import snapshot as letter

__all__ = ["KINDS", "as_member", "identity", "lacking", "letter", "named", "person_blind", "pointers"]


def identity(member: Member) -> dict[str, Any]:
    """What a request carries. Invalid without a birth date."""
    if member.birth_on is None:
        raise Invalid({"birth_on": "required"})
    return {"name": member.name, "birth_on": member.birth_on.isoformat()}


def person_blind(person: Mapping[str, Any]) -> bytes:
    """The fingerprint, inside this county, of a name and a birth date."""
    return blind("handover", f"{names.normalise(person['name'])}|{person['birth_on']}")


def pointers(named: Mapping[str, Any]) -> dict[str, Any]:
    """Names as pointers of a message."""
    return {f"/{name}": value for name, value in named.items()}


def named(pointed: Mapping[str, Any]) -> dict[str, Any]:
    """Pointers of a message as names."""
    return {pointer.removeprefix("/"): value for pointer, value in pointed.items()}


def known(packet: Mapping[str, Any]) -> dict[str, Any]:
    """Of the fields of the row, those the letter told: what it left out stays as an old record has it."""
    told = {"gender": "sex", "member_kind": "kind", "phone": "contact", "second_phone": "contact"}
    return {name: value for name, value in as_member(packet).items() if value and packet.get(told.get(name, name))}


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
    numbers = [str(number) for number in phones.read_phones(packet.get("contact", "")).value or ()]
    return found | dict(zip(("phone", "second_phone"), [*numbers, None, None], strict=False))
