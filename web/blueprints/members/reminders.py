"""What time asks about members away, as to-dos, and the two words that close them: spoke with him, the entry is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
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
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.flows import reminders, service
from web.tenants.flows.models import FlowState
from web.tenants.workbench.queues import Waiting


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


def _note(row: Waiting, verb: str) -> str:
    return url_for("members.note_flow", member_id=row.id, verb=verb)


def _contact(rows: Sequence[Waiting]) -> list[Todo]:
    found = []
    for row in rows:
        days, step = reminders.contact_step(date.fromisoformat(row.said["since"]))
        words = say("{days} 天没有联系（满 {step} 天提醒）", days=days, step=step)
        found.append(Todo(row.name, words, _note(row, "note_contact"), act="登记联系"))
    return found


def _confirm(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(row.name, say("上次核对 {since}", since=row.said["since"]), _note(row, "confirm"), act="核对")
        for row in rows
    ]


todos.QUEUES += [
    Queue(
        "flows_contact",
        "应当联系",
        "流出后很久没有联系的；登记联系后自动消去",
        Permission.MEMBER_WRITE,
        lambda: url_for("home.index", queue="flows_contact"),
        reminders.no_contact,
        _contact,
    ),
    Queue(
        "flows_confirm",
        "半年核对",
        "流动登记应当核对的；核对后自动消去",
        Permission.MEMBER_WRITE,
        lambda: url_for("home.index", queue="flows_confirm"),
        reminders.unconfirmed,
        _confirm,
    ),
]
