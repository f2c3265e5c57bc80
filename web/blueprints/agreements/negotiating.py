"""Accept, counter, reject, withdraw, begin the next version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect

from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, form_page, liaison_of, load
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.core.errors import WrongState
from web.federation.agreements import service
from web.tenants.accounts.permissions import Permission


@bp.post("/<uuid:agreement_id>/accept")
@needs(Permission.AGREEMENT_WRITE)
def accept(agreement_id: UUID) -> Any:
    service.accept(agreement_id)
    flash("已同意，答复已送出")
    return redirect(load(agreement_id).url("show"), 303)


@bp.route("/<uuid:agreement_id>/counter", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def counter(agreement_id: UUID) -> Any:
    """Another text: the next round; what changed is shown to every party."""
    view = load(agreement_id)
    if "counter" not in view.verbs or view.text is None:
        raise WrongState("illegal_transition", verb="counter")
    own = view.own_party
    form = Form(schemas.TextForm, schemas.values_of(view.text, view.liaisons.get(own.place, {}) if own else {}))
    if form.is_sent:
        with form:
            given = form.read()
            said = liaison_of(given)
            service.counter(
                agreement_id, schemas.text_of(given, view.text), {view.own: said} if said else {}, given["reason"]
            )
            flash(f"第 {view.version.round + 1} 轮文本已送出，此前的同意作废")
            return redirect(view.url("show"), 303)
    return form_page(form, view, "counter")


@bp.route("/<uuid:agreement_id>/reject", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def reject(agreement_id: UUID) -> Any:
    """We do not want this version, with the reason."""
    view, form = load(agreement_id), Form(schemas.Reason)
    if form.is_sent:
        with form:
            service.reject(agreement_id, form.read()["reason"])
            flash("已答复不同意")
            return redirect(view.url("show"), 303)
    return form.page("agreements/reason.html", view=view, kind="reject")


@bp.route("/<uuid:agreement_id>/withdraw", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def withdraw(agreement_id: UUID) -> Any:
    """The hub takes its version back."""
    view, form = load(agreement_id), Form(schemas.Withdrawing)
    if form.is_sent:
        with form:
            service.withdraw(agreement_id, form.read()["reason"])
            flash("已撤回")
            return redirect(view.url("show"), 303)
    return form.page("agreements/reason.html", view=view, kind="withdraw")


@bp.post("/<uuid:agreement_id>/amend")
@needs(Permission.AGREEMENT_WRITE)
def amend(agreement_id: UUID) -> Any:
    """The next version begins as a copy of the one in effect."""
    version = service.amend(agreement_id)
    flash(f"第 {version.version} 版草稿已建立")
    return redirect(load(agreement_id).url("draft"), 303)
