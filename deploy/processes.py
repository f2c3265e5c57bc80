"""Starts, watches and stops the processes of one command (standard library only).

Each child is a session of its own, so Ctrl-C reaches the command alone, which then stops what it started in reverse
order; should the command itself be killed, the kernel ends its children (on Linux).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

from deploy.console import Stopped, say

PATIENCE = 10  # seconds a process gets to end by itself
STEADY = 5  # seconds a process must have run to be worth starting again
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ends_on: signal.Signals
    again: Callable[[], "Child"] | None = None  # how to start it again when it ends by itself
    began: float = field(default_factory=time.monotonic)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def must_run(self) -> None:
        """Raise when the child has ended."""
        if not self.is_running:
            raise Stopped(f"{self.name} ended with status {self.process.returncode}", "read the log above", self.log)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    user: int | None = None,
    ends_on: signal.Signals = signal.SIGTERM,
    ends_with_us: bool = True,
) -> Child:
    """Start a process in its own session, its output appended to `log`; `user` drops root's rights for it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_bind_to_parent(ends_on) if ends_with_us else None,  # noqa: PLW1509  the commands have one thread
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    return Child(name, process, log, ends_on)


def _bind_to_parent(ends_on: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(ends_on))
        if os.getppid() != parent:
            os._exit(1)

    return bind


def stop(child: Child) -> None:
    """End a child: its own signal first, then SIGKILL for its whole session."""
    if child.is_running:
        child.process.send_signal(child.ends_on)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(PATIENCE)
    for pid in _session(child.process.pid):  # what it left behind, such as a worker's job in a group of its own
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    child.process.wait()


def _session(leader: int) -> list[int]:
    """The processes of the session a child began, as /proc knows them; the child alone where there is no /proc."""
    if not Path("/proc/self").exists():
        return [leader]
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == leader:
                members.append(int(entry.name))
    return members


@dataclass
class Family:
    """Every process a command started; leaving the block stops them, the last first."""

    children: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
        return self

    def __exit__(self, *_: object) -> None:
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of them running
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.children):
            stop(child)
        for number, handler in {**self._before, signal.SIGINT: interrupt}.items():
            signal.signal(number, handler)

    def add(self, child: Child) -> Child:
        self.children.append(child)
        return child

    def watch(self) -> None:
        """Return never: start again what may be, raise when another child ends, KeyboardInterrupt on Ctrl-C."""
        while True:
            for place, child in enumerate(self.children):
                if not child.is_running:
                    self.children[place] = _start_again(child)
            time.sleep(0.5)


def _start_again(child: Child) -> Child:
    if child.again is None or time.monotonic() - child.began < STEADY:
        child.must_run()
    assert child.again
    say(f"{child.name} ended with status {child.process.returncode} and is started again (log: {child.log})")
    return child.again()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(command: Sequence[str | Path], *, log: Path, problem: str, fix: str, env: Mapping[str, str], cwd: Path) -> None:
    """Run a command to its end with its output in `log`; Stopped with `problem` and `fix` when it fails."""
    with log.open("wb") as output:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            check=False,
        )
    if done.returncode:
        raise Stopped(problem, fix, log)


def wait_until(ready: Callable[[], bool], *, seconds: float, child: Child, problem: str) -> None:
    """Ask `ready` every 50 ms; Stopped when the child ends or the seconds run out."""
    until = time.monotonic() + seconds
    while not ready():
        child.must_run()
        if time.monotonic() > until:
            raise Stopped(problem, "read the log above", child.log)
        time.sleep(0.05)
