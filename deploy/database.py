"""The roles and the database: an owner that migrates and an application role that owns nothing (needs psycopg).

The application role has no BYPASSRLS, no CREATE and no TRUNCATE; what it may do with a table is granted by the
migration that creates the table.
"""

import os
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from deploy.console import Stopped
from deploy.places import Instance, checkout_name

OWNER, APP = f"kiteline_owner_{checkout_name()}", f"kiteline_app_{checkout_name()}"
DATABASE = "kiteline"


@dataclass(frozen=True)
class Urls:
    """How to reach one database: as its owner (migrations, tests' databases) and as the application."""

    owner: str
    app: str


def for_psycopg(url: str) -> str:
    """The URL without SQLAlchemy's driver name."""
    return "postgresql:" + url.partition(":")[2]


def for_sqlalchemy(url: str) -> str:
    """The URL with the driver name; accepts `postgres:`, `postgresql:` and `postgresql+psycopg:`."""
    scheme, _, rest = url.partition(":")
    if scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        raise Stopped(f"DATABASE_URL begins with {scheme}:", "give it as postgresql://user:password@host/database")
    return f"postgresql+psycopg:{rest}"


def with_name(url: str, name: str) -> str:
    """Another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def with_login(url: str, user: str, password: str) -> str:
    """The same address for another role."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{address}"))


def embedded(instance: Instance) -> Urls:
    """Roles and database in the instance's own server, made when missing."""
    secrets, sockets = instance.secrets(), instance.sockets()

    def url(user: str, password: str, database: str) -> str:
        return f"postgresql+psycopg://{user}:{quote(password, safe='')}@/{database}?host={quote(str(sockets), safe='')}"

    with psycopg.connect(for_psycopg(url("postgres", secrets["superuser"], "postgres")), autocommit=True) as connection:
        _ensure_role(connection, OWNER, secrets["owner"], "NOSUPERUSER BYPASSRLS CREATEDB NOCREATEROLE")
        _ensure_role(connection, APP, secrets["app"], "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    return Urls(url(OWNER, secrets["owner"], DATABASE), url(APP, secrets["app"], DATABASE))


def external(url: str) -> Urls:
    """Check the operator's owner role and make the application role beside it, one for all instances of a checkout.

    With KITELINE_OWNER_URL set as well, both roles are the operator's: DATABASE_URL is the application's.
    """
    given = os.environ.get("KITELINE_OWNER_URL")
    owner, app = for_sqlalchemy(given or url), for_sqlalchemy(url)
    try:
        with psycopg.connect(for_psycopg(owner), autocommit=True, connect_timeout=10) as connection:
            _check_owner(connection)
            if not given:
                password = Instance("external").secrets()["app"]
                app = with_login(owner, APP, password)
                if not _opens(app):
                    _ensure_role(connection, APP, password, "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        with psycopg.connect(for_psycopg(app), connect_timeout=10) as connection:
            _check_app(connection)
    except psycopg.OperationalError as error:
        raise Stopped(
            f"the database of DATABASE_URL does not open: {str(error).strip().splitlines()[0]}",
            "set DATABASE_URL=postgresql://owner:password@host/database of a server that runs",
        ) from error
    except psycopg.Error as error:
        raise Stopped(
            f"the database of DATABASE_URL refuses: {str(error).strip().splitlines()[0]}",
            "give DATABASE_URL of a role with CREATEROLE, CREATEDB and BYPASSRLS that owns the database",
        ) from error
    return Urls(owner, app)


def _opens(url: str) -> bool:
    try:
        psycopg.connect(for_psycopg(url), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _check_owner(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls, current_setting('server_version_num')::int / 10000, current_user"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row
    may_bypass, major, name = row
    if major < 16:
        raise Stopped(f"DATABASE_URL is a PostgreSQL {major}", "give it a PostgreSQL 16, 17 or 18")
    if not may_bypass:
        raise Stopped(f"the role {name} cannot migrate under row-level security", f'ALTER ROLE "{name}" BYPASSRLS')


def _check_app(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls, current_user FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row
    if row[0]:
        raise Stopped(
            f"the application role {row[1]} walks past row-level security",
            f'ALTER ROLE "{row[1]}" NOSUPERUSER NOBYPASSRLS',
        )


def _ensure_role(connection: psycopg.Connection, name: str, password: str, attributes: str) -> None:
    """Make the role, or set its password to the one we keep; attributes are literals of this file."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(
            verb, sql.Identifier(name), sql.SQL("" if known else attributes), sql.Literal(password)
        )
    )
