"""Verbs on the tree: found, rename, close; and `visible`, the only way the edge narrows person rows to an actor's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, true

from web.core import events, fence
from web.core.errors import Invalid, NotFound
from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.organisations.models import OrgKind, PartyOrg

UNDER: dict[OrgKind, frozenset[OrgKind]] = {
    OrgKind.COUNTY_COMMITTEE: frozenset(),
    OrgKind.TOWNSHIP_COMMITTEE: frozenset({OrgKind.COUNTY_COMMITTEE}),
    OrgKind.GENERAL_BRANCH: frozenset({OrgKind.TOWNSHIP_COMMITTEE}),
    OrgKind.BRANCH: frozenset({OrgKind.TOWNSHIP_COMMITTEE, OrgKind.GENERAL_BRANCH}),
    OrgKind.AWAY_BRANCH: frozenset({OrgKind.COUNTY_COMMITTEE, OrgKind.TOWNSHIP_COMMITTEE}),
    OrgKind.PARTY_GROUP: frozenset({OrgKind.BRANCH, OrgKind.AWAY_BRANCH}),
}


def root() -> PartyOrg:
    """The county committee."""
    found = db.session.scalars(db.select(PartyOrg).where(PartyOrg.parent_id.is_(None))).first()
    if found is None:
        raise NotFound()
    return found


def get(org_id: UUID) -> PartyOrg:
    """NotFound when it is absent or another county's."""
    found = db.session.get(PartyOrg, (fence.tenant(), org_id))
    if found is None:
        raise NotFound()
    return found


def found(
    parent: PartyOrg | None, kind: OrgKind, name: str, *, full_name: str = "", division_code: str = "", host_code: str = ""
) -> PartyOrg:
    """Add an organisation under `parent` (None: the county's root). Invalid when the kind does not fit there."""
    name = name.strip()
    wrong: dict[str, object] = {}
    if not name:
        wrong["name"] = "required"
    if (parent is None) != (kind is OrgKind.COUNTY_COMMITTEE) or (parent and parent.kind not in UNDER[kind]):
        wrong["kind"] = "kind_not_under_parent"
    parent_id = parent.id if parent else None
    taken = db.select(PartyOrg.id).where(PartyOrg.parent_id == parent_id, PartyOrg.name == name)
    if name and parent and db.session.scalar(taken):
        wrong["name"] = "taken"
    if wrong:
        raise Invalid(wrong)
    last = db.session.scalar(db.select(func.max(PartyOrg.path)).where(PartyOrg.parent_id == parent_id))
    ordinal = int(last.rstrip(".").rsplit(".", 1)[-1]) + 1 if last else 1
    org = PartyOrg(
        parent_id=parent_id,
        kind=kind,
        name=name,
        full_name=full_name or (f"{parent.full_name}{name}" if parent and parent.parent_id else name),
        path=f"{parent.path if parent else ''}{ordinal:04d}.",
        division_code=division_code,
        host_code=host_code,
        is_active=True,
    )
    events.record("party_org.found", org)
    db.session.add(org)
    db.session.flush()
    return org


def rename(org: PartyOrg, name: str) -> None:
    """Change the short name; full names below keep their history in the log."""
    if not name.strip():
        raise Invalid({"name": "required"})
    events.record("party_org.rename", org)
    org.full_name = org.full_name.removesuffix(org.name) + name.strip()
    org.name = name.strip()
    db.session.flush()


def close(org: PartyOrg, reason: str) -> None:
    """Take it out of use; its rows stay. Invalid while it has open organisations below."""
    below = db.select(func.count()).select_from(PartyOrg).where(PartyOrg.parent_id == org.id, PartyOrg.is_active)
    if db.session.scalar(below):
        raise Invalid({"org": "has_open_organisations"})
    events.record("party_org.close", org, reason=reason)
    org.is_active = False
    db.session.flush()


def tree() -> Sequence[PartyOrg]:
    """The whole tree in order of its paths: one query."""
    return db.session.scalars(db.select(PartyOrg).order_by(PartyOrg.path)).all()


def branches(actor: Actor) -> Sequence[PartyOrg]:
    """Open branches in the actor's part of the tree, for choosing one."""
    query = db.select(PartyOrg).where(PartyOrg.kind.in_([OrgKind.BRANCH, OrgKind.AWAY_BRANCH]), PartyOrg.is_active)
    return db.session.scalars(query.where(within(actor, PartyOrg.id)).order_by(PartyOrg.path)).all()


def within(actor: Actor, *columns: Any) -> ColumnElement[bool]:
    """The condition 'one of these organisation columns lies in the actor's part of the tree'."""
    if actor.role in WHOLE_COUNTY:
        return true()
    if not actor.org_path:
        return false()
    mine = db.select(PartyOrg.id).where(PartyOrg.path.op("^@")(actor.org_path))
    return or_(*(c.in_(mine) for c in columns))


def visible(query: Select[Any], actor: Actor, *columns: Any) -> Select[Any]:
    """Narrow a query of person rows to the actor's part of the tree by its organisation columns."""
    if actor.role in WHOLE_COUNTY:
        return query
    return query.where(within(actor, *columns))
