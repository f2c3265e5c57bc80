"""The post between two counties of one deployment: receipts, refusals, a dead worker, a flushed Valkey."""

from __future__ import annotations

import pytest

from web.core import clock, fence
from web.core.ids import uuid7
from web.extensions import db, valkey
from web.federation.post import lines, relay, service, transports
from web.federation.post.models import InboxMessage, OutboxMessage, Peer, PeerState, PostDue
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import AgreementRef
from web.jobs import ring_post

ABOUT = uuid7()
_SHARE = {"referral": str(uuid7()), "scope": "S6"}
UNDER = AgreementRef(uuid7(), 1, "sha-256:" + "A" * 43)


@pytest.fixture(autouse=True)
def nobody_knows_it(monkeypatch):
    """A room that never opened what the messages speak of."""

    def hear(envelope, admitted, attached):
        raise WireError("not_open")

    monkeypatch.setitem(service.HOOKS.hear, "handover", hear)


def _say(pair, n=7):
    with pair.home.act():
        id_ = service.send(pair.host.uid, "handover.expire", ABOUT, n=n, agreement=UNDER)
        fence.commit()
    return id_


def _scans(plan):
    """Each table a plan was read from, with how many of its rows in vain."""
    if plan["Actual Loops"]:
        yield plan.get("Relation Name"), plan.get("Rows Removed by Filter", 0)
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def test_both_confirmed_each_other(pair):
    for side in (pair.home, pair.host):
        with side.act():
            assert [p.state for p in db.session.scalars(db.select(Peer))] == [PeerState.CONFIRMED]


def test_a_refused_message_is_receipted_once_and_both_sides_know(pair, work):
    ids = [_say(pair, n) for n in (7, 8)]
    assert work() >= 1
    with pair.home.act():
        rows = list(db.session.scalars(db.select(OutboxMessage).order_by(OutboxMessage.seq)))
        assert [r.id for r in rows] == ids
        assert [(r.seq, r.result, r.code) for r in rows] == [(1, "refused", "not_open"), (2, "refused", "not_open")]
        assert rows[1].prev == rows[0].digest
        assert db.session.scalar(db.select(PostDue)) is None
    with pair.host.act():
        theirs = list(db.session.scalars(db.select(InboxMessage).order_by(InboxMessage.seq)))
        assert [(m.result, m.receipt) for m in theirs] == [("refused", r.receipt) for r in rows]


def test_what_was_said_before_a_savepoint_failed_is_said(pair, work):
    """With its values, and the note that it is due; what was said within goes with it."""
    about, said = uuid7(), []
    with pair.home.act():
        values = {"/name": "李例乙", "/birth_on": "1980-01-01"}
        said.append(service.send(pair.host.uid, "handover.request", about, values=values, n=1, agreement=UNDER))
        with pytest.raises(WireError), fence.savepoint():
            service.send(pair.host.uid, "handover.expire", about, n=2, agreement=UNDER)
            raise WireError("not_open")
        said.append(service.send(pair.host.uid, "handover.expire", about, n=3, agreement=UNDER))
        fence.commit()
        assert list(db.session.scalars(db.select(OutboxMessage.id).order_by(OutboxMessage.id))) == said
        assert service.last_said(about, "/name") == said[0]
        assert db.session.scalar(db.select(PostDue.peer_uid)) == pair.host.uid


def test_what_waits_is_found_whatever_was_sent_before(pair):
    with pair.home.act():
        sent = {
            "peer_uid": pair.host.uid,
            "type": "handover.expire",
            "about_id": ABOUT,
            "body": {},
            "sd": [],
            "created_at": clock.now(),
        }
        rest = [sent | {"epoch": 1, "seq": seq, "receipt": "…", "result": "applied"} for seq in range(1, 301)]
        db.session.execute(db.insert(OutboxMessage), rest)
        lines.take(pair.host.uid, "out")
        asked = {"tenant": pair.home.tenant_id, "peer": pair.host.uid, "direction": "out", "parcel": [uuid7()]}
        for question in (relay._LINE, relay._WAITING):
            made = question.compile(dialect=db.engine.dialect)
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {made.string}"
            [plan] = db.session.connection().exec_driver_sql(explain, made.construct_params(asked)).scalars()
            passed_by = [removed for where, removed in _scans(plan[0]["Plan"]) if where == "outbox_message"]
            assert passed_by == [0], "a drain reads the history of its channel"


def test_what_a_person_waits_for_goes_before_what_a_program_tells(pair, work):
    with pair.home.act():
        one = uuid7()
        told = [service.send(pair.host.uid, "share.delta", one, _SHARE, n=n, agreement=UNDER) for n in range(2, 62)]
        ended = service.send(pair.host.uid, "share.revoke", one, _SHARE | {"reason": "narrowed"}, n=62, agreement=UNDER)
        fence.commit()
    waited_for = _say(pair)
    assert work() >= 1
    with pair.home.act():
        sent = list(db.session.scalars(db.select(OutboxMessage.id).order_by(OutboxMessage.seq)))
    assert sent == [waited_for, *told, ended], "and what belongs to one share stays in its order"


def test_a_partner_who_speaks_is_sent_at_once_what_failed_before(pair, work, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", lambda *args: [transports.Answer(code="busy")])
        waiting = _say(pair)
        work()
    with fence.platform("test"):
        assert db.session.scalars(db.select(PostDue)).one().due_at > clock.now()
    with pair.host.act():
        service.send(pair.home.uid, "handover.expire", uuid7(), n=7, agreement=UNDER)
        fence.commit()
    work()
    with pair.home.act():
        assert db.session.get_one(OutboxMessage, (pair.home.tenant_id, waiting)).result == "refused", "it arrived"


def test_valkey_flushed_the_scheduler_finds_it_again(pair, work):
    _say(pair)
    valkey.client.flushdb()
    assert work() == 0
    with fence.platform("test"):
        assert db.session.scalars(db.select(PostDue)).one().tenant_id == pair.home.tenant_id
    ring_post()
    assert work() >= 1
    with pair.home.act():
        assert db.session.scalars(db.select(OutboxMessage)).one().result == "refused"


def test_killed_between_receipt_and_commit_the_same_receipt_comes_back(pair, monkeypatch):
    _say(pair)

    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(relay, "_settle", die)
    try:
        relay.drain(pair.home.tenant_id, pair.host.uid)
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    with pair.host.act():
        first = db.session.scalars(db.select(InboxMessage)).one().receipt
    with pair.home.act():
        lines.take(pair.host.uid, "out").row().leased_until = None
        fence.commit()
    relay.drain(pair.home.tenant_id, pair.host.uid)
    with pair.host.act():
        assert db.session.scalars(db.select(InboxMessage)).one().receipt == first
    with pair.home.act():
        assert db.session.scalars(db.select(OutboxMessage)).one().receipt == first
