"""One question to the register as a value: it is what stands in the address, what a saved filter keeps, and what
'select all that match' runs again. No identifiers, no trust: it is narrowed to the actor's part whenever it runs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func

from web.extensions import db
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import search
from web.tenants.members.models import Member
from web.tenants.members.service import LIVE
from web.tenants.organisations.models import PartyOrg
from web.tenants.register.facets import FACETS, FLOATING, Roll
from web.tenants.workbench.facets import Asked, Facet, Narrowing

_NEVER = date(1, 1, 1)

SORTS: Mapping[str, tuple[Any, type]] = {
    "name": (Member.name_pinyin, str),
    "birth": (func.coalesce(Member.birth_on, _NEVER), date),
    "branch": (PartyOrg.path, str),
    "dues": (Member.dues_until, str),
    "left": (func.coalesce(Flow.left_on, _NEVER), date),
    "host": (func.coalesce(Flow.host_code, ""), str),
    "updated": (Member.updated_at, datetime),
}


@dataclass(frozen=True)
class Query:
    """`text`: what was typed. `sort`: a key of SORTS, with `-` the other way round. `facets`: the known ones."""

    roll: Roll = Roll.MEMBERS
    text: str = ""
    narrowings: tuple[Narrowing, ...] = ()
    sort: str = "name"
    facets: Sequence[Facet] = field(default=FACETS, compare=False, repr=False)

    @classmethod
    def read(cls, roll: Roll, pairs: Iterable[tuple[str, str]], facets: Sequence[Facet] = FACETS) -> Query:
        """Out of the pairs of an address; what is unknown there is left out."""
        said = list(pairs)
        asked = Asked.read(said, facets)
        sorts = [v for n, v in said if n == "sort" and v.removeprefix("-") in SORTS]
        return cls(roll, asked.text, asked.narrowings, sorts[-1] if sorts else "name", facets)

    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of its address; `read` of them gives it back."""
        said = [("q", self.text)] if self.text else []
        said += [(n.key, v) for n in self.narrowings for v in n.values]
        return said + ([("sort", self.sort)] if self.sort != "name" else [])

    def unnarrowed(self) -> Query:
        """Without any."""
        return replace(self, text="", narrowings=())

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.narrowings)

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row of `joined` must meet."""
        found: list[ColumnElement[bool]] = []
        if self.roll is Roll.AWAY:
            found.append(Flow.state.in_(FLOATING))
        if not any(n.facet == "relation" for n in self.narrowings):
            found.append(Member.relation.in_(LIVE))
        return found + Asked(self.text, self.narrowings, self.facets, search.condition).conditions()


def joined(statement: Select[Any]) -> Select[Any]:
    """A select of members with their branch and their open flow: never more than one row a member."""
    return (
        statement.select_from(Member)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .outerjoin(
            Flow,
            (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id) & (Flow.state != FlowState.ENDED),
        )
    )


def cursor(value: Any, member_id: UUID) -> str:
    """Where a page begins or ends, as text for an address."""
    plain = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([plain, member_id.hex]).encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str) -> tuple[Any, UUID] | None:
    """The place a cursor names for this sort; None when it names none (the list then begins at its beginning)."""
    kind = SORTS[sort.removeprefix("-")][1]
    try:
        value, member_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(value, str) or "\x00" in value:
            return None
        return (kind.fromisoformat(value) if kind is not str else value), UUID(member_id)  # type: ignore[attr-defined]
    except (ValueError, TypeError, AttributeError):
        return None


def keyset(statement: Select[Any], sort: str, place: tuple[Any, UUID] | None, *, backwards: bool) -> Select[Any]:
    """Ordered by the sort and the id, and only what lies beyond the place."""
    column = SORTS[sort.removeprefix("-")][0]
    down = sort.startswith("-") != backwards
    order = (column.desc(), Member.id.desc()) if down else (column, Member.id)
    if place is not None:
        both, there = db.tuple_(column, Member.id), db.tuple_(*place)
        statement = statement.where(both < there if down else both > there)
    return statement.order_by(*order)
