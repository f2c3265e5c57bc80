"""Reports of agreements over a period: every figure with its definition and the rows behind it, then the paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from marshmallow import Schema

from web.blueprints import batches, edge, navigation, periods, tasks
from web.blueprints.figures import subjects
from web.blueprints.forms import Form, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.events import Event
from web.core.keyset import Order
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.federation.agreements.models import Agreement, AgreementState
from web.reports import METRICS, Figure, statements
from web.reports.directions import MONTH_SERIES
from web.reports.figures import Way
from web.reports.metrics import demand
from web.reports.periods import Period, offered
from web.reports.rows import BOTH
from web.reports.tables import Row, heading
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as task_service
from web.tenants.tasks.models import Task, TaskState
from web.tenants.workbench.facets import Facet, on_day, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice
from web.tenants.workbench.plain import PlainList

bp = Blueprint("reports", __name__, url_prefix="/<county>/reports")
bp.add_app_template_filter(demand, "figure")
bp.add_app_template_filter(heading, "heading")
navigation.ITEMS.append(Item("服务与报表", "执行报告", "reports.index", Permission.REPORT_READ))

STATES = {
    AgreementState.ACTIVE: ("sealed", "生效中"),
    AgreementState.WINDING_DOWN: ("theirs", "收尾中"),
    AgreementState.CLOSED: ("off", "已终结"),
}


# A task that is to be seen on the page; the first two stand in the way of another one.
SHOWN = (TaskState.WAITING, TaskState.RUNNING, TaskState.FAILED)


@bp.post("/pack")
@needs(Permission.REPORT_WRITE)
def pack() -> Any:
    """The report of every agreement that was in effect in a period, as one zip."""
    asked, rows = periods.asked(), statements.standing()
    days = statements.reported(rows)
    if asked.period is None:
        return _index(asked if asked.errors else asked.refused("from", "required")), 422
    of = [(a.id, a.number) for a in rows if a.id in days and asked.period.meets(*days[a.id])]
    if not of:
        return _index(asked.refused("to", "not_reported_on")), 422
    title = say("执行报告打包（{period}）", period=asked.period.label)
    return batches.order(DocumentKind.AGREEMENT_REPORT, title, of, period=asked.period.name)


class Adds(Schema):
    """What a clerk may add to the figures."""

    words = Text("补充说明", limit=600)


@bp.get("")
@needs(Permission.REPORT_READ)
def index() -> Any:
    """Choose an agreement, or all of them, and a period; what was made so far."""
    return _index(periods.Asked(None))


def _index(asked: periods.Asked) -> str:
    rows = statements.standing()
    days = statements.reported(rows)
    whole = statements.whole(days.values())
    latest = MADE.page(edge.actor(), size=5)
    return render_template(
        "reports/index.html",
        rows=[(a, offered(*days[a.id])) for a in rows if a.id in days],
        everything=(counties.own().uid, offered(*whole)) if whole and len(days) > 1 else None,
        made=latest.lines,
        many=latest.total,
        states=STATES,
        asked=asked,
        choices=offered(*whole) if whole else [],
        why=_why_not(),
    )


COLUMNS = (
    Column("title", "报告", lambda it: it.title, 0),
    Column("at", "生成时间", lambda it: it.created_at, 128, "hide-phone"),
    Column("pages", "页数", lambda it: it.pages, 64, "hide-phone", is_number=True),
    Column("code", "查验码", lambda it: documents.spelled(it.proof_code), 144),
    Column("file", "文件名", lambda it: it.filename, 240, is_standard=False),
)
FACETS = (
    Facet("agreement", "协议", one_of(Document.subject_id), None, "agreements"),
    Facet("day", "生成日期", on_day(Document.created_at), None, {}, "date"),
)
NEWEST = Order((Document.created_at, Document.id), (datetime.fromisoformat, UUID), is_falling=True)
MADE = PlainList(lambda _actor: db.select(Document).where(Document.kind == DocumentKind.AGREEMENT_REPORT), NEWEST)
LISTINGS["reports"] = Listing(
    "reports", "已生成的报告", "份", "reports.reports_made", Permission.REPORT_READ, lambda: COLUMNS, *MADE.of("reports"),
    facets=lambda: FACETS, fixed="a paper is made once", typed=lambda text: Document.title.contains(text, autoescape=True),
)  # fmt: skip


@bp.get("/made")
@needs(Permission.REPORT_READ)
def reports_made() -> Any:
    """Every report that was made, the latest first."""
    sheet = sheet_of("reports", db.select(*choice("agreements", Agreement.id, Agreement.title)))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return render_template("reports/list.html", sheet=sheet, page=sheet.page(MADE))


def _name(subject_id: UUID, of: list[Agreement]) -> str:
    """The agreement's title, or what all of them together are called."""
    return "各协议汇总" if subject_id == counties.own().uid else of[0].title


@bp.get("/<uuid:subject_id>")
@needs(Permission.REPORT_READ)
def choose(subject_id: UUID) -> Any:
    """Any period of one agreement, or of all: on to its figures, or the form with what is wrong."""
    of, asked = statements.of_subject(subject_id), periods.asked()
    days = statements.reported(of)
    if asked.period is not None:
        if any(asked.period.meets(*each) for each in days.values()):
            return redirect(url_for("reports.show", subject_id=subject_id, period=asked.period.name), 303)
        asked = asked.refused("to", "not_reported_on")
    page = render_template(
        "reports/choose.html",
        subject_id=subject_id,
        name=_name(subject_id, of),
        asked=asked,
        choices=statements.periods(of),
        days=statements.whole(days.values()),
    )
    return page, 422 if asked.errors else 200


