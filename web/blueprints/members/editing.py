"""Entering and amending a member, moving between branches, the end of membership."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from web.blueprints import edge, filters
from web.blueprints.forms import Form
from web.blueprints.members import wording
from web.blueprints.members.pages import locked, person
from web.blueprints.members.rooms import bp
from web.blueprints.members.schemas import Assign, EditMember, EndMembership, NewMember
from web.blueprints.policy import needs
from web.blueprints.workbench.undo import offer
from web.core import events
from web.core.errors import Conflict, Invalid, NotPermitted
from web.core.fields import FIELDS, mask
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.consents import service as consents
from web.tenants.members import citizen_id, codes, service, values
from web.tenants.members.codes import Standing
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.register import service as register

# Their present values never stand in a form: an empty field leaves them as they are.
UNSHOWN = frozenset(wording.REVEALABLE) - {"host_address"}
_CODED = {
    "gender": codes.GENDER,
    "ethnicity": codes.ETHNICITY,
    "education": codes.EDUCATION,
    "member_kind": codes.MEMBER_KIND,
    "flow_reason": codes.FLOW_REASON,
    "work_kind": codes.UNIT_KIND,
}


def options(orgs: Iterable[PartyOrg]) -> list[tuple[str, str]]:
    return [(str(o.id), o.full_name) for o in orgs]


def demand_mine(*org_ids: UUID | None) -> None:
    """A person is only put where the actor may see: NotPermitted for a branch in another part of the tree, NotFound for one
    that is absent or another county's.
    """
    wanted = {o for o in org_ids if o is not None}
    for org_id in wanted - {o.id for o in organisations.branches(edge.actor())}:
        organisations.get(org_id)
        raise NotPermitted("branch_not_yours")


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def new() -> Any:
    """Enter a member: fill in from the number, warn of the same person, then write."""
    branches = organisations.branches(edge.actor())
    form = Form(
        NewMember,
        {"member_kind": "1", "branch_id": str(branches[0].id) if len(branches) == 1 else ""},
        draft="members.new",
    )
    same: list[service.Candidate] = []
    differs: list[str] = []
    if form.is_sent:
        with form:
            if request.form.get("act") == "fill":
                fill_in(form)
                return form.page("members/new.html", branches=options(branches), same=[], differs=[], mine=set())
            given = form.read()
            is_other = given.pop("is_other")
            branch_id = given.pop("branch_id")
            demand_mine(branch_id)
            kept = values.read({f: v for f, v in given.items() if f != "gender" or v})
            differs = values.disagreements(kept)
            if isinstance(kept.get("id_number"), str) and not kept.get("birth_on"):
                kept["birth_on"] = citizen_id.birth_on(str(kept["id_number"]))
            told = {f: kept.get(f) for f in ("birth_on", "id_number", "phone")}
            same = service.duplicates(name=given["name"], **told)  # type: ignore[arg-type]
            is_same = any(c.why == "id_number" for c in same)
            if is_same or ((same or differs) and not is_other):
                raise Invalid({"": "look_again"})
            member = service.enroll(branch_id, **given)
            flash(say("已登记 {name}", name=member.name))
            return redirect(url_for("members.show", member_id=member.id), 303)
    mine = set(register.among([c.member_id for c in same], edge.actor())) if same else set()
    return form.page("members/new.html", branches=options(branches), same=same, differs=differs, mine=mine, w=wording)


def fill_in(form: Form) -> None:
    """Birth and gender out of the number typed; a wrong number is said beside its field."""
    number = citizen_id.normalise(form.values.get("id_number", ""))
    kept = values.read({"id_number": number})
    if kept["id_number"]:
        number = str(kept["id_number"])
        form.values |= {
            "id_number": number,
            "birth_on": citizen_id.birth_on(number),
            "gender": citizen_id.gender_of(number),
        }


@bp.route("/<uuid:member_id>/edit", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def edit(member_id: UUID) -> Any:
    """Amend facts. What another changed meanwhile is shown beside what was typed (412)."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    service.demand_open(member)
    form = Form(EditMember, _present(member), draft=f"members.edit:{member_id}")
    if form.is_sent:
        try:
            with form:
                given = form.read()
                version = version_of(given.pop("version"))
                reason, cleared = given.pop("reason", ""), set(given.pop("clear")) & UNSHOWN
                given = {f: v for f, v in given.items() if f not in UNSHOWN or v or f in cleared}
                consents.demand_choice(member, given.get("chosen_phone") or member.chosen_phone)
                with events.noted() as did:
                    service.amend(member, given, version=version, reason=reason)
                offer("已保存" if did else "没有改动", did)
                return redirect(url_for("members.show", member_id=member_id), 303)
        except Conflict as clash:
            db.session.rollback()
            take_left(form, clash)
            form.values["version"] = clash.params["version"].isoformat()  # type: ignore[attr-defined]
            return render_template(
                "members/edit.html", form=form, m=member, masks=_masks(member), clash=both(clash, form)
            ), 412
    return form.page("members/edit.html", m=member, masks=_masks(member), clash=None)


