"""An attendance list pasted or uploaded: a dry run with a reason a line; what is matched goes through the sheet's form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.activities.rooms import bp
from web.blueprints.activities.sheet import rows_of
from web.blueprints.cosigning.wording import PRESENCES
from web.blueprints.forms import Form, One, Text
from web.blueprints.policy import needs
from web.core.errors import Invalid, WrongState
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import rolls
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState, Presence
from web.tenants.activities.service import SYMBOLS
from web.tenants.imports import reading, reasons
from web.tenants.members.readings import Doubt

# Why a line is not recorded, and how to mend it.
WHY = {
    "nobody_due": "名单里没有这个人。应是本组织的党员，或已编入下属支部的流入党员；姓名写错的请改正",
    "in_other_hands": "已送请共签，有异议时在共签记录里更正",
    "no_symbol": "没有写到会情况",
    "which_leave": "请写明病假、公假或事假",
    "symbol_unknown": "“{text}”看不懂，请用 √ # O ★ △ × 或写成文字",
    "minutes_unreadable": "学时“{text}”不是分钟数",
    "twice": "与第 {line} 行是同一个人",
}
BLANKS = [("", "不记入"), (Presence.PRESENT.value, "记为到会")]


class Roll(Schema):
    """The list, and what a name without a symbol means. A file goes before the text."""

    file = Text("文件")
    text = Text("名单", limit=40_000)
    blank = One("没有写符号的", BLANKS, required=False)


def _table() -> Any:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return rolls.lines(request.form.get("text", ""))
    data = sent.read()
    if data[:4] == b"PK\x03\x04" or b"\x00" in data[:4096]:
        try:
            book = reading.read_workbook(data)
        except reading.ImportRefused as error:
            raise Invalid({"file": reasons.words(error)}) from error
        return next((sheet.rows for sheet in book.sheets if sheet.rows), [])
    return rolls.lines(rolls.decoded(data))


def _why(found: Doubt | None) -> str:
    return say(WHY[found.code], **found.params) if found else ""


@bp.route("/<uuid:activity_id>/attendance/list", methods=["GET", "POST"])
@needs(Permission.ACTIVITY_WRITE)
def roll(activity_id: UUID) -> Any:
    """Read a list without writing anything: line by line who it is, what it says, or why not. Its form is the sheet's."""
    activity: Activity = activities.get(activity_id, edge.actor())
    if activity.state is ActivityState.CANCELLED:
        raise WrongState("activity_over")
    form = Form(Roll)
    if form.is_sent:
        with form:
            blank = form.read().get("blank")
            due = [rolls.Due(r["key"], r["name"], r["org"], r["held"]) for r in rows_of(activity) if r["name"]]
            entries, missing = rolls.read(_table(), due, blank=Presence(blank) if blank else None)
            return render_template(
                "activities/roll.html",
                activity=activity,
                entries=[(entry, _why(entry.why)) for entry in entries],
                ready=sum(entry.why is None for entry in entries),
                missing=missing,
                signs=SYMBOLS,
                presences=PRESENCES,
                form=form,
                blanks=BLANKS,
            )
    return form.page("activities/list.html", activity=activity, blanks=BLANKS)
