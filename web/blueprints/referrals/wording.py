"""Words of the referral's pages: states from either side, steps, reasons, letters, whose turn it is."""

from __future__ import annotations

from web.blueprints import sentences
from web.core import scopes
from web.federation.referrals.codes import shown as code_shown
from web.federation.referrals.lists import Tab
from web.federation.referrals.models import ReferralState
from web.federation.referrals.packets import KIND_WORDS, worded
from web.federation.sharing.models import PUT_AWAY, ShareState
from web.tenants.counties import divisions

__all__ = ["KIND_WORDS", "code_shown", "worded"]

S, H = ReferralState, ShareState

STATES: dict[str, str] = {
    S.CLAIMED: "待认领",
    S.OFFERED: "已送出，待接收",
    S.ACCEPTED: "已接收，待报到",
    S.REPORTED_IN: "已报到，待编入",
    S.TAKEN_ON: "已纳管",
    S.DECLINED: "对方未接收",
    S.DISOWNED: "不是本县党员",
    S.LAPSED: "逾期未答复",
    S.ENDED: "已结束",
    S.NOT_OPENED: "对方系统未受理",
}
AT_HOST: dict[str, str] = STATES | {
    S.CLAIMED: "已送请认领",
    S.OFFERED: "待接收",
    S.DECLINED: "我方未接收",
    S.DISOWNED: "对方没有认领",
    S.LAPSED: "逾期，未答复",
}
KNOTS: dict[str, str] = {
    S.TAKEN_ON: "sealed",
    S.DECLINED: "off",
    S.DISOWNED: "off",
    S.LAPSED: "off",
    S.ENDED: "off",
    S.NOT_OPENED: "off",
}

TABS: dict[str, str] = {
    Tab.OUT: "我方送出",
    Tab.CLAIMS: "待认领",
    Tab.INBOX: "待接收",
    Tab.AWAITED: "待报到",
    Tab.ARRIVED: "待编入",
    Tab.ASKING: "已送请认领",
    Tab.OVER: "已结束",
}
EMPTY: dict[str, tuple[str, str]] = {
    Tab.OUT: ("没有送出的流动报到", "党员流向签有协议的县，先告知本人，再从这里送请对方接收"),
    Tab.CLAIMS: ("没有待认领的", "伙伴县窗口来了自称本县党员的人，会送到这里请我方认领"),
    Tab.ASKING: ("没有送请认领的", "窗口来了没有送来报到的党员，从“凭码报到”页请他的流出地认领"),
    Tab.INBOX: ("没有待接收的", "伙伴县送来的流动报到会出现在这里"),
    Tab.AWAITED: ("没有待报到的", "接收后，本人持报到码到乡镇街道或社区报到"),
    Tab.ARRIVED: ("没有待编入支部的", "本人报到后，在这里编入一个党支部"),
    Tab.OVER: ("还没有结束的", "未接收、逾期和已结束的留在这里，送来的信息双方都已清除"),
}

# Verb, title at home, title at the host, states in which it lies behind.
STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("offer", "送出", (S.OFFERED, S.ACCEPTED, S.REPORTED_IN, S.TAKEN_ON)),
    ("accept", "接收", (S.ACCEPTED, S.REPORTED_IN, S.TAKEN_ON)),
    ("report_in", "本人报到", (S.REPORTED_IN, S.TAKEN_ON)),
    ("take_on", "编入支部", (S.TAKEN_ON,)),
)
CLAIMED_STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("claim", "请流出地认领", (S.CLAIMED, S.ACCEPTED, S.REPORTED_IN, S.TAKEN_ON)),
    ("accept", "认领", (S.ACCEPTED, S.REPORTED_IN, S.TAKEN_ON)),
    *STEPS[2:],
)
NEXT: dict[str, str] = {S.CLAIMED: "accept", S.OFFERED: "accept", S.ACCEPTED: "report_in", S.REPORTED_IN: "take_on"}
TASKS: dict[str, str] = {
    S.CLAIMED: "认领，或答复不是本县党员",
    S.OFFERED: "接收或说明不接收",
    S.ACCEPTED: "等本人来报到",
    S.REPORTED_IN: "编入一个党支部",
}
AFTER: dict[str, str] = {
    S.CLAIMED: "由对方工作人员核对后答复；三十日内没有答复自动失效，双方随之清除",
    S.OFFERED: "三十日内没有答复自动失效，对方收到的信息随之清除",
    S.ACCEPTED: "把报到码交给本人，到当地乡镇街道或社区出示",
    S.REPORTED_IN: "编入后，双方按协议互相告知有关信息",
}

