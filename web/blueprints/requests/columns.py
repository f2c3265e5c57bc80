"""The list of requests as a declaration, and the question its address asks."""

from __future__ import annotations

from collections.abc import Iterator

from web.blueprints.filters import workdays_left
from web.blueprints.requests.wording import STATES, state_of, title_of
from web.core import keyset
from web.core.events import Actor
from web.federation.request_kinds import REQUEST_KINDS
from web.federation.requests import lists
from web.federation.requests.lists import Part, Row
from web.federation.requests.models import OPEN, Request, RequestState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, in_month, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, pairs_of


def _left(row: Row) -> int | None:
    return workdays_left(row.request.due_on) if row.request.state in OPEN else None


COLUMNS = (
    Column("kind", "种类", lambda it: title_of(it.request.kind), 112),
    Column("name", "党员", lambda it: it.name, 112, missing="姓名已清除"),
    Column("partner", "伙伴县", lambda it: it.partner, 0),
    Column("role", "方向", lambda it: "发出" if it.request.role == "asker" else "收到", 64, "hide-phone"),
    Column("state", "状态", lambda it: state_of(it.request)[1], 160),
    Column("left", "剩余工作日", _left, 112, "hide-phone", is_number=True, missing="无"),
    Column("due", "期限", lambda it: it.request.due_on, 96, is_standard=False),
    Column("done", "办结", lambda it: it.request.done_on, 96, is_standard=False, missing="未办结"),
    Column("moved", "最近办理", lambda it: it.request.state_at, 128, is_standard=False),
    labels.COLUMN,
)


FACETS = (
    Facet("kind", "种类", any_of(Request.kind), None, {name: title_of(name) for name in REQUEST_KINDS}),
    Facet("state", "状态", any_of(Request.state), None, {s.value: STATES[s] for s in RequestState}),
    Facet("partner", "伙伴县", one_of(Request.partner_uid), None, "partners"),
    Facet("done", "办结月份", in_month(Request.done_on), Request.done_on.is_(None), {}, "month"),
    *labels.facets(Request.id),
)


def part_of(text: str) -> Part:
    """Which tab an address asks for."""
    said = dict(pairs_of(text)).get("part")
    return Part(said) if said in set(Part) else Part.TO_DO


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    where = LISTINGS["requests"].asked(text).conditions()
    for page in keyset.pages(lambda after: lists.page(part_of(text), actor, where, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return lists.counts(actor, LISTINGS["requests"].asked(text).conditions())[part_of(text)]


LISTINGS["requests"] = Listing(
    "requests", "协助请求", "件", "requests.index", Permission.REQUEST_READ, lambda: COLUMNS, _walk, _total,
    facets=lambda: FACETS, fixed="what both counties have is changed by a word of the protocol, never by a cell",
    labelled=Labelled(Permission.REQUEST_WRITE, lambda it: it.request.id), holds_shared=True,
)  # fmt: skip
