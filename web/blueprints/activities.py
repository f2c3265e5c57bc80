"""Activities at the edge: the list, planning, the attendance sheet, one activity with its partners' records, its print."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import Schema
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, navigation, timeline
from web.blueprints.cosigning.acts import marks, offers
from web.blueprints.cosigning.pages import cursor
from web.blueprints.cosigning.wording import KINDS, PRESENCES, choices, due_on, state_of, who_can
from web.blueprints.forms import Day, Form, Id, Many, Number, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid, WrongState
from web.federation.cosigning import people, service
from web.federation.cosigning.models import LIVE
from web.federation.referrals import service as referrals
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.activities import lists
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityKind, ActivityState, Presence
from web.tenants.activities.service import SYMBOLS, Head, Mark
from web.tenants.organisations import service as organisations

bp = Blueprint("activities", __name__, url_prefix="/<county>/activities")
navigation.ITEMS.append(Item("共管", "活动", "activities.index", Permission.ACTIVITY_READ))

timeline.VALUES[("activity", "kind")] = {kind.value: said for kind, said in KINDS.items()}

STATES = {
    ActivityState.PLANNED: ("todo", "待登记"),
    ActivityState.HELD: ("done", "已举行"),
    ActivityState.CANCELLED: ("off", "已取消"),
}
LABELS = {"kind": "类别", "state": "状态", "org": "组织", "month": "月份", "q": "查找"}


# The list


def _read(name: str, allowed: Any) -> tuple[Any, ...]:
    return tuple(allowed(v) for v in request.args.getlist(name) if v in set(allowed))


def _month() -> date | None:
    try:
        return date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        return None


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _place(name: str) -> tuple[date, UUID] | None:
    on, _, id_ = request.args.get(name, "").partition("~")
    try:
        return date.fromisoformat(on), UUID(id_)
    except ValueError:
        return None


def _folded() -> Response | None:
    """`pick=<name>:<value>&how=is|not` of the filter box becomes plain conditions: not this one is all the others."""
    if "pick" not in request.args and "how" not in request.args:
        return None
    name, _, value = request.args.get("pick", "").partition(":")
    changed: dict[str, object] = {"pick": None, "how": None}
    lists_of: dict[str, list[str]] = {"kind": list(ActivityKind), "state": list(ActivityState)}
    if name in lists_of and value:
        wanted = [v for v in lists_of[name] if v != value] if request.args.get("how") == "not" else [value]
        changed[name] = wanted
    elif name == "org" and value:
        changed["org"] = value
    if not request.args.get("month"):
        changed["month"] = None
    return redirect(filters.here(**changed), 303)


def _conditions(query: lists.Query, orgs: dict[str, str]) -> list[dict[str, str]]:
    said = {
        "q": query.text,
        "kind": "、".join(KINDS[k] for k in query.kinds),
        "state": "、".join(STATES[s][1] for s in query.states),
        "org": orgs.get(str(query.org_id), "").strip("　") if query.org_id else "",
        "month": f"{query.month:%Y-%m}" if query.month else "",
    }
    off = {"after": None, "before": None}
    return [
        {"label": LABELS[name], "how": "是", "what": what, "off": filters.here(**{name: None, **off})}
        for name, what in said.items()
        if what
    ]


def _orgs() -> dict[str, str]:
    return {
        str(org.id): "　" * max(org.path.count(".") - 1, 0) + org.name for org in activities.organisers(edge.actor())
    }


@bp.get("/")
@needs(Permission.ACTIVITY_READ)
def index() -> Any:
    """Narrowed by kind, state, organisation with all below it, and month; latest first."""
    if (folded := _folded()) is not None:
        return folded
    orgs = _orgs()
    query = lists.Query(
        _read("kind", ActivityKind),
        _read("state", ActivityState),
        _id("org") if request.args.get("org") in orgs else None,
        _month(),
        request.args.get("q", "").strip()[:50],
    )
    page = lists.page(query, edge.actor(), after=_place("after"), before=_place("before"))
    return render_template(
        "activities/index.html",
        page=page,
        query=query,
        kinds=KINDS,
        states=STATES,
        conditions=_conditions(query, orgs),
        fields=[
            {"name": "kind", "label": "类别", "choices": [(k.value, w) for k, w in KINDS.items()]},
            {"name": "state", "label": "状态", "choices": [(s.value, w) for s, (_k, w) in STATES.items()]},
            {"name": "org", "label": "组织（含下级）", "choices": list(orgs.items())},
            {"name": "month", "label": "月份", "choices": None, "type": "month"},
        ],
        clear=url_for("activities.index"),
        cursor=cursor,
    )


# Planning


class Plan(Schema):
    """The head of an activity."""

    kind = One("类别", [(k.value, w) for k, w in KINDS.items()])
    title = Text("主题", limit=120, required=True)
    org_id = Id("举办的组织")
    held_on = Day("日期", required=True)
    place = Text("地点", limit=120, required=True)
    responsible = Text("负责人", limit=40, required=True)
    minutes = Number("计入学时（分钟）", low=1, high=activities.MOST_MINUTES)


def _head(said: dict[str, Any]) -> Head:
    return Head(**(said | {"kind": ActivityKind(said["kind"])}))


def _demand_part(said: dict[str, Any]) -> None:
    if str(said["org_id"]) not in _orgs():
        raise Invalid({"org_id": "choose_one"})


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def new() -> Any:
    """Put an activity on the calendar, or write down one that took place."""
    actor = edge.actor()
    begin = {"held_on": clock.today().isoformat(), "minutes": 120, "responsible": actor.name, "org_id": actor.org_id}
    form = Form(Plan, begin | {"kind": ActivityKind.THEME_DAY.value})
    if form.is_sent:
        with form:
            activity = activities.plan(_head(form.read()), actor)
            flash("活动已安排，接着登记到会情况" if activity.held_on <= clock.today() else "活动已安排")
            return redirect(url_for("activities.show", activity_id=activity.id), 303)
    return form.page("activities/form.html", activity=None, orgs=list(_orgs().items()), kinds=list(KINDS.items()))


@bp.route("/<uuid:activity_id>/edit", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def edit(activity_id: UUID) -> Any:
    """Change the head: freely while planned, and afterwards as long as no partner county has a record of it."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    if any(record.state in LIVE for record in service.of_activity(activity.id)):
        raise WrongState("activity_cosigned")
    form = Form(Plan, {name: getattr(activity, name) for name in Plan().fields})
    if form.is_sent:
        with form:
            activities.amend(activity, _head(form.read()), edge.actor())
            flash("已保存")
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page("activities/form.html", activity=activity, orgs=list(_orgs().items()), kinds=list(KINDS.items()))


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
            activities.cancel(activity, form.read()["reason"])
            flash("活动已取消")
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page("activities/cancel.html", activity=activity)


