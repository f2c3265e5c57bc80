"""`deploy/services`: the two servers alone, for development; they stay until they are stopped."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from deploy import instances, servers
from deploy.console import Stopped, say, step
from deploy.places import Instance, write_privately
from deploy.processes import PATIENCE, Child


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("deploy/services", description=__doc__)
    parser.add_argument("verb", choices=["start", "stop", "env"])
    parser.add_argument("--name", default="dev", help="the instance's name (default: dev)")
    asked = parser.parse_args(arguments)
    instance = Instance(asked.name)
    {"start": _start, "stop": _stop, "env": _print_environment}[asked.verb](instance)
    return 0


def _running(instance: Instance) -> dict[str, int]:
    """The process ids of this instance's servers, by name."""
    note = instance.root / "pids.json"
    kept: dict[str, int] = json.loads(note.read_text()) if note.exists() else {}
    return {name: pid for name, pid in kept.items() if _is_ours(instance, pid)}


def _is_ours(instance: Instance, pid: int) -> bool:
    """Whether a process id still means a server of this instance: it works in the instance's directory."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(instance.root)
    except OSError:
        return False


def _start(instance: Instance) -> None:
    with instance.held("wait for the other deploy/services to end"), contextlib.redirect_stdout(sys.stderr):
        running = _running(instance)
        started: list[Child] = []
        if "PostgreSQL" not in running:
            with step("PostgreSQL"):
                started.append(servers.start_postgres(instance, is_forgetful=True, ends_with_us=False))
        if "Valkey" not in running:
            with step("Valkey"):
                started.append(servers.start_valkey(instance, ends_with_us=False))
        pids = running | {child.name: child.process.pid for child in started}
        write_privately(instance.root / "pids.json", json.dumps(pids))
    _print_environment(instance)


def _stop(instance: Instance) -> None:
    for name, pid in _running(instance).items():
        with step(f"{name} stopped"):
            os.kill(pid, signal.SIGINT)
            until = time.monotonic() + PATIENCE
            while _is_ours(instance, pid) and time.monotonic() < until:
                time.sleep(0.05)
    (instance.root / "pids.json").unlink(missing_ok=True)


def _print_environment(instance: Instance) -> None:
    if len(_running(instance)) < len(("PostgreSQL", "Valkey")):
        raise Stopped("the servers are not running", "deploy/services start")
    say(instances.embedded(instance).exports())
