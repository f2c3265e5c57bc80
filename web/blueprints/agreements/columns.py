"""The list of agreements as a declaration, and the question its address asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from web.blueprints.agreements import views
from web.blueprints.agreements.views import View
from web.core.events import Actor
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements.models import Agreement, AgreementParty, AgreementState
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.listings import LISTINGS, Column, Listing, pairs_of

MOST = 1_000
LIVING = (AgreementState.PENDING, AgreementState.ACTIVE, AgreementState.WINDING_DOWN)
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
    Column("begun", "建立", lambda it: it.agreement.created_at.date(), 96, is_standard=False),
)


def where_of(args: MultiDict[str, str]) -> list[Any]:
    """The conditions of an address; what it does not know is left out."""
    found: list[Any] = []
    if states := [AgreementState(s) for s in args.getlist("state") if s in set(AgreementState)]:
        found.append(Agreement.state.in_(states))
    try:
        uid = UUID(args.get("partner", ""))
    except ValueError:
        uid = None
    if uid is not None:
        found.append(Agreement.id.in_(db.select(AgreementParty.agreement_id).where(AgreementParty.uid == uid)))
    if text := args.get("q", "").replace("\x00", "").strip()[:50]:
        found.append(Agreement.title.contains(text, autoescape=True) | Agreement.number.contains(text, autoescape=True))
    return found


def found(*where: Any, limit: int) -> list[View]:
    """Those that are not over first, newest first; two queries."""
    order = (Agreement.state.in_(LIVING).desc(), Agreement.created_at.desc())
    return views.many(*where, order=order, limit=limit)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[View]:
    yield from found(*where_of(MultiDict(pairs_of(text))), limit=MOST)


def _total(text: str, actor: Actor) -> int:
    where = where_of(MultiDict(pairs_of(text)))
    return db.session.scalar(db.select(db.func.count()).select_from(Agreement).where(*where)) or 0


LISTINGS["agreements"] = Listing(
    "agreements", "共管共育协议", "份", "agreements.index", Permission.AGREEMENT_READ, lambda: COLUMNS, _walk, _total
)
