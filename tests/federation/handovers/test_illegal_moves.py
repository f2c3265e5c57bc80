"""Every state × verb × side that no row allows: refused by the code that says and by the code that hears; nothing moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.federation.handovers.walk import UNDER
from web.core import clock
from web.core.errors import WrongState
from web.core.events import Event
from web.core.ids import uuid7
from web.core.states import _moving
from web.extensions import db
from web.federation import verbs
from web.federation.admission import Admitted
from web.federation.handovers.models import HANDOVER, Handover, HandoverState
from web.federation.handovers.service import KIND
from web.federation.messages import MESSAGES, Numbering
from web.federation.post.models import OutboxMessage
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope

N = 3


def in_state(side_uid, role, state):
    """A copy that stands in this state, put there past the machine."""
    handover = Handover(
        id=uuid7(), partner_uid=side_uid, role=role, n=N, state_at=clock.now(), created_at=clock.now(), returned_fields=[],
        pending="", refused_code="", stopped="", reason="", outcome="",
    )  # fmt: skip
    handover.under(UNDER)
    token = _moving.set(True)
    handover.state = state
    _moving.reset(token)
    db.session.add(handover)
    db.session.flush()
    return handover


def envelope(handover, verb, **numbered):
    return Envelope(
        id=uuid7(), type=f"handover.{verb}", sender=handover.partner_uid, receiver=uuid7(), seq=1, prev=None,
        about=f"handover/{handover.id}", at=clock.now(), agreement=UNDER, **numbered,
    )  # fmt: skip


def may(row, role):
    return row is not None and row.decider in (role, "any")


@pytest.fixture
def cells():
    return [(s, v) for s in HandoverState for v in HANDOVER.verbs]


def test_neither_side_says_what_it_may_not(pair, agreed, cells, proved):
    refused = 0
    for side, other, role in ((pair.home, pair.host, "home"), (pair.host, pair.home, "host")):
        with side.act():
            for state, verb in cells:
                if may(HANDOVER.row(state, verb), role):
                    continue
                handover = in_state(other.uid, role, state)
                with pytest.raises(WrongState, match="illegal_transition"):
                    verbs.say(KIND, handover, verb)
                assert (handover.state, handover.n, handover.pending) == (state, N, "")
                refused += 1
            assert db.session.scalars(db.select(OutboxMessage)).all() == []
    proved("illegal moves refused", refused)


def test_home_refuses_a_proposal_that_no_row_allows(pair, agreed, cells, proved):
    refused = 0
    with pair.home.act():
        for state, verb in cells:
            if may(HANDOVER.row(state, verb), "host"):
                continue
            handover = in_state(pair.host.uid, "home", state)
            with pytest.raises(WireError) as answer:
                verbs.hear(KIND, envelope(handover, verb, base=N), Admitted({}, {}))
            code = "not_open" if state is HandoverState.NOT_OPENED else "illegal_transition"
            assert (answer.value.name, handover.state, handover.n) == (code, state, N), (state, verb)
            refused += 1
    proved("illegal moves refused", refused)


def test_the_host_stops_at_a_decision_that_no_row_allows(pair, agreed, cells, proved):
    """A decision is never refused as illegal: an impossible one stops the aggregate, is logged, and moves nothing."""
    refused = 0
    with pair.host.act():
        for state, verb in cells:
            row = HANDOVER.row(state, verb)
            if row is not None or state is HandoverState.NOT_OPENED:
                continue
            handover = in_state(pair.home.uid, "host", state)
            verbs.hear(KIND, envelope(handover, verb, n=N + 1), Admitted({}, {}))
            assert (handover.state, handover.n, handover.stopped) == (state, N, "impossible_decision")
            rung = db.select(Event.verb).where(Event.subject_id == handover.id, Event.reason == "impossible_decision")
            assert db.session.scalars(rung).all() == ["handover.stop"]
            with pytest.raises(WrongState, match="aggregate_stopped"):
                verbs.say(KIND, handover, "cancel")
            refused += 1
    proved("illegal moves refused", refused)


def test_only_home_begins_and_nobody_confirms_by_hand(pair, agreed):
    with pair.home.act():
        about = uuid7()
        handover = in_state(pair.host.uid, "home", HandoverState.RELEASED)
        with pytest.raises(WrongState):
            verbs.say(KIND, handover, "confirm")
        opening = replace(envelope(handover, "request", base=0), about=f"handover/{about}")
        with pytest.raises(WireError) as answer:
            verbs.hear(KIND, opening, Admitted({"/name": "王示甲", "/birth_on": "1990-07-15"}, {}))
        assert answer.value.name == "illegal_transition"
        assert db.session.scalar(db.select(Handover.id).where(Handover.id == about)) is None


def test_a_proposal_on_an_older_decision_is_stale(pair, agreed):
    with pair.home.act():
        handover = in_state(pair.host.uid, "home", HandoverState.REQUESTED)
        with pytest.raises(WireError) as answer:
            verbs.hear(KIND, envelope(handover, "accept", base=N - 1), Admitted({}, {}))
        assert (answer.value.name, handover.state) == ("stale_base", HandoverState.REQUESTED)


def test_each_verb_of_the_machine_has_its_message():
    for row in HANDOVER.rows:
        if row.verb == verbs.FAIL:
            continue
        spec = MESSAGES[f"handover.{row.verb}"]
        if row.decider != "home":
            assert spec.numbering in (Numbering.PROPOSAL, Numbering.BOTH)
        if not row.answer:
            assert spec.numbering in (Numbering.DECISION, Numbering.BOTH)
    assert {v for v in MESSAGES if v.startswith("handover.")} == {
        f"handover.{v}" for v in HANDOVER.verbs if v != verbs.FAIL
    }
