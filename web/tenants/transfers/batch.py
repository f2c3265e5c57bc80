"""Several members at once to one organisation of the county: who can go and who cannot, and why, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from web.core import fence
from web.core.errors import DomainError, Invalid
from web.extensions import db
from web.tenants.consents.models import Method
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers import service
from web.tenants.transfers.models import OPEN, RelationTransfer

MOST = 200


@dataclass(frozen=True)
class Candidate:
    """One member of the selection. `why`: the code of what stands against it, empty when it can go."""

    member_id: UUID
    name: str
    branch: str
    why: str


def preview(member_ids: Sequence[UUID], to_org_id: UUID | None) -> list[Candidate]:
    """In the order of the names: three queries, however many they are. Without a destination only what is so anyway."""
    open_ = (
        db.select(RelationTransfer.member_id)
        .where(RelationTransfer.member_id.in_(member_ids), RelationTransfer.state.in_(OPEN))
    )  # fmt: skip
    taken = set(db.session.scalars(open_))
    query = (
        db.select(Member, PartyOrg)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(Member.id.in_(member_ids))
        .order_by(Member.name_pinyin, Member.id)
    )
    target = organisations.get(to_org_id) if to_org_id else None
    committee = organisations.committee_of(to_org_id) if to_org_id else None
    own = {o.path for o in organisations.tree() if o.kind in organisations.COMMITTEES}

    def why(member: Member, branch: PartyOrg) -> str:
        if member.frozen_by is not None:
            return "member_in_transfer"
        if member.relation is not Relation.HELD:
            return "member_is_history"
        if member.id in taken:
            return "already_open"
        if target is None or committee is None:
            return ""
        if target.id == branch.id:
            return "same_branch"
        is_near = max((p for p in own if branch.path.startswith(p)), key=len, default="") == committee.path
        if target.kind in organisations.COMMITTEES:
            return "own_committee" if is_near else ""
        return "" if is_near else "other_committee"

    return [Candidate(m.id, m.name, o.full_name, why(m, o)) for m, o in db.session.execute(query)]


def submit(
    member_ids: Sequence[UUID], to_org_id: UUID, *, method: Method, applied_on: date, note: str = ""
) -> tuple[list[UUID], list[tuple[UUID, str]]]:
    """A case for each, handed up at once. Gives the cases, and the members that were left with the code of the reason."""
    made, left = list[UUID](), list[tuple[UUID, str]]()
    for member_id in member_ids[:MOST]:
        try:
            with fence.savepoint():
                member = members.get(member_id, lock=True)
                case = service.begin(member, service.Application(method, applied_on, to_org_id, note=note))
                service.submit(case)
                made.append(case.id)
        except Invalid as error:
            left.append((member_id, next(iter(error.fields.values()))[0]))
        except DomainError as error:
            left.append((member_id, error.code))
    return made, left
