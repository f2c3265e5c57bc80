"""Geometry of the pictures: who shares what with whom, flows, ways with forks, time lines. Plain figures in, coordinates out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import atan2, cos, hypot, pi, sin

from web.core.dates import MONTHS
from web.core.saying import say, written


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
    # between two slanting arrows there is room for three lines of two words; a run of scopes is as wide as two
    lines = _rows(_runs(scopes.split()), 17 if abs(side[0]) < 0.4 else 5)
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


def _runs(scopes: Sequence[str]) -> list[str]:
    """S0 S1 S2 S4 S6 S7 → S0–S2 S4 S6 S7: three or more that follow each other are said by the ends."""
    found: list[list[str]] = []
    for scope in scopes:
        if found and int(scope[1:]) == int(found[-1][-1][1:]) + 1:
            found[-1].append(scope)
        else:
            found.append([scope])
    return [word for run in found for word in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else run)]


def _rows(words: Sequence[str], wide: int) -> list[str]:
    """The words in lines of at most so many letters."""
    rows: list[str] = []
    for word in words:
        if rows and len(rows[-1]) + 1 + len(word) <= wide:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


@dataclass(frozen=True)
class Band:
    path: str
    words: str
    is_now: bool


@dataclass(frozen=True)
class Bar:
    words: str
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
    bands, used = [], {bar.words: bar.y for bar in ins}
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


@dataclass(frozen=True)
class Step:
    """A place on the way of many, and how many came there."""

    words: str
    count: int
    url: str = ""


@dataclass(frozen=True)
class Leg:
    """A band from one place to the next; `is_on` where it leads on, not to an end."""

    path: str
    words: str
    url: str
    is_on: bool


@dataclass(frozen=True)
class Way:
    """`bars`: the places, their words above (those from where it goes on) or to the right."""

    width: int
    height: int
    legs: Sequence[Leg]
    bars: Sequence[Bar]


def draw_way(start: Step, forks: Sequence[Sequence[Step]], unit: str = "名") -> Way:
    """From `start` through forks: the first place of each goes on to the next fork, the others end there.

    Bands are as thick as their figures; a place nobody came to is left out, unless the way leads through it.
    """
    left, step, top, span, thin = 8.0, 164.0, 26.0, 150.0, 6.0
    scale = span / (start.count or 1)

    def tall(place: Step) -> float:
        return scale * place.count

    bars = [Bar(start.words, start.count, left, top, round(tall(start), 1), left, top - 8, "start")]
    legs, source, x, lowest = list[Leg](), start, left, top + tall(start)
    for number, places in enumerate(forks):
        right, y, z = x + step, top, top
        for place in places:
            leads_on = place is places[0] and number < len(forks) - 1
            if not place.count and not leads_on:
                continue
            high = tall(place)
            above = leads_on or y == top
            text = (right, y - 8, "start") if above else (right + thin + 6, y + high / 2 + 4, "start")
            bars.append(
                Bar(place.words, place.count, right, round(y, 1), round(high, 1), text[0], round(text[1], 1), text[2])
            )
            if place.count:
                a, m = x + thin, (x + thin + right) / 2
                legs.append(
                    Leg(
                        f"M{a:g} {z:.1f}C{m:g} {z:.1f} {m:g} {y:.1f} {right:g} {y:.1f}V{y + high:.1f}"
                        f"C{m:g} {y + high:.1f} {m:g} {z + high:.1f} {a:g} {z + high:.1f}z",
                        say(
                            "{source} → {place} {count} {unit}",
                            source=source.words,
                            place=place.words,
                            count=place.count,
                            unit=unit,
                        ),
                        place.url,
                        place is places[0],
                    )
                )
                z += high
            y += max(high, 14) + 12
        lowest = max(lowest, y - 12)
        source, x = places[0], right
    return Way(808, int(lowest + 10), legs, bars)  # the last place's words want room to its right, in English too


@dataclass(frozen=True)
class Stretch:
    """A time something held, from its first day to its last. `kind`: held | ahead | stopped."""

    kind: str
    words: str
    first: date
    last: date


@dataclass(frozen=True)
class Mark:
    """A day on which something was due or happened. `kind`: a knot (done | now | off | todo)."""

    kind: str
    words: str
    on: date


@dataclass(frozen=True)
class Life:
    """`stretches`: (x, y, width, stretch); `marks`: (x, y, mark); `ticks`: (x, words); `today`: its x, None outside."""

    width: int
    height: int
    stretches: Sequence[tuple[float, float, float, Stretch]]
    marks: Sequence[tuple[float, float, Mark]]
    ticks: Sequence[tuple[float, str]]
    today: float | None


def draw_life(stretches: Sequence[Stretch], marks: Sequence[Mark], today: date) -> Life:
    """A time line: what held above, what was stopped under it, single days below, months along the axis."""
    days = [s.first for s in stretches] + [s.last for s in stretches] + [m.on for m in marks] + [today]
    first, last = min(days).replace(day=1), max(days)
    total = max((last - first).days, 1)

    def x(on: date) -> float:
        return round(12 + 736 * (on - first).days / total, 1)

    rows = {"held": 34.0, "ahead": 34.0, "stopped": 54.0}
    drawn = [(x(s.first), rows[s.kind], round(max(x(s.last) - x(s.first), 2), 1), s) for s in stretches]
    months = [1, 2, 3, 6, 12]
    every = next((m for m in months if total / 30.4 / m <= 9), 12)
    ticks, on = list[tuple[float, str]](), first
    while on <= last:
        if (on.month - 1) % every == 0:
            ticks.append((x(on), written(f"{on:%Y-%m}", f"{MONTHS[on.month - 1][:3]} {on.year}")))
        on = (on + timedelta(days=32)).replace(day=1)
    return Life(760, 96, drawn, [(x(m.on), 70.0, m) for m in marks], ticks, x(today))
