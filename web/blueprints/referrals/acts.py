"""Every verb of a referral as one form: what it asks, what it says before it is done, what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import edge
from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.blueprints.referrals import schemas, wording
from web.blueprints.referrals.rooms import bp, seen
from web.blueprints.workbench.selection import chosen
from web.core import clock
from web.core.errors import WrongState
from web.core.saying import joined, say
from web.extensions import db
from web.federation import verbs
from web.federation.referrals import claims, lists, service
from web.federation.referrals.lists import Row
from web.federation.referrals.models import OPEN, Referral, ReferralState
from web.federation.sharing import service as sharing
from web.tenants.accounts.permissions import Permission
from web.tenants.flows.models import FlowEnd
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

S = ReferralState


@dataclass(frozen=True)
class Act:
    """One verb's form. `says`: what happens when it is done; `done`: the toast; `can`: besides the machine's own rows."""

    verb: str
    title: str
    button: str
    schema: type[Schema]
    do: Callable[[Referral, dict[str, Any]], object]
    says: str
    done: str
    is_main: bool = False
    begin: Callable[[Referral], Mapping[str, Any]] = lambda referral: {}
    can: Callable[[Referral], bool] | None = None

    @property
    def endpoint(self) -> str:
        return f"referrals.{self.verb}"


def _today(referral: Referral) -> dict[str, Any]:
    return {"on": clock.today()}


def _is_open_at_home(referral: Referral) -> bool:
    return referral.role == "home" and referral.state is not S.CLAIMED and "end" in verbs.can(service.KIND, referral)


def _is_stopped_at_home(referral: Referral) -> bool:
    return referral.role == "home" and bool(referral.stopped) and referral.state in OPEN


def _is_claim_of_ours(referral: Referral) -> bool:
    return referral.role == "host" and referral.state is S.CLAIMED and "leave" in verbs.can(service.KIND, referral)


def _is_here(referral: Referral) -> bool:
    return referral.state is not S.CLAIMED and "leave" in verbs.can(service.KIND, referral)


def _end(referral: Referral, given: dict[str, Any]) -> None:
    """What a clerk says about the person ends the away episode too; the referral ends with it."""
    service.end_with_flow(referral, FlowEnd(given["reason"]), on=given["on"])


def _may_share_phone(referral: Referral) -> bool:
    return referral.role == "home" and not referral.stopped and sharing.may_open(referral, "S3")


def _own_branch(given: dict[str, Any]) -> UUID:
    """A branch of the actor's part of the tree; any other is absent, as the form's choices promise."""
    return organisations.visible_org(given["branch_id"], edge.actor()).id


ACTS: dict[str, Act] = {
    act.verb: act
    for act in (
        Act(
            "recognise", "认领", "是本县党员，认领", schemas.Recognition,
            lambda r, v: claims.recognise(r, v["member_id"]),
            "选定名册里对应的党员。认领后，他的流动登记随之改为流向对方，对方收到报到通知的内容，可为他登记报到、编入支部。", "已认领，对方随即可以登记报到", True,
        ),
        Act(
            "disown", "不是本县党员", "不是本县党员", schemas.Nothing, lambda r, v: claims.disown(r),
            "查无此人和不是本县党员都这样答复，对方看到的完全一样。答复后，送来的信息在双方清除。", "已答复",
        ),
        Act(
            "retract", "撤回认领请求", "撤回", schemas.Nothing, lambda r, v: service.leave(r),
            "撤回后，送往对方的信息在双方清除。本人改变主意，或已改由别的途径报到的，这样办理。", "已撤回，等对方系统确认", can=_is_claim_of_ours,
        ),
        Act(
            "accept", "接收", "接收", schemas.Nothing, lambda r, v: service.accept(r),
            "接收后，本人可持报到码到乡镇街道或社区报到。", "已接收，等本人来报到", True,
        ),
        Act(
            "decline", "不接收", "不接收", schemas.Declining, lambda r, v: service.decline(r, v["reason"], v["text"]),
            "不接收后，对方送来的信息在双方清除；对方可以改正后再送。", "已答复对方，不接收",
        ),
        Act(
            "report_in", "当面核对报到", "是本人，登记报到", schemas.Nothing, lambda r, v: service.report_in(r, "person"),
            "请当面核对本人证件上的姓名、性别和出生年份。有报到码的，从“凭码报到”办理。", "已登记报到，等对方系统确认",
        ),
        Act(
            "take_on", "编入支部", "编入支部", schemas.Branch, lambda r, v: service.take_on(r, _own_branch(v)),
            "一名流入党员编入一个党支部。编入后，按协议把支部名称告知流出地，流出地告知党费、活动证等情况。", "已编入，等对方系统确认", True,
        ),
        Act(
            "reassign", "改编支部", "改编支部", schemas.Branch, lambda r, v: service.reassign(r, _own_branch(v)),
            "改编后，新的支部名称随即告知流出地。", "已改编支部",
            begin=lambda r: {"branch_id": r.branch_id},
            can=lambda r: r.role == "host" and r.state is S.TAKEN_ON and not r.pending and not r.stopped,
        ),
        Act(
            "assign_township", "转乡镇街道", "转乡镇街道", schemas.Township,
            lambda r, v: service.assign_township(r, v["township_id"]),
            "由这个乡镇街道联系本人、办理报到。", "已转给乡镇街道",
            begin=lambda r: {"township_id": r.township_id},
            can=lambda r: r.role == "host" and r.state in (S.OFFERED, S.ACCEPTED, S.REPORTED_IN),
        ),
        Act(
            "leave", "登记离开", "登记离开", schemas.Leaving, lambda r, v: service.leave(r, on=v["on"], text=v["text"]),
            "登记后，流动报到结束，对方送来的信息在双方清除。流出地另行了结流动登记。", "已登记离开，等对方系统确认", begin=_today,
            can=_is_here,
        ),
        Act(
            "withdraw", "撤回", "撤回", schemas.Nothing, lambda r, v: service.end(r, "wrong_entry"),
            "撤回后，送往对方的信息在双方清除；流动登记不变，可以改正后再送。", "已撤回",
            can=lambda r: (_is_open_at_home(r) and r.state in (S.OFFERED, S.ACCEPTED)) or _is_stopped_at_home(r),
        ),
        Act(
            "put_away", "照对方的决定了结", "了结", schemas.PuttingAway, lambda r, v: service.put_away(r, v["text"]),
            "流出地已经结束这次流动报到，送来的信息已在我方清除。与对方核对后，我方照此了结。", "已了结",
            can=service.may_put_away,
        ),
        Act(
            "end", "结束流动", "结束流动", schemas.Ending, _end,
            "流动登记和流动报到一并结束，送往对方的信息在双方清除，双方的状态共享停止并互留销毁证明。", "已结束", begin=_today,
            can=_is_open_at_home,
        ),
        Act(
            "share_phone", "共享联系电话", "共享联系电话", schemas.Nothing, lambda r, v: sharing.open_for(r, "S3"),
            "把名册里登记的一个联系电话告知对方；本人撤回同意时，对方随即销毁。", "联系电话已共享", can=_may_share_phone,
        ),
    )
}  # fmt: skip


def offered(referral: Referral) -> list[Act]:
    """What our side may do now, the main act last."""
    can = set(verbs.can(service.KIND, referral))
    found = [a for a in ACTS.values() if (a.can(referral) if a.can else a.verb in can)]
    return sorted(found, key=lambda a: a.is_main)


def _demand(act: Act, referral: Referral) -> None:
    if act not in offered(referral):
        if referral.stopped:
            raise WrongState("aggregate_stopped", cause=referral.stopped)
        if referral.pending:
            raise WrongState("waiting_for_partner", verb=referral.pending)
        raise WrongState("illegal_transition", state=referral.state.value, verb=act.verb)


def townships() -> list[tuple[UUID, str]]:
    """Our townships, for choosing one."""
    query = db.select(PartyOrg.id, PartyOrg.name).where(PartyOrg.kind == OrgKind.TOWNSHIP_COMMITTEE, PartyOrg.is_active)
    return [(row.id, row.name) for row in db.session.execute(query.order_by(PartyOrg.path))]


def branches() -> list[tuple[UUID, str]]:
    """Branches of this actor's part of the tree that may take a member on."""
    return [(o.id, o.full_name) for o in organisations.branches(edge.actor()) if o.kind is OrgKind.BRANCH]


