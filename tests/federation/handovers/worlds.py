"""A small model of handovers of one member, explored exhaustively, built from the rows the code runs on.

A world: which counties hold the member, each handover's copy at its home (state, n) and at its host (state, n, pending),
and what is on the way: messages in order a channel, and receipts that refuse. Verbs cross freely. What
`web.federation.verbs` does on saying, hearing and settling is written here again in a few lines; the rows, the flip and
the ends are imported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from web.core.states import Row
from web.federation.handovers.models import FLIP, HANDOVER, OPEN, HandoverState
from web.federation.pairs import FAIL

S = HandoverState
# Who may open: home's request, the host's ask. The words an explored handover may begin with.
OPENINGS = {"home": "request", "host": "ask"}


class Broken(AssertionError):
    """A world that must not be."""


@dataclass(frozen=True)
class Way:
    """One handover that may be begun: from which county to which, and who begins."""

    home: int
    host: int
    begun_by: str = "home"

    @property
    def pair(self) -> frozenset[int]:
        return frozenset((self.home, self.host))


@dataclass(frozen=True)
class Copy:
    """One county's copy of one handover; `pending`: (verb, base) of the follower's word without an answer."""

    state: S | None = None
    n: int = 0
    pending: tuple[str, int] | None = None


@dataclass(frozen=True)
class World:
    """`frozen`: a county's row is held by that handover. A channel holds (handover, verb, n or base, cause)."""

    home: tuple[Copy, ...]
    hosts: tuple[Copy, ...]
    owns: tuple[bool, ...]
    frozen: tuple[int | None, ...]
    lines: tuple[tuple[Any, ...], ...]
    receipts: tuple[tuple[Any, ...], ...] = ()
    # How often something that could go on for ever was said of each handover.
    turns: tuple[int, ...] = ()

    @property
    def is_at_rest(self) -> bool:
        """Nothing is on the way."""
        return not (any(self.lines) or self.receipts)


