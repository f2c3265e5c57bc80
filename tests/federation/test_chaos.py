"""Nothing is lost and nothing happens twice, whatever dies: each step of an exchange, then a thousand messages."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.conftest import _database_of, owner
from tests.federation.at_rest import demand_agreed
from tests.federation.chaos import DEATHS, Chaos, alone, in_a_worker, openings
from tests.federation.copies import KINDS
from tests.federation.lived import OPENINGS, SELDOM, Lived
from tests.federation.words import FOLLOWS, WORDS
from web.core import clock, fence
from web.core.events import Event
from web.extensions import db, valkey
from web.federation.agreements.models import VERSION, CooperationProgress
from web.federation.messages import MESSAGES
from web.federation.post import keys, relay
from web.federation.post.models import Channel, InboxMessage, OutboxMessage, PostDue
from web.federation.wire import receipts


def hang_up(app):
    """PostgreSQL ends every connection of the application, as a restart does."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


def copies_of(side):
    """What a county sent and took: {peer: [(seq, id, digest, receipt)]} both ways."""
    with side.act():
        sent: dict = {}
        for m in db.session.scalars(db.select(OutboxMessage).order_by(OutboxMessage.seq)):
            sent.setdefault(m.peer_uid, []).append((m.seq, m.id, m.digest, m.receipt))
        taken: dict = {}
        for m in db.session.scalars(db.select(InboxMessage).order_by(InboxMessage.seq)):
            taken.setdefault(m.peer_uid, []).append((m.seq, m.id, m.digest, m.receipt))
        return sent, taken


def compare(sides):
    """Every message of one county once in the other, in order, under a receipt that verifies; returns how many."""
    held, count = {side.uid: copies_of(side) for side in sides}, 0
    for one in sides:
        for other in sides:
            sent, taken = held[one.uid][0].get(other.uid, []), held[other.uid][1].get(one.uid, [])
            assert sent == taken, (one.name, other.name)
            assert [m[0] for m in sent] == list(range(1, len(sent) + 1))
            count += len(sent)
            with one.act():
                pins = keys.pins(other.uid)
                for seq, _, digest, receipt in sent:
                    found = receipts.open_receipt(receipt, pins)
                    assert (found.seq, found.digest, found.sender) == (seq, digest, one.uid)
                query = db.select(Channel.stopped).where(Channel.stopped != "")
                assert db.session.scalars(query).all() == []
    return count


def agree(chaos):
    """Both copies of every aggregate stand alike, and nothing waits."""
    for one, other, kind, about_id in chaos.opened:
        found = []
        for side in (one, other):
            with side.act():
                aggregate = kind.find(about_id, lock=False)
                found.append(aggregate and (str(aggregate.state), aggregate.n, aggregate.pending, aggregate.stopped))
        assert found[0] == found[1], (kind.name, about_id, found)
        assert found[0][2:] == ("", "")


@pytest.mark.parametrize("death", DEATHS, ids=[f"{side} commit {number}" for side, number in DEATHS])
def test_a_worker_killed_between_any_two_steps_loses_nothing(pair, fresh, monkeypatch, death, proved):
    with alone(monkeypatch) as kinds:
        chaos = Chaos([pair.home, pair.host], kinds, random.Random(1))
        kind = kinds["referral"]
        for _ in range(3):
            chaos._open(pair.home, pair.host, kind)
        assert not in_a_worker(lambda: relay.drain(pair.home.tenant_id, pair.host.uid), death), "it lived"
        valkey.client.flushdb()  # and the bell that rang for it is gone: what is due stands in the database
        with pair.host.act():
            heard = world.count(InboxMessage)
        assert heard == (3 if death in {("after", 2), ("before", 3), ("after", 3)} else 0)
        with fence.platform("tests"):
            due = db.session.scalars(db.select(PostDue)).all()
            assert len(due) == (0 if death == ("after", 3) else 1)
        # Until its lease ends nobody else sends; then all goes on, and what was heard is answered with the first receipt.
        is_leased = death not in {("before", 1), ("after", 3)}
        assert (relay.drain(pair.home.tenant_id, pair.host.uid) == 0) is (is_leased or death == ("after", 3))
        chaos.free(pair.home, pair.host)
        chaos.rest()
        assert compare(chaos.sides) == 3
        agree(chaos)
    proved("workers killed", 1)


# Where the disk is full: at the statement itself, or only when PostgreSQL commits; sealed, heard, receipts stored.
FULL = {
    "sealing": ("home", "UPDATE ON outbox_message", "NEW.seq IS NOT NULL"),
    "hearing": ("host", "INSERT ON inbox_message", "true"),
    "settling": ("home", "UPDATE ON outbox_message", "NEW.receipt IS NOT NULL"),
    "a page": ("home", "INSERT ON outbox_message", "true"),
}


