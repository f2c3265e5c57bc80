"""Children of a command: ended in order, started again when that is meant, never half of them left."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from deploy import processes
from deploy.console import Stopped
from deploy.processes import Child, Family

# Each says its number in one write: two writes of two processes could stand between one another.
FORKS = "import os, time\nif os.fork() == 0: os.setpgrp()\nos.write(1, b'%d\\n' % os.getpid())\ntime.sleep(100)"


def start(tmp_path: Path, program: str, name: str = "worker") -> Child:
    return processes.start(
        name, [sys.executable, "-c", program], log=tmp_path / f"{name}.log", env=dict(os.environ), cwd=tmp_path
    )


def wait_for(text: str, log: Path, count: int = 1) -> list[str]:
    until = time.monotonic() + 20
    while log.read_text().count(text) < count and time.monotonic() < until:
        time.sleep(0.02)
    return log.read_text().split()


def test_a_job_in_a_group_of_its_own_ends_with_its_worker(tmp_path):
    worker = start(tmp_path, FORKS)
    pids = [int(word) for word in wait_for("\n", worker.log, 2)]
    assert len(pids) == 2
    processes.stop(worker)
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/cwd").exists() for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}/cwd").exists() for pid in pids)


def test_leaving_ends_the_last_child_first(tmp_path, monkeypatch):
    ended = []
    monkeypatch.setattr(processes, "stop", lambda child: ended.append(child.name))
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(Stopped), Family() as family:
        family.children = [Child(name, None, tmp_path, signal.SIGTERM) for name in ("PostgreSQL", "web", "worker")]
        raise Stopped("anything", "anything")
    assert ended == ["worker", "web", "PostgreSQL"]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def test_a_worker_killed_by_its_job_is_started_again_and_web_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(processes, "STEADY", 0)
    worker = start(tmp_path, "raise SystemExit(7)")
    web = start(tmp_path, "raise SystemExit(3)", "web")
    replaced = start(tmp_path, "import time; time.sleep(100)")
    worker.again = lambda: replaced
    for child in (worker, web):
        child.process.wait()
    with pytest.raises(Stopped, match="web ended with status 3") as stopped, Family([worker, web]) as family:
        family.watch()
    assert stopped.value.log == web.log
    assert family.children[0] is replaced
    assert not replaced.is_running
    assert "worker ended with status 7 and is started again" in capsys.readouterr().out


def test_a_worker_that_ends_at_once_is_not_started_for_ever(tmp_path):
    worker = start(tmp_path, "raise SystemExit(7)")
    worker.again = lambda: pytest.fail("started again")
    worker.process.wait()
    with pytest.raises(Stopped, match="worker ended with status 7"), Family([worker]) as family:
        family.watch()


def test_waiting_ends_with_the_child_or_with_the_seconds(tmp_path):
    ended = start(tmp_path, "print('port taken'); raise SystemExit(1)")
    with pytest.raises(Stopped, match="status 1"):
        processes.wait_until(lambda: False, seconds=20, child=ended, problem="no answer")
    slow = start(tmp_path, "import time; time.sleep(100)", "slow")
    with pytest.raises(Stopped, match="no answer"):
        processes.wait_until(lambda: False, seconds=0.1, child=slow, problem="no answer")
    processes.stop(slow)
    assert not slow.is_running
