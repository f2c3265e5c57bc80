"""Isolation for every table there is: the catalogue, raw SQL as the application role, COPY, and the ORM without its filter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, func, make_url

import web.federation.models
import web.tenants.models  # noqa: F401
from migrations.fence import POLICY
from tests import watching
from tests.conftest import _database_of, owner
from tests.contracts import rows
from web.core import fence
from web.core.fence import Exempt, Tenanted
from web.extensions import Model, Session, db

MODELS = {m.class_.__tablename__: m.class_ for m in Model.registry.mappers}
TENANTED = sorted(name for name, model in MODELS.items() if issubclass(model, Tenanted))
EXEMPT = sorted(name for name, model in MODELS.items() if issubclass(model, Exempt))
APPEND_ONLY = ("event", "event_seal")


@contextmanager
def as_application(app: Any, tenant_id: int | None = None) -> Iterator[psycopg.Connection[Any]]:
    """A raw connection as the application role, in a transaction that acts for a county."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        if tenant_id is not None:
            connection.execute(sql.SQL("SET LOCAL app.tenant = {}").format(str(tenant_id)))
        yield connection
        connection.rollback()


def refused(connection: psycopg.Connection[Any], statement: Any, error: type[Exception], *args: Any) -> None:
    """The statement fails with this error, and the transaction goes on."""
    with pytest.raises(error), connection.transaction():
        connection.execute(statement, *args)


@pytest.fixture
def filled(pair, fresh):
    """Both counties have rows in every table."""
    with owner(_database_of(fresh)) as connection:
        rows.loosen(connection)
        known = {table: rows.columns(connection, table) for table in TENANTED}
        for table in TENANTED:
            for side in (pair.home, pair.host):
                for _ in range(2):
                    rows.insert(connection, table, side.tenant_id, known[table])
        counted = {
            (table, tenant_id): count
            for table in TENANTED
            for tenant_id, count in connection.execute(
                sql.SQL("SELECT tenant_id, count(*) FROM {} GROUP BY tenant_id").format(sql.Identifier(table))
            )
        }
    assert all(counted[table, side.tenant_id] >= 2 for table in TENANTED for side in (pair.home, pair.host))
    return known, counted


def test_every_table_is_fenced_or_says_why_not(pair, fresh):
    with owner(_database_of(fresh)) as connection:
        found = connection.execute(
            "SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        policies = connection.execute(
            "SELECT tablename, cmd, permissive, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
        ).fetchall()
        other = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relkind IN ('v', 'm', 'S') AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    assert other == (0,), "a view or a sequence would be a way round the fence"
    assert {name for name, *_ in found} == {*TENANTED, *EXEMPT, "alembic_version"}
    app_role = make_url(fresh.config["SQLALCHEMY_DATABASE_URI"]).username
    assert app_role not in {holder for *_, holder in found}
    assert {name for name, enabled, forced, _ in found if enabled and forced} == set(TENANTED)
    assert sorted(name for name, *_ in policies) == TENANTED, "one policy a table"

    def plain(text):
        return str(text).lower().replace("(", "").replace(")", "").replace("::text", "").replace("::integer", "::int")

    for name, command, permissive, using, check in policies:
        assert (command, permissive) == ("ALL", "PERMISSIVE")
        assert plain(using) == plain(check) == plain(POLICY), name
    for name in EXEMPT:
        assert MODELS[name].__exempt__, f"{name} has no row-level security and does not say why"


def test_every_key_is_led_by_the_county(pair, fresh):
    with owner(_database_of(fresh)) as connection:
        keys = connection.execute(
            "SELECT c.conrelid::regclass::text, c.contype::text, c.conname, c.confrelid::regclass::text, c.confdeltype::text,"
            " ARRAY(SELECT attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, o)"
            "       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY o),"
            " ARRAY(SELECT attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, o)"
            "       JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY o)"
            " FROM pg_constraint c WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace"
        ).fetchall()
        indexes = connection.execute(
            "SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname::text FROM pg_index i"
            " JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'public'::regnamespace"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        ).fetchall()
    for table, kind, name, target, on_delete, own, theirs in keys:
        if table not in TENANTED:
            continue
        assert own[0] == "tenant_id", name
        if kind == "p":
            assert own == ["tenant_id", "id"], name
        if kind == "f" and target in TENANTED:
            assert theirs == ["tenant_id", "id"], name
            assert on_delete in "arc", f"{name}: a row that goes may refuse or take along, never blank the county"
    for table, name, first in indexes:
        assert first == "tenant_id" or table not in TENANTED, name


def test_the_application_role_owns_and_makes_nothing(pair, fresh):
    with as_application(fresh, pair.home.tenant_id) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False, False)
        denied = psycopg.errors.InsufficientPrivilege
        refused(connection, "CREATE TABLE mine (id int)", denied)
        refused(connection, "CREATE SCHEMA mine", denied)
        refused(connection, "ALTER TABLE member DISABLE ROW LEVEL SECURITY", denied)
        refused(connection, "DROP POLICY county ON member", denied)
        refused(connection, "SET LOCAL session_replication_role = replica", denied)
        owners = make_url(fresh.extensions["kiteline"].owner_url).username
        refused(connection, sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owners)), denied)
        for table in [*TENANTED, *EXEMPT]:
            refused(connection, sql.SQL("TRUNCATE {}").format(sql.Identifier(table)), denied)
        for table in APPEND_ONLY:
            refused(connection, sql.SQL("UPDATE {} SET tenant_id = tenant_id").format(sql.Identifier(table)), denied)
            refused(connection, sql.SQL("DELETE FROM {}").format(sql.Identifier(table)), denied)


