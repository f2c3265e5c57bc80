"""What a report counts things for: an ordered pair of counties, an item of an agreement, a scope, a month. What must be
withheld beside a masked number is worked out here, once for paper, screen and data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from web.core.dates import month_of
from web.reports.metrics import METRICS, Figure, by_code, figure, rate, total, withheld
from web.reports.periods import Period

# What the caller gives for each direction; the rates between them are computed.
COUNTED = ("flows.to_partner", "members.shared", "members.reported_in", "members.taken_on", "members.not_reported")
MEMBER_COLUMNS = (
    "flows.to_partner", "members.shared", "members.reported_in", "members.report_in_rate", "members.taken_on",
    "members.take_on_rate", "members.not_reported", "members.days_to_take_on",
)  # fmt: skip
TRANSFER_COLUMNS = (
    "transfers.opened", "transfers.closed", "transfers.refused", "transfers.recalled", "transfers.expired",
    "transfers.days",
)  # fmt: skip
COSIGN_COLUMNS = (
    "cosign.held", "cosign.agreed", "cosign.rate", "cosign.disputed", "cosign.unsettled", "cosign.persons",
)  # fmt: skip
SCOPE_COLUMNS = ("shares.provided", "shares.reads", "notices.recorded", "notices.withdrawn", "purges.proved")
HELP_COLUMNS = ("requests.opened", "requests.done", "requests.refused", "requests.void", "requests.on_time_rate")
HELP_COUNTED = (*HELP_COLUMNS[:-1], "requests.due", "requests.on_time")
# What is counted by the month → what 表1 says of it: the sum of its months, where nobody came before or left.
OF_MONTHS = {"members.new_reported_in": "members.reported_in", "members.new_taken_on": "members.taken_on"}
MONTH_SERIES = tuple(OF_MONTHS)
# The columns of a direction that are computed: a share of two others, or a median over one.
RATES = {
    code: ratio
    for code in (*MEMBER_COLUMNS, *TRANSFER_COLUMNS, *COSIGN_COLUMNS)
    if (ratio := METRICS[code].ratio) is not None
}
MEDIANS = {code: METRICS[code].over for code in (*MEMBER_COLUMNS, *TRANSFER_COLUMNS) if METRICS[code].over}
ADDED_UP = tuple(
    code for code in (*COUNTED, *TRANSFER_COLUMNS, *COSIGN_COLUMNS) if code not in RATES and code not in MEDIANS
)


def without_few(found: dict[str, Figure]) -> dict[str, Figure]:
    """Withhold a median whose count is not shown."""
    few = {code for code, over in MEDIANS.items() if code in found and over in found and not found[over].is_shown}
    return found | {code: withheld(found[code]) for code in few}


def _guarded(given: dict[str, Figure]) -> dict[str, Figure]:
    """Where one of 已报到 and 尚未报到 is masked, withhold the other: together they are 已发出."""
    pair = ("members.reported_in", "members.not_reported")
    for masked, other in (pair, pair[::-1]):
        if given[masked].is_masked and not given[other].is_masked:
            given[other] = withheld(given[other])
    return given


@dataclass(frozen=True)
class Direction:
    """The figures of one ordered pair: members of `home` in `host`, their transfers, the activities co-signed for them.

    Give one figure for each code of ADDED_UP and MEDIANS; ValueError for a missing one, or if 尚未报到 is not 已发出
    minus 已报到.
    """

    home: str
    host: str
    figures: tuple[Figure, ...]

    def __post_init__(self) -> None:
        plain = by_code(self.figures)
        missing = {*ADDED_UP, *MEDIANS} - set(plain)
        if missing:
            raise ValueError(f"figures missing: {sorted(missing)}")
        if (plain["members.shared"].value or 0) - (plain["members.reported_in"].value or 0) != (
            plain["members.not_reported"].value or 0
        ):
            raise ValueError("not_reported is shared minus reported_in")

    @property
    def label(self) -> str:
        """岳西县→余杭区."""
        return f"{self.home}→{self.host}"

    @cached_property
    def shown(self) -> dict[str, Figure]:
        """Every figure as it is printed, rates included."""
        found = without_few(_guarded(by_code(self.figures)))
        return found | {code: rate(code, found[part], found[whole]) for code, (part, whole) in RATES.items()}


@dataclass(frozen=True)
class Item:
    """One cooperation item: category, who leads (甲方), the goal as agreed, planned and done (metrics items.*), a remark.

    `due`: the day by which it is asked for, None where the agreement ended before. `key` names it within its agreement,
    whose number is `under`, from one period to the next; `of`: the agreement's title, which another may have too.
    """

    category: str
    lead: str
    goal: str
    planned: Figure
    done: Figure
    remark: str = ""
    due: dt.date | None = None
    key: str = ""
    of: str = ""
    under: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether as much was done as was planned."""
        return bool(self.planned.value) and (self.done.value or 0) >= (self.planned.value or 0)


