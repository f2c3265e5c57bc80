"""Every number of the report is a figure with a metric; small numbers of persons cannot be read or worked out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from uuid import UUID

import pytest

from tests.reports import samples
from tests.reports.reading import Paper
from web.reports import METRICS, Figure, charts, figure
from web.reports.agreement_report import SECTIONS
from web.reports.charts import Series
from web.reports.directions import ADDED_UP, MONTH_SERIES, SCOPE_COLUMNS, Direction, Month, without_sum
from web.reports.figures import Way
from web.reports.metrics import change, rate, total, withheld
from web.reports.rendering import environment, to_html
from web.reports.statements import scope_figures, scopes_of_few

PERIOD = samples.PERIOD
# Digits that count nothing: numbers of tables and pictures, the rule itself, names of periods and months.
NO_COUNT = re.compile(r"[表图]\d|小于5|＜5”|\d{4}年[上下]半年|\d{1,2}月")
VOID = {"br", "meta", "link", "col"}


class Sieve(HTMLParser):
    """Splits a report into its figures (metric, text) and the rest; what is quoted or dated is neither."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.rest = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        named = dict(attrs)
        kind = "figure" if "data-metric" in named else ""
        if "quoted" in (named.get("class") or "") or tag in ("time", "title", "style"):
            kind = "skip"
        if (named.get("class") or "") in ("code", "short"):
            kind = "skip"
        self._open.append(kind)
        if kind == "figure":
            self.figures.append((named["data-metric"] or "", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing inside."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "figure" in self._open:
            metric, text = self.figures[-1]
            self.figures[-1] = (metric, text + data.strip())
        elif "skip" not in self._open:
            self.rest += data


def sieve(source: str) -> Sieve:
    found = Sieve()
    found.feed(source[source.index("<main>") : source.index("</main>")])
    return found


@pytest.mark.parametrize("name", ["report", "report_of_two"])
def test_every_number_has_a_metric(papers: Callable[[str], Paper], name: str) -> None:
    found = sieve(to_html(papers(name).document))
    assert len(found.figures) > 20
    assert {metric for metric, _ in found.figures} <= set(METRICS)
    assert re.findall(r"\d", NO_COUNT.sub("", found.rest)) == []


def test_a_number_without_a_metric_fails() -> None:
    for value in (5, "5", Decimal(5), None):
        with pytest.raises(TypeError, match="figures only"):
            environment().from_string("{{ value | figure }}").render(value=value)
    with pytest.raises(ValueError, match="no such metric"):
        Figure("members.invented", 5, "名", PERIOD)
    with pytest.raises(ValueError, match="counted in 名"):
        Figure("members.shared", 5, "件", PERIOD)
    with pytest.raises(ValueError, match="negative"):
        figure("members.shared", -1, PERIOD)
    stray = to_html(samples.report()).replace("协议事项共", "协议事项共7项，")
    assert re.findall(r"\d", NO_COUNT.sub("", sieve(stray).rest)) == ["7"]


def test_no_number_of_persons_from_one_to_four_is_printed(papers: Callable[[str], Paper]) -> None:
    for name in ("report", "report_of_two"):
        found = sieve(to_html(papers(name).document))
        shown = [(metric, text) for metric, text in found.figures if METRICS[metric].is_persons]
        assert any(text.startswith("＜5") for _, text in shown)
        for metric, text in shown:
            assert not re.fullmatch(r"[1-4](名|件|条)?", text), metric


def test_a_masked_number_cannot_be_worked_out_from_its_neighbours() -> None:
    few_absent = samples.direction("岳西县", "余杭区", 34, 31, 20, (0, 0, 0, 0, 0)).shown
    assert few_absent["members.not_reported"].text == "＜5"
    assert few_absent["members.reported_in"].text == few_absent["members.report_in_rate"].text == "—"
    few_present = samples.direction("岳西县", "余杭区", 34, 2, 0, (0, 0, 0, 0, 0)).shown
    assert few_present["members.reported_in"].text == "＜5"
    assert few_present["members.not_reported"].text == few_present["members.report_in_rate"].text == "—"
    assert few_present["members.taken_on"].text == "0"
    few_taken_on = samples.direction("岳西县", "余杭区", 34, 20, 3, (6, 1, 0, 0, 0)).shown
    assert few_taken_on["members.days_to_take_on"].text == few_taken_on["transfers.days"].text == "—"  # medians of few
    # What a scope provides is a sum over the directions in which we give it: beside one of few it would tell these.
    given = [
        samples.direction("岳西县", host, 34, 20, 9, (n, 0, 0, 0, 0)) for host, n in (("余杭区", 3), ("松阳县", 12))
    ]
    ways = [Way("home", UUID(int=n)) for n in range(2)]
    assert scopes_of_few(ways, given) == {"S4"} and scopes_of_few(ways[1:], given[1:]) == set()
    assert scopes_of_few([Way("host", UUID(int=0)), ways[1]], given) == set(), "what is given to us is no part of it"
    used = {code: {"S4": 15} for code in SCOPE_COLUMNS}
    assert [scope_figures("S4", used, PERIOD, is_few=few)[0].text for few in (True, False)] == ["—", "15"]
    alone = {code: {"S4": 3} for code in SCOPE_COLUMNS}
    assert scope_figures("S4", alone, PERIOD, is_few=True)[0].text == "＜5"


def test_a_masked_month_and_a_masked_direction_cannot_be_worked_out_from_each_other() -> None:
    few, many = (samples.direction("岳西县", h, 34, n, n, (0,) * 5) for h, n in (("余杭区", 3), ("松阳县", 12)))

    def printed(directions: list[Direction], *new: int) -> list[str]:
        months = tuple(
            Month(dt.date(2026, no, 1), tuple(figure(code, n, PERIOD) for code in MONTH_SERIES))
            for no, n in enumerate(new, 1)
        )
        rows = [month.figures for month in without_sum(months, directions)]
        assert all(one.text == other.text for one, other in rows)
        return [one.text for one, _ in rows]

    assert printed([many], 0, 7, 5) == ["0", "7", "5"]
    assert printed([many], 0, 8, 3, 5) == ["0", "—", "＜5", "5"], "twelve in all, so a second one is left out"
    assert printed([many], 0, 3) == ["—", "＜5"], "those before may be in 上期"
    assert printed([many, few], 8, 7) == ["—", "7"], "fifteen in all, of them twelve in 表1"
    assert printed([many, few], 0, 0) == ["0", "0"] and printed([few], 3) == ["＜5"]
    hidden = Series("新报到", (withheld(figure(MONTH_SERIES[0], 0, PERIOD)), figure(MONTH_SERIES[0], 0, PERIOD)))
    assert charts.columns([hidden], ["1月", "2月"], "").count("<rect") == 2, (
        "one bar and the legend: no bar would tell of 0"
    )


def test_totals_are_the_sums_of_what_is_shown_and_rates_are_recomputed() -> None:
    document = samples.report()
    for code in ADDED_UP:
        cells = [each.shown[code] for each in document.directions]
        shown = [each.value or 0 for each in cells if each.is_shown]
        is_left_out = len(shown) < len(cells)
        expected = None if is_left_out and not sum(shown) else sum(shown)
        assert document.totals[code].value == expected, code
    assert document.totals["members.report_in_rate"].text == "89.2"  # (347 + 224) ÷ (386 + 254); the third is masked
    assert document.totals["members.take_on_rate"].text == "84.1"
    assert document.totals["members.days_to_take_on"].value == 12
    assert document.is_partial
    assert document.since("members.shared").text == "+49"
    assert document.since("members.reported_in").text == "—"  # the total left a direction out
    assert document.since("cosign.held").text == "+9" and document.totals["cosign.rate"].text == "88.9"
    assert document.totals["cosign.persons"].text == "96" and document.since("cosign.persons").text == "—"
    assert document.items_finished.value == 1
    last = PERIOD.ends_on
    due = tuple(replace(each, due=last) for each in document.items)
    for made_at, late in ((samples.MADE_AT.replace(month=6, day=30), 0), (samples.MADE_AT, 3)):
        of = samples.report(items=due, made_at=made_at, data_until=last).totals["items.overdue"]
        assert of.value == late, "on its last day nothing is overdue"


def test_the_arithmetic_of_figures() -> None:
    few, some, none = (figure("members.shared", value, PERIOD) for value in (3, 12, 0))
    assert (few.text, some.text, none.text, few.words, withheld(some).words) == ("＜5", "12", "0", "＜5名", "—")
    assert total([few, some]).value == 12
    assert total([few, none]).text == "—"
    assert total([none, none]).text == "0"
    assert rate("members.report_in_rate", figure("members.reported_in", 1, PERIOD), some).text == "—"
    assert rate("members.report_in_rate", figure("members.reported_in", 0, PERIOD), none).text == "—"
    assert rate("members.report_in_rate", figure("members.reported_in", 8, PERIOD), some).text == "66.7"
    assert change(some, figure("members.shared", 15, PERIOD.before)).text == "−3"
    assert change(few, some).text == "—"
    many, before = figure("members.shared", 1204, PERIOD), figure("members.shared", 2409, PERIOD.before)
    assert (many.text, many.words, change(many, before).text) == ("1,204", "1,204名", "−1,205")
    assert (many.plain, change(many, before).plain, few.plain) == ("1204", "−1205", "＜5"), "for machines"
    with pytest.raises(ValueError, match="one metric"):
        change(some, figure("members.taken_on", 15, PERIOD))
    with pytest.raises(ValueError, match="is not"):
        rate("members.take_on_rate", figure("members.reported_in", 8, PERIOD), some)


def test_a_direction_must_be_complete_and_true() -> None:
    whole = samples.direction("岳西县", "余杭区", 34, 31, 20, (0, 0, 0, 0, 0))
    with pytest.raises(ValueError, match=r"missing: \['members.shared'\]"):
        type(whole)("岳西县", "余杭区", tuple(each for each in whole.figures if each.metric != "members.shared"))
    with pytest.raises(ValueError, match="shared minus reported_in"):
        untrue = tuple(figure(f.metric, 9, PERIOD) if f.metric == "members.not_reported" else f for f in whole.figures)
        type(whole)("岳西县", "余杭区", untrue)
    with pytest.raises(ValueError, match="given twice"):
        type(whole)("岳西县", "余杭区", (*whole.figures, whole.figures[0]))
    with pytest.raises(ValueError, match="at least one direction"):
        samples.report(directions=())


def test_seven_sections_all_filled(papers: Callable[[str], Paper]) -> None:
    paper = papers("report")
    headings = [each for each in paper.bookmarks() if "、" in each]
    assert headings == [f"{number}、{title}" for number, title in zip("一二三四五六七", SECTIONS, strict=True)]
    assert "本期提出协助请求29件，办结26件，" in paper.text and "两县互相提出的合在一起计。" in paper.text
    assert "合计2926—092.9%" in paper.text and "增减+20+18—0+4.0个百分点" in paper.text, (
        "what left something out is not compared"
    )
    assert "走访家属18160088.2%" in paper.text and "核查活动证1110＜50100.0%" in paper.text
    numbered = [f"表{n}" for n in range(1, 8)] + [f"图{n}" for n in range(1, 5)]
    assert [each for each in numbered if each not in paper.text] == []
    assert "需要注意的有：" in paper.text and "2026年9月30日联席会商各方" in paper.text
    assert "三季度把报到提醒提前到出发之前" in paper.text
    assert "2026年1月1日至2026年6月30日" in paper.text
    assert 5 <= paper.rendered.pages <= 9


def test_metrics_say_what_they_count() -> None:
    for code, metric in METRICS.items():
        assert code == metric.code
        assert metric.label
        assert len(metric.definition) >= 6
        if metric.ratio:
            assert set(metric.ratio) <= set(METRICS)


def test_charts_are_black_white_and_grey_and_hide_small_lengths() -> None:
    page = to_html(samples.report())
    for chart in re.findall(r"<svg xmlns.*?</svg>", page):
        colours = set(re.findall(r'(?:fill|stroke)="(#\w+)"', chart))
        assert colours <= {"#000", "#333", "#fff", "#aaa"}
        assert "<title>" in chart
        dashed = re.findall(r'width="([\d.]+)" height="([\d.]+)"[^>]*stroke-dasharray="2 1.5"', chart)
        assert len(set(dashed)) == ("＜5" in chart), (
            "few persons are one dashed bar of one length; activities are counted out"
        )
