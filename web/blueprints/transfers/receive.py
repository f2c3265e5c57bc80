"""A letter on paper from elsewhere: the person and the letter, written down as they are presented."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.forms import Day, Form, Id, Number, One, Text, Tick
from web.blueprints.members.editing import demand_mine, fill_in
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp
from web.core import clock
from web.core.errors import Invalid
from web.tenants.accounts.permissions import Permission
from web.tenants.members import codes, values
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.transfers import receiving

PERSON = (
    "name", "gender", "birth_on", "ethnicity", "member_kind", "id_number", "phone", "dues_until", "joined_on", "confirmed_on",
)  # fmt: skip


class Paper(Schema):
    letter_no = Text("介绍信编号", limit=40, required=True)
    from_org = Text("转出单位", limit=100, required=True)
    addressee = Text("介绍信抬头", limit=100)
    issued_on = Day("转出办理时间", required=True)
    valid_days = Number("有效期（天）", low=1, high=90)
    received_on = Day("收到日期", required=True)
    branch_id = Id("编入支部")
    from_address = Text("转出单位地址", limit=100)
    from_phone = Text("转出单位联系电话", limit=40)
    from_fax = Text("传真", limit=40)
    from_postcode = Text("邮编", limit=6)
    name = Text("姓名", limit=60, required=True)
    gender = One("性别", [("1", "男"), ("2", "女")])
    birth_on = Day("出生日期", required=True)
    ethnicity = One("民族", codes.ETHNICITY.choices, required=False)
    member_kind = One("人员类别", codes.MEMBER_KIND.choices)
    id_number = Text("身份证号", limit=24, required=True)
    phone = Text("联系电话", limit=60)
    dues_until = Text("党费缴至", limit=7, required=True)
    asked_on = Day("提交书面申请书时间")
    activist_on = Day("确定为入党积极分子时间")
    candidate_on = Day("确定为发展对象时间")
    joined_on = Day("入党时间")
    confirmed_on = Day("转正时间")
    note = Text("备注", limit=200)
    is_other = Tick("已核对，不是同一个人")


@bp.route("/receive", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def receive_letter() -> Any:
    """Warn of the same person, then make the provisional row and its case."""
    branches = organisations.branches(edge.actor())
    begun = {"received_on": clock.today(), "member_kind": "1", "valid_days": 30}
    form = Form(Paper, begun, draft="transfers.receive_letter")
    same: list[members.Candidate] = []
    differs: list[str] = []
    if form.is_sent and request.form.get("act") == "fill":
        with form:
            fill_in(form)
    elif form.is_sent:
        with form:
            given = form.read()
            is_other, branch_id, received_on = given.pop("is_other"), given.pop("branch_id"), given.pop("received_on")
            demand_mine(branch_id)
            person = {name: given.pop(name) for name in PERSON if name in given}
            same = members.duplicates(
                **{n: person.get(n) for n in ("birth_on", "id_number", "phone")}, name=person["name"]
            )
            differs = values.disagreements(values.read(person))
            if (same or differs) and not is_other and not any(c.why == "id_number" for c in same):
                raise Invalid({"": "look_again"})
            case = receiving.receive_letter(branch_id, received_on=received_on, letter=given, **person)
            flash("已收下介绍信，请编入支部")
            return redirect(url_for("transfers.show", case_id=case.id), 303)
    return form.page(
        "transfers/receive.html",
        branches=[(str(b.id), b.full_name) for b in branches],
        same=same,
        differs=differs,
        ethnicities=list(codes.ETHNICITY.choices()),
        kinds=list(codes.MEMBER_KIND.choices()),
    )
