"""Counts for a partner (scope S1): no persons, and no figure that tells of fewer than five.

Cells under five are masked here, before anything is composed, and the message's own kind refuses a smaller number. A
county's total is said only when it does not give a masked cell away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func

from web.extensions import db
from web.federation.post.models import Peer
from web.federation.referrals.models import Referral, ReferralState
from web.tenants.activities.models import Activity, ActivityState, Attendance
from web.tenants.activities.service import CAME
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import PartyOrg

LEAST = 5
AT_MOST = 500
LABELS = {
    "away_there": "流往对方的党员",
    "taken_on_here": "在本县编入支部的对方党员",
    "activities_with_guests": "有对方党员参加的活动（本年）",
}
_TOWNSHIP = 10  # characters of a path down to the township: two ordinals of five


def masked(found: Mapping[str, int]) -> list[tuple[str | None, int | None]]:
    """(township or None for the county, figure or None): in the order given, the county last.

    A cell of 1 to 4 is None; one of 0 is not listed. With k cells masked, total minus the shown ones is their sum s. It
    is said only if s leaves each of them open: none masked, or at least two with 5 ≤ s ≤ 4k - 2.
    """
    cells = [(name, n if n >= LEAST else None) for name, n in found.items() if n > 0]
    hidden = [n for n in found.values() if 0 < n < LEAST]
    total, rest = sum(found.values()), sum(hidden)
    is_open = not hidden or (len(hidden) >= 2 and LEAST <= rest <= (LEAST - 1) * len(hidden) - 2)
    return [*cells, (None, total if is_open and total >= LEAST else None)] if cells else []


def make(partner: Peer, day: date) -> dict[str, list[list[Any]]]:
    """Pointer → cells up to and with `day`: three queries, grouped by township."""
    cells: list[list[Any]] = []
    for what, query in _queries(partner, day):
        names = _townships()
        found = {names.get(path, "县直"): int(n) for path, n in db.session.execute(query)}
        cells += [[what, name, n] for name, n in masked(dict(sorted(found.items())))]
    return {"/cells": cells[:AT_MOST]}


def _townships() -> dict[str, str]:
    query = db.select(PartyOrg.path, PartyOrg.name).where(func.length(PartyOrg.path) == _TOWNSHIP)
    return {row.path: row.name for row in db.session.execute(query)}


def _queries(partner: Peer, day: date) -> Iterable[tuple[str, Any]]:
    place = func.left(PartyOrg.path, _TOWNSHIP).label("place")
    yield (
        "away_there",
        db.select(place, func.count(Flow.member_id.distinct()))
        .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(
            Flow.host_code == partner.code,
            Flow.state.in_((FlowState.REGISTERED, FlowState.UNREACHABLE)),
            Flow.left_on <= day,
            Member.relation == Relation.HELD,
        )
        .group_by(place),
    )
    yield (
        "taken_on_here",
        db.select(place, func.count())
        .select_from(Referral)
        .join(PartyOrg, (PartyOrg.tenant_id == Referral.tenant_id) & (PartyOrg.id == Referral.branch_id))
        .where(
            Referral.role == "host",
            Referral.partner_uid == partner.uid,
            Referral.state == ReferralState.TAKEN_ON,
            Referral.assigned_on <= day,
        )
        .group_by(place),
    )
    came = (
        db.select(Attendance.activity_id)
        .join(Referral, (Referral.tenant_id == Attendance.tenant_id) & (Referral.id == Attendance.referral_id))
        .where(Attendance.presence.in_(CAME))
    )
    yield (
        "activities_with_guests",
        db.select(place, func.count(Activity.id.distinct()))
        .join(PartyOrg, (PartyOrg.tenant_id == Activity.tenant_id) & (PartyOrg.id == Activity.org_id))
        .where(
            Activity.state == ActivityState.HELD,
            Activity.held_on.between(day.replace(month=1, day=1), day),
            Activity.id.in_(came.where(Referral.role == "host", Referral.partner_uid == partner.uid)),
        )
        .group_by(place),
    )
