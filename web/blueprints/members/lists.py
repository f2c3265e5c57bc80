"""The lists and the search box. Everything that narrows, sorts or pages stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import current_app, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from web.blueprints import edge
from web.blueprints.members.columns import columns_of
from web.blueprints.members.rooms import away, bp
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import Sheet, opening
from web.core.errors import Invalid
from web.core.events import Actor
from web.tenants.accounts.permissions import Permission
from web.tenants.members import search
from web.tenants.register import service as register
from web.tenants.register.facets import FACETS, Roll, dues_limit
from web.tenants.register.queries import Query
from web.tenants.register.service import Extra, Line
from web.tenants.workbench import service as workbench
from web.tenants.workbench.facets import Facet
from web.tenants.workbench.listings import LISTINGS, Listing


@dataclass(frozen=True)
class Column:
    """A column of a later room in these lists. `cell` gives words or Markup for a line (its value: `line.extra[name]`)."""

    extra: Extra
    title: str
    cell: Callable[[Line], Any]
    rolls: tuple[Roll, ...] = (Roll.AWAY,)


@dataclass(frozen=True)
class Act:
    """What can be done with ticked rows: posts the selection to an endpoint, whose address has `more`. `chosen()` reads it there."""

    words: str
    endpoint: str
    permission: Permission
    rolls: tuple[Roll, ...] = (Roll.MEMBERS, Roll.AWAY)
    more: Mapping[str, Any] = field(default_factory=dict)


COLUMNS: list[Column] = []
ACTS: list[Act] = [
    Act("送请报到", "referrals.offer_preview", Permission.REFERRAL_WRITE, (Roll.AWAY,)),
    Act("登记告知", "members.notify", Permission.MEMBER_WRITE),
    Act("成批修改", "members.bulk_edit", Permission.MEMBER_WRITE),
    Act("成批改流动登记", "workbench.bulk", Permission.MEMBER_WRITE, (Roll.AWAY,), {"list_": "away"}),
]
TITLES = {Roll.MEMBERS: "本县党员", Roll.AWAY: "流出党员"}
ENDPOINTS = {Roll.MEMBERS: "members.index", Roll.AWAY: "away.index"}


def _columns(roll: Roll) -> list[Column]:
    return [c for c in COLUMNS if roll in c.rolls]


def _facets(roll: Roll) -> list[Facet]:
    return [*FACETS, *(c.extra.facet for c in _columns(roll) if c.extra.facet)]


def acts_of(roll: Roll) -> list[tuple[str, str]]:
    known = current_app.view_functions
    return [
        (a.words, url_for(a.endpoint, **a.more))
        for a in ACTS
        if roll in a.rolls and a.endpoint in known and current_user.can(a.permission)
    ]


def address(query: Query) -> str:
    """Where this query is shown."""
    pairs = query.pairs()
    return url_for(ENDPOINTS[query.roll]) + ("?" + urlencode(pairs) if pairs else "")


def chosen() -> list[UUID]:
    """The members of a posted selection: the ticked ones, or all that match the query, run again now. Invalid for none."""
    form, actor = request.form, edge.actor()
    try:
        roll = Roll(form.get("roll", Roll.MEMBERS))
        ids = [UUID(value) for value in form.getlist("id")[: register.MOST_SELECTED]]
    except ValueError as error:
        raise Invalid({"id": "invalid"}) from error
    if form.get("all_matching") == "1":
        found = register.selected(
            query_of(roll, form.get("query", "")), actor, extras=[c.extra for c in _columns(roll)]
        )
    else:
        found = register.among(ids, actor)
    if not found:
        raise Invalid({"id": "choose_one"}, code="nothing_chosen")
    return found


def query_of(roll: Roll, text: str) -> Query:
    """The question an address asks, out of its query string."""
    return Query.read(roll, parse_qsl(text, keep_blank_values=True), _facets(roll))


def _listing(roll: Roll) -> Listing:
    def walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Line]:
        extras = [c.extra for c in _columns(roll)]
        return register.walk(query_of(roll, text), actor, extras=extras, is_whole=is_whole)

    def total(text: str, actor: Actor) -> int:
        return register.count(query_of(roll, text), actor, [c.extra for c in _columns(roll)])

    return Listing(
        roll.value, TITLES[roll], "人", ENDPOINTS[roll], Permission.MEMBER_READ,
        lambda: columns_of(roll, [(c.extra.name, c.title, c.cell) for c in _columns(roll)]), walk, total,
        has_numbers=True, facets=lambda: _facets(roll), typed=search.condition,
    )  # fmt: skip


LISTINGS.update({roll.value: _listing(roll) for roll in Roll})


def _list(roll: Roll) -> str | Response:
    query = Query.read(roll, request.args.items(multi=True), _facets(roll))
    actor, listing = edge.actor(), LISTINGS[roll.value]
    lists, rows = register.choices(actor, workbench.arranged(listing, actor))
    arranged = replace(workbench.arrangement(rows), choices=lists)
    if (first := opening(listing, arranged)) is not None:
        return first
    found = register.page(
        query, actor, after=request.args.get("after", ""), before=request.args.get("before", ""),
        extras=[c.extra for c in _columns(roll)],
    )  # fmt: skip
    return render_template(
        f"members/{roll}.html", roll=roll, title=TITLES[roll], query=query, page=found,
        sheet=Sheet(listing, arranged, listing.chosen(arranged.columns)), acts=acts_of(roll), dues_limit=dues_limit(),
        other=address(replace(query, roll=Roll.MEMBERS if roll is Roll.AWAY else Roll.AWAY)),
    )  # fmt: skip


@bp.get("/")
@needs(Permission.MEMBER_READ)
def index() -> str | Response:
    """本县党员."""
    return _list(Roll.MEMBERS)


@away.get("/", endpoint="index")
@needs(Permission.MEMBER_READ)
def index_of_away() -> str | Response:
    """流出党员: those with an open flow that counts."""
    return _list(Roll.AWAY)


@bp.get("/found")
@needs(Permission.MEMBER_READ)
def found() -> str:
    """The first few for the search box, as links."""
    query = Query.read(Roll.MEMBERS, [("q", request.args.get("q", ""))])
    page = register.page(query, edge.actor(), size=8) if query.text else None
    return render_template("members/found.html", page=page, more=address(query))
