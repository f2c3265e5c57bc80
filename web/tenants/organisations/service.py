"""Verbs on the tree: found, rename, close; and `visible`, the only way the edge narrows person rows to an actor's part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, event, func, or_, true

from web.core import events, fence
from web.core.errors import Invalid, NotFound
from web.core.events import Actor, Event
from web.extensions import Session, db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, WHOLE_COUNTY, Permission, Role
from web.tenants.organisations.models import OrgKind, PartyOrg

UNDER: dict[OrgKind, frozenset[OrgKind]] = {
    OrgKind.COUNTY_COMMITTEE: frozenset(),
    OrgKind.TOWNSHIP_COMMITTEE: frozenset({OrgKind.COUNTY_COMMITTEE}),
    OrgKind.GENERAL_BRANCH: frozenset({OrgKind.TOWNSHIP_COMMITTEE}),
    OrgKind.BRANCH: frozenset({OrgKind.TOWNSHIP_COMMITTEE, OrgKind.GENERAL_BRANCH}),
    OrgKind.AWAY_BRANCH: frozenset({OrgKind.COUNTY_COMMITTEE, OrgKind.TOWNSHIP_COMMITTEE}),
    OrgKind.PARTY_GROUP: frozenset({OrgKind.BRANCH, OrgKind.AWAY_BRANCH}),
}

# Committees that may let members go and receive them (基层党委, and the county's own).
COMMITTEES = (OrgKind.TOWNSHIP_COMMITTEE, OrgKind.COUNTY_COMMITTEE)

# Where in the tree an account of each role stands: its part is the subtree below.
PLACES: dict[Role, frozenset[OrgKind]] = {
    Role.COUNTY_ADMIN: frozenset({OrgKind.COUNTY_COMMITTEE}),
    Role.TOWNSHIP_OFFICER: frozenset({OrgKind.TOWNSHIP_COMMITTEE}),
    Role.BRANCH_SECRETARY: frozenset({OrgKind.GENERAL_BRANCH, OrgKind.BRANCH}),
    Role.AWAY_SECRETARY: frozenset({OrgKind.AWAY_BRANCH, OrgKind.BRANCH}),
    Role.LIAISON: frozenset({OrgKind.COUNTY_COMMITTEE}),
    Role.LEADER_READONLY: frozenset({OrgKind.COUNTY_COMMITTEE}),
    Role.SYSADMIN: frozenset({OrgKind.COUNTY_COMMITTEE}),
    Role.SECADMIN: frozenset({OrgKind.COUNTY_COMMITTEE}),
    Role.AUDITOR: frozenset({OrgKind.COUNTY_COMMITTEE}),
}


FULL_NAME = 160
"""Characters of a full name at most: the names of all above it in one line, as letters print them."""


@dataclass(frozen=True)
class OrgClosing:
    """Announced before an organisation closes: a later room that still needs it raises Invalid."""

    org_id: UUID


@dataclass(frozen=True)
class OrgRenamed:
    """Announced when it and those below it have other full names."""

    org_id: UUID


def root() -> PartyOrg:
    """The county committee."""
    found: PartyOrg | None = db.session.scalars(db.select(PartyOrg).where(PartyOrg.parent_id.is_(None))).first()
    if found is None:
        raise NotFound()
    return found


def get(org_id: UUID) -> PartyOrg:
    """NotFound when it is absent or another county's."""
    found = db.session.get(PartyOrg, (fence.tenant(), org_id))
    if found is None:
        raise NotFound()
    return found


def hold(org_id: UUID) -> None:
    """Nobody closes it until this unit of work ends, and it is read anew: before somebody is put there. Asked for once."""
    held: set[UUID] = db.session.info.setdefault("organisations.held", set())
    if org_id not in held:
        lock = {"read": True, "key_share": True}
        db.session.get(PartyOrg, (fence.tenant(), org_id), with_for_update=lock, populate_existing=True)
        held.add(org_id)


