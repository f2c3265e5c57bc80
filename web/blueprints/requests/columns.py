"""The list of requests as a declaration, and the question its address asks."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from werkzeug.datastructures import MultiDict

from web.blueprints.filters import workdays_left
from web.blueprints.requests.wording import state_of, title_of
from web.core import keyset
from web.core.events import Actor
from web.federation.request_kinds import REQUEST_KINDS
from web.federation.requests import lists
from web.federation.requests.lists import Part, Query, Row
from web.federation.requests.models import OPEN, RequestState
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.listings import LISTINGS, Column, Listing, pairs_of


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
)


def query_of(args: MultiDict[str, str]) -> tuple[Part, Query]:
    """The tab and the conditions of an address; what it does not know is left out."""
    part = args.get("part", "")
    try:
        partner = UUID(args.get("partner", ""))
    except ValueError:
        partner = None
    return Part(part) if part in set(Part) else Part.TO_DO, Query(
        tuple(name for name in args.getlist("kind") if name in REQUEST_KINDS),
        tuple(RequestState(name) for name in args.getlist("state") if name in set(RequestState)),
        partner,
    )


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    part, query = query_of(MultiDict(pairs_of(text)))
    for page in keyset.pages(lambda after: lists.page(part, query, actor, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    part, query = query_of(MultiDict(pairs_of(text)))
    return lists.counts(query, actor)[part]


LISTINGS["requests"] = Listing(
    "requests", "协助请求", "件", "requests.index", Permission.REQUEST_READ, lambda: COLUMNS, _walk, _total
)
