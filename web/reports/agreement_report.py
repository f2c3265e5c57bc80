"""协议执行情况报告: the seven sections of the half-year report, filled from figures only.

The caller gives counts; totals, rates, changes and what must be withheld are worked out here, so that a table and the
sentence above it cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from web.reports.charts import Series
from web.reports.documents import Document, Party
from web.reports.metrics import METRICS, WITHHELD, Change, Figure, by_code, change, figure, rate, total, withheld
from web.reports.periods import Period

SECTIONS = (
    "基本情况",
    "协议事项进展",
    "组织关系转接",
    "共同活动与共签",
    "服务与帮扶",
    "数据共享与隐私",
    "问题与下步安排",
)

# What the caller gives for each direction; the rates between them are computed.
COUNTED = ("flows.to_partner", "members.shared", "members.reported_in", "members.taken_on", "members.not_reported")
MEMBER_ROWS = (
    "flows.to_partner", "members.shared", "members.reported_in", "members.report_in_rate", "members.taken_on",
    "members.take_on_rate", "members.not_reported", "members.days_to_take_on",
)  # fmt: skip
TRANSFER_COLUMNS = (
    "transfers.opened",
    "transfers.closed",
    "transfers.refused",
    "transfers.recalled",
    "transfers.expired",
    "transfers.days",
)
SCOPE_COLUMNS = ("shares.provided", "shares.reads", "notices.recorded", "notices.withdrawn", "purges.proved")
MONTH_SERIES = ("members.new_reported_in", "members.new_taken_on")
_MEDIANS = {code: metric.over for code, metric in METRICS.items() if metric.over}


def _without_few(found: dict[str, Figure]) -> dict[str, Figure]:
    """Withhold a median whose count is not shown."""
    few = {code for code, over in _MEDIANS.items() if code in found and over in found and not found[over].is_shown}
    return found | {code: withheld(found[code]) for code in few}


def _guarded(given: dict[str, Figure]) -> dict[str, Figure]:
    """Where one of 已报到 and 尚未报到 is masked, withhold the other: together they are 已发出."""
    pair = ("members.reported_in", "members.not_reported")
    for masked, other in (pair, pair[::-1]):
        if masked in given and other in given and given[masked].is_masked and not given[other].is_masked:
            given[other] = withheld(given[other])
    return given


@dataclass(frozen=True)
class Direction:
    """The figures of one ordered pair: members of `home` in `host`, and their transfers.

    Give one figure for each code of COUNTED and TRANSFER_COLUMNS and for members.days_to_take_on; ValueError for a
    missing one, or if 尚未报到 is not 已发出 minus 已报到.
    """

    home: str
    host: str
    figures: tuple[Figure, ...]

    def __post_init__(self) -> None:
        codes = {each.metric for each in self.figures}
        missing = {*COUNTED, *TRANSFER_COLUMNS, *_MEDIANS} - codes
        if missing:
            raise ValueError(f"figures missing: {sorted(missing)}")
        plain = by_code(self.figures)
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
        found = _without_few(_guarded(by_code(self.figures)))
        return found | {code: rate(code, found[parts[0]], found[parts[1]]) for code, parts in _ratios()}


def _ratios() -> list[tuple[str, tuple[str, str]]]:
    return [(code, metric.ratio) for code, metric in METRICS.items() if metric.ratio]


@dataclass(frozen=True)
class Item:
    """One cooperation item: category, who leads (甲方), the goal as agreed, planned and done (metrics items.*), a remark."""

    category: str
    lead: str
    goal: str
    planned: Figure
    done: Figure
    remark: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether as much was done as was planned."""
        return bool(self.planned.value) and (self.done.value or 0) >= (self.planned.value or 0)


@dataclass(frozen=True)
class ScopeUse:
    """One scope (S2 流动告知): a figure for each code of SCOPE_COLUMNS; value None where the scope knows no such thing."""

    scope: str
    figures: tuple[Figure, ...]

    @cached_property
    def shown(self) -> dict[str, Figure]:
        """By code. Where few were ended, what was provided is withheld: 表1 tells how many of them still stand."""
        found = by_code(self.figures)
        if found["purges.proved"].is_masked:
            found["shares.provided"] = withheld(found["shares.provided"])
        return found