def _view(act: Act) -> Callable[[UUID], Any]:
    def view(referral_id: UUID) -> Any:
        referral, row = seen(referral_id, lock=request.method == "POST")
        _demand(act, referral)
        form = Form(act.schema, act.begin(referral))
        back = url_for("referrals.show", referral_id=referral_id)
        if form.is_sent:
            with form:
                act.do(referral, form.read())
                flash(act.done)
                return redirect(back, 303)
            referral, row = seen(referral_id)
        lists.note_reading([row], "one")
        return _page(act, form, referral, row, back)

    view.__name__, view.__doc__ = act.verb, act.title
    return needs(Permission.REFERRAL_WRITE)(view)


def _page(act: Act, form: Form, referral: Referral, row: Row, back: str) -> Any:
    options = {schemas.Branch: branches, schemas.Township: townships}.get(act.schema)
    more = _meant(referral) if act.schema is schemas.Recognition else {"options": options() if options else []}
    return form.page("referrals/act.html", act=act, r=referral, row=row, back=back, **more)


def _meant(referral: Referral) -> dict[str, Any]:
    """Members with the name of a claim: those who can be chosen, and in words those who cannot now."""
    options, blocked = list[tuple[UUID, str, str]](), list[str]()
    for m in claims.candidates(referral, edge.actor()):
        said = say(
            "{name}　{more}　{branch}",
            name=m.name,
            more=say("{birth_year} 年生", birth_year=m.birth_year) if m.birth_year else "出生年份未登记",
            branch=m.branch,
        )
        if m.lacks:
            blocked.append(
                say("{said}（{code}）", said=said, code=joined("、", (wording.CANNOT[code] for code in m.lacks)))
            )
        else:
            options.append((m.member_id, said, "" if m.is_same_year else "年份与对方说的不同"))
    return {"options": options, "blocked": blocked}


for _act in ACTS.values():
    bp.add_url_rule(
        f"/<uuid:referral_id>/{_act.verb.replace('_', '-')}", _act.verb, _view(_act), methods=["GET", "POST"]
    )


MOST = 200
"""So many are accepted at once, while one waits."""


@bp.post("/accept")
@needs(Permission.REFERRAL_WRITE)
def accept_many() -> Any:
    """Accept every chosen one that still waits; the others are named by their number."""
    ids, done = chosen("referrals_in", lambda it: it.referral.id, MOST), 0
    for referral_id in sorted(ids):
        referral, _ = seen(referral_id, lock=True)
        if ACTS["accept"] in offered(referral):
            service.accept(referral)
            done += 1
    left = len(ids) - done
    flash(say("已接收 {done} 人{more}", done=done, more=say("，另有 {left} 人已不在待接收", left=left) if left else ""))
    return redirect(url_for("referrals.index", tab="inbox"), 303)
