"""`deploy/demo`: servers, migrations, the demo's counties, web, workers and scheduler, until Ctrl-C.

An instance belongs to its port: two ports are two demos that share nothing but the virtual environment.
"""

import argparse
import os
import secrets
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from deploy import instances, processes
from deploy.console import Stopped, say, step
from deploy.instances import OWNER_URL, SEAL_KEY
from deploy.machine import PYTHON
from deploy.places import CHECKOUT, Instance, write_privately
from deploy.processes import Child, Family
from deploy.run_backup import PASSPHRASE

# Messages between counties never wait behind a PDF: each queue of web.core.queue has a worker of its own.
QUEUES = ("post", "work")
FLASK = (PYTHON, "-m", "flask", "--app", "web")
HEALTHY_WITHIN = 60  # seconds


@dataclass(frozen=True)
class Part:
    """One lasting process of the application."""

    name: str
    command: tuple[str, ...]
    may_have: tuple[str, ...] = ()
    is_restarted: bool = False  # a job that kills its worker must not end the demo: the work is found again


PARTS = (
    Part("web", ("-m", "gunicorn", "--config", str(CHECKOUT / "deploy" / "gunicorn_conf.py"))),
    *(
        Part(f"worker {queue}", ("-m", "flask", "--app", "web", "worker", queue), (SEAL_KEY,), is_restarted=True)
        for queue in QUEUES
    ),
    Part("scheduler", ("-m", "flask", "--app", "web", "scheduler"), (SEAL_KEY,), is_restarted=True),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("deploy/demo", description="Kiteline on this machine, with the demo counties.")
    parser.add_argument("--port", type=int, default=8000, help="the port to serve on (default: 8000)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (default: this machine alone)")
    parser.add_argument("--fresh", action="store_true", help="forget this port's data and build the demo anew")
    parser.add_argument(
        "--env", action="store_true", help="print what `flask --app web` needs to reach the demo that runs"
    )
    asked = parser.parse_args(arguments)
    instance = Instance(f"demo-{asked.port}")
    if asked.env:
        _print_environment(instance, asked.host, asked.port)
        return 0
    elsewhere = f"deploy/demo --port {asked.port + 1}"
    with instance.held(elsewhere):
        if not _is_free(asked.host, asked.port):
            raise Stopped(f"port {asked.port} is taken by another program", elsewhere)
        if asked.fresh:
            _forget(instance)
        with Family() as family:
            _run(instance, family, asked.host, asked.port)
    return 0


def _run(instance: Instance, family: Family, host: str, port: int) -> None:
    services = instances.start(instance, family, is_forgetful=False)
    address, more = _address(host, port), _public(host, port) | {"KITELINE_ERASURES": str(instance.erasures)}
    _once(instance, "migrations", ("migrate",), services.environment(OWNER_URL, **more))
    _once(instance, "demo counties", ("demo", "build"), services.environment(SEAL_KEY, **more))
    with step("web, workers, scheduler") as notes:
        for part in PARTS:
            bind = ("--bind", f"{host}:{port}") if part.name == "web" else ()
            family.add(_start(instance, part, bind, services.environment(*part.may_have, **more)))
        family.add(_backups(instance, port))
        wait_until_healthy(f"{address}health", family)
        notes.append(f"logs in {instance.root / 'log'}")
    say(f"\nKiteline is ready: {address}\n(Ctrl-C stops it; the data stays. deploy/demo --fresh starts over.)")
    try:
        family.watch()
    except KeyboardInterrupt:
        say("\nstopping …")


def _address(host: str, port: int) -> str:
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}/"  # noqa: S104  compared, not bound


def _public(host: str, port: int) -> dict[str, str]:
    return {"KITELINE_PUBLIC_URL": os.environ.get("KITELINE_PUBLIC_URL", _address(host, port).rstrip("/"))}


def _print_environment(instance: Instance, host: str, port: int) -> None:
    """For a developer's shell, which gets what no single process has: the owner of the tables and the seal key as well."""
    if not instance.is_held():
        raise Stopped(f"no demo of this checkout runs on port {port}", f"deploy/demo --port {port}")
    say(instances.running(instance).exports(**_public(host, port)))


def _start(instance: Instance, part: Part, bind: Sequence[str], env: dict[str, str]) -> Child:
    log = instance.log(part.name.replace(" ", "-"))
    child = processes.start(part.name, (PYTHON, *part.command, *bind), log=log, env=env, cwd=CHECKOUT)
    if part.is_restarted:
        child.again = lambda: _start(instance, part, bind, env)
    return child


def _backups(instance: Instance, port: int) -> Child:
    """Makes the backups that operators ask for on their page: the command itself, as an operator would start it.

    Its key is the passphrase of the environment, else a file drawn beside the backups, which `--fresh` leaves alone.
    """
    folder = instance.folder("backups")
    words = [str(CHECKOUT / "deploy" / "backup"), str(folder), "--asked", "--port", str(port)]
    if not os.environ.get(PASSPHRASE):
        key = folder / "key"
        if not key.exists():
            write_privately(key, secrets.token_urlsafe(32))
        words += ["--key-file", str(key)]
    return _start(instance, Part("backups", tuple(words), is_restarted=True), (), dict(os.environ))


def _once(instance: Instance, title: str, words: Sequence[str], env: dict[str, str]) -> None:
    fix = "mend what the log says, then start again"
    if not os.environ.get("DATABASE_URL"):
        words_again = ["deploy/demo", *(word for word in sys.argv[1:] if word != "--fresh"), "--fresh"]
        fix = f"{' '.join(words_again)}    (starts over with an empty database)"
    with step(title):
        processes.run(
            (*FLASK, *words),
            log=instance.log("-".join(words)),
            problem=f"{title}: flask {' '.join(words)} failed",
            fix=fix,
            env=env,
            cwd=CHECKOUT,
        )


def wait_until_healthy(url: str, family: Family) -> None:
    """Wait for 200 from /health: database, Valkey and migrations are as they should be."""

    def is_healthy() -> bool:
        for child in family.children:
            child.must_run()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    web = next(child for child in family.children if child.name == "web")
    processes.wait_until(is_healthy, seconds=HEALTHY_WITHIN, child=web, problem=f"{url} is not healthy")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError:
            return False
    return True


def _forget(instance: Instance) -> None:
    replaced = [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]
    if replaced:
        raise Stopped(
            f"--fresh does not empty servers of yours ({', '.join(replaced)})",
            "empty them yourself (dropdb and createdb, valkey-cli flushdb), then deploy/demo",
        )
    with step("old data forgotten"):
        instance.forget("postgres", "valkey", "log", "secrets.json")