@dataclass(frozen=True)
class Month:
    """One month of the period: a figure for each code of MONTH_SERIES, all directions together."""

    label: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class AgreementReport(Document):
    """Sections 1, 2, 3 and 6; the others say 本期未启用.

    `overall` brings what cannot be added up (medians over all directions); `previous` the totals of the period before
    for the codes of MEMBER_ROWS that are to be compared, as figures of that period.
    """

    template: ClassVar[str] = "agreement_report.html"

    name: str
    number: str
    period: Period
    data_until: dt.date
    parties: tuple[Party, ...]
    directions: tuple[Direction, ...]
    items: tuple[Item, ...]
    scopes: tuple[ScopeUse, ...]
    months: tuple[Month, ...] = ()
    overall: tuple[Figure, ...] = ()
    previous: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        """ValueError without a direction: a pair in which nothing happened has figures too, of 0."""
        super().__post_init__()
        if not self.directions:
            raise ValueError("a report needs at least one direction")

    @property
    def title(self) -> str:
        """With the period."""
        return f"流动党员共管共育协议执行情况{self.kind}（{self.period.label}）"

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
        return (self.kind, self.number, self.period.label)

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Ordinal and title of each section."""
        return tuple(zip("一二三四五六七", SECTIONS, strict=True))

    def _sum(self, code: str) -> Figure:
        """A dash where a direction's own number is not known here: a sum without it would pass for the whole."""
        cells = [each.shown[code] for each in self.directions]
        return figure(code, None, self.period) if any(cell.value is None for cell in cells) else total(cells)

    def _is_complete(self, code: str) -> bool:
        return all(each.shown[code].is_shown or each.shown[code].value is None for each in self.directions)

    @property
    def is_partial(self) -> bool:
        """Whether a total had to leave something out."""
        return len(self.directions) > 1 and not all(self._is_complete(code) for code in (*COUNTED, *TRANSFER_COLUMNS))

    @cached_property
    def totals(self) -> dict[str, Figure]:
        """Over all directions, of what is shown; a rate over the directions that show both its part and its whole."""
        if len(self.directions) == 1:
            return self.directions[0].shown
        found = by_code(self.overall)
        for code in (*COUNTED, *TRANSFER_COLUMNS):
            if code not in _MEDIANS:
                found[code] = self._sum(code)
        for code in _MEDIANS:
            found.setdefault(code, figure(code, None, self.period))
        for code, (part, whole) in _ratios():
            both = [each.shown for each in self.directions if each.shown[part].is_shown and each.shown[whole].is_shown]
            found[code] = (
                rate(code, total([each[part] for each in both]), total([each[whole] for each in both]))
                if both
                else figure(code, None, self.period)
            )
        return _without_few(found)

    @cached_property
    def changes(self) -> dict[str, tuple[Figure, Change]]:
        """The figure of the period before and the change since, by code; no change where a total left something out."""
        before = _without_few(_guarded(by_code(self.previous)))
        return {code: (then, change(self._comparable(code), then)) for code, then in before.items()}

    def _comparable(self, code: str) -> Figure:
        parts = METRICS[code].ratio or (code,)
        return self.totals[code] if all(self._is_complete(part) for part in parts) else withheld(self.totals[code])

    def _told(self, *pairs: tuple[str, str]) -> tuple[tuple[str, Figure], ...]:
        return tuple((words, self.totals[code]) for words, code in pairs if self.totals[code].text != WITHHELD)

    @property
    def member_words(self) -> tuple[tuple[str, Figure], ...]:
        """The sentence above 表1, in pieces; what cannot be told is not mentioned."""
        return self._told(
            ("已发出流动告知的党员共", "members.shared"), ("已报到", "members.reported_in"), ("报到率", "members.report_in_rate"),
            ("已编入党支部", "members.taken_on"), ("编入率", "members.take_on_rate"), ("从告知到编入的中位天数为", "members.days_to_take_on"),
        )  # fmt: skip

    @property
    def transfer_words(self) -> tuple[tuple[str, Figure], ...]:
        """The sentence above 表3."""
        return self._told(
            ("提出转接", "transfers.opened"), ("办结", "transfers.closed"), ("未接收", "transfers.refused"), ("召回", "transfers.recalled"),
            ("期满失效", "transfers.expired"), ("办结中位天数为", "transfers.days"),
        )  # fmt: skip

    @property
    def member_rows(self) -> tuple[tuple[str, str, tuple[Figure, ...]], ...]:
        """表1: code, label with unit, one figure a direction and the total where there are several."""
        return tuple((code, METRICS[code].label, self._across(code)) for code in MEMBER_ROWS)

    def _across(self, code: str) -> tuple[Figure, ...]:
        each = tuple(direction.shown[code] for direction in self.directions)
        return (*each, self.totals[code]) if len(each) > 1 else each

    @property
    def transfer_rows(self) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
        """表3: one row a direction, then the total."""
        rows = [(each.label, tuple(each.shown[code] for code in TRANSFER_COLUMNS)) for each in self.directions]
        if len(rows) > 1:
            rows.append(("合计", tuple(self.totals[code] for code in TRANSFER_COLUMNS)))
        return tuple(rows)

    @property
    def scope_rows(self) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
        """表6."""
        return tuple((use.scope, tuple(use.shown[code] for code in SCOPE_COLUMNS)) for use in self.scopes)

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
        return total([use.shown["shares.reads"] for use in self.scopes])

    @property
    def item_count(self) -> Figure:
        """How many items the agreement has."""
        return figure("items.total", len(self.items), self.period)

    @property
    def items_finished(self) -> Figure:
        """How many of them are done."""
        return figure("items.finished", sum(item.is_finished for item in self.items), self.period)

    @property
    def is_part(self) -> bool:
        """Whether other parties have directions of their own, which this county cannot report."""
        return len(self.parties) > 2

    @cached_property
    def printed(self) -> tuple[tuple[str, Figure], ...]:
        """Every figure of the tables with what it is about: a direction, 合计, 上期末, 增减, an item, a scope, a month."""
        found = [(label, f) for code, _, row in self.member_rows for label, f in zip(self._columns, row, strict=True)]
        for then, since in self.changes.values():
            found += [("上期末", then), ("增减", since)]
        found += [(item.goal, f) for item in self.items for f in (item.planned, item.done)]
        found += [(label, f) for label, row in (*self.transfer_rows, *self.scope_rows) for f in row]
        found += [(month.label, f) for month in self.months for f in month.figures]
        return tuple(found)

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self.labels, "合计") if len(self.labels) > 1 else self.labels

    def as_data(self) -> dict[str, Any]:
        """The printed figures for machines: what is masked or withheld on paper is so here too."""
        return {
            "title": self.title,
            "agreement": self.number,
            "period": [self.period.starts_on.isoformat(), self.period.ends_on.isoformat()],
            "data_until": self.data_until.isoformat(),
            "figures": [
                {
                    "metric": f.metric,
                    "of": of,
                    "text": f.text,
                    "unit": f.unit,
                    "period": [f.period.starts_on.isoformat(), f.period.ends_on.isoformat()],
                }
                for of, f in self.printed
            ],
        }

    def heading(self, code: str) -> str:
        """A metric's label with its unit, for the head of a row or column."""
        metric = METRICS[code]
        says_it = metric.unit == "%" or metric.unit in metric.label
        return metric.label if says_it else f"{metric.label}（{metric.unit}）"

    def codes(self, table: str) -> Sequence[str]:
        """The columns of a table by its name."""
        return {"transfers": TRANSFER_COLUMNS, "scopes": SCOPE_COLUMNS}[table]

    @property
    def labels(self) -> tuple[str, ...]:
        """The directions by name."""
        return tuple(each.label for each in self.directions)

    @property
    def funnel(self) -> tuple[Series, ...]:
        """图1: shared, reported in, taken on, one group a direction."""
        codes = ("members.shared", "members.reported_in", "members.taken_on")
        return tuple(Series(METRICS[code].label, tuple(each.shown[code] for each in self.directions)) for code in codes)

    @property
    def monthly(self) -> tuple[Series, ...]:
        """图2: new reports and assignments a month."""
        return tuple(
            Series(METRICS[code].label, tuple(by_code(month.figures)[code] for month in self.months))
            for code in MONTH_SERIES
        )
