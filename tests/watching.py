"""Watches every statement of the application in every test: who touches a county's table names the county in the SQL.

Row-level security would answer rightly without it, but on a distributed database such a statement visits every shard
and the first of two locks would be open. Statements of the tests' own raw connections are not watched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, event

from web.core.fence import Tenanted
from web.extensions import Model

_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?([a-z_]+)(?:\s+AS\s+([a-z_0-9]+))?")
_paused = ContextVar("paused", default=False)


@lru_cache
def _fenced() -> frozenset[str]:
    import web.federation.models
    import web.tenants.models  # noqa: F401

    return frozenset(m.persist_selectable.description for m in Model.registry.mappers if issubclass(m.class_, Tenanted))


@lru_cache(maxsize=20_000)
def unfenced(statement: str) -> tuple[str, ...]:
    """Tables of a county that this SQL touches without saying which county's."""
    found = []
    for table, alias in _TABLE.findall(statement):
        if table not in _fenced():
            continue
        name = alias or table
        if statement.startswith("INSERT INTO") and statement.split("(", 1)[0].split()[2] == table:
            is_said = "tenant_id" in statement.split("VALUES", 1)[0]
        else:
            is_said = re.search(rf"\b{name}\.tenant_id (?:=|IN)|= {name}\.tenant_id\b", statement) is not None
        if not is_said:
            found.append(name)
    return tuple(found)


def watch(engine: Engine) -> None:
    """From now on a statement of this engine that does not name the county raises."""

    @event.listens_for(engine, "before_cursor_execute")
    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not _paused.get() and (found := unfenced(statement)):
            raise AssertionError(f"without tenant_id for {', '.join(found)}: {statement}")


@contextmanager
def paused() -> Iterator[None]:
    """For the tests that open one lock on purpose, to try the other."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)
