"""Every verb of a handover as one form: what it asks, what it says before it is done, what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.forms import Day, Form, Id, Many, Number, One, Text
from web.blueprints.handovers import wording
from web.blueprints.handovers.rooms import bp, seen
from web.blueprints.members import pages
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import WrongState
from web.core.fields import mask
from web.core.saying import say
from web.extensions import db
from web.federation.handovers import packet, service
from web.federation.handovers.lists import Row
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post import keys
from web.federation.referrals.models import Referral
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.members import service as members
from web.tenants.members.codes import ETHNICITY
from web.tenants.organisations import service as organisations
from web.tenants.register import service as register


class Nothing(Schema):
    """A confirmation alone."""


class Words(Schema):
    text = Text("说明", limit=500, load_default="")


class PuttingAway(Schema):
    text = Text("核对的结果", limit=200, required=True)


class Refusal(Words):
    reason = One("原因", list(wording.REFUSED.items()))


class Recall(Words):
    reason = One("原因", list(wording.RECALLED.items()))


class Return(Words):
    mend = Many(One("", list(wording.RETURNED.items())), "需要补正的内容")


class Again(Schema):
    to_org = Text("转入组织", limit=100, required=True)


class Meant(Schema):
    """Home's yes to an ask names the member; the host's yes to a request names nobody."""

    member_id = Id("对应的本县党员", required=False)


class AskAgain(Again):
    name = Text("姓名", limit=60, required=True)
    birth_on = Day("出生日期", required=True)


class Arrival(Schema):
    on = Day("到达日期", required=True)


class Letter(Schema):
    from_org = Text("转出组织", limit=100, required=True)
    to_org = Text("转入组织", limit=100, required=True)
    addressee = Text("介绍信抬头", limit=100, required=True)
    valid_days = Number("有效期（天）", low=1, high=service.MAX_VALID)
    contact = Text("党员联系电话", limit=60)
    proof = Text("党支部证明", limit=200)


class TakeOver(Schema):
    branch_id = Id("编入支部")
    receipt_no = Text("回执编号", limit=60, required=True)
    handler = Text("经办人", limit=60, required=True)
    phone = Text("联系电话", limit=60, required=True)


@dataclass(frozen=True)
class Act:
    """One verb's form. `begin`: the values it starts with; `says`: what happens when it is done; `done`: the toast."""

    verb: str
    title: str
    button: str
    schema: type[Schema]
    do: Callable[[Handover, dict[str, Any]], object]
    says: str
    done: str
    is_main: bool = False
    warning: str = ""
    begin: Callable[[Handover], Mapping[str, Any]] = lambda handover: {}
    can: Callable[[Handover], bool] | None = None

    @property
    def endpoint(self) -> str:
        return f"handovers.{self.verb}"


def _letter(handover: Handover) -> dict[str, Any]:
    assert handover.branch_id is not None
    own, branch = counties.own(), organisations.get(handover.branch_id).full_name
    return {
        "from_org": branch if branch.startswith(("中共", own.name)) else own.name + branch,
        "to_org": handover.values().get("to_org", ""),
        "addressee": keys.peer(handover.partner_uid).office or keys.peer(handover.partner_uid).name,
        "valid_days": counties.settings().letter_valid_days,
    }


def _is_on_its_way(handover: Handover) -> bool:
    is_free = not handover.pending and not handover.stopped
    return handover.role == "host" and handover.state is HandoverState.RELEASED and is_free


def _person(handover: Handover) -> dict[str, Any]:
    given = handover.values()
    return {name: given.get(name, "") for name in ("name", "birth_on", "to_org")}


def _receipt(handover: Handover) -> dict[str, Any]:
    """The branch that leads him already, or the one the letter names: the clerk's to change."""
    leads = db.session.scalar(db.select(Referral.branch_id).where(Referral.id == handover.referral_id))
    named = handover.values().get("to_org", "")
    fits = [o.id for o in organisations.branches(edge.actor()) if o.id == leads or (not leads and o.full_name == named)]
    return {
        "branch_id": fits[0] if len(fits) == 1 else "",
        "handler": edge.actor().name,
        "receipt_no": handover.values().get("letter_no", ""),
    }


