"""From each promise to what shows it: the line of the issue, the page or command, the tests. A file an issue.

`pages`: endpoints, or commands (`deploy/…`, `flask:…`). `tests`: files under tests/, with `::` and the test's name.
`still`: what is not there yet; an open line says so here, and the run prints it. tests/contracts/test_coverage.py
checks that every endpoint, command and test named here exists.
"""

from tests.coverage_of_rows.line import Line
from tests.coverage_of_rows.main_job import MAIN_JOB
from tests.coverage_of_rows.walk import WALK

LINES: dict[str, tuple[Line, ...]] = {"the walk": WALK, "the main job": MAIN_JOB}

__all__ = ["LINES", "Line"]
