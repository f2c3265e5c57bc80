"""Every verb of a case as one form: who says it, what it asks, what it says before it is done, what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.forms import Day, Form, Id, Number, One, Text
from web.blueprints.policy import needs
from web.blueprints.transfers import wording
from web.blueprints.transfers.rooms import Seen, bp, seen
from web.core import clock
from web.core.errors import NotFound, WrongState
from web.core.fields import mask
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.members.codes import ETHNICITY
from web.tenants.organisations import service as organisations
from web.tenants.transfers import issuing, letters, receiving, service
from web.tenants.transfers.models import RelationTransfer, TransferKind, TransferState

K = TransferKind


class Nothing(Schema):
    """A confirmation alone."""


class Words(Schema):
    text = Text("说明", limit=500, load_default="")


class Mend(Schema):
    text = Text("需要补正的内容", limit=500, required=True)


class Proof(Schema):
    text = Text("支部说明", limit=500, required=True)


class Refusal(Words):
    reason = One("原因", list(wording.REFUSED.items()))


class Void(Words):
    reason = One("原因", list(wording.VOIDED.items()))


class Letter(Schema):
    from_org = Text("转出单位", limit=100, required=True)
    to_org = Text("转入单位", limit=100, required=True)
    addressee = Text("介绍信抬头", limit=100, required=True)
    valid_days = Number("有效期（天）", low=1, high=counties.LETTER_VALID_AT_MOST)
    contact = Text("党员联系电话", limit=60)


class HandOut(Schema):
    on = Day("交付日期", required=True)


class Branch(Schema):
    branch_id = Id("编入支部")


class Receipt(Schema):
    on = Day("接收日期", required=True)
    handler = Text("经办人", limit=40, required=True)
    phone = Text("联系电话", limit=40, required=True)


class SentReceipt(Receipt):
    on = Day("寄出日期", required=True)


@dataclass(frozen=True)
class Act:
    """One verb's form. `begin`: the values it starts with; `says`: what happens when it is done; `done`: the toast.

    `kinds`: the cases it is for, where a verb asks different things of different kinds.
    """

    key: str
    verb: str
    title: str
    button: str
    schema: type[Schema]
    do: Callable[[RelationTransfer, dict[str, Any]], object]
    says: str
    done: str
    is_main: bool = False
    warning: str = ""
    begin: Callable[[RelationTransfer], Mapping[str, Any]] = lambda case: {}
    kinds: frozenset[TransferKind] = frozenset(K)
    permission: Permission = Permission.TRANSFER_APPROVE

    @property
    def endpoint(self) -> str:
        return f"transfers.{self.key}"


def _letter(case: RelationTransfer) -> dict[str, Any]:
    assert case.branch_id is not None
    own, branch, said = counties.own(), organisations.get(case.branch_id).full_name, case.values()
    return {
        "from_org": branch if branch.startswith(("中共", own.name)) else own.name + branch,
        "to_org": said.get("to_org", ""),
        "addressee": said.get("addressee", ""),
        "valid_days": counties.settings().letter_valid_days,
    }


def _today(case: RelationTransfer) -> dict[str, Any]:
    return {"on": clock.today()}


WRITE = Permission.TRANSFER_WRITE
ACTS: dict[str, Act] = {
    act.key: act
    for act in (
        Act(
            "submit", "submit", "提交党委", "提交党委", Nothing, lambda c, v: service.submit(c),
            "提交后由所在党委审批；批准以前，支部可以撤销。", "已提交，等党委审批", True, permission=WRITE,
        ),
        Act(
            "renew", "renew", "申请重开介绍信", "提交党委", Proof, lambda c, v: service.renew(c, v["text"]),
            "介绍信过期没有接收，组织关系仍在我方，由我方负责管理。说明这段时间本人在支部的情况，由党委审批后另开介绍信。",
            "已提交，等党委审批", True, permission=WRITE,
        ),
        Act(
            "revoke", "revoke", "撤销转接", "撤销转接", Words, lambda c, v: service.revoke(c, v["text"]),
            "上一级还没有批准，可以撤销。撤销后这次转接终止，需要时可以重新申请。", "已撤销", permission=WRITE,
        ),
        Act(
            "give_back", "return", "退回补正", "退回补正", Mend, lambda c, v: service.give_back(c, v["text"]),
            "写明哪里不符，支部补正后重新提交。", "已退回，等支部补正",
        ),
        Act(
            "approve", "approve", "批准转接", "批准", Nothing, lambda c, v: service.approve(c),
            "", "已批准", True,
        ),
        Act(
            "refuse", "refuse", "不予办理", "不予办理", Refusal,
            lambda c, v: service.refuse(c, v["reason"], v["text"], wording.REFUSED[v["reason"]]),
            "这次转接终止，介绍信已开出的作废，组织关系不变。", "已登记不予办理", warning=wording.REFUSAL_WARNING,
        ),
        Act(
            "issue_letter", "issue_letter", "开出介绍信", "开出介绍信", Letter, lambda c, v: issuing.issue_letter(c, **v),
            "开出后取用一个编号，党员信息锁定，直到回执寄回、介绍信作废或过期。介绍信由本县打印盖章。",
            "介绍信已开出，正在生成 PDF", True, begin=_letter,
        ),
        Act(
            "hand_out", "hand_out", "交付介绍信", "登记交付", HandOut, lambda c, v: issuing.hand_out(c, v["on"]),
            "介绍信交给本人或寄出后登记。对方接收并寄回回执以前，仍由我方负责管理。", "已登记交付", True, begin=_today,
        ),
        Act(
            "void_letter", "void_letter", "介绍信作废", "作废", Void,
            lambda c, v: issuing.void_letter(c, v["reason"], v["text"], wording.VOIDED[v["reason"]]),
            "作废后，编号在登记簿上注明作废，党员信息解锁；可以另开一份，或撤销转接。纸质介绍信请收回附卷。", "介绍信已作废",
        ),
        Act(
            "return_receipt", "return_receipt", "登记回执", "登记回执，办结", Receipt,
            lambda c, v: issuing.return_receipt(c, **v),
            "按寄回的回执联填写。登记后组织关系转出，党员记录转为历史，未结束的流动登记随之结束。", "回执已登记，转接办结",
            True, kinds=frozenset({K.OUTWARD}),
        ),
        Act(
            "receive", "receive", "接收并编入支部", "接收", Branch, lambda c, v: receiving.receive(c, v["branch_id"]),
            "编入支部后，党员的所在支部随即改变，转接办结。", "已接收，转接办结", True, kinds=frozenset({K.COUNTY}),
        ),
        Act(
            "assign", "assign", "编入支部", "编入支部", Branch, lambda c, v: receiving.assign(c, v["branch_id"]),
            "编入后，请在一个月内把回执联寄回转出党委；寄出登记以前是暂编。", "已编入，请寄回执", True,
            begin=lambda c: {"branch_id": c.to_org_id}, kinds=frozenset({K.INWARD}),
        ),
        Act(
            "send_receipt", "return_receipt", "寄出回执", "回执已寄出，办结", SentReceipt,
            lambda c, v: receiving.send_receipt(c, **v),
            "把介绍信的回执联填好、盖章，寄回或传真给转出党委。登记后成为本县正式在册的党员。", "回执已登记，转接办结", True,
            begin=lambda c: _today(c) | {"handler": edge.actor().name}, kinds=frozenset({K.INWARD}),
        ),
    )
}  # fmt: skip

# What approving does, by kind.
APPROVES = {
    K.COMMITTEE: "批准后，党员随即编入新支部，转接办结。",
    K.COUNTY: "批准后，由接收党委接收并编入支部；在此以前党员信息锁定，仍由我方负责管理。",
    K.OUTWARD: "批准后开介绍信。对方接收并寄回回执以前，仍由我方负责管理。",
    K.PARTNER: "批准后，申请随即送往伙伴县，只送姓名和出生日期；以后的每一步在双方系统里办。",
}

# Our verb where another county decides on paper, and its word is written down here: title, what it says, the toast.
WRITTEN_DOWN = {
    (TransferState.IN_TRANSIT, "refuse"): (
        "登记对方不予接收",
        "对方说明不予接收、介绍信退回后登记。这次转接终止，介绍信作废，组织关系不变。",
        "已登记对方不予接收",
    ),
}


def acts_of(whole: Seen) -> list[Act]:
    """What this actor may do now, the main act last."""
    can = set(service.verbs_now(whole.case, whole.seats))
    found = [_named(act, whole.case) for act in ACTS.values() if act.verb in can and whole.case.kind in act.kinds]
    return sorted(found, key=lambda act: act.is_main)


def _named(act: Act, case: RelationTransfer) -> Act:
    """Called by whose word it is."""
    if (words := WRITTEN_DOWN.get((case.state, act.verb))) is None:
        return act
    title, says, done = words
    return replace(act, title=title, button=title, says=says, done=done, warning="")


def _extra(act: Act, whole: Seen) -> dict[str, Any]:
    """What a form shows besides its own fields."""
    if act.schema is Branch:
        assert whole.case.to_org_id is not None
        top = organisations.committee_of(whole.case.to_org_id)
        mine = organisations.branches(edge.actor())
        return {"branches": [(o.id, o.full_name) for o in mine if o.path.startswith(top.path)]}
    if act.schema is Letter:
        m = whole.member
        return {
            "lacking": letters.lacking(m),
            "phone": mask("phone", m.phone),
            "ethnicity": ETHNICITY.label(m.ethnicity),
        }
    return {}


def _view(act: Act) -> Callable[[UUID], Any]:
    def view(case_id: UUID) -> Any:
        whole = seen(case_id, lock=request.method == "POST")
        said = next((it for it in acts_of(whole) if it.key == act.key), None)
        if said is None:
            if whole.case.kind not in act.kinds:
                raise NotFound()
            raise WrongState("illegal_transition", state=whole.case.state.value, verb=act.verb)
        form = Form(act.schema, act.begin(whole.case))
        back = url_for("transfers.show", case_id=case_id)
        if form.is_sent:
            with form:
                said.do(whole.case, form.read())
                flash(said.done)
                return redirect(back, 303)
            whole = seen(case_id)
        says = said.says or APPROVES[whole.case.kind]
        return form.page("transfers/act.html", act=said, whole=whole, says=says, back=back, **_extra(act, whole))

    view.__name__, view.__doc__ = act.key, act.title
    return needs(act.permission)(view)


for _act in ACTS.values():
    bp.add_url_rule(f"/<uuid:case_id>/{_act.key.replace('_', '-')}", _act.key, _view(_act), methods=["GET", "POST"])
