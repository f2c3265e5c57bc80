"""Notices and consents: recorded for one member or for all of a selection, withdrawn after saying what will happen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for

from web.blueprints.forms import Form
from web.blueprints.members import wording
from web.blueprints.members.lists import ENDPOINTS, chosen
from web.blueprints.members.pages import locked, partners, person
from web.blueprints.members.rooms import bp
from web.blueprints.members.schemas import Notice, NoticeOfMany, Withdraw
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid, NotFound
from web.tenants.accounts.permissions import Permission
from web.tenants.consents import service
from web.tenants.consents.models import Method
from web.tenants.members import service as members
from web.tenants.register.facets import Roll

_FIRST = {"scope": ["S2", "S6", "S5"], "method": Method.IN_PERSON.value}


def _scopes() -> list[tuple[str, str, str]]:
    return [(s, *wording.SCOPES[s]) for s in wording.OFFERED_SCOPES]


def _checked(given: dict[str, Any], known: dict[UUID, str]) -> dict[str, Any]:
    if given["partner"] not in known:
        raise Invalid({"partner": "choose_one"})
    return given


@bp.route("/<uuid:member_id>/notice", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def notice(member_id: UUID) -> Any:
    """Record what the member was told or agreed to about one partner county."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    members.demand_open(member)
    known = partners()
    form = Form(Notice, {**_FIRST, "given_on": clock.today(), "partner": next(iter(known)) if len(known) == 1 else ""})
    if form.is_sent:
        with form:
            given = _checked(form.read(), known)
            rows = service.give(
                member, given["partner"], given["scope"], method=Method(given["method"]), on=given["given_on"]
            )
            flash(f"已登记 {len(rows)} 项告知" if rows else "这些范围此前已告知")
            return redirect(url_for("members.show", member_id=member_id) + "#notices", 303)
    back = url_for("members.show", member_id=member_id)
    return form.page("members/notice.html", m=member, count=1, partners=known, scopes=_scopes(), w=wording, back=back)


@bp.post("/notify")
@needs(Permission.MEMBER_WRITE)
def notify() -> Any:
    """The same for a selection of a list: first whom it is about, then written. The selection is run again both times."""
    known, ids, form = partners(), chosen(), Form(NoticeOfMany)
    roll = Roll(request.form.get("roll", Roll.MEMBERS))
    if request.form.get("act") != "give":
        form.values |= {**_FIRST, "given_on": clock.today(), "partner": next(iter(known)) if len(known) == 1 else ""}
    else:
        with form:
            given = _checked(form.read(), known)
            told = sum(_tell(member_id, given) for member_id in ids)
            flash(
                f"已为 {told} 人登记告知" + (f"，{len(ids) - told} 人此前已告知或关系在途" if told < len(ids) else "")
            )
            return redirect(url_for(ENDPOINTS[roll]), 303)
    return form.page(
        "members/notice.html",
        m=None,
        count=len(ids),
        partners=known,
        scopes=_scopes(),
        w=wording,
        back=url_for(ENDPOINTS[roll]),
    )


def _tell(member_id: UUID, given: dict[str, Any]) -> bool:
    member = members.get(member_id, lock=True)
    if member.frozen_by is not None:
        return False
    return bool(
        service.give(member, given["partner"], given["scope"], method=Method(given["method"]), on=given["given_on"])
    )


@bp.route("/<uuid:member_id>/notice/<uuid:partner_uid>/withdraw", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def withdraw(member_id: UUID, partner_uid: UUID) -> Any:
    """Says what a withdrawal does, then does it at once."""
    whole = person(member_id)
    stands = [c for c in service.standing(member_id) if c.partner_uid == partner_uid]
    if not stands:
        raise NotFound()
    form = Form(Withdraw, {"scope": [c.scope for c in stands]})
    if form.is_sent:
        with form:
            given = form.read()
            member = locked(member_id)
            rows = service.withdraw(member, partner_uid, given["scope"], reason=given.get("reason", ""))
            if not rows:
                raise Invalid({"scope": "choose_one"})
            flash(f"已撤回 {len(rows)} 项，停止共享并请对方销毁")
            return redirect(url_for("members.show", member_id=member_id) + "#notices", 303)
    return form.page(
        "members/withdraw.html", m=whole.member, stands=stands, partner=partners().get(partner_uid, "伙伴县"), w=wording
    )
