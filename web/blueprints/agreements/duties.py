"""What an agreement asks for by the calendar: its to-dos, and saying that something was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from sqlalchemy import Select

from web.blueprints import todos
from web.blueprints.agreements import schemas, turns
from web.blueprints.agreements.pages import bp, load
from web.blueprints.forms import Form, One
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.federation.agreements import duties, service, texts
from web.federation.agreements.models import Agreement, AgreementDuty, DutyKind
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting


def _lines(actor: Actor) -> Select[Any]:
    return db.select(
        *queues.columns(
            AgreementDuty.agreement_id, AgreementDuty.due_on, name=Agreement.title, due_on=AgreementDuty.due_on,
            kind=AgreementDuty.kind, key=AgreementDuty.key, hub=Agreement.hub_uid,
        )
    ).join(
        Agreement, (Agreement.id == AgreementDuty.agreement_id) & (Agreement.tenant_id == AgreementDuty.tenant_id)
    ).where(AgreementDuty.done_on.is_(None), ~AgreementDuty.is_missed)  # fmt: skip


def _todos(rows: Sequence[Waiting]) -> list[todos.Todo]:
    found = []
    for row in rows:
        kind = DutyKind(row.said["kind"])
        act, where = turns.duty_act(row.id, kind, row.said["key"], UUID(row.said["hub"]))
        found.append(todos.Todo(turns.DUTIES[kind][0], row.name, where, row.due_on, act))
    return found


todos.QUEUES.append(
    todos.Queue(
        "agreement_duties",
        "协议约定的定期事项",
        "续签、会商、核对、反馈",
        Permission.AGREEMENT_WRITE,
        lambda: url_for("home.index", queue="agreement_duties"),
        _lines,
        _todos,
    )
)


@bp.route("/<uuid:agreement_id>/duties/<any(register, participation):kind>", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def duty(agreement_id: UUID, kind: str) -> Any:
    """It was done: when, and what came of it. What was done before stands below."""
    view, of_kind = load(agreement_id), DutyKind(kind)
    _in_turn(agreement_id)
    open_ = next((row for row in duties.open_of(agreement_id) if row.kind is of_kind), None)
    past = [row for row in duties.past_of(agreement_id) if row.kind is of_kind]
    if open_ is None and not past:
        raise NotFound
    form = Form(schemas.DutyDone, {"done_on": clock.today().isoformat()})
    if form.is_sent and open_ is not None:
        with form:
            given = form.read()
            duties.record(service.get(agreement_id, lock=True), of_kind, given["done_on"], given["note"])
            flash("已登记，待办已消")
            return redirect(view.url("show") + "#duties", 303)
    page, status = form.page(
        "agreements/duty.html",
        view=view,
        words=turns.DUTIES[kind],
        duty=open_,
        past=past,
        is_proved=of_kind in duties.PROOFS,
    )
    return page, 409 if form.is_sent and open_ is None else status


def _in_turn(agreement_id: UUID) -> None:
    """A second press waits for the first, and then sees what that one recorded: the page says so, with 409."""
    if request.method == "POST":
        service.get(agreement_id, lock=True)


FOUND = {"met": "已落实", "partly": "部分落实", "unmet": "没有落实", "idle": "本年没有这类情况"}


@bp.route("/<uuid:agreement_id>/duties/check", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def check(agreement_id: UUID) -> Any:
    """The yearly check of the responsibility list, item by item; earlier years stand beside it."""
    view = load(agreement_id)
    _in_turn(agreement_id)
    text = view.effective.text if view.effective is not None else None
    open_ = next((row for row in duties.open_of(agreement_id) if row.kind is DutyKind.CHECK), None)
    past = [row for row in duties.past_of(agreement_id) if row.kind is DutyKind.CHECK and row.done_on]
    if text is None or (open_ is None and not past):
        raise NotFound
    rows = texts.responsibilities(text)
    options = list(FOUND.items())
    asked: dict[str, Any] = {row["key"]: One(row["item"], options) for row in rows}
    begun, draft = {"done_on": clock.today().isoformat()}, f"agreements.check:{open_.id}" if open_ is not None else ""
    form = Form(type("Check", (schemas.DutyDone,), asked), begun, draft=draft)
    if form.is_sent and open_ is not None:
        with form:
            given = form.read()
            found = {row["key"]: given[row["key"]] for row in rows}
            agreement = service.get(agreement_id, lock=True)
            duties.record(agreement, DutyKind.CHECK, given["done_on"], given["note"], found)
            flash("年度检查已登记，待办已消")
            return redirect(view.url("show") + "#duties", 303)
    page, status = form.page(
        "agreements/check.html",
        view=view,
        duty=open_,
        past=past,
        rows=rows,
        sides=texts.SIDES,
        options=options,
        found=FOUND,
    )
    return page, 409 if form.is_sent and open_ is None else status
