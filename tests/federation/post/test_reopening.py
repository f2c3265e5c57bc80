"""A line that stands still: what stopped it, who lets it go on, and what no second try mends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.blueprints.test_auth import sign_in
from tests.federation.post.talk import TYPE, days, heard, say, verbs_of
from web.core import clock, crypto, fence
from web.core.errors import WrongState
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.post import inbox, keys, lines, relay, reopening, transports
from web.federation.post.models import OutboxMessage
from web.federation.wire import seals
from web.federation.wire.bundles import Bundle
from web.federation.wire.canonical import canonical
from web.jobs import ring_post
from web.tenants.accounts.permissions import Role

__all__ = ["heard"]


def _stopped(side, other):
    with side.act():
        return {way: lines.take(other.uid, way).stopped for way in ("out", "in")}


def _reopen(side, other):
    with side.act():
        reopening.reopen(other.uid, "电话核对过")
        fence.commit()


def test_a_line_stopped_by_a_damaged_seal_is_reopened_by_both_and_goes_on(agreed, work, heard, monkeypatch):
    home, host = agreed.home, agreed.host
    ids = say(agreed, home, host, 3)
    deliver = transports.deliver

    def damaged(peer, sender, batch):
        return deliver(peer, sender, [replace(batch[0], envelope=batch[0].envelope[:-4] + "AAAA"), *batch[1:]])

    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", damaged)
        work()
    assert _stopped(home, host)["out"] == _stopped(host, home)["in"] == "bad_signature"
    days(work, 2)
    assert heard == []
    _reopen(home, host)
    work()
    with home.act():
        assert lines.take(host.uid, "out").held == "maintenance", "our page says that the other side still stands"
        with pytest.raises(WrongState, match="channel_runs"):
            reopening.reopen(host.uid, "又一次")
    _reopen(host, home)
    work()
    assert [id_ for id_, _ in heard] == ids, "the other side's reopening was the sign of life"
    with home.act():
        line = lines.take(host.uid, "out")
        assert (line.stopped, line.held) == ("", "")
    assert verbs_of(home, "channel") == verbs_of(host, "channel") == ["channel.stop", "channel.reopen"]


def test_a_message_that_cannot_be_sealed_stops_its_line_where_a_person_sees_it(agreed, fresh, work, heard, monkeypatch):
    home, host = agreed.home, agreed.host
    ids, seal = say(agreed, home, host, 3), relay._seal_one

    def unsealable(line, message, rows):
        if message.id == ids[1]:
            raise ValueError("not to be sealed")
        return seal(line, message, rows)

    with monkeypatch.context() as patch:
        patch.setattr(relay, "_seal_one", unsealable)
        with pytest.raises(ValueError, match="not to be sealed"):
            relay.drain(home.tenant_id, host.uid)
        relay.drain(home.tenant_id, host.uid)
    assert [id_ for id_, _ in heard] == ids[:1], "what stands before it left, and nothing went past it"
    assert (_stopped(home, host)["out"], _stopped(host, home)["in"]) == ("unsealed", "")
    with home.act():
        stop = db.session.scalars(db.select(Event).where(Event.verb == "channel.stop")).one()
        assert stop.details == {"message": str(ids[1]), "type": TYPE}
    client = fresh.test_client()
    sign_in(client, home, Role.COUNTY_ADMIN.value)
    assert "我方有一份消息签不上" in client.get(f"/{home.code}/peers/{host.uid}").text
    assert "通道已停" in client.get(f"/{home.code}/").text
    _reopen(home, host)
    work()
    assert [id_ for id_, _ in heard] == ids


def test_a_worker_with_another_key_stops_no_line(agreed, work, heard, monkeypatch):
    home, host = agreed.home, agreed.host
    ids = say(agreed, home, host, 2)

    def sealed_elsewhere(line, message, rows):
        raise crypto.Undecryptable(str(message.id))

    with monkeypatch.context() as patch:
        patch.setattr(relay, "_seal_one", sealed_elsewhere)
        with pytest.raises(crypto.Undecryptable):
            relay.drain(home.tenant_id, host.uid)
    assert _stopped(home, host)["out"] == "", "started again with the right one, it goes on by itself"
    work()
    assert [id_ for id_, _ in heard] == ids


def test_a_fork_is_kept_as_evidence_and_is_not_reopened(agreed, work, heard):
    home, host = agreed.home, agreed.host
    say(agreed, home, host, 1)
    work()
    with home.act():
        token = db.session.scalars(db.select(OutboxMessage.envelope).where(OutboxMessage.type == TYPE)).one()
        said = seals.unverified(token) | {"id": str(uuid7())}
        forked = seals.sign(canonical(said), seals.MESSAGE, keys.seal_key())
    assert inbox.receive(host.tenant_id, home.uid, [Bundle(forked, None, ())])[0].code == "fork"
    with host.act():
        stop = db.session.scalars(db.select(Event).where(Event.verb == "channel.stop")).one()
        assert stop.details["envelope"] == forked, "both contents are kept"
        with pytest.raises(WrongState, match="channel_stopped_for_good"):
            reopening.reopen(home.uid, "核对过")


def test_what_thirty_days_did_not_deliver_goes_when_a_person_says_so(agreed, work, heard, monkeypatch):
    home, host = agreed.home, agreed.host
    ids, now = say(agreed, home, host, 1), clock.now()
    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", lambda *args: [transports.Answer(code="maintenance")])
        work()
        with clock.at(now + timedelta(days=31)):
            ring_post()
            work()
    with clock.at(now + timedelta(days=60)):
        ring_post()
        assert (work(), heard) == (0, []), "it waits for a person"
        _reopen(home, host)
        work()
    assert [id_ for id_, _ in heard] == ids
    assert verbs_of(home, "channel") == ["channel.reopen"]
