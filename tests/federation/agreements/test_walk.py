"""Agreements between two and three counties, by real messages and jobs, to their effect."""

from __future__ import annotations

import itertools

import pytest

from tests import world
from tests.federation.agreements.steps import changed_text, say, state_of
from web.core import fence
from web.core.errors import DomainError, Invalid, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation.agreements import hub, service, standing
from web.federation.agreements.models import AgreementDecision, AgreementState, VersionState
from web.federation.post import keys, relay
from web.federation.post.models import PEER


def test_two_counties_agree_and_both_hold_the_same(pair, work):
    ref = world.agree(pair)
    states = {side.name: state_of(side, ref.id) for side in (pair.home, pair.host)}
    assert states[pair.home.name] == states[pair.host.name]
    state, version_state, n, head, stopped, pending = states[pair.home.name]
    assert (state, version_state, stopped, pending) == (AgreementState.ACTIVE, VersionState.EFFECTIVE, "", "")
    for side in (pair.home, pair.host):
        with side.act():
            agreement = service.get(ref.id)
            version = service.current(agreement)
            chain = service.decisions(agreement)
            assert [d.verb for d in chain] == [
                "propose",
                "accept",
                "agree",
                "render",
                "seal",
                "complete",
                "take_effect",
            ]
            assert all(d.jws for d in chain)
            assert chain[-1].digest == head
            assert {s.county_uid for s in hub.seal_rows(agreement, version) if s.jws} == {pair.home.uid, pair.host.uid}
            assert (
                service.covering(
                    pair.host.uid if side is pair.home else pair.home.uid,
                    "S2",
                    owner_uid=pair.home.uid,
                    receiver_uid=pair.host.uid,
                )
                == ref
            )
            assert service.liaisons(agreement)[pair.host.uid]["name"] == "陈例丁"
            assert [p.uid for p in standing.parties(agreement)] == [pair.host.uid, pair.home.uid]
            assert db.session.scalar(db.select(db.func.count()).select_from(AgreementDecision)) == n


def test_the_template_with_an_agreement_is_the_same_walk(agreed):
    assert state_of(agreed.home, agreed.ref.id) == state_of(agreed.host, agreed.ref.id)
    assert state_of(agreed.home, agreed.ref.id)[0] is AgreementState.ACTIVE


