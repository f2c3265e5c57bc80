"""What the other end or the way between does wrong: it forgot, it hears twice at once, it never answers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests import world
from tests.federation.chaos import Chaos, alone
from tests.federation.post.talk import caught
from tests.federation.test_chaos import agree, compare
from tests.world import Side
from web.core import clock, fence
from web.extensions import db, valkey
from web.federation.post import inbox, keys, lines, relay, transports
from web.federation.post.models import InboxMessage, OutboxMessage, PostDue
from web.jobs import ring_post
from web.tenants.counties import service as counties
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind


def at_once(app, *works):
    """Each in a thread of its own, begun together; what each returned."""
    ready = Barrier(len(works))

    def begin(work):
        with app.app_context():
            ready.wait(20)
            return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))


def forget(side, other, kind, since):
    """The county stands as after `since` messages of the other: yesterday's backup was restored there."""
    with side.act():
        gone = db.session.scalars(
            db.select(InboxMessage).where(InboxMessage.peer_uid == other.uid, InboxMessage.seq > since)
        ).all()
        for message in gone:
            db.session.delete(kind.get(message.about_id))
            db.session.delete(message)
        last = db.session.scalars(db.select(InboxMessage).where(InboxMessage.seq == since)).one()
        line = lines.take(other.uid, "in")
        line.seq, line.head = since, last.digest
        line.write()
        fence.commit()


def test_a_county_that_forgot_hears_everything_again_from_where_it_stands(pair, fresh, monkeypatch):
    home, host = pair.home, pair.host
    with alone(monkeypatch) as kinds:
        chaos, kind = Chaos([home, host], kinds, random.Random(4)), kinds["referral"]
        for _ in range(4):
            chaos._open(home, host, kind)
        chaos.opened.clear()
        chaos.rest()
        sent = db.select(OutboxMessage.seq, OutboxMessage.digest, OutboxMessage.receipt).order_by(OutboxMessage.seq)
        with home.act():
            before = list(db.session.execute(sent))
        forget(host, home, kind, since=1)
        chaos._open(home, host, kind)
        assert relay.drain(home.tenant_id, host.uid) == 0, "the fifth is not the next there"
        with home.act():
            again = list(db.session.execute(sent))
            assert [row.receipt is not None for row in again] == [True, False, False, False, False]
            line = lines.take(host.uid, "out")
            assert (line.held, line.stopped) == ("sequence_gap", "")
        with fence.platform("tests"):
            assert db.session.scalars(db.select(PostDue)).one().due_at > clock.now(), (
                "after a while, not at once for ever"
            )
        assert relay.drain(home.tenant_id, host.uid) == 4
        assert compare(chaos.sides) == 5
        with home.act():
            rows = list(db.session.execute(sent))
            assert [row.digest for row in rows[:4]] == [row.digest for row in before], "the same envelopes"
            assert [a.receipt == b.receipt for a, b in zip(rows, before, strict=False)] == [True, False, False, False]
        agree(chaos)


def test_one_batch_delivered_twice_at_once_is_applied_once(pair, fresh, monkeypatch, proved):
    home, host = pair.home, pair.host
    with alone(monkeypatch) as kinds:
        chaos = Chaos([home, host], kinds, random.Random(5))
        for _ in range(12):
            chaos._open(home, host, kinds["referral"])
        batch = caught(monkeypatch, home, host)
        assert len(batch) == 12
        # One of them is first; whoever meets what it took answers with its receipts, byte for byte.
        answers = at_once(fresh, *[lambda: inbox.receive(host.tenant_id, home.uid, batch)] * 4)
        assert all(one == answers[0] for one in answers)
        assert [one.receipt is not None for one in answers[0]] == [True] * 12
        with host.act():
            assert world.count(InboxMessage) == world.count(kinds["referral"].model) == 12
        # And two workers rung for one peer at once: the lease lets one of them send.
        for _ in range(60):
            chaos._open(home, host, kinds["handover"])
        chaos.free(home, host)
        settled = at_once(fresh, *[lambda: relay.drain(home.tenant_id, host.uid)] * 3)
        assert sum(settled) == 72 and sorted(settled)[:2] == [0, 0]
        assert compare(chaos.sides) == 72
        agree(chaos)
    proved("batches delivered at once", 4)


def join(number, home):
    """A small county, and home's partner."""
    with fence.platform("tests"):
        county = counties.add(
            f"{331200 + number}", f"示例{number}县", f"中共示例{number}县委组织部", region="浙江省丽水市"
        )
        side = Side(county.tenant_id, county.uid, county.code, county.name)
        fence.commit()
    with side.act():
        counties.settings()
        organisations.found(None, OrgKind.COUNTY_COMMITTEE, side.name, full_name=f"中共{side.name}委员会")
        keys.create()
        fence.commit()
    world.confirm(side, home)
    return side


@pytest.mark.long
def test_one_noisy_partner_of_twenty_keeps_nobody_waiting(pair, fresh, work, monkeypatch, proved):
    """Two thousand messages wait for a county that answers none of them and sends its own without an end."""
    home, noisy = pair.home, pair.host
    others = [join(number, home) for number in range(1, 20)]
    work()
    deliver, rounds = transports.deliver, []

    def half_open(peer, sender, batch):
        if peer.uid == noisy.uid:
            rounds.append(len(batch))
            return [transports.Answer(code="busy")]
        return deliver(peer, sender, batch)

    with alone(monkeypatch) as kinds:
        chaos = Chaos([home, noisy, *others], kinds, random.Random(6))
        for _ in range(2_000):
            chaos._open(home, noisy, kinds["referral"])
        for _ in range(300):
            chaos._open(noisy, home, kinds["share"])
        for other in others:
            chaos._open(home, other, kinds["referral"])
            chaos._open(other, home, kinds["share"])
        with monkeypatch.context() as patch:
            patch.setattr(transports, "deliver", half_open)
            valkey.client.flushdb()  # what rang while all this was said
            ring_post()
            work()
            # Once, and again for each batch of its own, which is a sign of life: not batch after batch.
            assert 1 <= len(rounds) <= 1 + 300 // relay.BATCH
            with home.act():
                waiting = db.select(OutboxMessage.peer_uid).where(OutboxMessage.receipt.is_(None)).distinct()
                assert db.session.scalars(waiting).all() == [noisy.uid], "everybody else was served"
                served = set(db.session.scalars(db.select(InboxMessage.peer_uid).distinct()))
                assert served == {noisy.uid, *(other.uid for other in others)}
        chaos.free(home, noisy)
        chaos.rest()
        assert compare(chaos.sides) == 2_000 + 300 + 2 * len(others)
        agree(chaos)
    proved("messages through the storm", 2_338)
