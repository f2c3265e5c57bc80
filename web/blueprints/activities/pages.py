"""The list, one activity with its partners' records, and its record to print."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request
from flask_login import current_user

from web.blueprints import edge, timeline
from web.blueprints.activities.rooms import STATES, bp
from web.blueprints.activities.sheet import rows_of
from web.blueprints.cosigning.acts import offers
from web.blueprints.cosigning.wording import KINDS, PRESENCES, due_on, state_of, who_can
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.federation.cosigning import service
from web.federation.cosigning.models import LIVE
from web.federation.referrals import service as referrals
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.activities import lists
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState
from web.tenants.activities.service import SYMBOLS
from web.tenants.organisations import service as organisations


@bp.get("/")
@needs(Permission.ACTIVITY_READ)
def index() -> Any:
    """Narrowed by kind, state, organisation with all below it, and month; latest first."""
    actor = edge.actor()
    sheet = sheet_of("activities", lists.organiser_choices(actor))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    page = lists.page(actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    return render_template(
        "activities/index.html",
        page=page,
        total=lists.count(actor, where),
        sheet=sheet,
        states=STATES,
        is_gone=lambda it: it.activity.state is ActivityState.CANCELLED,
    )


def _proceedings(activity: Activity) -> list[tuple[str, str]]:
    """The rows of the meeting's record that are filled in."""
    times = "—".join(f"{at:%H:%M}" for at in (activity.starts_at, activity.ends_at) if at)
    rows = [
        ("起止", times),
        ("主持人", activity.chair),
        ("记录人", activity.minute_taker),
        ("主讲人", activity.lecturer),
        ("议程", activity.agenda),
        ("决议", activity.decisions),
    ]
    return [(label, said) for label, said in rows if said]


def _whole(activity: Activity) -> dict[str, Any]:
    rows = [row for row in rows_of(activity) if row["presence"] is not None]
    named = referrals.peers()
    return {
        "activity": activity,
        "org": organisations.get(activity.org_id),
        "kind": KINDS[activity.kind],
        "state": STATES[activity.state],
        "summary": activities.summary(activity),
        "own": [row for row in rows if row["key"][0] == "m"],
        "visitors": [row for row in rows if row["key"][0] == "g"],
        "proceedings": _proceedings(activity),
        "signs": SYMBOLS,
        "presences": PRESENCES,
        "records": [
            (record, named[record.partner_uid], len(service.lines(record.id)))
            for record in service.of_activity(activity.id)
        ],
        "state_of": state_of,
        "due_on": due_on,
    }


@bp.get("/<uuid:activity_id>")
@needs(Permission.ACTIVITY_READ)
def show(activity_id: UUID) -> str:
    """Head, figures, sheet, and where its records stand with each partner county."""
    activity = activities.get(activity_id, edge.actor())
    may_sign = Permission.COSIGN_WRITE in GRANTS[Role(edge.actor().role)]
    return render_template(
        "activities/show.html",
        **_whole(activity),
        offers=offers(activity) if activity.state is ActivityState.HELD else [],
        may_write=current_user.can(Permission.ACTIVITY_WRITE),
        may_sign=may_sign,
        who_signs="" if may_sign else who_can(),
        is_over=activity.held_on <= clock.today(),
        is_fast=any(record.state in LIVE for record in service.of_activity(activity.id)),
        log=timeline.of(subject_id=activity.id),
    )


@bp.get("/<uuid:activity_id>/record")
@needs(Permission.ACTIVITY_READ)
def record(activity_id: UUID) -> str:
    """The record of the activity as a sheet to print and file."""
    return render_template("activities/record.html", **_whole(activities.get(activity_id, edge.actor())))
