"""A real server on the built demo, once a worker, and a browser whose windows complain aloud."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser

from tests import states
from tests.browser.windows import Windows
from tests.conftest import FLASK, ROOT, RUN, WORKER, _copy, environment, owner
from tests.states import State

PARTS = (  # what deploy/demo starts, with or without the key that opens the counties' seals
    ((sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn_conf.py"), False),
    ((*FLASK, "worker", "post"), True),
    ((*FLASK, "worker", "work"), True),
    ((*FLASK, "scheduler"), True),
)


@pytest.fixture(scope="session")
def live(with_demo: State, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the application on a copy of the demo: gunicorn, both workers, the scheduler."""
    database, folder = f"t_{RUN}_{WORKER}_live", tmp_path_factory.mktemp("live")
    _copy(database, template)
    with owner(database) as connection:
        states.bring_back(connection, with_demo)
    running = []
    # The socket is handed on as it is: a port that is let go may be somebody else's before gunicorn asks for it.
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port, handed = ours.getsockname()[1], ours.fileno()
        redis.Redis.from_url(environment(database, port, is_sealing=True)["REDIS_URL"]).flushdb()
        for number, (command, is_sealing) in enumerate(PARTS):
            bind, fds = (("--bind", f"fd://{handed}"), (handed,)) if number == 0 else ((), ())
            with (folder / f"{number}.log").open("wb") as log:
                env = environment(database, port, is_sealing=is_sealing)
                running.append(
                    subprocess.Popen((*command, *bind), env=env, cwd=ROOT, stdout=log, stderr=log, pass_fds=fds)
                )
    try:
        _wait(f"http://127.0.0.1:{port}/health", running, folder)
        yield f"http://127.0.0.1:{port}"
        said = (folder / "0.log").read_text()
        assert "Traceback" not in said, said[-4000:]
        assert [one.poll() for one in running] == [None] * len(running), "a part ended by itself"
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(40)
        with owner() as connection:  # not by force: what is left of our processes ends within the seconds this waits
            connection.execute(f'DROP DATABASE IF EXISTS "{database}"')


def _wait(url: str, running: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert all(one.poll() is None for one in running), [f.read_text()[-2000:] for f in folder.iterdir()]
        time.sleep(0.2)
    pytest.fail(f"{url} is not healthy: {[f.read_text()[-2000:] for f in folder.iterdir()]}")


@pytest.fixture
def windows(chromium: Browser, live: str) -> Iterator[Windows]:
    """Opens windows; afterwards none of them may have complained of a script, the content policy or a failed request."""
    with Windows(chromium, live) as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a worker waits for the demo to be built. Said here: a fixture's mark comes when the clock runs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
