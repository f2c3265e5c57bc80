"""What the register shows of referrals: a column and a filter in the away list, an act and a section on a member's page."""

from __future__ import annotations

from typing import Any

from flask import render_template
from markupsafe import Markup
from sqlalchemy import Select

from web.blueprints.members import lists, pages
from web.blueprints.members.lists import Column
from web.blueprints.members.pages import Act
from web.blueprints.referrals import wording
from web.federation.referrals import lists as referrals
from web.federation.referrals import service
from web.federation.referrals.models import KNOWN, OPEN, Referral, ReferralState
from web.federation.sharing import lists as share_lists
from web.tenants.accounts.permissions import Permission
from web.tenants.flows.models import Flow
from web.tenants.members.models import Member, Relation
from web.tenants.register.service import Extra, Line
from web.tenants.workbench.facets import Facet


def _join(statement: Select[Any]) -> Select[Any]:
    return statement.outerjoin(
        Referral,
        (Referral.tenant_id == Flow.tenant_id) & (Referral.flow_id == Flow.id) & Referral.state.in_(OPEN),
    )


def _cell(line: Line) -> str:
    state = line.extra["referral"]
    return wording.STATES[ReferralState(state)] if state else ""


lists.COLUMNS.append(
    Column(
        Extra(
            "referral",
            Referral.state,
            _join,
            Facet(
                "referral",
                "流动报到",
                lambda values: Referral.state.in_([v for v in values if v in {s.value for s in KNOWN}]),
                Referral.id.is_(None),
                {s.value: wording.STATES[s] for s in KNOWN},
            ),
        ),
        "报到",
        _cell,
    )
)

pages.ACTS.append(
    Act(
        "送请报到",
        "referrals.begin",
        Permission.REFERRAL_WRITE,
        lambda member, flow: flow is not None and member.relation is Relation.HELD and member.frozen_by is None,
    )
)


def _section(member: Member, flow: Flow | None) -> Markup:
    """The referrals of a member, and what the other county tells about him."""
    found = referrals.of_member(member.id)
    shares = [s for r in found if r.state in OPEN for s in share_lists.of_referral(r.id)]
    peers = {uid: p.name for uid, p in service.peers().items()}
    return Markup(  # noqa: S704 -- a template of ours, escaped there
        render_template(
            "referrals/_member.html", referrals=found, told=share_lists.told(shares), peers=peers, w=wording
        )
    )


pages.SECTIONS.append(_section)
