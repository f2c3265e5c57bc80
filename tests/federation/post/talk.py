"""Two counties that say something to each other, what became of it at either, and what was caught on its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.post import relay, service, transports
from web.federation.post.models import OutboxMessage
from web.jobs import ring_post

TYPE = "handover.request"


@pytest.fixture
def heard(agreed, monkeypatch):
    """A room that takes everything, and values that may cross."""
    found = []  # ids of the messages applied, in order, with the name that came in each

    def hear(envelope, admitted, attached):
        found.append((envelope.id, admitted.values["/name"]))

    monkeypatch.setitem(service.HOOKS.hear, "handover", hear)
    monkeypatch.setattr(service.HOOKS, "catch_up", lambda envelope, attached: None)
    monkeypatch.setattr(service.HOOKS, "may_cross", lambda message, scope, name: True)
    monkeypatch.setattr(service.HOOKS, "is_granted", lambda receiver, envelope, scope, name: True)
    return found


def say(agreed, one, other, count):
    with one.act():
        values = [{"/name": f"李例{number}", "/birth_on": "1980-01-01"} for number in range(count)]
        ids = [service.send(other.uid, TYPE, uuid7(), {}, each, n=1, agreement=agreed.ref) for each in values]
        fence.commit()
    return ids


def days(work, count=4, days=0.0):
    """What the minutes do: whatever is due again is rung for."""
    for step in range(count):
        with clock.at(clock.now() + timedelta(days=days, minutes=2 * step)):
            ring_post()
            work()


def out(side):
    with side.act():
        return list(
            db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == TYPE).order_by(OutboxMessage.seq))
        )


def verbs_of(side, kind):
    with side.act():
        query = db.select(Event.verb).where(Event.subject_kind == kind).order_by(Event.id)
        return list(db.session.scalars(query))


def caught(monkeypatch, sender, receiver):
    """The batch that one would hand to the other now: it goes nowhere, and nothing is answered."""
    batch = []

    def keep(peer, county, parcels):
        batch.extend(parcels)
        return []

    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", keep)
        relay.drain(sender.tenant_id, receiver.uid)
    return batch
