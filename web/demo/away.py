"""A county's branch away from home: the members it looks after, and what its secretary held, planned and has yet to record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from web.core import clock
from web.demo.stage import Stand, acting
from web.extensions import db
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, Presence
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

Step = tuple[int, Callable[[], object]]
MEMBERS = 12
LECTURE = ActivityKind.PARTY_LECTURE, "流动党员党课：在外也要过好组织生活", 90
ASSEMBLY = ActivityKind.BRANCH_ASSEMBLY, "支部党员大会：评议和学习", 60
THEME_DAY = ActivityKind.THEME_DAY, "主题党日：给家乡捎句话", 120
STUDY = ActivityKind.STUDY_SESSION, "集中学习：流动党员权利和义务", 120


def told(county: Stand, place: str) -> list[Step]:
    """(days ago, what happens). `place`: where the branch meets."""
    return [
        (62, partial(look_after, county)),
        (52, partial(meet, county, place, LECTURE)),
        (20, partial(meet, county, place, ASSEMBLY)),
        (6, partial(plan, county, place, THEME_DAY, 3)),  # its day is over, and nobody has written down who came
        (5, partial(plan, county, place, STUDY, 14)),
    ]


def look_after(county: Stand) -> None:
    """Members away from home, first those who live where the branch is."""
    with acting(county):
        away = next(each for each in organisations.tree() if each.kind is OrgKind.AWAY_BRANCH)
        query = (
            db.select(Member.id)
            .join(Flow, (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id))
            .where(
                Flow.state == FlowState.REGISTERED, Member.relation == Relation.HELD, Member.frozen_by.is_(None),
            )
            .order_by(Flow.host_code.startswith(away.host_code).desc(), Member.id)
            .limit(MEMBERS)
        )  # fmt: skip
        for id_ in db.session.scalars(query).all():
            members.assign_away(members.get(id_, lock=True), away.id, reason="流出期间由驻外党支部联系")


def plan(county: Stand, place: str, what: tuple[ActivityKind, str, int], days: int = 0) -> UUID:
    """So many days ahead; the activity's id."""
    kind, title, minutes = what
    with acting(county, Role.AWAY_SECRETARY) as secretary:
        assert secretary.org_id is not None
        on = clock.today() + timedelta(days=days)
        head = activities.Head(secretary.org_id, kind, title, on, place, secretary.name, minutes)
        return activities.plan(head, secretary).id


def meet(county: Stand, place: str, what: tuple[ActivityKind, str, int]) -> None:
    """Nearly everybody came."""
    planned = plan(county, place, what)
    with acting(county, Role.AWAY_SECRETARY) as secretary:
        activity = activities.get(planned, secretary, lock=True)
        marks = [Presence.PRESENT, Presence.PRESENT, Presence.LATE, Presence.PRESENT, Presence.PERSONAL]
        due = activities.people(activity)
        activities.record_attendance(activity, {p.member_id: activities.Mark(marks[i % 5]) for i, p in enumerate(due)})
        activities.hold(activity)
