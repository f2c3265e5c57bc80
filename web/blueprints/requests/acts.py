"""Every verb of a request as one form; the forms of asking and answering are made of the kind's entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from marshmallow import Schema

from web.blueprints import edge, scans
from web.blueprints.forms import Day, Form, One, Text
from web.blueprints.policy import needs
from web.blueprints.requests.pages import may_answer
from web.blueprints.requests.rooms import bp
from web.blueprints.requests.wording import DECLINED, FAILED, FORMS, RATED, inputs, schema
from web.core import clock
from web.core.errors import Invalid, NotFound, NotPermitted, WrongState
from web.core.saying import say
from web.federation.post import keys
from web.federation.referrals import lists as referral_lists
from web.federation.referrals import service as referrals
from web.federation.requests import lists, service
from web.federation.requests.lists import Row
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Method

HOW = [(Method.PAPER.value, "书面"), (Method.IN_PERSON.value, "当面"), (Method.PHONE.value, "电话")]


def _there(request_id: UUID) -> Any:
    return redirect(url_for("requests.show", request_id=request_id), 303)


def _referral() -> Any:
    try:
        referral = referrals.get(UUID(request.args.get("referral", "")))
    except ValueError:
        raise NotFound from None
    row = referral_lists.one(referral, edge.actor())
    if row is None:
        raise NotFound
    return row


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def new() -> Any:
    """Ask the partner about the person of a referral: first the kind, then its form. Without a person: where to begin."""
    if "referral" not in request.args:
        return render_template("requests/begin.html")
    row = _referral()
    referral, peer = row.referral, keys.peer(row.referral.partner_uid)
    offered = service.kinds_for(referral)
    kind = next((k for k in offered if k.name == request.args.get("kind")), None)
    if kind is None:
        choice = [(k.name, FORMS[k.name]) for k in offered if k.name in FORMS]
        return render_template("requests/kinds.html", row=row, partner=peer, kinds=choice)
    words = FORMS[kind.name]
    parts: dict[str, Any] = inputs(words, kind.asks)
    if kind.needs_consent:
        parts |= {"consent_on": Day("本人同意的日期", required=True), "consent_how": One("同意的方式", HOW)}
        parts["scan"] = Text("签字扫描件")  # a file: it comes beside the fields, its errors stand here
    form = Form(schema("Ask", parts), {"consent_on": clock.today().isoformat()})
    if form.is_sent:
        with form:
            said = form.read()
            on, how = said.pop("consent_on", None), said.pop("consent_how", None)
            said.pop("scan", None)
            made = service.ask(
                referral, kind.name, said, consent_on=on, consent_how=Method(how) if how else None, signed=scans.sent()
            )
            flash(say("已向{name}提出请求", name=peer.name))
            return _there(made.id)
    return form.page(
        "requests/new.html",
        row=row,
        partner=peer,
        kind=kind,
        words=words,
        how=HOW,
        fields=_fields(form, kind.asks, words),
    )


def _fields(form: Form, asked: Any, words: Any) -> list[dict[str, Any]]:
    """Arguments of the field macro for each value of a kind."""
    return [
        form.of(it.name, type="select", options=list(words.choices[it.name].items()), blank="请选择")
        if it.name in words.choices
        else form.of(it.name)
        for it in asked
    ]


def _asked(request_id: UUID, verb: str) -> Row:
    """The request, for an act of the asked county: the kind says who may answer."""
    row = lists.get(request_id, edge.actor())
    if row.request.role == "asked" and not may_answer(row.request):
        raise NotPermitted(permission=row.request.of_kind.answered_by)
    if verb not in service.verbs_now(row.request):
        raise WrongState("waiting_for_partner" if row.request.pending else "illegal_transition")
    return row


@bp.post("/<uuid:request_id>/accept")
@needs(Permission.REQUEST_WRITE)
def accept(request_id: UUID) -> Any:
    """We will do it."""
    service.accept(_asked(request_id, "accept").request.id)
    flash("已接受")
    return _there(request_id)


def _because(request_id: UUID, verb: str, title: str, reasons: Mapping[str, str], say: Callable[..., Any]) -> Any:
    row = _asked(request_id, verb)
    choice = [(word, reasons[word]) for word in row.request.of_kind.reasons(reasons)]
    parts = {"reason": One("原因", choice), "text": Text("说明", limit=1000)}
    form = Form(schema("Because", parts))
    if form.is_sent:
        with form:
            said = form.read()
            say(row.request.id, said["reason"], said.get("text", ""))
            flash("已答复")
            return _there(request_id)
    return form.page("requests/because.html", it=row.request, title=title, verb=verb, reasons=choice)


@bp.route("/<uuid:request_id>/decline", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def decline(request_id: UUID) -> Any:
    """We will not."""
    return _because(request_id, "decline", "不接受请求", DECLINED, service.decline)


@bp.route("/<uuid:request_id>/fail", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def fail(request_id: UUID) -> Any:
    """It could not be done."""
    return _because(request_id, "fail", "未办成", FAILED, service.fail)


@bp.route("/<uuid:request_id>/done", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def done(request_id: UUID) -> Any:
    """It is done, with the kind's answer."""
    row = _asked(request_id, "done")
    kind, words = row.request.of_kind, FORMS[row.request.kind]
    parts = inputs(words, kind.answers) | {"on": Day("办结日期", required=True)}
    form = Form(schema("Done", parts), {"on": clock.today().isoformat()})
    if form.is_sent:
        with form:
            said = form.read()
            service.done(row.request.id, said.pop("on"), said)
            flash("已办结，结果已送出")
            return _there(request_id)
    return form.page(
        "requests/done.html",
        it=row.request,
        name=row.name,
        partner=keys.peer(row.request.partner_uid),
        words=words,
        kind=kind,
        fields=_fields(form, kind.answers, words),
    )


