"""The geometry of the pictures holds its figures."""

import re
from datetime import date
from itertools import combinations

import pytest

from web.blueprints.pictures import Mark, Step, Stretch, draw_flows, draw_life, draw_sharing, draw_way

NAMES = ["余杭区", "岳西县", "松阳县", "鄱阳县", "莲都区"]


def test_bands_are_as_thick_as_their_figures_and_hide_few_people():
    flows = draw_flows({"岳西县": {"甲街道": 60, "未编入": 3}, "松阳县": {"甲街道": 37}}, needs_a_hand="未编入")
    assert flows.targets == ["甲街道", "未编入"]
    assert flows.table == [("岳西县", [60, 3]), ("松阳县", [37, 0])]
    assert [band.words for band in flows.bands] == [
        "岳西县 → 甲街道 60 人",
        "岳西县 → 未编入 <5 人",
        "松阳县 → 甲街道 37 人",
    ]
    assert [band.is_now for band in flows.bands] == [False, True, False]
    assert {bar.words: bar.total for bar in flows.bars} == {"岳西县": 63, "松阳县": 37, "甲街道": 97, "未编入": 3}
    assert sum(bar.height for bar in flows.bars[:2]) == pytest.approx(
        sum(bar.height for bar in flows.bars[2:]), abs=0.2
    )
    assert all(bar.y + bar.height <= flows.height for bar in flows.bars)


def test_no_flows_draw_nothing():
    flows = draw_flows({})
    assert flows.bands == []
    assert flows.bars == []
    assert flows.table == []


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        ("S0 S1 S2 S3 S4 S5 S6 S7", "S0–S7"),
        ("S2 S3 S4 S6 S7", "S2–S4 S6 S7"),
        ("S0 S1 S3 S4 S6 S7", "S0 S1 S3 S4 S6 S7"),
    ],
)
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_every_arrow_stays_in_the_picture_and_off_the_other_words(count, scopes, said):
    names = NAMES[:count]
    shares = [(a, b, scopes, False) for pair in combinations(names, 2) for a, b in (pair, pair[::-1])]
    drawn = draw_sharing(names, shares)
    assert [node.name for node in drawn.nodes] == names
    assert len(drawn.arcs) == len(shares)
    for arc in drawn.arcs:
        figures = [float(f) for f in re.findall(r"-?\d+\.\d", arc.path + arc.tip)]
        assert min(figures) >= 0
        assert all(x <= drawn.width for x in figures[::2])
        assert " ".join(arc.lines) == said
        assert arc.y - 12 >= 0
        assert arc.y + 15 * (len(arc.lines) - 1) <= drawn.height
    if count <= 3:  # what agreements of the product have
        boxes = [
            (arc.x, arc.y + 7.5 * (len(arc.lines) - 1) - 4, max(map(len, arc.lines)) * 3.5, len(arc.lines) * 7)
            for arc in drawn.arcs
        ]
        for a, b in combinations(boxes, 2):
            assert abs(a[0] - b[0]) >= a[2] + b[2] or abs(a[1] - b[1]) >= a[3] + b[3]


def test_a_way_keeps_its_numbers_and_leaves_out_where_nobody_went():
    forks = [
        [Step("已接收", 35, "/a"), Step("等对方接收", 6), Step("未接收", 2, "/c")],
        [Step("已报到", 35), Step("等本人报到", 0)],
        [Step("已编入", 0), Step("等编入", 35)],
    ]
    way = draw_way(Step("送出", 43), forks)
    assert [(leg.words, leg.url, leg.is_on) for leg in way.legs] == [
        ("送出 → 已接收 35 名", "/a", True), ("送出 → 等对方接收 6 名", "", False), ("送出 → 未接收 2 名", "/c", False),
        ("已接收 → 已报到 35 名", "", True), ("已报到 → 等编入 35 名", "", False),
    ]  # fmt: skip
    tall = {bar.words: bar.height for bar in way.bars}
    assert "等本人报到" not in tall and "已编入" not in tall
    assert tall["已接收"] + tall["等对方接收"] + tall["未接收"] == pytest.approx(tall["送出"], abs=0.2)
    assert all(bar.y + bar.height <= way.height and 0 < bar.text_y <= way.height for bar in way.bars)
    assert way.width - max(bar.text_x for bar in way.bars) > 130, "room for the last place's words, in English too"
    assert draw_way(Step("送出", 0), [[Step("已接收", 0), Step("未接收", 0)]]).legs == []


def test_a_life_stays_in_its_picture_and_keeps_the_order_of_days():
    today = date(2026, 5, 12)
    held = [Stretch("held", "第 1 版", date(2026, 1, 9), today), Stretch("ahead", "第 1 版", today, date(2028, 1, 8))]
    stopped = Stretch("stopped", "暂停共享", date(2026, 3, 1), date(2026, 3, 6))
    marks = [Mark("done", "名册核对", date(2026, 4, 1)), Mark("now", "联席会商", date(2026, 6, 1))]
    life = draw_life([*held, stopped], marks, today)
    assert all(x >= 0 and x + width <= life.width for x, _, width, _ in life.stretches)
    assert life.marks[0][0] < life.today < life.marks[1][0]
    assert life.stretches[0][0] + life.stretches[0][2] == pytest.approx(life.today, abs=0.2)
    assert 2 <= len(life.ticks) <= 10 and life.ticks == sorted(life.ticks)
    assert draw_life([], [], today).stretches == []
