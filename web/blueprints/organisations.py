"""The tree of organisations: seen whole or in part, added to, renamed, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from marshmallow import Schema
from sqlalchemy import func

from web.blueprints import edge, navigation, timeline
from web.blueprints.forms import Form, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.words import ORG_KINDS
from web.core.errors import Invalid
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import divisions
from web.tenants.members import branches
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

bp = Blueprint("organisations", __name__, url_prefix="/<county>/organisations")
navigation.ITEMS.append(Item("设置", "党组织", "organisations.index", Permission.ORGANISATION_READ))


class NewOrg(Schema):
    kind = One("类别", lambda: list(ORG_KINDS))
    name = Text("名称", limit=80, required=True)
    full_name = Text("全称", limit=160)
    host_code = Text("驻在地区划代码", limit=6)


class Renamed(Schema):
    name = Text("名称", limit=80, required=True)


class Place(Schema):
    venue = Text("活动阵地", limit=80)
    address = Text("地址", limit=160)
    phone = Text("办公电话", limit=40)


class Closing(Schema):
    reason = Text("事由", limit=200, required=True)


@dataclass(frozen=True)
class Line:
    """A node of the tree as the page shows it. `below`: members of the node and everything under it."""

    org: PartyOrg
    depth: int
    own: int
    below: int
    accounts: int


def _lines() -> list[Line]:
    """Three queries: the tree, members by branch, accounts by organisation. Administrators see no numbers of members."""
    nodes, members = organisations.tree(edge.actor()), branches.counts() if _counts() else {}
    query = db.select(Account.org_id, func.count().label("people")).where(Account.is_active).group_by(Account.org_id)
    people = {row.org_id: row.people for row in db.session.execute(query)}
    below: dict[str, int] = {}
    for org in nodes:
        steps = org.path.rstrip(".").split(".")
        for n in range(1, len(steps) + 1):
            prefix = ".".join(steps[:n]) + "."
            below[prefix] = below.get(prefix, 0) + members.get(org.id, 0)
    top = min((org.path.count(".") for org in nodes), default=1)
    return [Line(o, o.path.count(".") - top, members.get(o.id, 0), below[o.path], people.get(o.id, 0)) for o in nodes]


def _counts() -> bool:
    return bool(GRANTS[Role(edge.actor().role)] & {Permission.MEMBER_READ, Permission.REPORT_READ})


def kinds_under(org: PartyOrg) -> list[tuple[str, str]]:
    """What can be set up below it."""
    return [(kind, ORG_KINDS[kind]) for kind, parents in organisations.UNDER.items() if org.kind in parents]


@bp.get("")
@needs(Permission.ORGANISATION_READ)
def index() -> str:
    lines = _lines()
    return render_template(
        "organisations/index.html",
        lines=lines,
        kinds=ORG_KINDS,
        total=sum(line.own for line in lines),
        has_counts=_counts(),
    )


@bp.get("/<uuid:org_id>")
@needs(Permission.ORGANISATION_READ)
def show(org_id: UUID) -> str:
    org = organisations.visible_org(org_id, edge.actor())
    return render_template(
        "organisations/show.html",
        org=org,
        kind=ORG_KINDS[org.kind],
        parent=organisations.get(org.parent_id) if org.parent_id else None,
        host=divisions.full_name(org.host_code),
        can_hold=bool(kinds_under(org)),
        log=timeline.of(subject_id=org.id),
    )


@bp.route("/<uuid:org_id>/new", methods=["GET", "POST"])
@needs(Permission.ORGANISATION_WRITE)
def add(org_id: UUID) -> Any:
    """A new organisation below this one."""
    parent = organisations.get(org_id)
    form = Form(NewOrg)
    if form.is_sent:
        with form:
            values = form.read()
            kind = OrgKind(values["kind"])
            host_code = values.get("host_code", "")
            if host_code and (kind is not OrgKind.AWAY_BRANCH or divisions.find(host_code) is None):
                raise Invalid({"host_code": "not_a_division_code"})
            made = organisations.found(
                parent, kind, values["name"], full_name=values.get("full_name", ""), host_code=host_code
            )
            flash(say("已设立{name}", name=made.name))
            return redirect(url_for("organisations.index"), 303)
    return form.page("organisations/add.html", parent=organisations.get(org_id), options=kinds_under(parent))


@bp.route("/<uuid:org_id>/rename", methods=["GET", "POST"])
@needs(Permission.ORGANISATION_WRITE)
def rename(org_id: UUID) -> Any:
    org = organisations.get(org_id)
    form = Form(Renamed, {"name": org.name})
    if form.is_sent:
        with form:
            organisations.rename(org, form.read()["name"])
            flash("名称已改")
            return redirect(url_for("organisations.show", org_id=org_id), 303)
    return form.page("organisations/rename.html", org=organisations.get(org_id))


@bp.route("/<uuid:org_id>/place", methods=["GET", "POST"])
@needs(Permission.ORGANISATION_WRITE)
def place(org_id: UUID) -> Any:
    """Its activity venue, address and telephone."""
    org = organisations.get(org_id)
    form = Form(Place, {"venue": org.venue, "address": org.address, "phone": org.phone})
    if form.is_sent:
        with form:
            given = form.read()
            organisations.settle(org, **{name: given.get(name, "") for name in ("venue", "address", "phone")})
            flash("阵地和联系方式已保存")
            return redirect(url_for("organisations.show", org_id=org_id), 303)
    return form.page("organisations/place.html", org=org)


@bp.route("/<uuid:org_id>/close", methods=["GET", "POST"])
@needs(Permission.ORGANISATION_WRITE)
def close(org_id: UUID) -> Any:
    org = organisations.get(org_id)
    form = Form(Closing)
    if form.is_sent:
        with form:
            organisations.close(org, form.read()["reason"])
            flash(say("已撤销{name}", name=org.name))
            return redirect(url_for("organisations.index"), 303)
    return form.page("organisations/close.html", org=organisations.get(org_id))
