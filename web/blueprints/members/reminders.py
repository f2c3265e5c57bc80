"""What time asks about members away, as to-dos, and the two words that close them: spoke with him, the entry is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import todos
from web.blueprints.forms import Day, Form, Text
from web.blueprints.members import wording
from web.blueprints.members.pages import locked, person
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.blueprints.todos import Queue, Todo
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.flows import reminders, service
from web.tenants.flows.models import FlowState


class Noted(Schema):
    on = Day("日期", required=True)
    reason = Text("方式", limit=60)


VERBS: dict[str, Callable[..., None]] = {"note_contact": service.note_contact, "confirm": service.confirm}


@bp.route("/<uuid:member_id>/flow/noted/<verb>", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def note_flow(member_id: UUID, verb: str) -> Any:
    """A day on which the branch spoke with the member, or looked the entry through."""
    is_write = request.method == "POST"
    member = locked(member_id) if is_write else person(member_id).member
    flow = service.current(member_id, lock=is_write)
    if verb not in VERBS or flow is None or flow.state is FlowState.DRAFT:
        raise NotFound()
    form = Form(Noted, {"on": clock.today()})
    if form.is_sent:
        with form:
            given = form.read()
            VERBS[verb](flow, on=given["on"], reason=given.get("reason", ""))
            flash("已登记")
            return redirect(url_for("members.show", member_id=member_id) + "#flow", 303)
    return form.page("members/note_flow.html", m=member, said=wording.NOTED[verb])


def _contact(actor: Actor, limit: int) -> tuple[Sequence[Todo], int]:
    rows, count = reminders.no_contact(actor, limit)
    today = clock.today()
    found = [
        Todo(
            row.name,
            say("{days} 天没有联系（满 {step} 天提醒）", days=(today - row.since).days, step=row.step),
            url_for("members.note_flow", member_id=row.member_id, verb="note_contact"),
            act="登记联系",
        )
        for row in rows
    ]
    return found, count


def _confirm(actor: Actor, limit: int) -> tuple[Sequence[Todo], int]:
    rows, count = reminders.unconfirmed(actor, limit)
    found = [
        Todo(
            row.name,
            say("上次核对 {since}", since=f"{row.since:%Y-%m-%d}"),
            url_for("members.note_flow", member_id=row.member_id, verb="confirm"),
            act="核对",
        )
        for row in rows
    ]
    return found, count


todos.QUEUES += [
    Queue(
        "flows_contact",
        "应当联系",
        "流出后很久没有联系的；登记联系后自动消去",
        Permission.MEMBER_WRITE,
        _contact,
        lambda: url_for("away.index"),
    ),
    Queue(
        "flows_confirm",
        "半年核对",
        "流动登记应当核对的；核对后自动消去",
        Permission.MEMBER_WRITE,
        _confirm,
        lambda: url_for("away.index"),
    ),
]
