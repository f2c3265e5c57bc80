"""Makes a row of any table for any county out of the catalogue alone, so that a new table is proved without a line of test.

Works in a test's own database as its owner: foreign keys and checks are dropped there first, row-level security stays.
"""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

VALUES: dict[str, Any] = {
    "int2": lambda n: int.from_bytes(os.urandom(1), "big"),
    "int4": lambda n: int.from_bytes(os.urandom(3), "big"),
    "int8": lambda n: int.from_bytes(os.urandom(5), "big"),
    "uuid": lambda n: uuid4(),
    "bool": lambda n: True,
    "bytea": lambda n: os.urandom(16),
    "jsonb": lambda n: "{}",
    "date": lambda n: "2026-11-23",
    "timestamptz": lambda n: "2026-11-23T01:02:03Z",
    "float8": lambda n: 1.5,
    "numeric": lambda n: 1,
    "text": lambda n: uuid4().hex,
    "varchar": lambda n: uuid4().hex[: n or 32],
}


def loosen(owner: psycopg.Connection[Any]) -> None:
    """Drop foreign keys and checks of every table: rows then need no others."""
    found = owner.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace AND conrelid <> 0"
    ).fetchall()
    for table, name in found:
        owner.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name)))


def columns(connection: psycopg.Connection[Any], table: str) -> dict[str, tuple[str, int | None]]:
    """Required columns besides the key: name → (type, length)."""
    found = connection.execute(
        "SELECT column_name, udt_name, character_maximum_length FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND is_generated = 'NEVER'"
        " AND is_identity = 'NO' AND column_name NOT IN ('tenant_id', 'id')",
        [table],
    ).fetchall()
    return {name: (kind, length) for name, kind, length in found}


def insert(
    connection: psycopg.Connection[Any],
    table: str,
    tenant_id: int,
    known: dict[str, tuple[str, int | None]],
    id_: UUID | None = None,
) -> None:
    """Put one row of a county into a table."""
    row: dict[str, Any] = {"tenant_id": tenant_id, "id": id_ or uuid4()}
    row |= {name: VALUES[kind](length) for name, (kind, length) in known.items()}
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        list(row.values()),
    )
