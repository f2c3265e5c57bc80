"""共享范围: per partner, in plain words, what may cross each way and on what it rests; the partner's directory and counts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for

from web.blueprints import edge, navigation
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.words import ORG_KINDS
from web.core.errors import NotFound, NotPermitted
from web.core.scopes import NEVER
from web.federation.post import keys
from web.federation.post.models import Peer
from web.federation.sharing import cards, counts, publications
from web.tenants.accounts.permissions import GRANTS, NUMBERS, Permission, Role

bp = Blueprint("scopes", __name__, url_prefix="/<county>/scopes")
navigation.ITEMS.append(Item("共管", "共享范围", "scopes.index", Permission.ORGANISATION_READ))

WHY_NOT = {
    "not_granted": "协议没有授权",
    "paused": "一方已暂停",
    "off": "不启用",
    "no_basis": "还没有告知或同意",
}


def _partner(uid: UUID) -> Peer:
    found = next((p for p in keys.partners() if p.uid == uid), None)
    if found is None:
        raise NotFound()
    return found


@bp.get("/")
@needs(Permission.ORGANISATION_READ)
def index() -> Any:
    """Every partner, with the days of its directory and its counts: two queries."""
    return render_template("scopes/index.html", peers=keys.partners(), days=publications.days())


@bp.get("/<uuid:partner_uid>")
@needs(Permission.ORGANISATION_READ)
def show(partner_uid: UUID) -> Any:
    """The field cards of one partner, both ways."""
    peer, every = _partner(partner_uid), cards.of_partner(partner_uid)
    return render_template(
        "scopes/show.html", peer=peer, why_not=WHY_NOT, never=NEVER,
        ways=[(True, [c for c in every if c.is_ours]), (False, [c for c in every if not c.is_ours])],
    )  # fmt: skip


@bp.get("/<uuid:partner_uid>/directory")
@needs(Permission.ORGANISATION_READ)
def directory(partner_uid: UUID) -> Any:
    """The partner's directory (S0), as it last told us."""
    return render_template(
        "scopes/directory.html", peer=_partner(partner_uid), heard=publications.heard("directory", partner_uid),
        kinds=ORG_KINDS,
    )  # fmt: skip


@bp.get("/<uuid:partner_uid>/counts")
@needs(Permission.ORGANISATION_READ)
def figures(partner_uid: UUID) -> Any:
    """The counts (S1) both ways: what the partner told us, and what we told it. NotPermitted for an administrator."""
    if not GRANTS[Role(edge.actor().role)] & NUMBERS:
        raise NotPermitted(permission=Permission.REPORT_READ.value)
    lists = [
        (False, publications.heard("counts", partner_uid)),
        (True, publications.heard("counts", partner_uid, is_ours=True)),
    ]
    return render_template("scopes/counts.html", peer=_partner(partner_uid), lists=lists, labels=counts.LABELS)


@bp.post("/<uuid:partner_uid>/tell")
@needs(Permission.AGREEMENT_WRITE)
def tell(partner_uid: UUID) -> Any:
    """Send our directory and counts now, if they changed."""
    peer = _partner(partner_uid)
    said = [kind for kind in publications.KINDS if publications.tell(kind, peer)]
    flash("已送出有变动的名录和汇总数" if said else "没有变动，或协议没有授权，不用送")
    return redirect(url_for("scopes.show", partner_uid=partner_uid), 303)
