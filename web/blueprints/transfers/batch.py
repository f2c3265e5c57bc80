"""A selection of the register to one organisation of the county: the preview with a reason a row, then one case each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge, words
from web.blueprints.forms import Day, Form, Id, Many, One, Text
from web.blueprints.members import lists as register
from web.blueprints.members.wording import METHODS
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp
from web.core import clock
from web.core.errors import Invalid
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Method
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.register import service as people
from web.tenants.transfers import batch


class Selection(Schema):
    """One destination for all who are ticked."""

    to_org_id = Id("转往")
    method = One("申请方式", list(METHODS.items()))
    applied_on = Day("申请日期", required=True)
    note = Text("备注", limit=200)
    id = Many(Id(""), "党员")
    listed = Many(Id(""), "名单")


def _why(code: str) -> str:
    return words.ERRORS.get(code) or words.FIELD_ERRORS.get(code, code)


def _page(ids: list[UUID], form: Form, to_org_id: UUID | None, left: dict[UUID, str] | None = None) -> Any:
    rows = batch.preview(ids[: batch.MOST], to_org_id)
    known = {r.member_id: (left or {}).get(r.member_id) or r.why for r in rows}
    takes = [
        o for o in organisations.tree() if o.is_active and o.kind in (*members.HOLDS_MEMBERS, *organisations.COMMITTEES)
    ]
    return form.page(
        "transfers/batch.html",
        rows=rows,
        why={member_id: _why(code) if code else "" for member_id, code in known.items()},
        ready=sum(not code for code in known.values()),
        destinations=[(str(o.id), "　" * max(o.path.count(".") - 1, 0) + o.name) for o in takes],
        methods=METHODS,
        is_checked=to_org_id is not None,
        most=batch.MOST,
        too_many=len(ids) > batch.MOST,
    )


@bp.post("/batch")
@needs(Permission.TRANSFER_WRITE)
def submit_many() -> Any:
    """`act`: check shows who can go to the destination; submit hands up those who can. Else the register's selection."""
    act = request.form.get("act")
    if act not in ("check", "submit"):
        ids = register.chosen()
        form = Form(Selection)  # what was posted is the register's selection and not this form
        form.values = {"applied_on": clock.today(), "method": Method.PAPER.value}
        return _page(ids, form, None)
    form, ids, to_org_id = Form(Selection), list[UUID](), None
    with form:
        try:
            ids = [UUID(value) for value in request.form.getlist("id" if act == "submit" else "listed")]
        except ValueError as error:
            raise Invalid({"id": "invalid"}) from error
        ids = people.among(ids, edge.actor())
        if not ids:
            raise Invalid({"id": "choose_members"})
        given = form.read()
        to_org_id = organisations.get(given["to_org_id"]).id
        if act == "submit":
            rest = {"method": Method(given["method"]), "applied_on": given["applied_on"], "note": given.get("note", "")}
            made, left = batch.submit(ids, to_org_id, **rest)
            if not left:
                flash(say("已提交 {made} 人，等党委审批", made=len(made)))
                return redirect(url_for("transfers.index", tab="open"), 303)
            if made:
                flash(say("已提交 {made} 人，{left} 人没有提交，原因见下", made=len(made), left=len(left)))
            return _page([member_id for member_id, _ in left], form, to_org_id, dict(left))
    return _page(ids, form, to_org_id)


register.ACTS.append(register.Act("申请转接", "transfers.submit_many", Permission.TRANSFER_WRITE))
