"""What counts as a list: records that grow with work, of which one looks for one or takes many. Each is declared, and drawn
by `p.sheet_table` or `sheet_head`; every other table of rows stands here, with why it is none.
"""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"

# Why a table of rows is no list → the tables: template and how many there are in it.
NO_LISTS: dict[str, dict[str, int]] = {
    "a part of one record, read on its page": {
        "activities/record.html": 2, "activities/show.html": 1, "agreements/_duties.html": 1, "agreements/check.html": 1,
        "agreements/letters.html": 1, "agreements/meeting.html": 1, "agreements/show.html": 8, "auth/sessions.html": 1,
        "cosigning/show.html": 2, "documents/certificate.html": 1, "members/_looks.html": 1, "members/compare.html": 1,
        "members/show.html": 1, "peers/show.html": 3, "referrals/guest.html": 1, "scopes/directory.html": 2,
    },
    "a form, a row of it a choice or a field": {
        "activities/attendance.html": 1, "activities/roll.html": 1, "agreements/pause.html": 1,
        "agreements/text.html": 3, "cosigning/correct.html": 1, "cosigning/offer.html": 1,
        "referrals/preview.html": 1, "scopes/_cards.html": 1, "transfers/batch.html": 1, "workbench/columns.html": 1,
    },
    "what one act did, or will do next, a few rows": {
        "accounts/index.html": 1, "members/lookup.html": 1, "workbench/_result.html": 1,
    },
    "numbers, whose rows are lists": {
        "figures/index.html": 1, "home/queues.html": 1, "referrals/index.html": 1, "reports/figures.html": 3,
        "scopes/counts.html": 1, "shares/index.html": 1,
    },
    "partners or agreements once more, which are lists, to choose one by": {"reports/index.html": 1, "scopes/index.html": 1},
    "settings of the county, of one list or of the program, a few": {
        "accounts/roles.html": 2, "imports/index.html": 1, "keys.html": 1, "settings/calendar.html": 1, "settings/index.html": 1,
        "workbench/filters.html": 1, "gallery.html": 1,
    },
    "the operator's, who has no county and no filters": {"operator/backups.html": 1, "operator/index.html": 1},
    "the first rows of one file, by result: imports/rows.html is their list": {"imports/show.html": 1},
    "pairs, compared one by one until none is left": {"members/duplicates.html": 1},
}  # fmt: skip
_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)


def test_every_table_of_records_is_a_declared_list_or_says_why_not(proved):
    found, declared = dict[str, int](), set[str]()
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        text = path.read_text()
        if "sheet_table(" in text or "sheet_head(" in text:
            declared.add(name)
        tables = [t for t in _TABLE.findall(text) if "{% for" in t and "sheet_head(" not in t]
        if tables and not name.startswith(("papers/", "parts/")):
            found[name] = len(tables)
    told = {name: many for names in NO_LISTS.values() for name, many in names.items()}
    grown = {name: many for name, many in found.items() if many != told.get(name)}
    assert not grown, f"declare them (web/README.md, a list), or say here why they are no lists: {grown}"
    assert set(told) == set(found), "no table is there any more"
    assert len(declared) >= 18, declared
    proved("tables of rows that are no lists, with their reasons", sum(found.values()))