@bp.post("/<uuid:activity_id>/hold")
@needs(Permission.ACTIVITY_WRITE)
def hold(activity_id: UUID) -> Any:
    """It took place."""
    activities.hold(activities.get(activity_id, edge.actor(), lock=True))
    flash("已登记为举行")
    return redirect(url_for("activities.show", activity_id=activity_id), 303)


# The sheet


class Sheet(Schema):
    """Lines in one order: `person` is `m<id>` or `g<id>`; an empty presence takes the line off."""

    person = Many(Text("", limit=40), "名单")
    presence = Many(One("", list(SYMBOLS), required=False), "到会情况")
    minutes = Many(Text("", limit=4), "学时")


def _rows(activity: Activity) -> list[dict[str, Any]]:
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


def _record(activity: Activity, said: dict[str, Any], rows: list[dict[str, Any]], *, fill: bool) -> None:
    given: dict[str, Mark | None] = marks(said)
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
    rows, form = _rows(activity), Form(Sheet)
    if form.is_sent:
        with form:
            act = request.form.get("act", "save")
            _record(activity, form.read(), rows, fill=act == "fill")
            if act == "hold":
                activities.hold(activity)
            flash({"fill": "空着的都记为到会，请改正例外", "hold": "已登记为举行"}.get(act, "到会情况已存下"))
            to = "activities.attendance" if act == "fill" else "activities.show"
            return redirect(url_for(to, activity_id=activity_id), 303)
        typed = zip(*(request.form.getlist(name) for name in ("person", "presence", "minutes")), strict=False)
        kept = {person: (presence, minutes) for person, presence, minutes in typed}
        rows = [
            row | dict(zip(("presence", "minutes"), kept[row["key"]], strict=True)) if row["key"] in kept else row
            for row in rows
        ]
    too_many = len(rows) > activities.MOST_PEOPLE
    return form.page(
        "activities/attendance.html",
        activity=activity,
        rows=rows[: activities.MOST_PEOPLE],
        too_many=too_many,
        symbols=choices(),
        usual=activity.minutes,
        is_over=activity.held_on <= clock.today(),
        kinds=KINDS,
    )


# One activity


def _whole(activity: Activity) -> dict[str, Any]:
    rows = [row for row in _rows(activity) if row["presence"] is not None]
    named = referrals.peers()
    return {
        "activity": activity,
        "org": organisations.get(activity.org_id),
        "kind": KINDS[activity.kind],
        "state": STATES[activity.state],
        "summary": activities.summary(activity.id),
        "own": [row for row in rows if row["key"][0] == "m"],
        "visitors": [row for row in rows if row["key"][0] == "g"],
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
    held = GRANTS[Role(edge.actor().role)]
    may_sign = Permission.COSIGN_WRITE in held
    return render_template(
        "activities/show.html",
        **_whole(activity),
        offers=offers(activity) if activity.state is ActivityState.HELD else [],
        may_write=Permission.ACTIVITY_WRITE in held,
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
