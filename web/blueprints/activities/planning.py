"""Planning an activity, changing its head, holding it, calling it off."""

from __future__ import annotations

import re
from datetime import time
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.activities.rooms import bp, held
from web.blueprints.cosigning.wording import KINDS
from web.blueprints.forms import Day, Form, Id, Number, One, Text
from web.blueprints.policy import needs
from web.blueprints.workbench.editing import editable
from web.blueprints.workbench.undo import offer
from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.federation.cosigning import service
from web.federation.cosigning.models import LIVE
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, ActivityState
from web.tenants.activities.service import Head, Proceedings
from web.tenants.register.editing import Editing


def orgs_of() -> dict[str, str]:
    """Who can hold an activity: id → name, indented as in the tree."""
    return {
        str(org.id): "　" * max(org.path.count(".") - 1, 0) + org.name for org in activities.organisers(edge.actor())
    }


class Plan(Schema):
    """The head of an activity."""

    kind = One("类别", [(k.value, w) for k, w in KINDS.items()])
    title = Text("主题", limit=120, required=True)
    org_id = Id("举办的组织")
    held_on = Day("日期", required=True)
    place = Text("地点", limit=120, required=True)
    responsible = Text("负责人", limit=40, required=True)
    minutes = Number("计入学时（分钟）", low=1, high=activities.MOST_MINUTES)


editable(
    Editing(
        "activities",
        Permission.ACTIVITY_WRITE,
        ("place", "responsible"),
        "activity.amend",
        lambda activity_id, actor, lock: activities.get(activity_id, actor, lock=lock),
        lambda activity: activity.title,
        lambda line: line.activity.id,
        activities.demand_open,
        activities.put_right,
        must=frozenset({"place", "responsible"}),
    ),
    Plan,
)


def _head(said: dict[str, Any]) -> Head:
    return Head(**(said | {"kind": ActivityKind(said["kind"])}))


def _demand_part(said: dict[str, Any]) -> None:
    if str(said["org_id"]) not in orgs_of():
        raise Invalid({"org_id": "choose_one"})


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def new() -> Any:
    """Put an activity on the calendar, or write down one that took place."""
    actor = edge.actor()
    begin = {"held_on": clock.today().isoformat(), "minutes": 120, "responsible": actor.name, "org_id": actor.org_id}
    form = Form(Plan, begin | {"kind": ActivityKind.THEME_DAY.value}, draft="activities.new")
    if form.is_sent:
        with form:
            activity = activities.plan(_head(form.read()), actor)
            flash("活动已安排，接着登记到会情况" if activity.held_on <= clock.today() else "活动已安排")
            return redirect(url_for("activities.show", activity_id=activity.id), 303)
    return form.page("activities/form.html", activity=None, orgs=list(orgs_of().items()), kinds=list(KINDS.items()))


@bp.route("/<uuid:activity_id>/edit", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def edit(activity_id: UUID) -> Any:
    """Change the head: freely while planned, and afterwards as long as no partner county has a record of it."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    if any(record.state in LIVE for record in service.of_activity(activity.id)):
        raise WrongState("activity_cosigned")
    form = Form(Plan, {n: getattr(activity, n) for n in Plan().fields}, draft=f"activities.edit:{activity_id}")
    if form.is_sent:
        with form:
            activities.amend(activity, _head(form.read()), edge.actor())
            flash("已保存")
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page("activities/form.html", activity=activity, orgs=list(orgs_of().items()), kinds=list(KINDS.items()))


class Record(Schema):
    """The record of the meeting (三会一课)."""

    starts_at = Text("开始时间", limit=5)
    ends_at = Text("结束时间", limit=5)
    chair = Text("主持人", limit=40)
    minute_taker = Text("记录人", limit=40)
    lecturer = Text("主讲人", limit=40)
    agenda = Text("议程", limit=2000)
    decisions = Text("决议", limit=2000)


def _time(said: str, name: str) -> time | None:
    """9:30 or 09：30 and nothing else: the library's reader takes 0930Z too, a time that no other can be compared with."""
    if not said:
        return None
    found = re.fullmatch(r"(\d{1,2})[:：](\d{2})", said)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Invalid({name: "not_a_time"})
    return time(int(found[1]), int(found[2]))


@bp.route("/<uuid:activity_id>/proceedings", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def proceedings(activity_id: UUID) -> Any:
    """What the record of the meeting says beside its head. It stays in the county."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    kept = {name: getattr(activity, name) for name in Record().fields}
    times_of = {n: f"{kept[n]:%H:%M}" if kept[n] else "" for n in ("starts_at", "ends_at")}
    form = Form(Record, kept | times_of, draft=f"activities.proceedings:{activity_id}")
    if form.is_sent:
        with form:
            said = dict.fromkeys(kept, "") | form.read()
            times = {name: _time(said[name], name) for name in ("starts_at", "ends_at")}
            activities.write_down(activity, Proceedings(**(said | times)))
            flash("会议记录已存下")
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page("activities/proceedings.html", activity=activity)


class Reason(Schema):
    """Why it will not take place."""

    reason = Text("原因", limit=500, required=True)


@bp.route("/<uuid:activity_id>/cancel", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def cancel(activity_id: UUID) -> Any:
    """It will not take place."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    if activity.state is not ActivityState.PLANNED:
        raise WrongState("activity_over")
    form = Form(Reason)
    if form.is_sent:
        with form:
            with events.noted() as did:
                activities.cancel(activity, form.read()["reason"])
            # What stood on its sheet is gone: there is a way back where nothing did.
            offer("活动已取消", did if len(did) == 1 else [])
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page("activities/cancel.html", activity=activity)


@bp.post("/<uuid:activity_id>/hold")
@needs(Permission.ACTIVITY_WRITE)
def hold(activity_id: UUID) -> Any:
    """It took place."""
    held(activities.get(activity_id, edge.actor(), lock=True))
    return redirect(url_for("activities.show", activity_id=activity_id), 303)
