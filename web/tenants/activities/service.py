"""Verbs of the activity: plan, amend, record attendance, hold, cancel; the sheet of who may attend, and its figures.

Guests are members of other counties, known here by a referral only. They are listed and counted apart: due, actual and
whatever is computed from them speak of own members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_

from web.core import clock, events
from web.core.errors import DomainError, Invalid, NotFound, WrongState
from web.core.events import Actor, Event
from web.extensions import db
from web.tenants.activities.models import (
    ACTIVITY,
    Activity,
    ActivityKind,
    ActivityState,
    Attendance,
    Presence,
)
from web.tenants.members import merging
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg

SYMBOLS: dict[Presence, str] = {
    Presence.PRESENT: "√",
    Presence.LATE: "#",
    Presence.SICK: "O",
    Presence.OFFICIAL: "★",
    Presence.PERSONAL: "△",
    Presence.ABSENT: "×",
}
"""What a sheet may hold, as it is written on paper."""
CAME = (Presence.PRESENT, Presence.LATE)
MOST_MINUTES = 24 * 60
MOST_PEOPLE = 600


@dataclass(frozen=True)
class Head:
    """What an activity is. `minutes`: study time it counts for."""

    org_id: UUID
    kind: ActivityKind
    title: str
    held_on: date
    place: str
    responsible: str
    minutes: int


@dataclass(frozen=True)
class Proceedings:
    """The record of the meeting (三会一课). Nothing of it crosses."""

    starts_at: time | None
    ends_at: time | None
    chair: str
    minute_taker: str
    lecturer: str
    agenda: str
    decisions: str


@dataclass(frozen=True)
class Mark:
    """One person's line. `minutes` None: what the activity counts for; counted only where the person came."""

    presence: Presence
    minutes: int | None = None


@dataclass(frozen=True)
class GuestsChanged:
    """Announced before the lines of guests change in a held activity; a record in other hands refuses it."""

    activity_id: UUID
    referral_ids: frozenset[UUID]


@dataclass(frozen=True)
class HeadChanged:
    """Announced before the head of a held activity changes."""

    activity_id: UUID


@dataclass(frozen=True)
class Person:
    """An own member who is due at the activity, with the line recorded so far."""

    member_id: UUID
    name: str
    org: str
    presence: Presence | None
    minutes: int | None


@dataclass(frozen=True)
class Summary:
    """Own members only: `due`, of them `unrecorded` without a line, `actual` came; `by` presence; `minutes` in all. `guests` stand
    apart.
    """

    due: int
    unrecorded: int
    actual: int
    by: Mapping[Presence, int]
    minutes: int
    guests: int
    guests_came: int

    @property
    def is_quorate(self) -> bool:
        """More than half of the own members due came. Guests are neither due nor do they vote."""
        return 2 * self.actual > self.due


