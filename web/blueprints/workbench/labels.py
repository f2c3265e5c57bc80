"""The labels of a list's rows: of one, ticked on a page of its own, which the column leads to; of many, after a preview."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.auth import own_path
from web.blueprints.forms import Form, Id, Many, Text
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.selection import lines
from web.blueprints.workbench.undo import offer
from web.core import events, permissions
from web.core.errors import Invalid, NotFound
from web.core.saying import say
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.labels import rows
from web.tenants.labels import service as labels
from web.tenants.register.editing import mark
from web.tenants.register.service import MOST_SELECTED
from web.tenants.workbench.listings import Labelled, Listing, find, pairs_of

HOW = [("keep", "不修改"), ("on", "贴上"), ("off", "揭下")]


class Ticked(Schema):
    label = Many(Id(), "标签")
    next = Text(limit=2000)


class Marks(Schema):
    id = Many(Id())
    all_matching = Text(limit=1)
    query = Text(limit=4000)
    label = Many(Text(limit=60), "标签")
    seen = Text(limit=40)


def _of(list_: str) -> tuple[Listing, Labelled]:
    """A list and how its rows are labelled; NotFound for one that is not there, or has no labels."""
    listing = find(list_, edge.actor())
    if listing.labelled is None:
        raise NotFound()
    return listing, listing.labelled


@bp.route("/<list_>/rows/<uuid:row_id>/labels", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def row_labels(list_: str, row_id: UUID) -> Any:
    """Which of the county's labels a row has. The row is asked of its list (`of`: which tab), so who does not see it there
    does not find it here.
    """
    actor, (listing, labelled) = edge.actor(), _of(list_)
    line = next(iter(listing.walk(f"{request.args.get('of', '')}&row={row_id}", actor, False)), None)
    if line is None:
        raise NotFound()
    permissions.demand(GRANTS, Role(actor.role), labelled.permission)
    title = listing.called(line)
    wanted = request.values.get("next", "")
    back = own_path(wanted) if wanted else url_for(listing.endpoint)
    form = Form(Ticked, {"label": [str(each.id) for each in rows.held(row_id)], "next": wanted})
    if form.is_sent:
        with form:
            given = form.read()
            with events.noted() as did:
                rows.settle(row_id, given["label"])
            offer(say("{title}的标签已改", title=title) if did else "没有改动", did)
            return redirect(back, 303)
    return form.page(
        "workbench/labels.html", title=title, listing=listing, back=back, labels=labels.every(),
        may_add=Permission.COUNTY_MANAGE in GRANTS[Role(actor.role)],
    )  # fmt: skip


@bp.post("/<list_>/labels")
@needs(Permission.SELF_WRITE)
def label_many(list_: str) -> Any:
    """Labels of many rows: `act`: nothing (the form), preview, apply. The selection is run again each time."""
    actor, (listing, labelled) = edge.actor(), _of(list_)
    permissions.demand(GRANTS, Role(actor.role), labelled.permission)
    chosen, form, shown, seen = lines(listing, labelled, MOST_SELECTED), Form(Marks), None, ""
    back = url_for(listing.endpoint) + "?" + urlencode(pairs_of(request.form.get("query", "")))
    if (act := request.form.get("act")) in ("preview", "apply"):
        with form:
            on, off = labels.told(form.read()["label"])
            if not on and not off:
                raise Invalid({"label": "nothing_to_change"})
            would = rows.would(list(chosen), on, off)
            shown = [chosen[row_id] for row_id in would]
            seen = mark([[label.id for label in marked] for marked in (on, off)] + sorted(map(str, would)))
            if act == "apply" and form.is_as_previewed(seen):
                with events.noted() as did:
                    count = rows.mark(list(chosen), on, off)
                offer(say("已改 {count} {unit}的标签", count=count, unit=listing.unit) if did else "没有改动", did)
                return redirect(back, 303)
    return form.page(
        "workbench/label_many.html", listing=listing, count=len(chosen), shown=shown, seen=seen, is_other=act == "apply", labels=labels.every(), back=back,
        how=HOW, may_add=Permission.COUNTY_MANAGE in GRANTS[Role(actor.role)],
    )  # fmt: skip
