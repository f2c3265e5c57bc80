"""Whose turn a case is at, who sits in which seat, and which cases an actor may see: conditions for the work lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_

from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, WHOLE_COUNTY, Permission, Role
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers.models import RelationTransfer, Seat, TransferKind, TransferState

S, K = TransferState, TransferKind
Turns = Mapping[tuple[TransferState, TransferKind | None], Seat]

# The seat whose word comes next, by state, and by kind where kinds differ. In transit it is another place's word.
TURNS: Turns = {
    (S.DRAFT, None): Seat.BRANCH,
    (S.RETURNED_FOR_CORRECTION, None): Seat.BRANCH,
    (S.EXPIRED, None): Seat.BRANCH,
    (S.SUBMITTED, None): Seat.COMMITTEE,
    (S.HOME_APPROVED, K.COUNTY): Seat.RECEIVER,
    (S.HOME_APPROVED, K.OUTWARD): Seat.COMMITTEE,
    (S.LETTER_ISSUED, None): Seat.COMMITTEE,
    (S.RECEIVED, None): Seat.RECEIVER,
    (S.ASSIGNED, None): Seat.RECEIVER,
}
# The seat that comes after the present word: what it will have to do soon.
AFTER: Turns = {
    (S.DRAFT, None): Seat.COMMITTEE,
    (S.RETURNED_FOR_CORRECTION, None): Seat.COMMITTEE,
    (S.EXPIRED, None): Seat.COMMITTEE,
    (S.IN_TRANSIT, None): Seat.COMMITTEE,
}
# Whose work lists a role keeps; what a role may do besides says its permission.
DUTIES: Mapping[Role, frozenset[Seat]] = {
    Role.COUNTY_ADMIN: frozenset({Seat.COMMITTEE, Seat.RECEIVER}),
    Role.TOWNSHIP_OFFICER: frozenset({Seat.COMMITTEE, Seat.RECEIVER}),
    Role.BRANCH_SECRETARY: frozenset({Seat.BRANCH}),
}


def turn(case: RelationTransfer) -> Seat | None:
    """The seat whose word comes next, None when it is not ours or nobody's."""
    return TURNS.get((case.state, case.kind)) or TURNS.get((case.state, None))


def _sits(seat: Seat, actor: Actor) -> ColumnElement[bool]:
    column = RelationTransfer.to_org_id if seat is Seat.RECEIVER else RelationTransfer.branch_id
    return organisations.within(actor, column)


def _on_duty(turns: Turns, actor: Actor) -> ColumnElement[bool]:
    duties = DUTIES.get(Role(actor.role), frozenset())
    asked = []
    for (state, kind), seat in turns.items():
        if seat in duties:
            is_kind = [] if kind is None else [RelationTransfer.kind == kind]
            asked.append(and_(RelationTransfer.state == state, *is_kind, _sits(seat, actor)))
    return or_(RelationTransfer.id.is_(None), *asked)  # said of a column, so that the statement keeps its county


def is_ours(actor: Actor) -> ColumnElement[bool]:
    """The next word is this actor's to say."""
    return _on_duty(TURNS, actor)


def is_next(actor: Actor) -> ColumnElement[bool]:
    """The word after the next is this actor's."""
    return and_(_on_duty(AFTER, actor), ~_on_duty(TURNS, actor))


def goes_out(actor: Actor) -> ColumnElement[bool]:
    """It leaves the actor's part of the tree, or a branch of it."""
    return and_(RelationTransfer.kind != K.INWARD, _sits(Seat.BRANCH, actor))


def comes_in(actor: Actor) -> ColumnElement[bool]:
    """It comes to the actor's part of the tree, or to a branch of it: from elsewhere, or approved by who lets go. What moves
    between two places the actor looks after, as all of the county is to its clerks, goes out of one and comes in at the other.
    """
    is_sent = or_(RelationTransfer.approved_on.is_not(None), RelationTransfer.kind == K.INWARD)
    return and_(RelationTransfer.to_org_id.is_not(None), is_sent, _sits(Seat.RECEIVER, actor))


def visible(query: Select[Any], actor: Actor) -> Select[Any]:
    """Each committee sees its part: the one that lets go all of it, the one that receives what was approved for it."""
    if actor.role in WHOLE_COUNTY:
        return query
    return query.where(or_(_sits(Seat.BRANCH, actor), comes_in(actor)))


def seats(case: RelationTransfer, actor: Actor) -> frozenset[Seat]:
    """Where this actor sits in the case, by the role's permissions and the part of the tree: one query."""
    held = GRANTS[Role(actor.role)]
    may = {
        Seat.BRANCH: Permission.TRANSFER_WRITE in held,
        Seat.COMMITTEE: Permission.TRANSFER_APPROVE in held,
        Seat.RECEIVER: Permission.TRANSFER_APPROVE in held,
    }
    orgs = {case.branch_id, case.to_org_id} - {None}
    mine: set[UUID] = set(
        db.session.scalars(
            db.select(PartyOrg.id).where(PartyOrg.id.in_(orgs), organisations.within(actor, PartyOrg.id))
        )
    )
    places = {Seat.BRANCH: case.branch_id, Seat.COMMITTEE: case.branch_id, Seat.RECEIVER: case.to_org_id}
    return frozenset(seat for seat, place in places.items() if may[seat] and place in mine)


def find(case_id: UUID, actor: Actor) -> tuple[RelationTransfer, Member, str, str] | None:
    """The case with the member and the names of both organisations, as this actor may see it; None otherwise."""
    branch, target = db.aliased(PartyOrg), db.aliased(PartyOrg)
    query = (
        db.select(RelationTransfer, Member, branch.full_name, target.full_name)
        .join(Member, (Member.tenant_id == RelationTransfer.tenant_id) & (Member.id == RelationTransfer.member_id))
        .outerjoin(branch, (branch.tenant_id == RelationTransfer.tenant_id) & (branch.id == RelationTransfer.branch_id))
        .outerjoin(target, (target.tenant_id == RelationTransfer.tenant_id) & (target.id == RelationTransfer.to_org_id))
        .where(RelationTransfer.id == case_id)
    )
    row = db.session.execute(visible(query, actor)).first()
    return (row[0], row[1], row[2] or "", row[3] or "") if row else None
