"""Reporting in: one box for the code a member shows; without a code, candidates for a person to look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask_login import current_user

from web.blueprints import edge, words
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.blueprints.referrals.rooms import bp
from web.blueprints.referrals.schemas import Candidate, Code
from web.core.errors import TooMany
from web.federation.referrals import lists, service
from web.tenants.accounts.permissions import Permission
from web.tenants.organisations import service as organisations

WRONG = "报到码不对，或者已经用过、已经失效。请看“待接收”里有没有本人，或改为当面核对"


@bp.get("/report-in")
@needs(Permission.REFERRAL_WRITE)
def report_in_form() -> Any:
    """The box, and the search for candidates."""
    form = Form(Code)
    return _page(form)


def _page(form: Form, **more: Any) -> Any:
    asked = Form(Candidate, {"name": request.args.get("name", ""), "birth_year": request.args.get("birth_year", "")})
    rows, is_asked = [], bool(request.args.get("name"))
    if is_asked:
        year = request.args.get("birth_year", "")
        rows = lists.candidates(edge.actor(), request.args["name"], int(year) if year.isdecimal() else None)
        lists.note_reading(rows, "candidates")
    return form.page("referrals/report_in.html", asked=asked, rows=rows, is_asked=is_asked, **more)


@bp.post("/report-in")
@needs(Permission.REFERRAL_WRITE)
def report_in_by_code() -> Any:
    """First press: whose code it is, for a look at the person; second press (`sure`): reported in."""
    form = Form(Code, {})
    form.values.pop("sure", None)
    form.values.pop("referral", None)
    typed = str(form.values.get("code", "")).strip()
    if not typed:
        form.errors["code"] = [words.FIELD_ERRORS["required"]]
        return _page(form)
    try:
        found = service.find_by_code(typed, _session())
    except TooMany as error:
        form.errors["code"] = [words.of(error)]
        return _page(form)[0], 429
    if found is None:
        # Returned, not raised: the wrong try is counted with this answer.
        form.errors["code"] = [WRONG]
        return _page(form)
    referral = service.get(found.id, lock=True)
    _hand_over(referral.id)
    row = lists.one(referral, edge.actor())
    if request.form.get("act") == "sure":
        service.report_in(referral, "code")
        flash("已登记报到，等对方系统确认")
        return redirect(url_for("referrals.show", referral_id=referral.id), 303)
    if row is not None:
        lists.note_reading([row], "one")
    return _page(form, found=row, typed=typed)


def _hand_over(referral_id: UUID) -> None:
    """A member may report in anywhere in the county: whoever he shows the code to looks after him from then on."""
    actor = edge.actor()
    referral = service.get(referral_id)
    if lists.one(referral, actor) is None and actor.org_id is not None:
        service.assign_township(referral, organisations.get(actor.org_id).id)


def _session() -> UUID:
    found: UUID = current_user.session_id
    return found
