"""Every Job has its function, its queue, and in deploy/ a worker that waits on that queue."""

from __future__ import annotations

from deploy import run_demo
from web import jobs
from web.core import events
from web.core.queue import LONG, QUEUES, SECONDS, Job
from web.tenants.tasks import service as tasks


def test_every_job_has_a_function_and_a_queue(proved):
    assert set(jobs.WHOLE) | set(jobs.UNITS) == set(Job)
    assert not set(jobs.WHOLE) & set(jobs.UNITS), "a job holds its own units of work, or runs in one"
    assert set(QUEUES) == set(Job)
    proved("jobs mapped", len(Job))


def test_a_job_that_makes_no_signs_is_ended_before_another_worker_takes_its_task():
    assert tasks.LEASE.total_seconds() >= SECONDS
    assert set(LONG) == {Job.BATCH}, "it makes a sign before each paper"
    assert events.SETTLE.total_seconds() > SECONDS, "no seal is set past a line that its job has not committed"


def test_every_queue_has_a_worker_that_is_started():
    commands = [part.command for part in run_demo.PARTS]
    waited = {word for command in commands if "worker" in command for word in command[command.index("worker") + 1 :]}
    assert waited == set(QUEUES.values())
    assert any("scheduler" in command for command in commands), "what was lost is found again by the scheduler"


def test_pages_are_served_without_the_seal_key():
    for part in run_demo.PARTS:
        serves_pages = any("gunicorn" in word for word in part.command)
        assert serves_pages != ("KITELINE_SEAL_KEY" in part.may_have), part.name
