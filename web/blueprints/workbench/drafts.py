"""Drafts of long forms: kept while they are typed (script) or on request (a button), offered when the form is opened again."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for

from web.blueprints import edge
from web.blueprints.auth import own_path
from web.blueprints.filters import moment
from web.blueprints.forms import BESIDES
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.core.errors import Invalid
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench import service as workbench


@bp.post("/drafts")
@needs(Permission.SELF_WRITE)
def keep_draft() -> Any:
    """Keep what stands in the form now. A script asks in the background; the button leads back to the form, filled in."""
    form = request.form.get("draft_form", "")
    if not form:
        raise Invalid({"draft_form": "required"})
    values = {name: many for name, many in request.form.lists() if name not in BESIDES}
    at = workbench.keep_draft(form, values, edge.actor())
    if request.headers.get("X-Draft"):
        return {"at": moment(at)}
    flash("已存草稿，下次打开可接着填")
    return redirect(_back() + "?draft=1", 303)


@bp.post("/drafts/drop")
@needs(Permission.SELF_WRITE)
def drop_draft() -> Any:
    """Not wanted any more."""
    workbench.drop_draft(request.form.get("draft_form", ""), edge.actor())
    flash("草稿已丢弃")
    return redirect(_back(), 303)


def _back() -> str:
    wanted = request.form.get("draft_back", "")
    return own_path(wanted).partition("?")[0] if wanted else url_for("home.index")
