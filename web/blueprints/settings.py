"""What a county decides for itself: the head of its letters, working days, the notice to members; and its key's fingerprint."""

from __future__ import annotations

import re
from calendar import Calendar as Months
from calendar import isleap
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import Schema

from web.blueprints import navigation, timeline
from web.blueprints.forms import Day, Form, Number, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock
from web.core.dates import month_of
from web.core.errors import Invalid
from web.core.saying import joined, say
from web.core.scopes import BASES
from web.core.workdays import Calendar, last_published_year
from web.federation.post import keys
from web.tenants.accounts.permissions import Permission
from web.tenants.consents import wordings
from web.tenants.counties import service as counties

bp = Blueprint("settings", __name__, url_prefix="/<county>/settings")
navigation.ITEMS.append(Item("设置", "本县设置", "settings.index", Permission.COUNTY_MANAGE))

LETTER = ("address", "postcode", "phone", "fax")


class CountyForm(Schema):
    address = Text("通讯地址", limit=100)
    postcode = Text("邮政编码", limit=6)
    phone = Text("联系电话", limit=30)
    fax = Text("传真", limit=30)
    letter_valid_days = Number("介绍信有效期", low=1, high=counties.LETTER_VALID_AT_MOST)
    report_in_day_limit = Number("每天最多试几次报到码", low=1, high=500)


class Deadlines(Schema):
    """How long this county waits before it reminds."""

    answer_workdays = Number("答复期限", low=1, high=60)
    report_in_days = Text("没有报到的，满几天提醒", limit=40, required=True)
    contact_days = Text("没有联系的，满几天提醒", limit=40, required=True)
    confirm_months = Number("流动登记核对周期", low=1, high=24)
    claim_day_limit = Number("每天收一个县的认领请求", low=1, high=500)


class Workday(Schema):
    day = Day("日期", required=True)
    is_worked = One("改为", [("1", "上班"), ("0", "休息")])


NoticeForm: type[Schema] = Schema.from_dict(
    {s.scope: Text(s.label, limit=wordings.LONGEST) for s in wordings.SHOWN}, name="NoticeForm"
)


class Dropped(Schema):
    day = Day(required=True)


@bp.route("", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def index() -> Any:
    row = counties.settings()
    form = Form(
        CountyForm,
        {name: row.letter.get(name, "") for name in LETTER}
        | {"letter_valid_days": row.letter_valid_days, "report_in_day_limit": row.report_in_day_limit},
    )
    if form.is_sent:
        with form:
            values = form.read()
            if values["postcode"] and not (values["postcode"].isdigit() and len(values["postcode"]) == 6):
                raise Invalid({"postcode": "invalid"})
            counties.amend(letter={name: values.pop(name) for name in LETTER}, **values)
            flash("已保存")
            return redirect(url_for("settings.index"), 303)
    return form.page("settings/index.html", row=counties.settings(), **_beside())


DAYS = ("report_in_days", "contact_days")


@bp.route("/deadlines", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def deadlines() -> Any:
    """The county's own deadlines and reminders; every change stands in the log."""
    row = counties.settings()
    begun = {name: getattr(row, name) for name in Deadlines().fields}
    form = Form(Deadlines, begun | {name: joined("、", (str(d) for d in begun[name])) for name in DAYS})
    if form.is_sent:
        with form:
            given = form.read()
            counties.set_deadlines(**given | {name: _days(name, given[name]) for name in DAYS})
            flash("已保存")
            return redirect(url_for("settings.index"), 303)
    return form.page("settings/deadlines.html")


def _days(name: str, text: str) -> list[int]:
    """The days in what was typed: 30、90、150. Invalid for anything else."""
    parts = [part for part in re.split(r"[\s,，、;；]+", text) if part]
    if not all(part.isdecimal() for part in parts):
        raise Invalid({name: "days_rising"})
    return [int(part) for part in parts]


def _beside() -> dict[str, Any]:
    """What the page shows besides its first form."""
    row = counties.settings()
    changes = [(date.fromisoformat(day), is_worked) for day, is_worked in row.workday_changes.items()]
    return {
        "changes": changes,
        "published": last_published_year(),
        "fingerprint": keys.own_fingerprint(),
        "year": clock.today().year,
        "log": timeline.of(subject_id=row.id, limit=10),
    }


YEARS_AHEAD = 2
"""How far the calendar can be looked at."""


def _month(year: int, month: int, kept: Calendar) -> list[list[tuple[date, str, str] | None]]:
    """Weeks of a month from Monday on: (day, class, what it is), None outside of it."""
    plain, weeks = Calendar(), []
    for week in Months(firstweekday=0).monthdatescalendar(year, month):
        cells: list[tuple[date, str, str] | None] = []
        for day in week:
            is_worked, was = kept.is_workday(day), plain.is_workday(day)
            if day in kept.overrides:
                kind, said = "own", "本县改为上班" if is_worked else "本县改为休息"
            elif was and day.weekday() >= 5:
                kind, said = "made", "调休上班"
            elif not was and day.weekday() < 5:
                kind, said = "off", "放假"
            else:
                kind, said = ("", "上班") if was else ("rest", "周末")
            cells.append((day, kind, said) if day.month == month else None)
        weeks.append(cells)
    return weeks


@bp.get("/calendar")
@needs(Permission.HOME_READ)
def calendar() -> str:
    """The working days deadlines are counted by: the published arrangement, and what this county changed. Anybody may look."""
    this = clock.today().year
    year = min(max(request.args.get("year", this, type=int), this - 1), this + YEARS_AHEAD)
    kept = counties.calendar()
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + isleap(year))]
    return render_template(
        "settings/calendar.html", year=year, years=range(this - 1, this + YEARS_AHEAD + 1),
        months=[(month_of(date(year, m, 1), with_year=False), _month(year, m, kept)) for m in range(1, 13)], published=last_published_year(),
        worked=sum(kept.is_workday(d) for d in days), changes=[d for d in kept.overrides if d.year == year],
    )  # fmt: skip


@bp.route("/workdays/new", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def add_workday() -> Any:
    form = Form(Workday, {"day": request.args.get("day", "")})
    if form.is_sent:
        with form:
            values = form.read()
            counties.correct_workday(values["day"], is_worked=values["is_worked"] == "1")
            flash("工作日已调整，剩余工作日随即按新日历计算；请求里写明的期限不变")
            return redirect(url_for("settings.calendar", year=values["day"].year), 303)
    return form.page("settings/workday.html")


@bp.post("/workdays/drop")
@needs(Permission.COUNTY_MANAGE)
def drop_workday() -> Any:
    form = Form(Dropped)
    day = form.read()["day"]
    counties.drop_workday(day)
    flash("已撤去这一天的调整")
    return redirect(url_for("settings.calendar", year=day.year), 303)


@bp.route("/notice", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def renew_notice() -> Any:
    """The words members are shown, a text a scope; a changed text is a new version, the old ones stay to be read."""
    form = Form(NoticeForm, wordings.in_use().texts, draft="settings.renew_notice")
    if form.is_sent:
        with form:
            row = wordings.renew(form.read())
            flash(say("已启用第 {version} 版告知书", version=row.version))
            return redirect(url_for("settings.index"), 303)
    return form.page(
        "settings/notice.html", row=counties.settings(), versions=wordings.every(), scopes=wordings.SHOWN, bases=BASES
    )
