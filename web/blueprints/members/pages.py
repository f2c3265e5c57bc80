"""A member's page, and showing one masked value for a reason. Every reading is logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app, g, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup

from web.blueprints import edge, timeline
from web.blueprints.documents import READ_BY
from web.blueprints.forms import Form
from web.blueprints.members import wording
from web.blueprints.members.rooms import bp
from web.blueprints.members.schemas import Reason
from web.blueprints.policy import needs
from web.core import clock, events
from web.core.errors import NotFound
from web.extensions import db
from web.federation.post.models import Peer, PeerState
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.consents import service as consents
from web.tenants.flows import service as flows
from web.tenants.flows.models import FLOW, Flow, FlowState
from web.tenants.flows.service import add_months
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.register import service as register
from web.tenants.register.facets import dues_limit
from web.tenants.register.service import Whole


@dataclass(frozen=True)
class Act:
    """A link of a later room on the member's page: its endpoint takes `member_id`. `is_for`: whether it is offered now."""

    words: str
    endpoint: str
    permission: Permission
    is_for: Callable[[Member, Flow | None], bool] = lambda member, flow: True


# Later rooms add to both: acts at the head of the page, and sections (Markup) under the flow.
ACTS: list[Act] = []
SECTIONS: list[Callable[[Member, Flow | None], Markup | str]] = []


def person(member_id: UUID) -> Whole:
    """The member if this actor may see it; NotFound otherwise, whatever the reason."""
    found = register.person(member_id, edge.actor())
    if found is None:
        raise NotFound()
    return found


def locked(member_id: UUID) -> Member:
    """The member for writing: seen by this actor, row locked."""
    person(member_id)
    return members.get(member_id, lock=True)


def partners() -> dict[UUID, str]:
    """Confirmed partner counties by uid. (The rooms of one county do not know the federation; the edge tells them.)"""
    query = db.select(Peer.uid, Peer.name).where(Peer.state == PeerState.CONFIRMED).order_by(Peer.code)
    return {row.uid: row.name for row in db.session.execute(query)}


def render(whole: Whole, revealed: dict[str, str | None] | None = None) -> str:
    """The page. `revealed`: fields shown in full in this one answer."""
    m = whole.member
    episodes = flows.episodes(m.id)
    flow = next((f for f in episodes if f.state is not FlowState.ENDED), None)
    studied = register.study(m.id)
    half_year = add_months(clock.today(), -6)
    recent = [s for s in studied if s.held_on >= half_year]
    names = partners() | {g.county.uid: g.county.name}
    verbs = FLOW.allowed(flow.state) if flow else []
    return render_template(
        "members/show.html", m=m, whole=whole, flow=flow, past=[f for f in episodes if f.state is FlowState.ENDED],
        revealed=revealed or {}, consents=_consents(m.id), partners=names, studied=studied, years=register.study_years(m.id), minutes=sum(s.minutes for s in recent),
        complete=register.completeness(m, flow, recent) if flow else [], papers=register.papers(m.id),
        into=merging.into(m.id) if m.relation is Relation.ENDED else None,
        entries=timeline.read(register.timeline(m.id)), w=wording, verbs=verbs, is_lost_alone=flows.is_lost_alone(m, flow), dues_limit=dues_limit(), closed=_closed(m), may_open={kind for kind, permission in READ_BY.items() if permission in GRANTS[Role(edge.actor().role)]},
        acts=_acts(m, flow), inserts=[section(m, flow) for section in SECTIONS],
    )  # fmt: skip


def _acts(m: Member, flow: Flow | None) -> list[tuple[str, str]]:
    known = current_app.view_functions
    offered = [a for a in ACTS if a.endpoint in known and a.is_for(m, flow) and current_user.can(a.permission)]
    return [(a.words, url_for(a.endpoint, member_id=m.id)) for a in offered]


def _closed(m: Member) -> str:
    """Why nothing can be written, or an empty text."""
    if m.frozen_by is not None:
        return "组织关系在途，记录锁定，办结或收回介绍信后恢复"
    return "" if m.relation in members.LIVE else "不再是本县党员，记录只供查阅"


def _consents(member_id: UUID) -> dict[UUID, list[Any]]:
    """partner → rows, what stands first."""
    by_partner: dict[UUID, list[Any]] = {}
    for row in sorted(consents.history(member_id), key=lambda c: c.is_over):
        by_partner.setdefault(row.partner_uid, []).append(row)
    return by_partner


@bp.get("/<uuid:member_id>")
@needs(Permission.MEMBER_READ)
def show(member_id: UUID) -> str:
    """A member with everything around it; the reading is logged."""
    whole = person(member_id)
    answer = render(whole)
    events.record("member.view", whole.member)
    return answer


@bp.route("/<uuid:member_id>/reveal/<field>", methods=["GET", "POST"])
@needs(Permission.MEMBER_REVEAL)
def reveal(member_id: UUID, field: str) -> Any:
    """Asks for the reason, then shows the one value in that answer alone."""
    if field not in wording.REVEALABLE:
        raise NotFound()
    whole = person(member_id)
    form = Form(Reason)
    if request.method == "POST":
        with form:
            reason = form.read()["reason"]
            holder: Any = flows.current(member_id) if field == "host_address" else whole.member
            answer = render(whole, {field: getattr(holder, field, None)})
            events.record("member.reveal", whole.member, reason=reason, details={"field": field})
            return answer
    return form.page("members/reveal.html", m=whole.member, label=wording.REVEALABLE[field])
