"""The two blueprints, their places in the navigation and on the home page, and the row as this actor may see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from flask import Blueprint, url_for

from web.blueprints import edge, filters, navigation, todos
from web.blueprints.navigation import Item
from web.blueprints.referrals import wording
from web.blueprints.todos import Queue, Todo
from web.core import clock
from web.core.errors import NotFound
from web.core.saying import say
from web.federation.referrals import lists, service
from web.federation.referrals.lists import Row, Tab
from web.federation.referrals.models import LAPSES_AFTER, Referral
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.queues import Waiting

bp = Blueprint("referrals", __name__, url_prefix="/<county>/referrals")
shared = Blueprint("shared", __name__, url_prefix="/<county>/shared")
for blueprint in (bp, shared):
    blueprint.context_processor(lambda: {"w": wording})

navigation.ITEMS += [
    Item("名册", "流入党员", "shared.index", Permission.REFERRAL_READ, count=lists.guest_count),
    Item(
        "共管",
        "流动报到",
        "referrals.index",
        Permission.REFERRAL_READ,
        count=lists.waiting,
        work=Permission.REFERRAL_WRITE,
    ),
]


def due_on(referral: Referral) -> date:
    """The last day to answer an offer."""
    return clock.day(referral.created_at + LAPSES_AFTER - timedelta(days=1))


def _todos(act: str, rows: Sequence[Waiting]) -> list[Todo]:
    found = []
    for row, values in zip(rows, lists.opened(rows), strict=True):
        found.append(
            Todo(
                row.name or values.get("/name") or "（未共享姓名）",
                say(
                    "来自{partner}　{home_branch}　{state_at}",
                    partner=row.said["partner"] or "伙伴县",
                    home_branch=values.get("/home_branch", ""),
                    state_at=filters.since(row.at),
                ),
                url_for("referrals.show", referral_id=row.id),
                act=act,
            )
        )
    return found


for _tab, _title, _hint, _act in (
    (Tab.INBOX, "待接收", "伙伴县送来的流动报到", "接收"),
    (Tab.CLAIMS, "待认领", "伙伴县窗口来的人，自称本县党员", "认领"),
    (Tab.ARRIVED, "待编入支部", "已报到的流入党员", "编入"),
):
    todos.QUEUES.append(
        Queue(
            f"referrals_{_tab}",
            _title,
            _hint,
            Permission.REFERRAL_WRITE,
            partial(url_for, "referrals.index", tab=_tab.value),
            partial(lists.queued, _tab),
            partial(_todos, _act),
        )
    )


def _unseen(rows: Sequence[Waiting]) -> list[Todo]:
    found = []
    for row in rows:
        days, step = lists.reported_step(row.at)
        found.append(
            Todo(
                row.name,
                say(
                    "送往{partner} {days} 天，还没有报到（满 {step} 天提醒）",
                    partner=row.said["partner"] or "伙伴县",
                    days=days,
                    step=step,
                ),
                url_for("referrals.show", referral_id=row.id),
                act="联系本人",
            )
        )
    return found


todos.QUEUES.append(
    Queue(
        "referrals_unseen",
        "还没有报到",
        "送出后一直没有报到的，请联系本人和对方；报到或者结束后自动消去",
        Permission.REFERRAL_WRITE,
        lambda: url_for("home.index", queue="referrals_unseen"),
        lists.not_reported,
        _unseen,
    )
)


def seen(referral_id: UUID, *, lock: bool = False) -> tuple[Referral, Row]:
    """The referral as this actor may see it; NotFound otherwise, whatever the reason."""
    referral = service.get(referral_id, lock=lock)
    row = lists.one(referral, edge.actor())
    if row is None:
        raise NotFound()
    return referral, row
