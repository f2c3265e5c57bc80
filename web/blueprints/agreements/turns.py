"""Whose turn an agreement is, in words: what the page says on top, and how states and verbs are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flask import url_for

from web.blueprints import words
from web.blueprints.filters import moment
from web.core import clock
from web.core.saying import joined, say
from web.federation.agreements.models import (
    Agreement,
    AgreementState,
    AgreementVersion,
    DutyKind,
    VersionState,
)
from web.tenants.counties import service as counties

if TYPE_CHECKING:
    from web.blueprints.agreements.views import View

STATES = {
    VersionState.DRAFT: ("todo", "起草中"),
    VersionState.PROPOSED: ("theirs", "协商中"),
    VersionState.AGREED: ("theirs", "待印签"),
    VersionState.SEALED: ("sealed", "已印签，待生效"),
    VersionState.EFFECTIVE: ("sealed", "生效中"),
    VersionState.SUPERSEDED: ("off", "已被新版替代"),
    VersionState.REJECTED: ("off", "未同意"),
    VersionState.WITHDRAWN: ("off", "已撤回"),
    VersionState.LAPSED: ("off", "逾期终止"),
}
ENDED = {
    AgreementState.WINDING_DOWN: ("theirs", "已停止执行，收尾中"),
    AgreementState.CLOSED: ("off", "已办结"),
}
VERBS = {
    "propose": "提出", "counter": "改稿", "accept": "同意", "agree": "各方同意", "render": "定稿", "seal": "印签",
    "complete": "印签齐全", "take_effect": "生效", "reject": "不同意", "withdraw": "撤回", "lapse": "逾期终止", "void": "作废",
    "succeed": "移交牵头",
}  # fmt: skip
MESSAGES = {
    "agreement.decision": "决定", "agreement.counter": "改稿", "agreement.accept": "同意", "agreement.reject": "不同意",
    "agreement.seal": "印签", "agreement.stop": "退出或暂停", "agreement.closed": "办结",
    "agreement.progress": "事项进展", "agreement.meeting": "会商记录",
}  # fmt: skip


# What it is called, what to do, and what its link says.
DUTIES: dict[str, tuple[str, str, str]] = {
    DutyKind.RENEWAL: (words.DUTIES[DutyKind.RENEWAL], "不再续签的不用办，期满自动停止", "续签"),
    DutyKind.REVIEW: (words.DUTIES[DutyKind.REVIEW], "一方记录，其他方确认；确认后双方的待办都消", "登记会商"),
    DutyKind.REGISTER: (words.DUTIES[DutyKind.REGISTER], "与各方共同核对一次流动党员名单", "登记核对"),
    DutyKind.PARTICIPATION: (words.DUTIES[DutyKind.PARTICIPATION], "把本期参加情况送对方核对", "登记反馈"),
    DutyKind.CHECK: (words.DUTIES[DutyKind.CHECK], "逐项看本方责任落实没有", "检查"),
    DutyKind.ITEM: (words.DUTIES[DutyKind.ITEM], "办完的登记进展为百分之百", "登记进展"),
}


def duty_url(agreement_id: UUID, kind: DutyKind, key: str) -> str:
    """Where a duty is done."""
    if kind is DutyKind.RENEWAL:
        return url_for("agreements.show", agreement_id=agreement_id) + "#ends"
    if kind is DutyKind.ITEM:
        return url_for("agreements.progress", agreement_id=agreement_id, key=key)
    if kind is DutyKind.REVIEW:
        return url_for("agreements.record_meeting", agreement_id=agreement_id)
    if kind is DutyKind.CHECK:
        return url_for("agreements.check", agreement_id=agreement_id)
    return url_for("agreements.duty", agreement_id=agreement_id, kind=kind.value)


def duty_act(agreement_id: UUID, kind: DutyKind, key: str, hub_uid: UUID) -> tuple[str, str]:
    """What to press and where. The hub proposes the next version: a follower's part is to see to it that it does."""
    if kind is DutyKind.RENEWAL and hub_uid != counties.own().uid:
        return "查看", url_for("agreements.show", agreement_id=agreement_id) + "#duties"
    return DUTIES[kind][2], duty_url(agreement_id, kind, key)


@dataclass(frozen=True)
class Turn:
    """`whose`: ours | theirs | all | over."""

    whose: str
    title: str
    next: str = ""
    left: str = ""


def chip(agreement: Agreement, version: AgreementVersion) -> tuple[str, str]:
    """Knot and words of the agreement's state."""
    if agreement.stopped:
        return "now", "记录不一致，已停办"
    if agreement.state in ENDED:
        return ENDED[agreement.state]
    kind, said = STATES[version.state]
    return kind, say("第 {version} 版{said}", version=version.version, said=said)


