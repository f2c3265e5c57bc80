"""Leaving and returning: the flow section of a member's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from web.blueprints.forms import Form
from web.blueprints.members import editing, wording
from web.blueprints.members.pages import locked, person
from web.blueprints.members.rooms import bp
from web.blueprints.members.schemas import AmendFlow, Depart, EndFlow, Reason
from web.blueprints.policy import needs
from web.blueprints.workbench.editing import editable
from web.blueprints.workbench.undo import offer
from web.core import clock, events
from web.core.errors import Conflict, Invalid, NotFound, WrongState
from web.core.events import Actor
from web.core.fields import mask
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import divisions
from web.tenants.flows import service
from web.tenants.flows.models import FLOW, Flow, FlowEnd, FlowState
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.register.editing import Editing


def _open_of(member_id: UUID, actor: Actor, lock: bool) -> Flow:
    """The open flow of a member of the actor's part of the tree. NotFound without one."""
    query = (
        db.select(Flow)
        .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
        .where(Member.id == member_id, Flow.state != FlowState.ENDED)
    )
    query = organisations.visible(query, actor, Member.branch_id, Member.away_org_id)
    if lock:
        query = query.with_for_update(of=Flow).execution_options(populate_existing=True)
    found: Flow | None = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return found


def _demand_open(flow: Flow) -> None:
    members.demand_open(members.get(flow.member_id))


def _amend(flow: Flow, given: Mapping[str, str], actor: Actor) -> None:
    values: dict[str, Any] = dict(given)
    service.amend(flow, reason="cell", **values)


editable(
    Editing(
        "away",
        Permission.MEMBER_WRITE,
        ("work_unit", "occupation"),
        "flow.amend",
        _open_of,
        lambda flow: members.get(flow.member_id).name,
        lambda line: line.member_id,
        _demand_open,
        _amend,
        id_by=lambda flow_id: service.get(flow_id).member_id,
    ),
    AmendFlow,
)


def _open(member_id: UUID) -> tuple[Member, Flow]:
    """The member and the open flow, locked when something is written. NotFound without one."""
    is_write = request.method == "POST"
    member = locked(member_id) if is_write else person(member_id).member
    flow = service.current(member_id, lock=is_write)
    if flow is None:
        raise NotFound()
    return member, flow


def _placed(given: dict[str, Any]) -> dict[str, Any]:
    """A place that several divisions fit is asked again rather than guessed."""
    place = divisions.parse_place(given["host_text"]) if given.get("host_text") else None
    if place is not None and place.code is None and place.candidates:
        raise Invalid({"host_text": "place_ambiguous"})
    return given


@bp.route("/<uuid:member_id>/depart", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def depart(member_id: UUID) -> Any:
    """Register that the member left."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    members.demand_open(member)
    if service.current(member_id) is not None:
        raise WrongState("flow_already_open")
    service.demand_unmoved(member_id)
    form = Form(Depart, draft=f"members.depart:{member_id}")
    if form.is_sent:
        with form:
            given = _placed(form.read())
            with events.noted() as did:
                flow = service.depart(member, **given | {"host_address": given.get("host_address") or None})
            offer("已登记流出" if flow.state == "registered" else "已登记短期外出；满六个月自动转为流动党员", did)
            return redirect(url_for("members.show", member_id=member_id) + "#flow", 303)
    return form.page("members/depart.html", m=member, flow=None, clash=None)


@bp.route("/<uuid:member_id>/flow", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def amend_flow(member_id: UUID) -> Any:
    """Correct the open flow."""
    member, flow = _open(member_id)
    members.demand_open(member)
    shown = {f: getattr(flow, f) for f in service.AMENDABLE - {"host_code", "host_address"}}
    form = Form(AmendFlow, shown | {"version": str(service.version(flow))})
    address = mask("host_address", flow.host_address)
    if form.is_sent:
        try:
            with form:
                given = _placed(form.read())
                street, cleared = given.pop("host_address", "") or None, given.pop("clear")
                if street or cleared:
                    given["host_address"] = street
                changed = service.amend(flow, seen=given.pop("version"), **given)
                flash("已保存" if changed else "没有改动")
                return redirect(url_for("members.show", member_id=member_id) + "#flow", 303)
        except Conflict as clash:
            db.session.rollback()
            editing.take_left(form, clash)
            return render_template(
                "members/depart.html", form=form, m=member, flow=flow, address=address, clash=editing.both(clash, form)
            ), 412
    return form.page("members/depart.html", m=member, flow=flow, address=address, clash=None)


@bp.route("/<uuid:member_id>/flow/end", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def end_flow(member_id: UUID) -> Any:
    """Note the return, or another end."""
    member, flow = _open(member_id)
    form = Form(EndFlow, {"ended_as": FlowEnd.RETURNED.value, "ended_on": clock.today()})
    if form.is_sent:
        with form:
            given = form.read()
            was = flow.state
            with events.noted() as did:
                service.end(flow, FlowEnd(given["ended_as"]), on=given["ended_on"], reason=given.get("reason", ""))
            # What ended with it stays ended, and a partner county was told: there is a way back where nothing did.
            is_alone = was is FlowState.REGISTERED and len(did) == 1
            offer("流动已结束", did if is_alone else [])
            return redirect(url_for("members.show", member_id=member_id) + "#flow", 303)
    return form.page("members/end_flow.html", m=member, flow=flow, w=wording)


@bp.route("/<uuid:member_id>/flow/<verb>", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def move_flow(member_id: UUID, verb: str) -> Any:
    """Contact is difficult, lost or regained: always a person's word, with the reason."""
    if verb not in wording.FLOW_VERBS:
        raise NotFound()
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    if verb == "find" and service.is_lost_alone(member, service.current(member_id)):
        return _regain(member)
    member, flow = _open(member_id)
    members.demand_open(member)
    FLOW.demand(flow.state, verb)
    form = Form(Reason)
    if form.is_sent:
        with form:
            said = {"miss": service.miss, "find": service.find, "declare_lost": service.declare_lost}[verb]
            was, reason = flow.state, form.read()["reason"]
            with events.noted() as did:
                said(flow, reason=reason)
            # Only between 已流出 and 联系困难 is there a way back; losing contact is a decision of its own.
            is_light = {was, flow.state} == {FlowState.REGISTERED, FlowState.UNREACHABLE}
            offer("已登记", did if is_light else [])
            return redirect(url_for("members.show", member_id=member_id) + "#flow", 303)
    return form.page("members/move_flow.html", m=member, said=wording.FLOW_VERBS[verb])


def _regain(member: Member) -> Any:
    """Contact is regained with somebody no open flow says is lost: the register's word is taken back."""
    members.demand_open(member)
    form = Form(Reason)
    if form.is_sent:
        with form:
            reason = form.read()["reason"]
            members.mark_contact(member, is_lost=False, reason=reason)
            if (flow := service.current(member.id, lock=True)) is not None:
                service.note_contact(flow, reason=reason)
            flash("已登记")
            return redirect(url_for("members.show", member_id=member.id) + "#flow", 303)
    return form.page("members/move_flow.html", m=member, said=wording.FOUND_AGAIN)