def test_raw_sql_as_the_application_sees_one_county(filled, pair, fresh, proved):
    known, counted = filled
    ours, theirs = pair.home.tenant_id, pair.host.tenant_id
    with as_application(fresh, ours) as connection:
        for table in TENANTED:
            name = sql.Identifier(table)

            def one(text: str, *args: Any, name: sql.Identifier = name) -> Any:
                return connection.execute(sql.SQL(text).format(name), args).fetchone()

            assert one("SELECT count(*) FROM {}") == (counted[table, ours],), table
            assert one("SELECT count(*) FROM {} WHERE tenant_id = %s", theirs) == (0,), table
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
                connection.transaction(),
            ):
                rows.insert(connection, table, theirs, known[table])
            with connection.transaction():
                rows.insert(connection, table, ours, known[table])
                counted[table, ours] += 1
            if table not in APPEND_ONLY:
                moved = sql.SQL("UPDATE {} SET tenant_id = {}").format(name, theirs)
                refused(connection, moved, psycopg.errors.InsufficientPrivilege)
                for text in (
                    "UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s",
                    "DELETE FROM {} WHERE tenant_id = %s",
                ):
                    assert connection.execute(sql.SQL(text).format(name), [theirs]).rowcount == 0, table
            with connection.cursor().copy(sql.SQL("COPY {} (tenant_id) TO STDOUT").format(name)) as copied:
                seen = [row[0] for row in copied.rows()]
            assert seen == [str(ours)] * counted[table, ours], table
            connection.execute("SET LOCAL row_security = off")
            refused(connection, sql.SQL("SELECT count(*) FROM {}").format(name), psycopg.errors.InsufficientPrivilege)
            connection.execute("SET LOCAL row_security = on")
    with as_application(fresh) as connection:
        for table in TENANTED:
            assert connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone() == (
                0,
            )
    proved("tables isolated", len(TENANTED))


def test_without_the_filter_of_the_session_the_database_still_holds(filled, pair):
    _known, counted = filled
    ours, theirs = pair.home.tenant_id, pair.host.tenant_id

    def counts() -> dict[str, tuple[int | None, int | None, int | None]]:
        return {
            table: (
                db.session.scalar(db.select(func.count()).select_from(MODELS[table])),
                db.session.scalar(
                    db.select(func.count()).select_from(MODELS[table]).where(MODELS[table].tenant_id == theirs)
                ),
                db.session.scalar(db.select(func.count()).select_from(MODELS[table].__table__)),
            )
            for table in TENANTED
        }

    expected = {table: (counted[table, ours], 0, counted[table, ours]) for table in TENANTED}
    with watching.paused():
        with fence.acting_for(ours):
            assert counts() == expected
        event.remove(Session, "do_orm_execute", fence._narrow)
        try:
            with fence.acting_for(ours):
                assert counts() == expected
        finally:
            event.listen(Session, "do_orm_execute", fence._narrow)
        with fence.platform("tests"):
            assert set(counts().values()) == {(0, 0, 0)}


def test_a_statement_that_names_no_county_is_caught(pair):
    """The listener of the whole suite (tests.watching), which this test alone lets catch something."""
    plain = db.select(func.count()).select_from(MODELS["member"].__table__)
    with fence.acting_for(pair.home.tenant_id):
        with pytest.raises(AssertionError, match="without tenant_id for member"):
            db.session.scalar(plain)
        joined = plain.join(MODELS["party_org"].__table__, MODELS["party_org"].id == MODELS["member"].branch_id)
        with pytest.raises(AssertionError, match="without tenant_id for member, party_org"):
            db.session.scalar(joined)
        assert db.session.scalar(db.select(func.count()).select_from(MODELS["member"])) == 0


def test_the_filter_alone_holds_too(filled, pair, fresh):
    """As the owner, who passes row-level security: the session's own condition is the first lock, not a decoration."""
    _known, counted = filled
    ours, theirs = pair.home.tenant_id, pair.host.tenant_id
    from sqlalchemy import create_engine

    engine = create_engine(fresh.extensions["kiteline"].owner_url)
    try:
        with fence.acting_for(ours), engine.connect() as connection:
            session = Session(db, bind=connection)
            for table in TENANTED:
                model = MODELS[table]
                count = db.select(func.count()).select_from(model)
                assert session.execute(count, bind_arguments={"bind": connection}).scalar() == counted[table, ours], (
                    table
                )
                where = count.where(model.tenant_id == theirs)
                assert session.execute(where, bind_arguments={"bind": connection}).scalar() == 0, table
            session.close()
    finally:
        engine.dispose()
