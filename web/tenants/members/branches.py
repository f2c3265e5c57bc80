"""How many members each organisation has, and that an organisation with members does not close."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, or_

from web.core.errors import Invalid
from web.core.events import subscribe
from web.extensions import db
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.service import OrgClosing

HERE = (Relation.HELD, Relation.PROVISIONAL)


def counts() -> dict[UUID, int]:
    """Members by their branch: one query. Those of other relations are history."""
    query = (
        db.select(Member.branch_id, func.count().label("people"))
        .where(Member.relation.in_(HERE))
        .group_by(Member.branch_id)
    )
    return {row.branch_id: row.people for row in db.session.execute(query)}


@subscribe(OrgClosing)
def refuse(closing: OrgClosing) -> None:
    """Invalid while a member belongs to it."""
    query = db.select(Member.id).where(
        or_(Member.branch_id == closing.org_id, Member.away_org_id == closing.org_id), Member.relation.in_(HERE)
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise Invalid({"org": "has_people"})