def of(view: View) -> Turn:
    """Whose turn it is, what to do, and what comes then."""
    agreement, version = view.agreement, view.version
    if agreement.stopped:
        return Turn("ours", "双方记录不一致，已停办", "请与对方联络员核对凭据；县级经办、联络员和分管领导已收到通知")
    if agreement.pending:
        said = VERBS.get(agreement.pending, agreement.pending)
        return Turn(
            "theirs",
            say("我方的“{said}”已送{hub_uid}，等对方答复", said=said, hub_uid=view.name(agreement.hub_uid)),
            "答复到达后刷新本页可见",
        )
    if version.fault:
        return Turn("ours", "收到的文件核对不一致，不能同意和印签", words.ERRORS.get(version.fault, ""))
    return _TURNS.get(version.state, _over)(view)


def _draft(view: View) -> Turn:
    return Turn(
        "ours", "起草中，还没有送给任何一方", "核对条款、授权和合作事项后提出；提出后各方可以同意、改稿或者不同意"
    )


def _proposed(view: View) -> Turn:
    if view.text is None:
        return Turn("theirs", "协议文本正在送达", "文本到达并核对无误后才能同意")
    accepted = {*view.version.accepted_by, str(view.version.author_uid)}
    waiting = [party for party in view.parties if str(party.uid) not in accepted]
    if any(party.uid == view.own for party in waiting):
        return Turn(
            "ours",
            say("轮到我方：同意、改稿或者{more}", more="撤回" if view.is_hub else "不同意"),
            say(
                "{author_uid}提出的第 {round} 轮文本",
                author_uid=view.name(view.version.author_uid),
                round=view.version.round,
            ),
        )
    return Turn(
        "theirs",
        say("轮到{name}答复", name=joined("、", (p.name for p in waiting))),
        "您现在不用动手。各方都同意后，由牵头方定稿，再逐方印签",
    )


def _agreed(view: View) -> Turn:
    version = view.version
    if version.pdf_digest is None:
        return Turn("theirs", "正在定稿，生成协议文件", "由牵头方生成一次，送各方核对")
    if version.pdf_checked_at is None:
        return Turn("theirs", "协议文件正在送达", "文件到达、摘要和内附文本核对无误后才能批准和印签")
    missing = [party for party in view.parties if party.uid not in view.sealed and party.uid != view.agreement.hub_uid]
    if not view.is_hub and view.own not in view.sealed:
        if view.approval is None:
            return Turn("ours", "轮到本部领导批准印签", "批准的是眼前这一份文本和文件；批准后由经办印签")
        return Turn(
            "ours", "轮到我方印签", say("{name} {at} 已批准", name=view.approval.name, at=moment(view.approval.at))
        )
    if missing:
        return Turn(
            "theirs",
            say("轮到{name}印签", name=joined("、", (p.name for p in missing))),
            "您现在不用动手。其他各方印签后，由牵头方最后印签",
        )
    if view.is_hub:
        if view.approval is None:
            return Turn("ours", "其他各方已印签，轮到本部领导批准", "批准后由我方最后印签，协议即印签齐全")
        return Turn(
            "ours", "轮到我方最后印签", say("{name} {at} 已批准", name=view.approval.name, at=moment(view.approval.at))
        )
    return Turn("theirs", say("轮到{hub_uid}最后印签", hub_uid=view.name(view.agreement.hub_uid)), "您现在不用动手")


def _sealed(view: View) -> Turn:
    begins = view.text["effective_from"] if view.text else ""
    return Turn("all", "各方印签齐全", say("{begins} 起生效", begins=begins))


def _effective(view: View) -> Turn:
    if view.agreement.state is AgreementState.CLOSED:
        return Turn("over", "协议已经办结", "双方都确认没有未了事项，共享的信息已经清除")
    if view.agreement.state is AgreementState.WINDING_DOWN:
        return _winding_down(view)
    if view.unclosed:
        return Turn(
            "ours",
            say("{name}已退出，办清与它的未了事项后确认办结", name=joined("、", (p.name for p in view.unclosed))),
            "其余各方之间协议照旧",
        )
    leaving = [p for p in view.parties if p.leaves_on is not None and p.leaves_on > clock.today()]
    if leaving:
        said = joined(
            "、",
            (say("{name} {leaves_on} 退出", name=p.name, leaves_on=p.leaves_on) for p in leaving if p.leaves_on),
        )
        return Turn("theirs", said, "您现在不用动手。退出之日起停止提供和读取")
    until = view.text["effective_to"] if view.text else ""
    return Turn("all", "协议生效中，各方已印签", say("至 {until} 止", until=until))


def _winding_down(view: View) -> Turn:
    if view.unclosed:
        return Turn("ours", "协议已停止执行，办清未了事项后确认办结", "在办的关系转接继续办完；共享的信息逐项清除")
    waiting = [party.name for party in view.pairs if (party.uid, view.own) not in view.closed]
    return Turn("theirs", say("我方已确认办结，等{name}确认", name=joined("、", waiting)), "您现在不用动手")


def _over(view: View) -> Turn:
    return Turn("over", STATES[view.version.state][1], "这一版没有生效")


_TURNS = {
    VersionState.DRAFT: _draft,
    VersionState.PROPOSED: _proposed,
    VersionState.AGREED: _agreed,
    VersionState.SEALED: _sealed,
    VersionState.EFFECTIVE: _effective,
}
