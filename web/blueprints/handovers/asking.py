"""Asking a county to hand over a member who applied at our window: a guest of ours, one who was ours before, or neither."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.forms import Day, Form, Id, One, Text
from web.blueprints.handovers.rooms import bp
from web.blueprints.handovers.wording import TOLD
from web.blueprints.members import pages
from web.blueprints.members.pages import Act
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid, NotFound
from web.core.saying import say
from web.federation.handovers import service
from web.federation.handovers.models import HandoverState
from web.federation.referrals import lists as referrals
from web.federation.referrals import service as referral_service
from web.federation.referrals.lists import Row
from web.tenants.accounts.permissions import WHOLE_COUNTY, Permission
from web.tenants.consents.models import Method
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations


class Person(Schema):
    name = Text("姓名", limit=60, required=True)
    birth_on = Day("出生日期", required=True)
    to_org = Text("转入组织", limit=100, required=True)


class Asked(Person):
    partner = Id("现在的流出县")
    method = One("本人怎样申请的", list(TOLD.items()))
    applied_on = Day("申请日期", required=True)


@bp.route("/ask", methods=["GET", "POST"])
@needs(Permission.HANDOVER_WRITE)
def begin_ask() -> Any:
    """`referral`: a guest of ours; `member`: one who was ours. Then the county and what is known stand already."""
    guest, old = _guest(), _old()
    partners = {peer.uid: peer.name for peer in service.partners()}
    form = Form(Asked, _begun(partners, guest, old))
    if form.is_sent:
        with form:
            given = form.read()
            if given["partner"] not in partners:
                raise Invalid({"partner": "choose_one"})
            is_guest = guest is not None and guest.referral.partner_uid == given["partner"]
            handover = service.ask(
                given["partner"],
                name=given["name"],
                birth_on=given["birth_on"],
                to_org=given["to_org"],
                method=Method(given["method"]),
                applied_on=given["applied_on"],
                referral_id=guest.referral.id if guest is not None and is_guest else None,
                branch_id=_place(guest.referral.branch_id if guest is not None and is_guest else None),
                old=old,
            )
            flash(say("请求已送往{partner}", partner=partners[given["partner"]]))
            return redirect(url_for("handovers.show", handover_id=handover.id), 303)
    return form.page("handovers/ask.html", partners=partners, guest=guest, old=old)


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args[name]) if name in request.args else None
    except ValueError:
        raise NotFound from None


def _guest() -> Row | None:
    """The guest the address names, as this actor sees him."""
    id_ = _id("referral")
    row = referrals.one(referral_service.get(id_), edge.actor()) if id_ is not None else None
    if id_ is not None and (row is None or row.referral.role != "host" or not row.values):
        raise NotFound
    if row is not None:
        referrals.note_reading([row], "one")
    return row


def _place(branch_id: UUID | None) -> UUID | None:
    """In whose part of the tree it is: the guest's branch. Who sees a part alone follows what he asked in his own."""
    actor = edge.actor()
    is_seen = actor.role in WHOLE_COUNTY or branch_id in {org.id for org in organisations.tree(actor)}
    return branch_id if is_seen else actor.org_id


def _old() -> Member | None:
    """The member of before the address names, as this actor sees him."""
    id_ = _id("member_id")
    return pages.person(id_).member if id_ is not None else None


def _begun(partners: dict[UUID, str], guest: Row | None, old: Member | None) -> dict[str, Any]:
    begun: dict[str, Any] = {"applied_on": clock.today(), "method": Method.PAPER.value}
    if len(partners) == 1:
        begun["partner"] = next(iter(partners))
    if guest is not None:
        begun |= {"partner": guest.referral.partner_uid, "name": guest.name, "to_org": guest.branch}
    if old is not None:
        begun |= {"name": old.name, "birth_on": old.birth_on}
        gone = next(
            (h for h in service.of_member(old.id) if h.role == "home" and h.state is HandoverState.CLOSED), None
        )
        begun |= {"partner": gone.partner_uid} if gone is not None else {}
    return begun


pages.ACTS.append(
    Act(
        "请求转回",
        "handovers.begin_ask",
        Permission.HANDOVER_WRITE,
        lambda member, flow: member.relation is Relation.TRANSFERRED,
    )
)
