"""What the commands say: one line a step with its seconds, and one fix an error (standard library only)."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Stopped(Exception):
    """The command cannot go on: what is wrong, and the one thing to do about it."""

    def __init__(self, problem: str, fix: str, log: Path | None = None) -> None:
        super().__init__(problem)
        self.problem, self.fix, self.log = problem, fix, log


def say(line: str = "") -> None:
    print(line, flush=True)


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """Run one step and print its line: seconds, title and whatever the step added to the yielded list."""
    notes: list[str] = []
    began = time.monotonic()
    try:
        yield notes
    except BaseException:
        say(f"{time.monotonic() - began:6.1f} s  {title}  … stopped")
        raise
    say(f"{time.monotonic() - began:6.1f} s  {title}{'  · ' if notes else ''}{' · '.join(notes)}")


def tail(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def explain(stopped: Stopped) -> None:
    """Print a problem with the end of its log and the one fix, to standard error."""
    if stopped.log is not None:
        print(f"\n{tail(stopped.log)}\n(whole log: {stopped.log})", file=sys.stderr)
    print(f"\nproblem: {stopped.problem}\n    fix: {stopped.fix}", file=sys.stderr, flush=True)
