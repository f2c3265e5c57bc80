"""A deployment as a backup sees it: its rows and their digests, its dump, and a dump put back (needs psycopg).

A restore fills a new database beside the old one, compares every table with the manifest and only then lets the new one
take the name: whatever goes wrong before that, nothing was touched.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from deploy import servers
from deploy.console import Stopped
from deploy.database import for_psycopg

DRAFT = "_restoring"


def _program(name: str) -> str:
    """One of PostgreSQL's own programs, where an unprivileged user may read it too."""
    return str(servers.readable(servers.postgres_binaries()) / name)


def _parts(url: str) -> dict[str, Any]:
    """A URL's or a connection string's parts."""
    return dict(conninfo_to_dict(for_psycopg(url) if "://" in url else url))


def _door(url: str) -> dict[str, str]:
    """How PostgreSQL's programs get in: by the environment, since everybody may read a command line."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE"}
    found = _parts(url)
    return os.environ | {variable: str(found[name]) for name, variable in names.items() if found.get(name)}


def role_of(url: str) -> str:
    return str(_parts(url)["user"])


def name_of(url: str) -> str:
    return str(_parts(url)["dbname"])


def digests(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Table → [number of rows, sum of the rows' digests]: the same in whatever order the rows lie."""
    connection.execute("SET timezone TO 'UTC'")  # an instant as text is the same wherever it is read
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    made = {}
    for (table,) in found.fetchall():
        row = connection.execute(
            sql.SQL(
                "SELECT count(*)::text, coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM {} t"
            ).format(sql.Identifier(table))
        ).fetchone()
        assert row
        made[table] = list(row)
    return made


def is_empty(url: str) -> bool:
    """No table of ours, or none with a county in it."""
    with psycopg.connect(for_psycopg(url)) as connection:
        known = connection.execute("SELECT to_regclass('public.county')").fetchone()
        if known == (None,):
            return True
        return connection.execute("SELECT NOT EXISTS (SELECT FROM county)").fetchone() == (True,)


def taken(url: str) -> tuple[dict[str, Any], Iterator[bytes]]:
    """What a manifest says of the database, and its dump; both of one moment, while others go on writing."""
    connection = psycopg.connect(for_psycopg(url))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    server = connection.execute("SHOW server_version").fetchone()
    assert snapshot and revision and server
    facts = {"revision": revision[0], "server": server[0], "rows": digests(connection)}

    def dump() -> Iterator[bytes]:
        command = [_program("pg_dump"), "--no-owner", f"--snapshot={snapshot[0]}", "--dbname", name_of(url)]
        with (
            closing(connection),
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_door(url)) as process,
        ):
            assert process.stdout and process.stderr
            while part := process.stdout.read(1 << 20):
                yield part
            said = process.stderr.read().decode(errors="replace")
            if process.wait():
                raise Stopped(f"pg_dump failed: {said.strip()[-400:]}", "mend what it says, then start again")

    return facts, dump()


def put_back(
    url: str, app_role: str, manifest: dict[str, Any], parts: Iterator[bytes], mend: Callable[[str], None]
) -> None:
    """The dump in the place of the database at `url`, whose rows are proved to be those of the manifest first.

    `mend` gets the new database's name before anything else can: what it does is done when the database takes its place.
    """
    name = name_of(url)
    draft = name + DRAFT
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(draft)))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(draft)))
    beside = psycopg.conninfo.make_conninfo(for_psycopg(url), dbname=draft)
    try:
        _load(beside, manifest["app_role"], app_role, parts)
        with psycopg.connect(beside) as connection:
            found = digests(connection)
        _compare(found, manifest["rows"])
        mend(draft)
        _swap(url, draft, name)
    except BaseException:
        with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(draft)))
        raise


def _compare(found: dict[str, list[str]], told: dict[str, list[str]]) -> None:
    wrong = sorted(table for table in {*found, *told} if found.get(table) != told.get(table))
    if wrong:
        raise Stopped(f"rows differ from the backup's manifest: {', '.join(wrong)}", "take another backup file")


def _swap(url: str, draft: str, name: str) -> None:
    """The new database takes the name; the old one goes when that is done. Both renames are one transaction: whatever dies,
    a database of that name is there, the old one or the new one.
    """
    elsewhere = psycopg.conninfo.make_conninfo(for_psycopg(url), dbname="postgres")
    old, rename = name + "_replaced", sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        # Left by a restore that was killed at its last step: what it replaced was given up then.
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old)))
        try:
            with connection.transaction():
                connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
                connection.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            raise Stopped(f"something is connected to {name}", "stop web, workers and scheduler first") from None
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))


def _load(beside: str, theirs: str, ours: str, parts: Iterator[bytes]) -> None:
    """Feed psql; what the application's role was called there it is called here."""
    command = [
        _program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        "--dbname",
        name_of(beside),
    ]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=pipe, stdout=nowhere, stderr=pipe, env=_door(beside))
    assert process.stdin and process.stderr
    try:
        for line in _renamed(parts, theirs.encode(), ours.encode()):
            process.stdin.write(line)
    except BrokenPipeError:
        pass  # it stopped at an error, and says so below
    finally:
        _, said = process.communicate()
    if process.returncode:
        raise Stopped(
            f"psql failed: {said.decode(errors='replace').strip()[-400:]}", "nothing was changed; mend what it says"
        )


_OF_17 = b"SET transaction_timeout = 0;"


def _renamed(parts: Iterator[bytes], theirs: bytes, ours: bytes) -> Iterator[bytes]:
    """Whole lines; the role's name is replaced where rights are given, never inside of data. A setting that servers before
    17 do not know, and that is said at its default, is left out.
    """
    rest, is_data = b"", False
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if is_data:
                is_data = line != b"\\."
            elif line.startswith(b"COPY "):
                is_data = True
            elif line.startswith((b"GRANT ", b"REVOKE ", b"CREATE POLICY ", b"ALTER DEFAULT PRIVILEGES")):
                line = line.replace(theirs, ours)
            elif line == _OF_17:
                continue
            yield line + b"\n"
    yield rest
