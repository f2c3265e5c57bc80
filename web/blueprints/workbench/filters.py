"""Columns and saved filters of any list: plain forms that lead back to the address they came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from marshmallow import Schema
from werkzeug.wrappers import Response

from web.blueprints import edge
from web.blueprints.forms import Form, Text, Tick
from web.blueprints.policy import needs
from web.blueprints.workbench.recycling import stays
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.sheets import question
from web.core.errors import Invalid, NotFound
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import LISTINGS, Column, Listing, find
from web.tenants.workbench.models import SavedFilter


def back(listing: Listing) -> str:
    """The list with the question this page was opened with."""
    asked = question(request.query_string.decode("utf-8", "replace"))
    return url_for(listing.endpoint) + (f"?{asked}" if asked else "")


def _order(listing: Listing, names: tuple[str, ...]) -> list[tuple[Column, bool, int]]:
    """(column, is shown, place): the shown ones in their order, then the others."""
    shown = listing.chosen(names)[1:]
    others = [c for c in listing.columns[1:] if c.name not in {s.name for s in shown}]
    return [(c, c in shown, n) for n, c in enumerate([*shown, *others], 1)]


@bp.route("/<list_>/columns", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def columns(list_: str) -> Any:
    """Which columns, in which order: ticks and numbers. `act=standard`: as delivered."""
    listing, actor = find(list_, edge.actor()), edge.actor()
    wrong = ""
    if request.method == "POST":
        ticked = sorted(request.form.getlist("column"), key=lambda n: _place(request.form, n))
        is_standard = request.form.get("act") == "standard"
        if not ticked and not is_standard:
            wrong = "至少选一列"
        elif len(ticked) > workbench.MOST_COLUMNS:
            wrong = say("最多选 {most_columns} 列", most_columns=workbench.MOST_COLUMNS)
        else:
            workbench.choose_columns(listing, [] if is_standard else ticked, actor)
            flash("列已调整，导出也用这些列")
            return redirect(back(listing), 303)
    arranged = workbench.arrangement_of(listing, actor)
    page = render_template(
        "workbench/columns.html",
        listing=listing,
        rows=_order(listing, arranged.columns),
        back=back(listing),
        wrong=wrong,
    )
    return page, 422 if wrong else 200


def _place(form: Mapping[str, str], name: str) -> tuple[int, int]:
    """The number written beside a column; what is no number stands at the end."""
    said = form.get(f"place-{name}", "").strip()
    return (int(said), 0) if said.isdecimal() and len(said) < 4 else (999, 1)


class NewFilter(Schema):
    title = Text("名称", limit=40, required=True)
    is_shared = Tick("同事也能用")
    is_default = Tick("打开名单时就用它")


@bp.route("/<list_>/filters/new", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def new_filter(list_: str) -> Any:
    """Keep the present question under a name."""
    listing, actor = find(list_, edge.actor()), edge.actor()
    asked = question(request.query_string.decode("utf-8", "replace"))
    form = Form(NewFilter)
    if form.is_sent:
        with form:
            values = form.read()
            row = workbench.save_filter(listing, values["title"], asked, actor, is_shared=values["is_shared"])
            if values["is_default"] and not listing.is_asked:
                workbench.open_with(listing, row.id, actor)
            flash(say("已存为“{title}”", title=row.title))
            return redirect(back(listing), 303)
    return form.page("workbench/new_filter.html", listing=listing, back=back(listing), asked=asked)


@bp.get("/<list_>/filters")
@needs(Permission.SELF_WRITE)
def filters(list_: str) -> str:
    """One's own and the shared ones: open, rename, share, open with, delete."""
    listing = find(list_, edge.actor())
    arranged = workbench.arrangement_of(listing, edge.actor())
    return render_template("workbench/filters.html", listing=listing, arranged=arranged, here=url_for(listing.endpoint))


def _to_list(row: SavedFilter) -> Response:
    return redirect(url_for("workbench.filters", list_=row.listing), 303)


class Rename(Schema):
    title = Text("名称", limit=40, required=True)
    is_shared = Tick("同事也能用")


@bp.route("/filters/<uuid:filter_id>/rename", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def rename_filter(filter_id: UUID) -> Any:
    """Another name; shown to colleagues, or no longer."""
    row = workbench.find_filter(filter_id, edge.actor(), to_change=True)
    form = Form(Rename, {"title": row.title, "is_shared": row.is_shared})
    if form.is_sent:
        with form:
            workbench.rename_filter(row, **form.read())
            flash("已保存")
            return _to_list(row)
    return form.page("workbench/rename_filter.html", row=row, listing=LISTINGS[row.listing])


@bp.post("/filters/<uuid:filter_id>/default")
@needs(Permission.SELF_WRITE)
def default_filter(filter_id: UUID) -> Response:
    """The list opens with it; pressed again, with nothing."""
    row = workbench.find_filter(filter_id, edge.actor())
    listing = find(row.listing, edge.actor())
    if listing.is_asked:
        raise NotFound()
    now = workbench.setting(listing, edge.actor())
    is_on = now is not None and now.filter_id == row.id
    workbench.open_with(listing, None if is_on else row.id, edge.actor())
    flash(
        say("打开{title}时不再筛选", title=listing.title)
        if is_on
        else say("打开{title}时先用“{title2}”", title=listing.title, title2=row.title)
    )
    return _to_list(row)


@bp.post("/filters/<uuid:filter_id>/delete")
@needs(Permission.SELF_WRITE)
def drop_filter(filter_id: UUID) -> Response:
    """Into the recycle bin."""
    row = workbench.find_filter(filter_id, edge.actor(), to_change=True, with_deleted=True)
    workbench.drop_filter(row)
    flash(
        {
            "words": say("已删除“{title}”", title=row.title),
            "undo": url_for("workbench.restore_filter", filter_id=row.id),
        }  # type: ignore[arg-type]
    )
    return _to_list(row)


@bp.post("/filters/<uuid:filter_id>/restore")
@needs(Permission.SELF_WRITE)
def restore_filter(filter_id: UUID) -> Response:
    """Out of the recycle bin."""
    row = workbench.find_filter(filter_id, edge.actor(), to_change=True, with_deleted=True)
    try:
        workbench.restore_filter(row)
    except Invalid as wrong:
        return stays(row.title, wrong)
    flash(say("已恢复“{title}”", title=row.title))
    return _to_list(row)
