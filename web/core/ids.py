"""Identifiers: UUIDv7 (RFC 9562), made here so that no sequence tells a county how busy another one is."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from web.core import clock

_lock = threading.Lock()
# The last stamp by the real clock, and by a pinned one, which may leap back: a pinned future must not hold the present up.
_last = {False: 0, True: 0}


def uuid7() -> UUID:
    """Time-ordered, strictly increasing inside one process even within a millisecond."""
    millis = int(clock.now().timestamp() * 1000)
    stamp = (millis << 12) | (time.perf_counter_ns() >> 8 & 0xFFF)
    pinned = abs(millis - time.time_ns() // 1_000_000) > 60_000
    with _lock:
        last = _last[pinned]
        if stamp <= last and (not pinned or last - stamp < 1 << 24):
            stamp = last + 1
        _last[pinned] = stamp
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_370_764_800_000  # the year 9999, in milliseconds


def made_at(id_: UUID) -> datetime:
    """When an id of ours, or of another county's program, says that it was made; aware UTC. Of any other: some instant."""
    return _EPOCH + timedelta(milliseconds=min(id_.int >> 80, _LAST))


def since(moment: datetime) -> UUID:
    """The least id of what is made from this moment on: what came after it is a range of the index of ids."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
