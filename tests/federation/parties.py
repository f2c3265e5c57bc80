"""A small model of one version of an agreement between a hub and its followers, explored from the rows of its machine.

The hub numbers decisions and sends each to every follower, in order; followers propose on the last they applied. The
guards of the rows (once a party, all accepted, all sealed) are written here again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from tests.federation.worlds import Broken
from web.federation.agreements.models import VERSION, VersionState
from web.federation.messages import DECISIONS

V = VersionState
HUB = -1
# Whoever becomes the next hub is another model's matter: here the hub stays.
SAID = set(DECISIONS) - {"succeed"}
Decision = tuple[str, int, int, int | None]  # verb, by, n, base of the proposal it answers


@dataclass(frozen=True)
class Held:
    """One party's copy. `accepted`, `sealed`: parties; `author`: of the text; `pending`: (verb, base)."""

    state: V | None = None
    n: int = 0
    accepted: frozenset[int] = frozenset()
    sealed: frozenset[int] = frozenset()
    author: int = HUB
    rounds: int = 1
    is_rendered: bool = False
    pending: tuple[str, int] | None = None
    words: int = 0

    def shared(self) -> Held:
        """What all must agree in."""
        return replace(self, pending=None, words=0)


@dataclass(frozen=True)
class World:
    """`out[i]`: decisions on their way to follower i; `back[i]`: its proposals; `refused[i]`: receipts to it."""

    hub: Held
    followers: tuple[Held, ...]
    out: tuple[tuple[Decision, ...], ...]
    back: tuple[tuple[tuple[str, int], ...], ...]
    refused: tuple[tuple[tuple[str, int], ...], ...]


def put(row: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*row[:at], value, *row[at + 1 :])


@dataclass
class Explorer:
    """`count` followers, at most `rounds` texts, at most `words` proposals of each follower. `forges`: the hub also
    numbers what is a follower's to say, without its word, to see that the exploration would notice.
    """

    count: int = 2
    rounds: int = 2
    words: int = 3
    forges: bool = False
    used: set[tuple[Any, str]] = field(default_factory=set)
    crossed: set[frozenset[str]] = field(default_factory=set)

    def applied(self, held: Held, verb: str, by: int) -> Held | None:
        """The copy after a decision; None where no row or guard allows it."""
        row = VERSION.row(held.state, verb)
        if row is None or (row.decider == "hub" and by != HUB) or (row.decider == "follower" and by == HUB):
            return None
        self.used.add((row.source, row.verb))
        everybody = {HUB, *range(self.count)}
        made = replace(held, state=row.target, n=held.n + 1)
        if verb == "counter":
            if held.rounds >= self.rounds:
                return None
            made = replace(made, author=by, accepted=frozenset(), rounds=held.rounds + 1)
        elif verb == "accept":
            if by in held.accepted or by == held.author:
                return None
            made = replace(made, accepted=held.accepted | {by})
        elif verb == "agree" and {*held.accepted, held.author} != everybody:
            return None
        elif verb == "render":
            if held.is_rendered:
                return None
            made = replace(made, is_rendered=True)
        elif verb == "seal":
            if by in held.sealed or not held.is_rendered:
                return None
            made = replace(made, sealed=held.sealed | {by})
        elif verb == "complete" and held.sealed != everybody - {HUB}:
            return None
        return made

    def decide(self, w: World, verb: str, by: int, base: int | None = None) -> World | None:
        made = self.applied(w.hub, verb, by)
        if made is None:
            return None
        out = tuple((*queue, (verb, by, made.n, base)) for queue in w.out)
        return replace(w, hub=made, out=out)

    def after(self, w: World) -> Iterator[World]:
        for row in VERSION.rows:
            if row.source == w.hub.state and row.decider in ("hub", "any") and row.verb in SAID:
                made = self.decide(w, row.verb, HUB)
                if made is not None:
                    yield made
        for i, row in product(range(self.count) if self.forges else (), VERSION.rows):
            if row.source == w.hub.state and row.decider in ("follower", "any") and row.verb in SAID:
                forged = self.decide(w, row.verb, i)
                if forged is not None:
                    yield forged
        for i, mine in enumerate(w.followers):
            for row in VERSION.rows:
                may = row.source == mine.state is not None and row.decider in ("follower", "any") and not mine.pending
                may = may and mine.words < self.words
                if may and self.applied(mine, row.verb, i) is not None:
                    said = (row.verb, mine.n)
                    yield replace(
                        w,
                        followers=put(w.followers, i, replace(mine, pending=said, words=mine.words + 1)),
                        back=put(w.back, i, (*w.back[i], said)),
                    )
            if w.out[i]:
                yield self.hears(replace(w, out=put(w.out, i, w.out[i][1:])), i, *w.out[i][0])
            if w.back[i]:
                verb, base = w.back[i][0]
                rest = replace(w, back=put(w.back, i, w.back[i][1:]))
                made = self.decide(rest, verb, i, base) if base == w.hub.n else None
                yield made or replace(rest, refused=put(w.refused, i, (*w.refused[i], (verb, base))))
            if w.refused[i]:
                rest = replace(w, refused=put(w.refused, i, w.refused[i][1:]))
                if mine.pending == w.refused[i][0]:
                    rest = replace(rest, followers=put(w.followers, i, replace(mine, pending=None)))
                yield rest

    def hears(self, w: World, i: int, verb: str, by: int, n: int, base: int | None) -> World:
        mine = w.followers[i]
        made = self.applied(mine, verb, by)
        if made is None or made.n != n or (by == i and mine.pending != (verb, base)):
            raise Broken(f"an impossible decision: {verb} by {by} on {mine}")
        if mine.pending and by != i:
            self.crossed.add(frozenset((verb, mine.pending[0])))
        # Ours came back, or another came first and ours is void.
        return replace(w, followers=put(w.followers, i, replace(made, pending=None)))

    def explore(self) -> int:
        """Walk every world; returns how many. Broken with the first bad one."""
        nothing: tuple[Any, ...] = ((),) * self.count
        first = World(Held(V.DRAFT), (Held(),) * self.count, nothing, nothing, nothing)
        seen, waiting = {first}, deque([first])
        while waiting:
            w = waiting.popleft()
            if not any((*w.out, *w.back, *w.refused)):
                for held in w.followers:
                    if held.pending or (held.state is not None and held.shared() != w.hub.shared()):
                        raise Broken(f"diverged at rest: {w}")
            for other in self.after(w):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return len(seen)
