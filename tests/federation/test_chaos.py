"""Nothing is lost and nothing happens twice, whatever dies: each step of an exchange, then a thousand messages."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests import world
from tests.federation.chaos import DEATHS, Chaos, alone, in_a_worker
from web.core import fence
from web.extensions import db, valkey
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


def storm(chaos, fresh, count):
    """So many messages, with a fault at every fifth step or so."""
    draw = chaos.draw
    while chaos.messages < count:
        fault = draw.random()
        if fault < 0.80:
            chaos.say()
        elif fault < 0.96:
            chaos.drain()
        elif fault < 0.985:
            chaos.drain(death=draw.choice(DEATHS))
        elif fault < 0.995:
            valkey.client.flushdb()
        else:
            hang_up(fresh)


@pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("parties", [2, 3])
def test_a_storm_of_messages_and_faults(pair, fresh, monkeypatch, count, parties, proved):
    count //= 2  # each with two and with three counties
    sides = [pair.home, pair.host] + ([world.third(pair)] if parties == 3 else [])
    with alone(monkeypatch) as kinds:
        chaos, began = Chaos(sides, kinds, random.Random(20_261_125)), time.perf_counter()
        storm(chaos, fresh, count)
        chaos.rest()
        took = time.perf_counter() - began
        applied = compare(sides)
        agree(chaos)
    assert applied >= count
    print(f"\n{applied} messages of {parties} counties at rest, {chaos.deaths} workers killed: {applied / took:.0f}/s")
    proved("messages through the storm", applied)


def test_a_worker_without_a_connection_comes_back(pair, fresh, monkeypatch):
    """The pool is exhausted while a drain begins: it fails, and the next one sends."""
    with alone(monkeypatch) as kinds:
        chaos = Chaos([pair.home, pair.host], kinds, random.Random(3))
        chaos._open(pair.home, pair.host, kinds["share"])
        monkeypatch.setattr(db.engine.pool, "_timeout", 0.05)
        with ExitStack() as held:
            for _ in range(16):
                held.enter_context(db.engine.connect())
            with pytest.raises(PoolTimeout):
                relay.drain(pair.home.tenant_id, pair.host.uid)
        chaos.rest()
        assert compare(chaos.sides) == 1
        agree(chaos)
