"""What an operator sees: alive, ready, figures behind a token, and one number from a request to the jobs it left."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
import structlog
from rq import Queue
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from tests import world
from tests.blueprints.test_auth import sign_in
from web import jobs
from web.core import clock, counters, erasures, events, fence, logs, queue
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import valkey
from web.federation.post import relay, reopening, transports


@pytest.fixture
def lines():
    written = io.StringIO()
    logs.configure(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logs.configure()


@pytest.fixture
def figure(fresh, monkeypatch):
    """What a monitor reads of a figure, 0 where it is not there."""
    monkeypatch.setitem(fresh.extensions, "kiteline", replace(fresh.extensions["kiteline"], metrics_token="monitor-9"))

    def read(name: str) -> float:
        said = fresh.test_client().get("/metrics", headers={"Authorization": "Bearer monitor-9"}).text
        found = re.search(rf"^{name} (\S+)$", said, re.MULTILINE)
        return float(found[1]) if found else 0

    return read


def test_alive_is_not_ready(application, fresh, monkeypatch):
    client = fresh.test_client()
    assert client.get("/health").status_code == client.get("/health/ready").status_code == 200

    def dead(*args, **kwargs):
        raise redis.ConnectionError

    monkeypatch.setattr(redis.Redis, "ping", dead)
    answer = client.get("/health/ready")
    assert answer.status_code == 503 and answer.json == {"database": True, "schema": True, "valkey": False}
    assert client.get("/health/live").status_code == 200


def test_the_figures_are_for_who_has_the_token(application, fresh, pair, work, monkeypatch):
    client = fresh.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    token = "monitor-9"
    monkeypatch.setitem(fresh.extensions, "kiteline", replace(fresh.extensions["kiteline"], metrics_token=token))
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 404
    assert sign_in(client, pair.home).status_code == 303
    client.get(f"/{pair.home.code}/members/?q=王示甲")
    world.put(pair.host, [pair.home])
    with pair.home.act():
        erasures.note("record_key", uuid7())
        fence.commit()
    waits = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    assert re.search(r'kiteline_outbox_messages\{line="[0-9a-f]{12}"\} 1\n', waits), "how deep each outbox is"
    work()
    counters.hand_in()
    said = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    assert 'kiteline_requests_total{method="GET",route="/<county>/members/",status="200"} 1' in said
    assert "kiteline_erasures_untold 1\n" in said, "no scheduler has told it"
    assert "kiteline_erasures_kept 0\n" in said, "and there is no file"
    assert "kiteline_post_lines_waiting" in said and 'kiteline_queue_jobs{queue="post"} 0' in said
    for never in ("王示", pair.home.code, pair.home.name, str(pair.host.uid)):
        assert never not in said
    for line in said.splitlines():
        float(line.rpartition(" ")[2])
    assert 'kiteline_up{part="valkey"} 1' in said and 'kiteline_up{part="database"} 1' in said
    world.put(pair.host, [pair.home])
    with monkeypatch.context() as dead:
        dead.setattr(redis.connection.ConnectionPool, "get_connection", gone)
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    said = answer.text
    assert answer.status_code == 200 and 'kiteline_up{part="valkey"} 0' in said, "what is not known is left out"
    assert "kiteline_outbox_messages{" in said and "kiteline_queue_jobs" not in said
    with monkeypatch.context() as dead:
        dead.setattr(Engine, "connect", gone_too)
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    said = answer.text
    assert answer.status_code == 200 and 'kiteline_up{part="database"} 0' in said
    assert 'kiteline_queue_jobs{queue="post"}' in said and "kiteline_post_lines_waiting" not in said


def test_figures_move_with_what_happens(pair, work, figure):
    drains, seconds = r'kiteline_jobs_total\{job="drain",outcome="done"\}', r'kiteline_job_seconds_total\{job="drain"\}'
    overdue = r'kiteline_post_overdue_seconds\{line="[0-9a-f]{12}"\}'
    before = figure(drains), figure(seconds)
    world.put(pair.host, [pair.home])
    with clock.at(clock.now() + timedelta(seconds=90)):
        assert 90 <= figure(overdue) < 300
    work()
    assert figure(drains) > before[0] and figure(seconds) > before[1] and figure(overdue) == 0


def test_a_line_that_stands_still_is_counted(pair, work, figure, monkeypatch):
    """Nothing of it is due, so neither what is due nor how late it is tells it; what waits on it still does."""
    stopped, due = "kiteline_post_stopped_lines", "kiteline_post_lines_waiting"
    waits = r'kiteline_outbox_messages\{line="[0-9a-f]{12}"\}'
    world.put(pair.host, [pair.home])
    assert (figure(due), figure(stopped)) == (1, 0)
    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", lambda *args: [transports.Answer(code="bad_signature")])
        work()
    assert (figure(due), figure(stopped), figure(waits)) == (0, 1, 1)
    with pair.host.act():
        reopening.reopen(pair.home.uid, "电话核对过")
        fence.commit()
    work()
    world.put(pair.home, [pair.host])
    assert figure(stopped) == 0
    with clock.at(clock.now() + timedelta(days=31)):
        assert figure(stopped) == 1, "what thirty days did not deliver waits for a person, too"


def gone(*_: object, **__: object) -> None:
    raise redis.ConnectionError


def gone_too(*_: object, **__: object) -> None:
    raise OperationalError("SELECT 1", {}, Exception("gone"))


def test_what_a_job_raised_is_told_without_its_words(pair, work, lines, monkeypatch):
    """A database's words hold the row it refused; RQ would write them into the log and keep them for a day."""
    work()

    def refuse():
        raise ValueError("Failing row contains (王示甲, 1990)")

    monkeypatch.setitem(jobs.UNITS, Job.SEAL_EVENTS, refuse)
    queue.enqueue(Job.SEAL_EVENTS, pair.home.tenant_id)
    queue.Worker(["work"]).work(burst=True, logging_level="WARNING")
    [failed] = [line for line in lines() if line.get("level") == "error"]
    assert failed["error"] == "ValueError" and any("refuse" in place for place in failed["places"])
    assert "王示甲" not in json.dumps(lines(), ensure_ascii=False)
    waited = Queue("work", connection=valkey.client, serializer="json")
    [job_id] = waited.failed_job_registry.get_job_ids()
    assert "王示甲" not in str(waited.fetch_job(job_id).latest_result().exc_string)
    waited.failed_job_registry.remove(job_id, delete_job=True)


