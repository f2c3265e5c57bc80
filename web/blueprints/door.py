"""The demo's door at `/`: the counties, one press into each role, three lines with live counts, where to begin.

Only while every county here is a demo county; anywhere else `/` says how a county's address is made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from web.blueprints import auth, words
from web.blueprints.policy import public
from web.core import fence
from web.extensions import csrf, db
from web.federation.agreements.models import Agreement, AgreementState, AgreementVersion, VersionState
from web.federation.handovers.models import Handover, HandoverState
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.counties.models import County
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import OrgKind, PartyOrg

bp = Blueprint("door", __name__)

V, A, H = VersionState, AgreementState, HandoverState
# A knot of a line: its words, its shape, and which states it counts.
AGREEMENTS: list[tuple[str, str, frozenset[str]]] = [
    ("草拟", "done", frozenset({V.DRAFT})),
    ("商议", "theirs", frozenset({V.PROPOSED})),
    ("定稿，待印签", "now", frozenset({V.AGREED, V.SEALED})),
    ("生效", "sealed", frozenset({A.ACTIVE})),
    ("到期收尾", "off", frozenset({A.WINDING_DOWN, A.CLOSED})),
]
HANDOVERS: list[tuple[str, str, frozenset[str]]] = [
    ("申请", "theirs", frozenset({H.REQUESTED, H.RETURNED})),
    ("已同意", "done", frozenset({H.ACCEPTED})),
    ("在途，待接收", "now", frozenset({H.RELEASED})),
    ("办结", "sealed", frozenset({H.CLOSED})),
    ("拒绝、撤回、过期", "off", frozenset(H) - {H.REQUESTED, H.RETURNED, H.ACCEPTED, H.RELEASED, H.CLOSED}),
]
REPORTS: list[tuple[str, str, frozenset[str]]] = [
    ("可以出报告的协议", "done", frozenset({"in_force"})),
    ("已生成的报告", "sealed", frozenset({"made"})),
]


@dataclass(frozen=True)
class Card:
    """One county on the door."""

    code: str
    name: str
    region: str
    members: int
    away: int
    branches: int
    people: list[tuple[str, str, str]]


def _is_demo(every: list[County]) -> bool:
    return bool(every) and all(c.is_demo for c in every)


def _look(county: County) -> tuple[Card, Counter[str], Counter[str], Counter[str]]:
    """A card and the county's share of the three lines. An agreement counts at its hub, a handover at its home."""
    with fence.acting_for(county.tenant_id):
        size = db.session.execute(
            db.select(
                db.select(db.func.count())
                .select_from(Member)
                .where(Member.relation == Relation.HELD)
                .scalar_subquery(),
                db.select(db.func.count())
                .select_from(Flow)
                .where(Flow.state.in_([FlowState.REGISTERED, FlowState.UNREACHABLE, FlowState.LOST_CONTACT]))
                .scalar_subquery(),
                db.select(db.func.count())
                .select_from(PartyOrg)
                .where(PartyOrg.kind.in_([OrgKind.BRANCH, OrgKind.AWAY_BRANCH]))
                .scalar_subquery(),
                db.select(db.func.count())
                .select_from(Document)
                .where(Document.kind == DocumentKind.AGREEMENT_REPORT)
                .scalar_subquery(),
            )
        ).one()
        staff = db.session.scalars(db.select(Account).where(Account.is_active)).all()
        order = list(Role)
        people = [
            (a.role.value, words.ROLES[a.role], a.name) for a in sorted(staff, key=lambda a: order.index(Role(a.role)))
        ]
        at_hub = db.session.execute(
            db.select(Agreement.state, AgreementVersion.state)
            .join(
                AgreementVersion,
                (AgreementVersion.tenant_id == Agreement.tenant_id) & (AgreementVersion.agreement_id == Agreement.id),
            )
            .where(Agreement.hub_uid == county.uid)
        ).all()
        signed = Counter(str(version if state is A.PENDING else state) for state, version in at_hub)
        moved = Counter(
            {
                str(state): count
                for state, count in db.session.execute(
                    db.select(Handover.state, db.func.count()).where(Handover.role == "home").group_by(Handover.state)
                )
            }
        )
        made = Counter({"made": size[3], "in_force": signed[A.ACTIVE]})
    card = Card(county.code, county.name, county.region, size[0], size[1], size[2], people)
    return card, signed, moved, made


def _line(knots: list[tuple[str, str, frozenset[str]]], found: Counter[str]) -> list[dict[str, Any]]:
    steps = []
    for title, shape, states in knots:
        count = sum(found[str(s)] for s in states)
        steps.append({"title": title, "count": count, "state": shape if count else "todo"})
    return steps


def _shown() -> dict[str, Any]:
    every = sorted(counties.every(), key=lambda c: c.tenant_id)
    cards, signed, moved, made = [], Counter[str](), Counter[str](), Counter[str]()
    for county in every:
        card, agreements, handovers, reports = _look(county)
        cards.append(card)
        signed += agreements
        moved += handovers
        made += reports
    return {
        "cards": cards,
        "agreements": _line(AGREEMENTS, signed),
        "handovers": _line(HANDOVERS, moved),
        "reports": _line(REPORTS, made),
    }


@bp.get("/")
@public("演示入口；不全是演示县时只说明地址怎么写")
def index() -> str:
    """The door, or a word on addresses."""
    if not _is_demo(counties.every()):
        return render_template("door/closed.html")
    return render_template("door/index.html", is_demo=True, **_shown())


@bp.get("/lines")
@public("演示入口的三条线，每分钟更新；只有件数")
def lines() -> str:
    """The three lines alone."""
    if not _is_demo(counties.every()):
        abort(404)
    return render_template("door/lines.html", **_shown())


@bp.post("/<county>/enter")
@csrf.exempt  # the door has no session with this county yet; it only lets into a demo, as an invented person
@public("演示县一键进入；正式县没有这个入口")
def enter() -> Any:
    """Into a demo county as the person of that role."""
    with fence.platform("are all counties demo counties"):
        is_demo = _is_demo(counties.every())
    role = request.form.get("role", "")
    if not is_demo or not g.county.is_demo or role not in list(Role):
        abort(404)
    query = db.select(Account).where(Account.role == role, Account.is_active)
    account = db.session.scalars(query.order_by(Account.created_at)).first()
    if account is None:
        abort(404)
    auth.enter(account)
    return redirect(url_for("home.index"), 303)
