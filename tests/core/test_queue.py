"""The bell: rung once while the job that would answer it has not begun."""

from __future__ import annotations

from rq import Queue

from tests.world import Pair
from web import jobs
from web.core import queue
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import valkey


def waiting() -> int:
    return len(Queue("post", connection=valkey.client, serializer="json"))


def test_one_queued_drain_does_for_all_who_ring_and_one_that_has_begun_for_nobody(pair: Pair, work):
    home, host = pair.home, pair.host
    work()
    for _ in range(3):
        queue.enqueue(Job.DRAIN, home.tenant_id, host.uid)
    assert waiting() == 1
    queue.enqueue(Job.DRAIN, host.tenant_id, home.uid)
    assert waiting() == 2, "another county's, or another peer's, is another bell"
    jobs.run("drain", home.tenant_id, str(host.uid))
    queue.enqueue(Job.DRAIN, home.tenant_id, host.uid)
    assert waiting() == 3, "what it read may be older than what is rung for now"


def test_a_bell_that_was_lost_with_its_worker_rings_again(pair: Pair):
    queue.enqueue(Job.DRAIN, pair.home.tenant_id, pair.host.uid)
    Queue("post", connection=valkey.client, serializer="json").empty()
    [bell] = valkey.client.scan_iter("rung:*")
    assert 0 < valkey.client.ttl(bell) <= queue.RINGS_FOR
    valkey.client.delete(bell)
    queue.enqueue(Job.DRAIN, pair.home.tenant_id, pair.host.uid)
    assert waiting() == 1


def test_a_job_about_one_thing_is_never_taken_for_another(pair: Pair):
    """Only what is found in the database by itself may be rung for once."""
    for _ in range(2):
        queue.enqueue(Job.HELLO, pair.home.tenant_id, uuid7())
    assert waiting() == 2