def _accept(handover: Handover, given: dict[str, Any]) -> None:
    """Home's yes names a member of the actor's part of the tree; any other is absent."""
    member_id = given.get("member_id")
    if member_id is not None:
        pages.person(member_id)
    service.accept(handover, member_id)


def _take_over(handover: Handover, given: dict[str, Any]) -> None:
    """Into a branch of the actor's part of the tree; any other is absent."""
    organisations.visible_org(given["branch_id"], edge.actor())
    service.take_over(handover, **given)


ACTS: dict[str, Act] = {
    act.verb: act
    for act in (
        Act(
            "accept", "同意", "同意", Meant, _accept,
            "同意后，由流出地开出介绍信。介绍信到达、我方接收并出具回执之前，仍由流出地负责管理。", "已同意，已送往对方", True,
            begin=lambda h: {"member_id": h.member_id},
        ),
        Act(
            "return", "退回补正", "退回补正", Return, lambda h, v: service.give_back(h, v["mend"], v["text"]),
            "写明哪些内容不符，对方补正后重新提出；三十日内没有补正的，自动终止。", "已退回，等对方补正",
        ),
        Act(
            "refuse", "不同意", "不同意", Refusal, lambda h, v: service.refuse(h, v["reason"], v["text"]),
            "不同意接收后，这次转接终止，对方送来的信息在我方清除。", "不同意，已告知对方", warning=wording.REFUSAL_WARNING,
        ),
        Act(
            "take_over", "接收并编入支部", "接收，送出回执", TakeOver,
            _take_over,
            "回执送达后由流出地系统自动确认，并给出身份证号。确认之前是暂编，流出地收回介绍信时随之撤下。",
            "回执已送出，等对方系统确认", True,
            begin=_receipt,
        ),
        Act(
            "decline", "不能接收", "退回介绍信", Refusal, lambda h, v: service.decline(h, v["reason"], v["text"]),
            "退回后，仍由流出地负责管理，对方送来的信息在我方清除。", "介绍信已退回", warning=wording.REFUSAL_WARNING,
        ),
        Act(
            "request", "补正后重新提出", "重新提出", Again, lambda h, v: service.ask_again(h, to_org=v["to_org"]),
            "请先在党员名册里改正有误的内容，这里送出的是名册中现在的姓名和出生日期。", "已重新提出", True,
            begin=lambda h: {"to_org": h.values().get("to_org", "")},
        ),
        Act(
            "ask", "补正后重新提出", "重新提出", AskAgain, lambda h, v: service.ask_mended(h, **v),
            "照本人证件改正后重新送出。", "已重新提出", True, begin=_person,
        ),
        Act(
            "arrive", "登记原件到达", "登记", Arrival, lambda h, v: service.note_arrival(h, v["on"]),
            "本人交来或寄来介绍信原件的，登记到达日期。回执在到达后一个月内、有效期满之前送出。", "已登记到达日期",
            begin=lambda h: {"on": h.arrived_on or clock.today()}, can=_is_on_its_way,
        ),
        Act(
            "release", "开出介绍信", "开出介绍信", Letter, lambda h, v: service.release(h, **v),
            "开出后，党员信息锁定，直到对方接收或介绍信退回、收回、过期。介绍信由本县打印盖章，身份证号在对方接收后才给出。",
            "介绍信已开出，正在生成 PDF", True, begin=_letter,
        ),
        Act(
            "recall", "收回介绍信", "收回介绍信", Recall, lambda h, v: service.recall(h, v["reason"], v["text"]),
            "收回后，仍由我方负责管理。对方已经接收但还没有得到确认的，暂编随之撤下。", "介绍信已收回",
        ),
        Act(
            "cancel", "撤销转接", "撤销转接", Words, lambda h, v: service.cancel(h, v["text"]),
            "撤销后，这次转接终止，送往对方的信息在对方清除。需要时可以重新提出。", "已撤销",
        ),
        Act(
            "put_away", "照对方的决定了结", "了结", PuttingAway, lambda h, v: service.put_away(h, v["text"]),
            "流出地已经终止这次转接，党员仍由流出地负责管理，送来的信息已在我方清除。与对方核对后，我方照此了结。", "已了结",
            can=service.may_put_away,
        ),
    )
}  # fmt: skip


