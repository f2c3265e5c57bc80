"""The list of agreements as a declaration, and the question its address asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement

from web.blueprints.agreements import views
from web.blueprints.agreements.views import View
from web.core import clock, keyset
from web.core.events import Actor
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements import listing
from web.federation.agreements.models import Agreement, AgreementParty, AgreementState
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, by_word, one_of, uuids
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing

STATES = {
    AgreementState.PENDING: "商定中，未生效",
    AgreementState.ACTIVE: "生效中",
    AgreementState.WINDING_DOWN: "收尾中",
    AgreementState.CLOSED: "已办结",
    AgreementState.DROPPED: "未达成",
}


def _of_text(name: str) -> Any:
    return lambda it: it.text[name] if it.text else ""


COLUMNS = (
    Column("title", "协议", lambda it: it.title, 0),
    Column("parties", "各方", lambda it: joined("、", (p.name for p in it.parties)), 192, "hide-phone"),
    Column("state", "状态", lambda it: it.chip[1], 160),
    Column("turn", "轮到谁", lambda it: it.turn.title, 240),
    Column("until", "期满", _of_text("effective_to"), 96, "hide-phone", missing="待送达"),
    Column("number", "编号", lambda it: it.agreement.number, 192, is_standard=False),
    Column("from", "生效", _of_text("effective_from"), 96, is_standard=False, missing="待送达"),
    Column("version", "版本", lambda it: say("第 {no} 版", no=it.version.version), 80, is_standard=False),
    Column("hub", "牵头", lambda it: it.name(it.agreement.hub_uid), 112, is_standard=False),
    Column("begun", "建立", lambda it: clock.day(it.agreement.created_at), 96, is_standard=False),
    labels.COLUMN,
)


def _with(values: Sequence[str]) -> ColumnElement[bool]:
    return Agreement.id.in_(db.select(AgreementParty.agreement_id).where(AgreementParty.uid.in_(uuids(values))))


def _turns() -> dict[str, ColumnElement[bool]]:
    """What is under way: a text somebody has still to answer, or none."""
    return {"open": listing.is_negotiated()}


FACETS = (
    Facet("partner", "伙伴县", _with, None, "partners"),
    Facet("state", "状态", any_of(Agreement.state), None, {s.value: said for s, said in STATES.items()}),
    Facet("hub", "牵头", one_of(Agreement.hub_uid), None, "partners"),
    Facet("text", "文本", by_word(_turns), None, {"open": "有待各方处理的版本"}),
    *labels.facets(Agreement.id),
)


def typed(text: str) -> ColumnElement[bool]:
    """A part of the title or of the number."""
    return Agreement.title.contains(text, autoescape=True) | Agreement.number.contains(text, autoescape=True)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[View]:
    where = LISTINGS["agreements"].asked(text).conditions()
    for page in keyset.pages(lambda after: views.page(*where, after=after, size=500)):
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return db.session.scalar(listing.count(*LISTINGS["agreements"].asked(text).conditions())) or 0


LISTINGS["agreements"] = Listing(
    "agreements", "共管共育协议", "份", "agreements.index", Permission.AGREEMENT_READ, lambda: COLUMNS, _walk, _total,
    facets=lambda: FACETS, fixed="a text is changed by a counter that every party sees", typed=typed,
    labelled=Labelled(Permission.AGREEMENT_WRITE, lambda it: it.agreement.id),
)  # fmt: skip
