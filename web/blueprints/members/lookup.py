"""批量查询: up to 5,000 pasted numbers and names, who they are in this register, and which are not found."""

from __future__ import annotations

from flask import render_template, request

from web.blueprints import edge
from web.blueprints.members.lists import acts_of
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.core import events
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.register import lookup as register
from web.tenants.register.facets import Roll


@bp.route("/lookup", methods=["GET", "POST"])
@needs(Permission.LIST_EXPORT)
def lookup() -> tuple[str, int]:
    """One number or name a line, as a column copied out of a spreadsheet. What was asked is not kept; that it was, is logged."""
    typed = request.form.get("asked", "") if request.method == "POST" else ""
    asked, too_many = register.lines(typed)
    answer, wrong = None, ""
    if request.method == "POST":
        if not asked:
            wrong = "请贴上身份证号、电话或姓名，一行一个"
        elif too_many:
            wrong = say(
                "一次最多 {most} 条，现有 {asked} 条，请分批", most=f"{register.MOST:,}", asked=f"{len(asked):,}"
            )
        else:
            answer = register.find(asked, edge.actor())
            events.tell("list.lookup", details={"asked": len(asked), "found": len(answer.found)})
    acts = acts_of(Roll.MEMBERS)
    page = render_template(
        "members/lookup.html", typed=typed, answer=answer, wrong=wrong, acts=acts, roll=Roll.MEMBERS, most=register.MOST
    )
    return page, 422 if wrong else 200
