"""The papers that ship with the product say what the code does: their tables and pictures are made from it."""

from __future__ import annotations

import pytest

from tests.contracts import papers
from tests.contracts.source import ROOT


@pytest.mark.parametrize("paper", sorted(papers.PARTS))
def test_made_parts_are_what_the_code_says(paper, proved):
    """If this fails: `python -m tests.contracts.papers`, and read what changed."""
    assert (ROOT / paper).read_text(encoding="utf-8") == papers.made(paper)
    proved("parts of papers made from the code", len(papers.PARTS[paper]))


def test_every_message_type_and_code_of_the_protocol_is_in_its_paper():
    text = (ROOT / "web/federation/README.md").read_text(encoding="utf-8")
    from web.federation.messages import MESSAGES
    from web.federation.wire.codes import CODES

    assert [t for t in MESSAGES if f"| `{t}` |" not in text] == []
    assert [c for c in CODES if f"| `{c}` |" not in text] == []
