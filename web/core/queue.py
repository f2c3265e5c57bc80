"""Work that waits for the commit: a closed list of jobs, deferred as (job, county, ids).

Valkey is a bell, not a truth (FED/1 §1.2): whatever a lost job would have done is found again in the database by
the scheduler. Arguments are ids only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import InterfaceError, OperationalError

from web.core import fence, logs
from web.extensions import valkey

log = structlog.get_logger(__name__)

# A server was away, or the time of the whole job is over: no row is to blame, and whatever comes next would fail as well.
AWAY = (OperationalError, InterfaceError, redis.RedisError, JobTimeoutException)


class Job(StrEnum):
    """Every kind of deferred work. `web.jobs` maps each to its function, `QUEUES` to its queue."""

    DRAIN = "drain"
    HELLO = "hello"
    CHANGE_KEYS = "change_keys"
    COMPARE = "compare"
    SEAL_EVENTS = "seal_events"
    TIMERS = "timers"
    IMPORT_PREVIEW = "import_preview"
    IMPORT_APPLY = "import_apply"
    BULK_EDIT = "bulk_edit"
    EDIT_LIST = "edit_list"
    EXPORT = "export"
    RENDER = "render"
    BATCH = "batch"
    RENDER_AGREEMENT = "render_agreement"
    FOLLOW_NAME = "follow_name"


# Messages between counties must not wait behind a PDF: they have a queue, and a worker, of their own.
QUEUES: dict[Job, str] = {
    Job.DRAIN: "post",
    Job.HELLO: "post",
    Job.CHANGE_KEYS: "post",
    Job.COMPARE: "post",
    Job.SEAL_EVENTS: "work",
    Job.TIMERS: "work",
    Job.IMPORT_PREVIEW: "work",
    Job.IMPORT_APPLY: "work",
    Job.BULK_EDIT: "work",
    Job.EDIT_LIST: "work",
    Job.EXPORT: "work",
    Job.RENDER: "work",
    Job.BATCH: "work",
    Job.RENDER_AGREEMENT: "work",
    Job.FOLLOW_NAME: "work",
}


# Jobs that do whatever waits in the database when they begin: one that is queued and has not begun does for all who ring.
# Each rings again after so many seconds, should the one queued have been lost with its worker. What is rung for by the
# calendar waits through many rounds: behind an hour of letters there is one of each county, and not one a minute.
RINGS_FOR = 5
BELLS: dict[Job, int] = {Job.DRAIN: RINGS_FOR, Job.TIMERS: 600, Job.SEAL_EVENTS: 6_000, Job.BATCH: 600}

# Seconds a job may take, and where they are too few: a thousand papers on a slow machine.
SECONDS = 600
LONG: dict[Job, int] = {Job.BATCH: 3_600}


def defer(job: Job, tenant_id: int, *ids: UUID) -> None:
    """Run `job` for this county once this unit of work has committed; asked twice in one unit, it runs once."""
    fence.here().after_commit[job, tenant_id, *ids] = lambda: enqueue(job, tenant_id, *ids)


def enqueue(job: Job, tenant_id: int, *ids: UUID) -> None:
    """Ring the bell now. A dead Valkey is survived: the scheduler finds the work in the database."""
    args = (job.value, int(tenant_id), *(str(i) for i in ids))
    try:
        if job in BELLS and not valkey.client.set(_bell(*args), "", nx=True, ex=BELLS[job]):
            return
        queue = Queue(QUEUES[job], connection=valkey.client, serializer="json")
        # RQ tries nothing again by itself: what failed or died is found in the database.
        kept = {"result_ttl": 0, "failure_ttl": 86_400, "job_timeout": LONG.get(job, SECONDS), "meta": _meta()}
        with valkey.client.pipeline() as journey:
            queue.enqueue("web.jobs.run", *args, pipeline=journey, **kept)
            journey.execute()
    except redis.RedisError as error:
        log.warning("queue.unreachable", job=job.value, error=type(error).__name__)


def others_wait(job: Job) -> bool:
    """Whether anything waits in the queue of this job, which is at work. With Valkey dead nothing does."""
    try:
        return bool(Queue(QUEUES[job], connection=valkey.client, serializer="json").count)
    except redis.RedisError:
        return False


def begin(*args: str | int) -> None:
    """A job begins: whoever rings from now on wants another one. With Valkey dead the bell runs out by itself."""
    if args[0] in BELLS:
        with contextlib.suppress(redis.RedisError):
            valkey.client.delete(_bell(*args))


def is_first(*of: str | int | UUID) -> bool:
    """Whether nobody asked for the same in the last RINGS_FOR seconds. With Valkey dead everybody is the first."""
    try:
        return bool(valkey.client.set(_bell(*map(str, of)), "", nx=True, ex=RINGS_FOR))
    except redis.RedisError:
        return True


def _bell(*args: str | int) -> str:
    return ":".join(("rung", *map(str, args)))


def _meta() -> dict[str, str]:
    """The request a job comes from travels with it, for the log alone."""
    return {"request": logs.request_id()}


class Worker(SimpleWorker):
    """One process, no fork a job: a message crosses in milliseconds. A job that dies takes the process with it, the one who
    started it starts it again, and what the job would have done is found in the database.

    RQ writes what a job raised into the log and into Valkey, words and all; a database's words hold the row it refused.
    """

    def __init__(self, names: Iterable[str]) -> None:
        queues = [Queue(name, connection=valkey.client, serializer="json") for name in names]
        super().__init__(queues, connection=valkey.client, serializer="json")

    def handle_exception(self, job: object, *exc_info: Any) -> None:
        """The kind and the places, in a line like ours."""
        log.error("job.failed", exc_info=exc_info[1])

    def handle_job_failure(self, *of: Any, **more: Any) -> None:
        """RQ keeps for a day that it failed."""
        super().handle_job_failure(*of, **more | {"exc_string": ""})


class _Passing(SimpleWorker):
    """A worker for one round. Nobody commands it, so it subscribes to nothing: the thread that would listen takes a
    quarter of a second to end.
    """

    def subscribe(self) -> None:
        """Not for a worker that is gone before anybody knows its name."""


class JobFailed(RuntimeError):
    """A job that `burst` ran raised; the text is its traceback."""


def burst() -> int:
    """Run in this process whatever waits, until nothing does; returns how many jobs ran. For the demo and the tests."""
    queues = [Queue(name, connection=valkey.client, serializer="json") for name in sorted(set(QUEUES.values()))]
    ran = 0
    while waiting := sum(len(q) for q in queues):
        worker = _Passing(queues, connection=valkey.client, serializer="json")
        worker.work(burst=True, logging_level="WARNING")
        ran += waiting
    for queue in queues:
        for job_id in queue.failed_job_registry.get_job_ids():
            job = queue.fetch_job(job_id)
            result = job.latest_result() if job else None
            raise JobFailed(f"{job_id}: {result.exc_string if result else ''}")
    return ran
