"""数据: partners × metrics for a period, compared with the one before; and the rows one number counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import literal
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, navigation, periods
from web.blueprints.figures import lines, subjects
from web.blueprints.figures.question import Question
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.requests import wording as requests
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.errors import NotFound
from web.extensions import db
from web.federation.agreements.models import Agreement
from web.federation.post import keys
from web.federation.post.models import Peer
from web.reports import METRICS, counting
from web.reports.periods import Period, offered
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.listings import LISTINGS, branch_choices, choice

bp = Blueprint("figures", __name__, url_prefix="/<county>/figures")
navigation.ITEMS.append(Item("服务与报表", "数据", "figures.index", Permission.FIGURE_READ))


def partners() -> Sequence[Peer]:
    """Counties that were ever confirmed, by division code: never by a number."""
    query = db.select(Peer).where(Peer.confirmed_at.is_not(None)).order_by(Peer.code)
    return db.session.scalars(query).all()


def choices(since: Any) -> list[Period]:
    """The periods a page offers, from the day given."""
    first = clock.day(since) if since else clock.today()
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


@bp.get("/rows", endpoint="rows")
@needs(Permission.FIGURE_READ)
def behind() -> str | Response:
    """The rows one number counts; of a share its part, and its whole beside it."""
    if not request.args:  # no number is asked about: the way back from a tool of the list that was not
        return redirect(url_for("figures.index"), 303)
    actor, query = edge.actor(), request.query_string.decode("utf-8", "replace")
    asked = Question.read(query)
    asked.demand(actor)
    table, metric = lines.TABLES[asked.room.name], METRICS[asked.part]
    where = LISTINGS[table.name].asked(query).conditions()
    lengths = {"all": counting.length(actor, **asked.counts)}
    if where:
        lengths["found"] = counting.length(actor, **asked.counts, narrowed=where)
    counted = [db.select(*choice("lengths", literal(of), n.scalar_subquery())) for of, n in lengths.items()]
    choices_of = [keys.choices(), *([labels.choices()] if table.labelled is None else []), branch_choices(actor)]
    sheet = sheet_of(table.name, *counted, *choices_of, side=asked.side, period=asked.period.name)
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    said = sheet.arranged.choices["lengths"]
    of_all = int(said["all"])
    partner, under = _of_whom(asked.partner_uid, asked.agreement_ids)
    page = counting.page(
        actor, **asked.counts, narrowed=where, total=int(said.get("found", of_all)),
        after=request.args.get("after", ""), before=request.args.get("before", ""),
    )  # fmt: skip
    table.looked(page.lines)
    return render_template(
        "figures/rows.html",
        metric=metric,
        share=METRICS[asked.code] if len(asked.parts) > 1 else None,
        tabs=[
            {
                "title": METRICS[each].label,
                "url": filters.here(of=None if n == 0 else "whole", after=None, before=None),
                "count": page.total if each == asked.part else None,
                "is_current": each == asked.part,
            }
            for n, each in enumerate(asked.parts)
        ]
        if len(asked.parts) > 1
        else [],
        side=subjects.SIDES[asked.side],
        kind=requests.title_of(asked.kind) if asked.kind else "",
        under=[] if asked.room.agreement is None else under,
        partner=partner,
        period=asked.period,
        page=page,
        of_all=of_all,
        table=table,
        sheet=sheet,
    )


def _of_whom(partner_uid: UUID | None, agreement_ids: Sequence[UUID]) -> tuple[Peer | None, list[Agreement]]:
    """The partner asked for and the agreements a report counts for: one query, none where none is asked for, which means
    all. NotFound for a county or an agreement we do not have.
    """
    if partner_uid is None and not agreement_ids:
        return None, []
    if partner_uid is None:
        query = db.select(literal(None), Agreement).where(Agreement.id.in_(agreement_ids))
    else:
        query = db.select(Peer, Agreement).select_from(Peer).where(Peer.uid == partner_uid)
        query = query.outerjoin(Agreement, (Agreement.tenant_id == Peer.tenant_id) & Agreement.id.in_(agreement_ids))
    rows = db.session.execute(query).all()
    under = [row[1] for row in rows if row[1] is not None]
    if not rows or len(under) != len(agreement_ids):
        raise NotFound()
    return rows[0][0], under
