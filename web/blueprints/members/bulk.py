"""One change for a whole selection: every field says 不修改 until it is chosen, then a preview, then a job, then the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from marshmallow import Schema

from web.blueprints import edge, tasks, words
from web.blueprints.forms import Form, Id, Many, One, Text
from web.blueprints.members.editing import demand_mine, options
from web.blueprints.members.lists import ENDPOINTS, chosen
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.core.errors import Invalid, NotFound
from web.core.fields import FIELDS
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.labels import service as labels
from web.tenants.members import codes
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.register import bulk
from web.tenants.register.bulk import Change
from web.tenants.register.editing import mark
from web.tenants.register.facets import Roll
from web.tenants.tasks import service as task_service
from web.tenants.tasks.models import Task
from web.tenants.workbench import service as workbench

tasks.RESULTS["bulk_edit"] = ("members.bulk_result", "task_id")
HOW = [("keep", "不修改"), ("set", "改为"), ("clear", "清空")]
CODED = {"member_kind": codes.MEMBER_KIND, "education": codes.EDUCATION, "ethnicity": codes.ETHNICITY, **codes.LISTED}
LABELS_HOW = [("keep", "不修改"), ("on", "贴上"), ("off", "揭下")]

_FORM: dict[str, Any] = {
    "roll": One("", [r.value for r in Roll]),
    "id": Many(Id()),
    "all_matching": Text(limit=1),
    "query": Text(limit=4000),
    "seen": Text(limit=40),
    "branch_id": Id("党支部", required=False),
    "label": Many(Text(limit=60), "标签"),
}
for _name in bulk.FIELDS:
    _FORM[f"how-{_name}"] = One(FIELDS[_name].label, HOW, required=False)
    _FORM[_name] = Text(FIELDS[_name].label, limit=80)
BulkForm = Schema.from_dict(_FORM, name="BulkForm")


def _change(given: dict[str, Any]) -> Change:
    said: dict[str, str] = {}
    for name in bulk.FIELDS:
        how = given.get(f"how-{name}") or "keep"
        if how == "set":
            if not given.get(name):
                raise Invalid({name: "required"})
            said[name] = given[name]
        elif how == "clear":
            said[name] = ""
    on, off = ([label.id for label in marked] for marked in labels.told(given["label"]))
    demand_mine(given.get("branch_id"))
    return Change(said, given.get("branch_id"), on, off)


@bp.post("/bulk")
@needs(Permission.MEMBER_WRITE)
def bulk_edit() -> Any:
    """`act`: nothing (the form), preview, apply. The selection is run again each time."""
    ids, form = chosen(), Form(BulkForm)
    act, shown, seen = request.form.get("act"), None, ""
    if act in ("preview", "apply"):
        with form:
            change = _change(form.read())
            shown = bulk.preview(ids, change)
            seen = mark([change.plain(), shown.people, *sorted(map(str, ids))])
            # What was typed over the preview, or who came to the selection since, is previewed again.
            if act == "apply" and form.is_as_previewed(seen):
                return redirect(url_for("tasks.show", task_id=bulk.begin(ids, change).id), 303)
    return form.page(
        "members/bulk.html", count=len(ids), shown=shown, seen=seen, is_other=act == "apply", how=HOW, fields=bulk.FIELDS, coded=CODED, words=words.ERRORS,
        labels=labels.every(), labels_how=LABELS_HOW, chosen_labels=form.values.get("label") or [],
        branches=options(organisations.branches(edge.actor())), names={n: FIELDS[n].label for n in bulk.FIELDS},
        back=url_for(ENDPOINTS[Roll(request.form.get("roll", Roll.MEMBERS))]),
    )  # fmt: skip


def _done(task_id: UUID) -> Task:
    """One's own bulk edit that came to its end."""
    task = task_service.get(task_id, task_service.own(edge.actor()))
    if task.kind != "bulk_edit" or "changed" not in task.details:
        raise NotFound()
    return task


@bp.post("/bulk/<uuid:task_id>/retry")
@needs(Permission.MEMBER_WRITE)
def bulk_retry(task_id: UUID) -> Any:
    """The same change again for those who were refused."""
    task = _done(task_id)
    ids = [UUID(i) for i, _code in task.details["failed"]]
    if not ids:
        raise Invalid({"id": "choose_one"}, code="nothing_chosen")
    again = bulk.begin(ids, Change.read(task.details["change"]))
    return redirect(url_for("tasks.show", task_id=again.id), 303)


@bp.get("/bulk/<uuid:task_id>")
@needs(Permission.MEMBER_WRITE)
def bulk_result(task_id: UUID) -> str:
    """What became of each: how many changed, who was refused and why, and the way back."""
    task = _done(task_id)
    failed = {UUID(i): code for i, code in task.details["failed"]}
    rows = db.session.execute(db.select(Member.id, Member.name).where(Member.id.in_(list(failed)))).all()
    named = {row.id: row.name for row in rows}
    step = task.details["step"]
    return render_template(
        "members/bulk_result.html", task=task, failed=[(i, named.get(i, ""), words.ERRORS.get(c, c)) for i, c in failed.items()],
        undo=url_for("workbench.undo", step_id=step) if step and workbench.is_open(UUID(step), edge.actor()) else "",
    )  # fmt: skip
