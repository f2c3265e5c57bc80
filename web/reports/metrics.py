"""The registry of the report's metrics, and the one type a number needs to be printed.

A number of persons from 1 to 4 is never shown. Nor is a number from which one could be computed: totals leave such
cells out, rates and changes built on them show a dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from web.core.saying import say, within
from web.reports.periods import Period

SMALL = 5
MASKED, WITHHELD = "＜5", "—"


@dataclass(frozen=True)
class Metric:
    """One thing that is counted.

    `unit` is what the number is followed by; empty where each figure brings its own. `is_persons` says that one is
    one person. `ratio` names part and whole of a percentage, which is always computed here, never given. `over` names
    the count a median is taken over: of fewer than five it would tell of single persons. `empty` is said where there is
    nothing to divide by, or nothing to take a median of: that is not 0. `source`: where it is shown.

    What is counted stands in `web.reports.rows`, by the same code.
    """

    code: str
    label: str
    unit: str
    definition: str
    is_persons: bool = False
    ratio: tuple[str, str] | None = None
    over: str = ""
    empty: str = "无数据"
    source: str = "report"


def _table(*rows: Metric) -> dict[str, Metric]:
    return {row.code: row for row in rows}


def _federation(*rows: Metric) -> tuple[Metric, ...]:
    return tuple(replace(row, source="figures") for row in rows)


# As names of numbers they say what was done; the same words on a button say what to do.
_DONE = within("number", {"held": "送请共签", "offered": "送出"})

METRICS: dict[str, Metric] = _table(
    Metric(
        "flows.to_partner",
        "流向对方的党员",
        "名",
        "期末有效的流动登记，流入地在对方县（区）；误登的不计。由流出地提供，流入地没有这个数",
        True,
    ),
    Metric("members.shared", "已发出流动告知", "名", "期末仍有效、依本协议发出的流动告知，撤回和结束的不计", True),
    Metric("members.reported_in", "已报到", "名", "期末有效的流动告知中，流入地已登记报到的", True),
    Metric(
        "members.report_in_rate",
        "报到率",
        "%",
        "已报到 ÷ 已发出流动告知",
        ratio=("members.reported_in", "members.shared"),
    ),
    Metric("members.taken_on", "已编入党支部", "名", "期末有效的流动告知中，流入地已编入一个党支部的", True),
    Metric(
        "members.take_on_rate",
        "编入率",
        "%",
        "已编入党支部 ÷ 已发出流动告知",
        ratio=("members.taken_on", "members.shared"),
    ),
    Metric("members.not_reported", "尚未报到", "名", "已发出流动告知减去已报到", True),
    Metric(
        "members.days_to_take_on",
        "从告知到编入的中位天数",
        "天",
        "期末已编入党支部的党员，从发出告知到编入的天数，取中位数",
        over="members.taken_on",
    ),
    Metric("members.new_reported_in", "本月新报到", "名", "当月登记报到的党员", True),
    Metric("members.new_taken_on", "本月编入党支部", "名", "当月编入党支部的党员", True),
    Metric("items.total", "协议事项", "项", "生效文本所列的协议事项"),
    Metric("items.finished", "已完成的协议事项", "项", "完成数达到或者超过计划数的协议事项"),
    Metric("items.planned", "计划", "", "协议事项约定的数量，单位由事项规定；没有约定数量的，以100%计"),
    Metric("items.done", "完成", "", "期末累计完成的数量，单位同计划；没有约定数量的，取本县最近一次记录的完成比例"),
    Metric("transfers.opened", "本期提出", "件", "本期依本协议提出的组织关系转接；对方没有受理的不计", True),
    Metric("transfers.closed", "已办结", "件", "本期经流出地确认的转接", True),
    Metric("transfers.refused", "未接收", "件", "本期被拒绝或者谢绝接收的转接", True),
    Metric("transfers.recalled", "已召回", "件", "本期由流出地召回，或者由任何一方撤销的转接", True),
    Metric("transfers.expired", "期满失效", "件", "本期因超过答复、补正或者介绍信期限而终止的转接", True),
    Metric(
        "transfers.days", "办结中位天数", "天", "本期办结的转接，从提出到确认的天数，取中位数", over="transfers.closed"
    ),
    Metric("scopes.used", "使用的范围", "个", "本期有数据提供或者查阅的共享范围"),
    Metric("shares.provided", "提供", "条", "本期依本协议向各方提供的党员记录，一人一范围一次计一条", True),
    Metric("shares.reads", "查阅", "次", "本期在本县打开含有各方所提供记录的页面的次数，一页计一次"),
    Metric("notices.recorded", "告知或同意", "名", "本期记录了告知或者同意的党员，不论后来是否撤回", True),
    Metric("notices.withdrawn", "撤回", "名", "本期撤回了告知或者同意的党员", True),
    Metric("purges.proved", "已删除并回执", "名", "本期收到对方删除回执的党员记录", True),
    Metric("cosign.held", _DONE["held"], "场", "本期举办、送请流出地共签的活动，一场一个流出地计一次，撤回的不计"),
    Metric("cosign.agreed", "已共签", "场", "送请共签的活动中，流出地已经共签、没有作废的"),
    Metric("cosign.rate", "共签率", "%", "已共签 ÷ 送请共签", ratio=("cosign.agreed", "cosign.held"), empty="没有送签"),
    Metric("cosign.disputed", "有过异议", "场", "送请共签的活动中，流出地提出过异议的，不论后来是否共签"),
    Metric(
        "cosign.unsettled", "未共签即结束", "场", "送请共签的活动中，流出地不予共签、逾期没有共签或者双方同意作废的"
    ),
    Metric(
        "cosign.persons",
        "共签人次",
        "人次",
        "已共签的活动中，流出地认可的名单，一人一场计一次，请假和没有到会的也在内",
        True,
    ),
    Metric("items.overdue", "逾期未完成事项", "项", "完成期限已过、仍没有完成的协议事项"),
    Metric(
        "duties.missed", "逾期未办的定期事项", "次", "期限在本期、没有办理的定期事项：名册核对、联席会商、年度核查等"
    ),
    # Between partners, on screen alone.
    *_federation(
        Metric("flows.reported_in", "流出党员中已报到", "名", "期末有效、流向对方的流动登记中，对方已登记报到的", True),
        Metric(
            "flows.report_in_rate",
            "流出报到率",
            "%",
            "流出党员中已报到 ÷ 流向对方的党员；没有告知对方的也在分母里",
            ratio=("flows.reported_in", "flows.to_partner"),
            empty="没有流出",
        ),
        Metric("flows.unmatched", "未送对方", "名", "期末有效、流向对方的流动登记中，没有一份有效的流动告知的", True),
        Metric(
            "claims.unmatched", "待认领", "名", "流入地送请认领、期末流出地还没有认出是谁的人，已答复不是的不计", True
        ),
        Metric("transfers.on_time", "按期办结", "件", "本期办结的转接中，流入地在介绍信有效期内接收的", True),
        Metric(
            "transfers.on_time_rate",
            "按期率",
            "%",
            "按期办结 ÷ 已办结",
            ratio=("transfers.on_time", "transfers.closed"),
            empty="没有办结",
        ),
        Metric("requests.opened", "本期提出的请求", "件", "本期提出的协助请求，对方没有收下的不计", True),
        Metric("requests.done", "已办结的请求", "件", "办结之日在本期的协助请求", True),
        Metric("requests.refused", "未办成的请求", "件", "本期不接受或者没有办成的协助请求", True),
        Metric("requests.void", "撤回或逾期的请求", "件", "本期由请求方撤回，或者逾期失效的协助请求", True),
        Metric(
            "requests.due", "应答复的请求", "件", "办理期限在本期、期限已过或者已有结果的协助请求，撤回的不计", True
        ),
        Metric(
            "requests.on_time",
            "按期有结果的请求",
            "件",
            "应答复的请求中，期限当天或者之前有结果的，不接受也是结果",
            True,
        ),
        Metric(
            "requests.on_time_rate",
            "请求按期率",
            "%",
            "按期有结果的请求 ÷ 应答复的请求",
            ratio=("requests.on_time", "requests.due"),
            empty="没有到期",
        ),
        # The way of the notices sent in the period, as far as it went by its end: each falls into one of every fork.
        Metric("way.offered", _DONE["offered"], "名", "本期送出的流动告知，流入地送请认领的从认出之日起计", True),
        Metric("way.accepted", "已接收", "名", "本期送出的流动告知中，期末以前对方已接收的", True),
        Metric("way.unanswered", "等对方接收", "名", "本期送出、期末还没有答复的", True),
        Metric("way.not_accepted", "未接收", "名", "本期送出、没有接收就结束的：谢绝、逾期、撤回", True),
        Metric("way.reported_in", "已报到", "名", "本期送出的流动告知中，期末以前已报到的", True),
        Metric("way.awaited", "等本人报到", "名", "本期送出、已接收、期末还没有报到的", True),
        Metric("way.never_came", "未报到即结束", "名", "本期送出、已接收、没有报到就结束的", True),
        Metric("way.taken_on", "已编入", "名", "本期送出的流动告知中，期末以前已编入一个党支部的", True),
        Metric("way.arrived", "等编入", "名", "本期送出、已报到、期末还没有编入党支部的", True),
        Metric("way.left_early", "未编入即结束", "名", "本期送出、已报到、没有编入党支部就结束的", True),
        Metric("way.kept", "在管", "名", "本期送出、已编入党支部、期末仍有效的", True),
        Metric("way.handed_over", "已转接", "名", "本期送出、已编入党支部、因组织关系转出而结束的，不论转到哪里", True),
        Metric("way.left", "已结束", "名", "本期送出、已编入党支部、因返乡等其他缘由结束的", True),
    ),
)


@dataclass(frozen=True)
class Figure:
    """A number with its metric; the only thing a report prints as a number.

    `value` None means that there is nothing to tell (no case, or not computable); `is_withheld` that it could be told
    but would give a small number away; `is_own` that it stays on a screen of the county whose rows it counts, where
    nothing is masked. ValueError for an unknown metric or a foreign unit.
    """

    metric: str
    value: int | Decimal | None
    unit: str
    period: Period
    is_withheld: bool = False
    is_own: bool = False

    def __post_init__(self) -> None:
        known = METRICS.get(self.metric)
        if known is None:
            raise ValueError(f"no such metric: {self.metric}")
        if known.unit and self.unit != known.unit:
            raise ValueError(f"{self.metric} is counted in {known.unit}")
        if self.value is not None and not self.is_delta and self.value < 0:
            raise ValueError("a figure is not negative")

    @property
    def is_delta(self) -> bool:
        """Whether this is a change between two periods."""
        return isinstance(self, Change)

    @property
    def is_masked(self) -> bool:
        """Whether this is a number of persons that must not be shown."""
        few = METRICS[self.metric].is_persons and self.value is not None and 0 < self.value < SMALL
        return few and not self.is_own

    @property
    def is_shown(self) -> bool:
        """Whether the number itself is printed."""
        return self.value is not None and not self.is_masked and not self.is_withheld

    @property
    def text(self) -> str:
        """What is printed, without the unit; thousands separated."""
        return self._written(",")

    @property
    def plain(self) -> str:
        """The same for machines: digits alone."""
        return self._written("")

    def _written(self, thousands: str) -> str:
        if self.value is None or self.is_withheld:
            return WITHHELD
        return MASKED if self.is_masked else f"{self.value:{thousands}{'f' if isinstance(self.value, Decimal) else ''}}"

    @property
    def words(self) -> str:
        """With the unit, for prose."""
        if self.text == WITHHELD or self.unit in ("", "%"):
            return self.text + self.unit * (self.text != WITHHELD)
        return say("{text}{unit}", text=self.text, unit=self.unit)


@dataclass(frozen=True)
class Change(Figure):
    """The difference of two figures of one metric, of this period and the one before."""

    @property
    def is_masked(self) -> bool:
        """A difference of two numbers that are both shown tells nothing new."""
        return False

    def _written(self, thousands: str) -> str:
        """With its sign; percentages differ by points."""
        if not self.is_shown or self.value is None:
            return WITHHELD
        sign = "+" if self.value > 0 else "−" if self.value < 0 else ""
        size = f"{abs(self.value):{thousands}}"
        return say("{sign}{abs}{more}", sign=sign, abs=size, more="个百分点" if self.unit == "%" else "")


def demand(value: object) -> Figure:
    """The one door through which a number reaches a report, on paper or screen. TypeError for anything but a Figure."""
    if not isinstance(value, Figure):
        raise TypeError(f"a report prints figures only, not {type(value).__name__}")
    return value


def figure(metric: str, value: int | Decimal | None, period: Period, unit: str = "") -> Figure:
    """A figure with the unit of its metric; `unit` only for metrics whose figures bring their own."""
    return Figure(metric, value, METRICS[metric].unit or unit if metric in METRICS else unit, period)


def withheld(shown: Figure) -> Figure:
    """The same figure, not to be printed because a masked neighbour could be computed from it."""
    return replace(shown, is_withheld=True)


def total(figures: Sequence[Figure]) -> Figure:
    """The sum of what is shown; masked and withheld cells are left out.

    A dash where nothing is left, and where what is left is 0: "0 in all" beside a masked cell would be untrue.
    """
    shown = [each.value for each in figures if each.is_shown and each.value is not None]
    is_partial = any(each.is_masked or each.is_withheld for each in figures)
    value = sum(shown) if shown and (sum(shown) or not is_partial) else None
    return Figure(figures[0].metric, value, figures[0].unit, figures[0].period)


def rate(metric: str, part: Figure, whole: Figure) -> Figure:
    """A percentage with one decimal; a dash without a whole, or where part or whole is not shown."""
    if METRICS[metric].ratio != (part.metric, whole.metric):
        raise ValueError(f"{metric} is not {part.metric} of {whole.metric}")
    value: Decimal | None = None
    if part.is_shown and whole.is_shown and whole.value:
        exact = Decimal(part.value or 0) * 100 / Decimal(whole.value)
        value = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Figure(metric, value, METRICS[metric].unit, part.period, is_own=part.is_own)


def change(now: Figure, before: Figure) -> Change:
    """How far a figure moved since the period before; a dash unless both are shown."""
    if now.metric != before.metric:
        raise ValueError("only figures of one metric can be compared")
    moved = (
        now.value - before.value
        if now.is_shown and before.is_shown and now.value is not None and before.value is not None
        else None
    )
    return Change(now.metric, moved, now.unit, now.period)


def by_code(figures: Iterable[Figure]) -> dict[str, Figure]:
    """Figures by their metric; ValueError if one is given twice."""
    found: dict[str, Figure] = {}
    for each in figures:
        if each.metric in found:
            raise ValueError(f"{each.metric} given twice")
        found[each.metric] = each
    return found
