"""The bell: rung once while the job that would answer it has not begun."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from rq import Queue

from tests.world import Pair
from web import jobs
from web.core import clock, fence, queue
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import valkey
from web.tenants.tasks import service as tasks


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


def test_rounds_that_nobody_answers_leave_one_job_of_each_county(pair: Pair):
    """A worker that is busy for an hour found sixty timers of every county behind its letters, and a person's task behind these."""
    rounds = {name: every.total_seconds() for name, every, _ in jobs.ROUNDS}
    for job, name in ((Job.TIMERS, "timers"), (Job.SEAL_EVENTS, "seals")):
        jobs.ring_everyone(job)
        jobs.ring_everyone(job)
        bells = list(valkey.client.scan_iter(f"rung:{job}:*"))
        assert len(bells) == 2 and all(valkey.client.ttl(bell) > 5 * rounds[name] for bell in bells)
    assert len(Queue("work", connection=valkey.client, serializer="json")) == 4


def test_a_job_about_one_thing_is_never_taken_for_another(pair: Pair):
    """Only what is found in the database by itself may be rung for once."""
    for _ in range(2):
        queue.enqueue(Job.HELLO, pair.home.tenant_id, uuid7())
    assert waiting() == 2


def test_a_task_is_one_workers_until_nothing_was_heard_of_it_for_its_lease(fresh, pair: Pair):
    home, begun = pair.home, clock.now()
    moment = timedelta(milliseconds=1)

    def rung() -> int:
        before = len(Queue("work", connection=valkey.client, serializer="json"))
        jobs.ring_tasks()
        return len(Queue("work", connection=valkey.client, serializer="json")) - before

    def race() -> int:
        """How many of two workers at once get it."""
        line = Barrier(2)

        def worker(at) -> bool:
            with fresh.app_context(), clock.at(at), home.act():
                line.wait(10)
                return tasks.run(task_id) is not None

        with ThreadPoolExecutor(2) as both:
            return sum(both.map(worker, [clock.now()] * 2))

    with clock.at(begun), home.act():
        task_id = tasks.start(Job.EXPORT, "导出党员").id
        fence.commit()
    with clock.at(begun + tasks.UNANSWERED):
        assert rung() == 1, "nobody answered its bell"
        assert race() == 1
    with clock.at(begun + tasks.LEASE):
        assert rung() == 0 and race() == 0, "its worker began a minute later than it was ordered"
        with home.act():
            assert tasks.progress(task_id, 1, 2)
    with clock.at(begun + 2 * tasks.LEASE - moment):
        assert rung() == 0 and race() == 0, "its sign renewed the lease"
    with clock.at(begun + 2 * tasks.LEASE):
        assert rung() == 1 and race() == 1, "its worker died"
        with home.act():
            tasks.fail(tasks.get(task_id), "unforeseen")
            tasks.retry(tasks.get(task_id))
            fence.commit()
        assert rung() == 0, "tried again this moment: its bell is on the way"
        assert race() == 1