@event.listens_for(Session, "after_soft_rollback")
def _let_go(session: Session, _previous: object) -> None:
    """A savepoint that is rolled back lets go of what it held."""
    session.info.pop("organisations.held", None)


@event.listens_for(Session, "after_commit")
def _end(session: Session) -> None:
    """A commit lets go of all; a savepoint's end of nothing."""
    if not session.in_nested_transaction():
        session.info.pop("organisations.held", None)


def committee_of(org_id: UUID) -> PartyOrg:
    """The committee an organisation stands under: the nearest of a township, else the county's; a committee is its own."""
    below = db.aliased(PartyOrg)
    query = (
        db.select(PartyOrg)
        .join(below, (below.tenant_id == PartyOrg.tenant_id) & below.path.op("^@")(PartyOrg.path))
        .where(below.id == org_id, PartyOrg.kind.in_(COMMITTEES))
        .order_by(func.length(PartyOrg.path).desc())
    )
    found: PartyOrg | None = db.session.scalars(query.limit(1)).first()
    if found is None:
        raise NotFound()
    return found


def found(
    parent: PartyOrg | None,
    kind: OrgKind,
    name: str,
    *,
    full_name: str = "",
    division_code: str = "",
    host_code: str = "",
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
    full_name = full_name or _under(parent, name)
    if len(full_name) > FULL_NAME:
        wrong.setdefault("name", "full_name_too_long")
    if wrong:
        raise Invalid(wrong)
    last = db.session.scalar(db.select(func.max(PartyOrg.path)).where(PartyOrg.parent_id == parent_id))
    ordinal = int(last.rstrip(".").rsplit(".", 1)[-1]) + 1 if last else 1
    org = PartyOrg(
        parent_id=parent_id,
        kind=kind,
        name=name,
        full_name=full_name,
        path=f"{parent.path if parent else ''}{ordinal:04d}.",
        division_code=division_code,
        host_code=host_code,
        is_active=True,
    )
    events.record("party_org.found", org)
    db.session.add(org)
    db.session.flush()
    return org


def _under(parent: PartyOrg | None, name: str) -> str:
    """The full name where nobody typed one: below a township its own name stands first; the county's is left out."""
    return f"{parent.full_name}{name}" if parent and parent.parent_id else name


def settle(org: PartyOrg, *, venue: str, address: str, phone: str) -> None:
    """Where it meets, where it is, and its office telephone; partners are told with the directory."""
    org.venue, org.address, org.phone = venue.strip(), address.strip(), phone.strip()
    events.record("party_org.settle", org)
    db.session.flush()


def rename(org: PartyOrg, name: str) -> None:
    """Change its name; the full names below follow, since letters print them. Invalid when a sister has the name."""
    name = name.strip()
    if not name:
        raise Invalid({"name": "required"})
    taken = db.select(PartyOrg.id).where(
        PartyOrg.parent_id == org.parent_id, PartyOrg.name == name, PartyOrg.id != org.id
    )
    if org.parent_id and db.session.scalar(taken):
        raise Invalid({"name": "taken"})
    # A full name that somebody typed and that does not end with the old name says nothing of the new one.
    before, above = org.full_name, get(org.parent_id) if org.parent_id else None
    full_name = before.removesuffix(org.name) + name if before.endswith(org.name) else _under(above, name)
    under = db.select(PartyOrg).where(PartyOrg.path.op("^@")(org.path), PartyOrg.id != org.id)
    follow = [below for below in db.session.scalars(under) if below.full_name.startswith(before)]
    longest = max((len(below.full_name) for below in follow), default=len(before))
    if len(full_name) + max(0, longest - len(before)) > FULL_NAME:
        raise Invalid({"name": "full_name_too_long"})
    org.name, org.full_name = name, full_name
    events.record("party_org.rename", org)
    for below in follow:
        below.full_name = full_name + below.full_name.removeprefix(before)
        events.record("party_org.rename", below)
    db.session.flush()
    events.announce(OrgRenamed(org.id))


def close(org: PartyOrg, reason: str) -> None:
    """Take it out of use; its rows stay. Invalid while anything open is below it or anyone belongs to it."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    if org.parent_id is None:
        raise Invalid({"org": "root_stays"})
    # Who is being put there is waited for, and found below.
    db.session.refresh(org, with_for_update=True)
    below = db.select(PartyOrg.id).where(PartyOrg.parent_id == org.id, PartyOrg.is_active)
    if db.session.scalar(below.limit(1)):
        raise Invalid({"org": "has_open_organisations"})
    if db.session.scalar(db.select(Account.id).where(Account.org_id == org.id, Account.is_active).limit(1)):
        raise Invalid({"org": "has_people"})
    events.announce(OrgClosing(org.id))
    org.is_active = False
    events.record("party_org.close", org, reason=reason.strip())
    db.session.flush()


def put_back(entry: Event) -> bool:
    """Undo that it was closed. False when it is open again, what it is under is closed by now, or the actor may not any more."""
    may = Permission.ORGANISATION_WRITE in GRANTS[Role(events.actor().role)]
    org = db.session.get(PartyOrg, (fence.tenant(), entry.subject_id), with_for_update=True, populate_existing=True)
    if not may or org is None or org.parent_id is None or org.is_active:
        return False
    hold(org.parent_id)
    if not get(org.parent_id).is_active:
        return False
    org.is_active = True
    events.record("party_org.reopen", org)
    db.session.flush()
    return True


def demand_place(role: Role, org_id: UUID) -> PartyOrg:
    """The organisation an account of this role may stand in. NotFound, or Invalid when the role does not fit there."""
    hold(org_id)
    org = get(org_id)
    if org.kind not in PLACES[role]:
        raise Invalid({"org_id": "not_this_place"})
    if not org.is_active:
        raise Invalid({"org_id": "org_closed"})
    return org


def tree(actor: Actor | None = None) -> Sequence[PartyOrg]:
    """The tree, or the actor's part of it, in order of its paths: one query."""
    query = db.select(PartyOrg).order_by(PartyOrg.path)
    return db.session.scalars(query.where(within(actor, PartyOrg.id)) if actor else query).all()


def visible_org(org_id: UUID, actor: Actor, *, lock: bool = False) -> PartyOrg:
    """NotFound when it is absent, another county's, or outside the actor's part of the tree: the same answer."""
    query = db.select(PartyOrg).where(PartyOrg.id == org_id, within(actor, PartyOrg.id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: PartyOrg | None = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return found


def branches(actor: Actor) -> Sequence[PartyOrg]:
    """Open branches in the actor's part of the tree, for choosing one."""
    query = db.select(PartyOrg).where(PartyOrg.kind.in_([OrgKind.BRANCH, OrgKind.AWAY_BRANCH]), PartyOrg.is_active)
    return db.session.scalars(query.where(within(actor, PartyOrg.id)).order_by(PartyOrg.path)).all()


def within(actor: Actor, *columns: Any) -> ColumnElement[bool]:
    """The condition 'one of these organisation columns lies in the actor's part of the tree'."""
    if actor.role in WHOLE_COUNTY:
        return true()
    if not actor.org_path:
        return or_(*(c.in_([]) for c in columns))  # nobody; said of a column, so that the statement keeps its county
    mine = db.select(PartyOrg.id).where(PartyOrg.path.op("^@")(actor.org_path))
    return or_(*(c.in_(mine) for c in columns))


def visible(query: Select[Any], actor: Actor, *columns: Any) -> Select[Any]:
    """Narrow a query of person rows to the actor's part of the tree by its organisation columns."""
    if actor.role in WHOLE_COUNTY:
        return query
    return query.where(within(actor, *columns))


def townships() -> list[str]:
    """Full names of the township committees that stand, as papers write them."""
    query = db.select(PartyOrg.full_name, PartyOrg.name).where(
        PartyOrg.kind == OrgKind.TOWNSHIP_COMMITTEE, PartyOrg.is_active
    )
    return [full or name for full, name in db.session.execute(query.order_by(PartyOrg.name))]
