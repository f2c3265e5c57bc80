"""The attendance sheet: who may stand on it, a symbol a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.activities.rooms import bp, held
from web.blueprints.cosigning.acts import marks
from web.blueprints.cosigning.wording import KINDS, choices, marked
from web.blueprints.forms import Form, Many, One, Text
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid, WrongState
from web.federation.cosigning import people, service
from web.federation.cosigning.models import LIVE
from web.federation.referrals import service as referrals
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState, Presence
from web.tenants.activities.service import SYMBOLS, Mark


class Sheet(Schema):
    """Lines in one order: `person` is `m<id>` or `g<id>`; an empty presence takes the line off."""

    person = Many(Text("", limit=40), "名单")
    presence = Many(One("", list(SYMBOLS), required=False), "到会情况")
    minutes = Many(Text("", limit=4), "学时")


def rows_of(activity: Activity) -> list[dict[str, Any]]:
    """Everybody who may stand on the sheet: own members, then guests by county. `held`: in a partner county's hands."""
    rows = [
        {
            "key": f"m{p.member_id}",
            "name": p.name,
            "org": p.org,
            "presence": p.presence,
            "minutes": p.minutes,
            "held": False,
        }
        for p in activities.people(activity)
    ]
    stored = activities.guests(activity.id)
    guests = {g.referral_id: g for g in people.due_at(activity)} | people.guests(stored)
    named, sent = referrals.peers(), {r.partner_uid for r in service.of_activity(activity.id) if r.state in LIVE}
    for guest in guests.values():
        row = stored.get(guest.referral_id)
        rows.append(
            {
                "key": f"g{guest.referral_id}",
                "name": guest.name,
                "org": named[guest.partner_uid].name,
                "presence": row.presence if row else None,
                "minutes": row.study_minutes if row else None,
                "held": guest.partner_uid in sent,
                "guest": True,
            }
        )
    return rows


def _chosen(said: dict[str, Any]) -> dict[str, Any]:
    """Without the lines of a list for which nobody was chosen."""
    columns = [said[name] for name in ("person", "presence", "minutes")]
    if len(set(map(len, columns))) > 1:
        return said
    rows = [row for row in zip(*columns, strict=True) if row[0]]
    return (
        dict(zip(("person", "presence", "minutes"), map(list, zip(*rows, strict=True)), strict=False)) if rows else said
    )


def _record(activity: Activity, said: dict[str, Any], rows: list[dict[str, Any]], *, fill: bool) -> None:
    given: dict[str, Mark | None] = marks(_chosen(said))
    if fill:
        given |= {key: Mark(Presence.PRESENT) for key, mark in given.items() if mark is None}
    open_ = {row["key"] for row in rows if not row["held"]}
    if not set(given) <= open_:
        raise Invalid({"person": "not_due_here"})
    activities.record_attendance(
        activity,
        {UUID(key[1:]): mark for key, mark in given.items() if key[0] == "m"},
        {UUID(key[1:]): mark for key, mark in given.items() if key[0] == "g"},
        may_attend=[UUID(key[1:]) for key in open_ if key[0] == "g"],
    )


@bp.route("/<uuid:activity_id>/attendance", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def attendance(activity_id: UUID) -> Any:
    """One form for everybody: a symbol a person. `act`: save, fill (who is blank was present), hold (save, it took place)."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    rows, form = rows_of(activity), Form(Sheet, draft=f"activities.attendance:{activity_id}")
    if form.is_sent:
        with form:
            act = request.form.get("act", "save")
            _record(activity, form.read(), rows, fill=act == "fill")
            if act == "hold":
                held(activity)
            else:
                flash({"fill": "空着的都记为到会，请改正例外"}.get(act, "到会情况已存下"))
            to = "activities.attendance" if act == "fill" else "activities.show"
            return redirect(url_for(to, activity_id=activity_id), 303)
    typed = zip(*(form.values.get(name, []) for name in ("person", "presence", "minutes")), strict=False)
    kept = {person: {"presence": presence, "minutes": minutes} for person, presence, minutes in typed}
    rows = [row if row["held"] else row | kept.get(row["key"], {}) for row in rows]
    too_many = len(rows) > activities.MOST_PEOPLE
    return form.page(
        "activities/attendance.html",
        activity=activity,
        rows=rows[: activities.MOST_PEOPLE],
        too_many=too_many,
        symbols=choices(),
        marked=marked,
        usual=activity.minutes,
        is_over=activity.held_on <= clock.today(),
        kinds=KINDS,
    )
