"""A county's own labels: the list, a new one, another word or colour, the recycle bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from marshmallow import Schema
from sqlalchemy import ColumnElement, func

from web.blueprints import navigation
from web.blueprints.forms import Form, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench import recycling
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.errors import Invalid
from web.core.keyset import Order
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import service as labels
from web.tenants.labels.models import Label, MemberLabel, RowLabel
from web.tenants.workbench.facets import Facet, any_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Listing
from web.tenants.workbench.plain import PlainList

bp = Blueprint("labels", __name__, url_prefix="/<county>/labels")
navigation.ITEMS.append(Item("设置", "标签", "labels.index", Permission.COUNTY_MANAGE))


class OneLabel(Schema):
    title = Text("名称", limit=20, required=True)
    colour = One("颜色", list(labels.COLOURS.items()))


@dataclass(frozen=True)
class Line:
    """A label, and how many members and how many rows of other lists have it."""

    label: Label
    members: int
    rows: int


COLUMNS = (
    Column("title", "标签", lambda it: it.label.title, 0),
    Column("colour", "颜色", lambda it: labels.COLOURS[it.label.colour], 96),
    Column("members", "党员", lambda it: it.members, 80, is_number=True),
    Column("rows", "其他名单", lambda it: it.rows, 96, "hide-phone", is_number=True),
    Column("created", "新建时间", lambda it: it.label.created_at, 128, is_standard=False),
)


def _held(model: type[MemberLabel | RowLabel]) -> ColumnElement[Any]:
    return db.select(func.count(model.id)).where(model.label_id == Label.id).correlate(Label).scalar_subquery()


FACETS = (
    Facet("colour", "颜色", any_of(Label.colour), None, labels.COLOURS),
    Facet("used", "使用", yes(_held(MemberLabel) + _held(RowLabel) > 0), None, {"yes": "有贴上的"}),
)
_LABELS = db.select(Label, _held(MemberLabel), _held(RowLabel)).where(Label.deleted_at.is_(None))
LABELS = PlainList(lambda _actor: _LABELS, Order((Label.title, Label.id), (str, UUID)), lambda row: Line(*row[:3]))
LISTINGS["labels"] = Listing(
    "labels", "标签", "个", "labels.index", Permission.COUNTY_MANAGE, lambda: COLUMNS, *LABELS.of("labels"),
    facets=lambda: FACETS, fixed="a word and its colour are changed together",
    typed=lambda text: Label.title.contains(text, autoescape=True),
)  # fmt: skip


@bp.route("", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def index() -> Any:
    """All labels, and the form of a new one."""
    sheet = sheet_of("labels")
    form = Form(OneLabel, {"colour": "grey"})
    if form.is_sent:
        with form:
            label = labels.add(**form.read())
            flash(say("已新建标签“{title}”", title=label.title))
            return redirect(url_for("labels.index"), 303)
    elif (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return form.page("labels/index.html", sheet=sheet, page=sheet.page(LABELS), colours=labels.COLOURS)


@bp.route("/<uuid:label_id>", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def change(label_id: UUID) -> Any:
    """Another word or colour."""
    label = labels.get(label_id)
    form = Form(OneLabel, {"title": label.title, "colour": label.colour})
    if form.is_sent:
        with form:
            labels.change(label, **form.read())
            flash("已保存")
            return redirect(url_for("labels.index"), 303)
    return form.page("labels/change.html", label=label, colours=labels.COLOURS)


@bp.post("/<uuid:label_id>/delete")
@needs(Permission.COUNTY_MANAGE)
def drop(label_id: UUID) -> Any:
    """Into the recycle bin; members have it again when it is restored."""
    label = labels.get(label_id)
    labels.drop(label)
    words = say("已删除标签“{title}”", title=label.title)
    flash({"words": words, "undo": url_for("labels.restore", label_id=label.id)})  # type: ignore[arg-type]
    return redirect(url_for("labels.index"), 303)


@bp.post("/<uuid:label_id>/restore")
@needs(Permission.COUNTY_MANAGE)
def restore(label_id: UUID) -> Any:
    """Out of the recycle bin."""
    label = labels.get(label_id)
    try:
        labels.restore(label)
    except Invalid as wrong:
        return recycling.stays(label.title, wrong)
    flash(say("已恢复标签“{title}”", title=label.title))
    return redirect(url_for("labels.index"), 303)
