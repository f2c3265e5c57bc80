"""The list of activities as a declaration: what its columns say, and the walk over all that an address finds."""

from __future__ import annotations

from collections.abc import Iterator

from web.blueprints.activities.rooms import STATES
from web.blueprints.cosigning.wording import KINDS
from web.core import keyset
from web.core.events import Actor
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import lists
from web.tenants.activities.models import Activity
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, by_word, in_month, yes
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing

COLUMNS = (
    Column("held_on", "日期", lambda it: it.activity.held_on),
    Column("kind", "类别", lambda it: KINDS[it.activity.kind], 88, "hide-phone"),
    Column("title", "主题", lambda it: it.activity.title, 0),
    Column("org", "组织", lambda it: it.org, 192, "hide-phone"),
    Column("came", "实到/已登记", lambda it: f"{it.actual}/{it.recorded}" if it.recorded else "", 88, "hide-phone", is_number=True, missing="未登记"),
    Column("guests", "流入党员", lambda it: it.guests or "", 88, "hide-phone", is_number=True, missing="无"),
    Column("state", "状态", lambda it: STATES[it.activity.state][1], 96),
    Column("place", "地点", lambda it: it.activity.place, 160, is_standard=False, edit="place"),
    Column("responsible", "负责人", lambda it: it.activity.responsible, 96, is_standard=False, edit="responsible"),
    Column("minutes", "学时（分钟）", lambda it: it.activity.minutes, 96, is_standard=False, is_number=True),
    labels.COLUMN,
)  # fmt: skip


FACETS = (
    Facet("kind", "类别", any_of(Activity.kind), None, {k.value: words for k, words in KINDS.items()}),
    Facet("state", "状态", any_of(Activity.state), None, {s.value: words for s, (_knot, words) in STATES.items()}),
    Facet("waits", "登记", by_word(lambda: {"now": lists.unrecorded()}), None, {"now": "到期待登记"}),
    Facet("org", "组织（含下级）", lists.below, None, "organisers"),
    Facet("month", "月份", in_month(Activity.held_on), None, {}, "month"),
    Facet("place", "地点", yes(Activity.place != ""), Activity.place == "", {"yes": "已填"}),
    Facet("responsible", "负责人", yes(Activity.responsible != ""), Activity.responsible == "", {"yes": "已填"}),
    *labels.facets(Activity.id),
)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[lists.Line]:
    where = LISTINGS["activities"].asked(text).conditions()
    for page in keyset.pages(lambda after: lists.page(actor, where, after=after, size=500)):
        yield from page.lines


def _total(text: str, actor: Actor) -> int:
    return lists.count(actor, LISTINGS["activities"].asked(text).conditions())


LISTINGS["activities"] = Listing(
    "activities", "活动", "场", "activities.index", Permission.ACTIVITY_READ, lambda: COLUMNS, _walk, _total,
    facets=lambda: FACETS, typed=lists.titled, labelled=Labelled(Permission.ACTIVITY_WRITE, lambda it: it.activity.id, "title"),
)  # fmt: skip