def test_a_follower_counters_and_the_author_does_not_accept_its_own_text(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    say(pair.home, work, "counter", id_, changed_text(pair.home, id_), reason="有效期太短")
    for side in (pair.home, pair.host):
        with side.act():
            agreement = service.get(id_)
            version = service.current(agreement)
            assert (version.state, version.round, version.author_uid) == (VersionState.PROPOSED, 2, pair.home.uid)
            assert version.text["clauses"][6]["paragraphs"] == ["介绍信有效期一般四十五天。"]
            assert version.former["clauses"][6] != version.text["clauses"][6]
            assert service.said(service.decisions(agreement)[-1])["/reason"] == "有效期太短"
    with pair.home.act(), pytest.raises(WrongState) as refused:
        service.accept(id_)
    assert refused.value.code == "accepted_already"
    say(pair.host, work, "accept", id_)
    assert state_of(pair.home, id_)[1] is VersionState.AGREED
    assert state_of(pair.home, id_) == state_of(pair.host, id_)


def test_the_hub_counters_too_and_rounds_end(pair, work, monkeypatch):
    id_ = world.propose(pair.host, [pair.home])
    monkeypatch.setattr(hub, "ROUNDS", 2)
    say(pair.host, work, "counter", id_, changed_text(pair.host, id_))
    with pair.home.act(), pytest.raises(WrongState) as refused:
        service.counter(id_, changed_text(pair.home, id_, words="再改。"))
    assert refused.value.code == "too_many_rounds"


def test_a_rejected_first_version_drops_the_agreement_on_both_sides(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    with pair.home.act(), pytest.raises(Invalid):
        service.reject(id_, " ")
    say(pair.home, work, "reject", id_, "今年不再新签")
    assert {state_of(side, id_)[:2] for side in (pair.home, pair.host)} == {
        (AgreementState.DROPPED, VersionState.REJECTED)
    }


def test_the_hub_withdraws_and_nothing_more_can_be_said(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    say(pair.host, work, "withdraw", id_, "条款有误")
    assert {state_of(side, id_)[:2] for side in (pair.home, pair.host)} == {
        (AgreementState.DROPPED, VersionState.WITHDRAWN)
    }
    with pair.home.act(), pytest.raises(WrongState):
        service.accept(id_)


def test_crossing_words_the_later_one_is_void_and_its_county_knows(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    with pair.home.act():
        service.accept(id_)
        fence.commit()
    with pair.host.act():
        service.counter(id_, changed_text(pair.host, id_))
        fence.commit()
    work()
    assert state_of(pair.home, id_) == state_of(pair.host, id_)
    with pair.home.act():
        agreement = service.get(id_)
        assert agreement.refused_code in ("overtaken", "stale_base")
        who = db.select(Event.actor_role).where(Event.subject_id == id_, Event.verb == "agreement.drop_accept")
        assert db.session.scalars(who).all() == ["system"], "our word, whoever we heard"
        assert service.current(agreement).round == 2
        service.accept(id_)
        assert agreement.refused_code == "", "until the next word"


def test_two_followers_agree_at_the_same_moment_and_neither_says_it_twice(pair, third, work):
    """The second word is refused as made on an older decision; it agrees to the same text, so it goes again by itself."""
    sides = (pair.home, pair.host, third)
    agreements = {is_refused_first: world.propose(pair.host, [pair.home, third]) for is_refused_first in (True, False)}
    for is_refused_first, id_ in agreements.items():
        for side in (pair.home, third):
            with side.act():
                service.accept(id_)
                fence.commit()
        relay.drain(pair.home.tenant_id, pair.host.uid)
        if is_refused_first:
            relay.drain(third.tenant_id, pair.host.uid)
        else:
            relay.drain(pair.host.tenant_id, third.uid)
        with third.act():
            agreement = service.get(id_)
            met = ("", "stale_base") if is_refused_first else ("accept", "")
            assert (agreement.pending, agreement.refused_code) == met, "both ways of meeting"
        for _ in range(3):
            for one, other in itertools.permutations(sides, 2):
                relay.drain(one.tenant_id, other.uid)
        for side in sides:
            with side.act():
                agreement = service.get(id_)
                verbs = [decision.verb for decision in service.decisions(agreement)]
                assert verbs == ["propose", "accept", "accept", "agree"]
                assert (agreement.pending, agreement.refused_code, agreement.stopped) == ("", "", "")
                who = db.select(Event.actor_role).where(
                    Event.subject_id == id_, Event.verb == "agreement.propose_accept"
                )
                assert "peer" not in db.session.scalars(who).all(), (
                    "the program's own word, not the hub's that it heard"
                )


def test_three_counties_agree_by_the_same_path(pair, three):
    id_, *sides = three
    third = sides[-1]
    assert len({state_of(side, id_) for side in sides}) == 1
    assert state_of(third, id_)[:2] == (AgreementState.ACTIVE, VersionState.EFFECTIVE)
    for side in sides:
        with side.act():
            agreement = service.get(id_)
            version = service.current(agreement)
            assert [d.verb for d in service.decisions(agreement)] == [
                "propose", "accept", "accept", "agree", "render", "seal", "seal", "complete", "take_effect",
            ]  # fmt: skip
            assert len([s for s in hub.seal_rows(agreement, version) if s.jws]) == 3
    with third.act():
        assert service.covering(pair.host.uid, "S2", owner_uid=third.uid, receiver_uid=pair.host.uid).id == id_
        with pytest.raises(DomainError) as refused:
            service.covering(pair.home.uid, "S2", owner_uid=third.uid, receiver_uid=pair.home.uid)
        assert refused.value.code == "scope_not_granted"


def test_of_three_one_counters_and_both_others_must_accept(pair, third, work):
    id_ = world.propose(pair.host, [pair.home, third])
    say(pair.home, work, "accept", id_)
    say(third, work, "counter", id_, changed_text(third, id_))
    with pair.home.act():
        assert service.current(service.get(id_)).text["clauses"][6]["paragraphs"] == ["介绍信有效期一般四十五天。"]
    say(pair.home, work, "accept", id_)
    assert state_of(third, id_)[1] is VersionState.PROPOSED
    say(pair.host, work, "accept", id_)
    assert {state_of(side, id_)[1] for side in (pair.host, pair.home, third)} == {VersionState.AGREED}


def test_an_unconfirmed_third_county_is_named_before_anything_is_accepted(pair, third, work):
    with pair.home.act():
        peer = keys.peer(third.uid)
        PEER.apply(peer, "unpin")
        fence.commit()
    id_ = world.propose(pair.host, [pair.home, third])
    with pair.home.act(), pytest.raises(WrongState) as refused:
        service.accept(id_)
    assert (refused.value.code, refused.value.params["names"]) == ("party_not_confirmed", "松阳县")
