"""What the fence costs: the register's list through session filter and row-level security, against the same statement
with an explicit WHERE as the owner, whom no policy touches. Goal ≤ 1.5; the limit here only catches a regression.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, text
from sqlalchemy.orm import Session as PlainSession

from tests import watching
from tests.benchmarks.measuring import compare
from web.core import clock, fence
from web.core.events import Actor
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts.permissions import Role
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.register import service
from web.tenants.register.queries import Query, keyset

pytestmark = pytest.mark.long
SIZES = [8_000, 4_000, 2_000, 1_000, 500, 250, 125, 60, 30, 15]  # counties are of skewed sizes
OTHERS = [1000 + n for n in range(1, len(SIZES))]
CLERK = Actor(None, "county_admin甲", Role.COUNTY_ADMIN.value)


@pytest.fixture
def reading(pair, fresh):
    """A connection as the owner, in a database where ten counties have 16,000 members between them."""
    engine = create_engine(fresh.extensions["kiteline"].owner_url)
    with engine.begin() as connection:
        for tenant_id, size in zip([pair.home.tenant_id, *OTHERS], SIZES, strict=True):
            _fill(connection, tenant_id, size)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _fill(connection: Connection, tenant_id: int, size: int) -> None:
    """Branches of forty, every fourth member away."""
    draw = random.Random(tenant_id)
    branches = [
        {
            "tenant_id": tenant_id,
            "id": uuid7(),
            "kind": OrgKind.BRANCH,
            "name": f"示例{n}",
            "full_name": f"示例{n}党支部",
            "path": f"9.{n}.",
        }
        for n in range(max(1, size // 40))
    ]
    members = [
        {
            "tenant_id": tenant_id, "id": uuid7(), "name": f"示例{n}", "name_pinyin": f"{draw.choice('bcdfghjklmpqstwxyz')}{n:05} shi",
            "initials": "s", "gender": "12"[n % 2], "member_kind": "1", "relation": Relation.HELD, "dues_until": "2026-09",
            "branch_id": draw.choice(branches)["id"], "created_at": clock.now(), "updated_at": clock.now(),
        }
        for n in range(size)
    ]  # fmt: skip
    flows = [
        {
            "tenant_id": tenant_id,
            "id": uuid7(),
            "member_id": m["id"],
            "state": FlowState.REGISTERED,
            "host_code": "330110",
            "created_at": clock.now(),
        }
        for m in members[::4]
    ]
    for model, rows in ((PartyOrg, branches), (Member, members), (Flow, flows)):
        connection.execute(insert(model), rows)


def statement() -> Any:
    """The first page of the register, as the service asks for it."""
    columns = [*service._COLUMNS, Member.name_pinyin.label("key")]
    return keyset(service._matching(Query(), CLERK, (), *columns), "name", None, backwards=False).limit(
        service.PAGE + 1
    )


def test_the_fence_costs_little(reading, proved):
    tenant_id = OTHERS[1]
    # Built once on both sides: what is measured is running it, as a request does.
    asked, explicit = statement(), statement().where(Member.tenant_id == tenant_id)

    plain_session = PlainSession(bind=reading)  # the ORM's own, on which no fence listens

    def plain() -> int:
        return len(plain_session.execute(explicit).all())

    def unit() -> None:
        with fence.acting_for(tenant_id):
            db.session.execute(asked).all()

    def transaction() -> None:
        with PlainSession(bind=reading) as session:
            session.execute(explicit).all()
        reading.rollback()

    with watching.paused():
        with fence.acting_for(tenant_id):
            names = [m.name for m in db.session.execute(asked)]
            assert names == [m.name for m in plain_session.execute(explicit)]
            assert len(names) == service.PAGE + 1
            alone = compare(
                "fence ÷ explicit WHERE, the list query", lambda: db.session.execute(asked).all(), plain, 100
            )
        whole = compare("fence ÷ explicit WHERE, a unit of work with one list query", unit, transaction, 100)
        plain_session.close()
    assert alone.ratio < 2.5
    assert whole.ratio < 4
    proved("benchmarks", 2)