def put(row: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    """The tuple with one place changed."""
    return (*row[:at], value, *row[at + 1 :])


@dataclass
class Model:
    """`guarded=False` takes away the one guard that keeps a second letter from being issued, to see that the exploration
    would notice. `forgets`: home does not see that one is open already (a restored backup), so that hosts must refuse.
    `returns`: how often a handover is given back to be mended, or news of it forwarded once it is closed.
    """

    ways: tuple[Way, ...]
    guarded: bool = True
    forgets: bool = False
    returns: int = 1
    used: set[tuple[S | None, str]] = field(default_factory=set)
    seen_states: set[S] = field(default_factory=set)
    crossed: int = 0

    def start(self) -> World:
        """County 0 holds the member, nothing is begun."""
        ends = [(w.home, w.host) for w in self.ways]
        self.channels = sorted({*ends, *((b, a) for a, b in ends)})
        nothing, counties = tuple(Copy() for _ in self.ways), 1 + max(max(pair) for pair in ends)
        owns = (True, *(False,) * (counties - 1))
        return World(nothing, nothing, owns, (None,) * counties, ((),) * len(self.channels), (), (0,) * len(self.ways))

    def send(self, w: World, a: int, b: int, message: tuple[Any, ...]) -> World:
        line = self.channels.index((a, b))
        return replace(w, lines=put(w.lines, line, (*w.lines[line], message)))

    def copy_at(self, w: World, j: int, county: int) -> Copy:
        return w.home[j] if self.ways[j].home == county else w.hosts[j]

    def taken(self, w: World, i: int, county: int) -> bool:
        """Another one between the same two counties is open here. A host's ask without a number gives way to a request."""
        gives_way = self.ways[i].host == county and self.ways[i].begun_by == "home"
        return any(
            j != i
            and self.ways[j].pair == self.ways[i].pair
            and self.copy_at(w, j, county).state in OPEN
            and (self.copy_at(w, j, county).n > 0 or not gives_way)
            for j in range(len(self.ways))
        )

    # What a decision does at home

    def decide(self, w: World, i: int, row: Row[S], cause: tuple[str, int] | None = None) -> World:
        self.used.add((row.source, row.verb))
        way, n = self.ways[i], w.home[i].n + 1
        w = replace(w, home=put(w.home, i, Copy(row.target, n)))
        w = self.send(w, way.home, way.host, (i, row.verb, n, cause))
        if row.target is S.RELEASED:
            w = replace(w, frozen=put(w.frozen, way.home, i))
        elif row.verb == FLIP:
            w = replace(w, owns=put(w.owns, way.home, False), frozen=put(w.frozen, way.home, None))
        elif row.target in HANDOVER.terminal and w.frozen[way.home] == i:
            w = replace(w, frozen=put(w.frozen, way.home, None))
        return w

    def home_may(self, w: World, i: int, row: Row[S]) -> bool:
        if not self.guarded:
            return True
        home = self.ways[i].home
        is_free = w.owns[home] and w.frozen[home] is None
        if row.verb == "request" or (row.verb == "accept" and row.source is S.ASKED):
            return is_free and (self.forgets or not self.taken(w, i, home))
        return is_free if row.verb == "release" else True

    # Every next world

    def after(self, w: World) -> Iterator[World]:
        for i in range(len(self.ways)):
            yield from self.home_says(w, i)
            yield from self.host_says(w, i)
        for line, (_, to) in enumerate(self.channels):
            if w.lines[line]:
                i, *said = w.lines[line][0]
                hears = self.host_hears if self.ways[i].host == to else self.home_hears
                yield hears(replace(w, lines=put(w.lines, line, w.lines[line][1:])), i, *said)
        for place, receipt in enumerate(w.receipts):
            rest = (*w.receipts[:place], *w.receipts[place + 1 :])
            yield self.settles(replace(w, receipts=rest), *receipt)

    def turn(self, w: World, i: int, verb: str) -> World | None:
        """Counts what could be said for ever; None once it was said often enough."""
        if verb not in ("return", "forward"):
            return w
        return None if w.turns[i] == self.returns else replace(w, turns=put(w.turns, i, w.turns[i] + 1))

    def may_open(self, i: int, role: str, row: Row[S]) -> bool:
        return row.source is not None or (self.ways[i].begun_by == role and row.verb == OPENINGS[role])

    def home_says(self, w: World, i: int) -> Iterator[World]:
        for row in HANDOVER.rows:
            if row.source != w.home[i].state or row.decider not in ("home", "any") or row.verb in (FLIP, FAIL):
                continue
            counted = self.turn(w, i, row.verb)
            if counted is not None and self.may_open(i, "home", row) and self.home_may(w, i, row):
                yield self.decide(counted, i, row)

    def host_says(self, w: World, i: int) -> Iterator[World]:
        mine, way = w.hosts[i], self.ways[i]
        for row in HANDOVER.rows:
            if mine.pending or row.source != mine.state or row.decider not in ("host", "any") or row.verb == FAIL:
                continue
            if not self.may_open(i, "host", row) or (row.source is None and self.taken(w, i, way.host)):
                continue
            counted = self.turn(w, i, row.verb)
            if counted is None:
                continue
            word = (row.verb, mine.n)
            said = replace(mine, state=row.target if row.source is None else mine.state, pending=word)
            self.used |= {(None, row.verb)} if row.source is None else set()
            yield self.send(replace(counted, hosts=put(w.hosts, i, said)), way.host, way.home, (i, *word, None))

    def host_hears(self, w: World, i: int, verb: str, n: int, cause: tuple[str, int] | None) -> World:
        mine, way = w.hosts[i], self.ways[i]
        if mine.state is S.NOT_OPENED:
            raise Broken(f"a decision about what was refused: {verb} {n}")
        if mine.state is None and (n != 1 or (self.taken(w, i, way.host) and self.guarded)):
            return replace(w, receipts=(*w.receipts, ("home", i, verb, n)))
        if n == 1 and mine.state is not None and cause == mine.pending:
            return replace(w, hosts=put(w.hosts, i, Copy(mine.state, 1)))
        row = HANDOVER.row(mine.state, verb)
        if row is None or n != mine.n + 1:
            raise Broken(f"a decision that cannot be applied: {verb} {n} on {mine}")
        if mine.state is None and any(c.pending == ("ask", 0) for c in w.hosts):
            self.crossed += 1
        pending = None if cause == mine.pending or row.target in HANDOVER.terminal else mine.pending
        w = replace(w, hosts=put(w.hosts, i, Copy(row.target, n, pending)))
        return replace(w, owns=put(w.owns, way.host, True)) if verb == FLIP else w

    def home_hears(self, w: World, i: int, verb: str, base: int, cause: None) -> World:
        mine, way = w.home[i], self.ways[i]
        row = HANDOVER.row(mine.state, verb)
        refused = replace(w, receipts=(*w.receipts, ("host", i, verb, base)))
        if base != mine.n or row is None or row.decider not in ("host", "any"):
            return refused
        if mine.state is None and self.taken(w, i, way.home):
            return refused
        self.used.add((row.source, row.verb))
        if row.answer:
            answered = HANDOVER.row(row.source, row.answer)
            assert answered is not None
            row = answered
        return self.decide(w, i, row, cause=(verb, base))

    def settles(self, w: World, who: str, i: int, verb: str, number: int) -> World:
        """A receipt that refuses comes back."""
        side = "hosts" if who == "host" else "home"
        mine: Copy = getattr(w, side)[i]
        opened = number == (0 if who == "host" else 1)
        if opened and (row := HANDOVER.row(mine.state, FAIL)) is not None:
            self.used.add((row.source, row.verb))
            return replace(w, **{side: put(getattr(w, side), i, replace(mine, state=row.target, pending=None))})
        if who == "host":
            dropped = replace(mine, pending=None) if mine.pending == (verb, number) else mine
            return replace(w, hosts=put(w.hosts, i, dropped))
        if mine.state not in HANDOVER.terminal:
            raise Broken(f"a decision was refused while {mine}")
        return w

    # What must hold

    def check(self, w: World) -> None:
        owners = sum(w.owns)
        if owners > 1:
            raise Broken(f"{owners} owners: {w}")
        if sum(c.state is S.RELEASED for c in w.home) > 1:
            raise Broken(f"two letters of one member: {w}")
        if not w.is_at_rest:
            return
        if owners != 1:
            raise Broken(f"{owners} owners at rest: {w}")
        for home, host in zip(w.home, w.hosts, strict=True):
            both = home.state is not None and host.state is not None
            if host.pending or (both and (home.state, home.n) != (host.state, host.n)):
                raise Broken(f"diverged at rest: {home} {host}")
            alone = (home if host.state is None else host).state
            if not both and alone in OPEN:
                raise Broken(f"open at one side only: {home} {host}")

    def explore(self) -> int:
        """Walk every world; returns how many. Broken with the first bad one."""
        first = self.start()
        seen, waiting = {first}, deque([first])
        while waiting:
            w = waiting.popleft()
            self.check(w)
            self.seen_states |= {c.state for c in (*w.home, *w.hosts) if c.state is not None}
            for other in self.after(w):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return len(seen)
