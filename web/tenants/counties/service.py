"""Verbs: add a county; read and change its settings; give out letter numbers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound
from web.extensions import db
from web.tenants.counties.models import County, CountySettings


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
    found = db.session.scalars(db.select(County).where(County.code == code)).first()
    if found is None:
        raise NotFound()
    return found


def by_uid(uid: UUID) -> County | None:
    """The county of this deployment with that name in the federation, if it lives here."""
    return db.session.scalars(db.select(County).where(County.uid == uid)).first()


def own() -> County:
    """The county this unit of work acts for."""
    found = db.session.get(County, fence.tenant())
    assert found is not None
    return found


def every() -> list[County]:
    """All counties of the deployment, by code."""
    return list(db.session.scalars(db.select(County).order_by(County.code)))


def settings(*, lock: bool = False) -> CountySettings:
    """The county's one row of settings, made on first use."""
    query = db.select(CountySettings)
    row = db.session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        row = CountySettings(letter={}, workday_changes={})
        db.session.add(row)
        db.session.flush()
    return row


def next_letter_no() -> str:
    """Year and serial, unique in the county: 20260057. The settings row is the lock."""
    row, year = settings(lock=True), clock.today().year
    if row.letter_serial_year != year:
        row.letter_serial_year, row.letter_serial = year, 0
    row.letter_serial += 1
    events.record("county_settings.number_letter", row)
    db.session.flush()
    return f"{year}{row.letter_serial:04d}"
