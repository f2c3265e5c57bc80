"""Templates a county keeps for its next agreement: saved from an agreement, edited, dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from sqlalchemy import func, literal, or_
from sqlalchemy.dialects.postgresql import JSONB

from web.blueprints.agreements import schemas
from web.blueprints.agreements.pages import bp, load
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.blueprints.workbench import recycling
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import scopes
from web.core.errors import Invalid
from web.core.keyset import Order
from web.core.saying import say
from web.federation.agreements import clauses, templates, texts
from web.federation.agreements.models import AgreementTemplate
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.facets import Facet, on_day
from web.tenants.workbench.listings import LISTINGS, Column, Listing
from web.tenants.workbench.plain import PlainList

T = AgreementTemplate
COLUMNS = (
    Column("name", "模板", lambda it: it.name, 0),
    Column("gives", "牵头方给出", lambda it: " ".join(it.text["gives"]), 144, "hide-phone", missing="没有"),
    Column("takes", "牵头方得到", lambda it: " ".join(it.text["takes"]), 144, "hide-phone", missing="没有"),
    Column("items", "合作事项", lambda it: len(it.text["items"]), 80, "hide-phone", is_number=True),
    Column("duties", "责任清单", lambda it: len(it.text.get("responsibilities", [])), 80, "hide-phone", is_number=True),
    Column("updated", "最近修改", lambda it: it.updated_at, 128),
    Column("created", "存下时间", lambda it: it.created_at, 128, is_standard=False),
)


def _scopes(key: str, label: str) -> Facet:
    """Which scopes stand in it."""
    held = func.coalesce(T.text[key], literal("[]").cast(JSONB))
    choices = {scope: scope for scope in scopes.GRANTABLE}
    return Facet(
        key,
        label,
        lambda values: or_(*(held.contains([v]) for v in values)),
        func.jsonb_array_length(held) == 0,
        choices,
    )


FACETS = (
    _scopes("gives", "牵头方给出"),
    _scopes("takes", "牵头方得到"),
    Facet("day", "修改日期", on_day(T.updated_at), None, {}, "date"),
)
NEWEST = Order((T.updated_at, T.id), (datetime.fromisoformat, UUID), is_falling=True)
TEMPLATES = PlainList(lambda _actor: templates.undeleted(), NEWEST)
LISTINGS["agreement_templates"] = Listing(
    "agreement_templates", "协议模板", "份", "agreements.template_list", Permission.AGREEMENT_READ, lambda: COLUMNS,
    *TEMPLATES.of("agreement_templates"), facets=lambda: FACETS, fixed="a text is edited whole, on its own page",
    typed=lambda text: T.name.contains(text, autoescape=True),
)  # fmt: skip


@bp.get("/templates")
@needs(Permission.AGREEMENT_READ)
def template_list() -> Any:
    """Every template, the one changed last first."""
    sheet = sheet_of("agreement_templates")
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return render_template("agreements/templates.html", sheet=sheet, page=sheet.page(TEMPLATES))


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
    """Into the recycle bin."""
    row = templates.drop(template_id)
    words = say("已删除模板“{name}”，由它起草的协议不受影响", name=row.name)
    flash({"words": words, "undo": url_for("agreements.restore_template", template_id=row.id)})  # type: ignore[arg-type]
    return redirect(url_for("agreements.template_list"), 303)


@bp.post("/templates/<uuid:template_id>/restore")
@needs(Permission.AGREEMENT_WRITE)
def restore_template(template_id: UUID) -> Any:
    """Out of the recycle bin."""
    row = templates.find(template_id, in_bin=True)
    try:
        templates.restore(template_id)
    except Invalid as wrong:
        return recycling.stays(row.name, wrong)
    flash(say("已恢复模板“{name}”", name=row.name))
    return redirect(url_for("agreements.template_list"), 303)
