"""The responsibility lists of all agreements in effect as one list: both sides, who is responsible, what our yearly check
found.
"""

from __future__ import annotations

from typing import Any

from flask import render_template
from sqlalchemy import ColumnElement

from web.blueprints.agreements.duties import FOUND
from web.blueprints.agreements.pages import bp
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.extensions import db
from web.federation.agreements import responsibilities as rows
from web.federation.agreements import texts
from web.federation.agreements.models import Agreement, AgreementState
from web.tenants.accounts.permissions import Permission
from web.tenants.workbench.facets import Facet, any_of, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice
from web.tenants.workbench.plain import PlainList

UNCHECKED = "还没有检查"
COLUMNS = (
    Column("item", "责任", lambda it: it.item, 0),
    Column("side", "哪一方", lambda it: texts.SIDES[it.side], 80),
    Column("owner", "责任单位", lambda it: it.owner, 128),
    Column("frequency", "频次", lambda it: texts.HOW_OFTEN[it.frequency], 80, "hide-phone"),
    Column("evidence", "佐证", lambda it: it.evidence, 176, "hide-phone"),
    Column("found", "年度检查", lambda it: FOUND.get(it.found, ""), 176, missing=UNCHECKED),
    Column("agreement", "协议", lambda it: it.title, 208),
    Column("checked", "检查日期", lambda it: it.checked_on, 96, is_standard=False, missing=UNCHECKED),
    Column("due", "检查期限", lambda it: it.due_on, 96, is_standard=False, missing="没有待办"),
)
FACETS = (
    Facet("side", "哪一方", any_of(rows.SIDE), None, texts.SIDES),
    Facet("found", "年度检查", any_of(rows.FOUND), rows.FOUND.is_(None), FOUND),
    Facet("frequency", "频次", any_of(rows.FREQUENCY), None, texts.HOW_OFTEN),
    Facet("agreement", "协议", one_of(Agreement.id), None, "agreements"),
)


def _typed(text: str) -> ColumnElement[bool]:
    """A part of the responsibility, of who is responsible, or of what shows it."""
    said, unit, shown = (cell.contains(text, autoescape=True) for cell in (rows.ITEM, rows.OWNER, rows.EVIDENCE))
    return said | unit | shown


LISTED = PlainList(lambda _actor: rows.rows(), rows.ORDER, rows.read)
LISTINGS["responsibilities"] = Listing(
    "responsibilities", "责任清单", "项", "agreements.responsibilities", Permission.AGREEMENT_READ, lambda: COLUMNS,
    *LISTED.of("responsibilities"), facets=lambda: FACETS, fixed="a text is changed by a counter that every party sees",
    typed=_typed,
)  # fmt: skip


@bp.get("/responsibilities")
@needs(Permission.AGREEMENT_READ)
def responsibilities() -> Any:
    """Every responsibility under an agreement in effect, by agreement, in the order of its text."""
    active = db.select(*choice("agreements", Agreement.id, Agreement.title)).where(
        Agreement.state == AgreementState.ACTIVE
    )
    sheet = sheet_of("responsibilities", active)
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    return render_template("agreements/responsibilities.html", sheet=sheet, page=sheet.page(LISTED))
