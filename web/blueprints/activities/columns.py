"""The list of activities as a declaration: what its columns say, and the walk over all that an address finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from web.blueprints.activities.rooms import STATES
from web.blueprints.cosigning.wording import KINDS
from web.core import keyset
from web.core.events import Actor
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import lists
from web.tenants.activities.models import ActivityKind, ActivityState
from web.tenants.workbench.listings import LISTINGS, Column, Listing, pairs_of

COLUMNS = (
    Column("held_on", "日期", lambda it: it.activity.held_on),
    Column("kind", "类别", lambda it: KINDS[it.activity.kind], 88, "hide-phone"),
    Column("title", "主题", lambda it: it.activity.title, 0),
    Column("org", "组织", lambda it: it.org, 192, "hide-phone"),
    Column("came", "实到/应到", lambda it: f"{it.actual}/{it.due}" if it.due else "", 88, is_number=True, missing="未登记"),
    Column("guests", "流入党员", lambda it: it.guests or "", 88, "hide-phone", is_number=True, missing="无"),
    Column("state", "状态", lambda it: STATES[it.activity.state][1], 96),
    Column("place", "地点", lambda it: it.activity.place, 160, is_standard=False),
    Column("responsible", "负责人", lambda it: it.activity.responsible, 96, is_standard=False),
    Column("minutes", "学时（分钟）", lambda it: it.activity.minutes, 96, is_standard=False, is_number=True),
)  # fmt: skip


def query_of(args: MultiDict[str, str]) -> lists.Query:
    """The question of an address; what it does not know is left out."""

    def read(name: str, allowed: Any) -> tuple[Any, ...]:
        return tuple(allowed(v) for v in args.getlist(name) if v in set(allowed))

    def typed(of: Any, text: str) -> Any:
        try:
            return of(text)
        except ValueError:
            return None

    return lists.Query(
        read("kind", ActivityKind),
        read("state", ActivityState),
        typed(UUID, args.get("org", "")),
        typed(date.fromisoformat, f"{args.get('month', '')}-01"),
        args.get("q", "").strip()[:50],
    )


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[lists.Line]:
    query = query_of(MultiDict(pairs_of(text)))
    for page in keyset.pages(lambda after: lists.page(query, actor, after=after, size=500)):
        yield from page.lines


def _total(text: str, actor: Actor) -> int:
    return lists.count(query_of(MultiDict(pairs_of(text))), actor)


LISTINGS["activities"] = Listing(
    "activities", "活动", "场", "activities.index", Permission.ACTIVITY_READ, lambda: COLUMNS, _walk, _total
)
