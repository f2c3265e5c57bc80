"""Who may decide: the anchor numbers what is its own, and answers what the follower really proposed; nothing else moves.

Every row of every kind's machine is tried, so a kind registered later is tried too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tests.federation.copies import KINDS, N, envelope, follower_of, in_state, proposal_of, proposed
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation import pairs, verbs
from web.federation.admission import Admitted

ROWS = [(kind, row) for kind in KINDS.values() for row in kind.machine.rows if row.source and row.verb != pairs.FAIL]


def hear(kind, aggregate, verb, **numbered):
    """The decision arrives; what it does to other rows is another test's matter."""
    verbs.hear(replace(kind, effects={}), envelope(kind, aggregate, verb, n=N + 1, **numbered), Admitted({}, {}))


def moved(aggregate):
    return (aggregate.state, aggregate.n, aggregate.stopped)


def is_anchors_own(kind, row):
    answers = {r.answer for r in kind.machine.rows if r.source == row.source}
    return row.decider in (kind.machine.anchor, "any") and row.verb not in answers


def test_a_decision_moves_only_as_the_anchors_own_or_as_the_answer_to_ours(pair, proved):
    tried = 0
    with pair.host.act():
        for kind, row in ROWS:
            asks = proposal_of(kind, row)
            said = partial(proposed, kind, verb=asks or row.verb)
            lies: dict[str, Any] = {
                "a cause nobody wrote": lambda c: uuid7(),
                "a message about something else": partial(said, about=uuid7()),
                "a proposal on an older decision": partial(said, base=N - 1),
                "a proposal it refused": partial(said, result="refused"),
                "a proposal of another verb": partial(proposed, kind, verb="another"),
            }
            if not is_anchors_own(kind, row):
                lies["no cause"] = lambda c: None
            for lie, cause in lies.items():
                aggregate = in_state(kind, pair.home.uid, follower_of(kind), row.source)
                hear(kind, aggregate, row.verb, cause=cause(aggregate))
                assert moved(aggregate) == (row.source, N, "impossible_decision"), (kind.name, row, lie)
                rung = db.select(Event.verb).where(
                    Event.subject_id == aggregate.id, Event.reason == "impossible_decision"
                )
                assert db.session.scalars(rung).all() == [f"{kind.name}.stop"]
                # Stopped: also what would be legal waits for a person.
                hear(kind, aggregate, row.verb, cause=asks and proposed(kind, aggregate, asks))
                assert moved(aggregate) == (row.source, N, "impossible_decision")
                db.session.delete(aggregate)
                tried += 1
    proved("forged decisions refused", tried)


def test_what_it_may_decide_moves(pair):
    with pair.host.act():
        for kind, row in ROWS:
            asks = proposal_of(kind, row)
            if row.answer:
                continue  # asked for by this verb, decided by another
            for is_pending in (True, False):
                if asks is None and not is_pending:
                    continue
                aggregate = in_state(kind, pair.home.uid, follower_of(kind), row.source)
                cause = asks and proposed(kind, aggregate, asks)
                if cause and is_pending:
                    aggregate.pending, aggregate.pending_id = asks, cause
                hear(kind, aggregate, row.verb, cause=cause)
                assert moved(aggregate) == (row.target, N + 1, ""), (kind.name, row)
                assert (aggregate.pending, aggregate.pending_id) == ("", None)
                db.session.delete(aggregate)
            if is_anchors_own(kind, row):
                aggregate = in_state(kind, pair.home.uid, follower_of(kind), row.source)
                hear(kind, aggregate, row.verb)
                assert moved(aggregate) == (row.target, N + 1, "")
                db.session.delete(aggregate)
