"""Every state × verb × side that no row allows, of every kind between two counties: refused by the code that says and by
the code that hears; nothing moves.
"""

from __future__ import annotations

import pytest

from tests.federation.copies import KINDS, N, envelope, follower_of, in_state
from web.core.errors import WrongState
from web.core.events import Event
from web.extensions import db
from web.federation import pairs, verbs
from web.federation.admission import Admitted
from web.federation.messages import MESSAGES, Numbering
from web.federation.pairs import NOT_OPENED
from web.federation.post.models import OutboxMessage
from web.federation.wire.codes import WireError

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def cells(kind):
    return [(s, v) for s in kind.machine.states for v in kind.machine.verbs if v != pairs.FAIL]


def may(row, role):
    return row is not None and row.decider in (role, "any")


def stands(aggregate):
    return (aggregate.state, aggregate.n, aggregate.pending)


@every_kind
def test_neither_side_says_what_it_may_not(pair, kind, proved):
    refused = 0
    for side, other, role in zip(
        (pair.home, pair.host), (pair.host, pair.home), (kind.machine.anchor, follower_of(kind)), strict=True
    ):
        with side.act():
            for state, verb in cells(kind):
                if may(kind.machine.row(state, verb), role):
                    continue
                aggregate = in_state(kind, other.uid, role, state)
                with pytest.raises(WrongState, match="illegal_transition"):
                    verbs.say(kind, aggregate, verb)
                assert stands(aggregate) == (state, N, "")
                db.session.delete(aggregate)
                refused += 1
            assert db.session.scalars(db.select(OutboxMessage)).all() == []
    proved("illegal moves refused", refused)


@every_kind
def test_the_anchor_refuses_a_proposal_that_no_row_allows(pair, kind, proved):
    refused = 0
    with pair.home.act():
        for state, verb in cells(kind):
            if may(kind.machine.row(state, verb), follower_of(kind)):
                continue
            aggregate = in_state(kind, pair.host.uid, kind.machine.anchor, state)
            with pytest.raises(WireError) as answer:
                verbs.hear(kind, envelope(kind, aggregate, verb, base=N), Admitted({}, {}))
            code = "not_open" if str(state) == NOT_OPENED else "illegal_transition"
            assert (answer.value.name, *stands(aggregate)) == (code, state, N, ""), (state, verb)
            with pytest.raises(WireError) as answer:
                verbs.hear(kind, envelope(kind, aggregate, verb, base=N - 1), Admitted({}, {}))
            assert answer.value.name in ("not_open", "stale_base")
            db.session.delete(aggregate)
            refused += 1
    proved("illegal moves refused", refused)


@every_kind
def test_the_follower_stops_at_a_decision_that_no_row_allows(pair, kind, proved):
    """A decision is never refused as illegal: an impossible one stops the aggregate, is logged, and moves nothing."""
    refused = 0
    with pair.host.act():
        for state, verb in cells(kind):
            if kind.machine.row(state, verb) is not None or str(state) == NOT_OPENED:
                continue
            aggregate = in_state(kind, pair.home.uid, follower_of(kind), state)
            verbs.hear(kind, envelope(kind, aggregate, verb, n=N + 1), Admitted({}, {}))
            assert (*stands(aggregate), aggregate.stopped) == (state, N, "", "impossible_decision")
            rung = db.select(Event.verb).where(Event.subject_id == aggregate.id, Event.reason == "impossible_decision")
            assert db.session.scalars(rung).all() == [f"{kind.name}.stop"]
            with pytest.raises(WrongState, match="aggregate_stopped"):
                verbs.say(kind, aggregate, verb)
            db.session.delete(aggregate)
            refused += 1
    proved("illegal moves refused", refused)


@every_kind
def test_a_decision_refused_about_what_is_over_is_no_matter_and_anything_else_stops(pair, kind):
    """The other side never opened it: what we said after the opening finds nothing there."""
    with pair.home.act():
        for state in kind.machine.states:
            aggregate = in_state(kind, pair.host.uid, kind.machine.anchor, state)
            message = OutboxMessage(
                type=f"{kind.name}.x", about_id=aggregate.id, peer_uid=pair.host.uid, n=N, code="not_open"
            )
            verbs.refused(kind, message)
            is_over = state in kind.machine.terminal
            # A share that its receiver has no longer ends: one that stands can be opened anew, one taken back waits for no proof.
            ends = kind.name == "share" and not is_over
            assert (aggregate.state, aggregate.n <= N) == (NOT_OPENED if ends else state, True)
            assert (aggregate.stopped == "") is (is_over or kind.refused is not None), (state, aggregate.stopped)
            db.session.delete(aggregate)


@every_kind
def test_each_verb_of_the_machine_has_its_message(kind):
    for row in kind.machine.rows:
        if row.verb == pairs.FAIL:
            continue
        spec = MESSAGES[f"{kind.name}.{row.verb}"]
        if row.decider != kind.machine.anchor:
            assert spec.numbering in (Numbering.PROPOSAL, Numbering.BOTH)
        if not row.answer:
            assert spec.numbering in (Numbering.DECISION, Numbering.BOTH)
    assert {v for v in MESSAGES if v.startswith(f"{kind.name}.")} == {
        f"{kind.name}.{v}" for v in kind.machine.verbs if v != pairs.FAIL
    }
