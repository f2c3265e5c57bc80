"""What a test run proved: tests count what they looked at, the run ends with the sums (a pytest plugin).

The counts go through a file, named by KITELINE_PROVED, since the tests run in several processes.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

VARIABLE = "KITELINE_PROVED"
LINE = 110  # characters before the sums go on in a new line

Proved = Callable[[str, int], None]


@pytest.fixture
def proved() -> Proved:
    """`proved("tables isolated", 31)`: call it last in a test, with how many things the test has shown."""

    def count(name: str, number: int) -> None:
        if number < 1:
            pytest.fail(f"nothing was looked at: {name}")
        if path := os.environ.get(VARIABLE):
            with Path(path).open("a", encoding="utf-8") as file:  # one short append is atomic
                file.write(json.dumps({"name": name, "count": number}) + "\n")

    return count


def sums(path: Path) -> Counter[str]:
    """The counts of a run, added up by name; a test that ran in many cases adds each."""
    total: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        entry = json.loads(line)
        total[entry["name"]] += entry["count"]
    return total


def sentences(total: Counter[str]) -> list[str]:
    """The sums as lines of readable length, in alphabetical order: `proved: 84 routes with a policy · …`."""
    lines, line = [], "proved:"
    for name, count in sorted(total.items()):
        part = f" {count} {name}"
        if len(line) + len(part) > LINE and line.strip() != "proved:":
            lines.append(line)
            line = "       "
        line += f" ·{part}" if line.strip() not in {"proved:", ""} else part
    return [*lines, line] if total else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sums just before pytest's closing line."""
    if not (path := os.environ.get(VARIABLE)) or hasattr(terminalreporter.config, "workerinput"):
        return
    terminalreporter.ensure_newline()
    for line in sentences(sums(Path(path))):
        terminalreporter.write_line(line)
