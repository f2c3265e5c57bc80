"""Partner counties: invite, wait, compare the fingerprint by telephone, confirm; how the channel to each one stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from marshmallow import Schema
from sqlalchemy import Select

from web.blueprints import navigation, todos
from web.blueprints.forms import Form, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import fence
from web.core.events import Actor
from web.core.queue import Job, defer
from web.core.saying import say
from web.extensions import db
from web.federation.post import keys
from web.federation.post.models import Channel, OutboxMessage, Peer, PeerState
from web.federation.wire.codes import CODES, Turn
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting

bp = Blueprint("peers", __name__, url_prefix="/<county>/peers")


def _confirmed(actor: Actor) -> Any:
    return db.select(db.func.count()).select_from(Peer).where(Peer.state == PeerState.CONFIRMED)


navigation.ITEMS.append(Item("共管", "伙伴县", "peers.index", Permission.PEER_READ, count=_confirmed))


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
        lambda: url_for("peers.index"),
        _to_confirm,
        _todos,
    )
)

STATES = {
    PeerState.ASKED: ("theirs", "已邀请，等对方身份说明"),
    PeerState.INTRODUCED: ("now", "待核对指纹"),
    PeerState.CONFIRMED: ("done", "已核对"),
}
STOPPED = {
    Turn.SENDER: "由发送一方处理",
    Turn.RECEIVER: "由接收一方处理",
    Turn.BOTH: "双方联络员一起核对",
}


class Invitation(Schema):
    code = Text("区划代码", limit=6, required=True)


class Confirmation(Schema):
    fingerprint = Text("对方念出的最后两组", limit=20, required=True)


def known(*where: Any) -> tuple[list[Peer], dict[UUID, dict[str, Any]]]:
    """All of them, or those of a condition; peer → both directions, what waits and what was refused: one query."""
    waiting = (
        db.select(OutboxMessage.peer_uid, db.func.count().label("n"))
        .where(OutboxMessage.receipt.is_(None))
        .group_by(OutboxMessage.peer_uid)
        .subquery()
    )
    query = (
        db.select(Peer, Channel, waiting.c.n)
        .outerjoin(Channel, (Channel.tenant_id == Peer.tenant_id) & (Channel.peer_uid == Peer.uid))
        .outerjoin(waiting, waiting.c.peer_uid == Peer.uid)
        .where(*where)
        .order_by(Peer.state.desc(), Peer.code)
    )
    peers, found = dict[UUID, Peer](), dict[UUID, dict[str, Any]]()
    for peer, row, count in db.session.execute(query):
        peers[peer.uid] = peer
        entry = found.setdefault(peer.uid, {"waiting": count or 0})
        if row is None:
            continue
        entry[row.direction] = row
        if row.stopped:
            code = CODES.get(row.stopped)
            entry["stopped"], entry["whose"] = row.stopped, STOPPED[code.turn] if code else "请联系系统管理员"
        if row.last_sign_at and (not entry.get("sign_at") or row.last_sign_at > entry["sign_at"]):
            entry["sign_at"] = row.last_sign_at
    return list(peers.values()), found


@bp.get("")
@needs(Permission.PEER_READ)
def index() -> str:
    rows, channels = known()
    return render_template(
        "peers/index.html", rows=rows, states=STATES, channels=channels, fingerprint=keys.own_fingerprint().split()
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
            keys.confirm(row, form.read()["fingerprint"])
            flash(say("{name}已核对，可以订立协议", name=row.name))
            return redirect(url_for("peers.index"), 303)
    return form.page(
        "peers/confirm.html",
        row=row,
        groups=row.fingerprint.split()[:-2],
        own=keys.own_fingerprint().split(),
        states=STATES,
    )
