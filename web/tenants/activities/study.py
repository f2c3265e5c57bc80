"""Study time that another county recorded and we countersigned: into a member's file, and out of it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from web.core import events
from web.extensions import db
from web.tenants.activities.models import Presence, StudyRecord


@dataclass(frozen=True)
class StudyCredited:
    """Announced when study time another county recorded, and we countersigned, reached a member's file."""

    member_id: UUID
    cosign_id: UUID
    title: str
    held_on: date
    presence: Presence
    minutes: int
    partner_uid: UUID


def credit(
    member_id: UUID, cosign_id: UUID, *, title: str, held_on: date, presence: Presence, minutes: int, partner_uid: UUID
) -> StudyRecord:
    """Study time recorded by another county and countersigned by us, into our member's file."""
    row = StudyRecord(
        member_id=member_id,
        cosign_id=cosign_id,
        title=title[:120],
        held_on=held_on,
        presence=presence,
        study_minutes=minutes,
        partner_uid=partner_uid,
    )
    events.record("study_record.credit", row, member_id=member_id)
    db.session.add(row)
    db.session.flush()
    events.announce(StudyCredited(member_id, cosign_id, title[:120], held_on, presence, minutes, partner_uid))
    return row


def withdraw_credit(cosign_id: UUID) -> int:
    """Take the study time of a record out of our members' files: it was corrected or annulled. How many lines went."""
    rows = list(db.session.scalars(db.select(StudyRecord).where(StudyRecord.cosign_id == cosign_id)))
    for row in rows:
        events.record("study_record.withdraw_credit", row, member_id=row.member_id)
        db.session.delete(row)
    db.session.flush()
    return len(rows)
