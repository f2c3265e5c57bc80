"""`deploy/test`: lint, types and import contracts, then every test in parallel on real servers.

The servers and their data are made for this run and removed after it.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from deploy import instances
from deploy.console import Stopped, step
from deploy.machine import PYTHON, browser
from deploy.places import CHECKOUT, Instance, state_root
from deploy.processes import Family
from deploy.proofs import VARIABLE

# What a machine can say without running anything: title, what Python runs, the mend.
CHECKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("lint", ("-m", "ruff", "check", "--quiet", "."), ".venv/bin/python -m ruff check --fix ."),
    ("format", ("-m", "ruff", "format", "--check", "--quiet", "."), ".venv/bin/python -m ruff format ."),
    (
        "import contracts",
        ("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-logo"),
        "move the import down, or announce an event (web/README.md)",
    ),
    ("types", ("-m", "mypy"), "mend the lines named above"),
)


NOTHING = 5  # pytest's word for: of what was asked for, no test is here


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "deploy/test",
        usage="%(prog)s [-h] [--long] [pytest arguments]",
        description="Everything CI checks: lint, format, import contracts and types, then the tests on servers of their own.",
        epilog="Everything else is pytest's: a path runs a part (deploy/test tests/deploy), -k, -x and so on;"
        " .venv/bin/python -m pytest --help lists them.",
        allow_abbrev=False,
    )
    parser.add_argument("--long", action="store_true", help="the slow tests too, then what is measured, alone")
    asked, arguments = parser.parse_known_args(arguments)
    for title, words, fix in CHECKS:
        check(title, words, fix)
    sweep()
    if not asked.long:
        return run(arguments)
    found = run(["-m", "not alone", *arguments])
    if found not in (0, NOTHING):
        return found
    measured = measure(arguments)
    return found if measured == NOTHING else measured


def run(arguments: Sequence[str]) -> int:
    """Tests, in parallel, on servers that forget."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # One more than there are cores: while one waits for a server, a browser or a lock, another one works.
    return _on_servers(["-n", str(cores + 1), "--dist", "worksteal", *arguments], is_forgetful=True)


def measure(arguments: Sequence[str]) -> int:
    """What is measured: one after the other with nothing beside it, on servers that wait for their disk, with what it prints."""
    return _on_servers(["-m", "alone", "-s", *arguments], is_forgetful=False)


def _on_servers(arguments: Sequence[str], *, is_forgetful: bool) -> int:
    instance = Instance(f"test-{os.getpid()}")
    with instance.held("wait for the other deploy/test to end"):
        try:
            with Family() as family:
                services = instances.start(instance, family, is_forgetful=is_forgetful)
                return _pytest(instance, services, arguments)
        finally:
            instance.forget()


def check(title: str, words: Sequence[str], fix: str) -> None:
    """Run one tool; its findings go to the screen, whole."""
    with step(title):
        done = subprocess.run([PYTHON, *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stdout.write(done.stdout + done.stderr)
            raise Stopped(f"{title}: see above", fix)


def _pytest(instance: Instance, services: instances.Services, arguments: Sequence[str]) -> int:
    """Run pytest as the last speaker: its own closing line ends the output."""
    proved = instance.folder() / "proved.jsonl"
    env = services.environment(
        instances.SEAL_KEY, instances.OWNER_URL, **{VARIABLE: str(proved), "CHROMIUM": str(browser() or "")}
    )
    command = [PYTHON, "-m", "pytest", *arguments]
    process = subprocess.Popen([str(part) for part in command], env=env, cwd=CHECKOUT)
    try:
        return process.wait()
    except KeyboardInterrupt:
        _see_out(process)
        raise


def _see_out(process: subprocess.Popen[bytes]) -> None:
    """Let pytest report what it has: Ctrl-C reached it as well, a SIGTERM to us alone did not."""
    for attempt in range(3):
        if attempt:
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return
    process.kill()


def sweep() -> None:
    """Remove what runs that were killed left behind."""
    for left in state_root().glob("test-*"):
        instance = Instance(left.name)
        try:
            with instance.held(""):
                instance.forget()
        except Stopped:
            pass  # that run is alive
