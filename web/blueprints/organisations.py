"""The tree of organisations: seen whole or in part, added to, renamed, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import Schema
from sqlalchemy import and_, func, true
from werkzeug.wrappers import Response

from web.blueprints import edge, navigation, timeline
from web.blueprints.forms import Form, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.words import ORG_KINDS
from web.blueprints.workbench.editing import editable
from web.blueprints.workbench.sheets import opening, sheet_of
from web.blueprints.workbench.undo import offer
from web.core import events
from web.core.errors import Invalid, WrongState
from web.core.events import Actor
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, NUMBERS, Permission, Role
from web.tenants.counties import divisions
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members import branches
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.register.editing import Editing
from web.tenants.workbench.facets import Facet, any_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing

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
    labels: Sequence[Mark]


def _lines(text: str, actor: Actor) -> list[Line]:
    """The tree as narrowed, two queries: with its accounts, and members by branch. Administrators see no numbers of members."""
    members = branches.counts() if _counts(actor) else {}
    own = (Account.tenant_id == PartyOrg.tenant_id) & (Account.org_id == PartyOrg.id)
    people = db.select(func.count()).select_from(Account).where(own, Account.is_active).correlate(PartyOrg)
    is_asked = and_(true(), *LISTINGS["organisations"].asked(text).conditions()).label("is_asked")
    query = db.select(PartyOrg, people.scalar_subquery(), is_asked).where(organisations.within(actor, PartyOrg.id))
    nodes = db.session.execute(labels.beside(query, PartyOrg.id).order_by(PartyOrg.path)).all()
    below: dict[str, int] = {}
    for org, *_ in nodes:
        steps = org.path.rstrip(".").split(".")
        for n in range(1, len(steps) + 1):
            prefix = ".".join(steps[:n]) + "."
            below[prefix] = below.get(prefix, 0) + members.get(org.id, 0)
    top = min((org.path.count(".") for org, *_ in nodes), default=1)
    return [
        Line(org, org.path.count(".") - top, members.get(org.id, 0), below[org.path], n, labels.of(row))
        for row in nodes
        for org, n, is_shown, *_ in [row]
        if is_shown
    ]


def _counts(actor: Actor) -> bool:
    return bool(GRANTS[Role(actor.role)] & NUMBERS)


COLUMNS = (
    Column("name", "名称", lambda it: it.org.name, 0),
    Column("kind", "类别", lambda it: ORG_KINDS[it.org.kind], 112, "hide-phone"),
    Column("own", "党员", lambda it: it.own or "", 72, is_number=True, missing="无"),
    Column("below", "连下级", lambda it: it.below or "", 72, is_number=True, missing="无"),
    Column("accounts", "账号", lambda it: it.accounts or "", 64, "hide-phone", is_number=True, missing="无"),
    Column("venue", "活动阵地", lambda it: it.org.venue, 160, "hide-narrow", edit="venue"),
    Column("phone", "办公电话", lambda it: it.org.phone, 128, "hide-narrow", edit="phone"),
    Column("address", "地址", lambda it: it.org.address, 192, is_standard=False, edit="address"),
    Column("full_name", "全称", lambda it: it.org.full_name, 240, is_standard=False),
    Column("active", "在用", lambda it: "在用" if it.org.is_active else "已撤销", 80, is_standard=False),
    labels.COLUMN,
)


def _filled(name: str, label: str) -> Facet:
    column = getattr(PartyOrg, name)
    return Facet(name, label, yes(column != ""), column == "", {"yes": "已填"})


FACETS = (
    Facet("kind", "类别", any_of(PartyOrg.kind), None, ORG_KINDS),
    Facet("active", "在用", yes(PartyOrg.is_active), None, {"yes": "在用"}),
    _filled("venue", "活动阵地"),
    _filled("phone", "办公电话"),
    _filled("address", "地址"),
    *labels.facets(PartyOrg.id),
)
LISTINGS["organisations"] = Listing(
    "organisations", "党组织", "个", "organisations.index", Permission.ORGANISATION_READ, lambda: COLUMNS,
    lambda query, actor, is_whole: iter(_lines(query, actor)), lambda query, actor: len(_lines(query, actor)),
    facets=lambda: FACETS, typed=lambda text: PartyOrg.full_name.contains(text, autoescape=True),
    labelled=Labelled(Permission.ORGANISATION_WRITE, lambda it: it.org.id),
)  # fmt: skip


def _demand_open(org: PartyOrg) -> None:
    if not org.is_active:
        raise WrongState("organisation_closed")


def _get(org_id: UUID, actor: Actor, lock: bool) -> PartyOrg:
    return organisations.visible_org(org_id, actor, lock=lock)


def _settle(org: PartyOrg, given: Mapping[str, str], actor: Actor) -> None:
    organisations.settle(org, **({name: getattr(org, name) for name in PLACE} | dict(given)))


PLACE = ("venue", "address", "phone")
editable(
    Editing(
        "organisations", Permission.ORGANISATION_WRITE, PLACE, "party_org.settle", _get, lambda org: org.name,
        lambda line: line.org.id, _demand_open, _settle,
    ),
    Place,
)  # fmt: skip


def kinds_under(org: PartyOrg) -> list[tuple[str, str]]:
    """What can be set up below it."""
    return [(kind, ORG_KINDS[kind]) for kind, parents in organisations.UNDER.items() if org.kind in parents]


@bp.get("")
@needs(Permission.ORGANISATION_READ)
def index() -> str | Response:
    sheet = sheet_of("organisations")
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    lines = _lines(request.query_string.decode("utf-8", "replace"), edge.actor())
    if not _counts(edge.actor()):
        sheet.columns = [c for c in sheet.columns if c.name not in ("own", "below")]
    return render_template(
        "organisations/index.html",
        lines=lines,
        sheet=sheet,
        total=sum(line.own for line in lines),
        has_counts=_counts(edge.actor()),
        is_gone=lambda line: not line.org.is_active,
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
            organisations.settle(org, **{name: given.get(name, "") for name in PLACE})
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
            with events.noted() as did:
                organisations.close(org, form.read()["reason"])
            offer(say("已撤销{name}", name=org.name), did)
            return redirect(url_for("organisations.index"), 303)
    return form.page("organisations/close.html", org=organisations.get(org_id))