@bp.get("/<uuid:subject_id>/<period>")
@needs(Permission.REPORT_READ)
def show(subject_id: UUID, period: str) -> Any:
    """Every figure of the period as of now, as the paper would print it."""
    return _page(subject_id, period, Form(Adds))


def _page(subject_id: UUID, period: str, form: Form) -> Any:
    of, span = statements.of_subject(subject_id), periods.named(period)
    statement = statements.compose(of, span)
    report = statement.report
    task = _task(subject_id, period)
    return form.page(
        "reports/show.html",
        subject_id=subject_id,
        doc=report,
        metrics=METRICS,
        told=_told(statement),
        link=_links(statement),
        made=[
            d for d in documents.of_subject(subject_id, DocumentKind.AGREEMENT_REPORT) if d.title.endswith(report.dated)
        ],
        overlapping=_overlapping(subject_id, span)[:5],
        job=_job(task, subject_id, period) if task is not None and task.state in SHOWN else None,
        has_lists=subjects.may_open("members.shared"),
        state=STATES[of[0].state] if not report.several and of[0].state in STATES else None,
        choices=statements.periods(of),
        now=period,
        is_running=report.data_until < span.ends_on,
        why=_why_not(),
    )


def _overlapping(subject_id: UUID, period: Period) -> list[Document]:
    """Papers that share days and agreements with this report, newest first: one less the other may tell of few persons."""
    everything = counties.own().uid
    query = db.select(Document, Event.details["period"].astext).join(
        Event,
        (Event.tenant_id == Document.tenant_id) & (Event.subject_id == Document.id) & (Event.verb == "document.keep"),
    )
    query = query.where(Document.kind == DocumentKind.AGREEMENT_REPORT, Event.details.has_key("period"))
    if subject_id != everything:
        query = query.where(Document.subject_id.in_((subject_id, everything)))
    return [
        row
        for row, name in db.session.execute(query.order_by(Document.created_at.desc()).limit(200))
        if (row.subject_id, name) != (subject_id, period.name)
        and Period.named(name).meets(period.starts_on, period.ends_on)
    ]


def _why_not() -> str:
    """Why this role cannot make the paper, with who can; empty when it can."""
    may = Permission.REPORT_WRITE in GRANTS[Role(edge.actor().role)]
    return "" if may else "生成报告由县级经办办理"


def _told(statement: statements.Statement) -> list[str]:
    """Metrics of the page in the order of the registry: what stands behind a label."""
    shown = {f.metric for _, f in statement.report.printed}
    shown |= {"items.total", "items.finished", "scopes.used"}
    return [code for code in METRICS if code in shown]


def _links(statement: statements.Statement) -> Callable[[Figure, Row], str]:
    """(figure, its row of the table) → the rows the number counts, empty where there are none or the role may not see them.
    The number of a month or of a kind of request is of all directions.
    """

    def link(figure: Figure, row: Row) -> str:
        if not figure.value or not subjects.may_open(figure.metric):
            return ""
        if row.place >= 0:
            way = statement.ways[row.place]
        elif row.kind or figure.metric in MONTH_SERIES:
            way = Way(BOTH, None)
        else:
            return ""  # a sum leaves out what is masked, a change counts nothing
        under = statement.agreement_ids
        return subjects.rows_url(figure.metric, way.role or "", figure.period, way.partner_uid, under, row.kind)

    return link


def _task(subject_id: UUID, period: str) -> Task | None:
    """The latest work on this report."""
    query = db.select(Task).where(
        Task.subject_id == subject_id,
        Task.details["paper"].astext == DocumentKind.AGREEMENT_REPORT.value,
        Task.details["period"].astext == period,
    )
    found: Task | None = db.session.scalars(query.order_by(Task.created_at.desc(), Task.id.desc()).limit(1)).first()
    return found


def _job(task: Task, subject_id: UUID, period: str) -> dict[str, Any]:
    whole = tasks.job_of(task.id)
    return whole | {"url": url_for("reports.progress", subject_id=subject_id, period=period)}


@bp.get("/<uuid:subject_id>/<period>/progress")
@needs(Permission.REPORT_READ)
def progress(subject_id: UUID, period: str) -> Any:
    """The bar alone, asked every two seconds; the page is read again when the paper is there."""
    statements.of_subject(subject_id)
    task = _task(subject_id, period)
    if task is None or task.state not in SHOWN:
        return Response(headers={"HX-Refresh": "true"})
    return render_template("tasks/progress.html", job=_job(task, subject_id, period))


@bp.post("/<uuid:subject_id>/<period>")
@needs(Permission.REPORT_WRITE)
def make(subject_id: UUID, period: str) -> Any:
    """Have the paper made with the figures as of now; one at a time."""
    span, form = periods.named(period), Form(Adds)
    counties.settings(lock=True)  # pressed twice at once: one job
    with form:
        details = form.read() | {"paper": DocumentKind.AGREEMENT_REPORT.value, "period": period, "unit": "份"}
        title = statements.compose(statements.of_subject(subject_id), span).report.title
        task = _task(subject_id, period)
        if task is None or task.state not in SHOWN[:2]:
            task_service.start(Job.RENDER, title, subject_id=subject_id, details=details)
            flash("正在生成报告，可以离开，办完再回来取")
        return redirect(url_for("reports.show", subject_id=subject_id, period=period) + "#papers", 303)
    return _page(subject_id, period, form)
