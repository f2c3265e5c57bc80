"""The task centre: the list of one's tasks of the last thirty days, each with its bar; the clerk sees everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import render_template
from sqlalchemy import Select

from web.blueprints import edge
from web.blueprints.policy import needs
from web.blueprints.tasks import bp, jobs_of
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.events import Actor
from web.core.keyset import Order
from web.core.queue import Job
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Permission, Role
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task, TaskState
from web.tenants.workbench.facets import Facet, any_of, on_day, one_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice
from web.tenants.workbench.plain import PlainList

__all__ = ["bp"]
SHOWN = timedelta(days=30)
STATES: Mapping[str, tuple[str, str]] = {
    TaskState.WAITING: ("todo", "排队中"), TaskState.RUNNING: ("theirs", "办理中"), TaskState.DONE: ("done", "已完成"),
    TaskState.FAILED: ("now", "没有办成"), TaskState.CANCELLED: ("off", "已取消"),
}  # fmt: skip
"""State → its chip."""
KINDS: Mapping[str, str] = {
    Job.IMPORT_PREVIEW: "核对名册", Job.IMPORT_APPLY: "导入名册", Job.BULK_EDIT: "成批修改党员", Job.EDIT_LIST: "成批修改名单",
    Job.EXPORT: "导出名单", Job.RENDER: "生成文件", Job.BATCH: "成批生成文件", Job.RENDER_AGREEMENT: "生成协议文件",
    Job.FOLLOW_NAME: "告知组织新名称",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One task, and the name of who began it, None for one that began by itself."""

    task: Task
    by: str | None


COLUMNS = (
    Column("title", "任务", lambda it: it.task.title, 0),
    Column("at", "提交时间", lambda it: it.task.created_at, 128, "hide-phone"),
    Column("by", "提交人", lambda it: it.by, 96, "hide-phone", missing="系统"),
    Column("kind", "类别", lambda it: KINDS.get(it.task.kind, it.task.kind), 128, is_standard=False),
    Column("state", "状态", lambda it: STATES[it.task.state][1], 96, is_standard=False),
    Column("done", "已办", lambda it: it.task.done, 72, is_standard=False, is_number=True),
    Column("total", "共", lambda it: it.task.total, 72, is_standard=False, is_number=True),
    Column("finished", "办完时间", lambda it: it.task.finished_at, 128, is_standard=False, missing="还没有"),
)
FACETS = (
    Facet("state", "状态", any_of(Task.state), None, {state: said for state, (_, said) in STATES.items()}),
    Facet("kind", "类别", any_of(Task.kind), None, KINDS),
    Facet("by", "提交人", one_of(Task.account_id), Task.account_id.is_(None), "people"),
    Facet("day", "提交日期", on_day(Task.created_at), None, {}, "date"),
    Facet("result", "结果", yes(Task.result_id.is_not(None)), Task.result_id.is_(None), {"yes": "有结果"}),
)


def _seen(query: Select[Any], actor: Actor) -> Select[Any]:
    query = query.where(Task.created_at > clock.now() - SHOWN)
    return query if actor.role == Role.COUNTY_ADMIN else query.where(tasks.own(actor))


def _rows(actor: Actor) -> Select[Any]:
    here = (Account.tenant_id == Task.tenant_id) & (Account.id == Task.account_id)
    return _seen(db.select(Task, Account.name).outerjoin(Account, here), actor)


NEWEST = Order((Task.created_at, Task.id), (datetime.fromisoformat, UUID), is_falling=True)
TASKS = PlainList(_rows, NEWEST, lambda row: Line(*row[:2]))
LISTINGS["tasks"] = Listing(
    "tasks", "任务", "件", "tasks.index", Permission.HOME_READ, lambda: COLUMNS, *TASKS.of("tasks"),
    facets=lambda: FACETS, fixed="a task is cancelled or tried again, never edited",
    typed=lambda text: Task.title.contains(text, autoescape=True),
)  # fmt: skip


def people(actor: Actor) -> Select[tuple[object, ...]]:
    """Who began the tasks that this reader sees, as choices of the list's page."""
    return db.select(*choice("people", Account.id, Account.name)).where(
        Account.id.in_(_seen(db.select(Task.account_id), actor))
    )


@bp.get("/")
@needs(Permission.HOME_READ)
def index() -> Any:
    """One's tasks of the last thirty days, newest first."""
    sheet = sheet_of("tasks", people(edge.actor()))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    page = sheet.page(TASKS)
    shown = [it.task for it in page.lines]
    jobs = dict(zip((task.id for task in shown), jobs_of(shown), strict=True))
    return render_template("tasks/index.html", sheet=sheet, page=page, jobs=jobs, states=STATES)
