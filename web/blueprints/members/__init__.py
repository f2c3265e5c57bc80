"""The register at the edge: the lists 本县党员 and 流出党员, a member's page, and what is written there.

Later rooms add columns (and the facets that come with them) to `lists.COLUMNS` and acts to `lists.ACTS`; a posted
selection becomes ids by `lists.chosen()`, which runs the query again and narrows it to the actor's part of the tree.
"""

from web.blueprints.members import (
    bulk,
    cells,
    consents,
    duplicates,
    editing,
    flows,
    lists,
    lookup,
    pages,
    reminders,
    seen,
)
from web.blueprints.members.rooms import away, bp

__all__ = [
    "away",
    "bp",
    "bulk",
    "cells",
    "consents",
    "duplicates",
    "editing",
    "flows",
    "lists",
    "lookup",
    "pages",
    "reminders",
    "seen",
]
