"""A county's own labels: the list, a new one, another word or colour, the recycle bin."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from marshmallow import Schema

from web.blueprints import navigation
from web.blueprints.forms import Form, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import service as labels

bp = Blueprint("labels", __name__, url_prefix="/<county>/labels")
navigation.ITEMS.append(Item("设置", "标签", "labels.index", Permission.COUNTY_MANAGE))


class OneLabel(Schema):
    title = Text("名称", limit=20, required=True)
    colour = One("颜色", list(labels.COLOURS.items()))


@bp.route("", methods=["GET", "POST"])
@needs(Permission.COUNTY_MANAGE)
def index() -> Any:
    """All labels, and the form of a new one."""
    form = Form(OneLabel, {"colour": "grey"})
    if form.is_sent:
        with form:
            label = labels.add(**form.read())
            flash(say("已新建标签“{title}”", title=label.title))
            return redirect(url_for("labels.index"), 303)
    return form.page("labels/index.html", labels=labels.every(), colours=labels.COLOURS)


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
    labels.restore(label)
    flash(say("已恢复标签“{title}”", title=label.title))
    return redirect(url_for("labels.index"), 303)
