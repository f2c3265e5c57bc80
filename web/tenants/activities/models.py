"""Activity, Attendance, StudyRecord."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText, Machine, Row
from web.extensions import Model


class ActivityKind(StrEnum):
    """Types of organisation life."""

    THEME_DAY = "theme_day"
    BRANCH_ASSEMBLY = "branch_assembly"
    COMMITTEE_MEETING = "committee_meeting"
    GROUP_MEETING = "group_meeting"
    PARTY_LECTURE = "party_lecture"
    STUDY_SESSION = "study_session"


class ActivityState(StrEnum):
    """The activity ends at `held`, unless that is undone; each partner county then gets its own co-signed record."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class Presence(StrEnum):
    """Attendance symbols of the paper sheet as words: √ # O ★ △ ×. `leave`: another county's word, it does not say which."""

    PRESENT = "present"
    LATE = "late"
    SICK = "sick"
    OFFICIAL = "official"
    PERSONAL = "personal"
    ABSENT = "absent"
    LEAVE = "leave"


A = ActivityState
ACTIVITY = Machine(
    "activity",
    ActivityState,
    [
        Row(None, "plan", "self", A.PLANNED),
        Row(A.PLANNED, "hold", "self", A.HELD, guard="attendance recorded"),
        Row(A.HELD, "undo", "self", A.PLANNED, guard="no partner county has its record"),
        Row(A.PLANNED, "cancel", "self", A.CANCELLED),
        Row(A.CANCELLED, "restore", "self", A.PLANNED, guard="its sheet was empty"),
    ],
)


class Activity(Tenanted, Model):
    """One meeting of one organisation. `minutes`: study time it counts for. From `starts_at` on: its record,
    which stays in the county.
    """

    __tablename__ = "activity"
    state: Mapped[ActivityState] = ACTIVITY.column()
    kind: Mapped[ActivityKind] = mapped_column(EnumText(ActivityKind))
    title: Mapped[str] = mapped_column(String(120))
    org_id: Mapped[UUID]
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(120), default="")
    responsible: Mapped[str] = mapped_column(String(40), default="")
    minutes: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[time | None]
    ends_at: Mapped[time | None]
    chair: Mapped[str] = mapped_column(String(40), default="", server_default="")
    minute_taker: Mapped[str] = mapped_column(String(40), default="", server_default="")
    lecturer: Mapped[str] = mapped_column(String(40), default="", server_default="")
    agenda: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    decisions: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        ACTIVITY.check(),
        ForeignKeyConstraint(["tenant_id", "org_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        Index("ix_activity_held", "tenant_id", "held_on", "id"),
    )


class Attendance(Tenanted, Model):
    """One person at one activity: our own member, or a guest known by a referral of a partner county."""

    __tablename__ = "attendance"
    __person__ = True
    activity_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    referral_id: Mapped[UUID | None]
    presence: Mapped[Presence] = mapped_column(EnumText(Presence))
    study_minutes: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("(member_id IS NULL) <> (referral_id IS NULL)", name="one_person"),
        ForeignKeyConstraint(["tenant_id", "activity_id"], ["activity.tenant_id", "activity.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        Index("uq_attendance_member", "tenant_id", "activity_id", "member_id", unique=True),
        Index("uq_attendance_referral", "tenant_id", "activity_id", "referral_id", unique=True),
    )


class StudyRecord(Tenanted, Model):
    """Study time in our member's file that came from a record co-signed with another county."""

    __tablename__ = "study_record"
    __person__ = True
    member_id: Mapped[UUID]
    cosign_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(120), default="")
    held_on: Mapped[date]
    presence: Mapped[Presence] = mapped_column(EnumText(Presence))
    study_minutes: Mapped[int] = mapped_column(default=0)
    partner_uid: Mapped[UUID]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"], ondelete="CASCADE"),
        Index("uq_study_record_cosign", "tenant_id", "cosign_id", "member_id", unique=True),
    )


ACTIVITY.guard(Activity)
