"""Verbs: add a county; read and change its settings; give out letter numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import event, func

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound
from web.core.workdays import Calendar
from web.extensions import Session, db
from web.tenants.counties.models import County, CountySettings

LETTER_VALID_AT_MOST = 90
"""Days a letter may be valid at most."""


def add(code: str, name: str, office: str, *, region: str = "", is_demo: bool = False) -> County:
    """Put a county on the list. Call on the platform; its rows are then made by units that act for it."""
    if len(code) != 6 or not code.isdigit():
        raise Invalid({"code": "not_a_division_code"})
    if db.session.scalar(db.select(County.tenant_id).where(County.code == code)) is not None:
        raise Invalid({"code": "taken"})
    number = (db.session.scalar(db.select(func.max(County.tenant_id))) or 0) + 1
    county = County(
        tenant_id=number, code=code, name=name, office=office, region=region, is_demo=is_demo, created_at=clock.now()
    )
    db.session.add(county)
    db.session.flush()
    return county


def by_code(code: str) -> County:
    """NotFound when no county has it."""
    found: County | None = db.session.scalars(db.select(County).where(County.code == code)).first()
    if found is None:
        raise NotFound()
    return found


def by_uid(uid: UUID) -> County | None:
    """The county of this deployment with that name in the federation, if it lives here."""
    return db.session.scalars(db.select(County).where(County.uid == uid)).first()


def own() -> County:
    """The county this unit of work acts for: asked for once."""
    found: County | None = db.session.info.get("county") or db.session.get(County, fence.tenant())
    assert found is not None
    return enter(found)


def enter(county: County) -> County:
    """Hold the county in the unit of work that acts for it, as it was read by whoever opened the unit."""
    if county not in db.session:
        county = db.session.merge(county, load=False)
    db.session.info["county"] = county  # the session itself holds its rows weakly
    return county


def every() -> list[County]:
    """All counties of the deployment, by code."""
    return list(db.session.scalars(db.select(County).order_by(County.code)))


def settings(*, lock: bool = False) -> CountySettings:
    """The county's one row of settings, made on first use and asked for once; under its lock it is read anew."""
    held: CountySettings | None = db.session.info.get("settings")
    if held is not None and not lock:
        return held
    query = db.select(CountySettings)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    row = db.session.scalars(fresh if lock else query).first()
    if row is None:
        # Whoever makes a county and its first timer may come here at once: the second waits, and finds the row.
        db.session.execute(db.select(County.tenant_id).where(County.tenant_id == fence.tenant()).with_for_update())
        row = db.session.scalars(fresh).first()
    if row is None:
        row = CountySettings(letter={}, workday_changes={})
        db.session.add(row)
        db.session.flush()
    return hold(row)


def hold(row: CountySettings) -> CountySettings:
    """Keep the settings for the rest of the unit of work."""
    db.session.info["settings"] = row
    return row


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    """A rolled back savepoint may have taken the row with it that was made on first use."""
    session.info.pop("settings", None)


def calendar() -> Calendar:
    """Working days as this county keeps them: the State Council's, with the county's own corrections."""
    return _calendar_of(settings())


def _calendar_of(row: CountySettings) -> Calendar:
    return Calendar({date.fromisoformat(day): bool(is_worked) for day, is_worked in row.workday_changes.items()})


def amend(*, letter: dict[str, str], letter_valid_days: int, report_in_day_limit: int) -> None:
    """What letters print at their head, how long they are valid (90 days at most), and the county's daily limit of tries."""
    if not 1 <= letter_valid_days <= LETTER_VALID_AT_MOST:
        raise Invalid({"letter_valid_days": "out_of_range"})
    row = settings(lock=True)
    row.letter, row.letter_valid_days, row.report_in_day_limit = dict(letter), letter_valid_days, report_in_day_limit
    events.record("county_settings.amend", row)
    db.session.flush()


