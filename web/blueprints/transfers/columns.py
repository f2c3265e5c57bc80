"""The work lists of transfers as declarations: by their last day, what was decided, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select

from web.blueprints.filters import workdays_left
from web.blueprints.handovers.wording import OUTCOMES
from web.blueprints.handovers.wording import STATES as HANDOVER_STATES
from web.blueprints.transfers import wording
from web.blueprints.transfers.wording import STATES
from web.core import clock, keyset
from web.core.events import Actor
from web.federation.handovers import lists, worklists
from web.federation.handovers.models import HandoverState
from web.federation.handovers.worklists import BY_DAY, NEVER, SAID, Line, Tab
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers.models import TransferState
from web.tenants.workbench.facets import Facet, any_of, by_word
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, branch_choices, choice, pairs_of


def outcome(line: Line) -> str:
    """How it ended, in the words of its source."""
    said = wording.REFUSED.get(line.outcome) if line.source == "case" else OUTCOMES.get(line.outcome)
    return said or wording.state(line)


_COMMON = (
    Column("name", "姓名", lambda it: it.name or "（已清除）", 112),
    Column("way", "去向", wording.way, 0),
    Column("state", "状态", wording.state, 192),
    Column("branch", "本县支部", lambda it: it.branch, 192, "hide-narrow", missing="未编入"),
    Column("begun", "起始", lambda it: clock.day(it.created_at), 96, "hide-phone"),
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
        Column("ended", "结束", lambda it: clock.day(it.at), 96),
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


def _due() -> dict[str, ColumnElement[bool]]:
    today = clock.today()
    return {"late": SAID["due"] < today, "soon": SAID["due"].between(today, today + lists.SOON)}


_STATES = {s.value: HANDOVER_STATES[s] for s in HandoverState} | {s.value: STATES[s] for s in TransferState}
_NARROWS = (
    Facet("kind", "种类", any_of(SAID["kind"]), None, {
        "committee": "本党委内", "county": "本县党委之间", "outward": "转往县外", "inward": "从县外转入",
        "home": "转往伙伴县", "host": "转自伙伴县",
    }),
    Facet("state", "状态", any_of(SAID["state"]), None, _STATES),
    Facet("branch", "本县支部", any_of(SAID["branch"]), SAID["branch"].is_(None), "branches"),
    *labels.facets(SAID["row_id"]),
)  # fmt: skip
FACETS = {
    "transfers": (
        *_NARROWS,
        Facet("due", "期限", by_word(_due), SAID["due"] == NEVER, {"late": "已超期", "soon": "七日内到期"}),
    ),
    "transfers_decided": _NARROWS,
    "transfers_ended": (*_NARROWS, Facet("outcome", "结果", any_of(SAID["outcome"]), SAID["outcome"] == "", OUTCOMES)),
}


def branch_names(actor: Actor) -> Select[Any]:
    """Branches as choices by their full names, which is what a line says."""
    query = branch_choices(actor)
    return query.with_only_columns(*choice("branches", PartyOrg.full_name, PartyOrg.full_name, PartyOrg.path))


def _where(text: str) -> Sequence[ColumnElement[bool]]:
    return LISTINGS[name_of(tab_of(text))].asked(text).conditions()


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Line]:
    tab, where = tab_of(text), _where(text)
    for page in keyset.pages(lambda after: worklists.page(tab, actor, where, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return worklists.count(tab_of(text), actor, _where(text))


def _listing(name: str, columns: Sequence[Column]) -> Listing:
    return Listing(
        name, TITLES[name], "件", "transfers.index", Permission.TRANSFER_READ, lambda: (*columns, labels.COLUMN), _walk, _total,
        facets=lambda: FACETS[name], fixed="a case moves by its machine, and its packet is what was decided on",
        labelled=Labelled(Permission.TRANSFER_WRITE, lambda it: it.id), holds_shared=True,
    )  # fmt: skip


LISTINGS.update({name: _listing(name, columns) for name, columns in COLUMNS.items()})
