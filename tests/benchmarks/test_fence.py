"""What the fence costs where 50,000 members stand in 300 counties: the register's list through session filter and
row-level security, against the same statement with an explicit WHERE as the owner, whom no policy touches. Goal ≤ 1.5.

Both plans are the same, and the policy itself costs 2 or 3 %; the rest is SQLAlchemy, which carries the criteria of five
tables along in the statement's key and values.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session as PlainSession

from tests import watching
from tests.benchmarks.crowds import IN_ALL, MANY, Crowd
from tests.benchmarks.measuring import Work, compare
from web.core import fence
from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.permissions import Role
from web.tenants.members.models import Member
from web.tenants.register import service
from web.tenants.register.queries import Query, keyset

pytestmark = pytest.mark.alone
TENANT = 1001
CLERK = Actor(None, "county_admin甲", Role.COUNTY_ADMIN.value)


def statement() -> Any:
    """The first page of the register, as the service asks for it."""
    columns = [*service._COLUMNS, Member.name_pinyin.label("key")]
    return keyset(service._matching(Query(), CLERK, (), *columns), "name", None, backwards=False).limit(
        service.PAGE + 1
    )


def test_the_fence_costs_little(many: Crowd, proved: Any) -> None:
    engine = create_engine(many.owner_url)
    with many.app.app_context(), watching.paused():
        plain = PlainSession(engine)  # the ORM's own, on which no fence listens
        asked, explicit = statement(), statement().where(Member.tenant_id == TENANT)

        def unit() -> None:
            with fence.acting_for(TENANT):
                db.session.execute(statement()).all()

        def transaction() -> None:
            with PlainSession(engine) as session:
                session.execute(statement().where(Member.tenant_id == TENANT)).all()

        with fence.acting_for(TENANT):  # the other side reads encrypted numbers too
            names = [m.name for m in db.session.execute(asked)]
            assert names == [m.name for m in plain.execute(explicit)]
            assert len(names) == service.PAGE + 1
            work = Work.on(many.database)
            # Built once on both sides: the fence's share is largest where all that is measured is running it.
            alone = compare(
                f"fence ÷ explicit WHERE, the list query at {IN_ALL:,} members in {MANY} counties",
                lambda: db.session.execute(asked).all(), lambda: plain.execute(explicit).all(), 100, work,
            )  # fmt: skip
            plain.close()
            # Both begin with one journey that says the county. Once before: a unit in a unit takes a connection more.
            unit()
            transaction()
            work = Work.on(many.database)
            whole = compare(
                "fence ÷ explicit WHERE, a unit of work that builds and asks it", unit, transaction, 100, work
            )
    engine.dispose()
    assert alone.ratio <= 1.5
    assert whole.ratio <= 1.5
    proved("benchmarks", 2)
