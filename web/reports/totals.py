"""What a report on agreements counts over its directions: totals and rates, how far they moved, and what must be withheld.

The caller gives counts; everything else is worked out here, so that a table and the sentence above it cannot disagree.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from web.core import clock
from web.reports.directions import (
    ADDED_UP,
    MEDIANS,
    RATES,
    Direction,
    Help,
    Item,
    Month,
    ScopeUse,
    Step,
    help_sum,
    without_few,
    without_sum,
)
from web.reports.documents import Document, Party
from web.reports.metrics import Change, Figure, by_code, change, figure, rate, total, withheld
from web.reports.periods import ONE_DAY, Period


@dataclass(frozen=True, kw_only=True, repr=False)
class Totals(Document):
    """The figures of a report, and what it is of.

    `overall` brings what cannot be added up (medians over all directions); `previous` is the same report over the last
    comparable period; `missed` how many duties were; `words` what a clerk wrote for the last section.

    `several`: (title, number) of each agreement when it is of more than one; `number` is empty then.
    """

    name: str
    number: str
    period: Period
    data_until: dt.date
    parties: tuple[Party, ...]
    directions: tuple[Direction, ...]
    items: tuple[Item, ...]
    scopes: tuple[ScopeUse, ...]
    missed: Figure
    helps: tuple[Help, ...] = ()
    months: tuple[Month, ...] = ()
    overall: tuple[Figure, ...] = ()
    previous: Self | None = None
    steps: tuple[Step, ...] = ()
    words: str = ""
    several: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """ValueError without a direction: a pair in which nothing happened has figures too, of 0."""
        super().__post_init__()
        if not self.directions:
            raise ValueError("a report needs at least one direction")

    @property
    def about(self) -> str:
        """What stands large on the paper, above the kind and the period."""
        return "流动党员共管共育执行情况汇总" if self.several else "流动党员共管共育协议执行情况"

    @property
    def title(self) -> str:
        """Whose it is, and of when."""
        return f"{self.name}执行情况{'汇总' if self.several else ''}{self.dated}"

    @property
    def dated(self) -> str:
        """The end of the title, the same of every agreement."""
        return f"{self.kind}（{self.period.label}）"

    @property
    def kind(self) -> str:
        """半年报告, 年度报告 or 报告."""
        return "半年报告" if self.period.is_half else "年度报告" if self.period.is_year else "报告"

    @property
    def short(self) -> str:
        """The running head."""
        return f"{self.name}　{self.period.label}报告"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return (self.kind, self.number or "汇总", self.period.label)

    @property
    def is_part(self) -> bool:
        """Whether other parties have directions of their own, which this county cannot report."""
        return not self.several and len(self.parties) > 2

    @property
    def labels(self) -> tuple[str, ...]:
        """The directions by name."""
        return tuple(each.label for each in self.directions)

    def _is_complete(self, code: str) -> bool:
        return all(each.shown[code].is_shown or each.shown[code].value is None for each in self.directions)

    @property
    def is_partial(self) -> bool:
        """Whether a total had to leave something out."""
        return len(self.directions) > 1 and not all(self._is_complete(code) for code in ADDED_UP)

    def _sum(self, code: str) -> Figure:
        """A dash where a direction's own number is not known here: a sum without it would pass for the whole."""
        cells = [each.shown[code] for each in self.directions]
        return figure(code, None, self.period) if any(cell.value is None for cell in cells) else total(cells)

    @cached_property
    def totals(self) -> dict[str, Figure]:
        """Over all directions, of what is shown; a rate over the directions that show both its part and its whole."""
        if len(self.directions) == 1:
            return dict(self.directions[0].shown) | self._of_agreement
        found = by_code(self.overall) | {code: self._sum(code) for code in ADDED_UP}
        for code in MEDIANS:
            found.setdefault(code, figure(code, None, self.period))
        for code, (part, whole) in RATES.items():
            both = [each.shown for each in self.directions if each.shown[part].is_shown and each.shown[whole].is_shown]
            found[code] = (
                rate(code, total([each[part] for each in both]), total([each[whole] for each in both]))
                if both
                else figure(code, None, self.period)
            )
        return without_few(found) | self._of_agreement

    @property
    def _of_agreement(self) -> dict[str, Figure]:
        """What no direction has."""
        over = min(self.data_until, clock.day(self.made_at) - ONE_DAY)  # a day that runs is not over
        late = [item for item in self.items if item.due and item.due <= over and not item.is_finished]
        return {"items.overdue": figure("items.overdue", len(late), self.period), "duties.missed": self.missed}

    def comparable(self, code: str) -> Figure:
        """The total, withheld where it left something out: a difference would tell what."""
        if code in self._of_agreement or len(self.directions) == 1:
            return self.totals[code]
        parts = RATES.get(code, (code,))
        return self.totals[code] if all(self._is_complete(part) for part in parts) else withheld(self.totals[code])

    def since(self, code: str) -> Change:
        """How far a total moved since the last comparable period."""
        assert self.previous is not None
        return change(self.comparable(code), self.previous.comparable(code))

    def scope_sum(self, code: str) -> tuple[Figure, bool]:
        """Over all scopes that know such a thing, and whether nothing was left out."""
        cells = [use.shown[code] for use in self.scopes if use.shown[code].value is not None]
        if not cells:
            return figure(code, None, self.period), True
        return total(cells), all(cell.is_shown for cell in cells)

    @property
    def years(self) -> tuple[tuple[int, tuple[Month, ...]], ...]:
        """The months by calendar year, as they are printed."""
        grouped = itertools.groupby(without_sum(self.months, self.directions), lambda month: month.on.year)
        return tuple((year, tuple(months)) for year, months in grouped)

    @cached_property
    def help_totals(self) -> tuple[dict[str, Figure], frozenset[str]]:
        """Over all kinds of request, and of which codes nothing was left out."""
        return help_sum(self.helps, self.period)

    @property
    def scopes_used(self) -> Figure:
        """How many scopes carried or showed anything."""
        used = [
            use for use in self.scopes if any(use.shown[code].value for code in ("shares.provided", "shares.reads"))
        ]
        return figure("scopes.used", len(used), self.period)

    @property
    def reads(self) -> Figure:
        """How often federated records were read."""
        return (
            total([use.shown["shares.reads"] for use in self.scopes])
            if self.scopes
            else figure("shares.reads", 0, self.period)
        )

    @property
    def item_count(self) -> Figure:
        """How many items the agreement has."""
        return figure("items.total", len(self.items), self.period)

    @property
    def items_finished(self) -> Figure:
        """How many of them are done."""
        return figure("items.finished", sum(item.is_finished for item in self.items), self.period)

    @cached_property
    def item_rows(self) -> tuple[tuple[Item, Figure | None, Figure | None], ...]:
        """Each item with how far it was at the end of the last comparable period, and the change since."""
        if self.previous is None:
            return tuple((item, None, None) for item in self.items)
        before = {(item.under, item.key): item.done for item in self.previous.items}
        found = []
        for item in self.items:
            then = before.get((item.under, item.key), figure("items.done", None, self.previous.period, item.done.unit))
            found.append((item, then, change(item.done, then)))
        return tuple(found)
