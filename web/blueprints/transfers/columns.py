"""The work lists of transfers as declarations: by their last day, what was decided, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from web.blueprints.filters import workdays_left
from web.blueprints.handovers.wording import OUTCOMES
from web.blueprints.transfers import wording
from web.core import clock, keyset
from web.core.events import Actor
from web.federation.handovers import worklists
from web.federation.handovers.worklists import BY_DAY, Line, Tab
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.listings import LISTINGS, Column, Listing, pairs_of


def outcome(line: Line) -> str:
    """How it ended, in the words of its source."""
    said = wording.REFUSED.get(line.outcome) if line.source == "case" else OUTCOMES.get(line.outcome)
    return said or wording.state(line)


_COMMON = (
    Column("name", "姓名", lambda it: it.name or "（已清除）", 112),
    Column("way", "去向", wording.way, 0),
    Column("state", "状态", wording.state, 192),
    Column("branch", "本县支部", lambda it: it.branch, 192, "hide-narrow", missing="未编入"),
    Column("begun", "起始", lambda it: it.created_at.date(), 96, "hide-phone"),
)
_MOVED = Column("moved", "最近办理", lambda it: it.at, 128, is_standard=False)
COLUMNS = {
    "transfers": (
        *_COMMON,
        Column("due", "期限", lambda it: it.due_on, 96, missing="无"),
        Column("left", "剩余工作日", lambda it: workdays_left(it.due_on), 96, is_number=True, missing="无"),
        _MOVED,
    ),
    "transfers_decided": (
        *_COMMON,
        Column("by", "审批人", lambda it: it.by, 96, missing="系统"),
        Column("at", "审批时间", lambda it: it.at, 128),
    ),
    "transfers_ended": (
        *_COMMON,
        Column("outcome", "结果", outcome, 192),
        Column("ended", "结束", lambda it: it.at.date(), 96),
    ),
}
TITLES = {
    "transfers": "组织关系转接",
    "transfers_decided": "组织关系转接审批记录",
    "transfers_ended": "组织关系转接历史",
}


def name_of(tab: Tab) -> str:
    """The declaration a work list is shown by."""
    return "transfers" if tab in BY_DAY else "transfers_decided" if tab is Tab.DECIDED else "transfers_ended"


def tab_of(text: str) -> Tab:
    """Which work list an address asks for."""
    said = dict(pairs_of(text)).get("tab")
    return Tab(said) if said in list(Tab) else Tab.TODO


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Line]:
    tab = tab_of(text)
    for page in keyset.pages(lambda after: worklists.page(tab, actor, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return worklists.counts(actor, clock.now()).by[tab_of(text)]


def _listing(name: str, columns: Sequence[Column]) -> Listing:
    return Listing(
        name, TITLES[name], "件", "transfers.index", Permission.TRANSFER_READ, lambda: columns, _walk, _total
    )


LISTINGS.update({name: _listing(name, columns) for name, columns in COLUMNS.items()})
