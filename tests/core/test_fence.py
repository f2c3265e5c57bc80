"""The fence by hand; tests/contracts proves it for every table."""

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tests import world
from web.core import clock, events, fence, vault
from web.core.errors import CrossTenant
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg


def test_each_county_sees_its_own_tree(pair):
    with fence.acting_for(pair.home.tenant_id):
        mine = {o.name for o in organisations.tree()}
    with fence.acting_for(pair.host.tenant_id):
        theirs = {o.name for o in organisations.tree()}
        assert db.session.get(PartyOrg, (pair.home.tenant_id, pair.home.orgs["天堂镇"])) is None
    assert "天堂镇" in mine and "余杭街道" in theirs and not mine & theirs


def test_a_row_of_another_county_cannot_be_written(pair):
    with fence.acting_for(pair.home.tenant_id):
        row = PartyOrg(tenant_id=pair.host.tenant_id, name="x", full_name="x", kind=OrgKind.BRANCH, path="9.")
        db.session.add(row)
        with pytest.raises(CrossTenant):
            db.session.flush()


def test_without_a_unit_nothing_runs(pair):
    with pytest.raises(CrossTenant):
        db.session.scalars(db.select(PartyOrg)).all()
    with fence.platform("test"):
        assert world.count(PartyOrg) == 0


def test_the_log_has_every_change_and_its_chain_holds(pair):
    from datetime import timedelta

    with fence.acting_for(pair.home.tenant_id):
        town = organisations.get(pair.home.orgs["天堂镇"])
        organisations.rename(town, "天堂镇二")
        entry = db.session.scalars(
            db.select(events.Event).where(events.Event.subject_id == town.id).order_by(events.Event.id.desc())
        ).first()
        assert entry.verb == "party_org.rename" and entry.changes["name"] == ["天堂镇", "天堂镇二"]
        assert events.seal(settle=timedelta(0)) > 5
        fence.commit()
        assert events.verify() is None
        entry.reason = "altered"
        with pytest.raises(CrossTenant):
            db.session.flush()


def test_what_a_long_unit_of_work_wrote_first_is_under_the_seal(pair):
    """An import's first line is minutes older than its commit: a seal set past it would be broken by nobody's hand."""
    from datetime import timedelta

    begun, tenant_id = clock.now(), pair.home.tenant_id
    minutes = [clock.at(begun + timedelta(minutes=n)) for n in (2, 4, 9, 60)]
    with fence.acting_for(tenant_id):
        with minutes[0]:
            events.tell("member.export")
            db.session.flush()
        with minutes[1], fence.acting_for(tenant_id):
            events.tell("member.export")
            fence.commit()
        with minutes[2], fence.acting_for(tenant_id):
            events.seal()
            fence.commit()
        fence.commit()
    with minutes[3], fence.acting_for(tenant_id):
        assert events.seal() >= 2 and events.verify() is None


def test_the_last_writes_and_the_commit_are_one_journey(pair):
    """All or nothing; what is still said before a commit (readings of received rows) comes before it."""
    key = vault.RecordKey.__table__
    tenant_id, first, second = pair.home.tenant_id, uuid7(), uuid7()

    def put(*ids):
        for id_ in ids:
            fence.later(db.insert(key), {"tenant_id": tenant_id, "id": id_, "wrapped": b"x"})

    with fence.acting_for(tenant_id):
        put(first, second, first)
        with pytest.raises(IntegrityError):
            fence.commit()
        fence.start_over()
        put(second)
        fence.commit()
        # Nothing is left open: leaving rolls nothing back, and the next transaction says its county again.
        put(uuid7())
    with fence.acting_for(tenant_id):
        found = db.session.scalars(db.select(vault.RecordKey.id).where(vault.RecordKey.id.in_([first, second])))
        assert list(found) == [second]
        assert list(db.session().dispatch.before_commit)[-1] is fence._write_and_commit


def test_a_savepoint_that_fails_takes_only_its_own_writes(pair):
    key = vault.RecordKey.__table__
    tenant_id, before, within, after = pair.home.tenant_id, uuid7(), uuid7(), uuid7()

    def put(id_):
        fence.later(db.insert(key), {"tenant_id": tenant_id, "id": id_, "wrapped": b"x"})

    with fence.acting_for(tenant_id):
        put(before)
        with pytest.raises(CrossTenant), fence.savepoint():
            put(within)
            fence.write()
            raise CrossTenant("for some reason")
        put(after)
        fence.commit()
        query = db.select(vault.RecordKey.id).where(vault.RecordKey.id.in_([before, within, after]))
        assert set(db.session.scalars(query)) == {before, after}


@pytest.mark.parametrize("lacks", ["record", "new"])
def test_a_write_that_waits_has_every_value_in_every_row(pair, lacks):
    """None in its place would change nothing, or empty a column, and nobody would be told."""
    table = vault.RecordKey.__table__
    mine = (table.c.tenant_id == db.bindparam("tenant")) & (table.c.id == db.bindparam("record"))
    write = db.update(table).where(mine).values(wrapped=db.bindparam("new"))
    row = {"tenant": pair.home.tenant_id, "record": uuid7(), "new": b"x"}
    torn = {name: value for name, value in row.items() if name != lacks}
    for rows in (torn, [row, torn]):
        with fence.acting_for(pair.home.tenant_id):
            fence.later(write, rows)
            with pytest.raises((ProgrammingError, KeyError), match=lacks):
                fence.commit()


def test_a_write_that_waits_says_every_column(pair):
    """SQLAlchemy would fill in a default; sent without it, the row would have none."""
    with fence.acting_for(pair.home.tenant_id):
        fence.later(db.insert(PartyOrg.__table__), {"tenant_id": pair.home.tenant_id, "id": uuid7(), "name": "x"})
        with pytest.raises(ValueError, match="says every column"):
            fence.commit()