def without_sum(months: Sequence[Month], directions: Sequence[Direction]) -> tuple[Month, ...]:
    """The months as they are printed. 表1 tells what they add up to, and they what is left out there: where a month or a
    direction is not shown, a second month is withheld. The first that has any, so that it says nothing of its size.
    """
    rows = {code: [by_code(month.figures)[code] for month in months] for code in MONTH_SERIES}
    for code, cells in rows.items():
        is_few = any(cell.is_masked for cell in cells)
        is_left_out = any(not each.shown[OF_MONTHS[code]].is_shown for each in directions)
        shown = [place for place, cell in enumerate(cells) if cell.is_shown]
        some = [place for place in shown if cells[place].value]
        if (is_few and shown) or (is_left_out and some):
            place = (some or shown)[0]
            cells[place] = withheld(cells[place])
    return tuple(
        replace(month, figures=tuple(cells[place] for cells in rows.values())) for place, month in enumerate(months)
    )


@dataclass(frozen=True)
class ScopeUse:
    """One scope (S2 流动告知): a figure for each code of SCOPE_COLUMNS; value None where the scope knows no such thing."""

    scope: str
    figures: tuple[Figure, ...]

    @cached_property
    def shown(self) -> Mapping[str, Figure]:
        """By code. Where few were ended, what was provided is withheld: 表1 tells how many of them still stand."""
        found = by_code(self.figures)
        if found["purges.proved"].is_masked:
            found["shares.provided"] = withheld(found["shares.provided"])
        return found


@dataclass(frozen=True)
class Help:
    """One kind of request, of both counties' together: a figure for each code of HELP_COUNTED. A request is about one
    person, so small numbers are masked. `key`: what the kind is called in the rows.
    """

    kind: str
    figures: tuple[Figure, ...]
    key: str = ""

    @cached_property
    def shown(self) -> dict[str, Figure]:
        """By code, with the share that was answered in time."""
        return with_share(by_code(self.figures))


def with_share(found: dict[str, Figure]) -> dict[str, Figure]:
    """The same with the share of what was due that was answered in time."""
    share = rate("requests.on_time_rate", found["requests.on_time"], found["requests.due"])
    return found | {share.metric: share}


def help_sum(helps: Sequence[Help], period: Period) -> tuple[dict[str, Figure], frozenset[str]]:
    """Over all kinds, of what is shown, and the codes of which nothing was left out; a share only of whole sums."""
    every = frozenset((*HELP_COLUMNS, *HELP_COUNTED))
    if len(helps) == 1:
        return dict(helps[0].shown), every
    if not helps:
        return with_share({code: figure(code, 0, period) for code in HELP_COUNTED}), every
    cells = {code: [each.shown[code] for each in helps] for code in HELP_COUNTED}
    whole = {code for code, of in cells.items() if all(cell.is_shown for cell in of)}
    found, share = {code: total(of) for code, of in cells.items()}, HELP_COLUMNS[-1]
    if {"requests.due", "requests.on_time"} <= whole:
        return with_share(found), frozenset({*whole, share})
    return found | {share: figure(share, None, period)}, frozenset(whole)


@dataclass(frozen=True)
class Month:
    """One month of the period, all directions together: a figure for each code of MONTH_SERIES, of its days of the
    period.
    """

    on: dt.date
    figures: tuple[Figure, ...]

    @property
    def label(self) -> str:
        """7月."""
        return month_of(self.on, with_year=False)


@dataclass(frozen=True)
class Step:
    """One thing the agreements ask for next: by which day, what, and who leads."""

    on: dt.date
    what: str
    who: str
