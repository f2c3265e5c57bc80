"""数据: partners × metrics for a period, compared with the one before; and the rows one number counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request

from web.blueprints import edge, filters, navigation, periods
from web.blueprints.figures import lines, subjects
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock, permissions
from web.core.errors import NotFound
from web.extensions import db
from web.federation.agreements.models import Agreement
from web.federation.post.models import Peer
from web.reports import METRICS, counting
from web.reports.periods import Period, offered
from web.reports.rows import FLOWS, ROWS
from web.tenants.accounts.permissions import GRANTS, Permission, Role

bp = Blueprint("figures", __name__, url_prefix="/<county>/figures")
navigation.ITEMS.append(Item("服务与报表", "数据", "figures.index", Permission.FIGURE_READ))


def partners() -> Sequence[Peer]:
    """Counties that were ever confirmed, by division code: never by a number."""
    query = db.select(Peer).where(Peer.confirmed_at.is_not(None)).order_by(Peer.code)
    return db.session.scalars(query).all()


def choices(since: Any) -> list[Period]:
    """The periods a page offers, from the day given."""
    first = since.astimezone(clock.CHINA).date() if since else clock.today()
    return offered(min(first, clock.today()), clock.today())


def chosen(asked: periods.Asked) -> Period:
    """The period to show: what was asked for, or the half-year that runs."""
    return asked.period or Period.half_of(clock.today())


@bp.get("")
@needs(Permission.FIGURE_READ)
def index() -> str:
    """Every partner's figures: two queries."""
    known, asked = partners(), periods.asked()
    period, uids = chosen(asked), [peer.uid for peer in known]
    codes = subjects.codes_of(subjects.SUBJECTS)
    now, before = counting.count(edge.actor(), codes, [period, period.before])
    tables = [
        (
            subject,
            [(peer, subjects.cells(subject, period, now, before, peer.uid, uids)) for peer in known],
            subjects.cells(subject, period, now, before, None, uids) if len(known) > 1 else [],
        )
        for subject in subjects.SUBJECTS
    ]
    return render_template(
        "figures/index.html",
        partners=known,
        tables=tables,
        codes=codes,
        metrics=METRICS,
        period=period,
        asked=asked,
        choices=choices(min((peer.created_at for peer in known), default=None)),
        can_open=any(subjects.may_open(code) for code in codes),
    )


@bp.get("/<code>", endpoint="rows")
@needs(Permission.FIGURE_READ)
def behind(code: str) -> str:
    """The rows one number counts; of a share its part, and its whole beside it."""
    sides = subjects.sides_of(code)
    side = request.args.get("side", sides[0])
    if side not in sides:
        raise NotFound()
    permissions.demand(GRANTS, Role(edge.actor().role), subjects.permission_of(code))
    asked = periods.asked()
    period, partner, under = chosen(asked), _partner(), _agreements()
    parts = METRICS[code].ratio or (code,)
    part = parts[1] if len(parts) > 1 and request.args.get("of") == "whole" else parts[0]
    page = counting.page(
        edge.actor(), part, side, period, partner.uid if partner else None,
        agreement_ids=[each.id for each in under],
        after=request.args.get("after", ""), before=request.args.get("before", ""),
    )  # fmt: skip
    table = lines.TABLES[ROWS[part].room.name]
    table.looked(page.lines)
    return render_template(
        "figures/rows.html",
        metric=METRICS[part],
        share=METRICS[code] if len(parts) > 1 else None,
        tabs=[
            {
                "title": METRICS[each].label,
                "url": filters.here(of=None if n == 0 else "whole", after=None, before=None),
                "count": page.total if each == part else None,
                "is_current": each == part,
            }
            for n, each in enumerate(parts)
        ]
        if len(parts) > 1
        else [],
        side=subjects.SIDES[side],
        under=[] if ROWS[part].room is FLOWS else under,
        partner=partner,
        period=period,
        page=page,
        table=table,
    )


def _agreements() -> Sequence[Agreement]:
    """Those a report counts for; none asked for means all. NotFound for one we do not have."""
    asked = request.args.getlist("agreement")
    try:
        ids = {UUID(text) for text in asked}
    except ValueError as error:
        raise NotFound from error
    found = db.session.scalars(db.select(Agreement).where(Agreement.id.in_(ids))).all() if ids else []
    if len(found) != len(ids):
        raise NotFound()
    return found


def _partner() -> Peer | None:
    """The county asked for; None for all of them. NotFound for one we do not know."""
    if not (given := request.args.get("partner", "")):
        return None
    try:
        found = db.session.scalars(db.select(Peer).where(Peer.uid == UUID(given))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound()
    return found
