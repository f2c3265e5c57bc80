"""Charts as inline SVG: black, white and grey only, because reports are photocopied; every value stands beside its bar.

A masked figure is drawn as one fixed dashed bar, so that its length tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from web.reports.metrics import Figure

_FILLS = ("#333", "#fff", "#aaa")
_WIDTH = 442


@dataclass(frozen=True)
class Series:
    """A row of figures of one metric, one a category."""

    label: str
    figures: tuple[Figure, ...]


def _text(x: float, y: float, words: str, size: float = 9.5, anchor: str = "start") -> Markup:
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" font-size="{}" text-anchor="{}" font-family="Noto Sans CJK SC">{}</text>'
    ).format(x, y, size, anchor, words)


def _value(x: float, y: float, figure: Figure, anchor: str = "middle") -> Markup:
    return Markup('<g data-metric="{}">{}</g>').format(figure.metric, _text(x, y, figure.text, 8.5, anchor))


def _bar(x: float, y: float, width: float, height: float, fill: int, figure: Figure) -> Markup:
    colour, dashes = (_FILLS[fill], "none") if figure.is_shown else ("#fff", "2 1.5")
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" stroke="#000" stroke-width=".6"'
        ' fill="{}" stroke-dasharray="{}"/>'
    ).format(x, y, width, height, colour, dashes)


def _highest(series: Sequence[Series]) -> Decimal:
    return max(
        (Decimal(each.value or 0) for row in series for each in row.figures if each.is_shown), default=Decimal(0)
    ) or Decimal(1)


def _length(figure: Figure, highest: Decimal, room: float) -> float:
    """The drawn length; small fixed for what is not shown, nothing for what is not there."""
    if figure.value is None or (figure.is_shown and figure.value == 0):
        return 0
    return float(Decimal(figure.value) / highest) * room if figure.is_shown else 6


def _legend(series: Sequence[Series], y: float) -> Markup:
    out, x = Markup(), 36.0
    for index, row in enumerate(series):
        out += Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="9" height="7" fill="{}" stroke="#000" stroke-width=".6"/>'
        ).format(x, y - 7, _FILLS[index])
        out += _text(x + 13, y, row.label)
        x += 30 + 9.5 * len(row.label)
    return out


def _svg(height: float, title: str, body: Markup) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {:.0f}" role="img"><title>{}</title>{}</svg>'
    ).format(_WIDTH, height, title, body)


def columns(series: Sequence[Series], categories: Sequence[str], title: str) -> Markup:
    """Upright bars side by side for each category (months): up to three series."""
    floor, room, left = 112.0, 90.0, 12.0
    step = (_WIDTH - left) / len(categories)
    bar = min(20.0, (step - 14) / len(series))
    highest, body = _highest(series), Markup()
    for place, category in enumerate(categories):
        start = left + place * step + (step - bar * len(series)) / 2
        for index, row in enumerate(series):
            figure = row.figures[place]
            height, x = _length(figure, highest, room), start + index * bar
            if height:
                body += _bar(x + 1, floor - height, bar - 2, height, index, figure)
            body += _value(x + bar / 2, floor - height - 3, figure)
        body += _text(left + place * step + step / 2, floor + 13, category, anchor="middle")
    body += Markup('<path d="M{} {}H{}" stroke="#000" stroke-width=".8"/>').format(left, floor, _WIDTH)
    return _svg(floor + 36, title, body + _legend(series, floor + 31))


def bars(series: Sequence[Series], categories: Sequence[str], title: str) -> Markup:
    """Lying bars, a group for each category (a direction): up to three series."""
    left, room, thick, body, y = 112.0, 285.0, 11.0, Markup(), 6.0
    highest = _highest(series)
    for place, category in enumerate(categories):
        body += _text(left - 8, y + thick * len(series) / 2 + 3.5, category, anchor="end")
        for index, row in enumerate(series):
            figure = row.figures[place]
            length = _length(figure, highest, room)
            if length:
                body += _bar(left, y + 1, length, thick - 2, index, figure)
            body += _value(left + length + 4, y + thick - 2.5, figure, "start")
            y += thick
        y += 8
    body += Markup('<path d="M{} 2V{:.1f}" stroke="#000" stroke-width=".8"/>').format(left, y - 4)
    return _svg(y + 14, title, body + _legend(series, y + 9))
