"""The recycle bin as a list: one's own filters, the county's labels and templates of the last thirty days, the latest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from sqlalchemy import Select, literal, union_all
from werkzeug.wrappers import Response

from web.blueprints import words
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.errors import Invalid
from web.core.events import Actor
from web.core.keyset import Order
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements.models import AgreementTemplate
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.labels.models import Label
from web.tenants.workbench import service as workbench
from web.tenants.workbench.facets import Facet, any_of, on_day
from web.tenants.workbench.listings import LISTINGS, Column, Listing
from web.tenants.workbench.models import SavedFilter
from web.tenants.workbench.plain import PlainList

T = AgreementTemplate
KINDS: Mapping[str, str] = {"filter": "筛选", "label": "标签", "template": "协议模板"}


@dataclass(frozen=True)
class Line:
    """Something deleted. `of`: the name of the list a filter is of."""

    id: UUID
    kind: str
    title: str
    of: str
    deleted_at: datetime

    @property
    def what(self) -> str:
        """What it is, in words."""
        if self.kind != "filter" or self.of not in LISTINGS:
            return KINDS[self.kind]
        return say("{title}的筛选", title=LISTINGS[self.of].title)


_PARTS = union_all(
    db.select(
        SavedFilter.id, literal("filter").label("kind"), SavedFilter.title, SavedFilter.listing.label("of"),
        SavedFilter.deleted_at, SavedFilter.account_id,
    ).where(SavedFilter.deleted_at.is_not(None)),
    db.select(Label.id, literal("label"), Label.title, literal(""), Label.deleted_at, literal(None))
    .where(Label.deleted_at.is_not(None)),
    db.select(T.id, literal("template"), T.name, literal(""), T.deleted_at, literal(None)).where(T.deleted_at.is_not(None)),
).subquery("bin")  # fmt: skip
BIN = _PARTS.c


def _rows(actor: Actor) -> Select[Any]:
    of_all = ["label", *(["template"] if Permission.AGREEMENT_READ in GRANTS[Role(actor.role)] else [])]
    seen = BIN.deleted_at > clock.now() - workbench.BIN, BIN.kind.in_(of_all) | (BIN.account_id == actor.account_id)
    return db.select(BIN.id, BIN.kind, BIN.title, BIN.of, BIN.deleted_at).where(*seen)


COLUMNS = (
    Column("title", "名称", lambda it: it.title, 0),
    Column("what", "是什么", lambda it: it.what, 144),
    Column("at", "删除时间", lambda it: it.deleted_at, 128, "hide-phone"),
    Column("until", "可恢复至", lambda it: clock.day(it.deleted_at + workbench.BIN), 112, is_standard=False),
)
FACETS = (
    Facet("kind", "是什么", any_of(BIN.kind), None, KINDS),
    Facet("deleted", "删除日期", on_day(BIN.deleted_at), None, {}, "date"),
)
RECYCLED = PlainList(
    _rows, Order((BIN.deleted_at, BIN.id), (datetime.fromisoformat, UUID), is_falling=True), lambda row: Line(*row[:5])
)
LISTINGS["bin"] = Listing(
    "bin", "回收站", "件", "workbench.recycled", Permission.SELF_WRITE, lambda: COLUMNS, *RECYCLED.of("bin"),
    facets=lambda: FACETS, fixed="what is deleted is restored first",
    typed=lambda text: BIN.title.contains(text, autoescape=True),
)  # fmt: skip


@bp.get("/bin")
@needs(Permission.SELF_WRITE)
def recycled() -> Any:
    """What was deleted in the last thirty days and can be taken back."""
    sheet = sheet_of("bin")
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return render_template("workbench/bin.html", sheet=sheet, page=sheet.page(RECYCLED), days=workbench.BIN.days)


def stays(title: str, wrong: Invalid) -> Response:
    """Back at the bin, with the reason why it was not restored."""
    why = joined("；", (word for said in words.field_errors(wrong).values() for word in said))
    flash(say("没有恢复“{title}”：{why}", title=title, why=why))
    return redirect(url_for("workbench.recycled"), 303)
