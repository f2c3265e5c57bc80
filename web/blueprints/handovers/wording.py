"""Words of the handover's pages: states, turns, steps, reasons, fields, outcomes, acts."""

from __future__ import annotations

from web.blueprints import sentences
from web.core.saying import within
from web.federation.handovers.lists import Tab
from web.federation.handovers.models import HandoverState as S
from web.federation.handovers.models import Outcome
from web.tenants.members import codes

STATES: dict[S, str] = {
    S.NOT_OPENED: "对方没有受理",
    S.REQUESTED: "待同意接收",
    S.ASKED: "待同意转出",
    S.ASK_RETURNED: "请求退回补正",
    S.RETURNED: "退回补正",
    S.RETURNED_LAPSED: "补正逾期",
    S.ACCEPTED: "已同意，待开介绍信",
    S.REFUSED: "不同意接收",
    S.CANCELLED: "已撤销",
    S.EXPIRED: "逾期未办",
    S.RELEASED: "在途，待接收",
    S.DECLINED: "介绍信退回",
    S.RECALLED: "介绍信收回",
    S.EXPIRED_IN_TRANSIT: "介绍信过期",
    S.CLOSED: "办结",
}

OUTCOMES: dict[str, str] = {
    Outcome.ON_TIME: "按期办结",
    Outcome.LATE: "超过有效期办结",
    Outcome.NOT_OPENED: "对方没有受理",
    Outcome.REFUSED: "对方不同意接收",
    Outcome.RETURNED_LAPSED: "退回后三十日内没有补正",
    Outcome.CANCELLED: "介绍信开出前撤销",
    Outcome.EXPIRED_UNANSWERED: "六十日内没有办理",
    Outcome.DECLINED: "介绍信被退回",
    Outcome.RECALLED: "介绍信被收回",
    Outcome.EXPIRED_IN_TRANSIT: "有效期内没有接收",
}

TABS: dict[Tab, str] = {
    Tab.TODO: "待办",
    Tab.OPEN: "未办结",
    Tab.DUE: "七日内到期",
    Tab.OUT: "转出历史",
    Tab.IN: "转入历史",
}

EMPTY: dict[Tab, tuple[str, str]] = {
    Tab.TODO: ("没有轮到我方的转接", "对方送来申请、退回补正或开出介绍信后，会出现在这里"),
    Tab.OPEN: ("没有正在办理的转接", "在党员页面登记本人申请后，即可向签有协议的伙伴县提出"),
    Tab.DUE: ("七日内没有到期的转接", "临近有效期或答复期限的会出现在这里"),
    Tab.OUT: ("还没有转出记录", "办结、撤销、收回的转出会留在这里"),
    Tab.IN: ("还没有转入记录", "办结、不同意、退回的转入会留在这里"),
}

# What the side whose turn it is has to do.
TASKS: dict[S, str] = {
    S.REQUESTED: "核对后答复是否同意接收",
    S.ASKED: "选定对应的党员，答复是否同意转出",
    S.ASK_RETURNED: "补正后重新提出",
    S.RETURNED: "补正后重新提出",
    S.ACCEPTED: "开出介绍信",
    S.RELEASED: "选定支部，出具回执",
}

# Knots of the line: the verb that ties each, its title, and the states in which it is done.
STEPS: list[tuple[str, str, frozenset[S]]] = [
    ("request", "申请", frozenset(S) - {S.NOT_OPENED}),
    ("accept", "同意接收", frozenset({S.ACCEPTED, S.RELEASED, S.DECLINED, S.RECALLED, S.EXPIRED_IN_TRANSIT, S.CLOSED})),
    ("release", "开出介绍信", frozenset({S.RELEASED, S.DECLINED, S.RECALLED, S.EXPIRED_IN_TRANSIT, S.CLOSED})),
    ("take_over", "接收并编入支部", frozenset({S.CLOSED})),
    ("confirm", "确认", frozenset({S.CLOSED})),
    ("closed", "办结", frozenset({S.CLOSED})),
]
# The same where the host began: the two first words are the other way round.
ASKED_STEPS: list[tuple[str, str, frozenset[S]]] = [
    ("ask", "申请", STEPS[0][2]),
    ("accept", "同意转出", STEPS[1][2]),
    *STEPS[2:],
]
# Which knot we stand at in each open state.
STANDS: dict[S, str] = {S.REQUESTED: "accept", S.RETURNED: "request", S.ACCEPTED: "release", S.RELEASED: "take_over"}
STANDS |= {S.ASKED: "accept", S.ASK_RETURNED: "ask"}

