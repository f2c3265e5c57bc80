"""The real servers, started from a checkout in a path with spaces, and nothing left of them afterwards."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.places import CHECKOUT
from web.config import Settings, SettingsError

ATTACHED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run behind a shell's & inherit its deafness
from deploy import instances
from deploy.places import Instance
from deploy.processes import Family
instance = Instance(sys.argv[1])
with instance.held("-"), Family() as family:
    instances.start(instance, family, is_forgetful=True)
    print("pids", *[child.process.pid for child in family.children], flush=True)
    family.watch()
"""


@pytest.fixture
def checkout(monkeypatch):
    """A copy of the commands in a path with spaces, its state beside it, where an unprivileged server may go."""
    top = Path(tempfile.mkdtemp(prefix="a path with spaces ", dir="/tmp"))
    top.chmod(0o711)
    copy = top / "the checkout"
    shutil.copytree(CHECKOUT / "deploy", copy / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("DATABASE_URL", "REDIS_URL", "KITELINE_OWNER_URL", "KITELINE_SEAL_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KITELINE_STATE_DIR", str(top / "the state"))
    monkeypatch.setenv("PYTHONPATH", str(copy))
    yield copy
    shutil.rmtree(top)


def services(checkout: Path, *words: str, command: str = "services") -> subprocess.CompletedProcess[str]:
    program = f"import sys; from deploy.run_{command} import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=checkout, capture_output=True, text=True, timeout=120, check=False
    )


def exported(lines: str) -> dict[str, str]:
    pairs = [shlex.split(line)[1].partition("=") for line in lines.splitlines() if line.startswith("export ")]
    return {name: value for name, _, value in pairs}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_end(pids: list[int], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(is_alive(pid) for pid in pids)


def test_the_servers_start_once_serve_two_roles_and_stop(checkout, proved):
    first = services(checkout, "start", "--name", "one")
    try:
        assert first.returncode == 0, first.stderr
        assert "PostgreSQL" in first.stderr
        assert all(line.startswith("export ") for line in first.stdout.splitlines())
        env = exported(first.stdout)
        again = services(checkout, "start", "--name", "one")
        assert "PostgreSQL" not in again.stderr
        assert exported(again.stdout) == env
        check_roles(env)
        log = next(checkout.parent.glob("the state/*/one/log/postgres.log")).read_text()
        assert "violates check constraint" in log and "王示甲" not in log, (
            "what failed, without the row and the statement"
        )
        line = redis.Redis.from_url(env["REDIS_URL"])
        assert line.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert line.config_get("appendonly") == {"appendonly": "yes"}
        line.close()
        pids = list(json.loads(next(checkout.parent.glob("the state/*/one/pids.json")).read_text()).values())
        if os.geteuid() == 0:
            assert all(Path(f"/proc/{pid}").stat().st_uid != 0 for pid in pids)
        assert len(pids) == 2
    finally:
        stopped = services(checkout, "stop", "--name", "one")
    assert stopped.returncode == 0, stopped.stderr
    assert all_end(pids)
    after = services(checkout, "env", "--name", "one")
    assert after.returncode != 0
    assert "not running" in after.stderr
    proved("roles of the database as deploy/README.md says", 2)


def check_roles(env: dict[str, str]) -> None:
    """The owner walks past row-level security and makes databases; the application can do neither, and owns nothing."""
    owner, app = (env[name].replace("+psycopg", "") for name in ("KITELINE_OWNER_URL", "DATABASE_URL"))
    question = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    with psycopg.connect(owner, autocommit=True) as line:
        assert line.execute(question).fetchone() == (False, True, True, False)
        assert line.execute("SHOW server_version_num").fetchone()[0] >= "160000"
        assert line.execute("SHOW timezone").fetchone() == ("UTC",)
        line.execute("CREATE TABLE kept (n int CHECK (n > 0), name text)")
        for statement, values in (
            ("INSERT INTO kept VALUES (0, '王示甲')", ()),
            ("INSERT INTO kept VALUES (%s, %s)", (0, "王示甲")),
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                line.execute(statement, values)
        collation = (
            "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        )
        assert line.execute(collation).fetchone() == ("C.UTF-8", "UTF8")
    with psycopg.connect(app, autocommit=True) as line:
        assert line.execute(question).fetchone() == (False, False, False, False)
        assert line.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone() == (0,)
        for refused in ("CREATE TABLE mine (n int)", "TRUNCATE kept", "SELECT * FROM kept", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                line.execute(refused)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_ends_leaves_no_server_behind(checkout, ending):
    with attached(checkout, "two", ending) as pids:
        assert len(pids) == 2
        assert all(is_alive(pid) for pid in pids)
    assert all_end(pids)


@contextmanager
def attached(checkout: Path, instance: str, ending: signal.Signals) -> Iterator[list[int]]:
    """A command that holds an instance with its servers, until it is ended so: the servers' process ids."""
    command = subprocess.Popen(
        [sys.executable, "-c", ATTACHED, instance],
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert command.stdout
    try:
        said = next((line for line in command.stdout if line.startswith("pids")), "")
        yield [int(word) for word in said.split()[1:]]
    finally:
        command.send_signal(ending)
        command.wait(100)  # a busy machine ends servers slowly
        command.stdout.close()


def test_the_environment_of_a_demo_that_runs_is_what_flask_asks_for(checkout):
    refused = services(checkout, "--env", "--port", "8123", command="demo")
    assert refused.returncode and not refused.stdout
    assert "no demo of this checkout runs on port 8123" in refused.stderr
    with attached(checkout, "demo-8123", signal.SIGINT):
        env = exported(services(checkout, "--env", "--port", "8123", command="demo").stdout)
        settings = Settings.from_env(env)
        assert settings.seal_key and settings.owner_url and settings.public_url == "http://127.0.0.1:8123"
        check_roles(env)
    for name in env.keys() - {"KITELINE_OWNER_URL", "KITELINE_SEAL_KEY", "KITELINE_PUBLIC_URL"}:
        with pytest.raises(SettingsError, match=name) as missing:
            Settings.from_env(env | {name: ""})
        assert "deploy/demo --env" in str(missing.value) and "deploy/README.md" in str(missing.value)


def test_an_operators_database_gets_the_application_role_beside_its_owner(checkout):
    """DATABASE_URL as given by the operator: the owner stays the owner, the application's role is made or mended."""
    env = exported(services(checkout, "start", "--name", "one").stdout)
    secrets = json.loads(next(checkout.parent.glob("the state/*/one/secrets.json")).read_text())
    program = "import sys; from deploy.database import external; print(external(sys.argv[1]).app)"

    def external(url: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, url], cwd=checkout, capture_output=True, text=True, check=False
        )

    try:
        superuser = env["KITELINE_OWNER_URL"].partition("//")[2].partition("@")[2]
        given = f"postgresql://postgres:{secrets['superuser'].replace('=', '%3D')}@{superuser}"
        made = external(given)
        assert made.returncode == 0, made.stderr
        with psycopg.connect(made.stdout.strip().replace("+psycopg", "")) as line:
            (name,) = line.execute("SELECT current_user").fetchone()
            assert name.startswith("kiteline_app_")
        assert external(given).stdout == made.stdout
        refused = external(made.stdout.strip())
        assert "cannot migrate under row-level security" in refused.stderr
        closed = external("postgresql://owner:password@127.0.0.1:1/kiteline")
        assert "does not open" in closed.stderr
    finally:
        services(checkout, "stop", "--name", "one")
