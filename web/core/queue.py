"""Work that waits for the commit: a closed list of jobs, deferred as (job, county, ids).

Valkey is a bell, not a truth (FEDERATION §2.2): whatever a lost job would have done is found again in the database by
the scheduler. Arguments are ids only.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import redis
import structlog
from rq import Queue

from web.core import fence
from web.extensions import valkey

log = structlog.get_logger(__name__)


class Job(StrEnum):
    """Every kind of deferred work. `web.jobs` maps each to its function, `QUEUES` to its queue."""

    DRAIN = "drain"
    HELLO = "hello"
    SEAL_EVENTS = "seal_events"
    TIMERS = "timers"
    IMPORT_PREVIEW = "import_preview"
    IMPORT_APPLY = "import_apply"
    RENDER = "render"
    RENDER_AGREEMENT = "render_agreement"


# Messages between counties must not wait behind a PDF: they have a queue, and a worker, of their own.
QUEUES: dict[Job, str] = {
    Job.DRAIN: "post",
    Job.HELLO: "post",
    Job.SEAL_EVENTS: "work",
    Job.TIMERS: "work",
    Job.IMPORT_PREVIEW: "work",
    Job.IMPORT_APPLY: "work",
    Job.RENDER: "work",
    Job.RENDER_AGREEMENT: "work",
}


def defer(job: Job, tenant_id: int, *ids: UUID, after: timedelta | None = None) -> None:
    """Run `job` for this county once this unit of work has committed."""
    fence.here().after_commit.append(lambda: enqueue(job, tenant_id, *ids, after=after))


def enqueue(job: Job, tenant_id: int, *ids: UUID, after: timedelta | None = None) -> None:
    """Ring the bell now. A dead Valkey is survived: the scheduler finds the work in the database."""
    queue = Queue(QUEUES[job], connection=valkey.client, serializer="json")
    args = (job.value, int(tenant_id), *(str(i) for i in ids))
    try:
        if after is None:
            queue.enqueue("web.jobs.run", *args, result_ttl=0, failure_ttl=86_400, job_timeout=600)
        else:
            queue.enqueue_in(after, "web.jobs.run", *args, result_ttl=0, failure_ttl=86_400, job_timeout=600)
    except redis.RedisError as error:
        log.warning("queue.unreachable", job=job.value, error=type(error).__name__)