REFUSED: dict[str, str] = {
    "wrong_person": "不是本人，身份对不上",
    "not_here": "本人不在本县",
    "already_member": "组织关系已在本县",
    "missing_file": "档案材料不齐",
    "dues_open": "党费没有缴清",
    "other": "其他，须写明",
}
RECALLED: dict[str, str] = {
    "wrong_entry": "介绍信有误",
    "member_stays": "本人不再转出",
    "letter_lost": "介绍信遗失",
    "deceased": "本人去世",
    "other": "其他，须写明",
}
# A transfer that came to nothing takes the provisional row along; another one, or a member's end, what was only applied for.
sentences.REASONS_OF |= {"member": STATES, "handover": {"transferred": "组织关系已转接", **codes.STANDING.labels}}
sentences.REASONS_OF |= {"handover.refuse": REFUSED, "handover.decline": REFUSED, "handover.recall": RECALLED}
RETURNED: dict[str, str] = {
    "name": "姓名",
    "birth_on": "出生日期",
    "sex": "性别",
    "ethnicity": "民族",
    "kind": "人员类别",
    "from_org": "转出组织",
    "to_org": "转入组织",
    "file": "党员档案",
    "dues": "党费",
    "application": "本人申请",
    "other": "其他",
}
TOLD: dict[str, str] = {"paper": "书面申请", "in_person": "当面申请"}
# What an act says where the host began and home answers.
TO_AN_ASK: dict[str, str] = {
    "accept": "选定名册里对应的党员。同意后由我方开出介绍信；对方接收并由我方系统确认之前，仍由我方负责管理。",
    "return": "写明哪些内容不符，对方补正后重新提出；三十日内没有补正的，自动终止。",
    "refuse": "不同意转出后，这次转接终止，对方送来的信息在双方清除。",
    "cancel": "撤销后，这次转接终止，对方送来的信息随之清除。",
}
SEXES: dict[str, str] = {"1": "男", "2": "女"}
KINDS: dict[str, str] = {"full": "正式党员", "probationary": "预备党员"}

# Fields of the register that a letter lacks.
LACKING: dict[str, str] = {
    "birth_on": "出生日期",
    "gender": "性别",
    "ethnicity": "民族",
    "member_kind": "人员类别",
    "id_number": "有效的身份证号",
    "dues_until": "党费缴至年月",
    "phone": "联系电话",
}
# What stands on the sheet of a letter, by its name there.
PRINTED: dict[str, str] = {
    **{name: RETURNED[name] for name in ("name", "sex", "birth_on", "ethnicity", "kind", "from_org", "to_org")},
    "letter_no": "介绍信编号",
    "dues_until": LACKING["dues_until"],
    "valid_days": "有效期",
    "contact": LACKING["phone"],
}

# What each kind of letter between the counties is called, and its verb on a button.
LETTERS = within("letter", {
    "request": "申请",
    "ask": "请求转来",
    "forward": "补送活动记录",
    "return": "退回补正",
    "accept": "同意接收",
    "refuse": "不同意接收",
    "cancel": "撤销",
    "expire": "到期终止",
    "release": "开出介绍信",
    "decline": "退回介绍信",
    "take_over": "接收与回执",
    "confirm": "确认",
    "recall": "收回介绍信",
    "put_away": "照对方的决定了结",
})  # fmt: skip

# The same verb answers two questions.
CALLED: dict[tuple[S, str], str] = {(S.REQUESTED, "accept"): "同意接收", (S.ASKED, "accept"): "同意转出"}

REFUSAL_WARNING = "条例第二十五条：接收党组织不得无正当理由拒绝接收党员组织关系。"