def get(activity_id: UUID, actor: Actor | None = None, *, lock: bool = False) -> Activity:
    """NotFound when it is absent, another county's, or of an organisation outside the actor's part."""
    query = db.select(Activity).where(Activity.id == activity_id)
    if actor is not None:
        query = query.where(organisations.within(actor, Activity.org_id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Activity | None = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return found


def organisers(actor: Actor) -> Sequence[PartyOrg]:
    """Open organisations in the actor's part of the tree that can hold an activity."""
    query = db.select(PartyOrg).where(PartyOrg.is_active, organisations.within(actor, PartyOrg.id))
    return db.session.scalars(query.order_by(PartyOrg.path)).all()


def plan(head: Head, actor: Actor) -> Activity:
    """Put an activity on the calendar; its day may be over already."""
    activity = Activity(created_at=clock.now())
    _fill(activity, head, actor)
    ACTIVITY.apply(activity, "plan")
    db.session.add(activity)
    db.session.flush()
    return activity


def amend(activity: Activity, head: Head, actor: Actor) -> None:
    """Change its head. Once it was held: not its organisation, and only while no partner county has its record."""
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    if activity.state is ActivityState.HELD:
        events.announce(HeadChanged(activity.id))
        if head.held_on > clock.today():
            raise Invalid({"held_on": "in_the_future"})
        if head.org_id != activity.org_id:
            raise Invalid({"org_id": "activity_held_already"})
    _amend(activity, head, actor)


def demand_open(activity: Activity) -> None:
    """WrongState when its head may not be changed: called off, or a partner county has its record."""
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    events.announce(HeadChanged(activity.id))


def put_right(activity: Activity, given: Mapping[str, str], actor: Actor) -> None:
    """Change some texts of its head: `place`, `responsible`."""
    head = {each.name: getattr(activity, each.name) for each in fields(Head)}
    amend(activity, Head(**(head | dict(given))), actor)


def _amend(activity: Activity, head: Head, actor: Actor) -> None:
    was = activity.minutes
    events.record("activity.amend", activity)
    _fill(activity, head, actor)
    if head.minutes != was:
        query = db.select(Attendance).where(Attendance.activity_id == activity.id, Attendance.study_minutes == was)
        for row in db.session.scalars(query.where(Attendance.presence.in_(CAME))):
            row.study_minutes = head.minutes
    db.session.flush()


def write_down(activity: Activity, said: Proceedings) -> None:
    """Keep the meeting's record, also after partner counties countersigned: it is not part of what they have."""
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    if said.starts_at and said.ends_at and said.ends_at <= said.starts_at:
        raise Invalid({"ends_at": "ends_before_it_starts"})
    events.record("activity.write_down", activity)
    for name, value in vars(said).items():
        setattr(activity, name, value)
    db.session.flush()


def _fill(activity: Activity, head: Head, actor: Actor) -> None:
    named = {name: getattr(head, name).strip() for name in ("title", "place", "responsible")}
    wrong: dict[str, object] = {name: "required" for name, said in named.items() if not said}
    if not 0 < head.minutes <= MOST_MINUTES:
        wrong["minutes"] = "out_of_range"
    query = db.select(PartyOrg.is_active).where(PartyOrg.id == head.org_id, organisations.within(actor, PartyOrg.id))
    if head.org_id != activity.org_id and not db.session.scalar(query):
        wrong["org_id"] = "choose_one"
    if wrong:
        raise Invalid(wrong)
    activity.org_id, activity.kind, activity.held_on, activity.minutes = (
        head.org_id,
        head.kind,
        head.held_on,
        head.minutes,
    )
    activity.title, activity.place, activity.responsible = named["title"], named["place"], named["responsible"]


def _is_due(activity: Activity) -> ColumnElement[bool]:
    path = db.select(PartyOrg.path).where(PartyOrg.id == activity.org_id).scalar_subquery()
    below = db.select(PartyOrg.id).where(PartyOrg.path.op("^@")(path))
    # Between taking over and the confirmation a member is still the other county's: in no quorum of ours, and perhaps a guest.
    is_ours = Member.relation == Relation.HELD
    return is_ours & or_(Member.branch_id.in_(below), Member.away_org_id.in_(below))


def _due(activity: Activity) -> ColumnElement[bool]:
    """Who is due today; once it was held, everybody the log says was due then, whoever has come or left since. A record that
    was merged is the person's it went into.
    """
    if activity.state is ActivityState.HELD:
        held = db.select(Event.details["due"]).where(Event.subject_id == activity.id, Event.verb == "activity.hold")
        then = db.session.scalar(held.order_by(Event.id.desc()).limit(1))
        if isinstance(then, list):  # the log of an older one names nobody
            was = db.aliased(Member)
            return Member.id.in_(db.select(merging.person(was.id)).where(was.id.in_([UUID(i) for i in then])))
    return _is_due(activity)


def people(activity: Activity) -> list[Person]:
    """Own members who are due, and whoever is on the sheet already: by branch and name."""
    query = (
        db.select(Member.id, Member.name, PartyOrg.name, Attendance.presence, Attendance.study_minutes)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .outerjoin(
            Attendance,
            (Attendance.tenant_id == Member.tenant_id)
            & (Attendance.member_id == Member.id)
            & (Attendance.activity_id == activity.id),
        )
        .where(or_(_due(activity), Attendance.id.is_not(None)))
        .order_by(PartyOrg.path, Member.name_pinyin, Member.id)
        .limit(MOST_PEOPLE + 1)
    )
    return [Person(*row) for row in db.session.execute(query)]


def guests(activity_id: UUID) -> dict[UUID, Attendance]:
    """Lines of guests by referral."""
    query = db.select(Attendance).where(Attendance.activity_id == activity_id, Attendance.referral_id.is_not(None))
    return {row.referral_id: row for row in db.session.scalars(query) if row.referral_id is not None}


def record_attendance(
    activity: Activity,
    own: Mapping[UUID, Mark | None],
    guests: Mapping[UUID, Mark | None] | None = None,
    *,
    may_attend: Collection[UUID] = (),
) -> None:
    """Write lines down; None takes one off, who is not named stays. `guests` by referral, all of them in `may_attend`.

    Load the activity with `lock=True`. Invalid for somebody who is not due here, or minutes out of range.
    """
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    visitors = dict(guests or {})
    due = {person.member_id for person in people(activity)}
    if not set(own) <= due or not set(visitors) <= set(may_attend) | set(_lines(activity, "referral_id")):
        raise Invalid({"person": "not_due_here"})
    _demand_minutes([*own.values(), *visitors.values()])
    changed = _differing(activity, "referral_id", visitors)
    if activity.state is ActivityState.HELD and changed:
        events.announce(GuestsChanged(activity.id, frozenset(changed)))
    _write(activity, "member_id", own)
    _write(activity, "referral_id", visitors)
    if (
        activity.state is ActivityState.HELD
        and not _lines(activity, "member_id")
        and not _lines(activity, "referral_id")
    ):
        raise Invalid({"person": "nobody_recorded"})


def correct(activity: Activity, marks: Mapping[UUID, Mark | None], head: Head | None = None) -> None:
    """Lines of guests, and the head, of an activity whose record is in other hands: only web.federation.cosigning calls
    this, which offers the record again. The organisation and its day's being over stay as they are.
    """
    _demand_minutes(marks.values())
    if head is not None:
        if head.held_on > clock.today():
            raise Invalid({"held_on": "in_the_future"})
        was = activity.minutes
        _amend(activity, replace(head, org_id=activity.org_id), events.actor())
        # The lines come with the minutes they had: what it counted for is what it counts for now.
        marks = {who: mark and replace(mark, minutes=_followed(mark, was)) for who, mark in marks.items()}
    _write(activity, "referral_id", marks)


def _followed(mark: Mark, was: int) -> int | None:
    return None if mark.presence in CAME and mark.minutes == was else mark.minutes


def _demand_minutes(marks: Iterable[Mark | None]) -> None:
    for mark in marks:
        if mark is not None and mark.minutes is not None and not 0 <= mark.minutes <= MOST_MINUTES:
            raise Invalid({"minutes": "out_of_range"})


def _lines(activity: Activity, who: str) -> dict[UUID, Attendance]:
    column = getattr(Attendance, who)
    query = db.select(Attendance).where(Attendance.activity_id == activity.id, column.is_not(None))
    return {getattr(row, who): row for row in db.session.scalars(query)}


def _minutes(activity: Activity, mark: Mark) -> int:
    """Who did not come has no study time of it, whatever stood in the field before the symbol was changed."""
    if mark.presence not in CAME:
        return 0
    return activity.minutes if mark.minutes is None else mark.minutes


def _differing(activity: Activity, who: str, marks: Mapping[UUID, Mark | None]) -> set[UUID]:
    stored = _lines(activity, who)

    def line(key: UUID) -> tuple[Presence, int] | None:
        return (stored[key].presence, stored[key].study_minutes) if key in stored else None

    return {
        key
        for key, mark in marks.items()
        if line(key) != (None if mark is None else (mark.presence, _minutes(activity, mark)))
    }


def _write(activity: Activity, who: str, marks: Mapping[UUID, Mark | None]) -> None:
    stored = _lines(activity, who)
    for key in _differing(activity, who, marks):
        mark, row = marks[key], stored.get(key)
        if mark is None:
            db.session.delete(row)
            continue
        if row is None:
            row = Attendance(activity_id=activity.id)
            setattr(row, who, key)
            db.session.add(row)
        row.presence, row.study_minutes = mark.presence, _minutes(activity, mark)
    db.session.flush()


def hold(activity: Activity) -> None:
    """It took place. WrongState before its day, or while nobody is on the sheet."""
    ACTIVITY.demand(activity.state, "hold")
    if activity.held_on > clock.today():
        raise WrongState("activity_not_yet")
    if not db.session.scalar(db.select(func.count()).where(Attendance.activity_id == activity.id)):
        raise WrongState("nobody_recorded")
    # Who comes to the organisation or leaves it afterwards was neither due nor missing.
    query = db.select(Member.id).where(or_(_is_due(activity), Member.id.in_(_recorded(activity))))
    ACTIVITY.apply(activity, "hold", details={"due": [str(i) for i in db.session.scalars(query.order_by(Member.id))]})
    db.session.flush()


_BACK = {"activity.hold": "undo", "activity.cancel": "restore"}


def put_back(entry: Event) -> bool:
    """Undo that it took place, where its sheet stays, or that it was cancelled. False when that was undone already, or a
    partner county has its record.
    """
    if entry.subject_id is None:
        return False
    verb = _BACK[entry.verb]
    try:
        activity = get(entry.subject_id, events.actor(), lock=True)
        ACTIVITY.demand(activity.state, verb)
        if activity.state is ActivityState.HELD:
            demand_open(activity)
    except DomainError:
        return False
    ACTIVITY.apply(activity, verb)
    db.session.flush()
    return True


def cancel(activity: Activity, reason: str) -> None:
    """It will not take place; its sheet goes."""
    ACTIVITY.demand(activity.state, "cancel")
    if not reason.strip():
        raise Invalid({"reason": "required"})
    ACTIVITY.apply(activity, "cancel", reason=reason.strip())
    for who in ("member_id", "referral_id"):
        _write(activity, who, dict.fromkeys(_lines(activity, who)))


def summary(activity: Activity) -> Summary:
    """The figures of the sheet, and of who is due without a line on it; of a held one, as it was when it was held."""
    is_guest = Attendance.referral_id.is_not(None)
    query = (
        db.select(is_guest, Attendance.presence, func.count(), func.sum(Attendance.study_minutes))
        .where(Attendance.activity_id == activity.id)
        .group_by(is_guest, Attendance.presence)
    )
    by: Counter[Presence] = Counter()
    minutes = visitors = came = 0
    for apart, presence, count, total in db.session.execute(query):
        if apart:
            visitors += count
            came += count if presence in CAME else 0
        else:
            by[presence] += count
            minutes += int(total or 0)
    missing = db.select(func.count()).select_from(Member).where(_due(activity), Member.id.not_in(_recorded(activity)))
    unrecorded = db.session.scalar(missing) or 0
    return Summary(by.total() + unrecorded, unrecorded, sum(by[p] for p in CAME), dict(by), minutes, visitors, came)


def _recorded(activity: Activity) -> Select[tuple[UUID | None]]:
    return db.select(Attendance.member_id).where(
        Attendance.activity_id == activity.id, Attendance.referral_id.is_(None)
    )
