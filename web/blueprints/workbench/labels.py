"""The labels of one row of a list: ticked on a page of their own, which the list's column leads to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.auth import own_path
from web.blueprints.forms import Form, Id, Many, Text
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.undo import offer
from web.core import events, permissions
from web.core.errors import NotFound
from web.core.saying import say
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.labels import rows
from web.tenants.labels import service as labels
from web.tenants.workbench.listings import find, words


class Ticked(Schema):
    label = Many(Id(), "标签")
    next = Text(limit=2000)


@bp.route("/<list_>/rows/<uuid:row_id>/labels", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def row_labels(list_: str, row_id: UUID) -> Any:
    """Which of the county's labels a row has. The row is asked of its list (`of`: which tab), so who does not see it there
    does not find it here.
    """
    actor, listing = edge.actor(), find(list_, edge.actor())
    if listing.labelled is None:
        raise NotFound()
    line = next(iter(listing.walk(f"{request.args.get('of', '')}&row={row_id}", actor, False)), None)
    if line is None:
        raise NotFound()
    permissions.demand(GRANTS, Role(actor.role), listing.labelled.permission)
    named = next((c for c in listing.columns if c.name == listing.labelled.named), listing.columns[0])
    title = words(named.text(line))
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
