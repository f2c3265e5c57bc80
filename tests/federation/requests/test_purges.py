"""What a request that was done holds goes from both counties when the member withdraws, the notice or the flow ends."""

from __future__ import annotations

import pytest

from tests import world
from tests.federation.cosigning.walk import build_with_guests, load_walk  # noqa: F401 -- fixtures
from tests.federation.requests.test_walks import ask, say, states, visit
from web.core import clock, fence
from web.core.errors import WrongState
from web.core.events import Event
from web.extensions import db
from web.federation.post import relay
from web.federation.post import service as post
from web.federation.post.models import StoredDisclosure
from web.federation.referrals import service as referrals
from web.federation.requests import service
from web.tenants.consents import service as consents
from web.tenants.members import service as members


def live(id_):
    return world.count(StoredDisclosure, StoredDisclosure.about_id == id_, StoredDisclosure.wrapped.is_not(None))


def done(walk, id_, values=None):
    say(walk, walk.pair.home, service.accept, id_)
    say(walk, walk.pair.home, service.done, id_, clock.today(), values)
    return id_


def checked(walk):
    """A certificate's answer, at the host and at home."""
    id_ = done(walk, ask(walk, "certificate"), {"outcome": "valid"})
    for side in (walk.pair.home, walk.pair.host):
        with side.act():
            assert service.get(id_).values() == {"outcome": "valid"} and live(id_) == 1
    return id_


def end_notice(walk, *scopes):
    """王示甲 withdraws at home; nothing is sent yet."""
    with walk.pair.home.act():
        member = members.get(referrals.get(walk.guests["王示甲"]).member_id, lock=True)
        assert consents.withdraw(member, walk.pair.host.uid, scopes)
        fence.commit()


def gone(walk, id_, state, reason):
    """Nothing of it is left at either, and both say when, with the receipt of the one that heard of it as the proof."""
    proofs = []
    for side in (walk.pair.home, walk.pair.host):
        with side.act():
            request = service.get(id_)
            assert (request.wrapped, request.words, request.values(), live(id_)) == (None, None, {}, 0)
            assert (request.state, request.reason, request.pending, request.stopped) == (state, reason, "", "")
            assert request.done_on == clock.today() and service.withheld(request) == []
            verbs = db.select(Event.verb).where(Event.subject_id == id_, Event.verb == "request.purge")
            assert db.session.scalars(verbs).all() == ["request.purge"]
            told = [letter for letter in post.traffic(id_) if letter.type == "request.purge" and letter.is_ours]
            proofs += [letter.result for letter in told]
    assert "applied" in proofs


def test_what_was_agreed_to_and_done_is_destroyed_when_it_is_withdrawn(walk, proved):
    """At the host, whose window he stood at: of that one alone, then by saying no to everything."""
    host, home = walk.pair.host, walk.pair.home
    first, rated, opened = done(walk, visit(walk)), done(walk, visit(walk)), visit(walk)
    say(walk, host, service.rate, rated, "helped")
    with home.act(), pytest.raises(WrongState):
        service.forgo(first)
    say(walk, host, service.forgo, first)
    gone(walk, first, "done", "consent_withdrawn")
    with host.act(), pytest.raises(WrongState):
        service.forgo(first)
    with host.act():
        assert live(rated) == 1 and service.get(rated).values() == {"trigger": "hardship"}
    say(walk, host, service.rate, first, "partly")  # what stays may still be rated
    halted = done(walk, visit(walk))
    with host.act():
        service.get(halted, lock=True).stopped = "refused_not_open"
        fence.commit()
    say(walk, host, service.forgo, halted)
    with host.act():
        assert (service.get(halted).values(), live(halted)) == ({}, 0), "of that one alone, though it has stopped"
    with home.act():
        assert live(halted) == 1, "no word goes: a person telephones"
    ask(walk, "withdrawal", {"what": "contact"})
    with host.act():
        assert live(rated) == 1, "of the number alone"
    stuck = visit(walk)
    with host.act():
        service.get(stuck, lock=True).stopped = "refused_not_open"
        fence.commit()
    ask(walk, "withdrawal", {"what": "all"})
    gone(walk, first, "rated", "consent_withdrawn")
    gone(walk, rated, "rated", "consent_withdrawn")
    with home.act():
        assert service.get(opened).state == "withdrawn" and service.get(opened).values() == {}
    with host.act():
        assert service.get(opened).values() == {} and service.get(opened).words == service.NO_MORE
        asked = StoredDisclosure.about_id == opened, StoredDisclosure.scope == "S7"
        assert world.count(StoredDisclosure, *asked) == 1, "told once"
        assert world.count(StoredDisclosure, *asked, StoredDisclosure.wrapped.is_not(None)) == 0, "and here no more"
        request = service.get(stuck)
        assert (request.state, request.wrapped, live(stuck)) == ("requested", None, 0), "its own copy waits for nobody"
        assert service.verbs_now(request) == ["withdraw"], "and a person ends it: the agreement could not be closed"
    say(walk, host, service.withdraw, stuck, "对方查不到")
    assert states(walk, stuck) == ("withdrawn", "withdrawn", "")
    proved("requests purged after they were done", 3)


@pytest.mark.parametrize("end", ["notice", "rated meanwhile", "on its way", "flow", "stopped"])
def test_what_was_answered_under_a_notice_goes_with_it(walk, end):
    host, home = walk.pair.host, walk.pair.home
    state, reason = "done", "notice_withdrawn"
    if end == "on its way":
        id_ = ask(walk, "certificate")
        say(walk, home, service.accept, id_)
        with home.act():
            service.done(id_, clock.today(), {"outcome": "valid"})
            fence.commit()
        relay.drain(home.tenant_id, host.uid)
    id_ = id_ if end == "on its way" else checked(walk)
    visited = visit(walk) if end != "on its way" else None
    if visited:
        done(walk, visited)
    if end == "flow":
        reason = "referral_ended"
        with home.act():
            referrals.end(referrals.get(walk.guests["王示甲"], lock=True), "returned")
            fence.commit()
    elif end == "stopped":
        with home.act():
            service.get(id_, lock=True).stopped = "impossible_decision"
            fence.commit()
        end_notice(walk, "S6")
        with home.act():
            assert service.get(id_).wrapped is None and live(id_) == 0, "its own copy does not wait for a person"
        return
    else:
        end_notice(walk, "S6")
        if end != "on its way":
            with home.act():
                request = service.get(id_)
                assert (request.pending, request.wrapped, live(id_)) == ("purge", None, 0)
        if end == "rated meanwhile":
            state = "rated"
            with host.act():
                service.rate(id_, "helped")
                fence.commit()
    walk.work()
    gone(walk, id_, state, reason)
    with host.act():
        assert visited is None or live(visited) == 1, "what he agreed to by itself stays until he withdraws that"
