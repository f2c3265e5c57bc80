"""A table and a chart of a report: figures of one metric a column, a row each for what they are counted for, then for all
together, for the last comparable period, and for the change since. Paper, screen and data print the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.core.saying import say
from web.reports import charts
from web.reports.charts import Series
from web.reports.metrics import METRICS, Figure

TOTAL, THEN, SINCE = "合计", "上期", "增减"


def heading(code: str) -> str:
    """A metric's label with its unit, for the head of a row or column."""
    metric = METRICS[code]
    says_it = metric.unit == "%" or metric.unit in metric.label
    return metric.label if says_it else say("{label}（{unit}）", label=metric.label, unit=metric.unit)


@dataclass(frozen=True)
class Row:
    """`place`: the number of the direction it is of, -1 for any other row. `kind`: of the requests it is of."""

    label: str
    figures: tuple[Figure, ...]
    place: int = -1
    kind: str = ""

    @property
    def is_sum(self) -> bool:
        """Whether it stands under a rule."""
        return self.label == TOTAL


@dataclass(frozen=True)
class Table:
    """`over`: the head of the first column. `columns`: the metrics, by code; empty where `heads` say it."""

    title: str
    over: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A picture of figures that stand in the table `of`, which is printed beside it."""

    title: str
    series: tuple[Series, ...]
    categories: tuple[str, ...]
    of: str
    is_upright: bool = False

    @property
    def picture(self) -> Markup:
        """As inline SVG, for paper and screen."""
        draw = charts.columns if self.is_upright else charts.bars
        return draw(self.series, self.categories, say("{title}，数值见图中标注和{of}", title=self.title, of=self.of))


def compared(columns: Sequence[str], then: Mapping[str, Figure], since: Callable[[str], Figure]) -> tuple[Row, ...]:
    """The rows under a table when there is a period before; none without."""
    if not then:
        return ()
    return Row(THEN, tuple(then[code] for code in columns)), Row(SINCE, tuple(since(code) for code in columns))
