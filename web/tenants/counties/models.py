"""County: the tenant's public identity (no row-level security), and its settings (fenced)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Exempt, Tenanted
from web.core.ids import uuid7
from web.extensions import Model


class County(Exempt, Model):
    """A county organisation department (县委组织部). `uid` is its name in the federation, `code` can change.

    `jobs_stopped_at`: an operator stopped its background work; what waits is found again when it is started.
    """

    __tablename__ = "county"
    __exempt__ = "the URL names a county before a county is known; holds nothing but public identity"
    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    uid: Mapped[UUID] = mapped_column(unique=True, default=uuid7)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    office: Mapped[str] = mapped_column(String(80))
    region: Mapped[str] = mapped_column(String(80), default="")
    is_demo: Mapped[bool] = mapped_column(default=False)
    jobs_stopped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CountySettings(Tenanted, Model):
    """One row a county: what its administrator decides. `letter`: address, phone, fax, postcode printed on letters.

    `claim_day_limit`: claims a day taken from one partner. `answer_workdays`: after so many working days an answer is
    overdue. `report_in_days`, `contact_days`: days after the offer, and since the last contact, on which to remind;
    `confirm_months`: an away entry is confirmed once in so many months. `demands_code`: the administrators sign in
    with a second factor.
    """

    __tablename__ = "county_settings"
    letter: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    letter_valid_days: Mapped[int] = mapped_column(default=30)
    letter_serial_year: Mapped[int] = mapped_column(default=0)
    letter_serial: Mapped[int] = mapped_column(default=0)
    workday_changes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    report_in_day_limit: Mapped[int] = mapped_column(default=50)
    claim_day_limit: Mapped[int] = mapped_column(default=20)
    answer_workdays: Mapped[int] = mapped_column(default=5)
    report_in_days: Mapped[list[int]] = mapped_column(JSONB, default=lambda: [15, 30])
    contact_days: Mapped[list[int]] = mapped_column(JSONB, default=lambda: [30, 90, 150])
    confirm_months: Mapped[int] = mapped_column(default=6)
    demands_code: Mapped[bool] = mapped_column(default=False)
    notice_version: Mapped[int] = mapped_column(default=1)
    notice_changed_on: Mapped[date | None]
