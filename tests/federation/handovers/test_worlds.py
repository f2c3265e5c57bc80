"""owners(member) is never more than one, and exactly one at rest: every world that the rows allow."""

from __future__ import annotations

import time

import pytest

from tests.federation.handovers.worlds import Broken, Model
from web.federation.handovers.models import HANDOVER, HandoverState


def test_one_handover_in_every_order_of_crossing_verbs(proved):
    model = Model((0,), returns=3)
    began = time.perf_counter()
    count = model.explore()
    print(f"one handover: {count} worlds in {time.perf_counter() - began:.1f} s")
    unopened = {(HandoverState.REQUESTED, "fail_to_open")}
    assert model.used == {(r.source, r.verb) for r in HANDOVER.rows} - unopened
    assert model.seen_states == set(HandoverState) - {HandoverState.NOT_OPENED}
    proved("handover worlds explored", count)


@pytest.mark.parametrize(
    "model",
    [Model((0, 1)), Model((0, 0)), Model((0, 0), forgets=True, returns=0)],
    ids=["to two counties", "to one county", "to one county, home forgets that one is open"],
)
def test_two_handovers_of_one_member(model, proved):
    began = time.perf_counter()
    count = model.explore()
    print(f"two handovers {model.channels} {model.forgets=}: {count} worlds in {time.perf_counter() - began:.1f} s")
    assert HandoverState.CLOSED in model.seen_states
    assert (HandoverState.NOT_OPENED in model.seen_states) == model.forgets, "a refused opening"
    proved("handover worlds explored", count)


def test_the_exploration_would_notice():
    with pytest.raises(Broken, match=r"two letters|owners"):
        Model((0, 1), guarded=False, returns=0).explore()
