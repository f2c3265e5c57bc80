"""One task: long work with its progress, result, error, cancel and retry. Their list is `task_centre`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from web.blueprints import edge, navigation, words
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock
from web.core.events import Actor
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.documents import service as documents
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task, TaskState

bp = Blueprint("tasks", __name__, url_prefix="/<county>/tasks")


def _open(actor: Actor) -> Any:
    return (
        db.select(db.func.count())
        .select_from(Task)
        .where(Task.account_id == actor.account_id, Task.state.in_([TaskState.WAITING, TaskState.RUNNING]))
    )


navigation.ITEMS.insert(1, Item("办理", "任务中心", "tasks.index", Permission.HOME_READ, count=_open))

# Where the result of a kind of work is opened: endpoint and the name of its argument.
RESULTS: dict[str, tuple[str, str]] = {
    "render": ("documents.show", "document_id"),
    "render_agreement": ("documents.show", "document_id"),
    "import_preview": ("imports.show", "batch_id"),
    "import_apply": ("imports.show", "batch_id"),
}

# Which of many results are kept still, where they are destroyed with what they tell of: by the endpoint that opens them.
KEPT: dict[str, Callable[[Collection[UUID]], Collection[UUID]]] = {"documents.show": documents.kept}

# Where a cancelled work of a kind is begun again, what it made being kept: an endpoint.
AGAIN: dict[str, str] = {}

# Where the rows that could not be done are to be had: endpoint, the name of its argument, and which of many results have any.
ERRORS: dict[str, tuple[str, str, Callable[[Collection[UUID]], Collection[UUID]]]] = {}


def _named(argument: str, value: object) -> dict[str, Any]:
    return {argument: value}


def jobs_of(rows: Sequence[Task]) -> list[dict[str, Any]]:
    """Tasks as the progress part shows them; of a long list no more is asked than of a short one."""
    results: dict[Any, set[UUID]] = {}
    for task in rows:
        if task.kind in ERRORS and task.result_id is not None:
            results.setdefault(ERRORS[task.kind][2], set()).add(task.result_id)
    wrong = {result_id for which, ids in results.items() for result_id in which(ids)}
    gone = _gone(rows)
    return [_job(task, task.result_id in wrong, task.result_id in gone) for task in rows]


def _gone(rows: Sequence[Task]) -> set[UUID]:
    asked: dict[str, set[UUID]] = {}
    for task in rows:
        endpoint, _ = RESULTS.get(task.kind, ("", ""))
        if endpoint in KEPT and task.result_id is not None:
            asked.setdefault(endpoint, set()).add(task.result_id)
    return {each for endpoint, ids in asked.items() for each in ids - {*KEPT[endpoint](ids)}}


def _job(task: Task, has_errors: bool, is_gone: bool) -> dict[str, Any]:
    endpoint, argument = RESULTS.get(task.kind, ("", ""))
    result = task.result_id is not None and endpoint in current_app.view_functions and not is_gone
    return {
        "title": task.title,
        "state": task.state.value,
        "done": task.done,
        "total": task.total or 1,
        "unit": str(task.details.get("unit", "步")),
        "left": _left(task),
        "says": "文件已经销毁：所记的资料已按规定清除" if is_gone else _says(task),
        "url": url_for("tasks.fragment", task_id=task.id),
        "cancel_url": "" if task.kind in tasks.STAYS else url_for("tasks.cancel", task_id=task.id),
        "again_url": url_for(AGAIN[task.kind], task_id=task.id)
        if task.state is TaskState.CANCELLED and task.kind in AGAIN
        else "",
        "retry_url": url_for("tasks.retry", task_id=task.id),
        "result_url": url_for(endpoint, **_named(argument, task.result_id)) if result else "",
        "result_words": "下载" if task.kind in ("export", "batch") else "打开结果",
        "errors_url": url_for(ERRORS[task.kind][0], **_named(ERRORS[task.kind][1], task.result_id))
        if has_errors
        else "",
    }


def _says(task: Task) -> str:
    """Why it failed; of a finished batch: how many papers were not made; the file lists them with reasons."""
    if task.error:
        return words.ERRORS.get(task.error, task.error)
    failed = task.details.get("failed", ())
    if not failed:
        return ""
    if "made" in task.details:
        return say("{n} 份没有生成，原因列在压缩包里", n=len(failed))
    return say("{n} 条没有改成，原因见结果", n=len(failed))


def _left(task: Task) -> str:
    """How long it may still take, by what its worker did since it took the task: how long that waited in the queue says
    nothing. Empty before there is anything to go by.
    """
    done = task.done - task.details.get("before", task.done)
    if task.state is not TaskState.RUNNING or done <= 0 or task.done >= task.total:
        return ""
    took = clock.now() - datetime.fromisoformat(task.details["taken"])
    seconds = took.total_seconds() / done * (task.total - task.done)
    return (
        say("约剩 {seconds} 秒", seconds=max(1, round(seconds)))
        if seconds < 90
        else say("约剩 {seconds} 分钟", seconds=round(seconds / 60))
    )


def mine(task_id: UUID, *, lock: bool = False) -> Task:
    """One's own task; the clerk sees everybody's."""
    actor = edge.actor()
    return tasks.get(task_id, *([] if actor.role == "county_admin" else [tasks.own(actor)]), lock=lock)


def job_of(task_id: UUID) -> dict[str, Any]:
    """A task as the progress part shows it, for the page it belongs to."""
    return jobs_of([tasks.get(task_id)])[0]


@bp.get("/<uuid:task_id>")
@needs(Permission.HOME_READ)
def show(task_id: UUID) -> Any:
    """One task; a finished one goes on to its result by a link."""
    task = mine(task_id)
    return render_template("tasks/show.html", task=task, job=jobs_of([task])[0])


@bp.get("/<uuid:task_id>/progress")
@needs(Permission.HOME_READ)
def fragment(task_id: UUID) -> str:
    """The bar alone, asked for every two seconds while it runs."""
    return render_template("tasks/progress.html", job=jobs_of([mine(task_id)])[0])


@bp.post("/<uuid:task_id>/cancel")
@needs(Permission.SELF_WRITE)
def cancel(task_id: UUID) -> Any:
    """Nobody wants it any more."""
    tasks.cancel(mine(task_id, lock=True))
    return redirect(request.referrer or url_for("tasks.index"), 303)


@bp.post("/<uuid:task_id>/retry")
@needs(Permission.SELF_WRITE)
def retry(task_id: UUID) -> Any:
    """Try a failed one again."""
    task = mine(task_id, lock=True)
    tasks.retry(task)
    return redirect(url_for("tasks.show", task_id=task.id), 303)
