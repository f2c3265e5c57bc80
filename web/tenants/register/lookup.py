"""Many pasted numbers and names looked up at once: three questions however many lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from web.core.events import Actor
from web.core.fields import blind, mask
from web.extensions import db
from web.tenants.members import citizen_id, names, phones
from web.tenants.members.models import Member
from web.tenants.members.service import LIVE
from web.tenants.organisations.models import PartyOrg
from web.tenants.organisations.service import visible

MOST = 5_000


@dataclass(frozen=True)
class Found:
    """A member that a line named. `asked`: the line's number and its words, a number masked."""

    member_id: UUID
    name: str
    gender: str
    branch: str
    id_number: str | None
    line: int
    asked: str


@dataclass(frozen=True)
class Answer:
    """`missing`: (line, words) of what nobody here has; a name may have found several."""

    found: Sequence[Found]
    missing: Sequence[tuple[int, str]]


def lines(text: str) -> tuple[list[str], bool]:
    """What was pasted, a line each, blank ones left out; and whether there are too many."""
    found = [part.strip() for part in re.split(r"[\r\n\t;；，,]+", text.replace("\x00", "")) if part.strip()]
    return found, len(found) > MOST


def _key(words: str) -> tuple[str, object]:
    """(id_number | phone | name, what is compared)."""
    number = citizen_id.normalise(words)
    if len(number) == 15 and number.isdecimal():
        number = citizen_id.from_fifteen(number)
    if len(number) == 18 and number[:17].isdecimal():
        return "id_number", blind("id_number", number)
    if words[0].isdigit() or words[0] == "+":
        phone = phones.normalise(words)
        return "phone", blind("phone", str(phone)) if phone else b""
    return "name", names.normalise(words)


def find(asked: Sequence[str], actor: Actor) -> Answer:
    """Who each line is, within the actor's part of the tree."""
    keys = [_key(words) for words in asked]
    by_key: dict[tuple[str, object], list[tuple[Member, str]]] = {}
    for kind, column in (("id_number", Member.id_blind), ("phone", Member.phone_blind), ("name", Member.name)):
        wanted = {value for k, value in keys if k == kind and value}
        if not wanted:
            continue
        query = (
            db.select(Member, PartyOrg.full_name)
            .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
            .where(column.in_(wanted), Member.relation.in_(LIVE))
        )
        for member, branch in db.session.execute(visible(query, actor, Member.branch_id, Member.away_org_id)):
            value = getattr(member, column.key)
            by_key.setdefault((kind, bytes(value) if kind != "name" else value), []).append((member, branch))
    found: list[Found] = []
    missing: list[tuple[int, str]] = []
    for line, (words, key) in enumerate(zip(asked, keys, strict=True), 1):
        said = words if key[0] == "name" else str(mask(key[0], words))
        matches = by_key.get(key, [])
        found += [Found(m.id, m.name, m.gender, b, mask("id_number", m.id_number), line, said) for m, b in matches]
        if not matches:
            missing.append((line, words))
    return Answer(found, missing)
