"""The member's own application, written down from the member's page: where to, how asked, and whom the letter is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints.forms import Day, Form, Id, One, Text
from web.blueprints.members import pages
from web.blueprints.members.pages import Act
from web.blueprints.members.wording import METHODS
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp, seen
from web.blueprints.transfers.wording import LACKING
from web.core import clock
from web.core.errors import Invalid, WrongState
from web.core.saying import say
from web.federation.handovers import service as handovers
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Method
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers import letters, service
from web.tenants.transfers.models import RelationTransfer, TransferKind

WAYS = [("inside", "本县内", "同一党委的支部之间，或另一个党委"), ("partner", "伙伴县", "由双方系统办理"),
        ("elsewhere", "其他地方", "开纸质介绍信")]  # fmt: skip


class Application(Schema):
    way = One("转往", [w[:2] for w in WAYS])
    to_org_id = Id("本县的党组织", required=False)
    partner = Id("伙伴县", required=False)
    to_org = Text("转入单位", limit=100)
    addressee = Text("介绍信抬头", limit=100)
    method = One("申请方式", list(METHODS.items()))
    applied_on = Day("申请日期", required=True)
    note = Text("备注", limit=200)


def destinations(branch_id: UUID) -> list[tuple[str, str]]:
    """Where a member of this branch can go inside the county: the branches of its committee, then the other committees."""
    tree = [org for org in organisations.tree() if org.is_active]
    committees = [org for org in tree if org.kind in organisations.COMMITTEES]

    def above(org: PartyOrg) -> PartyOrg:
        return max((c for c in committees if org.path.startswith(c.path)), key=lambda c: len(c.path))

    own = next(above(org) for org in tree if org.id == branch_id)
    near = [o for o in tree if o.kind in members.HOLDS_MEMBERS and o.id != branch_id and above(o) is own]
    far = [c for c in committees if c is not own]
    return [(str(o.id), say("本党委　{name}", name=o.name)) for o in near] + [
        (str(o.id), say("其他党委　{full_name}", full_name=o.full_name)) for o in far
    ]


def where_to(given: dict[str, Any], partners: dict[UUID, str]) -> dict[str, Any]:
    """The destination of the form as `service.Application` has it. Invalid for a choice that is missing."""
    way = given["way"]
    if way == "inside":
        if given.get("to_org_id") is None:
            raise Invalid({"to_org_id": "choose_one"})
        return {"to_org_id": given["to_org_id"]}
    if way == "partner":
        if given.get("partner") not in partners:
            raise Invalid({"partner": "choose_one"})
        return {"partner_uid": given["partner"], "to_org": given.get("to_org", "")}
    return {"to_org": given.get("to_org", ""), "addressee": given.get("addressee", "")}


def partners_today() -> dict[UUID, str]:
    """The counties an agreement covers for this."""
    return {peer.uid: peer.name for peer in handovers.partners()}


@bp.route("/begin/<uuid:member_id>", methods=["GET", "POST"])
@needs(Permission.TRANSFER_WRITE)
def begin(member_id: UUID) -> Any:
    """Write it down, and hand it up at once or keep it as a draft."""
    member = pages.locked(member_id) if request.method == "POST" else pages.person(member_id).member
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    partners = partners_today()
    form = Form(Application, {"way": "elsewhere", "applied_on": clock.today(), "method": Method.PAPER.value})
    if form.is_sent:
        with form:
            given = form.read()
            case = service.begin(member, _said(given, partners))
            if request.form.get("act") == "submit":
                service.submit(case)
            flash("已提交，等党委审批" if request.form.get("act") == "submit" else "已存为草稿")
            return redirect(url_for("transfers.show", case_id=case.id), 303)
        member = pages.person(member_id).member
    return _page(form, member, [c for c in service.of_member(member_id) if c.is_open])


def _said(given: dict[str, Any], partners: dict[UUID, str]) -> service.Application:
    """The application as the service takes it."""
    return service.Application(
        Method(given["method"]), given["applied_on"], note=given.get("note", ""), **where_to(given, partners)
    )


def _page(form: Form, member: Member, in_the_way: Sequence[RelationTransfer], case_id: UUID | None = None) -> Any:
    return form.page(
        "transfers/begin.html",
        m=member,
        case_id=case_id,
        ways=WAYS,
        partners=partners_today(),
        destinations=destinations(member.branch_id),
        methods=METHODS,
        open=in_the_way,
        lacking=[LACKING[name] for name in letters.lacking(member)],
    )


@bp.route("/<uuid:case_id>/amend", methods=["GET", "POST"])
@needs(Permission.TRANSFER_WRITE)
def amend(case_id: UUID) -> Any:
    """Mend what was written down, while it is a draft or was given back; it is handed up from the case's page."""
    whole = seen(case_id, lock=request.method == "POST")
    case, said = whole.case, whole.case.values()
    if "submit" not in service.verbs_now(case, whole.seats):
        raise WrongState("illegal_transition", state=case.state.value, verb="amend")
    way = {TransferKind.PARTNER: "partner", TransferKind.OUTWARD: "elsewhere"}.get(case.kind, "inside")
    form = Form(
        Application,
        {n: said.get(n, "") for n in ("to_org", "addressee", "method", "applied_on", "note")}
        | {"way": way, "to_org_id": case.to_org_id or "", "partner": case.partner_uid or ""},
    )
    if form.is_sent:
        with form:
            service.amend(case, _said(form.read(), partners_today()))
            flash("已保存，请提交党委")
            return redirect(url_for("transfers.show", case_id=case_id), 303)
        whole = seen(case_id)
    return _page(form, whole.member, [], case_id)


def _is_for(member: Member, _flow: object) -> bool:
    return member.relation is Relation.HELD and member.frozen_by is None


pages.ACTS.append(Act("申请转接", "transfers.begin", Permission.TRANSFER_WRITE, _is_for))
