"""One cell of a list changed in place: a page of one field, and the same answered to a script that edits in the table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for
from marshmallow import Schema

from web.blueprints import filters
from web.blueprints.auth import own_path
from web.blueprints.english import choice
from web.blueprints.forms import Form, One, Text
from web.blueprints.members import wording
from web.blueprints.members.editing import said, version_of
from web.blueprints.members.pages import locked, person
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.blueprints.workbench import cells
from web.core import events
from web.core.errors import Conflict, NotFound
from web.core.fields import FIELDS
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.members import codes, service
from web.tenants.register.facets import EDUCATIONS

CELLS: dict[str, codes.CodeSet | None] = {
    "education": codes.EDUCATION,
    "dues_until": None,
    "certificate_no": None,
    "post": None,
    "appraisal": codes.APPRAISAL,
}
"""Fields of a member that a list changes in place, with the codes they choose from."""


def _schema(field: str, now: str) -> type[Schema]:
    of, label = CELLS[field], FIELDS[field].label
    value = One(label, wording.offered(of, now), required=False) if of else Text(label, limit=80)
    return Schema.from_dict({"value": value, "version": Text(limit=40, required=True), "next": Text(limit=2000)})


def _shown(field: str, value: object) -> str:
    """As the list says it."""
    return EDUCATIONS.get(str(value)[:1], "") if field == "education" else str(value or "")


@bp.route("/<uuid:member_id>/cell/<field>", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def cell(member_id: UUID, field: str) -> Any:
    """The field alone. A script (`X-Cell`) gets JSON: the new words, or what is wrong (422), or both values (412)."""
    if field not in CELLS:
        raise NotFound()
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    service.demand_open(member)
    wanted = request.args.get("next", "") if request.method == "GET" else request.form.get("next", "")
    mine = url_for("members.show", member_id=member_id)
    back = own_path(wanted) if wanted else mine
    now = getattr(member, field)
    form = Form(_schema(field, now), {"value": now, "version": member.updated_at.isoformat(), "next": wanted})
    clash: dict[str, Any] | None = None
    if form.is_sent:
        try:
            with form:
                given = form.read()
                with events.noted() as did:
                    service.amend(member, {field: given["value"]}, version=version_of(given["version"]), reason="cell")
                words = say("{name}的{label}已改", name=member.name, label=FIELDS[field].label) if did else "没有改动"
                now = choice.shown(_shown(field, getattr(member, field)))
                return cells.done(words, did, back, now=now, version=member.updated_at.isoformat())
        except Conflict as error:
            db.session.rollback()
            ours, theirs = error.params["fields"][field]  # type: ignore[index]
            clash = {
                "label": FIELDS[field].label, "ours": said(field, ours), "theirs": said(field, theirs),
                "who": error.params["who"], "when": filters.since(error.params["at"]),  # type: ignore[arg-type]
                "version": error.params["version"].isoformat(), "value": _shown(field, theirs),  # type: ignore[attr-defined]
            }  # fmt: skip
            form.values["version"] = clash["version"]
    of, label = CELLS[field], FIELDS[field].label
    how = {"type": "select", "options": wording.offered(of, now), "blank": "未填"} if of else {}
    return cells.page(
        form, clash, title=member.name, label=label, back=back,
        how=how or {"type": "month" if field == "dues_until" else "text"},
        trail=[("名单", back), (member.name, mine), (label, None)],
        action=url_for("members.cell", member_id=member_id, field=field),
    )  # fmt: skip