def _extra(act: Act, handover: Handover) -> dict[str, Any]:
    """What a form shows besides its own fields."""
    if act.verb == "accept" and handover.state is HandoverState.ASKED:
        meant = members.get(handover.member_id) if handover.member_id is not None else None
        alike = service.candidates(handover)
        mine = set(register.among([c.member_id for c in alike], edge.actor()))
        found = [
            (
                c.member_id,
                say("{name}　{birth_on}　{branch}", name=c.name, birth_on=c.birth_on, branch=c.branch),
            )
            for c in alike
            if c.member_id in mine
        ]
        if meant is not None and meant.id not in {id_ for id_, _ in found}:
            found.insert(
                0,
                (
                    meant.id,
                    say(
                        "{name}　{birth_on}　{full_name}",
                        name=meant.name,
                        birth_on=meant.birth_on,
                        full_name=organisations.get(meant.branch_id).full_name,
                    ),
                ),
            )
        return {"candidates": found}
    if act.verb == "take_over":
        packet_ = packet.as_member(handover.values())
        alike = members.duplicates(name=packet_["name"], birth_on=packet_["birth_on"], phone=packet_["phone"])
        return {
            "branches": [(o.id, o.full_name) for o in organisations.branches(edge.actor())],
            "alike": alike,
            "mine": set(register.among([c.member_id for c in alike], edge.actor())) if alike else set(),
        }
    if act.verb == "release":
        return _register(handover) | {"ran_out": service.ran_out(handover)}
    return _register(handover) if act.verb == "request" else {}


def _register(handover: Handover) -> dict[str, Any]:
    """The member as the register has him, and what a letter lacks."""
    if handover.member_id is not None:
        member = members.get(handover.member_id)
        return {
            "member": member,
            "lacking": packet.lacking(member),
            "phone": mask("phone", member.phone),
            "ethnicity": ETHNICITY.label(member.ethnicity),
        }
    return {}


def offered(handover: Handover) -> list[Act]:
    """What our side may do now."""
    can = set(service.verbs_now(handover)) - ({"take_over"} if handover.is_emptied else set())
    return [_named(act, handover) for act in ACTS.values() if (act.can(handover) if act.can else act.verb in can)]


def _named(act: Act, handover: Handover) -> Act:
    """Called by what is agreed to: to a request of home the host agrees to receive, to an ask home agrees to let go."""
    words = wording.CALLED.get((handover.state, act.verb))
    return replace(act, title=words, button=words) if words else act


def demand(handover: Handover, verb: str) -> None:
    """WrongState, saying why, when our side may not say the verb now."""
    if verb not in {act.verb for act in offered(handover)}:
        if handover.stopped:
            raise WrongState("aggregate_stopped", cause=handover.stopped)
        if handover.is_emptied:
            raise WrongState("emptied")
        if handover.pending:
            raise WrongState("waiting_for_partner", verb=handover.pending)
        raise WrongState("illegal_transition", state=handover.state.value, verb=verb)


def _view(act: Act) -> Callable[[UUID], Any]:
    def view(handover_id: UUID) -> Any:
        handover, row = seen(handover_id, lock=request.method == "POST")
        demand(handover, act.verb)
        form = Form(act.schema, act.begin(handover))
        back = url_for("handovers.show", handover_id=handover_id)
        if form.is_sent:
            with form:
                act.do(handover, form.read())
                flash(act.done)
                return redirect(back, 303)
            handover, row = seen(handover_id)
        return _page(act, form, handover, row, back)

    view.__name__, view.__doc__ = act.verb, act.title
    return needs(Permission.HANDOVER_WRITE)(view)


def _page(act: Act, form: Form, handover: Handover, row: Row, back: str) -> Any:
    act = _named(act, handover)
    says = wording.TO_AN_ASK.get(act.verb, act.says) if handover.state is HandoverState.ASKED else act.says
    return form.page("handovers/act.html", says=says, act=act, h=handover, row=row, back=back, **_extra(act, handover))


for _act in ACTS.values():
    bp.add_url_rule(
        f"/<uuid:handover_id>/{_act.verb.replace('_', '-')}", _act.verb, _view(_act), methods=["GET", "POST"]
    )
