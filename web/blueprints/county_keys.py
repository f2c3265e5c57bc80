"""Our own keys: which seals and which opens now, turning them as planned, revoking what was lost or stolen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from marshmallow import Schema

from web.blueprints import sentences, timeline
from web.blueprints.forms import Form, One, Text
from web.blueprints.policy import needs
from web.core.errors import Invalid
from web.extensions import db
from web.federation.post import keys, turning
from web.federation.post.models import Channel, KeyState, Peer
from web.tenants.accounts.permissions import Permission

bp = Blueprint("county_keys", __name__, url_prefix="/<county>/keys")

STATES = {
    KeyState.CURRENT: ("done", "在用"),
    KeyState.TURNING: ("theirs", "正在更换"),
    KeyState.REVOKING: ("theirs", "正在吊销"),
    KeyState.RETIRED: ("todo", "已更换"),
    KeyState.REVOKED: ("off", "已吊销"),
    KeyState.DESTROYED: ("off", "已销毁"),
}
USES = {"sig": "印签密钥", "enc": "解密密钥"}
WHY = {"lost": "丢失", "stolen": "被盗", "known": "可能已被他人知道"}
sentences.REASONS_OF["county_key"] = WHY


class Revocation(Schema):
    why = One("原因", tuple(WHY.items()))
    fingerprint = Text("本县指纹的最后两组", limit=20, required=True)


class Turning(Schema):
    pass


@bp.get("")
@needs(Permission.PEER_READ)
def index() -> str:
    """The keys we have and had, newest first; which partners have yet to compare the new fingerprint, and of which ones it
    cannot be told.
    """
    return render_template("county_keys/index.html", **_beside(turning.every()))


@bp.route("/turn", methods=["GET", "POST"])
@needs(Permission.KEY_WRITE)
def turn() -> Any:
    """A planned successor: partners pin it by themselves, because the old key vouches for it."""
    form = Form(Turning)
    if form.is_sent:
        with form:
            form.read()
            turning.ask("ask_turn")
            flash("正在更换，通常几秒钟；伙伴县会自动采用新密钥")
            return redirect(url_for("county_keys.index"), 303)
    return form.page("county_keys/turn.html", partners=keys.partners(), states=STATES)


@bp.route("/revoke", methods=["GET", "POST"])
@needs(Permission.KEY_WRITE)
def revoke() -> Any:
    """Lost or stolen: nobody vouches for the successor, every partner compares it anew."""
    form = Form(Revocation)
    if form.is_sent:
        with form:
            given = form.read()
            if given["fingerprint"].lower().replace(" ", "") != "".join(keys.own_fingerprint().split()[-2:]):
                raise Invalid({"fingerprint": "own_fingerprint_differs"})
            turning.ask("ask_revoke", given["why"])
            flash("正在吊销，通常几秒钟；请随后给每个伙伴县打电话核对新指纹")
            return redirect(url_for("county_keys.index"), 303)
    return form.page(
        "county_keys/revoke.html", partners=keys.partners(), why=list(WHY.items()), own=keys.own_fingerprint().split()
    )


def _beside(rows: list[Any]) -> dict[str, Any]:
    waits = db.select(Peer).join(
        Channel, (Channel.tenant_id == Peer.tenant_id) & (Channel.peer_uid == Peer.uid) & (Channel.direction == "out")
    )
    waiting = list(db.session.scalars(waits.where(Channel.held == "unknown_key").order_by(Peer.code)))
    return {
        "rows": rows,
        "states": STATES,
        "uses": USES,
        "fingerprint": keys.own_fingerprint().split(),
        "waits": waiting,
        "unproved": [peer for peer in keys.unproved() if peer not in waiting],
        "is_asked": any(row.state in (KeyState.TURNING, KeyState.REVOKING) for row in rows),
        "log": _log(rows) if rows else [],
    }


def _log(rows: list[Any]) -> list[timeline.Entry]:
    """What happened to the keys, newest first: what was done to both in one act is one line."""
    entries = timeline.of(*(row.id for row in rows), subject_id=rows[0].id)
    return list({(str(entry.words), entry.note): entry for entry in entries}.values())
