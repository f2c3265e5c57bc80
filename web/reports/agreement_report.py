"""协议执行情况报告: the seven sections of the report of one agreement, or of all of a county's together, filled from figures.

The caller gives counts; totals, rates, changes and what must be withheld are worked out here, so that a table and the
sentence above it cannot disagree.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from web.reports.charts import Series
from web.reports.directions import (
    ADDED_UP,
    COSIGN_COLUMNS,
    HELP_COLUMNS,
    MEDIANS,
    MEMBER_COLUMNS,
    MONTH_SERIES,
    RATES,
    SCOPE_COLUMNS,
    TRANSFER_COLUMNS,
    Direction,
    Help,
    Item,
    Month,
    ScopeUse,
    Step,
    help_sum,
    without_few,
)
from web.reports.documents import Document, Party
from web.reports.metrics import METRICS, WITHHELD, Change, Figure, by_code, change, figure, rate, total, withheld
from web.reports.periods import Period
from web.reports.tables import TOTAL, Chart, Row, Table, compared, heading

SECTIONS = (
    "基本情况",
    "协议事项进展",
    "组织关系转接",
    "共同活动与共签",
    "服务与帮扶",
    "数据共享与隐私",
    "问题与下步安排",
)
# What is a matter of concern wherever it is not 0.
PROBLEMS = (
    "members.not_reported", "transfers.refused", "transfers.expired", "cosign.disputed", "cosign.unsettled",
    "items.overdue", "duties.missed",
)  # fmt: skip
DRAWN = ("members.shared", "members.reported_in", "members.taken_on")
# Bars of so many directions fit beside their table.
AT_MOST = 8


@dataclass(frozen=True)
class Section:
    """One of the seven. `words`: its sentence in pieces, what cannot be told left out; `lead`: before the first number.

    `caption`: of the table of words that follows, of items or of steps.
    """

    title: str
    lead: str = ""
    words: tuple[tuple[str, Figure], ...] = ()
    after: str = ""
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    caption: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class AgreementReport(Document):
    """`overall` brings what cannot be added up (medians over all directions); `previous` is the same report over the last
    comparable period; `missed` how many duties were; `words` what a clerk wrote for the last section.

    `several`: (title, number) of each agreement when it is of more than one; `number` is empty then.
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
    missed: Figure
    helps: tuple[Help, ...] = ()
    months: tuple[Month, ...] = ()
    overall: tuple[Figure, ...] = ()
    previous: AgreementReport | None = None
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
        """The title without the kind and the period."""
        return "流动党员共管共育执行情况汇总" if self.several else "流动党员共管共育协议执行情况"

    @property
    def title(self) -> str:
        """With the period."""
        return f"{self.about}{self.kind}（{self.period.label}）"

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

    # Totals and changes.

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
        late = [item for item in self.items if item.due and item.due <= self.data_until and not item.is_finished]
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

    # Sections.

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The seven, with their tables and pictures numbered in order."""
        tables, charts = itertools.count(1), itertools.count(1)

        def table(title: str, *given: Any, **more: Any) -> Table:
            return Table(f"表{next(tables)}　{title}", *given, **more)

        def chart(title: str, series: tuple[Series, ...], categories: tuple[str, ...], of: Table, **more: Any) -> Chart:
            return Chart(f"图{next(charts)}　{title}", series, categories, of.title.partition("　")[0], **more)

        def bars(title: str, codes: Sequence[str], of: Table) -> tuple[Chart, ...]:
            return tuple(
                chart(title, self._series(codes, some), tuple(each.label for each in some), of)
                for some in _by(self.directions, AT_MOST)
                if any(each.shown[code].is_shown and each.shown[code].value for each in some for code in codes)
            )

        made = [
            self._members(table, bars, chart),
            self._of_items(table),
            self._of_directions(table, bars, 2, "组织关系转接", TRANSFER_COLUMNS, TRANSFER_COLUMNS[:3], (
                ("提出转接", "transfers.opened"), ("办结", "transfers.closed"), ("未接收", "transfers.refused"),
                ("召回", "transfers.recalled"), ("期满失效", "transfers.expired"), ("办结中位天数为", "transfers.days"),
            )),
            self._of_directions(table, bars, 3, "共同活动与共签", COSIGN_COLUMNS, ("cosign.held", "cosign.agreed", "cosign.disputed"), (
                ("送请共签活动", "cosign.held"), ("已共签", "cosign.agreed"), ("共签率", "cosign.rate"),
                ("共签", "cosign.persons"), ("有过异议", "cosign.disputed"), ("没有共签即结束", "cosign.unsettled"),
            )),
            self._help(table),
            self._sharing(table),
            self._problems(table),
        ]  # fmt: skip
        return tuple(replace(each, number=n) for n, each in zip("一二三四五六七", made, strict=True))

    def _series(self, codes: Sequence[str], directions: Sequence[Direction]) -> tuple[Series, ...]:
        return tuple(Series(METRICS[code].label, tuple(each.shown[code] for each in directions)) for code in codes)

    def _rows(self, columns: Sequence[str]) -> tuple[Row, ...]:
        rows = [
            Row(each.label, tuple(each.shown[code] for code in columns), place)
            for place, each in enumerate(self.directions)
        ]
        if len(rows) > 1:
            rows.append(Row(TOTAL, tuple(self.totals[code] for code in columns)))
        then = self.previous.totals if self.previous else {}
        return (*rows, *compared(columns, then, self.since))

    def _told(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, Figure], ...]:
        return tuple((words, self.totals[code]) for words, code in pairs if self.totals[code].text != WITHHELD)

    def _members(self, table: Any, bars: Any, chart: Any) -> Section:
        whole = table("共管党员基本情况", "方向", self._rows(MEMBER_COLUMNS), MEMBER_COLUMNS)
        words = self._told((
            ("已发出流动告知的党员共", "members.shared"), ("已报到", "members.reported_in"), ("报到率", "members.report_in_rate"),
            ("已编入党支部", "members.taken_on"), ("编入率", "members.take_on_rate"), ("从告知到编入的中位天数为", "members.days_to_take_on"),
        ))  # fmt: skip
        tables, pictures = [whole], [*bars("告知、报到和编入（名）", DRAWN, whole)]
        for year, months in self.years:
            when = f"，{year}年" if len(self.years) > 1 else ""
            labels = tuple(month.label for month in months)
            series = tuple(
                Series(METRICS[code].label, tuple(by_code(month.figures)[code] for month in months))
                for code in MONTH_SERIES
            )
            rows = tuple(Row(heading(row.figures[0].metric), row.figures) for row in series)
            tables.append(table(f"每月新报到和编入党支部{when}", "每月", rows, heads=labels))
            pictures.append(chart(f"每月新报到和编入党支部（名）{when}", series, labels, tables[-1], is_upright=True))
        return Section(SECTIONS[0], "期末，", words, "", tuple(tables), tuple(pictures))

    @property
    def years(self) -> tuple[tuple[int, tuple[Month, ...]], ...]:
        """The months by calendar year."""
        grouped = itertools.groupby(self.months, lambda month: month.on.year)
        return tuple((year, tuple(months)) for year, months in grouped)

    def _of_items(self, table: Any) -> Section:
        words = (("", self.item_count), ("其中已完成", self.items_finished))
        caption = table(SECTIONS[1], "事项", ()).title if self.items else ""
        return Section(SECTIONS[1], "协议事项共", words, "进展由本县记录。", caption=caption)

    def _of_directions(
        self, table: Any, bars: Any, place: int, title: str, columns: Sequence[str], drawn: Sequence[str], said: Any
    ) -> Section:
        whole = table(title, "方向", self._rows(columns), tuple(columns))
        after = "小于5的未计入。" if self.is_partial else ""
        return Section(
            SECTIONS[place], "本期", self._told(said), after, (whole,), bars(f"{title}（{METRICS[drawn[0]].unit}）", drawn, whole)
        )  # fmt: skip

    @cached_property
    def help_totals(self) -> tuple[dict[str, Figure], frozenset[str]]:
        """Over all kinds of request, and of which codes nothing was left out."""
        return help_sum(self.helps, self.period)

    def _help(self, table: Any) -> Section:
        if not self.helps:
            return Section(SECTIONS[4], "本期没有提出或者办理协助请求。")
        totals, _ = self.help_totals
        said = (
            ("提出协助请求", "opened"),
            ("办结", "done"),
            ("未办成", "refused"),
            ("撤回或者逾期", "void"),
            ("按期率", "on_time_rate"),
        )
        words = tuple((words, totals[f"requests.{name}"]) for words, name in said)
        rows = [Row(each.kind, tuple(each.shown[code] for code in HELP_COLUMNS), kind=each.key) for each in self.helps]
        if len(rows) > 1:
            rows.append(Row(TOTAL, tuple(totals[code] for code in HELP_COLUMNS)))
        before = self.previous

        def since(code: str) -> Change:
            assert before is not None
            sides = (self.help_totals, before.help_totals)
            return change(*(found[code] if code in whole else withheld(found[code]) for found, whole in sides))

        rows += compared(HELP_COLUMNS, before.help_totals[0] if before else {}, since)
        whole = table("协助请求", "事项", tuple(rows), HELP_COLUMNS)
        told = tuple((words, f) for words, f in words if f.text != WITHHELD)
        return Section(SECTIONS[4], "本期", told, "两县互相提出的合在一起计。", (whole,))

    def _sharing(self, table: Any) -> Section:
        words = (("使用共享范围", self.scopes_used), ("查阅", self.reads))
        if not self.scopes:
            return Section(SECTIONS[5], "本期", words, "每次查阅均有记录。")
        rows = [Row(use.scope, tuple(use.shown[code] for code in SCOPE_COLUMNS)) for use in self.scopes]
        now, then = (
            {code: each.scope_sum(code) for code in SCOPE_COLUMNS} if each else {} for each in (self, self.previous)
        )
        if len(rows) > 1:
            rows.append(Row(TOTAL, tuple(now[code][0] for code in SCOPE_COLUMNS)))

        def since(code: str) -> Change:
            sides = [found if is_whole else withheld(found) for found, is_whole in (now[code], then[code])]
            return change(*sides)

        found = {code: cell for code, (cell, _) in then.items()}
        rows += compared(SCOPE_COLUMNS, found, since)
        whole = table("数据共享与隐私", "范围", tuple(rows), SCOPE_COLUMNS)
        return Section(SECTIONS[5], "本期", words, "每次查阅均有记录。", (whole,))

    def _problems(self, table: Any) -> Section:
        rows = [Row("本期", tuple(self.totals[code] for code in PROBLEMS))]
        then = self.previous.totals if self.previous else {}
        rows += compared(PROBLEMS, then, self.since)
        found = [code for code in PROBLEMS if self.totals[code].value]
        words = tuple((METRICS[code].label, self.totals[code]) for code in found if self.totals[code].text != WITHHELD)
        lead = "需要注意的有：" if words else "需要注意的见下表。" if found else "各项没有需要特别注意的。"
        whole = table("需要注意的事项", "期间", tuple(rows), PROBLEMS)
        caption = table("下步安排", "期限", ()).title if self.steps else ""
        return Section(SECTIONS[6], lead, words, "", (whole,), caption=caption)

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
        before = {(item.of, item.key): item.done for item in self.previous.items}
        found = []
        for item in self.items:
            then = before.get((item.of, item.key), figure("items.done", None, self.previous.period, item.done.unit))
            found.append((item, then, change(item.done, then)))
        return tuple(found)

    @cached_property
    def printed(self) -> tuple[tuple[str, Figure], ...]:
        """Every figure of the tables with what it is about: a direction, 合计, 上期, 增减, an item, a scope, a month."""
        return tuple(self._printed())

    def _printed(self) -> Iterator[tuple[str, Figure]]:
        for section in self.sections:
            for table in section.tables:
                for row in table.rows:
                    for head, cell in zip(table.heads or table.columns, row.figures, strict=True):
                        yield head if table.heads else row.label, cell
        for item, then, since in self.item_rows:
            yield from ((item.goal, cell) for cell in (item.planned, item.done, then, since) if cell is not None)

    def as_data(self) -> dict[str, Any]:
        """The printed figures for machines: what is masked or withheld on paper is so here too."""
        return {
            "title": self.title,
            "agreement": self.number or [number for _, number in self.several],
            "period": [self.period.starts_on.isoformat(), self.period.ends_on.isoformat()],
            "compared_with": self.previous.period.name if self.previous else None,
            "data_until": self.data_until.isoformat(),
            "figures": [
                {
                    "metric": f.metric,
                    "of": of,
                    "period": f.period.name,
                    "is_change": f.is_delta,
                    "text": f.text,
                    "unit": f.unit,
                }
                for of, f in self.printed
            ],
            "next": [{"on": step.on.isoformat(), "what": step.what, "who": step.who} for step in self.steps],
            "words": self.words,
        }


def _by(directions: Sequence[Direction], size: int) -> Iterator[Sequence[Direction]]:
    for start in range(0, len(directions), size):
        yield directions[start : start + size]
