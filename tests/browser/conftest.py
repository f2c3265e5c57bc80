"""A real server on the built demo, once a worker, and a browser whose windows complain aloud."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import redis
from playwright.sync_api import Browser, Playwright, sync_playwright
from sqlalchemy import make_url

from tests.browser.windows import Windows
from tests.conftest import RUN, WORKER, _copy, _owner_url, owner

ROOT = Path(__file__).parents[2]
FLASK = (sys.executable, "-m", "flask", "--app", "web")
TEMPLATE = f"t_{RUN}_demo"
PARTS = (  # what deploy/demo starts, with or without the key that opens the counties' seals
    ((sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn_conf.py"), False),
    ((*FLASK, "worker", "post"), True),
    ((*FLASK, "worker", "work"), True),
    ((*FLASK, "scheduler"), True),
)


def environment(database: str, port: int, *, is_sealing: bool) -> dict[str, str]:
    """As deploy/demo hands it out: pages never get the key of the seals."""
    number = 1 + crc32(f"{RUN}{database}".encode()) % 1023
    valkey = os.environ["REDIS_URL"]
    env = os.environ | {
        "DATABASE_URL": make_url(os.environ["DATABASE_URL"])
        .set(database=database)
        .render_as_string(hide_password=False),
        "KITELINE_OWNER_URL": _owner_url(database),
        "REDIS_URL": f"{valkey}{'&' if '?' in valkey else '?'}db={number}",
        "KITELINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "KITELINE_WEB_PROCESSES": "1",
    }
    if not is_sealing:
        env.pop("KITELINE_SEAL_KEY")
    return env


@contextmanager
def _turn(folder: Path) -> Iterator[Path]:
    """The workers of a run one after another; the file counts who uses the template."""
    path = folder / "browser-template"
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def _users(path: Path, change: int) -> int:
    count = int(path.read_text() or 0) + change
    path.write_text(str(count))
    return count


@pytest.fixture(scope="session")
def with_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the whole demo, made by the commands that deploy/demo runs: once a run, by the first who asks."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if WORKER.startswith("gw") else base
    with _turn(folder) as path:
        if _users(path, 1) == 1 and not _is_there():
            with owner() as connection:
                connection.execute(f'CREATE DATABASE "{TEMPLATE}" TEMPLATE template0')
            env = environment(TEMPLATE, 0, is_sealing=True)
            redis.Redis.from_url(env["REDIS_URL"]).flushdb()
            for words in (("migrate",), ("demo", "build")):
                done = subprocess.run((*FLASK, *words), env=env, cwd=ROOT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stdout + done.stderr
    yield TEMPLATE
    with _turn(folder) as path:
        if _users(path, -1) == 0:
            _drop(TEMPLATE)


def _is_there() -> bool:
    with owner() as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone())


def _drop(name: str) -> None:
    with owner() as connection:  # not by force: what is left of our processes ends within the seconds this waits
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')


@pytest.fixture(scope="session")
def live(with_demo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the application on a copy of the demo: gunicorn, both workers, the scheduler."""
    database, folder = f"t_{RUN}_{WORKER}_live", tmp_path_factory.mktemp("live")
    _copy(database, with_demo)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    running = []
    redis.Redis.from_url(environment(database, port, is_sealing=True)["REDIS_URL"]).flushdb()
    for number, (command, is_sealing) in enumerate(PARTS):
        bind = ("--bind", f"127.0.0.1:{port}") if number == 0 else ()
        with (folder / f"{number}.log").open("wb") as log:
            env = environment(database, port, is_sealing=is_sealing)
            running.append(subprocess.Popen((*command, *bind), env=env, cwd=ROOT, stdout=log, stderr=log))
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
            one.wait(15)
        _drop(database)


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


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    browser = driver.chromium.launch(
        executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        args=["--no-sandbox", "--disable-background-networking"],
    )
    yield browser
    browser.close()


@pytest.fixture
def windows(chromium: Browser, live: str) -> Iterator[Windows]:
    """Opens windows; afterwards none of them may have complained of a script, the content policy or a failed request."""
    with Windows(chromium, live) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _patient(request: Any) -> None:
    """The first test of a worker waits for the demo to be built."""
    request.node.add_marker(pytest.mark.timeout(600))
