"""Counties that say verbs of every kind to each other while workers are killed and everything else goes wrong.

Machines, verbs, post and database are the real ones; what a verb does to a county's other rows is not at issue here and
is left out. One seed makes one history of words and faults. A worker is a process of its own, forked, that drains one
peer and may be killed with SIGKILL on either side of any of its commits: that is every place where a crash can fall
between two steps of relay, inbox and settlement.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tests.federation.copies import KINDS, blank
from tests.federation.kat.samples import SAMPLES
from tests.world import Side
from web.core import fence
from web.core.states import Row
from web.extensions import db, valkey
from web.federation import admission, verbs
from web.federation.messages import MESSAGES
from web.federation.pairs import Kind, PairAggregate
from web.federation.post import lines, relay
from web.federation.post.service import HOOKS
from web.federation.wire.disclosures import commitments, disclose

# Before or after which commit of a drain the worker dies: 1 sealed, 2 heard by the other county, 3 receipts stored.
DEATHS = [(side, number) for side in ("before", "after") for number in (1, 2, 3)]


def bare(kind: Kind) -> Kind:
    """The kind without what its verbs do to other rows."""

    def opens(envelope: Any, admitted: Any) -> PairAggregate:
        anchor = kind.machine.anchor
        made: PairAggregate = blank(kind, envelope.sender, anchor if envelope.n is None else kind.other(anchor))
        return made

    nothing: dict[str, Any] = {
        "checks": {},
        "effects": {},
        "clears": {},
        "suggests": {},
        "dropped": {},
        "answers": {},
        "answered": {},
        "expires": {},
    }
    return replace(kind, opens=opens, **nothing)


def openings(kind: Kind) -> list[Row[Any]]:
    """The rows that open one, whoever says them."""
    return [row for row in kind.machine.rows if row.source is None]


@contextmanager
def alone(patch: Any) -> Iterator[dict[str, Kind]]:
    """All kinds, bare, known to the post; everything is granted and stands."""
    kinds = {name: bare(kind) for name, kind in KINDS.items()}
    for name, kind in kinds.items():
        patch.setitem(HOOKS.hear, name, lambda envelope, admitted, attached, k=kind: verbs.hear(k, envelope, admitted))
        patch.setitem(HOOKS.refused, name, lambda message, k=kind: verbs.refused(k, message))
    patch.setattr(HOOKS, "is_active", lambda reference, partner: True)
    patch.setattr(HOOKS, "is_granted", lambda receiver, envelope, scope, name: True)
    patch.setattr(HOOKS, "may_cross", lambda message, scope, name: True)
    yield kinds


def in_a_worker(work: Callable[[], object], death: tuple[str, int] | None = None) -> bool:
    """Run it in a process of its own, which dies at that commit; True if it lived to the end."""
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)  # the parent's connections are the parent's
            valkey.client.connection_pool.reset()
            if death is not None:
                _die_at(*death)
            work()
        except BaseException:  # whatever it is, the parent's pytest must not go on in here
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not (os.WIFEXITED(status) and os.WEXITSTATUS(status)), "a worker raised"
    return os.WIFEXITED(status)


def _die_at(side: str, number: int) -> None:
    commit, done = fence.commit, 0

    def commit_or_die() -> None:
        nonlocal done
        done += 1
        if (side, number) == ("before", done):
            os.kill(os.getpid(), signal.SIGKILL)
        commit()
        if (side, number) == ("after", done):
            os.kill(os.getpid(), signal.SIGKILL)

    fence.commit = commit_or_die


@dataclass
class Chaos:
    """`sides`: two or three counties, all of them partners of each other."""

    sides: list[Side]
    kinds: dict[str, Kind]
    draw: random.Random
    messages: int = 0
    deaths: int = 0
    opened: list[tuple[Side, Side, Kind, UUID]] = field(default_factory=list)
    said: set[str] = field(default_factory=set)  # message types

    def say(self) -> None:
        """One county says something: opens an aggregate, or a verb that its copy allows."""
        if len(self.opened) < 4 or self.draw.random() < 0.25:
            one, other = self.draw.sample(self.sides, 2)
            kind = self.draw.choice(list(self.kinds.values()))
            # A claim or an ask is the follower's word, and the anchor hears it first.
            self._open(one, other, kind, self.draw.choice(openings(kind)))
            return
        # The young ones most: the old have come to their ends.
        one, other, kind, about_id = self.draw.choice(self.opened[-40:])
        if self.draw.random() < 0.5:
            one, other = other, one
        with one.act():
            aggregate = kind.find(about_id)
            verb = self.draw.choice(verbs.can(kind, aggregate) or [""]) if aggregate is not None else ""
            if verb:
                self._say(kind, aggregate, verb)

    def _open(self, one: Side, other: Side, kind: Kind, row: Row[Any] | None = None) -> None:
        row = row or openings(kind)[0]
        with one.act():
            aggregate = blank(kind, other.uid, row.decider)
            self._say(kind, aggregate, row.verb)
            self.opened.append((one, other, kind, aggregate.id))

    def _say(self, kind: Kind, aggregate: PairAggregate, verb: str) -> None:
        sample = SAMPLES[f"{kind.name}.{verb}"]
        body = dict(sample.body)
        more: dict[str, Any] = {}
        if "content" in (fields := MESSAGES[f"{kind.name}.{verb}"].body.names) and "content" not in body:
            made = [disclose(pointer, value) for pointer, value in sample.values.items()]
            body["content"] = admission.content_digest(body, commitments(made))
            more = {"disclosures": made, "sd": commitments(made)}
        assert set(body) <= fields
        verbs.say(kind, aggregate, verb, body, {} if more else sample.values, **more)
        fence.commit()
        self.messages += 1
        self.said.add(f"{kind.name}.{verb}")

    def drain(self, death: tuple[str, int] | None = None) -> None:
        """A worker of one county sends what waits for another."""
        one, other = self.line()
        if death is None:
            relay.drain(one.tenant_id, other.uid)
        elif not in_a_worker(lambda: relay.drain(one.tenant_id, other.uid), death):
            self.deaths += 1
            self.free(one, other)

    def line(self) -> list[Side]:
        """From whom to whom is sent next, whether anything waits or not."""
        return self.draw.sample(self.sides, 2)

    def free(self, one: Side, other: Side) -> None:
        """A minute goes by: the lease of a dead worker ends."""
        with one.act():
            line = lines.take(other.uid, "out")
            line.leased_until = line.lease = None
            line.write()
            fence.commit()

    def rest(self) -> None:
        """Everything is sent until nothing waits."""
        for _ in range(50):
            if not sum(relay.drain(a.tenant_id, b.uid) for a in self.sides for b in self.sides if a is not b):
                return
        raise AssertionError("it never comes to rest")
