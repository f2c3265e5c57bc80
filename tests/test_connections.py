"""A server that restarted costs nobody a request: the first statement of a transaction finds the dead connection."""

from __future__ import annotations

import psycopg
from sqlalchemy import make_url, text

from web.core import fence
from web.extensions import db
from web.tenants.counties import service as counties


def end_every_connection(app):
    """What a restart does to a pool: all its connections are gone. A role may end its own."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        return sum(ended for (ended,) in found)


def test_a_unit_of_work_after_a_restart_takes_a_new_connection(pair, fresh):
    # Several connections wait in the pool, and all of them die.
    held = [db.engine.connect() for _ in range(3)]
    for connection in held:
        connection.execute(text("SELECT 1"))
        connection.close()
    assert end_every_connection(fresh) == 3
    for side in (pair.home, pair.host, pair.home):
        with side.act():
            assert counties.own().uid == side.uid
    end_every_connection(fresh)
    with fence.platform("tests"):
        assert counties.by_uid(pair.home.uid) is not None


def test_each_transaction_of_a_unit_says_its_county(pair):
    with pair.host.act():
        asked = text("SELECT current_setting('app.tenant', true)")
        assert db.session.scalar(asked) == str(pair.host.tenant_id)
        with db.session.begin_nested():
            assert db.session.scalar(asked) == str(pair.host.tenant_id)
        fence.commit()
        assert db.session.scalar(asked) == str(pair.host.tenant_id)
        fence.start_over()
        assert db.session.scalar(asked) == str(pair.host.tenant_id)
    with fence.platform("tests"):
        assert db.session.scalar(asked) in (None, "")
