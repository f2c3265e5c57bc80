"""Geometry of the pictures: who shares what with whom, and flows from home to host. Plain figures in, coordinates out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, cos, hypot, pi, sin


@dataclass(frozen=True)
class Node:
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Arc:
    path: str
    tip: str
    """The arrow's head, a path of its own: marker references break under a `<base>` and in old WebKit."""
    lines: Sequence[str]
    x: float
    y: float
    is_thin: bool


@dataclass(frozen=True)
class SharingMap:
    width: int
    height: int
    nodes: Sequence[Node]
    arcs: Sequence[Arc]


def draw_sharing(counties: Sequence[str], shares: Sequence[tuple[str, str, str, bool]]) -> SharingMap:
    """Counties on an ellipse, the first at the bottom; an arrow for each (from, to, scopes as "S2 S4", is_thin).

    Two counties lie side by side. A thin arrow is one that carries only directories and counts.
    """
    width, height = 400, {2: 150, 3: 304}.get(len(counties), 368)
    middle_x, middle_y = width / 2, height / 2 + (0 if len(counties) == 2 else 4)
    start, across, down = (pi, 150, 0) if len(counties) == 2 else (pi / 2, 150, 128)
    place = {
        name: (
            middle_x + across * cos(start + 2 * pi * i / len(counties)),
            middle_y + down * sin(start + 2 * pi * i / len(counties)),
        )
        for i, name in enumerate(counties)
    }
    nodes = [Node(name, round(x, 1), round(y + 4, 1)) for name, (x, y) in place.items()]
    arcs = [_arc(place[a], place[b], scopes, is_thin) for a, b, scopes, is_thin in shares]
    return SharingMap(width, height, nodes, arcs)


def _arc(a: tuple[float, float], b: tuple[float, float], scopes: str, is_thin: bool) -> Arc:
    """An arrow bowed to its right hand, so that the two directions of a pair lie apart."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = hypot(dx, dy) or 1.0
    along, side = (dx / length, dy / length), (dy / length, -dx / length)
    bow = 30.0
    # names are wider than high: keep clear of them by an ellipse of 40 × 18 round each
    clear = 1 / hypot(along[0] / 40, along[1] / 18)
    p = (a[0] + along[0] * clear + side[0] * 6, a[1] + along[1] * clear + side[1] * 6)
    q = (b[0] - along[0] * clear + side[0] * 6, b[1] - along[1] * clear + side[1] * 6)
    c = ((p[0] + q[0]) / 2 + side[0] * bow, (p[1] + q[1]) / 2 + side[1] * bow)
    heading = atan2(q[1] - c[1], q[0] - c[0])
    left, right = ((q[0] - 8 * cos(heading + turn), q[1] - 8 * sin(heading + turn)) for turn in (0.42, -0.42))
    words, is_level = scopes.split(), abs(side[0]) < 0.4
    wide = 6 if is_level else 2  # between two slanting arrows there is room for two words a line
    lines = [" ".join(words[i : i + wide]) for i in range(0, len(words), wide)]
    # the words stand as far off the arrow as their box needs in that direction (7.5 px a letter, 15 px a line)
    half_wide, half_high = max(map(len, lines), default=0) * 3.75, len(lines) * 7.5
    off = bow / 2 + 5 + abs(side[0]) * half_wide + abs(side[1]) * half_high
    text = ((p[0] + q[0]) / 2 + side[0] * off, (p[1] + q[1]) / 2 + side[1] * off)
    return Arc(
        path=f"M{p[0]:.1f} {p[1]:.1f}Q{c[0]:.1f} {c[1]:.1f} {q[0]:.1f} {q[1]:.1f}",
        tip=f"M{q[0]:.1f} {q[1]:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}z",
        lines=lines,
        x=round(text[0], 1),
        y=round(text[1] - 7.5 * (len(lines) - 1) + 4, 1),
        is_thin=is_thin,
    )


@dataclass(frozen=True)
class Band:
    path: str
    words: str
    is_now: bool


@dataclass(frozen=True)
class Bar:
    name: str
    total: int
    x: float
    y: float
    height: float
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True)
class Sankey:
    width: int
    height: int
    bands: Sequence[Band]
    bars: Sequence[Bar]
    targets: Sequence[str]
    table: Sequence[tuple[str, Sequence[int]]] = field(default_factory=list)


def draw_flows(flows: Mapping[str, Mapping[str, int]], needs_a_hand: str = "", unit: str = "人") -> Sankey:
    """Bands from each outer key to each inner key, as thick as their figures; those into `needs_a_hand` are cinnabar.

    Order is kept. Every figure stands in `table` too, with 0 where a pair has none.
    """
    sources = list(flows)
    targets = list(dict.fromkeys(name for row in flows.values() for name in row))
    total = sum(sum(row.values()) for row in flows.values()) or 1
    left, right, top, gap, span = 112.0, 448.0, 8.0, 10.0, 192.0
    height = int(top * 2 + span + gap * (max(len(sources), len(targets), 1) - 1))

    def stack(names: Sequence[str], sums: Sequence[int], x: float, text_x: float, anchor: str) -> list[Bar]:
        free = (height - 2 * top - span) / max(len(names) - 1, 1)
        bars, y = [], top
        for name, figure in zip(names, sums, strict=True):
            tall = span * figure / total
            bars.append(Bar(name, figure, x, round(y, 1), round(tall, 1), text_x, round(y + tall / 2 + 4, 1), anchor))
            y += tall + free
        return bars

    outs = stack(sources, [sum(flows[s].values()) for s in sources], left, left - 8, "end")
    ins = stack(targets, [sum(flows[s].get(t, 0) for s in sources) for t in targets], right, right + 14, "start")
    bands, used = [], {bar.name: bar.y for bar in ins}
    for source, bar in zip(sources, outs, strict=True):
        y = bar.y
        for target in targets:
            figure = flows[source].get(target, 0)
            if not figure:
                continue
            thick, z = span * figure / total, used[target]
            a, b, m = left + 6, right, (left + right) / 2
            bands.append(
                Band(
                    f"M{a:g} {y:.1f}C{m:g} {y:.1f} {m:g} {z:.1f} {b:g} {z:.1f}V{z + thick:.1f}"
                    f"C{m:g} {z + thick:.1f} {m:g} {y + thick:.1f} {a:g} {y + thick:.1f}z",
                    f"{source} → {target} {figure} {unit}" if figure >= 5 else f"{source} → {target} <5 {unit}",
                    target == needs_a_hand,
                )
            )
            y += thick
            used[target] = z + thick
    table = [(source, [flows[source].get(target, 0) for target in targets]) for source in sources]
    return Sankey(560, height, bands, [*outs, *ins], targets, table)
