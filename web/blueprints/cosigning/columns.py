"""The list of co-signed records as a declaration."""

from __future__ import annotations

from collections.abc import Iterator

from web.blueprints.cosigning.wording import REFUSED, STATES, WIRE_KINDS, due_on, state_of
from web.blueprints.filters import workdays_left
from web.core import keyset
from web.core.events import Actor
from web.federation.cosigning import lists
from web.federation.cosigning.lists import Part, R, Row
from web.federation.cosigning.models import CosignState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, in_month, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, pairs_of

COLUMNS = (
    Column("held_on", "日期", lambda it: it.record.held_on, 80),
    Column("kind", "活动", lambda it: WIRE_KINDS[it.record.kind], 96),
    Column("title", "主题", lambda it: it.title, 0, "hide-phone", missing="已清除"),
    Column("partner", "伙伴县", lambda it: it.partner, 96, "hide-phone"),
    Column("role", "记录方", lambda it: "我方" if it.record.role == "recorder" else "对方", 96, "hide-phone"),
    Column("lines", "人数", lambda it: it.lines or "", 64, "hide-phone", is_number=True, missing="无"),
    Column("state", "状态", lambda it: state_of(it.record)[1], 192),
    Column("left", "剩余工作日", lambda it: workdays_left(due_on(it.record)), 112, "hide-phone", is_number=True, missing="无"),
    Column("minutes", "学时（分钟）", lambda it: it.record.minutes, 96, is_standard=False, is_number=True),
    Column("moved", "最近办理", lambda it: it.record.state_at, 128, is_standard=False),
    labels.COLUMN,
)  # fmt: skip


def part_of(text: str) -> Part:
    """Which tab an address asks for."""
    said = dict(pairs_of(text)).get("part")
    return Part(said) if said in set(Part) else Part.ALL


FACETS = (
    Facet("partner", "伙伴县", one_of(R.partner_uid), None, "partners"),
    Facet("kind", "活动", any_of(R.kind), None, WIRE_KINDS),
    Facet("role", "记录方", any_of(R.role), None, {"recorder": "我方", "home": "对方"}),
    Facet("state", "状态", any_of(R.state), None, {s.value: STATES[s] for s in CosignState}),
    Facet("month", "活动月份", in_month(R.held_on), None, {}, "month"),
    Facet("reason", "不予共签的原因", any_of(R.reason), R.reason == "", REFUSED),
    *labels.facets(R.id),
)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    where = LISTINGS["cosigning"].asked(text).conditions()
    for page in keyset.pages(lambda after: lists.page(part_of(text), actor, where, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return lists.counts(actor, LISTINGS["cosigning"].asked(text).conditions())[part_of(text)]


LISTINGS["cosigning"] = Listing(
    "cosigning", "共签记录", "件", "cosigning.index", Permission.COSIGN_READ, lambda: COLUMNS, _walk,
    _total, facets=lambda: FACETS, fixed="what both counties have is changed by a word of the protocol, never by a cell",
    labelled=Labelled(Permission.COSIGN_WRITE, lambda it: it.record.id, "title"), holds_shared=True,
)  # fmt: skip
