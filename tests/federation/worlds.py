"""A small model of one aggregate between two counties, explored exhaustively, for every kind that is registered.

A world: the anchor's copy (state, n), the follower's (state, n, pending), and what is on the way: messages in order in
each direction, receipts that refuse. Verbs cross freely, each row at most `visits` times at each side. What
`web.federation.verbs` does on saying, hearing and being refused is written here again in a few lines; the rows are those
the code runs on, and whether the anchor may decide is asked of the code itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from web.core.states import Row
from web.federation import verbs
from web.federation.pairs import FAIL, Kind

Word = tuple[str, int]
SAID_AT = datetime(2026, 6, 30, tzinfo=UTC)  # no world depends on it


class Broken(AssertionError):
    """A world that must not be."""


@dataclass(frozen=True)
class Copy:
    """One county's copy; `pending`: (verb, base) of the follower's word without an answer; `said`: rows used so far."""

    state: Any = None
    n: int = 0
    pending: Word | None = None
    said: tuple[tuple[Any, str], ...] = ()

    @property
    def stands(self) -> tuple[Any, int]:
        return self.state, self.n


@dataclass(frozen=True)
class World:
    """`out` holds (verb, n, cause), `back` (verb, base); `refused`: receipts on their way to the anchor, the follower."""

    anchor: Copy = Copy()
    follower: Copy = Copy()
    out: tuple[tuple[str, int, Word | None], ...] = ()
    back: tuple[Word, ...] = ()
    refused: tuple[tuple[Word, ...], tuple[Word, ...]] = ((), ())
    was_refused: bool = False

    @property
    def is_at_rest(self) -> bool:
        """Nothing is on the way."""
        return not (self.out or self.back or any(self.refused))


@dataclass
class Explorer:
    """`visits`: how often each side may use one row. `forges`: the anchor also numbers rows of the follower's, to see that
    the code would stop there. `is_followers`: the follower opens it, by a row of its own (a claim, an ask).
    """

    kind: Kind
    visits: int = 2
    forges: bool = False
    is_followers: bool = False
    used: set[tuple[Any, str]] = field(default_factory=set)
    crossed: set[frozenset[str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.machine = self.kind.machine
        self.roles = self.machine.anchor, self.kind.other(self.machine.anchor)

    def _may_say(self, copy: Copy, role: str) -> Iterator[Row[Any]]:
        for row in self.machine.rows:
            is_theirs = row.decider in (role, "any") or (self.forges and role == self.roles[0])
            is_fresh = copy.said.count((row.source, row.verb)) < self.visits
            if row.source == copy.state and is_theirs and is_fresh and row.verb != FAIL:
                yield row

    # What each side does

    def decide(self, w: World, row: Row[Any], cause: Word | None = None) -> World:
        self.used.add((row.source, row.verb))
        mine = w.anchor
        made = replace(mine, state=row.target, n=mine.n + 1, said=(*mine.said, (row.source, row.verb)))
        return replace(w, anchor=made, out=(*w.out, (row.verb, made.n, cause)))

    def after(self, w: World) -> Iterator[World]:
        """Every next world."""
        answers = {r.answer for r in self.machine.rows}
        for row in self._may_say(w.anchor, self.roles[0]):
            if row.verb not in answers and not (row.source is None and self.is_followers):
                yield self.decide(w, row)
        if not w.follower.pending and (w.follower.state is not None or self.is_followers):
            for row in self._may_say(w.follower, self.roles[1]):
                word = (row.verb, w.follower.n)
                said = replace(w.follower, pending=word, said=(*w.follower.said, (row.source, row.verb)))
                opened = replace(said, state=row.target) if row.source is None else said
                yield replace(w, follower=opened, back=(*w.back, word))
        if w.out:
            verb, n, cause = w.out[0]
            yield from self.follower_hears(replace(w, out=w.out[1:]), verb, n, cause)
        if w.back:
            heard = replace(w, back=w.back[1:])
            yield self.anchor_hears(heard, *w.back[0])
            if w.anchor.state is None:
                yield self._refuse(heard, 1, w.back[0])  # an opening may always be refused
        for side in (0, 1):
            if w.refused[side]:
                rest = w.refused[side][1:]
                refused = (rest, w.refused[1]) if side == 0 else (w.refused[0], rest)
                yield self.is_refused(replace(w, refused=refused), side, *w.refused[side][0])

    def follower_hears(self, w: World, verb: str, n: int, cause: Word | None) -> Iterator[World]:
        mine = w.follower
        if mine.state is None:
            if n != 1 or w.was_refused:
                yield self._refuse(w, 0, (verb, n))
                return
            yield replace(self._refuse(w, 0, (verb, n)), was_refused=True)  # an opening may always be refused
        if n == 1 and mine.pending == (verb, 0) == cause:
            yield replace(w, follower=replace(mine, n=1, pending=None))  # our own opening comes back numbered
            return
        row = self.machine.row(mine.state, verb)
        if row is None or n != mine.n + 1 or not self._is_just(mine, row, cause):
            raise Broken(f"{self.kind.name}: an impossible decision: {verb} {n} {cause} on {mine}")
        if mine.pending is not None and mine.pending != cause:
            self.crossed.add(frozenset((verb, mine.pending[0])))
        is_over = row.target in self.machine.terminal
        pending = None if cause == mine.pending or is_over else mine.pending
        yield replace(w, follower=replace(mine, state=row.target, n=n, pending=pending))

    def _is_just(self, mine: Copy, row: Row[Any], cause: Word | None) -> bool:
        """Asked of the code: may the anchor decide this row, with our word as its cause?"""
        ours = None
        if cause is not None and cause[1] == mine.n:
            asked = self.machine.row(mine.state, cause[0])
            ours = verbs._Proposal(cause[0], (asked.answer if asked else "") or cause[0], SAID_AT)
        envelope: Any = SimpleNamespace(cause=cause)
        return verbs._may_decide(self.kind, row, envelope, ours)

    def anchor_hears(self, w: World, verb: str, base: int) -> World:
        row = self.machine.row(w.anchor.state, verb)
        if base != w.anchor.n or row is None or row.decider not in (self.roles[1], "any"):
            return self._refuse(w, 1, (verb, base))
        self.used.add((row.source, row.verb))
        if row.answer:
            row = self.machine.row(row.source, row.answer)
            assert row is not None
        return self.decide(w, row, cause=(verb, base))

    def _refuse(self, w: World, side: int, word: Word) -> World:
        mine = (*w.refused[side], word)
        return replace(w, refused=(mine, w.refused[1]) if side == 0 else (w.refused[0], mine))

    def is_refused(self, w: World, side: int, verb: str, number: int) -> World:
        """A receipt that refuses comes back."""
        if side == 1:
            mine = w.follower
            if mine.pending != (verb, number):
                return w
            row = self.machine.row(mine.state, FAIL) if number == 0 else None
            if row is not None:
                self.used.add((row.source, row.verb))
            return replace(w, follower=replace(mine, pending=None, state=row.target if row else mine.state))
        row = self.machine.row(w.anchor.state, FAIL)
        if number == 1 and row is not None:
            self.used.add((row.source, row.verb))
            return replace(w, anchor=replace(w.anchor, state=row.target))
        if w.anchor.state not in self.machine.terminal:
            raise Broken(f"{self.kind.name}: {verb} {number} was refused while {w.anchor}")
        return w

    # What must hold

    def check(self, w: World) -> None:
        if not w.is_at_rest:
            return
        if w.follower.pending:
            raise Broken(f"{self.kind.name}: a word without an answer at rest: {w}")
        if w.follower.state is None or w.anchor.state is None:
            alone = w.anchor.state if w.follower.state is None else w.follower.state
            if alone is not None and alone not in self.machine.terminal:
                raise Broken(f"{self.kind.name}: open at one side only: {w}")
        elif w.anchor.stands != w.follower.stands:
            raise Broken(f"{self.kind.name}: diverged at rest: {w}")

    def explore(self) -> int:
        """Walk every world; returns how many. Broken with the first bad one."""
        seen, waiting = {World()}, deque([World()])
        while waiting:
            w = waiting.popleft()
            self.check(w)
            for other in self.after(w):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return len(seen)
