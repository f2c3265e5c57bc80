"""A county's keys are turned and revoked while messages are under way; what is no longer believed; when nothing is opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.federation.post.talk import caught, days, heard, out, say, verbs_of
from web.core import clock, fence
from web.core.errors import DomainError, Invalid
from web.core.ids import uuid7
from web.extensions import db, valkey
from web.federation import verify
from web.federation.post import evidence, inbox, keys, lines, relay, transports, turning
from web.federation.post.models import CountyKey, InboxMessage, PeerKey
from web.federation.wire import documents, seals
from web.federation.wire.bundles import Bundle
from web.federation.wire.canonical import canonical
from web.federation.wire.keys import generate_seal_key
from web.jobs import ring_post

__all__ = ["heard"]


def _ask(side, verb, reason="", at=None):
    with clock.at(at or clock.now()), side.act():
        turning.ask(verb, reason)
        fence.commit()


def _kids(side, where=CountyKey.use == "sig"):
    with side.act():
        return list(db.session.scalars(db.select(CountyKey.kid).where(where).order_by(CountyKey.id)))


def _partner(side, other):
    with side.act():
        row = keys.peer(other.uid)
        return row.state.value, row.fingerprint


def _own(side):
    with side.act():
        return keys.own_fingerprint()


def _dies(*args):
    raise KeyboardInterrupt


def _drain_and_die(side, other):
    with pytest.raises(KeyboardInterrupt):
        relay.drain(side.tenant_id, other.uid)


@pytest.mark.parametrize("each", [60, pytest.param(500, marks=pytest.mark.long)])
def test_both_turn_their_keys_with_messages_under_way_each_way(agreed, work, heard, monkeypatch, each):
    home, host = agreed.home, agreed.host
    ids = say(agreed, home, host, each) + say(agreed, host, home, each)
    deliver = transports.deliver

    def dies(peer, sender, batch):
        deliver(peer, sender, batch)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", dies)
        _drain_and_die(home, host)  # fifty arrived, nobody heard the receipts
        patch.setattr(transports, "deliver", lambda *args: dies(args[0], args[1], []))
        _drain_and_die(host, home)  # fifty are sealed, none arrived
    before = {m.id: m.digest for side in (home, host) for m in out(side) if m.digest}
    assert len(before) == 100
    for side in (home, host):
        _ask(side, "ask_turn")
    with monkeypatch.context() as patch:
        patch.setattr(transports, "hello", _dies)
        with pytest.raises(KeyboardInterrupt):
            turning.change(home.tenant_id)  # and the partner was not told
    turning.change(host.tenant_id)
    with clock.at(clock.now() + timedelta(seconds=61)):
        work()
        days(work)

    assert sorted(id_ for id_, _ in heard) == sorted(ids), "each was applied once"
    for side, other in ((home, host), (host, home)):
        rows = out(side)
        assert [(m.seq, m.result) for m in rows[-each:]] == [(m.seq, "applied") for m in rows[-each:]]
        assert all(m.receipt for m in rows)
        assert {m.id: m.digest for m in rows}.items() >= {
            i: d for i, d in before.items() if i in {m.id for m in rows}
        }.items()
        assert all(later.prev == earlier.digest for earlier, later in pairwise(rows))
        (old, new), [current] = _kids(side), _kids(side, (CountyKey.use == "enc") & keys.IS_OURS)
        assert seals.kid_of(rows[-1].envelope) == new
        assert _partner(other, side) == ("confirmed", _own(side)), "the old key vouched for the new one"
        assert verbs_of(other, "peer").count("peer.follow") == 1
        assert verbs_of(side, "county_key")[-6:].count("county_key.turn") == 2
        with other.act():
            pinned = db.session.scalars(db.select(PeerKey).where(PeerKey.kid.in_([old, new]))).all()
            assert {k.kid: (k.is_pinned, k.valid_until is not None) for k in pinned} == {
                old: (True, True),
                new: (True, False),
            }
            line = lines.take(side.uid, "out")
            assert line.their_key.kid == current
            assert not line.held and not line.stopped


def test_an_old_decryption_key_opens_for_thirty_days_and_is_destroyed(agreed, work, heard, monkeypatch):
    home, host, now = agreed.home, agreed.host, clock.now()
    first, second = say(agreed, host, home, 2)
    parcels = caught(monkeypatch, host, home)
    assert len(parcels) == 2
    _ask(home, "ask_turn")
    with clock.at(now + timedelta(seconds=1)):
        turning.change(home.tenant_id)
    with clock.at(now + timedelta(days=29)), home.act():
        turning.run_timers()
        fence.commit()
    with clock.at(now + timedelta(days=29)):
        assert inbox.receive(home.tenant_id, host.uid, parcels[:1])[0].receipt, "encrypted to the old key"
    with clock.at(now + timedelta(days=31)):
        assert inbox.receive(home.tenant_id, host.uid, parcels[1:])[0].code == "unknown_key"
        with home.act():
            turning.run_timers()
            fence.commit()
        with home.act():
            old = {k.use: (k.state.value, bytes(k.locked)) for k in turning.every() if k.valid_until}
        assert old == {"sig": ("destroyed", b""), "enc": ("destroyed", b"")}
        # The sender encrypts anew to the key of now, and nothing was lost.
        ring_post()
        work()
    assert [id_ for id_, _ in heard] == [first, second]


def test_revoked_with_messages_waiting_a_person_compares_again_and_they_go(agreed, work, heard, monkeypatch):
    home, host = agreed.home, agreed.host
    proved = say(agreed, home, host, 1)
    work()
    [sent] = out(home)
    stolen_card = _card(home)
    with home.act():
        thief = keys.seal_key()
    waiting = say(agreed, home, host, 3) + say(agreed, host, home, 3)
    secret = keys._secret  # the one that opened the old keys is gone with them
    monkeypatch.setattr(keys, "_secret", lambda: b"n" * 32 if fence.tenant() == home.tenant_id else secret())
    _ask(home, "ask_revoke", "stolen", at=clock.now() + timedelta(seconds=2))
    with clock.at(clock.now() + timedelta(seconds=3)):
        turning.change(home.tenant_id)
        work()
        days(work)
    assert [id_ for id_, _ in heard] == proved, "nothing goes before a person compared"
    state, fingerprint = _partner(host, home)
    assert (state, fingerprint) == ("introduced", _own(home))
    assert verbs_of(host, "peer")[-1] == "peer.unpin"
    with home.act():
        assert lines.take(host.uid, "out").held == "unknown_key", "our page says why it waits"
        assert [peer.uid for peer in keys.unproved()] == [host.uid]

    # What the thief shows or seals is not believed, whatever it is.
    said = seals.unverified(sent.envelope) | {"id": str(uuid7()), "seq": sent.seq + 1, "prev": sent.digest}
    sealed = Bundle(seals.sign(canonical(said), seals.MESSAGE, thief), None, ())
    with clock.at(clock.now() + timedelta(seconds=5)):
        assert inbox.receive(host.tenant_id, home.uid, [sealed])[0].code == "key_revoked"
    with host.act():
        keys.introduce(stolen_card, home.uid)
        keys.introduce([documents.sign_descriptor(documents.introduce(stolen_card[0])[0], thief)], home.uid)
        assert (keys.peer(home.uid).state.value, keys.peer(home.uid).fingerprint) == ("introduced", fingerprint)
        with pytest.raises(Invalid):
            keys.confirm(keys.peer(home.uid), "0000 0000")
        fence.commit()
    with clock.at(clock.now() + timedelta(seconds=10)):
        with host.act():
            keys.confirm(keys.peer(home.uid), fingerprint[-9:])
            fence.commit()
        work()
        days(work)
    assert sorted(id_ for id_, _ in heard) == sorted(proved + waiting), "what waited went, once"
    assert all(m.result == "applied" for side in (home, host) for m in out(side))
    with home.act():
        assert keys.unproved() == [], "it signed for the new key's seals"

    # The seal made before the cut counts by the receipt that is older; a seal without one does not.
    for side in (home, host):
        with side.act():
            [old] = evidence.of(sent.about_id)
            given = evidence.portable(old, evidence.keys_of([home.uid, host.uid]))
        assert [k for k in given["keys"] if k.get("revoked_at")], "the cut is told"
        assert "signed for it" in " ".join(verify.verdict(given))
        with pytest.raises(verify.Refused, match="revoked"):
            verify.verdict(given | {"receipt": None})


def test_a_receipt_of_a_key_revoked_since_comes_again_under_the_new_one(agreed, work, heard, monkeypatch):
    home, host, deliver = agreed.home, agreed.host, transports.deliver
    ids = say(agreed, home, host, 2)
    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", lambda *args: _dies(deliver(*args)))
        _drain_and_die(home, host)
    assert [id_ for id_, _ in heard] == ids, "taken and signed for, and the receipts were lost"
    _ask(host, "ask_revoke", "lost")
    turning.change(host.tenant_id)
    with home.act():
        keys.confirm(keys.peer(host.uid), keys.peer(host.uid).fingerprint[-9:])
        fence.commit()
    with clock.at(clock.now() + timedelta(seconds=61)):
        work()
        days(work)
    assert [id_ for id_, _ in heard] == ids
    current = _kids(host)[-1]
    assert [(m.result, seals.kid_of(m.receipt)) for m in out(home)] == [("applied", current)] * 2
    with host.act():
        first = db.session.scalars(db.select(InboxMessage.receipt).where(InboxMessage.id == ids[0])).one()
    assert seals.unverified(first) == seals.unverified(out(home)[0].receipt), "the same word, from when it was given"


def test_keys_that_changed_again_before_anybody_compared_are_pinned_as_they_are_now(agreed):
    home, host, now = agreed.home, agreed.host, clock.now()
    changes = ("ask_revoke", "stolen"), ("ask_revoke", "lost"), ("ask_turn", "")
    for step, (verb, reason) in enumerate(changes, 1):
        with clock.at(now + timedelta(seconds=5 * step)):
            _ask(home, verb, reason)
            turning.change(home.tenant_id)
    with host.act():
        keys.confirm(keys.peer(home.uid), keys.peer(home.uid).fingerprint[-9:])
        fence.commit()
    with host.act():
        theirs = db.select(PeerKey).where(PeerKey.peer_uid == home.uid, PeerKey.use == "sig", PeerKey.is_pinned)
        found = {key.kid: (bool(key.revoked_at), bool(key.valid_until)) for key in db.session.scalars(theirs)}
    first, second, third, current = _kids(home)
    assert found == {
        first: (True, False),
        second: (True, False),  # stolen too, and told so while the partner had not compared it yet
        third: (False, True),
        current: (False, False),
    }


def _card(side):
    with side.act():
        return keys.card_of(side.uid)


def test_a_partner_who_missed_two_turnings_follows_and_an_old_card_says_nothing_new(agreed, monkeypatch):
    home, host = agreed.home, agreed.host
    first = _card(home)
    with monkeypatch.context() as patch:
        patch.setattr("web.federation.post.hello.exchange", lambda *args: None)  # the partner's county is away
        for second in (1, 2):
            with clock.at(clock.now() + timedelta(seconds=5 * second)):
                _ask(home, "ask_turn")
                turning.change(home.tenant_id)
    card = _card(home)
    assert len(card) == 3
    with host.act():
        unvouched = [card[0], card[2]]  # the first voucher was left out: nobody says that the second key is theirs
        with fence.savepoint():
            assert keys.introduce(unvouched, home.uid).state.value == "introduced"
            db.session.rollback()
    with host.act():
        assert keys.introduce(card, home.uid).state.value == "confirmed"
        fence.commit()
    with host.act():
        for old in (first, [card[1]], [card[2]]):
            row = keys.introduce(old, home.uid)
            assert (row.state.value, row.fingerprint) == ("confirmed", _fingerprint(card)), (
                "said before, worth nothing now"
            )
        fence.commit()


def test_a_card_that_another_county_hands_over_changes_nothing(agreed, third):
    home, host = agreed.home, agreed.host
    thief = generate_seal_key("340828-seal-2030-9")
    said, _ = documents.introduce(_card(home)[0])
    listed = (replace(thief.public, valid_from=clock.now()), *(key for key in said.keys if key.use == "enc"))
    forged = documents.sign_descriptor(replace(said, keys=listed), thief)
    assert documents.introduce(forged)[0].county == home.uid, "it vouches for itself"
    for shown in ([forged], _card(home)):
        with pytest.raises(DomainError, match="descriptor_of_another_county"):
            transports.hello(transports.Address(host.uid), third.uid, shown)
    with host.act():
        assert keys.peer(home.uid).state.value == "confirmed" and keys.pins(home.uid).keys
    assert transports.hello(transports.Address(host.uid), home.uid, _card(home)) == _card(host)


def _fingerprint(card):
    return documents.introduce(card[0])[1].fingerprint


def _timers(side):
    with side.act():
        turning.run_timers()
        fence.commit()


def test_who_was_away_when_keys_changed_is_told_again_and_what_was_asked_is_found_again(agreed, work, monkeypatch):
    home, host = agreed.home, agreed.host
    with clock.at(clock.now() + timedelta(hours=1)):
        work()
        _ask(home, "ask_turn", at=clock.now())
        valkey.client.flushdb()  # the bell is lost
        assert work() == 0
        _timers(home)
        with monkeypatch.context() as patch:
            patch.setattr(transports, "hello", lambda *args: None)  # the partner is away
            work()
        assert _partner(host, home)[1] != _own(home)
        _timers(home)
        work()
        assert _partner(host, home) == ("confirmed", _own(home))
        told = verbs_of(host, "peer").count("peer.follow")
    with clock.at(clock.now() + timedelta(hours=2)), home.act():
        turning.run_timers()
        assert not fence.here().after_commit, "it is no news any more"
    assert told == 1
