"""Verbs of a task: start, run, progress, finish, fail, cancel, retry.

A task is one worker's at a time. Whoever runs it holds a lease that each sign of it renews (`heard_at`); another worker
takes it when the lease is over. A job that makes no signs is ended before that (`queue.SECONDS`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from web.core import clock, events, fence
from web.core.errors import NotFound, WrongState
from web.core.events import Actor
from web.core.queue import Job, defer
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.organisations.models import PartyOrg
from web.tenants.tasks.models import TASK, Task, TaskState

# How long a worker that is not heard from is waited for, and a bell that nobody answered.
LEASE, UNANSWERED = timedelta(minutes=10), timedelta(minutes=1)


def start(job: Job, title: str, *, subject_id: UUID | None = None, details: dict[str, Any] | None = None) -> Task:
    """Put the work down and ring for it after commit; the job gets the task's id. A title of long names is cut."""
    task = Task(
        kind=job.value,
        title=title[:160],
        subject_id=subject_id,
        details=details or {},
        account_id=events.actor().account_id,
        created_at=clock.now(),
        heard_at=clock.now(),
    )
    TASK.apply(task, "start")
    db.session.add(task)
    db.session.flush()
    defer(job, fence.tenant(), task.id)
    return task


def own(actor: Actor) -> ColumnElement[bool]:
    """The condition that the actor began it, in the role and part of the tree of now."""
    return accounts.begun_by(actor, Task.account_id, Task.created_at)


def get(task_id: UUID, *where: ColumnElement[bool], lock: bool = False) -> Task:
    """NotFound when it is absent, another county's, or not what `where` asks."""
    query = db.select(Task).where(Task.id == task_id, *where)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound()
    return found


def run(task_id: UUID) -> Task | None:
    """Take the task; None when it is finished or cancelled, or another worker's (a bell may ring twice).

    Taking it commits by itself, so that its progress can be seen, and written, while the work's own unit is open.
    """
    with fence.acting_for(fence.tenant()):
        task = get(task_id, lock=True)
        is_left = task.state is TaskState.RUNNING and task.heard_at <= clock.now() - LEASE
        if task.state is not TaskState.WAITING and not is_left:
            return None
        TASK.apply(task, "run")
        task.heard_at = clock.now()
        task.details = {**task.details, "taken": task.heard_at.isoformat(), "before": task.done}
        fence.commit()
    return get(task_id)


def progress(task_id: UUID, done: int, total: int) -> bool:
    """Say how far it is, in a unit of work of its own and unlogged; False once somebody cancelled it."""
    with fence.acting_for(fence.tenant()):
        of = Task.__table__.c  # a mapped column would put the statement into the log
        statement = (
            db.update(Task.__table__)
            .where(of.tenant_id == fence.tenant(), of.id == task_id, of.state.in_(["waiting", "running"]))
            .values(done=done, total=total, heard_at=clock.now())
        )
        alive = db.session.scalar(statement.returning(of.id)) is not None
        fence.commit()
    return alive


def leave(task_id: UUID, details: dict[str, Any]) -> None:
    """Its worker lets it go for what else waits: whoever hears the bell next goes on from `details`."""
    task = get(task_id, lock=True)
    if task.state is not TaskState.RUNNING:  # cancelled meanwhile
        return
    task.details, task.heard_at = {**task.details, **details}, clock.now() - LEASE
    db.session.flush()
    defer(Job(task.kind), fence.tenant(), task.id)


def unheard() -> list[tuple[Job, UUID]]:
    """Tasks nobody works on although they are open: their bell was lost, or their worker died."""
    now = clock.now()
    query = db.select(Task.kind, Task.id).where(
        ((Task.state == TaskState.WAITING) & (Task.heard_at <= now - UNANSWERED))
        | ((Task.state == TaskState.RUNNING) & (Task.heard_at <= now - LEASE))
    )
    return [(Job(kind), task_id) for kind, task_id in db.session.execute(query)]


def finish(task: Task, *, result_id: UUID | None = None, total: int = 0, details: dict[str, Any] | None = None) -> None:
    """It is done. WrongState when somebody cancelled it meanwhile: the work's unit rolls back."""
    db.session.refresh(task, with_for_update=True)
    TASK.apply(task, "finish")
    task.total = total or task.total
    task.result_id, task.finished_at, task.done = result_id, clock.now(), task.total or task.done
    task.details = {**task.details, **(details or {})}
    db.session.flush()


def fail(task: Task, error: str, details: dict[str, Any] | None = None) -> None:
    """It could not be done; `error` is a stable code."""
    db.session.refresh(task, with_for_update=True)
    TASK.apply(task, "fail", reason=error)
    task.error, task.finished_at = error, clock.now()
    task.details = {**task.details, **(details or {})}
    db.session.flush()


# What a partner has to learn, whether or not somebody waits for it.
STAYS = frozenset({Job.FOLLOW_NAME.value})


def cancel(task: Task) -> None:
    """Nobody wants it any more; a running job sees it at its next step. WrongState for what is not ours to leave undone."""
    if task.kind in STAYS:
        raise WrongState("task_stays")
    TASK.apply(task, "cancel")
    task.finished_at = clock.now()
    db.session.flush()


def retry(task: Task) -> None:
    """Try a failed one again."""
    TASK.apply(task, "retry")
    task.error, task.done, task.finished_at, task.heard_at = "", 0, None, clock.now()
    db.session.flush()
    defer(Job(task.kind), fence.tenant(), task.id)


def owner(task: Task) -> events.Actor:
    """Who asked for it: the job acts as this person, with this person's part of the tree."""
    query = (
        db.select(Account, PartyOrg.path)
        .join(PartyOrg, (PartyOrg.tenant_id == Account.tenant_id) & (PartyOrg.id == Account.org_id))
        .where(Account.id == task.account_id)
    )
    found = db.session.execute(query).first() if task.account_id else None
    if found is None:
        return events.SYSTEM
    account, path = found
    return events.Actor(account.id, account.name, account.role, account.org_id, path)
