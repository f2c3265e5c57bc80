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
                f"来自{row.partner}　{row.values.get('/home_branch', '')}　{filters.since(row.referral.state_at)}",
                url_for("referrals.show", referral_id=row.referral.id),
                due_on(row.referral) if tab is Tab.INBOX else None,  # type: ignore[arg-type]
                act,
            )
            for row in rows
        ]
        return found, lists.counts(actor)[tab]

    return load


for _tab, _title, _hint, _act in (
    (Tab.INBOX, "待接收", "伙伴县送来的流动报到", "接收"),
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
        )
    )


def seen(referral_id: UUID, *, lock: bool = False) -> tuple[Referral, Row]:
    """The referral as this actor may see it; NotFound otherwise, whatever the reason."""
    referral = service.get(referral_id, lock=lock)
    row = lists.one(referral, edge.actor())
    if row is None:
        raise NotFound()
    return referral, row
