"""Every Job and its function. RQ calls `run` by name; each job is one unit of work, but for those that hold their own.

`ROUNDS` is what the scheduler rings for: whatever a flushed or dead Valkey lost is found again there, in the database. A
county whose work an operator stopped is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from redis import RedisError
from rq import get_current_job
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from web.core import clock, counters, erasures, events, fence
from web.core.errors import DomainError
from web.core.ids import uuid7
from web.core.queue import AWAY, Job, begin, enqueue
from web.extensions import db, settings
from web.federation import registry
from web.federation.post import hello, relay, turning
from web.federation.post.models import PostDue
from web.federation.sharing import heartbeat, renaming
from web.jobs import agreements, batches, papers
from web.tenants.counties import service as counties
from web.tenants.counties.models import County
from web.tenants.imports import service as imports
from web.tenants.labels import service as labels
from web.tenants.register import bulk, editing
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import TaskState
from web.tenants.workbench import exports
from web.tenants.workbench import service as workbench

log = structlog.get_logger(__name__)


# What the days do to a county: deadlines of both sides, and what was kept long enough.
TIMERS: tuple[Callable[[], object], ...] = (
    *registry.TIMERS,
    turning.run_timers,
    exports.purge,
    imports.purge,
    workbench.purge,
    labels.purge,
)


def timers(tenant_id: int) -> None:
    """Job.TIMERS: all in one unit of work; where one cannot be done, of a single row it may be, each in its own, so that it
    keeps no other from its turn.
    """
    try:
        _in_one_unit(tenant_id, *TIMERS)
    except AWAY:
        raise
    except Exception:
        for timer in TIMERS:
            try:
                _in_one_unit(tenant_id, timer)
            except AWAY:
                raise
            except Exception:
                log.exception("timer.failed", timer=f"{timer.__module__}.{timer.__name__}")
        raise


def _in_one_unit(tenant_id: int, *steps: Callable[[], object]) -> None:
    with fence.acting_for(tenant_id):
        if counties.own().jobs_stopped_at is None:
            for step in steps:
                step()
            fence.commit()


# Jobs that open their own units of work: the relay holds no transaction while it delivers, a batch one a paper.
WHOLE: dict[Job, Callable[..., object]] = {
    Job.DRAIN: relay.drain,
    Job.HELLO: hello.exchange,
    Job.CHANGE_KEYS: turning.change,
    Job.COMPARE: heartbeat.compare,
    Job.BATCH: batches.run,
    Job.TIMERS: timers,
}
# Jobs that run in one unit of work for their county and commit once.
UNITS: dict[Job, Callable[..., object]] = {
    Job.SEAL_EVENTS: events.seal,
    Job.IMPORT_PREVIEW: imports.preview,
    Job.IMPORT_APPLY: imports.apply,
    Job.BULK_EDIT: bulk.run,
    Job.EDIT_LIST: editing.run,
    Job.EXPORT: exports.make,
    Job.RENDER: papers.render,
    Job.RENDER_AGREEMENT: agreements.render_text,
    Job.FOLLOW_NAME: renaming.follow,
}
# Jobs that are a person's task: their one argument is its id.
TASKS = {Job.BATCH, *UNITS} - {Job.SEAL_EVENTS}


def run(name: str, tenant_id: int, *ids: str) -> None:
    """Entry point of the workers: under the number of the request it comes from, counted and timed."""
    job, args, began, outcome = Job(name), [UUID(i) for i in ids], time.perf_counter(), "failed"
    current = get_current_job()
    asked_by = (current.get_meta(refresh=False).get("request") if current else "") or str(uuid7())
    with structlog.contextvars.bound_contextvars(request=asked_by, job=job.value, county=tenant_id):
        try:
            begin(name, tenant_id, *ids)
            outcome = _run(job, tenant_id, args)
        except (OperationalError, InterfaceError, RedisError):
            raise  # a server was away: the task stays open, and is rung for again
        except Exception:
            _give_up(job, tenant_id, args)
            raise
        finally:
            seconds = time.perf_counter() - began
            counters.count("kiteline_jobs_total", job=job.value, outcome=outcome)
            counters.count("kiteline_job_seconds_total", seconds, job=job.value)
            log.info("job", outcome=outcome, ms=round(seconds * 1000))


def _run(job: Job, tenant_id: int, args: list[UUID]) -> str:
    # Relay, batch and timers ask by themselves; cards and keys go on: what was stolen is revoked all the same.
    if job in WHOLE:
        WHOLE[job](tenant_id, *args)
        return "done"
    with fence.acting_for(tenant_id):
        if counties.own().jobs_stopped_at is not None:
            return "stopped"
        UNITS[job](*args)
        fence.commit()
    return "done"


def _give_up(job: Job, tenant_id: int, args: list[UUID]) -> None:
    """What nobody foresaw ends its task, which says so and can be tried again, instead of failing every ten minutes unseen."""
    if job in TASKS:
        with fence.acting_for(tenant_id):
            task = tasks.get(args[0])
            if task.state in (TaskState.WAITING, TaskState.RUNNING):
                tasks.fail(task, "unforeseen")
                fence.commit()


def ring_post() -> None:
    """Messages that are due, whichever county's."""
    with fence.platform("what is due, for all counties"):
        due = db.session.execute(
            db.select(PostDue.tenant_id, PostDue.peer_uid)
            .join(County, County.tenant_id == PostDue.tenant_id)
            .where(PostDue.due_at <= clock.now(), County.jobs_stopped_at.is_(None))
        ).all()
    for tenant_id, peer_uid in due:
        enqueue(Job.DRAIN, tenant_id, peer_uid)


