"""What the pages show: which metrics stand together, on which side, and the cells made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for

from web.blueprints import edge
from web.core.errors import NotFound
from web.reports import METRICS, Figure, counting
from web.reports.counting import Numbers, Place, Value
from web.reports.metrics import Change, change
from web.reports.periods import Period
from web.reports.rows import BOTH, ROWS
from web.tenants.accounts.permissions import GRANTS, Role

# What a side means, where a column or a list stands alone.
SIDES = {
    "home": "我县党员在对方",
    "host": "对方党员在我县",
    "asker": "我县提出",
    "asked": "对方提出",
    BOTH: "两个方向",
}


@dataclass(frozen=True)
class Subject:
    """One table. `columns`: pairs (side, metric), those of a side together."""

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]
    heads: Mapping[str, str]

    @property
    def sides(self) -> list[tuple[str, int]]:
        """What stands over the columns, and over how many; empty where all are of one side."""
        found: dict[str, int] = {}
        for side, _ in self.columns:
            found[side] = found.get(side, 0) + 1
        return [(self.heads[side], many) for side, many in found.items()] if len(found) > 1 else []


def _subject(key: str, title: str, metrics: Mapping[str, str], **heads: str) -> Subject:
    columns = tuple((side, code) for side, codes in metrics.items() for code in codes.split())
    return Subject(key, title, columns, heads)


_TRANSFERS = (
    "transfers.opened transfers.closed transfers.on_time_rate transfers.days "
    "transfers.refused transfers.recalled transfers.expired"
)
_REQUESTS = "requests.opened requests.done requests.refused requests.void requests.on_time_rate"
SUBJECTS = (
    _subject(
        "away",
        "我县党员在对方",
        {
            "home": "flows.to_partner flows.unmatched members.shared members.reported_in flows.report_in_rate "
            "members.taken_on members.days_to_take_on claims.unmatched"
        },
    ),
    _subject(
        "here",
        "对方党员在我县",
        {
            "host": "members.shared members.reported_in members.report_in_rate members.taken_on "
            "members.days_to_take_on claims.unmatched"
        },
    ),
    _subject("out", "组织关系转往对方", {"home": _TRANSFERS}),
    _subject("in", "组织关系转来我县", {"host": _TRANSFERS}),
    _subject(
        "cosigning",
        "共同活动共签",
        dict.fromkeys(("host", "home"), "cosign.held cosign.agreed cosign.rate cosign.disputed"),
        host="我县活动，对方共签",
        home="对方活动，我县共签",
    ),
    _subject(
        "requests",
        "协助请求",
        dict.fromkeys(("asker", "asked"), _REQUESTS),
        asker=SIDES["asker"],
        asked=SIDES["asked"],
    ),
)
# The sankey: stages from left to right, and from each where its members went by the end of the period.
STAGES = (
    ("way.offered", ("way.accepted", "way.unanswered", "way.not_accepted")),
    ("way.accepted", ("way.reported_in", "way.awaited", "way.never_came")),
    ("way.reported_in", ("way.taken_on", "way.arrived", "way.left_early")),
    ("way.taken_on", ("way.kept", "way.handed_over", "way.left")),
)
WAYS = ("way.offered", *(code for _, codes in STAGES for code in codes))


def codes_of(subjects: Sequence[Subject]) -> list[str]:
    """Every metric of these tables, each once."""
    return list(dict.fromkeys(code for subject in subjects for _, code in subject.columns))


def sides_of(code: str) -> list[str]:
    """On which sides a metric is counted. NotFound for one that counts no rows."""
    parts = METRICS[code].ratio or (code,) if code in METRICS else (code,)
    if any(part not in ROWS for part in parts):
        raise NotFound()
    return list(dict.fromkeys(ROWS[parts[0]].room.sides.values()))


def permission_of(code: str) -> Any:
    """What a role must hold to see the rows."""
    return ROWS[(METRICS[code].ratio or (code,))[0]].room.permission


@dataclass(frozen=True)
class Cell:
    """A number, how far it moved since the period before, and the list of its rows ("" where there is none to open)."""

    figure: Figure
    before: Figure
    change: Change
    url: str


def rows_url(
    code: str, side: str, period: Period, partner_uid: UUID | None, agreement_ids: Sequence[UUID] = (), kind: str = ""
) -> str:
    """The list of the rows one number counts."""
    return url_for(
        "figures.rows", code=code, side=side, period=period.name, partner=partner_uid, agreement=list(agreement_ids),
        kind=kind or None,
    )  # fmt: skip


def may_open(code: str) -> bool:
    """Whether it counts rows, and this role may see them."""
    parts = METRICS[code].ratio or (code,)
    return all(part in ROWS for part in parts) and permission_of(code) in GRANTS[Role(edge.actor().role)]


def cell(
    side: str, code: str, period: Period, now: Mapping[str, Value], before: Mapping[str, Value], partner: UUID | None
) -> Cell:
    """One cell of a table."""
    figure, then = counting.told(now, code, period), counting.told(before, code, period.before)
    is_empty = figure.value is None or (not figure.value and METRICS[code].ratio is None)
    url = "" if is_empty or not may_open(code) else rows_url(code, side, period, partner)
    return Cell(figure, then, change(figure, then), url)


def cells(
    subject: Subject, period: Period, now: Numbers, before: Numbers, partner: UUID | None, of: Sequence[UUID]
) -> list[Cell]:
    """One line of a table: of one partner, or (None) of all of `of` together."""
    found = []
    for side, code in subject.columns:
        uids = of if partner is None else [partner]
        here, then = (counting.summed(numbers.get(Place(uid, side), {}) for uid in uids) for numbers in (now, before))
        found.append(cell(side, code, period, here, then, partner))
    return found
