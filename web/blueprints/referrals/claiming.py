"""Asking a county whether the person at our window is its member: his consent first, then the question."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for

from web.blueprints import edge, scans
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.blueprints.referrals.rooms import bp
from web.blueprints.referrals.schemas import Claim
from web.core import clock
from web.core.errors import Invalid
from web.core.saying import say
from web.federation.post import keys
from web.federation.referrals import claims, grants
from web.tenants.accounts.permissions import WHOLE_COUNTY, Permission
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties


def _partners() -> dict[UUID, str]:
    """Counties whose agreement with us lets us name somebody to them."""
    own = counties.own().uid
    return {
        p.uid: p.name for p in keys.partners() if grants.covers("S2", owner_uid=own, receiver_uid=p.uid) is not None
    }


@bp.route("/claim", methods=["GET", "POST"])
@needs(Permission.REFERRAL_WRITE)
def claim() -> Any:
    """The form. What was typed into the search for candidates comes along."""
    partners, actor = _partners(), edge.actor()
    first = next(iter(partners)) if len(partners) == 1 else ""
    begun = {"name": request.args.get("name", ""), "birth_year": request.args.get("birth_year", "")}
    form = Form(Claim, {"partner": first, "consented_on": clock.today(), "method": Method.IN_PERSON.value, **begun})
    if form.is_sent:
        with form:
            given = form.read()
            if given["partner"] not in partners:
                raise Invalid({"partner": "choose_one"})
            referral = claims.claim(
                given["partner"],
                name=given["name"],
                birth_year=given["birth_year"],
                home_branch=given["home_branch"],
                method=Method(given["method"]),
                consented_on=given["consented_on"],
                township_id=None if actor.role in WHOLE_COUNTY else actor.org_id,
                signed=scans.sent(),
            )
            flash(say("已送请{partner}认领", partner=partners[given["partner"]]))
            return redirect(url_for("referrals.show", referral_id=referral.id), 303)
    return form.page("referrals/claim.html", partners=partners)
