"""协议执行情况报告: the seven sections of the report of one agreement, or of all of a county's together, filled from figures.

The numbers are those of `totals`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from web.reports.charts import Series
from web.reports.directions import (
    COSIGN_COLUMNS,
    HELP_COLUMNS,
    MEMBER_COLUMNS,
    MONTH_SERIES,
    SCOPE_COLUMNS,
    TRANSFER_COLUMNS,
    Direction,
)
from web.reports.metrics import METRICS, WITHHELD, Change, Figure, by_code, change, withheld
from web.reports.tables import TOTAL, Chart, Row, Table, compared, heading
from web.reports.totals import Totals

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
class AgreementReport(Totals):
    """The sections, with tables and pictures, and every figure they print."""

    template: ClassVar[str] = "agreement_report.html"

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
                    "text": f.plain,
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