def demand_code(*, is_demanded: bool) -> None:
    """Whether the county's administrators must sign in with a second factor."""
    row = settings(lock=True)
    row.demands_code = is_demanded
    events.record("county_settings.demand_code", row)
    db.session.flush()


REMIND_STEPS, REMIND_AT_MOST = 5, 400
"""How many days a reminder may have, and the latest of them."""


def set_deadlines(
    *,
    claim_day_limit: int,
    answer_workdays: int,
    report_in_days: Sequence[int],
    contact_days: Sequence[int],
    confirm_months: int,
) -> None:
    """How long this county waits: for an answer (working days), for a report-in and a contact (days on which to remind),
    for the confirmation of an entry (months); and how many claims a day it takes from one partner.
    """
    wrong: dict[str, object] = {}
    for name, days in (("report_in_days", report_in_days), ("contact_days", contact_days)):
        is_rising = all(a < b for a, b in pairwise(days))
        if not 1 <= len(days) <= REMIND_STEPS or not is_rising or days[0] < 1 or days[-1] > REMIND_AT_MOST:
            wrong[name] = "days_rising"
    for name, number, most in (
        ("claim_day_limit", claim_day_limit, 500),
        ("answer_workdays", answer_workdays, 60),
        ("confirm_months", confirm_months, 24),
    ):
        if not 1 <= number <= most:
            wrong[name] = "out_of_range"
    if wrong:
        raise Invalid(wrong)
    row = settings(lock=True)
    row.claim_day_limit, row.answer_workdays, row.confirm_months = claim_day_limit, answer_workdays, confirm_months
    row.report_in_days, row.contact_days = list(report_in_days), list(contact_days)
    events.record("county_settings.set_deadlines", row)
    db.session.flush()


@dataclass(frozen=True)
class Answering:
    """What has waited for our answer since before this instant is overdue: so many working days of this calendar."""

    before: datetime
    workdays: int
    calendar: Calendar


def answering() -> Answering:
    """How long an answer may take in this county, as of today: one query."""
    row = settings()
    days = _calendar_of(row)
    first = days.add(clock.today(), -row.answer_workdays)
    return Answering(clock.midnight(first), row.answer_workdays, days)


def correct_workday(day: date, *, is_worked: bool) -> None:
    """Say that a day is worked, or off, whatever the national arrangement says. Invalid when it says so already."""
    row = settings(lock=True)
    if day.isoformat() in row.workday_changes:
        raise Invalid({"day": "day_listed"})
    if Calendar().is_workday(day) is is_worked and not Calendar().is_estimate(day):
        raise Invalid({"day": "same_as_calendar"})
    row.workday_changes = dict(sorted({**row.workday_changes, day.isoformat(): is_worked}.items()))
    events.record("county_settings.correct_workday", row, details={"day": day.isoformat()})
    db.session.flush()


def drop_workday(day: date) -> None:
    """Take a correction away. NotFound when there is none for the day."""
    row = settings(lock=True)
    if day.isoformat() not in row.workday_changes:
        raise NotFound()
    row.workday_changes = {k: v for k, v in row.workday_changes.items() if k != day.isoformat()}
    events.record("county_settings.drop_workday", row, details={"day": day.isoformat()})
    db.session.flush()


def renew_notice() -> int:
    """The notice to members was changed: a new version from today; what is recorded from now on names it."""
    row = settings(lock=True)
    row.notice_version, row.notice_changed_on = row.notice_version + 1, clock.today()
    events.record("county_settings.renew_notice", row, details={"version": row.notice_version})
    db.session.flush()
    return row.notice_version


def next_letter_no() -> str:
    """Year and serial, unique in the county: 20260057. The settings row is the lock."""
    row, year = settings(lock=True), clock.today().year
    if row.letter_serial_year != year:
        row.letter_serial_year, row.letter_serial = year, 0
    row.letter_serial += 1
    events.record("county_settings.number_letter", row)
    db.session.flush()
    return f"{year}{row.letter_serial:04d}"
