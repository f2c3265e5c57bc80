"""Review meetings: one party records what it was, the others confirm it or say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from marshmallow import Schema
from sqlalchemy import Select

from web.blueprints import todos
from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, load
from web.blueprints.forms import Day, Form, One, Text
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.federation.agreements import service, standing
from web.federation.agreements.models import Agreement, AgreementMeeting, AgreementState
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting

WAYS = {"here": "在本县会面", "there": "在对方会面", "video": "视频会议", "phone": "电话"}
# The same words where the other of two recorded it, and where one of several did.
THEIR_WAYS = WAYS | {"here": WAYS["there"], "there": WAYS["here"]}
ONES_WAYS = WAYS | {"here": "在记录方会面", "there": "到别处会面"}


def _lines(actor: Actor) -> Select[Any]:
    return db.select(
        *queues.columns(
            AgreementMeeting.id, AgreementMeeting.held_on, name=Agreement.title, agreement_id=AgreementMeeting.agreement_id,
            held_on=AgreementMeeting.held_on,
        )
    ).join(
        Agreement,
        (Agreement.id == AgreementMeeting.agreement_id) & (Agreement.tenant_id == AgreementMeeting.tenant_id),
    ).where(AgreementMeeting.is_waiting)  # fmt: skip


def _todos(rows: Sequence[Waiting]) -> list[todos.Todo]:
    return [
        todos.Todo("会商记录待我方确认", row.name, _url(UUID(row.said["agreement_id"]), row.id), None, "核对")
        for row in rows
    ]


def _url(agreement_id: UUID, meeting_id: UUID) -> str:
    return url_for("agreements.show_meeting", agreement_id=agreement_id, meeting_id=meeting_id)


todos.QUEUES.append(
    todos.Queue(
        "agreement_meetings",
        "会商记录待确认",
        "对方记下的联席会商",
        Permission.AGREEMENT_WRITE,
        lambda: url_for("home.index", queue="agreement_meetings"),
        _lines,
        _todos,
    )
)


@bp.route("/<uuid:agreement_id>/meetings/new", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def record_meeting(agreement_id: UUID) -> Any:
    """What the meeting was: when and how, who by their posts, item by item of the text in effect, what was concluded."""
    view = load(agreement_id)
    if view.effective is None or view.agreement.state is not AgreementState.ACTIVE:
        raise NotFound
    items = [(f"point_{item['key']}", item["goal"]) for item in view.items_in_force]
    fields: dict[str, Any] = {
        "held_on": Day("会商日期", required=True),
        "way": One("方式", list(WAYS.items())),
        "place": Text("地点", limit=200, required=True),
        "present": Text("参加的岗位", limit=600, required=True),
        **{name: Text(goal, limit=300) for name, goal in items},
        "conclusion": Text("议定的事", limit=2000, required=True),
        "next_on": Day("下次会商"),
    }
    kept = f"agreements.record_meeting:{agreement_id}"
    form = Form(type("Meeting", (Schema,), fields), {"held_on": clock.today().isoformat()}, draft=kept)
    if form.is_sent:
        with form:
            given = form.read()
            points = [(goal[:200], said) for name, goal in items if (said := given.get(name))]
            row = service.record_meeting(
                agreement_id, given["held_on"], given["way"], given, points, given.get("next_on")
            )
            flash("会商记录已送各方，等对方确认")
            return redirect(_url(agreement_id, row.id), 303)
    waiting = [row for row in service.meetings(agreement_id) if row.is_waiting]
    return form.page("agreements/meeting_form.html", view=view, items=items, ways=list(WAYS.items()), waiting=waiting)


def _page(agreement_id: UUID, meeting_id: UUID, form: Form) -> Any:
    view = load(agreement_id)
    row = service.meeting(view.agreement, meeting_id)
    ways = WAYS if row.by_uid == view.own else THEIR_WAYS if len(view.everyone) == 2 else ONES_WAYS
    answers = [(view.name(uid), answer) for uid, answer in row.answers.items()]
    # Who left the agreement answers nothing any more.
    asked = [p for p in view.everyone if p.uid != row.by_uid and standing.stays(p, clock.today())]
    waits = [p.name for p in asked if str(p.uid) not in row.answers]
    return form.page(
        "agreements/meeting.html", view=view, meeting=row, way=ways.get(row.way, row.way), answers=answers, waits=waits
    )


@bp.get("/<uuid:agreement_id>/meetings/<uuid:meeting_id>")
@needs(Permission.AGREEMENT_READ)
def show_meeting(agreement_id: UUID, meeting_id: UUID) -> Any:
    """The record as both sides hold it, and who confirmed it."""
    return _page(agreement_id, meeting_id, Form(schemas.Reason))


@bp.post("/<uuid:agreement_id>/meetings/<uuid:meeting_id>/confirm")
@needs(Permission.AGREEMENT_WRITE)
def confirm_meeting(agreement_id: UUID, meeting_id: UUID) -> Any:
    """It was so: the to-do of this meeting is gone on both sides."""
    service.answer_meeting(agreement_id, meeting_id)
    flash("已确认，各方都会收到")
    return redirect(_url(agreement_id, meeting_id), 303)


@bp.post("/<uuid:agreement_id>/meetings/<uuid:meeting_id>/dispute")
@needs(Permission.AGREEMENT_WRITE)
def dispute_meeting(agreement_id: UUID, meeting_id: UUID) -> Any:
    """It was not so: what is wrong. The party that recorded it records it anew."""
    form = Form(schemas.Reason)
    with form:
        service.answer_meeting(agreement_id, meeting_id, form.read()["reason"])
        flash("出入已告诉各方，等记录方重新记录")
        return redirect(_url(agreement_id, meeting_id), 303)
    return _page(agreement_id, meeting_id, form)
