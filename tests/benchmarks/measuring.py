"""How a benchmark is measured: two things in turn in one run, some rounds, and the median of their ratios, printed."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

ROUNDS = 5


@dataclass(frozen=True)
class Work:
    """A clock that stands while others work: seconds of processor time of this process and of its servers' processes.

    Two things of a millisecond cannot be compared by a clock on the wall where other things run: the same statement ÷
    itself was anything from 0.6 to 2.2. Waiting (for a disk, for a lock) is no work, so it is left out.
    """

    servers: tuple[Path, ...]

    @classmethod
    def on(cls, *databases: str) -> Work:
        """With PostgreSQL's processes that serve these databases now: connect first."""
        found = []
        for said in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                title = said.read_bytes().decode(errors="replace")
            except OSError:  # it ended meanwhile
                continue
            is_ours = title.startswith("postgres: ") and "autovacuum" not in title
            if is_ours and any(f" {name} " in title for name in databases):
                found.append(said.with_name("schedstat"))
        assert found, "measured where the database runs"
        return cls(tuple(found))

    def __call__(self) -> float:
        return process_time() + sum(int(path.read_text().split()[0]) for path in self.servers) / 1e9


@dataclass(frozen=True)
class Ratio:
    """Median seconds of one thing done once, and the median of the ratios of the rounds."""

    name: str
    ours: float
    other: float
    rounds: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        ours, other = self.ours * 1000, self.other * 1000
        lowest, highest = min(self.rounds), max(self.rounds)
        return f"{self.name}: {self.ratio:.2f}  (ours {ours:.3f} ms, other {other:.3f} ms, {len(self.rounds)} rounds {lowest:.2f}–{highest:.2f})"


@contextmanager
def settled() -> Iterator[None]:
    """What was left in this process before is not searched for garbage again and again meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def seconds(work: Callable[[], object], times: int, clock: Callable[[], float] = perf_counter) -> float:
    """Seconds one call takes, over so many calls."""
    begin = clock()
    for _ in range(times):
        work()
    return (clock() - begin) / times


def compare(
    name: str,
    ours: Callable[[], object],
    other: Callable[[], object],
    times: int,
    clock: Callable[[], float] = perf_counter,
    rounds: int = ROUNDS,
    turns: int = 1,
) -> Ratio:
    """Both in turn, so many times a round, after a tenth of a round to warm up (none where one round is all).

    `turns`: how often a round goes from the one to the other. Where a disk is waited for, a machine's pace changes within a
    second; in short turns both meet the same.
    """
    if rounds > 1:
        seconds(ours, max(1, times // 10)), seconds(other, max(1, times // 10))
    each = times // turns

    def one_round() -> tuple[float, float]:
        with settled():
            pairs = [(seconds(ours, each, clock), seconds(other, each, clock)) for _ in range(turns)]
        return statistics.mean(a for a, _ in pairs), statistics.mean(b for _, b in pairs)

    taken = [one_round() for _ in range(rounds)]
    found = Ratio(
        name,
        statistics.median(a for a, _ in taken),
        statistics.median(b for _, b in taken),
        tuple(a / b for a, b in taken),
    )
    print(f"\n{found}")
    return found
