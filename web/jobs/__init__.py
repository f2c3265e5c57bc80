"""Every Job and its function. RQ calls `run` by name; each job is one unit of work, but for those that hold their own."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from web.core import events, fence
from web.core.queue import Job
from web.federation.post import hello as hello_
from web.federation.post import relay

# Jobs that open their own units of work: the relay holds no transaction while it delivers.
WHOLE: dict[Job, Callable[..., object]] = {Job.DRAIN: relay.drain, Job.HELLO: hello_.exchange}
# Jobs that run in one unit of work for their county and commit once.
UNITS: dict[Job, Callable[..., object]] = {Job.SEAL_EVENTS: events.seal}


def run(name: str, tenant_id: int, *ids: str) -> None:
    """Entry point of the workers."""
    job, args = Job(name), [UUID(i) for i in ids]
    if job in WHOLE:
        WHOLE[job](tenant_id, *args)
        return
    with fence.acting_for(tenant_id):
        UNITS[job](*args)
        fence.commit()
