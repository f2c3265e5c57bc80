"""The work lists of handovers as declarations: the open ones, and the history, which says how it ended instead of what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from web.blueprints.filters import workdays_left
from web.blueprints.handovers import wording
from web.core import clock, keyset
from web.core.events import Actor
from web.core.saying import say
from web.federation.handovers import lists
from web.federation.handovers.lists import Row, Tab
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.listings import LISTINGS, Column, Listing, pairs_of

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
    Column("begun", "起始", lambda it: it.handover.created_at.date(), 96, "hide-phone"),
)
OPEN = (
    *_COMMON,
    Column("due", "期限", lambda it: it.handover.due_on, 96, missing="无"),
    Column("left", "剩余工作日", lambda it: workdays_left(it.handover.due_on), 96, is_number=True, missing="无"),
)
ENDED = (
    *_COMMON,
    Column("outcome", "结果", lambda it: wording.OUTCOMES.get(it.handover.outcome, ""), 192, missing="无"),
    Column("ended", "结束", lambda it: it.handover.state_at.date(), 96),
)


def asked(query: str) -> tuple[Tab, UUID | None]:
    """Which work list, and of which partner county."""
    said = dict(pairs_of(query))
    tab = Tab(said["tab"]) if said.get("tab") in list(Tab) else Tab.TODO
    try:
        return tab, UUID(said.get("partner", ""))
    except ValueError:
        return tab, None


def listing_of(tab: Tab) -> Listing:
    """The declaration a work list is shown by."""
    return LISTINGS["handovers_ended" if tab in HISTORY else "handovers"]


def _walk(query: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    tab, partner = asked(query)
    for page in keyset.pages(lambda after: lists.page(tab, actor, after=after, partner_uid=partner, size=500)):
        lists.note_reading(page.rows)
        yield from page.rows


def _total(query: str, actor: Actor) -> int:
    tab, partner = asked(query)
    return lists.counts(actor, clock.now(), partner).by[tab]


def _listing(name: str, title: str, columns: Sequence[Column]) -> Listing:
    return Listing(name, title, "件", "handovers.index", Permission.HANDOVER_READ, lambda: columns, _walk, _total)


LISTINGS["handovers"] = _listing("handovers", "关系转接", OPEN)
LISTINGS["handovers_ended"] = _listing("handovers_ended", "关系转接历史", ENDED)
