"""Partner counties: invite, wait, compare the fingerprint by telephone, confirm; how the channel to each one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from marshmallow import Schema
from sqlalchemy import ColumnElement, Select, case, func, or_
from sqlalchemy.orm import aliased

from web.blueprints import navigation, stops, todos
from web.blueprints.forms import Form, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.stops import Stop
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import fence
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.keyset import Order
from web.core.queue import Job, defer
from web.core.saying import say
from web.extensions import db
from web.federation.post import keys, reopening
from web.federation.post.models import Channel, OutboxMessage, Peer, PeerState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.workbench import queues
from web.tenants.workbench.facets import Facet, any_of, by_word, on_day
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing
from web.tenants.workbench.plain import PlainList
from web.tenants.workbench.queues import Waiting

bp = Blueprint("peers", __name__, url_prefix="/<county>/peers")


def _confirmed(actor: Actor) -> Any:
    return db.select(db.func.count()).select_from(Peer).where(Peer.state == PeerState.CONFIRMED)


navigation.ITEMS.append(
    Item("共管", "伙伴县", "peers.index", Permission.PEER_READ, count=_confirmed, also=frozenset({"county_keys"}))
)


def _to_confirm(actor: Actor) -> Select[Any]:
    return db.select(*queues.columns(Peer.uid, Peer.created_at, name=Peer.name)).where(
        Peer.state == PeerState.INTRODUCED
    )


def _todos(rows: Sequence[Waiting]) -> list[todos.Todo]:
    return [
        todos.Todo(row.name, "打电话核对指纹", url_for("peers.confirm", peer_uid=row.id), None, "核对") for row in rows
    ]


todos.QUEUES.append(
    todos.Queue(
        "peers",
        "核对伙伴县指纹",
        "核对后才能来往",
        Permission.PEER_CONFIRM,
        lambda: url_for("peers.index", state=PeerState.INTRODUCED.value),
        _to_confirm,
        _todos,
    )
)

STATES = {
    PeerState.ASKED: ("theirs", "已邀请，等对方身份说明"),
    PeerState.INTRODUCED: ("now", "待核对指纹"),
    PeerState.CONFIRMED: ("done", "已核对"),
}


class Invitation(Schema):
    code = Text("区划代码", limit=6, required=True)


class Reopening(Schema):
    reason = Text("查清的原因", limit=200, required=True)


class Confirmation(Schema):
    fingerprint = Text("对方念出的最后两组", limit=20, required=True)


@dataclass(frozen=True)
class Line:
    """A partner and the channel to it, `out` and `into`; `waiting`: messages of ours without their receipt; `has_given_up`:
    whether thirty days did not deliver one of them.
    """

    peer: Peer
    out: Channel | None
    into: Channel | None
    waiting: int
    has_given_up: bool
    labels: Sequence[Mark] = ()

    @property
    def stopped(self) -> str:
        """The code that stopped a direction; empty while both run."""
        return next((way.stopped for way in (self.into, self.out) if way is not None and way.stopped), "")

    @property
    def whys(self) -> list[Stop]:
        """Why it stands still until a person acts, and what to do; empty while it goes by itself."""
        if self.peer.state is not PeerState.CONFIRMED:
            return []
        codes = dict.fromkeys(way.stopped for way in (self.into, self.out) if way is not None and way.stopped)
        return [stops.stop(code) for code in codes] or ([stops.GIVEN_UP] if self.has_given_up else [])

    @property
    def may_reopen(self) -> bool:
        """Whether what stopped it may be tried again."""
        return stops.may_reopen({way.stopped for way in (self.into, self.out) if way is not None})

    @property
    def held(self) -> Stop | None:
        """Why what waits has not gone, where it goes by itself."""
        return stops.held(self.out.held) if self.out is not None and self.out.held and self.waiting else None

    @property
    def why(self) -> str:
        """What it stands still for; empty while it goes by itself."""
        return next((stop.why for stop in self.whys), "")

    @property
    def sign_at(self) -> datetime | None:
        """When the other side was heard last."""
        return max((w.last_sign_at for w in (self.out, self.into) if w is not None and w.last_sign_at), default=None)

    @property
    def standing(self) -> str:
        """One of STANDINGS."""
        if self.peer.state is not PeerState.CONFIRMED:
            return "revoked" if self.peer.confirmed_at is not None else "closed"
        return "stopped" if self.whys else "waiting" if self.waiting else "open"


STANDINGS = {"closed": "未开通", "revoked": "停等核对", "stopped": "已停", "waiting": "有待签收", "open": "通"}
_UNSIGNED = (OutboxMessage.peer_uid == Peer.uid) & OutboxMessage.receipt.is_(None)


def _stands() -> Mapping[str, ColumnElement[bool]]:
    is_open = Peer.state == PeerState.CONFIRMED
    stops = reopening.stopped("out", "in")
    waits = db.select(OutboxMessage.id).where(_UNSIGNED).exists()
    return {
        "closed": ~is_open & Peer.confirmed_at.is_(None),
        "revoked": ~is_open & Peer.confirmed_at.is_not(None),
        "stopped": is_open & stops,
        "waiting": is_open & ~stops & waits,
        "open": is_open & ~stops & ~waits,
    }


COLUMNS = (
    Column("name", "伙伴县", lambda it: it.peer.name, 0),
    Column("state", "核对", lambda it: STATES[it.peer.state][1], 176),
    Column("line", "通道", lambda it: STANDINGS[it.standing], 160),
    Column("out", "发", lambda it: it.out.seq if it.out else 0, 64, "hide-phone", is_number=True),
    Column("into", "收", lambda it: it.into.seq if it.into else 0, 64, "hide-phone", is_number=True),
    Column("office", "部门", lambda it: it.peer.office, 240, is_standard=False),
    Column("code", "区划代码", lambda it: it.peer.code, 96, is_standard=False),
    Column("waiting", "待签收", lambda it: it.waiting, 72, is_standard=False, is_number=True),
    Column("sign", "最近回执", lambda it: it.sign_at, 128, is_standard=False, missing="还没有"),
    Column("confirmed", "核对时间", lambda it: it.peer.confirmed_at, 128, is_standard=False, missing="还没有核对"),
    labels.COLUMN,
)
FACETS = (
    Facet("state", "核对", any_of(Peer.state), None, {state: said for state, (_, said) in STATES.items()}),
    Facet("line", "通道", by_word(_stands), None, STANDINGS),
    Facet("day", "核对日期", on_day(Peer.confirmed_at), Peer.confirmed_at.is_(None), {}, "date"),
    *labels.facets(Peer.id),
)


def _rows(_actor: Actor | None = None) -> Select[Any]:
    query = db.select(Peer)
    for way, direction in ((_OUT, "out"), (_INTO, "in")):
        here = (way.tenant_id == Peer.tenant_id) & (way.peer_uid == Peer.uid) & (way.direction == direction)
        query = query.outerjoin(way, here).add_columns(way)
    waiting = db.select(func.count(OutboxMessage.id)).where(_UNSIGNED).correlate(Peer).scalar_subquery()
    query = query.add_columns(waiting.label("waiting"), reopening.gave_up().label("has_given_up"))
    return labels.beside(query, Peer.id)


def _line(row: Any) -> Line:
    return Line(row[0], row[1], row[2], row[3], row[4], labels.of(row))


_OUT, _INTO = aliased(Channel), aliased(Channel)
# What waits for a person first.
_RANK = case({PeerState.INTRODUCED: 0, PeerState.CONFIRMED: 1}, value=Peer.state, else_=2)
PEERS = PlainList(_rows, Order((_RANK, Peer.code, Peer.id), (int, str, UUID)), _line)
LISTINGS["peers"] = Listing(
    "peers", "伙伴县", "个", "peers.index", Permission.PEER_READ, lambda: COLUMNS, *PEERS.of("peers"),
    facets=lambda: FACETS, fixed="a partner says itself who it is, and a person confirms it",
    typed=lambda text: or_(Peer.name.contains(text, autoescape=True), Peer.code == text),
    labelled=Labelled(Permission.PEER_CONFIRM, lambda it: it.peer.id),
)  # fmt: skip


def known(*where: Any) -> tuple[list[Peer], dict[UUID, Line]]:
    """Those of a condition; peer → the channel to it: one query."""
    lines = [_line(row) for row in db.session.execute(_rows().where(*where))]
    return [it.peer for it in lines], {it.peer.uid: it for it in lines}


@bp.get("")
@needs(Permission.PEER_READ)
def index() -> Any:
    """Every partner and how its channel stands; whose fingerprint is to be compared first."""
    sheet = sheet_of("peers")
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    page = sheet.page(PEERS)
    return render_template(
        "peers/index.html", sheet=sheet, page=page, states=STATES, fingerprint=keys.own_fingerprint().split()
    )


@bp.route("/invite", methods=["GET", "POST"])
@needs(Permission.PEER_CONFIRM)
def invite() -> Any:
    """Ask the county of a division code; its descriptor is fetched by the worker."""
    form = Form(Invitation)
    if form.is_sent:
        with form:
            row = keys.invite(form.read()["code"])
            defer(Job.HELLO, fence.tenant(), row.uid)
            flash("已邀请，正在取对方的身份说明")
            return redirect(url_for("peers.confirm", peer_uid=row.uid), 303)
    return form.page("peers/invite.html")


@bp.route("/<uuid:peer_uid>/fingerprint", methods=["GET", "POST"])
@needs(Permission.PEER_CONFIRM)
def confirm(peer_uid: UUID) -> Any:
    """Their fingerprint, large, to be compared by telephone; confirmed by the last two groups as they were read out."""
    row = keys.peer(peer_uid)
    form = Form(Confirmation)
    if form.is_sent:
        with form:
            is_again = row.confirmed_at is not None
            keys.confirm(row, form.read()["fingerprint"])
            flash(
                say("{name}的新指纹已核对，停等的正在接着送", name=row.name)
                if is_again
                else say("{name}已核对，可以订立协议", name=row.name)
            )
            return redirect(url_for("peers.index"), 303)
    return form.page(
        "peers/confirm.html",
        row=row,
        groups=row.fingerprint.split()[:-2],
        own=keys.own_fingerprint().split(),
        states=STATES,
    )


@bp.route("/<uuid:peer_uid>/line", methods=["GET", "POST"])
@needs(Permission.PEER_CONFIRM)
def line(peer_uid: UUID) -> Any:
    """Why the line to it stands still, and letting it go on once persons of both sides found the cause."""
    found, lines = known(Peer.uid == peer_uid)
    if not found:
        raise NotFound()
    form = Form(Reopening)
    if form.is_sent:
        with form:
            reopening.reopen(peer_uid, form.read()["reason"])
            flash("通道已重开，停下的正在接着送")
            return redirect(url_for("peers.show", peer_uid=peer_uid), 303)
    at = lines[peer_uid]
    return form.page("peers/line.html", row=found[0], whys=at.whys, may=at.may_reopen)
