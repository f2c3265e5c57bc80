"""The two blueprints, their places in the navigation and on the home page, and the row as this actor may see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, url_for

from web.blueprints import edge, filters, navigation, todos
from web.blueprints.navigation import Item
from web.blueprints.referrals import wording
from web.blueprints.todos import Queue, Todo
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.saying import say
from web.federation.referrals import lists, service
from web.federation.referrals.lists import Asked, Row, Tab
from web.federation.referrals.models import LAPSES_AFTER, Referral
from web.tenants.accounts.permissions import Permission

bp = Blueprint("referrals", __name__, url_prefix="/<county>/referrals")
shared = Blueprint("shared", __name__, url_prefix="/<county>/shared")
for blueprint in (bp, shared):
    blueprint.context_processor(lambda: {"w": wording})

navigation.ITEMS += [
    Item("名册", "流入党员", "shared.index", Permission.REFERRAL_READ, count=lists.guest_count),
    Item("共管", "流动报到", "referrals.index", Permission.REFERRAL_READ, count=lists.waiting),
]


def due_on(referral: Referral) -> object:
    """The last day to answer an offer."""
    return (referral.created_at + LAPSES_AFTER - timedelta(days=1)).astimezone(clock.CHINA).date()


def _queue(tab: Tab, act: str) -> Callable[[Actor, int], tuple[Sequence[Todo], int]]:
    def load(actor: Actor, limit: int) -> tuple[Sequence[Todo], int]:
        rows = lists.page(tab, actor, Asked(), size=limit).rows
        lists.note_reading(rows, f"todo_{tab}")
        found = [
            Todo(
                row.name or "（未共享姓名）",
                say(
                    "来自{partner}　{home_branch}　{state_at}",
                    partner=row.partner,
                    home_branch=row.values.get("/home_branch", ""),
                    state_at=filters.since(row.referral.state_at),
                ),
                url_for("referrals.show", referral_id=row.referral.id),
                due_on(row.referral) if tab in (Tab.INBOX, Tab.CLAIMS) else None,  # type: ignore[arg-type]
                act,
            )
            for row in rows
        ]
        return found, lists.counts(actor)[tab]

    return load


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
            _queue(_tab, _act),
            lambda tab=_tab: url_for("referrals.index", tab=tab.value),  # type: ignore[misc]
            late=lambda actor, before, tab=_tab: lists.late(actor, before, tab),  # type: ignore[misc]
        )
    )


def _unseen(actor: Actor, limit: int) -> tuple[Sequence[Todo], int]:
    rows, count = lists.not_reported(actor, limit)
    found = [
        Todo(
            row.name,
            say(
                "送往{partner} {days} 天，还没有报到（满 {step} 天提醒）",
                partner=row.partner,
                days=row.days,
                step=row.step,
            ),
            url_for("referrals.show", referral_id=row.referral.id),
            act="联系本人",
        )
        for row in rows
    ]
    return found, count


todos.QUEUES.append(
    Queue(
        "referrals_unseen",
        "还没有报到",
        "送出后一直没有报到的，请联系本人和对方；报到或者结束后自动消去",
        Permission.REFERRAL_WRITE,
        _unseen,
        lambda: url_for("referrals.index", tab=Tab.OUT.value),
    )
)


def seen(referral_id: UUID, *, lock: bool = False) -> tuple[Referral, Row]:
    """The referral as this actor may see it; NotFound otherwise, whatever the reason."""
    referral = service.get(referral_id, lock=lock)
    row = lists.one(referral, edge.actor())
    if row is None:
        raise NotFound()
    return referral, row
