"""tests/coverage_of_rows.py leads from every promise to tests and pages that exist."""

from __future__ import annotations

import ast

import pytest

from tests.contracts.source import ROOT, tree
from tests.coverage_of_rows import LINES

SECTIONS = {"1": 12, "2": 12, "3": 16, "4": 7, "5": 8, "6": 5, "7": 5, "8": 2, "end": 1}


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
    still = [line for line in LINES if line.still]
    for line in LINES:
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
        assert line.tests and line.pages, f"§{line.section} {line.promise}: shown by nothing"
    for line in still:
        print(f"open: §{line.section} {line.promise}: {line.still}")
    assert lost == []
    proved("promises shown by tests", len(LINES) - len(still))
    if still:
        proved("promises still open", len(still))


@pytest.mark.parametrize(("section", "least"), SECTIONS.items())
def test_no_section_was_forgotten(section, least):
    assert len([line for line in LINES if line.section == section]) >= least
    assert len({line.promise for line in LINES}) == len(LINES)
