"""The registry of metrics: each has words, a source, and a place; templates and reports name no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import web.reports
from web.blueprints.figures.subjects import SUBJECTS, WAYS, codes_of
from web.federation.messages import MESSAGES
from web.reports import METRICS, AgreementReport, figures, rows

WEB = Path(web.reports.__file__).parents[1]
KINDS = "|".join(sorted({code.partition(".")[0] for code in METRICS}))
CODE = re.compile(rf"[\"'](({KINDS})\.[a-z_]+)[\"']")
# Worked out by the report from other figures or from the agreement's text, never counted.
WORKED_OUT = {
    "items.total": "item_count",
    "items.finished": "items_finished",
    "items.planned": "items",
    "scopes.used": "scopes_used",
    "items.overdue": "totals",
}


def sources() -> list[Path]:
    """Whatever may name a metric."""
    papers = (WEB / "templates" / "papers").glob("agreement_report.*")
    pages = (WEB / "templates" / "reports").glob("*.html")
    return [
        *papers,
        *pages,
        *(WEB / "reports").glob("*.py"),
        WEB / "blueprints" / "reports.py",
        WEB / "jobs" / "reports.py",
    ]


def test_every_metric_has_its_words():
    for code, metric in METRICS.items():
        assert code == metric.code and metric.label and len(metric.definition) > 5, code
        assert metric.unit or code in ("items.planned", "items.done"), f"{code} is counted in nothing"
        assert metric.definition[-1] not in "。；，", code


def test_every_metric_has_a_source(proved):
    ratios = {code for code, metric in METRICS.items() if metric.ratio}
    assert set(figures.SUPPLIED) | set(WORKED_OUT) | set(rows.ROWS) | ratios == set(METRICS)
    for code, entry in rows.ROWS.items():
        assert (entry.days is not None) == bool(METRICS[code].over), code
        assert not METRICS[code].over or rows.ROWS[METRICS[code].over].room is entry.room, code
    for metric in METRICS.values():
        assert metric.source and metric.empty, metric.code
    assert not (set(figures.SUPPLIED) & set(WORKED_OUT)) and not (ratios & set(figures.SUPPLIED))
    for supplied in figures.SUPPLIED.values():
        assert callable(supplied) and supplied.__module__ == figures.__name__
    for attribute in WORKED_OUT.values():
        assert attribute in {*dir(AgreementReport), *(field.name for field in fields(AgreementReport))}
    for code, metric in METRICS.items():
        assert {*(metric.ratio or ()), *filter(None, [metric.over])} <= set(METRICS), code
    proved("metrics with a definition and a source", len(METRICS))


def test_no_other_code_is_named():
    named = {found[0] for path in sources() for found in CODE.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 15
    assert sorted(named - set(METRICS) - set(MESSAGES)) == [], "but for messages, which may begin with the same word"
    assert {*codes_of(SUBJECTS), *WAYS} <= set(METRICS)


def test_pages_print_numbers_through_the_one_door():
    pages = [WEB / "templates" / "reports" / name for name in ("show.html", "figures.html")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert text.count("|figure") == 2, "in the two macros that print one"
    assert ".value" not in text and "|n }}" not in text
