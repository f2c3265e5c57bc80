"""Templates a county keeps for its next agreement: saved from an agreement, edited, dropped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for

from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, load
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.core import scopes
from web.federation.agreements import clauses, templates, texts
from web.tenants.accounts.permissions import Permission


@bp.get("/templates")
@needs(Permission.AGREEMENT_READ)
def template_list() -> str:
    return render_template("agreements/templates.html", rows=templates.every())


@bp.route("/<uuid:agreement_id>/save-template", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def save_template(agreement_id: UUID) -> Any:
    """Keep the text of this agreement, without parties and days."""
    view = load(agreement_id)
    form = Form(schemas.Saving, {"name": view.title})
    if form.is_sent:
        with form:
            template = templates.save(agreement_id, form.read()["name"])
            flash("已存为模板，可以接着修改")
            return redirect(url_for("agreements.edit_template", template_id=template.id), 303)
    return form.page("agreements/save_template.html", view=view)


@bp.route("/templates/<uuid:template_id>", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def edit_template(template_id: UUID) -> Any:
    template = templates.find(template_id)
    begun = schemas.template_values(template.name, template.text)
    form = Form(schemas.TemplateForm, begun, draft=f"agreements.edit_template:{template_id}")
    if form.is_sent:
        with form:
            given = form.read()
            templates.change(template_id, given["name"], schemas.template_of(given, template.text))
            flash("模板已保存")
            return redirect(url_for("agreements.template_list"), 303)
    return form.page(
        "agreements/template.html",
        row=template,
        headings=[(no, form.values.get(f"heading_{no}", "")) for no in range(1, texts.CLAUSES + 1)],
        frequency_of=texts.FREQUENCY_OF,
        frequencies=list(texts.FREQUENCIES.items()),
        scopes=scopes.GRANTABLE,
        sides=texts.SIDES,
        duty_rows=range(1, texts.RESPONSIBILITIES + 1),
        how_often=list(texts.HOW_OFTEN.items()),
        marks=(clauses.TITLE, clauses.PARTIES, clauses.FROM, clauses.TO),
    )


@bp.post("/templates/<uuid:template_id>/drop")
@needs(Permission.AGREEMENT_WRITE)
def drop_template(template_id: UUID) -> Any:
    templates.drop(template_id)
    flash("模板已删除，由它起草的协议不受影响")
    return redirect(url_for("agreements.template_list"), 303)
