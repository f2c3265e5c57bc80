"""A hub decides nothing in another county's name: every row of the version's machine, and one lie sent as a real message."""

from __future__ import annotations

import pytest

from tests import world
from tests.blueprints.test_home import actor
from tests.federation.agreements.steps import say, state_of
from web.blueprints import navigation, timeline
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import effects, following, hub, service
from web.federation.agreements.models import VERSION, VersionState
from web.federation.post.models import OutboxMessage
from web.federation.wire.documents import Decision
from web.tenants.accounts.permissions import WHOLE_COUNTY, Role

OURS = ("counter", "accept", "reject", "seal")
DIGEST = "sha-256:" + "A" * 43
HEARD_AT = (VersionState.PROPOSED, VersionState.AGREED)


def decision(agreement, version, verb, by, cause=None):
    """The hub's next one, with as much of a body as the check reads."""
    body = {"pdf": DIGEST, "seal": DIGEST} if verb == "seal" else {}
    return Decision(
        agreement.id, agreement.n + 1, agreement.head, verb, by, cause, version.version, version.text_digest,
        clock.now(), body, (),
    )  # fmt: skip


def proposal(agreement, version, verb, **more):
    """A message of ours that says `verb` on the last decision."""
    body = {"version": version.version, "text": version.text_digest}
    body |= {"pdf": DIGEST, "seal": DIGEST} if verb == "seal" else {}
    given = {"peer_uid": agreement.hub_uid, "about_id": agreement.id, "base": agreement.n, "body": body} | more
    message = OutboxMessage(id=uuid7(), type=f"agreement.{verb}", sd=[], created_at=clock.now(), **given)
    db.session.add(message)
    db.session.flush()
    return message.id


def refuses(agreement, found):
    with pytest.raises(effects.Impossible):
        following._demand_decider(agreement, found)
    return 1


def test_every_row_is_held_against_who_may_say_it(pair, work, proved):
    id_, tried = world.propose(pair.host, [pair.home]), 0
    for state in HEARD_AT:
        assert state_of(pair.home, id_)[1] is state
        with pair.home.act():
            agreement = service.get(id_)
            version, own, its = service.current(agreement), pair.home.uid, pair.host.uid
            for row in VERSION.rows:
                if row.source is not state:
                    continue
                verb = row.verb
                ours = proposal(agreement, version, verb) if verb in OURS else None
                if row.decider == "hub":
                    following._demand_decider(agreement, decision(agreement, version, verb, its))
                    tried += refuses(agreement, decision(agreement, version, verb, own, ours))
                    continue
                following._demand_decider(agreement, decision(agreement, version, verb, own, ours))
                false = [
                    None,
                    uuid7(),
                    proposal(agreement, version, "another"),
                    proposal(agreement, version, verb, base=agreement.n - 1),
                    proposal(agreement, version, verb, result="refused"),
                    proposal(agreement, version, verb, about_id=uuid7()),
                    proposal(agreement, version, verb, body={"version": version.version, "text": DIGEST}),
                ]
                for cause in false:
                    tried += refuses(agreement, decision(agreement, version, verb, own, cause))
                tried += refuses(agreement, decision(agreement, version, verb, its, ours))  # ours, told as the hub's
                tried += refuses(agreement, decision(agreement, version, verb, uuid7()))  # of no party
        if state is VersionState.PROPOSED:
            say(pair.home, work, "accept", id_)
    proved("forged decisions refused", tried)


def test_an_acceptance_we_never_gave_stops_the_agreement(pair, work):
    id_ = world.propose(pair.host, [pair.home])
    before = state_of(pair.home, id_)
    with pair.host.act():
        agreement = service.get(id_, lock=True)
        version = service.current(agreement)
        hub.decide(agreement, version, "accept", by=pair.home.uid, cause=uuid7())
        fence.commit()
    work()
    after = state_of(pair.home, id_)
    assert after[:4] == before[:4]
    assert after[4] == "impossible_decision"
    with pair.home.act():
        rung = db.select(Event).where(Event.subject_id == id_, Event.verb == "agreement.stop")
        entry = db.session.scalars(rung).one()
        assert entry.details == {"why": "we did not say so"}
        (line,) = timeline.read([entry])
        assert "双方的记录对不上，停办" in line.words and "对方的决定与本县记录对不上" in line.more
        told = {role for role in WHOLE_COUNTY if "agreement.stop" in _notices(pair.home, role)}
    assert told == {Role.COUNTY_ADMIN, Role.LIAISON, Role.LEADER_READONLY}, "whom the page says were told"


def _notices(side, role):
    return [notice.verb for notice in db.session.scalars(navigation.notices_of(actor(side, role)))]