class Rating(Schema):
    """Whether it helped."""

    rating = One("评价", list(RATED.items()))


@bp.post("/<uuid:request_id>/rate")
@needs(Permission.REQUEST_WRITE)
def rate(request_id: UUID) -> Any:
    """Say whether it helped."""
    row = lists.get(request_id, edge.actor())
    form = Form(Rating)
    with form:
        service.rate(row.request.id, form.read()["rating"])
        flash("已评价")
        return _there(request_id)
    raise Invalid({"rating": "choose_one"})


class Words(Schema):
    """A verb that only needs its reason."""

    reason = Text("说明", limit=1000, required=True)


@bp.route("/<uuid:request_id>/withdraw", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def withdraw(request_id: UUID) -> Any:
    """It is not needed any more."""
    row = lists.get(request_id, edge.actor())
    if "withdraw" not in service.verbs_now(row.request):
        raise WrongState("waiting_for_partner" if row.request.pending else "illegal_transition")
    form = Form(Words)
    if form.is_sent:
        with form:
            service.withdraw(row.request.id, form.read()["reason"])
            flash("已撤回")
            return _there(request_id)
    return form.page("requests/withdraw.html", it=row.request)


@bp.route("/<uuid:request_id>/forgo", methods=["GET", "POST"])
@needs(Permission.REQUEST_WRITE)
def forgo(request_id: UUID) -> Any:
    """The member withdraws the yes to what was done: says what is destroyed and what stays, then does it."""
    row = lists.get(request_id, edge.actor())
    if not service.may_forgo(row.request):
        raise WrongState("illegal_transition")
    if request.method == "POST":
        service.forgo(row.request.id)
        flash("本县的内容已销毁" if row.request.stopped else "已撤回，本县的内容已销毁，对方收到后随即销毁")
        return _there(request_id)
    return render_template(
        "requests/forgo.html", it=row.request, name=row.name, partner=keys.peer(row.request.partner_uid),
        words=FORMS[row.request.kind],
    )  # fmt: skip
