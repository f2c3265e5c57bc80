"""Editing in a list: one cell in its place, and many rows at once after a preview. `register.editing` says which fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from marshmallow import Schema

from web.blueprints import edge, filters, tasks, words
from web.blueprints.auth import own_path
from web.blueprints.forms import Form, Id, Many, One, Text
from web.blueprints.policy import needs
from web.blueprints.workbench import cells
from web.blueprints.workbench.rooms import bp
from web.blueprints.workbench.selection import chosen
from web.core import events
from web.core.errors import Conflict, Invalid, NotFound
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.register import editing
from web.tenants.register.editing import Editing
from web.tenants.tasks import service as task_service
from web.tenants.tasks.models import Task
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import LISTINGS

FORMS: dict[str, type[Schema]] = {}
"""List → the schema of the form its rows are changed by, which also says what a cell may hold."""
HOW = [("keep", "不修改"), ("set", "改为"), ("clear", "清空")]
tasks.RESULTS["edit_list"] = ("workbench.bulk_result", "task_id")


def editable(found: Editing, form: type[Schema]) -> None:
    """Declare how a list is edited; values are read by the schema of the form its rows have."""
    FORMS[found.listing] = form
    editing.declare(found)


def _field(found: Editing, name: str) -> Text:
    """The field of the form, as a cell has it: it may be left empty where the list says so."""
    of = FORMS[found.listing]().fields[name]
    assert isinstance(of, Text)
    return Text(of.metadata["label"], limit=of.limit, required=name in found.must)


def _label(found: Editing, name: str) -> str:
    return str(FORMS[found.listing]().fields[name].metadata["label"])


@bp.route("/<list_>/rows/<uuid:row_id>/<name>", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def cell(list_: str, row_id: UUID, name: str) -> Any:
    """One field. A script (`X-Cell`) gets JSON: the new words, or what is wrong (422), or both values (412)."""
    actor = edge.actor()
    found = editing.find(list_, actor)
    if name not in found.fields:
        raise NotFound()
    is_sent = request.method == "POST"
    row = found.get(row_id, actor, is_sent)
    found.demand(row)
    wanted = (request.form if is_sent else request.args).get("next", "")
    back = own_path(wanted) if wanted else url_for(LISTINGS[list_].endpoint)
    title, label = found.title(row), _label(found, name)
    schema = Schema.from_dict(
        {"value": _field(found, name), "version": Text(limit=40, required=True), "next": Text(limit=2000)}
    )
    form = Form(schema, {"value": getattr(row, name), "version": editing.mark(getattr(row, name)), "next": wanted})
    clash: dict[str, Any] | None = None
    if form.is_sent:
        try:
            with form:
                given = form.read()
                with events.noted() as did:
                    editing.change(found, row, {name: given["value"]}, actor, seen={name: given["version"]})
                said = say("{title}的{label}已改", title=title, label=label) if did else "没有改动"
                now = getattr(row, name)
                return cells.done(said, did, back, now=now, version=editing.mark(now))
        except Conflict as error:
            ours, theirs = error.params["fields"][name]  # type: ignore[index]
            db.session.rollback()
            clash = {
                "label": label, "ours": ours or "空", "theirs": theirs or "空", "who": error.params["who"],
                "when": filters.since(error.params["at"]), "version": editing.mark(theirs), "value": theirs,  # type: ignore[arg-type]
            }  # fmt: skip
            form.values["version"] = clash["version"]
    return cells.page(
        form, clash, title=title, label=label, back=back, how={},
        trail=[(LISTINGS[list_].title, back), (label, None)],
        action=url_for("workbench.cell", list_=list_, row_id=row_id, name=name),
    )  # fmt: skip


def _chosen(found: Editing) -> list[UUID]:
    return chosen(found.listing, found.id_of, editing.MOST)


def _form(found: Editing) -> type[Schema]:
    fields: dict[str, Any] = {
        "id": Many(Id()),
        "all_matching": Text(limit=1),
        "query": Text(limit=4000),
        "seen": Text(limit=40),
    }
    for name in found.fields:
        of = FORMS[found.listing]().fields[name]
        assert isinstance(of, Text)
        fields |= {
            f"how-{name}": One(_label(found, name), HOW, required=False),
            name: Text(_label(found, name), limit=of.limit),
        }
    return Schema.from_dict(fields, name="BulkForm")


def _given(found: Editing, said: dict[str, Any]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name in found.fields:
        how = said.get(f"how-{name}") or "keep"
        if how == "set" and not said.get(name):
            raise Invalid({name: "required"})
        if how != "keep":
            given[name] = said[name] if how == "set" else ""
    return given


@bp.post("/<list_>/bulk")
@needs(Permission.SELF_WRITE)
def bulk(list_: str) -> Any:
    """Many rows: `act`: nothing (the form), preview, apply. The selection is run again each time."""
    actor = edge.actor()
    found = editing.find(list_, actor)
    ids, form, shown, seen = _chosen(found), Form(_form(found)), None, ""
    act = request.form.get("act")
    if act in ("preview", "apply"):
        with form:
            given = _given(found, form.read())
            shown = editing.preview(found, ids, given, actor)
            seen = editing.mark([given, shown.rows, *sorted(map(str, ids))])
            if act == "apply" and form.is_as_previewed(seen):
                return redirect(url_for("tasks.show", task_id=editing.begin(found, ids, given).id), 303)
    listing = LISTINGS[list_]
    return form.page(
        "workbench/bulk.html", listing=listing, count=len(ids), shown=shown, seen=seen, is_other=act == "apply", words=words.ERRORS, fields=found.fields,
        must=found.must, how=HOW, names={name: _label(found, name) for name in found.fields},
        back=url_for(listing.endpoint),
    )  # fmt: skip


def _done(task_id: UUID) -> tuple[Task, Editing]:
    """One's own change of many that came to its end."""
    task = task_service.get(task_id, task_service.own(edge.actor()))
    if task.kind != "edit_list" or "changed" not in task.details:
        raise NotFound()
    return task, editing.find(task.details["list"], edge.actor())


@bp.post("/bulk/<uuid:task_id>/retry")
@needs(Permission.SELF_WRITE)
def bulk_retry(task_id: UUID) -> Any:
    """The same change again for the rows that were refused."""
    task, found = _done(task_id)
    ids = [UUID(i) for i, _code in task.details["failed"]]
    if not ids:
        raise Invalid({"id": "choose_one"}, code="nothing_ticked")
    return redirect(url_for("tasks.show", task_id=editing.begin(found, ids, task.details["values"]).id), 303)


@bp.get("/bulk/<uuid:task_id>")
@needs(Permission.SELF_WRITE)
def bulk_result(task_id: UUID) -> str:
    """What became of each row: how many changed, which were refused and why, and the way back."""
    task, found = _done(task_id)
    step = task.details["step"]
    return render_template(
        "workbench/bulk_result.html",
        task=task,
        listing=LISTINGS[found.listing],
        failed=[(_titled(found, UUID(i)), words.ERRORS.get(code, code)) for i, code in task.details["failed"]],
        undo=url_for("workbench.undo", step_id=step) if step and workbench.is_open(UUID(step), edge.actor()) else "",
    )


def _titled(found: Editing, row_id: UUID) -> str:
    try:
        return found.title(found.get(row_id, edge.actor(), False))
    except NotFound:
        return "已不在名单里"
