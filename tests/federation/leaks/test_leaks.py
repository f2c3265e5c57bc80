"""Trying to leak through every message type: any field at any pointer, under random grants, consents and pauses.

An honest round says messages the way the program does, and changes minds between the commit and the sealing; what is on
its way is opened and looked at. A hostile round puts messages down past our own checks, as another program would; what
the receiver keeps is looked at. What a leak is stands in `leak.py`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import structlog

from tests.conftest import _database_of, owner
from tests.federation.leaks.leak import Leak, World, hostile, unstick
from tests.federation.referrals.conftest import walk
from web.core import clock, fence
from web.core.errors import CrossTenant
from web.core.ids import uuid7
from web.extensions import db
from web.federation.messages import MESSAGES
from web.federation.post import relay, service, transports
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.referrals import packets
from web.federation.referrals.models import SharedMember
from web.federation.sharing.models import StatusShare
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import commitments, disclose

__all__ = ["walk"]
A_ROUND = 40
WORLDS = 10


@pytest.fixture
def world(request, walk, agreed, monkeypatch):
    """Two referrals taken on with their shares, and a third member whom nobody was ever told of."""
    walk.until_taken_on()
    first = walk.id
    second = walk.enroll("李例乙", birth_on=None, phone="15400000124")
    third = walk.enroll("张试丙", told=False, phone="15400000125")
    walk.offer(second)
    with walk.home.act():
        shares = list(db.session.scalars(db.select(StatusShare.id)))
    with walk.host.act():
        heard = set(db.session.scalars(db.select(InboxMessage.id)))
    with walk.home.act():
        heard |= set(db.session.scalars(db.select(InboxMessage.id)))
    made = World(agreed, getattr(request, "param", 20260105), [first, walk.id], [walk.member_id, second, third], shares)
    made.looked = heard  # what came by the walk itself
    for member_id in made.members[:2]:
        made.told[member_id] = {"S2", "S5", "S6"}
    monkeypatch.setattr(transports, "deliver", made.watch)
    return made


def say(world: World) -> None:
    """One message more, honest or not; a refusal of our own says nothing of the value."""
    sender, receiver = world.sides()
    type_, about, body, values, number = world.message(sender, receiver)
    spec, r = MESSAGES[type_], world.random
    more: dict[str, Any] = {"agreement": world.pair.ref if spec.needs_agreement or r.random() < 0.1 else None,
            "member_id": r.choice([*world.members, None]) if sender is world.pair.home else None}  # fmt: skip
    try:
        made = [disclose(pointer, value) for pointer, value in values.items()]
    except WireError:
        return
    if more["member_id"] is None and sender is world.pair.home and world.is_honest:
        more["member_id"] = r.choice(world.members)
    with sender.act():
        try:
            if not world.is_honest:
                ref = more["agreement"]
                message = OutboxMessage(
                    id=uuid7(), peer_uid=receiver.uid, type=type_, about_id=about, member_id=more["member_id"], body=body,
                    sd=list(commitments(made)), attached=[], blobs=[], has_blobs_due=False, created_at=clock.now(),
                    agreement_id=ref and ref.id, agreement_version=ref and ref.version, agreement_digest=ref and ref.digest,
                    **number,
                )  # fmt: skip
                hostile(message, made)
                id_ = message.id
            else:
                how: dict[str, Any] = {"values": values} if r.random() < 0.3 else {"disclosures": made}
                id_ = service.send(receiver.uid, type_, about, body, **how, **number, **more)
            fence.commit()
        except (WireError, CrossTenant) as refused:
            world._demand_clean("error", str(refused.args) + str(getattr(refused, "params", "")))
            return
    world.whom[id_] = more["member_id"]
    world.sent += 1


def run(world: World, messages: int, database: str) -> None:
    """Rounds until so many messages were sent; at the end everything is looked through."""
    rounds = 0
    with owner(database) as connection, structlog.testing.capture_logs() as logged:
        world.logged = logged
        while world.sent < messages:
            rounds += 1
            world.deal()
            world.is_honest = world.random.random() < 0.6
            for _ in range(A_ROUND):
                say(world)
            if world.random.random() < 0.5:
                with world.pair.home.act():
                    world.retell(world.random.choice(world.members))
                    fence.commit()
            drain(world)
            world.look_at_received()
            world.look_at_logs()
            if rounds % 20 == 0:
                world.look_everywhere(connection)
            if world.leaks:
                break
        world.look_everywhere(connection)


def drain(world: World) -> None:
    """Send what waits, both ways, until nothing more can go."""
    home, host = world.pair.home, world.pair.host
    with pytest.MonkeyPatch.context() as patch:
        if not world.is_honest:
            patch.setattr(service.HOOKS, "may_cross", lambda message, scope, pointer: True)
        for _ in range(3):
            relay.drain(home.tenant_id, host.uid)
            relay.drain(host.tenant_id, home.uid)
    unstick(world)


def test_no_value_leaks_through_any_message(world, fresh, proved):
    run(world, 400, _database_of(fresh))
    assert world.leaks == []
    assert world.crossed > 15, "the attempts must get through where they may"
    proved("fuzzed messages without a leak", world.sent)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", range(WORLDS), indirect=True)
def test_no_value_leaks_through_a_hundred_thousand(world, fresh, proved):
    """A tenth in each of ten worlds that begin from another number: other fates, and as many workers as there are."""
    run(world, int(os.environ.get("KITELINE_FUZZ", "100000")) // WORLDS, _database_of(fresh))
    assert world.leaks == [], f"after {world.sent} messages"
    proved("fuzzed messages without a leak", world.sent)


@pytest.mark.parametrize("hole", ["consent", "grant at egress", "grant at ingress", "log"])
def test_a_planted_hole_is_found(world, fresh, monkeypatch, hole):
    """The test can fail: with one check taken out, it says so."""
    if hole == "consent":
        monkeypatch.setattr("web.federation.referrals.grants.consents.stands", lambda *_: True)
    elif hole == "grant at egress":
        monkeypatch.setattr("web.federation.referrals.grants.agreements.holds", lambda *_: True)
    elif hole == "grant at ingress":
        monkeypatch.setattr(service.HOOKS, "is_granted", lambda *_: True)
    else:
        told = service.send

        def telling(to, type_, about_id, body=None, values=None, **more):
            structlog.get_logger("web.test").info("send", values=str(values or more.get("disclosures")), clear=[d.value for d in more.get("disclosures") or ()])  # fmt: skip
            return told(to, type_, about_id, body, values, **more)

        monkeypatch.setattr(service, "send", telling)
    run(world, 600, _database_of(fresh))
    assert world.leaks, hole
    assert isinstance(world.leaks[0], Leak)


def test_under_the_id_of_another_thing_nothing_opens_and_nothing_is_destroyed(walk, agreed):
    """Found by the long fuzz: a list, or a request, under a referral's id took the referral's key with it when it ended."""
    walk.until_taken_on()
    home, host = walk.home, walk.host
    with host.act():
        kept = packets.opened(db.session.get(SharedMember, (host.tenant_id, walk.id)))
    assert kept["/name"]
    body = {"kind": "job", "due_on": "2026-12-01", "referral": str(walk.id)}
    hostile_words: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
        ("directory.tell", {"w": 1}, {}, {}),
        ("counts.tell", {"w": 1, "until": "2026-01-31"}, {}, {}),
        (
            "request.ask",
            body,
            {"/job/intent": "仓储管理员"},
            {"n": 1, "agreement": agreed.ref, "member_id": walk.member_id},
        ),
        ("request.withdraw", {}, {}, {"n": 2}),
    )
    with home.act():
        for type_, said, values, more in hostile_words:
            service.send(host.uid, type_, walk.id, said, values, **({"agreement": agreed.ref} | more))
        fence.commit()
    for _ in range(3):
        relay.drain(home.tenant_id, host.uid)
    with home.act():
        answers = db.session.execute(
            db.select(OutboxMessage.type, OutboxMessage.code).where(OutboxMessage.result == "refused")
        ).all()
        opened = dict.fromkeys(("directory.tell", "counts.tell", "request.ask"), "already_open")
        assert dict(row for row in map(tuple, answers)) == opened | {"request.withdraw": "not_open"}
    with host.act():
        assert packets.opened(db.session.get(SharedMember, (host.tenant_id, walk.id))) == kept