@contextmanager
def full_disk(app, side, when, at_commit, condition="true"):
    """PostgreSQL answers one county's writes as it does without space: 53100, at the statement or at the commit."""
    how = "CONSTRAINT TRIGGER out_of_space AFTER" if at_commit else "TRIGGER out_of_space BEFORE"
    later = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    table = when.rpartition(" ")[2]
    with owner(_database_of(app)) as connection:
        connection.execute(
            "CREATE FUNCTION out_of_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;"
            f"CREATE {how} {when} {later} FOR EACH ROW WHEN (NEW.tenant_id = {side.tenant_id} AND {condition})"
            " EXECUTE FUNCTION out_of_space()"
        )
    try:
        yield
    finally:
        with owner(_database_of(app)) as connection:
            connection.execute(f"DROP TRIGGER out_of_space ON {table}; DROP FUNCTION out_of_space()")


@pytest.mark.parametrize("at_commit", [False, True], ids=["statement", "commit"])
@pytest.mark.parametrize("where", ["sealing", "hearing", "settling"])
def test_a_full_disk_loses_nothing_of_a_drain(pair, fresh, monkeypatch, where, at_commit, proved):
    with alone(monkeypatch) as kinds:
        chaos = Chaos([pair.home, pair.host], kinds, random.Random(2))
        for _ in range(3):
            chaos._open(pair.home, pair.host, kinds["referral"])
        side, when, condition = FULL[where]
        before = [copies_of(side) for side in chaos.sides]
        with full_disk(fresh, getattr(pair, side), when, at_commit, condition):
            try:
                assert relay.drain(pair.home.tenant_id, pair.host.uid) == 0
            except OperationalError as error:
                assert isinstance(error.orig, psycopg.errors.DiskFull)
            after = [copies_of(side) for side in chaos.sides]
            if where == "sealing":
                assert after == before
            # What the other county heard is committed there whole or not at all; we hold no receipt yet.
            assert [m[3] for m in after[0][0][pair.host.uid]] == [None] * 3
            assert len(after[1][1].get(pair.home.uid, [])) == (3 if where == "settling" else 0)
            with fence.platform("tests"):
                assert len(db.session.scalars(db.select(PostDue)).all()) == 1, "it is still due"
        chaos.free(pair.home, pair.host)
        with fence.platform("tests"):
            db.session.execute(db.update(PostDue).values(due_at=clock.now()))
            fence.commit()
        chaos.rest()
        assert compare(chaos.sides) == 3
        agree(chaos)
    proved("disks filled", 1)


@pytest.mark.parametrize("at_commit", [False, True], ids=["statement", "commit"])
def test_a_page_says_that_the_disk_is_full_and_keeps_what_was_typed(agreed, fresh, at_commit):
    client, here = fresh.test_client(), f"/{agreed.home.code}"
    assert sign_in(client, agreed.home).status_code == 303
    address, typed = f"{here}/agreements/{agreed.ref.id}/items/a1", {"percent": "40", "note": "走访十户"}
    said = {"headers": {"Origin": "http://localhost"}, "data": typed}
    with agreed.home.act():
        before = [world.count(model) for model in (OutboxMessage, CooperationProgress, Event)]
    side, when, _ = FULL["a page"]
    with full_disk(fresh, getattr(agreed, side), when, at_commit):
        answer = client.post(address, **said)
    assert answer.status_code == 507
    assert "磁盘已满" in answer.text and "没有存下" in answer.text and "管理员" in answer.text
    assert "进展已登记" not in answer.text, "said before the commit failed"
    assert f'action="{address}"' in answer.text and 'value="走访十户"' in answer.text
    with agreed.home.act():
        assert [world.count(model) for model in (OutboxMessage, CooperationProgress, Event)] == before
    assert client.post(address, **said).status_code == 303
    with agreed.home.act():
        assert world.count(CooperationProgress) == before[1] + 1


def test_a_page_without_a_connection_says_so_and_keeps_what_was_typed(agreed, fresh, monkeypatch):
    """The pool is exhausted while pages are asked for: each says that too many are at work, and writes nothing."""
    client, here = fresh.test_client(), f"/{agreed.home.code}"
    assert sign_in(client, agreed.home).status_code == 303
    address, typed = f"{here}/agreements/{agreed.ref.id}/items/a1", {"percent": "40", "note": "走访十户"}
    said = {"headers": {"Origin": "http://localhost"}, "data": typed}
    written = (OutboxMessage, CooperationProgress, Event)
    with agreed.home.act():
        before = [world.count(model) for model in written]
    with exhausted(monkeypatch):
        read, answer = client.get(f"{here}/agreements/{agreed.ref.id}"), client.post(address, **said)
    for found in (read, answer):
        assert (found.status_code, found.headers["Retry-After"]) == (503, "5")
    for page in (read, answer):
        assert "办事的人太多" in page.text and "没有存下" in page.text
        assert "<h1>请稍等再试</h1>" in page.text and "正在维护" not in page.text
        assert "进展已登记" not in page.text
    assert f'action="{address}"' in answer.text and 'value="走访十户"' in answer.text
    assert 'method="post"' not in read.text, "nothing was sent, so there is nothing to send again"
    with agreed.home.act():
        assert [world.count(model) for model in written] == before
    assert client.post(address, **said).status_code == 303
    with agreed.home.act():
        assert world.count(CooperationProgress) == before[1] + 1