LETTERS: dict[str, str] = {
    "claim": "请认领", "recognise": "认领", "disown": "没有认领", "offer": "流动报到", "accept": "同意接收", "decline": "不接收", "lapse": "逾期失效", "report_in": "本人报到",
    "take_on": "编入支部", "end": "结束", "leave": "已离开",
    "grant": "开放共享", "snapshot": "全部内容", "delta": "变动内容", "revoke": "停止共享", "purged": "已销毁",
}  # fmt: skip

DECLINED: dict[str, str] = {
    "not_found": "找不到本人",
    "not_here": "不在本县居住",
    "already_taken_on": "已在本县纳入管理",
    "duplicate": "重复送来",
    "incomplete": "内容不全",
    "other": "其他",
}
ENDED: dict[str, str] = {
    "returned": "已返乡",
    "transferred": "关系已转出",
    "deceased": "死亡",
    "membership_ended": "党籍终止",
    "wrong_entry": "登记有误",
    "notice_withdrawn": "本人撤回告知",
    "wound_down": "协议终止",
    "left": "已离开流入地",
    "disown": "对方没有认领",
    "lapse": "三十日未答复",
    "fail_to_open": "对方系统未受理",
}
SAID_BY_HOME = ("returned", "wrong_entry", "deceased")
"""Ends a clerk of home can say; the others follow from a handover, a withdrawal or the end of an agreement."""
REASONS = DECLINED | ENDED

LACKS: dict[str, str] = {
    "no_notice": "还没有登记告知",
    "no_flow": "没有未结束的流动登记",
    "flow_elsewhere": "登记的流入地不是这个县",
    "already_offered": "已经送出",
    "in_transfer": "组织关系在途",
    "not_held": "组织关系不在本县",
    "incomplete": "缺出生日期或人员类别",
}
TOLD: dict[str, str] = {"in_person": "当面口头同意", "paper": "书面同意"}
CANNOT: dict[str, str] = {
    "in_transfer": "组织关系在途",
    "already_offered": "已有未结束的流动报到",
    "incomplete": "名册里没有出生日期",
}
HOWS: dict[str, str] = {"code": "凭报到码", "person": "由工作人员当面核对"}

SCOPES: dict[str, str] = {name: scopes.SCOPES[name].label for name in ("S2", "S3", "S6")}
SHARE_STATES: dict[str, str] = {
    H.GRANTED: "已开放",
    H.LIVE: "共享中",
    H.PURGE_REQUESTED: "已停止，待销毁证明",
    H.PURGED: "已销毁",
    H.NOT_OPENED: "已作废",
}
SHARE_KNOTS: dict[str, str] = {
    H.GRANTED: "theirs",
    H.LIVE: "done",
    H.PURGE_REQUESTED: "theirs",
    H.PURGED: "sealed",
    H.NOT_OPENED: "off",
}
REVOKED: dict[str, str] = {
    "notice_withdrawn": "本人撤回告知",
    "consent_withdrawn": "本人撤回同意",
    "referral_ended": "流动报到结束",
    "transferred": "组织关系已转接",
    "wound_down": "协议终止",
    "narrowed": "缩小共享范围",
}
# Why a share is void: the other county has none of it, or a person here ended a copy that had stopped.
VOID: dict[str, str] = {"not_open": "对方没有这项共享", PUT_AWAY: "双方的记录对不上，由本县作废"}
sentences.REASONS_OF |= {"referral": REASONS, "share": REVOKED, "share.fail_to_open": VOID}
BASES = {"notice": "已告知本人", "consent": "本人单独同意"}
PURPOSES = {name: scopes.SCOPES[name].purpose for name in SCOPES}


def knot(state: str, *, is_ours: bool, pending: str = "") -> str:
    """The knot of a referral's state: whose turn it is, or how it stands."""
    if state in KNOTS:
        return KNOTS[state]
    if state == S.ACCEPTED and not pending:
        return "todo"  # neither county's turn: the member is on the way
    return "now" if is_ours and not pending else "theirs"


def place(code: str | None) -> str:
    """The full name of a division."""
    return divisions.full_name(code) if code else ""
