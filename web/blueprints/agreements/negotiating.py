"""Accept, counter, reject, withdraw, begin the next version: amended or renewed, also with a further party."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect

from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, form_page, liaison_of, load
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.core.errors import WrongState
from web.core.saying import say
from web.federation.agreements import service
from web.federation.agreements.models import VersionState
from web.federation.post import keys
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
    liaison = view.liaisons.get(view.own, {})
    form = Form(schemas.TextForm, schemas.values_of(view.text, liaison), draft=f"agreements.counter:{agreement_id}")
    if form.is_sent:
        with form:
            given = form.read()
            said = liaison_of(given)
            service.counter(
                agreement_id, schemas.text_of(given, view.text), {view.own: said} if said else {}, given["reason"]
            )
            flash(say("第 {round} 轮文本已送出，此前的同意作废", round=view.version.round + 1))
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
    flash(say("第 {version} 版草稿已建立", version=version.version))
    return redirect(load(agreement_id).url("draft"), 303)


@bp.route("/<uuid:agreement_id>/renew", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def renew(agreement_id: UUID) -> Any:
    """The next version begins the day after the one in effect ends: until when?"""
    view = load(agreement_id)
    if not view.may_follow or view.effective is None or view.effective.text is None:
        raise WrongState("only_hub_amends" if not view.is_hub else "version_open")
    starts, ends = (date.fromisoformat(view.effective.text[f"effective_{name}"]) for name in ("from", "to"))
    form = Form(schemas.Renewing, {"effective_to": (ends + (ends - starts)).isoformat()})
    if form.is_sent:
        with form:
            version = service.renew(agreement_id, form.read()["effective_to"])
            flash(say("第 {version} 版草稿已建立，起止日期已换好", version=version.version))
            return redirect(view.url("draft"), 303)
    return form.page("agreements/renew.html", view=view, ends=ends)


@bp.route("/<uuid:agreement_id>/add-party", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def add_party(agreement_id: UUID) -> Any:
    """A further county on the draft; it becomes a party when all have sealed."""
    view = load(agreement_id)
    if view.version.state is not VersionState.DRAFT:
        raise WrongState("not_a_draft")
    known = {party.uid for party in view.parties}
    partners = [peer for peer in keys.partners() if peer.uid not in known]
    form = Form(schemas.Adding)
    if form.is_sent:
        with form:
            service.add_party(agreement_id, form.read()["party"])
            flash("已列为一方，请核对授权和第一条")
            return redirect(view.url("draft"), 303)
    return form.page("agreements/add_party.html", view=view, partners=partners)
