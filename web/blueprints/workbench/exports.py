"""What leaves a list: a workbook made by a job, and a table for the clipboard."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from marshmallow import Schema

from web.blueprints import edge, tasks
from web.blueprints.forms import Form, One, Text
from web.blueprints.policy import needs
from web.blueprints.workbench.filters import back
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.sheets import question
from web.core import clock, events
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench import exports
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import find, tab_separated

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COPIED = 1_000
tasks.RESULTS["export"] = ("workbench.download", "export_id")


class Wanted(Schema):
    numbers = One("证件号和电话", [("masked", "遮盖"), ("whole", "完整")])
    reason = Text("事由", limit=200)


@bp.route("/<list_>/export", methods=["GET", "POST"])
@needs(Permission.LIST_EXPORT)
def export(list_: str) -> Any:
    """How many rows, which columns, masked or whole; then the job."""
    actor = edge.actor()
    listing = find(list_, actor)
    asked = question(request.query_string.decode("utf-8", "replace"))
    arranged = workbench.arrangement_of(listing, actor)
    form = Form(Wanted, {"numbers": "masked"})
    if form.is_sent:
        with form:
            values = form.read()
            task = exports.begin(
                listing, asked, arranged.columns, actor,
                is_whole=listing.has_numbers and values["numbers"] == "whole", reason=values["reason"],
            )  # fmt: skip
            return redirect(url_for("tasks.show", task_id=task.id), 303)
    may_reveal = Permission.MEMBER_REVEAL in GRANTS[Role(actor.role)]
    return form.page(
        "workbench/export.html", listing=listing, total=listing.total(asked, actor), back=back(listing),
        columns=listing.chosen(arranged.columns), may_reveal=may_reveal, days=exports.kept(listing).days,
    )  # fmt: skip


@bp.get("/exports/<uuid:export_id>.xlsx")
@needs(Permission.LIST_EXPORT)
def download(export_id: UUID) -> Response:
    """One's own workbook, as long as it is kept; each download is logged."""
    row, content = exports.read(export_id, edge.actor())
    response = Response(content, mimetype=XLSX)
    name = f"{row.title}_{row.created_at.astimezone(clock.CHINA):%Y%m%d-%H%M}.xlsx"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


@bp.get("/<list_>/copy")
@needs(Permission.LIST_EXPORT)
def copy(list_: str) -> str:
    """The rows as a table to paste into a spreadsheet: the same columns, masked, the first thousand."""
    actor = edge.actor()
    listing = find(list_, actor)
    asked = question(request.query_string.decode("utf-8", "replace"))
    arranged = workbench.arrangement_of(listing, actor)
    columns = listing.chosen(arranged.columns)
    lines = list(islice(listing.walk(asked, actor, False), COPIED))
    events.tell("list.copy", details={"list": listing.title, "rows": len(lines)})
    return render_template(
        "workbench/copy.html", listing=listing, text=tab_separated(columns, lines), rows=len(lines), most=COPIED,
        back=back(listing),
    )  # fmt: skip
