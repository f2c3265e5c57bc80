"""The work lists of handovers as declarations: the open ones, and the history, which says how it ended instead of what is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement

from web.blueprints.filters import workdays_left
from web.blueprints.handovers import wording
from web.core import clock, keyset
from web.core.events import Actor
from web.core.saying import say
from web.federation.handovers import lists
from web.federation.handovers.lists import Row, Tab
from web.federation.handovers.models import OPEN as STILL
from web.federation.handovers.models import Handover, HandoverState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, by_word, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, pairs_of

HISTORY = (Tab.OUT, Tab.IN)
_COMMON = (
    Column("name", "姓名", lambda it: it.name or "（已清除）", 112),
    Column(
        "partner",
        "方向",
        lambda it: say("{way} {partner}", way="转往" if it.handover.role == "home" else "转自", partner=it.partner),
        0,
    ),
    Column("state", "状态", lambda it: wording.STATES[it.handover.state], 192),
    Column("branch", "本县支部", lambda it: it.branch, 192, "hide-narrow", missing="未编入"),
    Column("begun", "起始", lambda it: clock.day(it.handover.created_at), 96, "hide-phone"),
)
OPEN = (
    *_COMMON,
    Column("due", "期限", lambda it: it.handover.due_on, 96, missing="无"),
    Column("left", "剩余工作日", lambda it: workdays_left(it.handover.due_on), 96, is_number=True, missing="无"),
    labels.COLUMN,
)
ENDED = (
    *_COMMON,
    Column("outcome", "结果", lambda it: wording.OUTCOMES.get(it.handover.outcome, ""), 192, missing="无"),
    Column("ended", "结束", lambda it: clock.day(it.handover.state_at), 96),
    labels.COLUMN,
)


def _due() -> dict[str, ColumnElement[bool]]:
    today = clock.today()
    return {"late": Handover.due_on < today, "soon": Handover.due_on.between(today, today + lists.SOON)}


def states(of: Iterable[HandoverState]) -> Facet:
    """Narrowing by these states."""
    return Facet("state", "状态", any_of(Handover.state), None, {s.value: wording.STATES[s] for s in of})


BOTH = ("partner", "role", "branch")
"""What open ones and ended ones are narrowed by alike."""
_NARROWS = (
    Facet("partner", "伙伴县", one_of(Handover.partner_uid), None, "partners"),
    Facet("role", "方向", any_of(Handover.role), None, {"home": "转出", "host": "转入"}),
    Facet("branch", "本县支部", one_of(Handover.branch_id), Handover.branch_id.is_(None), "branches"),
    *labels.facets(Handover.id),
)
FACETS = {
    "handovers": (
        *_NARROWS,
        states(s for s in HandoverState if s in STILL),
        Facet("due", "期限", by_word(_due), Handover.due_on.is_(None), {"late": "已超期", "soon": "七日内到期"}),
    ),
    "handovers_ended": (
        *_NARROWS,
        Facet("outcome", "结果", any_of(Handover.outcome), Handover.outcome == "", wording.OUTCOMES),
    ),
}  # fmt: skip


def tab_of(query: str) -> Tab:
    """Which work list an address asks for."""
    said = dict(pairs_of(query)).get("tab")
    return Tab(said) if said in list(Tab) else Tab.TODO


def listing_of(tab: Tab) -> Listing:
    """The declaration a work list is shown by."""
    return LISTINGS["handovers_ended" if tab in HISTORY else "handovers"]


def _walk(query: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    tab, where = tab_of(query), _where(query)
    for page in keyset.pages(lambda after: lists.page(tab, actor, where, after=after, size=500)):
        lists.note_reading(page.rows)
        yield from page.rows


def _total(query: str, actor: Actor) -> int:
    tab = tab_of(query)
    return lists.counts(actor, clock.now(), _where(query)).by[tab]


def _where(query: str) -> Sequence[ColumnElement[bool]]:
    return listing_of(tab_of(query)).asked(query).conditions()


def _listing(name: str, title: str, columns: Sequence[Column]) -> Listing:
    return Listing(name, title, "件", "handovers.index", Permission.HANDOVER_READ, lambda: columns, _walk, _total,
                   facets=lambda: FACETS[name], fixed="what both counties have is changed by a word of the protocol, never by a cell",
                   labelled=Labelled(Permission.HANDOVER_WRITE, lambda it: it.handover.id), holds_shared=True)  # fmt: skip


LISTINGS["handovers"] = _listing("handovers", "关系转接", OPEN)
LISTINGS["handovers_ended"] = _listing("handovers_ended", "关系转接历史", ENDED)
