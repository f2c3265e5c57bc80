"""A small model of handovers of one member, explored exhaustively, built from the rows the code runs on.

A world: who owns the member at home, each handover's copy at home (state, n) and at its host (state, n, pending), and
what is on the way: messages in order a channel, and receipts that refuse. Verbs cross freely. What `web.federation.verbs`
does on saying, hearing and settling is written here again in a few lines; the rows, the flip and the ends are imported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from web.core.states import Row
from web.federation.handovers.models import FLIP, HANDOVER, OPEN, HandoverState
from web.federation.verbs import FAIL

S = HandoverState


class Broken(AssertionError):
    """A world that must not be."""


@dataclass(frozen=True)
class Copy:
    """One county's copy of one handover; `pending`: (verb, base) of the follower's word without an answer."""

    state: S | None = None
    n: int = 0
    pending: tuple[str, int] | None = None


@dataclass(frozen=True)
class World:
    """`frozen`: the handover that holds the row at home. Queues hold (handover, verb, n or base, cause)."""

    home: tuple[Copy, ...]
    hosts: tuple[Copy, ...]
    owns: bool = True
    theirs: tuple[bool, ...] = ()
    frozen: int | None = None
    out: tuple[tuple[Any, ...], ...] = ()
    back: tuple[tuple[Any, ...], ...] = ()
    receipts: tuple[tuple[Any, ...], ...] = ()
    returned: tuple[int, ...] = ()

    @property
    def is_at_rest(self) -> bool:
        """Nothing is on the way."""
        return not (any(self.out) or any(self.back) or self.receipts)


def put(row: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    """The tuple with one place changed."""
    return (*row[:at], value, *row[at + 1 :])


@dataclass
class Model:
    """`channels`: which channel each handover uses (two of one county share it). `guarded=False` takes away the one
    guard that keeps a second letter from being issued, to see that the exploration would notice. `forgets`: home does not
    see that one is open already (a restored backup), so that hosts must refuse.
    """

    channels: tuple[int, ...]
    guarded: bool = True
    forgets: bool = False
    returns: int = 1
    used: set[tuple[S | None, str]] = field(default_factory=set)
    seen_states: set[S] = field(default_factory=set)

    def start(self) -> World:
        """Home owns the member, nothing is begun."""
        count, lines = len(self.channels), max(self.channels) + 1
        nothing = tuple(Copy() for _ in range(count))
        return World(nothing, nothing, True, (False,) * count, None, ((),) * lines, ((),) * lines, (), (0,) * count)

    # What a decision does at home

    def decide(self, w: World, i: int, row: Row[S], cause: tuple[str, int] | None = None) -> World:
        self.used.add((row.source, row.verb))
        was, line = w.home[i], self.channels[i]
        n = was.n + 1
        w = replace(w, home=put(w.home, i, Copy(row.target, n)))
        w = replace(w, out=put(w.out, line, (*w.out[line], (i, row.verb, n, cause))))
        if row.target is S.RELEASED:
            w = replace(w, frozen=i)
        elif row.verb == FLIP:
            w = replace(w, owns=False, frozen=None)
        elif row.target in HANDOVER.terminal and w.frozen == i:
            w = replace(w, frozen=None)
        return w

    def home_may(self, w: World, i: int, verb: str) -> bool:
        if not self.guarded:
            return True
        if verb == "request":
            taken = any(
                j != i and self.channels[j] == self.channels[i] and w.home[j].state in OPEN
                for j in range(len(self.channels))
            )
            return w.owns and w.frozen is None and (self.forgets or not taken)
        return not (verb == "release" and not (w.owns and w.frozen is None))

    # Every next world

    def after(self, w: World) -> Iterator[World]:
        for i in range(len(self.channels)):
            yield from self.home_says(w, i)
            yield from self.host_says(w, i)
        for line in range(len(w.out)):
            if w.out[line]:
                yield self.host_hears(replace(w, out=put(w.out, line, w.out[line][1:])), *w.out[line][0])
            if w.back[line]:
                yield self.home_hears(replace(w, back=put(w.back, line, w.back[line][1:])), *w.back[line][0])
        for place, receipt in enumerate(w.receipts):
            rest = (*w.receipts[:place], *w.receipts[place + 1 :])
            yield self.settles(replace(w, receipts=rest), *receipt)

    def home_says(self, w: World, i: int) -> Iterator[World]:
        for row in HANDOVER.rows:
            if row.source != w.home[i].state or row.decider not in ("home", "any") or row.verb in (FLIP, FAIL):
                continue
            if self.home_may(w, i, row.verb):
                yield self.decide(w, i, row)

    def host_says(self, w: World, i: int) -> Iterator[World]:
        mine = w.hosts[i]
        for row in HANDOVER.rows:
            if mine.state is None or mine.pending or row.source != mine.state or row.decider not in ("host", "any"):
                continue
            if row.verb == "return":
                if w.returned[i] == self.returns:
                    continue
                w = replace(w, returned=put(w.returned, i, w.returned[i] + 1))
            line, word = self.channels[i], (row.verb, mine.n)
            said = replace(w, hosts=put(w.hosts, i, replace(mine, pending=word)))
            yield replace(said, back=put(said.back, line, (*said.back[line], (i, *word))))

    def host_hears(self, w: World, i: int, verb: str, n: int, cause: tuple[str, int] | None) -> World:
        mine = w.hosts[i]
        if mine.state is None:
            taken = any(
                j != i and self.channels[j] == self.channels[i] and w.hosts[j].state in OPEN
                for j in range(len(self.channels))
            )
            if n != 1 or (taken and self.guarded):
                return replace(w, receipts=(*w.receipts, ("home", i, verb, n)))
        row = HANDOVER.row(mine.state, verb)
        if row is None or n != mine.n + 1:
            raise Broken(f"a decision that cannot be applied: {verb} {n} on {mine}")
        pending = None if cause == mine.pending or row.target in HANDOVER.terminal else mine.pending
        w = replace(w, hosts=put(w.hosts, i, Copy(row.target, n, pending)))
        return replace(w, theirs=put(w.theirs, i, True)) if verb == FLIP else w

    def home_hears(self, w: World, i: int, verb: str, base: int) -> World:
        row = HANDOVER.row(w.home[i].state, verb)
        if base != w.home[i].n or row is None or row.decider not in ("host", "any"):
            return replace(w, receipts=(*w.receipts, ("host", i, verb, base)))
        self.used.add((row.source, row.verb))
        if row.answer:
            answered = HANDOVER.row(row.source, row.answer)
            assert answered is not None
            row = answered
        return self.decide(w, i, row, cause=(verb, base))

    def settles(self, w: World, who: str, i: int, verb: str, number: int) -> World:
        """A receipt that refuses comes back."""
        if who == "host":
            mine = w.hosts[i]
            dropped = replace(mine, pending=None) if mine.pending == (verb, number) else mine
            return replace(w, hosts=put(w.hosts, i, dropped))
        mine = w.home[i]
        if number == 1 and (row := HANDOVER.row(mine.state, FAIL)) is not None:
            self.used.add((row.source, row.verb))
            return replace(w, home=put(w.home, i, replace(mine, state=row.target)))
        if mine.state not in HANDOVER.terminal:
            raise Broken(f"a decision was refused while {mine}")
        return w

    # What must hold

    def check(self, w: World) -> None:
        owners = int(w.owns) + sum(w.theirs)
        if owners > 1:
            raise Broken(f"{owners} owners: {w}")
        if sum(c.state is S.RELEASED for c in w.home) > 1:
            raise Broken(f"two letters of one member: {w}")
        if not w.is_at_rest:
            return
        if owners != 1:
            raise Broken(f"{owners} owners at rest: {w}")
        for home, host in zip(w.home, w.hosts, strict=True):
            opened = host.state is not None
            if host.pending or (opened and (home.state, home.n) != (host.state, host.n)):
                raise Broken(f"diverged at rest: {home} {host}")
            if not opened and home.state is not None and home.state in OPEN:
                raise Broken(f"open at one side only: {home}")

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
