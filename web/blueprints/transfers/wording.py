"""Words of the transfers' pages: kinds, states, tabs, steps, reasons."""

from __future__ import annotations

from web.blueprints.handovers.wording import KINDS, LACKING, RECALLED, REFUSAL_WARNING, REFUSED, SEXES
from web.blueprints.handovers.wording import STATES as HANDOVER_STATES
from web.blueprints.handovers.wording import TASKS as HANDOVER_TASKS
from web.core.saying import say
from web.federation.handovers.models import OPEN
from web.federation.handovers.models import HandoverState as H
from web.federation.handovers.worklists import Line, Tab
from web.tenants.transfers import book
from web.tenants.transfers.book import Standing
from web.tenants.transfers.models import TransferKind as K
from web.tenants.transfers.models import TransferState as S

__all__ = ["HANDOVER_STATES", "KINDS", "LACKING", "RECALLED", "REFUSAL_WARNING", "REFUSED", "SEXES"]

STATES: dict[str, str] = {
    S.DRAFT: "草稿",
    S.SUBMITTED: "待党委审批",
    S.RETURNED_FOR_CORRECTION: "退回补正",
    S.HOME_APPROVED: "已批准",
    S.LETTER_ISSUED: "介绍信已开出",
    S.IN_TRANSIT: "在途，等回执",
    S.EXPIRED: "介绍信过期",
    S.RECEIVED: "已接收，待编入",
    S.ASSIGNED: "已编入，待寄回执",
    S.RECEIPT_RETURNED: "回执已回",
    S.HANDED_OVER: "转由双方系统办理",
    S.CLOSED: "办结",
    S.REFUSED: "不予办理",
    S.REVOKED: "已撤销",
}
TRANSFER_KINDS: dict[K, str] = {
    K.COMMITTEE: "本党委内转接",
    K.COUNTY: "本县党委之间转接",
    K.OUTWARD: "转往县外",
    K.INWARD: "从县外转入",
    K.PARTNER: "转往伙伴县",
}

TABS: dict[Tab, str] = {
    Tab.TODO: "待办",
    Tab.OPEN: "未办结",
    Tab.NEXT: "即将办理",
    Tab.OUT: "转出历史",
    Tab.IN: "转入历史",
    Tab.DECIDED: "审批记录",
}
EMPTY: dict[Tab, tuple[str, str]] = {
    Tab.TODO: ("没有轮到您的转接", "支部提交、对方送来申请或介绍信开出后，会出现在这里"),
    Tab.OPEN: ("没有正在办理的转接", "在党员页面登记本人申请后，会出现在这里"),
    Tab.NEXT: ("没有即将轮到您的转接", "别人办完这一步、下一步轮到您的，会先出现在这里"),
    Tab.OUT: ("还没有转出记录", "办结、撤销、退回的转出会留在这里"),
    Tab.IN: ("还没有转入记录", "办结、不予接收的转入会留在这里"),
    Tab.DECIDED: ("还没有审批记录", "批准、退回、不予办理和接收过的会留在这里"),
}

# What became of a letter in the book: knot and words.
STANDINGS: dict[Standing, tuple[str, str]] = {
    Standing.OUT: ("theirs", book.STANDINGS[Standing.OUT]),
    Standing.RETURNED: ("sealed", book.STANDINGS[Standing.RETURNED]),
    Standing.LATE: ("now", book.STANDINGS[Standing.LATE]),
    Standing.VOID: ("off", book.STANDINGS[Standing.VOID]),
}

# What the seat whose turn it is has to do.
TASKS: dict[S, str] = {
    S.DRAFT: "核对后提交党委",
    S.SUBMITTED: "审批",
    S.RETURNED_FOR_CORRECTION: "补正后重新提交",
    S.HOME_APPROVED: "接收",
    S.LETTER_ISSUED: "交付介绍信",
    S.EXPIRED: "说明情况，申请重开",
    S.RECEIVED: "编入支部",
    S.ASSIGNED: "寄出回执",
}
SEATS = {"branch": "所在支部", "committee": "所在党委", "receiver": "接收党委"}

# Knots of the line, by kind: title, the verbs that tie it, and the states in which we stand before it.
_APPLY = ("申请", ("draft",), (S.DRAFT,))
_SUBMIT = ("提交", ("submit", "renew"), (S.DRAFT, S.RETURNED_FOR_CORRECTION, S.EXPIRED))
_APPROVE = ("党委审批", ("approve",), (S.SUBMITTED,))
_LETTER = ("开介绍信", ("issue_letter",), (S.HOME_APPROVED,))
_HAND_OUT = ("交付", ("hand_out",), (S.LETTER_ISSUED,))
_RECEIPT = ("回执", ("return_receipt",), (S.IN_TRANSIT,))
_CLOSE = ("办结", ("close",), (S.RECEIPT_RETURNED,))
STEPS: dict[K, list[tuple[str, tuple[str, ...], tuple[S, ...]]]] = {
    K.COMMITTEE: [_APPLY, _SUBMIT, _APPROVE, ("编入支部", ("assign",), (S.HOME_APPROVED,)), _CLOSE],
    K.COUNTY: [_APPLY, _SUBMIT, _APPROVE, ("接收", ("receive",), (S.HOME_APPROVED,)),
               ("编入支部", ("assign",), (S.RECEIVED,)), _CLOSE],
    K.OUTWARD: [_APPLY, _SUBMIT, _APPROVE, _LETTER, _HAND_OUT, _RECEIPT, _CLOSE],
    K.INWARD: [("收到介绍信", ("receive",), ()), ("编入支部", ("assign",), (S.RECEIVED,)),
               ("寄出回执", ("return_receipt",), (S.ASSIGNED,)), _CLOSE],
    K.PARTNER: [_APPLY, _SUBMIT, _APPROVE, ("双方系统办理", ("hand_over",), (S.HOME_APPROVED,))],
}  # fmt: skip

VOIDED = RECALLED


def state(line: Line) -> str:
    """The state of a line of the work lists, in the words of its source."""
    return STATES[line.state] if line.source == "case" else HANDOVER_STATES[H(line.state)]


def way(line: Line) -> str:
    """Where to, or where from."""
    is_in = line.kind in (K.INWARD, "host")
    return say("{way} {place}", way="转自" if is_in else "转往", place=line.place)


def task(line: Line) -> str:
    """Where to, and what has to be done now."""
    said = TASKS.get(S(line.state), "") if line.source == "case" else HANDOVER_TASKS.get(H(line.state), "")
    if line.source == "case" and line.state == S.HOME_APPROVED and line.kind == K.OUTWARD:
        said = "开介绍信"
    return say("{way}　{said}", way=way(line), said=said)


OVER = frozenset({S.REFUSED, S.REVOKED, S.HANDED_OVER, *(s.value for s in H if s not in OPEN and s is not H.CLOSED)})
