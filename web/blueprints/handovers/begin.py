"""Beginning a handover from a member's page: the member's own application, the partner, the destination."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from marshmallow import Schema

from web.blueprints.forms import Day, Form, Id, One, Text
from web.blueprints.handovers import wording
from web.blueprints.handovers.rooms import bp
from web.blueprints.handovers.wording import LACKING
from web.blueprints.members import pages
from web.blueprints.members.pages import Act
from web.blueprints.members.wording import METHODS
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid
from web.core.saying import say
from web.federation.handovers import packet, service
from web.federation.post import keys
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Method
from web.tenants.flows.models import Flow
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation


class Application(Schema):
    partner = Id("转往")
    to_org = Text("转入组织", limit=100, required=True)
    method = One("申请方式", list(METHODS.items()))
    applied_on = Day("申请日期", required=True)


@bp.route("/begin/<uuid:member_id>", methods=["GET", "POST"])
@needs(Permission.HANDOVER_WRITE)
def begin(member_id: UUID) -> Any:
    """Record the application and ask the partner county."""
    is_sent = request.method == "POST"
    member = pages.locked(member_id) if is_sent else pages.person(member_id).member
    members.demand_open(member)
    partners = {peer.uid: peer.name for peer in service.partners()}
    first = next(iter(partners)) if len(partners) == 1 else ""
    form = Form(Application, {"partner": first, "applied_on": clock.today(), "method": Method.PAPER.value})
    if form.is_sent:
        with form:
            given = form.read()
            if given["partner"] not in partners:
                raise Invalid({"partner": "choose_one"})
            handover = service.begin(
                member,
                given["partner"],
                method=Method(given["method"]),
                applied_on=given["applied_on"],
                to_org=given["to_org"],
            )
            flash(say("申请已送往{partner}", partner=partners[given["partner"]]))
            return redirect(url_for("handovers.show", handover_id=handover.id), 303)
        member = pages.person(member_id).member
    open_ = [h for h in service.of_member(member_id) if h.is_open]
    return form.page(
        "handovers/begin.html",
        m=member,
        partners=partners,
        methods=METHODS,
        open=open_,
        lacking=[LACKING[name] for name in packet.lacking(member)],
    )


def _section(member: Member, flow: Flow | None) -> Markup:
    """Every handover of a member, so that the way there and back can be read in one place."""
    found, peers = service.of_member(member.id), {peer.uid: peer.name for peer in keys.partners()}
    words = render_template("handovers/_member.html", found=found, peers=peers, w=wording)
    return Markup(words)  # noqa: S704 -- a template of ours, escaped there


pages.SECTIONS.append(_section)
pages.ACTS.append(
    Act(
        "转接组织关系",
        "handovers.begin",
        Permission.HANDOVER_WRITE,
        lambda member, flow: member.relation is Relation.HELD and member.frozen_by is None,
    )
)
