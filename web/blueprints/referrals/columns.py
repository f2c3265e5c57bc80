"""The work lists of referrals and the list of shared members as declarations, and the questions their addresses ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement

from web.blueprints.filters import workdays_left
from web.blueprints.referrals import wording
from web.blueprints.referrals.rooms import due_on
from web.core import clock, keyset
from web.core.events import Actor
from web.federation.referrals import lists
from web.federation.referrals.lists import Row, Tab
from web.federation.referrals.models import KNOWN, OPEN, Referral, ReferralState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, in_month, one_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, pairs_of

CLAIMED = (Tab.CLAIMS, Tab.ASKING)
ANSWERED_BY = (Tab.INBOX, *CLAIMED)
"""Lists whose referrals have a last day to answer."""


def state(row: Row) -> str:
    """The state as our side calls it."""
    said = wording.STATES if row.referral.role == "home" else wording.AT_HOST
    return said[row.referral.state]


def shared(pointer: str) -> Callable[[Row], str]:
    """A value of the packet in words."""
    return lambda row: wording.worded(pointer, row.values[pointer]) if pointer in row.values else ""


def _name(row: Row) -> str:
    return row.name or ("（已清除）" if row.referral.purged_at else "（未共享姓名）")


def _left(row: Row) -> int | None:
    return (
        workdays_left(due_on(row.referral))
        if row.referral.state in (ReferralState.OFFERED, ReferralState.CLAIMED)
        else None
    )


def _shared(name: str, title: str, pointer: str, width: int, cls: str, **more: Any) -> Column:
    return Column(name, title, shared(pointer), width, cls, missing="未共享", **more)


def _days_ago(it: Row) -> int:
    return max((clock.now() - it.referral.created_at).days, 0)  # the partner's clock may be some minutes ahead


_COMMON = (
    Column("name", "姓名", _name, 112),
    Column("partner", "伙伴县", lambda it: it.partner, 0),
    Column("state", "状态", state, 192),
)
_SENT = Column("sent", "送出", lambda it: clock.day(it.referral.created_at), 96, "hide-phone")
COLUMNS: Mapping[str, Sequence[Column]] = {
    "referrals_out": (
        *_COMMON,
        Column("branch", "所在支部", lambda it: it.branch, 192, "hide-narrow"),
        _SENT,
        Column("days", "已过天数", _days_ago, 80, is_number=True),
        Column("reported", "报到", lambda it: it.referral.reported_on, 96, is_standard=False, missing="未报到"),
        Column("assigned", "编入支部", lambda it: it.referral.assigned_on, 96, is_standard=False, missing="未编入"),
        labels.COLUMN,
    ),
    "referrals_in": (
        *_COMMON,
        _shared("home_branch", "流出地党支部", "/home_branch", 192, "hide-narrow"),
        _shared("birth_year", "出生年份", "/birth_year", 80, "hide-phone"),
        Column("sent", "送来", lambda it: clock.day(it.referral.created_at), 96, "hide-phone"),
        Column("left", "剩余工作日", _left, 96, is_number=True, missing="无"),
        _shared("gender", "性别", "/gender", 48, "hide-phone", is_standard=False),
        _shared("township", "去往", "/host_township", 128, "hide-phone", is_standard=False),
        labels.COLUMN,
    ),
    "referrals_over": (
        *_COMMON,
        Column("reason", "原因", lambda it: wording.REASONS.get(it.referral.reason, ""), 160, missing="无"),
        Column("ended", "结束", lambda it: it.referral.ended_on, 96, "hide-phone"),
        Column("sent", "送出", lambda it: clock.day(it.referral.created_at), 96, is_standard=False),
        labels.COLUMN,
    ),
    "guests": (
        Column("name", "姓名", lambda it: it.name or "（未共享姓名）", 112),
        _shared("gender", "性别", "/gender", 48, "hide-phone"),
        _shared("birth_year", "出生年份", "/birth_year", 80, "hide-phone"),
        _shared("kind", "人员类别", "/member_kind", 96, "hide-narrow"),
        Column("partner", "流出地", lambda it: it.partner, 0),
        _shared("home_branch", "流出地党支部", "/home_branch", 192, "hide-narrow"),
        Column("state", "状态", state, 160),
        Column("branch", "本县支部", lambda it: it.branch, 192, "hide-phone", missing="未编入"),
        _shared("arrival", "流入月份", "/arrival_month", 88, "hide-phone", is_standard=False),
        _shared("township", "所在乡镇", "/host_township", 128, "hide-phone", is_standard=False),
        labels.COLUMN,
    ),
}  # fmt: skip
TITLES = {"referrals_out": "我方送出的流动报到", "referrals_in": "收到和请认领的流动报到", "referrals_over": "已结束的流动报到",
          "guests": "流入党员"}  # fmt: skip
DEFAULTS = {"referrals_out": Tab.OUT, "referrals_in": Tab.INBOX, "referrals_over": Tab.OVER}


def name_of(tab: Tab) -> str:
    """The declaration a work list is shown by."""
    return {Tab.OUT: "referrals_out", Tab.OVER: "referrals_over"}.get(tab, "referrals_in")


def asked_of(text: str) -> dict[str, Sequence[ColumnElement[bool]]]:
    """What an address narrows each of the declarations of work lists to: which one it shows depends on the counts."""
    return {name: LISTINGS[name].asked(text).conditions() for name in DEFAULTS}


_PARTNER = Facet("partner", "伙伴县", one_of(Referral.partner_uid), None, "partners")
_LABELS = labels.facets(Referral.id)
BOTH = ("partner",)
"""What every work list is narrowed by."""


def states(of: Iterable[ReferralState], said: Mapping[str, str] = wording.STATES) -> Facet:
    """Narrowing by these states, in the words of one side."""
    return Facet("state", "状态", any_of(Referral.state), None, {s.value: said[s] for s in of})


FACETS: Mapping[str, Sequence[Facet]] = {
    "referrals_out": (
        _PARTNER, states(KNOWN),
        Facet("reported", "报到", yes(Referral.reported_on.is_not(None)), Referral.reported_on.is_(None), {"yes": "已报到"}),
        Facet("sent", "送出月份", in_month(Referral.notice_on), None, {}, "month"),
        *_LABELS,
    ),
    "referrals_in": (
        _PARTNER,
        Facet("township", "去往", yes(Referral.township_id.is_not(None)), Referral.township_id.is_(None), {"yes": "已指明乡镇"}),
        *_LABELS,
    ),
    "referrals_over": (
        _PARTNER, states(s for s in ReferralState if s not in OPEN),
        Facet("role", "方向", any_of(Referral.role), None, {"home": "我方送出", "host": "对方送来"}),
        Facet("reason", "原因", any_of(Referral.reason), Referral.reason == "", wording.REASONS),
        Facet("ended", "结束月份", in_month(Referral.ended_on), Referral.ended_on.is_(None), {}, "month"),
        *_LABELS,
    ),
    "guests": (
        Facet("partner", "流出地", one_of(Referral.partner_uid), None, "partners"),
        states(KNOWN, wording.AT_HOST),
        Facet("branch", "本县支部", one_of(Referral.branch_id), Referral.branch_id.is_(None), "branches"),
        *_LABELS,
    ),
}  # fmt: skip


LABELLED = Labelled(Permission.REFERRAL_WRITE, lambda it: it.referral.id)


def _listing(name: str, endpoint: str, unit: str) -> Listing:
    def found(text: str) -> tuple[Tab, Sequence[ColumnElement[bool]]]:
        given = dict(pairs_of(text))
        tab = Tab(given["tab"]) if given.get("tab") in list(Tab) else DEFAULTS[name]
        return tab, LISTINGS[name].asked(text).conditions()

    def walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
        tab, where = found(text)
        for page in keyset.pages(lambda after: lists.page(tab, actor, where, after=after, size=500)):
            lists.note_reading(page.rows, tab.value)
            yield from page.rows

    return Listing(name, TITLES[name], unit, endpoint, Permission.REFERRAL_READ, lambda: COLUMNS[name], walk,
                   lambda text, actor: lists.count(actor, *found(text)), facets=lambda: FACETS[name], fixed="what both counties have is changed by a word of the protocol, never by a cell",
                   typed=lists.named, labelled=LABELLED, holds_shared=True)  # fmt: skip


def _guests(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    where = LISTINGS["guests"].asked(text).conditions()
    for page in keyset.pages(lambda after: lists.guests(actor, where, after=after, size=500)):
        lists.note_reading(page.rows, "guests")
        yield from page.rows


LISTINGS.update({name: _listing(name, "referrals.index", "件") for name in DEFAULTS})
LISTINGS["guests"] = Listing(
    "guests", TITLES["guests"], "人", "shared.index", Permission.REFERRAL_READ, lambda: COLUMNS["guests"], _guests,
    lambda text, actor: lists.count_guests(actor, LISTINGS["guests"].asked(text).conditions()),
    facets=lambda: FACETS["guests"], fixed="what another county shares is that county's to change", typed=lists.named,
    labelled=LABELLED, holds_shared=True,
)  # fmt: skip
