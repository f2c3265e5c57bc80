"""Theme days of the host with guests, and what their homes say to the record."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from web.core import clock
from web.demo.stage import Stand, acting, org
from web.extensions import db
from web.federation.cosigning import people as guests_of
from web.federation.cosigning import service as cosigning
from web.federation.cosigning.models import CoSignedRecord, CosignState
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, Presence


def theme_day(host: Stand, title: str, township: str, minutes: int, homes: Sequence[Stand]) -> tuple[UUID, list[UUID]]:
    """A township of the host holds a theme day with guests; its records are offered to their homes."""
    with acting(host, Role.COUNTY_ADMIN) as actor:
        town = org(township)
        head = activities.Head(
            kind=ActivityKind.THEME_DAY, title=title, org_id=town.id, held_on=clock.today(),
            place=f"{township}党群服务中心", responsible="沈演乙", minutes=minutes,
        )  # fmt: skip
        activity = activities.plan(head, actor)
        own = [p.member_id for p in activities.people(activity)][:12]
        invited = guests_of.due_at(activity)
        marks = [
            activities.Mark(p)
            for p in (Presence.PRESENT, Presence.PRESENT, Presence.PRESENT, Presence.LATE, Presence.PERSONAL)
        ]
        activities.record_attendance(
            activity,
            {m: marks[i % 5] for i, m in enumerate(own)},
            {g.referral_id: marks[i % 5] for i, g in enumerate(invited)},
            may_attend={g.referral_id for g in invited},
        )
        activities.hold(activity)
        offered = {uid for uid in cosigning.proposal(activity) if uid in {h.uid for h in homes}}
        records = cosigning.offer(activities.get(activity.id, lock=True), offered) if offered else []
        return activity.id, [r.id for r in records]


def countersign(home: Stand, host: Stand) -> int:
    """Home acknowledges every record this host offered; how many."""
    done = 0
    with acting(home):
        for record in _waiting(host):
            cosigning.countersign(record, [line.line for line in cosigning.lines(record)])
            done += 1
    return done


def dispute(home: Stand, host: Stand) -> None:
    """Home does not agree with the first line of what this host offered."""
    with acting(home):
        for record in _waiting(host):
            first = min(cosigning.lines(record), key=lambda line: line.referral_id)  # lines are numbered by lot
            cosigning.dispute(record, {first.line: "当日本人在外地出差，未到会，请核对签到表"})


def propose_annul(home: Stand, host: Stand) -> None:
    """Home finds that a record it countersigned should not stand; the host has not answered yet."""
    with acting(home):
        final = db.select(CoSignedRecord.id).where(
            CoSignedRecord.role == "home",
            CoSignedRecord.partner_uid == host.uid,
            CoSignedRecord.state == CosignState.FINAL,
        )
        record_id = db.session.scalars(final.order_by(CoSignedRecord.id.desc())).first()
        if record_id is not None:
            cosigning.propose_annul(record_id, "活动当日改在次日举行，日期有误")


def _waiting(host: Stand) -> list[UUID]:
    query = db.select(CoSignedRecord.id).where(
        CoSignedRecord.role == "home",
        CoSignedRecord.partner_uid == host.uid,
        CoSignedRecord.state == CosignState.OFFERED,
    )
    return list(db.session.scalars(query.order_by(CoSignedRecord.id)))
