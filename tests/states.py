"""States of a test database: what stands in every table, kept once a run and brought back before each test.

Copying a template database costs a tenth of a second and hundreds of files a test; taking the rows out and putting the
kept ones in costs a few milliseconds. A test that changed the schema itself is noticed, and gets a new database.
"""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_round = count(1)
_crowded: list[bool] = []


def crowd() -> None:
    """The test puts down more rows than can be deleted one by one: before the next one they go with their tables' files."""
    _crowded.append(True)


_SCHEMA = """
SELECT coalesce(sum(hashtext(concat_ws('|', r.relname, r.relrowsecurity, r.relforcerowsecurity, r.relacl))), 0),
       (SELECT sum(hashtext(conrelid || conname)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
       (SELECT sum(hashtext(polrelid || polname)) FROM pg_policy)
FROM pg_class r WHERE r.relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class State:
    """The rows of every table that has any (COPY's text), the sequences, and what its builder returned."""

    name: str
    rows: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]
    value: Any = None


EMPTY = State("empty", {}, {})


def schema_of(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """A fingerprint of tables, rights, constraints and policies."""
    found = connection.execute(_SCHEMA).fetchone()
    assert found
    return found


def _tables() -> list[str]:
    """Every table of the product, those that others refer to first."""
    import web.federation.models
    import web.tenants.models  # noqa: F401
    from web.extensions import Model

    return [table.name for table in Model.metadata.sorted_tables]


def _with_rows(connection: psycopg.Connection[Any]) -> list[str]:
    asked = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(t), sql.Identifier(t)) for t in _tables()
    )
    found = {row[0] for row in connection.execute(asked)}
    return [table for table in _tables() if table in found]


def read(connection: psycopg.Connection[Any], name: str, value: Any) -> State:
    """Keep what stands in the database."""
    rows = {}
    for table in _with_rows(connection):
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
            rows[table] = b"".join(bytes(part) for part in copy)
    names = [r[0] for r in connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")]
    sequences = {}
    for each in names:
        found = connection.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(each))
        ).fetchone()
        assert found
        sequences[each] = (int(found[0]), bool(found[1]))
    return State(name, rows, sequences, value)


def bring_back(connection: psycopg.Connection[Any], state: State) -> None:
    """Put the database into the state. Connections that still hold locks are an error of the test before."""
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '10s'")
        left = _with_rows(connection)
        if next(_round) % 20 == 0 or _crowded:  # and now and then the dead rows go
            _crowded.clear()
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, _tables()))))
        else:
            for table in reversed(left):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table, rows in state.rows.items():
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                copy.write(rows)
        for name, (last, is_called) in state.sequences.items():
            connection.execute("SELECT setval(%s::regclass, %s, %s)", [name, last, is_called])


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """The workers of a run one after another."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(folder: Path, name: str, build: Callable[[], State]) -> State:
    """The state of this name: built by the first worker of the run that asks, read by the others."""
    path = folder / f"state-{name}"
    with turn(folder / f"state-{name}.lock"):
        if not path.exists():
            path.write_bytes(pickle.dumps(build()))
    made: State = pickle.loads(path.read_bytes())
    return made
