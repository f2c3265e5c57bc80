"""Leaving, pausing, closing a pair; progress of cooperation items."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect

from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, load
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.core import clock, scopes
from web.core.errors import NotFound, WrongState
from web.core.saying import say
from web.federation.agreements import registers, service
from web.federation.agreements.models import AgreementState
from web.federation.sharing import lists as sharing
from web.tenants.accounts.permissions import Permission


@bp.route("/<uuid:agreement_id>/leave", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def leave(agreement_id: UUID) -> Any:
    """Notice: from which day on we are out."""
    view = load(agreement_id)
    if view.agreement.state is not AgreementState.ACTIVE or view.effective is None or view.effective.text is None:
        raise WrongState("agreement_not_active")
    earliest = clock.today() + timedelta(days=int(view.effective.text["notice_days"]))
    form = Form(schemas.Leaving, {"on": earliest.isoformat()})
    if form.is_sent:
        with form:
            given = form.read()
            service.leave(agreement_id, given["on"], given["reason"], given.get("successor"))
            flash("退出告知已送出")
            return redirect(view.url("show"), 303)
    heirs = registers.successors(view.agreement, earliest) if view.is_hub else []
    return form.page("agreements/leave.html", view=view, earliest=earliest, heirs=heirs)


@bp.route("/<uuid:agreement_id>/pause", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def pause(agreement_id: UUID) -> Any:
    """What we provide and read under a scope stops at once, or goes on."""
    view = load(agreement_id)
    if view.agreement.state is not AgreementState.ACTIVE or view.own_party is None:
        raise WrongState("agreement_not_active")
    form = Form(schemas.Pausing)
    if form.is_sent:
        with form:
            given = form.read()
            resume = bool(given.get("is_resumed"))
            service.pause(agreement_id, given["scope"], resume=resume, reason=given.get("reason", ""))
            again = {"scope": given["scope"]} | ({} if resume else {"is_resumed": "1"})
            said = "已恢复，已告知各方" if resume else "已暂停，已告知各方"
            flash({"words": said, "undo": view.url("pause"), "fields": again})  # type: ignore[arg-type]
            return redirect(view.url("pause"), 303)
    names = {
        "all": "全部范围",
        **{scope: say("{scope}　{label}", scope=scope, label=row.in_short) for scope, row in scopes.GRANTABLE.items()},
    }
    return form.page(
        "agreements/pause.html",
        view=view,
        names=names,
        since={(party, scope): (at, reason) for party, scope, at, reason in registers.pauses(view.agreement)},
        standing=sharing.standing_under(agreement_id),
    )


@bp.post("/<uuid:agreement_id>/close/<uuid:partner_uid>")
@needs(Permission.AGREEMENT_WRITE)
def close(agreement_id: UUID, partner_uid: UUID) -> Any:
    """Our word that nothing is open with this partner."""
    service.close(agreement_id, partner_uid)
    flash("已确认办结，等对方确认")
    return redirect(load(agreement_id).url("show"), 303)


@bp.route("/<uuid:agreement_id>/items/<key>", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def progress(agreement_id: UUID, key: str) -> Any:
    """How far we are with a cooperation item, with a note; every other party is told."""
    view = load(agreement_id)
    item = next((item for item in view.items_in_force if item["key"] == key), None)
    if item is None:
        raise NotFound
    form = Form(schemas.Progress, {"percent": item["percent"], "note": ""})
    if form.is_sent:
        with form:
            given = form.read()
            service.note_progress(agreement_id, key, given["percent"], given["note"])
            flash("进展已登记，已告知各方")
            return redirect(view.url("show") + "#items", 303)
    words = service.progress(view.agreement).get(key, {})
    notes = sorted((row for rows in words.values() for row in rows), key=lambda row: row.id, reverse=True)
    return form.page("agreements/progress.html", view=view, item=item, notes=notes)