def test_one_deadline_that_cannot_be_kept_hinders_no_other(pair, lines, monkeypatch):
    """One row that breaks a timer would keep the county from every lapse, every purge and every heartbeat, for good."""

    def refuse():
        raise ValueError("王示甲")

    def keep():
        events.tell("member.export")

    monkeypatch.setattr(jobs, "TIMERS", (refuse, keep))
    with pytest.raises(ValueError):
        jobs.run(Job.TIMERS.value, pair.home.tenant_id)
    with pair.home.act():
        assert world.count(events.Event, events.Event.verb == "member.export") == 1
    [told] = [line for line in lines() if line["event"] == "timer.failed"]
    assert told["timer"].endswith("refuse") and "王示甲" not in json.dumps(lines(), ensure_ascii=False)


def test_one_number_from_the_request_to_its_jobs(application, fresh, pair, work, lines):
    world._build(*world.THIRD)
    world._make_keys(world.THIRD[0])
    client = fresh.test_client()
    sign_in(client, pair.home)
    answer = client.post(f"/{pair.home.code}/peers/invite", data={"code": world.THIRD[0]})
    assert answer.status_code == 303
    number = answer.headers["X-Request-Id"]
    structlog.contextvars.clear_contextvars()
    work()
    told = [line for line in lines() if line.get("request") == number]
    assert {line["event"] for line in told} >= {"request", "job"}
    assert [line["job"] for line in told if line["event"] == "job"] == ["hello"]


def test_the_number_stands_where_the_messages_are_sent(application, fresh, pair, work, lines):
    number = str(uuid7())
    with structlog.contextvars.bound_contextvars(request=number):
        agreement_id = world.put(pair.host, [pair.home])
    work()
    sent = [line for line in lines() if line.get("job") == "drain" and line.get("county") == pair.host.tenant_id]
    assert sent and {line["request"] for line in sent} == {number}
    # Inside the message, not only beside its job: the bell is lost, the scheduler rings, and both counties' lines have it.
    client = fresh.test_client()
    assert sign_in(client, pair.home).status_code == 303
    answer = client.post(f"/{pair.home.code}/agreements/{agreement_id}/accept")
    assert answer.status_code == 303
    structlog.contextvars.clear_contextvars()
    valkey.client.flushdb()
    for side, other in ((pair.home, pair.host), (pair.host, pair.home)):
        relay.drain(side.tenant_id, other.uid)
    number = answer.headers["X-Request-Id"]
    took = [line for line in lines() if line["event"] == "inbox.took" and line["request"] == number]
    assert [(line["county"], line["peer"], line["type"], line["result"]) for line in took] == [
        (pair.host.tenant_id, str(pair.home.uid), "agreement.accept", "applied"),
        (pair.home.tenant_id, str(pair.host.uid), "agreement.decision", "applied"),
    ]  # fmt: skip