def blow(chaos, fresh, words=0.80):
    """One step of a storm: so many times in a hundred a word, else mostly a drain, now and then with a fault."""
    draw, fault = chaos.draw, chaos.draw.random()
    if fault < words:
        chaos.say()
    elif fault < 0.96:
        chaos.drain()
    elif fault < 0.985:
        chaos.drain(death=draw.choice(DEATHS))
    elif fault < 0.995:
        valkey.client.flushdb()
    else:
        hang_up(fresh)


@pytest.mark.parametrize(
    ("count", "parties"),
    [(1_000, 3), *(pytest.param(20_000, n, marks=[pytest.mark.long, pytest.mark.timeout(3600)]) for n in (2, 3))],
)
def test_a_storm_of_messages_and_faults(pair, fresh, monkeypatch, count, parties, proved):
    sides = [pair.home, pair.host] + ([world.third(pair)] if parties == 3 else [])
    with alone(monkeypatch) as kinds:
        chaos, began = Chaos(sides, kinds, random.Random(20_261_125)), time.perf_counter()
        while chaos.messages < count:
            blow(chaos, fresh)
        chaos.rest()
        took = time.perf_counter() - began
        applied = compare(sides)
        agree(chaos)
    assert applied >= count
    first_words = {f"{name}.{row.verb}" for name, kind in kinds.items() for row in openings(kind)}
    assert chaos.said >= first_words, "a word that opens was never said"
    print(f"\n{applied} messages of {parties} counties at rest, {chaos.deaths} workers killed: {applied / took:.0f}/s")
    proved("messages through the storm", applied)


@contextmanager
def exhausted(patch):
    """Every connection of the pool is taken, and nobody waits long for one."""
    with patch.context() as hasty, ExitStack() as held:
        hasty.setattr(db.engine.pool, "_timeout", 0.05)
        for _ in range(16):
            held.enter_context(db.engine.connect())
        yield


def test_a_worker_without_a_connection_comes_back(pair, fresh, monkeypatch):
    """The pool is exhausted while a drain begins: it fails, and the next one sends."""
    with alone(monkeypatch) as kinds:
        chaos = Chaos([pair.home, pair.host], kinds, random.Random(3))
        chaos._open(pair.home, pair.host, kinds["share"])
        with exhausted(monkeypatch), pytest.raises(PoolTimeout):
            relay.drain(pair.home.tenant_id, pair.host.uid)
        chaos.rest()
        assert compare(chaos.sides) == 1
        agree(chaos)


def test_every_word_that_a_county_can_say_is_in_the_storm():
    """A new verb of a machine, or a new type of message, stands among the words, or says why nobody says it as such."""
    machines = {name: kind.machine for name, kind in KINDS.items()} | {"agreement": VERSION}
    rows = {f"{name}.{row.verb}" for name, machine in machines.items() for row in machine.rows if not row.automatic}
    can_be_said = rows | set(MESSAGES) | {"agreement.begin"}
    assert can_be_said == WORDS.keys() | FOLLOWS.keys()
    assert not WORDS.keys() & FOLLOWS.keys()


@pytest.mark.parametrize("steps", [150, pytest.param(2_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_counties_live_through_a_storm_and_nobody_has_two_owners(three, fresh, steps, proved):
    """Nothing is left out: what each word does to registers, letters, shares and lists, under the same faults."""
    agreement_id, *sides = three
    is_long, began = steps > 1_000, clock.now()
    draw, most = random.Random(20_261_126), 1_000 if is_long else 1
    lived = Lived(sides, KINDS, draw, agreement_id=agreement_id, most_files=most)
    # All that there is to say, but for what can be said when a pair is over; of the short storm, what begins something.
    wanted = WORDS.keys() - {"agreement.closed"} if is_long else OPENINGS.keys() - SELDOM | {"agreement.complete"}
    lived.settle_in(4)
    while lived.step < steps or not (lived.said >= wanted or lived.step > 3 * steps):
        blow(lived, fresh, words=0.6)
    lived.rest()
    demand_agreed(lived)
    lived.leave(sides[2])
    with clock.at(began + timedelta(days=61)):
        lived.wait()
        demand_agreed(lived)
        closed = lived.close()
        assert closed >= 2, "of the one that left and the other guest's county nothing is left"
        demand_agreed(lived)
    applied = compare(sides)
    proved("messages through the storm", applied)
    print(f"\n{lived.step} steps, {applied} messages, {lived.deaths} workers killed, {closed} pairs closed")
    print(f"refused {dict(lived.refused)}; {dict(lived.types())}; decisions {dict(lived.decided())}")
    assert lived.said >= wanted
