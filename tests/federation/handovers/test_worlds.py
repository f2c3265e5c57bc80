"""owners(member) is never more than one, and exactly one at rest: every world that the rows allow."""

from __future__ import annotations

import time

import pytest

from tests.federation.handovers.worlds import Broken, Model, Way
from web.federation.handovers.models import HANDOVER, HandoverState
from web.federation.pairs import FAIL

AWAY, OTHER, ASKED, BACK = Way(0, 1), Way(0, 2), Way(0, 1, "host"), Way(1, 0)


def test_one_handover_in_every_order_of_crossing_verbs(proved):
    models = Model((AWAY,), returns=3), Model((ASKED,), returns=3)
    began = time.perf_counter()
    count = sum(model.explore() for model in models)
    print(f"one handover, begun by home or by host: {count} worlds in {time.perf_counter() - began:.1f} s")
    assert models[0].used | models[1].used == {(r.source, r.verb) for r in HANDOVER.rows if r.verb != FAIL}
    assert models[0].seen_states | models[1].seen_states == set(HandoverState) - {HandoverState.NOT_OPENED}
    proved("handover worlds explored", count)


@pytest.mark.parametrize(
    ("model", "refuses"),
    [
        (Model((AWAY, OTHER)), False),
        (Model((AWAY, AWAY)), False),
        (Model((AWAY, AWAY), forgets=True, returns=0), True),
        (Model((AWAY, ASKED), returns=0), True),
        (Model((ASKED, OTHER), returns=0), False),
        (Model((AWAY, BACK), returns=0), False),
        (Model((AWAY, Way(1, 0, "host")), returns=0), False),
    ],
    ids=[
        "to two counties",
        "to one county",
        "to one county, home forgets that one is open",
        "home requests and the host asks at once",
        "one county asks, another is requested",
        "there and back",
        "there, and asked back",
    ],
)
def test_two_handovers_of_one_member(model, refuses, proved):
    began = time.perf_counter()
    count = model.explore()
    print(f"two handovers {model.ways}: {count} worlds in {time.perf_counter() - began:.1f} s")
    assert HandoverState.CLOSED in model.seen_states
    assert (HandoverState.NOT_OPENED in model.seen_states) == refuses, "a refused opening"
    proved("handover worlds explored", count)


def test_a_request_and_an_ask_that_cross_leave_the_request(proved):
    model = Model((AWAY, ASKED), returns=0)
    model.explore()
    assert model.crossed, "home's request opened at a host that had just asked"


@pytest.mark.long
def test_three_counties_and_the_return(proved):
    """Home may send him to two counties; the first sends him back."""
    model = Model((AWAY, OTHER, BACK), returns=0)
    proved("handover worlds explored", model.explore())


def test_the_exploration_would_notice():
    with pytest.raises(Broken, match=r"two letters|owners"):
        Model((AWAY, OTHER), guarded=False, returns=0).explore()
