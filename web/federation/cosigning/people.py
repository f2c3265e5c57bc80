"""Who the lines are about: guests of our branches by their referrals, and at home our own members behind a referral."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from web.core import vault
from web.extensions import db
from web.federation.referrals import packets
from web.federation.referrals.models import Referral, ReferralState, SharedMember
from web.tenants.activities.models import Activity
from web.tenants.organisations.models import PartyOrg


@dataclass(frozen=True)
class Guest:
    """A member of a partner county whom one of our branches took on. `name` is empty once the packet was purged."""

    referral_id: UUID
    partner_uid: UUID
    name: str
    org: str


def _guests(*where: Any) -> list[Guest]:
    query = (
        db.select(Referral.id, Referral.partner_uid, PartyOrg.name, SharedMember)
        .outerjoin(PartyOrg, (PartyOrg.tenant_id == Referral.tenant_id) & (PartyOrg.id == Referral.branch_id))
        .outerjoin(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
        .where(Referral.role == "host", *where)
        .order_by(PartyOrg.path, SharedMember.name_pinyin, Referral.id)
    )
    found = list(db.session.execute(query))
    vault.prepare(row[0] for row in found)
    return [
        Guest(id_, partner, str(packets.opened(copy).get("/name", "")), org or "") for id_, partner, org, copy in found
    ]


def due_at(activity: Activity) -> list[Guest]:
    """Guests taken on by a branch in the organiser's subtree."""
    path = db.select(PartyOrg.path).where(PartyOrg.id == activity.org_id).scalar_subquery()
    below = db.select(PartyOrg.id).where(PartyOrg.path.op("^@")(path))
    return _guests(Referral.state == ReferralState.TAKEN_ON, Referral.branch_id.in_(below))


def guests(referral_ids: Collection[UUID]) -> dict[UUID, Guest]:
    """Guests by referral, whatever became of it since."""
    return {g.referral_id: g for g in _guests(Referral.id.in_(referral_ids))} if referral_ids else {}


def members(partner_uid: UUID, referral_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """At home: our member behind each referral we made to that county; what is not ours is left out."""
    query = db.select(Referral.id, Referral.member_id).where(
        Referral.role == "home", Referral.partner_uid == partner_uid, Referral.id.in_(referral_ids)
    )
    return {id_: member_id for id_, member_id in db.session.execute(query) if member_id is not None}
