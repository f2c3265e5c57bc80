"""How a benchmark is measured: two things in turn in one run, five times, and the median of their ratios, printed."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

ROUNDS = 5


@dataclass(frozen=True)
class Ratio:
    """Median seconds of one thing done once, and the median of the ratios of the rounds."""

    name: str
    ours: float
    other: float
    ratio: float

    def __str__(self) -> str:
        return f"{self.name}: {self.ratio:.2f}  (ours {self.ours * 1000:.3f} ms, other {self.other * 1000:.3f} ms, median of {ROUNDS})"


def seconds(work: Callable[[], object], times: int) -> float:
    """Seconds one call takes, over so many calls."""
    gc.collect()
    begin = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - begin) / times


def compare(name: str, ours: Callable[[], object], other: Callable[[], object], times: int) -> Ratio:
    """Both in turn, after one round to warm up; what else the machine does falls on both."""
    seconds(ours, max(1, times // 10)), seconds(other, max(1, times // 10))
    rounds = [(seconds(ours, times), seconds(other, times)) for _ in range(ROUNDS)]
    found = Ratio(
        name,
        statistics.median(a for a, _ in rounds),
        statistics.median(b for _, b in rounds),
        statistics.median(a / b for a, b in rounds),
    )
    print(f"\n{found}")
    return found
