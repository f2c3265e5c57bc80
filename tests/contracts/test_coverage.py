"""tests/coverage_of_rows leads from every promise to tests and pages that exist."""

from __future__ import annotations

import ast

import pytest

from tests.contracts.source import ROOT, tree
from tests.coverage_of_rows import LINES

SECTIONS = {
    "the walk": {"1": 12, "2": 12, "3": 16, "4": 7, "5": 8, "6": 5, "7": 5, "8": 2, "end": 1},
    "the main job": {
        "1": 14, "2": 7, "3": 9, "4": 6, "5": 2, "6": 5, "7": 8, "8": 16, "9": 2, "10": 2, "11": 3, "bench": 6
    },
}  # fmt: skip


def missing_tests(names: tuple[str, ...]) -> list[str]:
    """Those of these tests that are not written."""
    found = []
    for name in names:
        path, _, function = name.partition("::")
        file = ROOT / "tests" / path
        written = {n.name for n in ast.walk(tree(file)) if isinstance(n, ast.FunctionDef)} if file.exists() else set()
        if function not in written:
            found.append(name)
    return found


def test_every_line_leads_somewhere(application, proved):
    endpoints, commands = set(application.view_functions), set(application.cli.commands)
    lost: list[str] = []
    lines = [line for issue in LINES.values() for line in issue]
    still = [line for line in lines if line.still]
    for line in lines:
        for page in line.pages:
            exists = (
                (ROOT / page).exists()
                if page.startswith("deploy/")
                else page.removeprefix("flask:") in commands
                if page.startswith("flask:")
                else page in endpoints
            )
            if not exists:
                lost.append(f"§{line.section} {line.promise}: no page or command {page}")
        lost += [f"§{line.section} {line.promise}: no test {name}" for name in missing_tests(line.tests)]
        assert line.still or (line.tests and line.pages), f"§{line.section} {line.promise}: shown by nothing"
    for line in still:
        print(f"open: §{line.section} {line.promise}: {line.still}")
    assert lost == []
    proved("promises shown by tests", len(lines) - len(still))
    if still:
        proved("promises still open", len(still))


@pytest.mark.parametrize("issue", SECTIONS)
def test_no_section_was_forgotten(issue):
    lines = LINES[issue]
    for section, least in SECTIONS[issue].items():
        assert len([line for line in lines if line.section == section]) >= least, section
    assert len({line.promise for line in lines}) == len(lines)
