"""No divergence at rest, whatever crosses: every world the rows of each kind allow, and three parties of an agreement."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.federation import parties
from tests.federation.copies import KINDS
from tests.federation.worlds import Broken, Explorer
from web.core.states import Machine, Row
from web.federation.agreements.models import VERSION
from web.federation.pairs import FAIL


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_order_of_crossing_verbs(kind, proved):
    # Each row once at each side: whole machines in seconds. (A handover is walked deeper in its own worlds.)
    explorers = [Explorer(kind, visits=1, is_followers=by) for by in _openers(kind)]
    count = sum(explorer.explore() for explorer in explorers)
    used, crossed = (set().union(*(getattr(e, name) for e in explorers)) for name in ("used", "crossed"))
    rows = {(r.source, r.verb) for r in kind.machine.rows}
    assert {use for use in rows - used if use[1] != FAIL} == set(), "a row no world uses"
    assert crossed >= _pairs_that_meet(kind), "a pair of verbs that never crossed"
    proved("worlds explored", count)


def _openers(kind):
    """Whether the follower opens: of the two, those that have a row for it."""
    deciders = {row.decider for row in kind.machine.rows if row.source is None}
    return [
        by for by in (False, True) if deciders & {"any", kind.other(kind.machine.anchor) if by else kind.machine.anchor}
    ]


def _pairs_that_meet(kind):
    """A verb the anchor may say of itself, and one of the follower's, in the same state."""
    anchor, answers = kind.machine.anchor, {r.answer for r in kind.machine.rows}
    return {
        frozenset((a.verb, f.verb))
        for a, f in product(kind.machine.rows, repeat=2)
        if a.source == f.source is not None
        and a.decider in (anchor, "any")
        and f.decider in (kind.other(anchor), "any")
        and a.verb not in {FAIL, *answers}
        and f.verb != FAIL
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_exploration_would_notice_what_is_not_the_anchors_to_take(kind):
    with pytest.raises(Broken):
        Explorer(kind, visits=1, forges=True).explore()


def test_the_exploration_would_notice_a_row_that_lets_an_end_go_on():
    kind = KINDS["referral"]
    states = kind.machine.states
    rows = [r for r in kind.machine.rows if r.verb != FAIL] + [
        Row(states.OFFERED, FAIL, "home", states.NOT_OPENED),
        Row(states.NOT_OPENED, "end", "home", states.ENDED),
    ]
    broken = Machine("referral", states, rows, anchor="home", roles=("home", "host"))
    with pytest.raises(Broken, match=r"open at one side|refused while"):
        Explorer(replace(kind, machine=broken), visits=1).explore()


def test_the_exploration_of_agreements_would_notice_a_hub_that_speaks_for_others():
    with pytest.raises(Broken, match="an impossible decision"):
        parties.Explorer(1, 1, 1, forges=True).explore()


@pytest.mark.parametrize(("followers", "rounds", "words"), [(1, 3, 3), (2, 1, 2)], ids=["two parties", "three parties"])
def test_parties_of_an_agreement_never_diverge(followers, rounds, words, proved):
    explorer = parties.Explorer(followers, rounds, words)
    count = explorer.explore()
    rows = {(r.source, r.verb) for r in VERSION.rows if r.source and r.verb in parties.SAID}
    assert {use for use in rows - explorer.used if use[1] != "counter" or rounds > 1} == set()
    met = [("accept", "withdraw"), ("seal", "withdraw"), ("reject", "lapse")]
    met += [("accept", "counter")] if rounds > 1 else [("accept", "accept"), ("seal", "seal"), ("reject", "seal")]
    assert {frozenset(pair) for pair in met} <= explorer.crossed
    proved("worlds explored", count)
