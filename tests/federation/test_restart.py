"""A whole PostgreSQL server stops and starts again under load, as asked and at once: pages, workers and scheduler come
back by themselves, and every word that was said is heard once.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from deploy import database, instances, servers
from deploy.database import for_psycopg
from deploy.places import Instance
from deploy.processes import Family
from tests import schema, states, world
from tests.conftest import FLASK, ROOT
from tests.federation.test_chaos import compare
from web import create_app
from web.config import Settings
from web.core import fence
from web.extensions import db
from web.federation.agreements import progress
from web.federation.agreements.models import CooperationProgress
from web.federation.post.models import PostDue

pytestmark = pytest.mark.long
WORDS = 40
SHUTDOWNS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@contextmanager
def deployment(state, monkeypatch):
    """Servers of our own that are thrown away: their instance, the PostgreSQL, the settings and the running parts."""
    top = Path(tempfile.mkdtemp(prefix="kiteline restart ", dir="/tmp"))
    top.chmod(0o711)
    monkeypatch.setenv("KITELINE_STATE_DIR", str(top))
    instance, parts = Instance("restart"), list[subprocess.Popen[bytes]]()
    try:
        with Family() as family:
            # Durable as in a real deployment: what was committed must be there after a crash.
            running = [servers.start_postgres(instance, is_forgetful=False, ends_with_us=True)]
            family.add(servers.start_valkey(instance, ends_with_us=True))
            given = instances.Services(
                database.embedded(instance), instances.valkey_url(instance), instances.keys(instance)
            )
            settings = replace(Settings.from_env(given.everything()), owner_url=given.urls.owner)
            schema.make(settings)
            with psycopg.connect(for_psycopg(given.urls.owner), autocommit=True) as connection:
                states.bring_back(connection, state)
            # The socket is handed on as it is: a port that is let go may be somebody else's before gunicorn asks for it.
            with socket.create_server(("127.0.0.1", 0)) as ours:
                port, handed = ours.getsockname()[1], ours.fileno()
                gunicorn = (sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn_conf.py")
                for command, fds in (
                    ((*gunicorn, "--bind", f"fd://{handed}"), (handed,)),
                    ((*FLASK, "worker"), ()),
                    ((*FLASK, "scheduler"), ()),
                ):
                    with (top / f"{len(parts)}.log").open("wb") as log:
                        env = given.environment(instances.SEAL_KEY, KITELINE_WEB_PROCESSES="1")
                        parts.append(subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, pass_fds=fds))
            try:
                yield instance, running, settings, parts, f"http://127.0.0.1:{port}"
            finally:
                for one in parts:
                    one.terminate()
                for one in parts:
                    one.wait(40)
                end(running.pop())
    finally:
        shutil.rmtree(top)


def end(server, how=signal.SIGINT):
    server.process.send_signal(how)
    server.process.wait(60)


def until(found, what):
    for _ in range(600):
        if found():
            return
        time.sleep(0.1)
    pytest.fail(f"not within a minute: {what}")


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_a_server_restarted_under_load(with_agreement, monkeypatch, proved):
    with deployment(with_agreement, monkeypatch) as (instance, running, settings, parts, address):
        app = create_app(settings)
        try:
            with app.app_context():
                walk(instance, running, parts, address)
        finally:
            with app.app_context():
                db.engine.dispose()
    proved("servers restarted", len(SHUTDOWNS))


def walk(instance, running, parts, address):
    pair = world.load_agreed()
    until(lambda: status(f"{address}/health/ready") == 200, "pages")
    door, said = f"{address}/{pair.home.code}/sign-in", 0

    def say():
        """One word of a county; False if the database was away."""
        side, item = ((pair.home, "a1"), (pair.host, "a2"))[said % 2]
        try:
            with side.act():
                progress.note_progress(pair.ref.id, item, said % 100, "走访")
                fence.commit()
        except SQLAlchemyError:
            return False
        return True

    for shutdown in SHUTDOWNS.values():
        for _ in range(WORDS):
            said += say()
        end(running.pop(), shutdown)  # while workers are at it
        assert not say() and status(door) == 503
        running.append(servers.start_postgres(instance, is_forgetful=False, ends_with_us=True))
        until(say, "a word after the restart")
        said += 1
        until(lambda: status(door) == 200, "the page after the restart")
    for _ in range(WORDS):
        said += say()

    def is_at_rest():
        with fence.platform("tests"):
            return not db.session.scalars(db.select(PostDue)).all()

    until(is_at_rest, "everything was sent")
    compare([pair.home, pair.host])
    for side in (pair.home, pair.host):
        with side.act():
            assert world.count(CooperationProgress) == said, "every word once, on both sides"
    assert [one.poll() for one in parts] == [None] * len(parts), "a part ended"
