"""数据: partners × metrics for a period, compared with the one before; and the rows one number counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from sqlalchemy import Select, literal

from web.blueprints import edge, filters, navigation, periods
from web.blueprints.figures import lines, subjects
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.requests import wording as requests
from web.core import clock, permissions
from web.core.errors import NotFound
from web.extensions import db
from web.federation.agreements.models import Agreement
from web.federation.post.models import Peer
from web.federation.request_kinds import REQUEST_KINDS
from web.reports import METRICS, counting
from web.reports.periods import Period, offered
from web.reports.rows import BOTH, ROWS
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
    side = request.args.get("side", subjects.sides_of(code)[0])
    permissions.demand(GRANTS, Role(edge.actor().role), subjects.permission_of(code))
    asked = periods.asked()
    period, partner_uid, agreement_ids = chosen(asked), _one("partner"), _many("agreement")
    kind = _kind()
    parts = METRICS[code].ratio or (code,)
    part = parts[1] if len(parts) > 1 and request.args.get("of") == "whole" else parts[0]
    length = counting.length(edge.actor(), part, side, period, partner_uid, agreement_ids=agreement_ids, kind=kind)
    partner, under, total = _of_whom(partner_uid, agreement_ids, length)
    page = counting.page(
        edge.actor(), part, side, period, partner_uid, agreement_ids=agreement_ids, kind=kind, total=total,
        after=request.args.get("after", ""), before=request.args.get("before", ""),
    )  # fmt: skip
    room = ROWS[part].room
    table = lines.TABLES[room.name]
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
        kind=requests.title_of(kind) if kind else "",
        way=(lambda line: subjects.SIDES[room.side_of(line)]) if side == BOTH else None,
        under=[] if room.agreement is None else under,
        partner=partner,
        period=period,
        page=page,
        table=table,
    )


def _many(name: str) -> list[UUID]:
    """The ids an address names, each once. NotFound for what is none."""
    try:
        return list(dict.fromkeys(UUID(text) for text in request.args.getlist(name)))
    except ValueError as error:
        raise NotFound from error


def _kind() -> str:
    """The kind of request an address names, empty without. NotFound for what is none."""
    kind = request.args.get("kind", "")
    if kind and kind not in REQUEST_KINDS:
        raise NotFound()
    return kind


def _one(name: str) -> UUID | None:
    """The id an address names; None where it names none."""
    return next(iter(_many(name)), None) if request.args.get(name) else None


def _of_whom(
    partner_uid: UUID | None, agreement_ids: Sequence[UUID], length: Select[Any]
) -> tuple[Peer | None, list[Agreement], int]:
    """The partner asked for, the agreements a report counts for, and how many rows there are: one query. NotFound for a
    county or an agreement we do not have; none asked for means all.
    """
    if partner_uid is None and not agreement_ids:
        return None, [], db.session.scalar(length) or 0
    total = length.scalar_subquery()
    if partner_uid is None:
        query = db.select(total, literal(None), Agreement).where(Agreement.id.in_(agreement_ids))
    else:
        query = db.select(total, Peer, Agreement).select_from(Peer).where(Peer.uid == partner_uid)
        query = query.outerjoin(Agreement, (Agreement.tenant_id == Peer.tenant_id) & Agreement.id.in_(agreement_ids))
    rows = db.session.execute(query).all()
    under = [row[2] for row in rows if row[2] is not None]
    if not rows or len(under) != len(agreement_ids):
        raise NotFound()
    return rows[0][1], under, rows[0][0]
