"""What is counted while the program runs, summed over all processes in Valkey: no names, no ids, only kinds.

A process adds up for itself and hands its sums in every few seconds. Lost with Valkey, and that is no loss: whoever
collects the figures looks at their growth.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

import redis

from web.extensions import valkey

HASH = "kiteline:counters"
EVERY = 2.0  # seconds
Key = tuple[str, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_sums: Counter[Key] = Counter()
_handed_in = 0.0


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter. `labels`: few and of few values (a route, a status, a job)."""
    with _lock:
        _sums[name, tuple(sorted(labels.items()))] += amount  # type: ignore[assignment]  # seconds are sums too
    if time.monotonic() - _handed_in > EVERY:
        hand_in()


def hand_in() -> None:
    """Give what was added up to Valkey; kept for the next time when it does not answer."""
    global _handed_in  # noqa: PLW0603  one clock a process
    with _lock:
        _handed_in = time.monotonic()
        mine = dict(_sums)
        _sums.clear()
    if not mine:
        return
    try:
        with valkey.client.pipeline(transaction=False) as line:
            for key, amount in mine.items():
                line.hincrbyfloat(HASH, _written(key), amount)
            line.execute()
    except redis.RedisError:
        with _lock:
            _sums.update(mine)


def _written(key: Key) -> str:
    name, labels = key
    inner = ",".join(f'{label}="{escaped(value)}"' for label, value in labels)
    return f"{name}{{{inner}}}" if inner else name


def escaped(value: str) -> str:
    """A label's value as the exposition format wants it."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def every() -> dict[str, float]:
    """`name{label="value"}` → sum over all processes and time."""
    hand_in()
    found = valkey.client.hgetall(HASH)
    return {key.decode(): float(value) for key, value in sorted(found.items())}  # type: ignore[union-attr]
