"""The one object a co-signing seals: the activity, and a shuffled list of all homes' lines as salted commitments.

It is made once and is the same for every home. Each gets the disclosures of the head and of its own members' lines;
of the others' it sees commitments only, in an order that tells nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from web.core.errors import Invalid
from web.federation import admission
from web.federation.messages import LINE_NUMBERS
from web.federation.wire.disclosures import Disclosure, commitments, disclose
from web.tenants.activities.models import Activity, ActivityKind, Attendance, Presence

HEAD = ("title", "place", "responsible")
# Words of the register → words of the wire, which says no reason for an absence: nothing of health crosses.
KINDS: dict[ActivityKind, str] = {kind: kind.value for kind in ActivityKind} | {ActivityKind.STUDY_SESSION: "study"}
PRESENCE: dict[Presence, str] = {
    Presence.PRESENT: "present",
    Presence.LATE: "present",
    Presence.SICK: "leave",
    Presence.OFFICIAL: "leave",
    Presence.PERSONAL: "leave",
    Presence.LEAVE: "leave",
    Presence.ABSENT: "absent",
}
READ: dict[str, Presence] = {"present": Presence.PRESENT, "absent": Presence.ABSENT, "leave": Presence.LEAVE}


@dataclass(frozen=True)
class Line:
    """One person's line as it crosses: presence in the words of the wire."""

    line: int
    referral_id: UUID
    presence: str
    minutes: int

    @property
    def pointer(self) -> str:
        return f"/lines/{self.line}"


@dataclass(frozen=True)
class Content:
    """`lines`: by home county. `body` is that of the message, with the digest of the whole in it."""

    body: Mapping[str, Any]
    sd: tuple[str, ...]
    head: Mapping[str, str]
    lines: Mapping[UUID, Sequence[Line]]
    _disclosed: Mapping[str, Disclosure]

    def disclosures(self, partner_uid: UUID) -> list[Disclosure]:
        """What this home gets: the head, and its own lines."""
        shown = [f"/{name}" for name in HEAD] + [line.pointer for line in self.lines[partner_uid]]
        return [self._disclosed[pointer] for pointer in shown]


def compose(activity: Activity, k: int, guests: Mapping[UUID, Attendance], homes: Mapping[UUID, UUID]) -> Content:
    """Content `k` of an activity. `guests`: by referral; `homes`: referral → county. Invalid beyond 500 lines."""
    order = sorted(guests)
    if len(order) > LINE_NUMBERS.most:
        raise Invalid({"person": "too_many_lines"})
    random.SystemRandom().shuffle(order)
    lines: dict[UUID, list[Line]] = {}
    for number, referral_id in enumerate(order):
        row = guests[referral_id]
        line = Line(number, referral_id, PRESENCE[row.presence], row.study_minutes)
        lines.setdefault(homes[referral_id], []).append(line)
    head = {name: str(getattr(activity, name)) for name in HEAD}
    values: dict[str, Any] = {f"/{name}": said for name, said in head.items()}
    values |= {
        line.pointer: [str(line.referral_id), line.presence, line.minutes] for own in lines.values() for line in own
    }
    disclosed = {pointer: disclose(pointer, value) for pointer, value in values.items()}
    sd = commitments(disclosed.values())
    body: dict[str, Any] = {
        "activity": str(activity.id),
        "k": k,
        "kind": KINDS[activity.kind],
        "held_on": activity.held_on.isoformat(),
        "minutes": activity.minutes,
    }
    body["content"] = admission.content_digest(body, sd)
    return Content(body, sd, head, lines, disclosed)


def read(values: Mapping[str, Any]) -> tuple[dict[str, str], list[Line]]:
    """The head and the lines out of what was disclosed to us, by pointer; what was withheld is left out."""
    head = {name: str(values[f"/{name}"]) for name in HEAD if f"/{name}" in values}
    lines = [
        Line(int(pointer.rsplit("/", 1)[1]), UUID(value[0]), value[1], value[2])
        for pointer, value in values.items()
        if pointer.startswith("/lines/")
    ]
    return head, sorted(lines, key=lambda line: line.line)