def _working() -> list[int]:
    """The counties whose work nobody stopped."""
    with fence.platform("the list of counties"):
        return [c.tenant_id for c in counties.every() if c.jobs_stopped_at is None]


def ring_everyone(job: Job) -> None:
    """One job a county."""
    for tenant_id in _working():
        enqueue(job, tenant_id)


def ring_tasks() -> None:
    """Tasks whose bell was lost: waiting for a minute, or running without a sign for as long as a worker's lease."""
    for tenant_id in _working():
        with fence.acting_for(tenant_id):
            lost = tasks.unheard()
        for job, task_id in lost:
            enqueue(job, tenant_id, task_id)


def carry_out_erasures() -> None:
    """What was destroyed is told outside the database, where a restore finds it."""
    if settings().erasures:
        try:
            erasures.carry_out(Path(settings().erasures))
        except OSError as error:
            log.warning("scheduler.erasures_not_written", error=type(error).__name__)


def repurge(lines: list[erasures.Line]) -> tuple[int, list[str]]:
    """Do again what was destroyed or taken back, a unit of work a county: how many were there again, and what
    could not be done.

    Keys go last, for what is taken back may still be told with values under them.
    """
    done, refused = 0, []
    with fence.platform("the list of counties"):
        known = [county.tenant_id for county in counties.every()]
    wanted = sorted({(ln.kind == "record_key", ln.at, ln.tenant_id, ln.kind, ln.about_id) for ln in lines})
    for tenant_id in known:
        with fence.acting_for(tenant_id):
            for _, _, _, kind, about_id in (one for one in wanted if one[2] == tenant_id):
                if kind not in erasures.AGAIN:
                    refused.append(f"{kind} {about_id}: not known to this program")
                    continue
                try:
                    with fence.savepoint():
                        done += erasures.AGAIN[kind](about_id)
                except DomainError as error:
                    refused.append(f"{kind} {about_id}: {error}")
            fence.commit()
    return done, refused


def ring(name: str, round_: Callable[[], None]) -> None:
    """One round of the scheduler. While the database is away nothing can be found: the next round finds it again."""
    try:
        round_()
    except SQLAlchemyError as error:
        log.warning("scheduler.round_failed", round=name, error=type(error).__name__)


ROUNDS: list[tuple[str, timedelta, Callable[[], None]]] = [
    ("post", timedelta(seconds=1), ring_post),
    ("tasks", timedelta(minutes=1), ring_tasks),
    ("timers", timedelta(minutes=1), lambda: ring_everyone(Job.TIMERS)),
    ("erasures", timedelta(seconds=5), carry_out_erasures),
    ("seals", timedelta(minutes=10), lambda: ring_everyone(Job.SEAL_EVENTS)),
]