def _present(member: Member) -> dict[str, Any]:
    shown = {f: getattr(member, f) for f in values.READERS if f not in UNSHOWN}
    return {**shown, "version": member.updated_at.isoformat()}


def version_of(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid({"": "invalid"}) from error


def _masks(member: Member) -> dict[str, str | None]:
    return {f: mask(f, getattr(member, f)) for f in UNSHOWN}


def take_left(form: Form, clash: Conflict) -> None:
    """The next press is of the version of now: what this person left alone stands there as the other made it."""
    left: dict[str, object] = clash.params["left"]  # type: ignore[assignment]
    form.values |= {f: "" if f in wording.REVEALABLE else theirs for f, theirs in left.items()}
    form.values["version"] = clash.params["version"]


def both(clash: Conflict, form: Form) -> dict[str, Any]:
    """Label, ours and theirs of each field, as people read them."""
    fields: dict[str, tuple[object, object]] = clash.params["fields"]  # type: ignore[assignment]
    rows = [(form.labels[f], *(said(f, v) for v in pair)) for f, pair in fields.items()]
    return {"rows": rows, "who": clash.params["who"], "when": filters.since(clash.params["at"])}  # type: ignore[arg-type]


def said(field: str, value: object) -> str:
    if value in (None, ""):
        return "空"
    if field in _CODED:
        return _CODED[field].label(str(value))
    return str(mask(field, value) if isinstance(value, str) and field in FIELDS else value)


@bp.route("/<uuid:member_id>/assign", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def assign(member_id: UUID) -> Any:
    """To another branch, or in the care of an away branch."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    service.demand_open(member)
    form = Form(Assign, {"branch_id": member.branch_id, "away_org_id": member.away_org_id or ""})
    branches = organisations.branches(edge.actor())
    if form.is_sent:
        with form:
            given = form.read()
            branch_id, away_id = given["branch_id"], given.get("away_org_id")
            demand_mine(*({branch_id, away_id} - {member.branch_id, member.away_org_id}))
            with events.noted() as did:
                service.assign_branch(member, branch_id, reason=given.get("reason", ""))
                if away_id != member.away_org_id:
                    service.assign_away(member, away_id, reason=given.get("reason", ""))
            offer("已编入" if did else "没有改动", did)
            return redirect(url_for("members.show", member_id=member_id), 303)
    return form.page(
        "members/assign.html",
        m=member,
        branches=options(branches),
        aways=options(b for b in branches if b.kind is OrgKind.AWAY_BRANCH),
    )


@bp.route("/<uuid:member_id>/end", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def end(member_id: UUID) -> Any:
    """The end of membership, by a decision taken elsewhere."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    service.demand_held(member)
    form = Form(EndMembership)
    if form.is_sent:
        with form:
            given = form.read()
            with events.noted() as did:
                service.end(member, Standing(given["standing"]), reason=given["reason"])
            offer(say("已登记，{name} 的记录转为历史", name=member.name), did)
            return redirect(url_for("members.show", member_id=member_id), 303)
    return form.page("members/end.html", m=member, w=wording)
