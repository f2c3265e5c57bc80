"""Runs the queued jobs in this process, with RQ's own worker class."""

from __future__ import annotations

from rq import Queue, SimpleWorker

from web.core.queue import QUEUES
from web.extensions import valkey


def run_all() -> int:
    """Burst until every queue is empty; returns how many jobs ran. A failed job fails the test."""
    queues = [Queue(name, connection=valkey.client, serializer="json") for name in sorted(set(QUEUES.values()))]
    ran = 0
    while waiting := sum(len(q) for q in queues):
        worker = SimpleWorker(queues, connection=valkey.client, serializer="json")
        worker.work(burst=True, logging_level="WARNING")
        ran += waiting
    for queue in queues:
        for job_id in queue.failed_job_registry.get_job_ids():
            job = queue.fetch_job(job_id)
            result = job.latest_result() if job else None
            raise AssertionError(f"job {job_id} failed: {result.exc_string if result else ''}")
    return ran
