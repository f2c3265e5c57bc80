"""The event log in words: verb → sentence, changed fields with their labels, for every record's timeline and the log page.

A verb is `<noun>.<act>`. Its sentence stands in SENTENCES under the noun; acts every table has (created, changed …) stand in
EVERY. A contract test fails on a verb the code can write and this table cannot say. `p.log(timeline.of(…))` shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup
from sqlalchemy import union_all

from web.blueprints import filters, words
from web.core import events
from web.core.events import Event
from web.core.fields import FIELDS, mask
from web.core.saying import PLACE, joined, mark, say, within
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.members import codes
from web.tenants.organisations.models import PartyOrg

NOUNS: dict[str, str] = {
    "account": "账号",
    "account_proposal": "账号提议",
    "activity": "活动",
    "agreement": "协议",
    "agreement_version": "协议文本",
    "agreement_approval": "印签批准",
    "agreement_closing": "协议办结",
    "agreement_duty": "协议定期事项",
    "agreement_grant": "协议授权",
    "agreement_meeting": "会商记录",
    "agreement_party": "协议当事方",
    "agreement_template": "协议模板",
    "attendance": "到会情况",
    "channel": "通道",
    "consent": "告知同意",
    "cooperation_progress": "合作事项进展",
    "cosign": "共签记录",
    "county_key": "本县密钥",
    "county_settings": "本县设置",
    "document": "文件",
    "flow": "流动登记",
    "grant": "共享授权",
    "handover": "关系转接",
    "import_batch": "名册导入",
    "label": "标签",
    "row_label": "名单里的一件",
    "list": "名单",
    "export": "导出",
    "header_alias": "表头对应",
    "letter_stub": "介绍信存根",
    "member": "党员",
    "member_pair": "疑似重复",
    "message": "跨县消息",
    "notice_text": "告知书",
    "operation": "平台操作",
    "party_org": "党组织",
    "peer": "伙伴县",
    "peer_key": "伙伴县密钥",
    "publication": "名录和汇总数",
    "reading": "查看记录",
    "referral": "流动报到",
    "saved_filter": "筛选",
    "relation_transfer": "转接案卷",
    "report": "报告",
    "request": "协助请求",
    "scan": "签字扫描件",
    "share": "状态共享",
    "shared": "流入党员",
    "shared_member": "流入党员",
    "status_share": "状态共享",
    "study_record": "学时",
    "task": "后台任务",
    "wrong_code": "报到码试错",
}

EVERY = within("log", {
    "created": "新增{noun}",
    "changed": "修改{noun}",
    "deleted": "删除{noun}",
    "bulk_changed": "成批修改{noun} {rows} 条",
    "bulk_deleted": "成批删除{noun} {rows} 条",
})  # fmt: skip

SENTENCES = within("log", {
    "account": {
        "open": "开立账号",
        "amend": "修改账号的姓名、办公电话或证件登记",
        "appoint": "授予账号角色和所在组织",
        "begin_binding": "开始绑定验证器",
        "bind": "绑定验证器，以后登录要填动态码",
        "unbind": "本人解除了验证器",
        "release": "解除账号的验证器",
        "close": "停用账号，所有登录随即退出",
        "reopen": "恢复账号，给出一次性密码",
        "reset_password": "重置密码，给出一次性密码",
        "change_password": "修改了密码",
        "sign_in": "登录",
        "sign_out": "退出",
        "sign_in_failed": "有人用这个账号登录，没有成功",
        "sign_in_unknown": "有人用不存在的用户名登录，没有成功",
        "lock": "密码连续五次不对，账号停用 {minutes} 分钟",
        "revoke_session": "让另一台设备退出登录",
        "revoke_sessions": "让 {count} 台设备退出登录",
    },
    "account_proposal": {
        "propose": "提议对管理员账号的处置",
        "confirm": "第二位管理员确认提议，随即办理",
        "refuse": "不同意或撤回提议",
    },
    "document": {"keep": "存下一份文件", "read": "打开文件", "pack": "把文件放进压缩包"},
    "operation": {
        "stop_jobs": "停下本县的后台任务",
        "start_jobs": "恢复本县的后台任务",
        "reset": "要求重置本县一个管理员的密码",
        "release": "要求解除本县一个管理员的验证器",
        "open": "要求开立本县的首任管理员",
        "backup": "要求备份整个平台，包括本县",
    },
    "publication": {
        "tell_directory": "送出名录",
        "tell_counts": "送出汇总数",
        "hear_directory": "收到名录",
        "hear_counts": "收到汇总数",
        "drop": "销毁名录或汇总数",
    },
    "reading": {"hear": "告知查看 {count} 次"},
    "scan": {"keep": "存下签字扫描件", "read": "打开签字扫描件"},
    "notice_text": {"renew": "改定告知书的文字"},
    "import_batch": {
        "upload": "上传名册",
        "preview": "试读名册",
        "apply": "开始导入名册",
        "finish": "完成名册导入",
        "fall_back": "名册导入中断，退回试读",
        "refuse": "名册不能导入",
        "discard": "放弃名册导入",
        "undo": "撤销名册导入",
    },
    "study_record": {"credit": "记入学时", "withdraw_credit": "撤下学时"},
    "party_org": {
        "found": "设立党组织",
        "rename": "更改党组织名称",
        "settle": "登记阵地和联系方式",
        "close": "撤销党组织",
    },
    "county_settings": {
        "demand_code": "改定管理员登录是否要填动态码",
        "set_deadlines": "修改期限和提醒",
        "number_letter": "取用介绍信编号",
        "amend": "修改本县设置",
        "correct_workday": "把 {day} 另列为工作日或休息日",
        "drop_workday": "撤去 {day} 的工作日调整",
        "renew_notice": "启用第 {version} 版告知书",
    },
    "county_key": {"create": "生成本县密钥"},
    "member_pair": {"differ": "认定两条记录不是同一个人", "take_back": "撤销对疑似重复的认定"},
    "member": {
        "regain_contact": "重新联系上",
        "take_back": "组织关系收回",
        "view": "查看党员信息",
        "enroll": "录入党员名册",
        "amend": "修改党员信息",
        "merge": "与重复的一条合并，留下这一条",
        "merge_into": "并入重复的另一条",
        "part": "撤销合并",
        "assign_branch": "编入支部",
        "assign_away": "编入驻外支部",
        "end": "结束党籍管理",
        "freeze": "锁定党员信息，关系在途",
        "thaw": "解除锁定",
        "transfer": "组织关系转出",
        "settle": "组织关系转入落定",
        "reopen": "组织关系转回，恢复原记录",
        "withdraw": "撤下转入中的党员",
        "lose_contact": "登记失联",
        "mark_dues": "登记党费缴至年月",
        "reveal": "查看完整信息",
        "export": "完整号码随名单导出",
        "undo": "撤销刚才的改动",
        "label": "贴标签：{on}；揭标签：{off}",
    },
    "flow": {
        "draft": "起草流动登记",
        "register": "登记流出",
        "note_away": "登记外出不满六个月",
        "amend": "修改流动登记",
        "note_contact": "登记与本人联系过",
        "confirm": "核对流动登记",
        "miss": "登记联系不上",
        "find": "重新联系上",
        "declare_lost": "认定失联",
        "end": "结束流动",
        "remind_contact": "到期提醒：已满 {days} 天没有联系本人",
        "remind_confirm": "到期提醒：流动登记已满 {months} 个月没有核对",
    },
    "list": {"copy": "复制{list} {rows} 行", "lookup": "批量查询 {asked} 条，找到 {found} 人"},
    "export": {"begin": "要求导出名单", "make": "导出名单 {rows} 行", "read": "取走导出的名单"},
    "saved_filter": {
        "save": "存下筛选",
        "rename": "修改筛选",
        "drop": "删除筛选",
        "restore": "恢复筛选",
    },
    "header_alias": {
        "remember": "记住表头“{heading}”的对应",
        "forget": "忘掉表头“{heading}”的对应",
    },
    "row_label": {"mark": "贴标签：{on}；揭标签：{off}"},
    "label": {"add": "新建标签", "change": "修改标签", "drop": "删除标签", "restore": "恢复标签"},
    "consent": {"give": "登记告知同意", "withdraw": "登记撤回同意"},
    "activity": {
        "amend": "修改活动记录",
        "write_down": "填写会议记录",
        "plan": "安排活动",
        "hold": "登记活动和到会情况",
        "cancel": "取消活动",
    },
    "task": {
        "fetch": "取走压缩包，{papers} 份文件",
        "start": "提交后台任务",
        "run": "开始后台任务",
        "finish": "完成后台任务",
        "fail": "后台任务没有办成",
        "cancel": "取消后台任务",
        "retry": "重试后台任务",
    },
    "peer": {
        "invite": "邀请伙伴县",
        "introduce": "收到伙伴县的身份说明",
        "confirm": "核对指纹，确认伙伴县",
        "unpin": "撤下伙伴县的密钥，待重新核对",
    },
    "channel": {"stop": "停下通道，等人来看"},
    "message": {"refuse": "退回一条跨县消息"},
    "agreement": {
        "approve": "批准印签",
        "begin": "开始起草共管共育协议",
        "close_pair": "与一方的事项办清",
        "end_pair": "记下与一方的协议到期",
        "hear_closed": "得知对方已经办清",
        "hear_progress": "告知合作事项进展",
        "record_meeting": "登记 {on} 的联席会商",
        "confirm_meeting": "确认 {on} 的会商记录",
        "dispute_meeting": "指出 {on} 会商记录的出入",
        "hear_record_meeting": "送来 {on} 的会商记录，请我方确认",
        "hear_confirm_meeting": "确认会商记录",
        "hear_dispute_meeting": "指出会商记录的出入",
        "fall_due": "到期提醒：{kind}，{on} 前办",
        "record_duty": "登记定期事项已办",
        "leave": "退出共管共育协议",
        "hear_leaves_on": "告知退出共管共育协议",
        "pause": "暂停一项共享",
        "resume": "恢复一项共享",
        "hear_pause": "暂停一项共享",
        "hear_resume": "恢复一项共享",
        "pdf_differs": "收到的协议 PDF 与议定文本不符",
        "draft": "起草共管共育协议",
        "propose": "提出共管共育协议",
        "activate": "协议生效",
        "open": "起草共管共育协议",
        "close": "协议终结",
        "drop": "协议没有订成",
        "end": "提出终止协议",
        "stop": "提出终止协议",
        "wind_down": "协议进入收尾",
    },
    "agreement_version": {
        "discard": "放弃协议草稿",
        "revise": "修改协议草稿",
        "add_party": "在草稿上增加一方",
        "succeed": "牵头方退出，移交牵头",
        "draft": "起草协议文本",
        "amend": "修改协议文本",
        "propose": "送出协议文本",
        "counter": "提出修改文本",
        "accept": "同意协议文本",
        "agree": "各方同意同一文本",
        "render": "生成协议 PDF",
        "reject": "拒绝协议文本",
        "withdraw": "撤回协议文本",
        "lapse": "协议文本逾期失效",
        "approve": "本部领导批准印签",
        "seal": "印签",
        "complete": "牵头方印签，协议订立",
        "take_effect": "协议文本生效",
        "supersede": "协议文本被新版取代",
        "void": "协议文本作废",
    },
    "referral": {
        "consent": "登记本人同意请流出地核对",
        "assign_township": "分派到乡镇街道",
        "fail_to_open": "对方送来的内容打不开",
        "miss_code": "报到码没有对上",
        "reassign": "改编支部",
        "stop": "停办，等人来看",
        "draft": "拟送流动报到",
        "offer": "送出流动报到",
        "accept": "同意接收流动报到",
        "decline": "不接收流动报到",
        "lapse": "流动报到逾期失效",
        "remind_report_in": "到期提醒：送出已满 {days} 天，本人还没有报到",
        "claim": "请流出地认领",
        "recognise": "认领，是本县党员",
        "disown": "答复不是本县党员",
        "report_in": "本人报到",
        "take_on": "编入支部，纳入管理",
        "end": "结束流动报到",
        "leave": "登记离开流入地",
        "reveal": "查看完整信息",
    },
    "shared": {"view": "查看外县告知的党员信息 {count} 人"},
    "share": {
        "fail_to_open": "对方送来的内容打不开",
        "need_snapshot": "请对方重送全部共享内容",
        "grant": "开放状态共享",
        "snapshot": "送出全部共享内容",
        "delta": "送出变动的共享内容",
        "revoke": "停止共享，要求销毁",
        "purged": "已销毁共享内容",
    },
    "relation_transfer": {
        "draft": "登记本人转接申请",
        "submit": "提交党委审批",
        "return": "退回补正",
        "approve": "批准转接",
        "refuse": "登记不予办理",
        "revoke": "撤销转接",
        "assign": "编入支部",
        "receive": "接收组织关系",
        "hand_over": "转由双方系统办理",
        "issue_letter": "开出介绍信",
        "hand_out": "交付介绍信",
        "void_letter": "介绍信作废",
        "expire": "介绍信过期",
        "return_receipt": "登记回执",
        "renew": "说明情况，申请重开介绍信",
        "close": "转接办结",
        "protect": "生成加密的转接信息",
        "keep_scan": "存入回执扫描件",
    },
    "letter_stub": {
        "enter": "取用编号，登记介绍信存根",
        "void": "介绍信编号作废",
        "note": "在登记簿上备注",
        "note_receipt": "回执归入存根",
        "export": "导出介绍信登记簿 {count} 号",
    },
    "handover": {
        "fail_to_open": "对方没有收下",
        "draft": "起草关系转接",
        "request": "提出关系转接",
        "ask": "请求转来组织关系",
        "forward": "补送此前的活动记录",
        "note_arrival": "登记介绍信原件到达",
        "return": "退回补正",
        "accept": "同意转接组织关系",
        "refuse": "不同意转接组织关系",
        "cancel": "撤销关系转接",
        "expire": "关系转接逾期失效",
        "lapse": "补正逾期，关系转接失效",
        "release": "开出介绍信，关系在途",
        "decline": "退回介绍信",
        "take_over": "接收组织关系，出具回执",
        "confirm": "确认接收，关系转接办结",
        "recall": "收回介绍信",
        "return_request": "提出转回",
        "stop": "双方的记录对不上，停办",
    },
    "request": {
        "fail_to_open": "对方没有收下请求",
        "ask": "提出协助请求",
        "accept": "接受请求",
        "decline": "不接受请求",
        "done": "办结请求",
        "fail": "请求未办成",
        "rate": "评价请求的办理",
        "withdraw": "撤回请求",
        "lapse": "请求逾期失效",
        "stop": "双方的记录对不上，停办",
    },
    "cosign": {
        "fail_to_open": "对方没有收下",
        "draft": "拟送共签",
        "offer": "送请共签",
        "countersign": "共签",
        "dispute": "对共签记录提出异议",
        "refuse": "拒绝共签",
        "correct": "更正共签记录",
        "withdraw": "撤回共签",
        "lapse": "到期没有答复：送请的失效，作废的提议作罢",
        "propose_annul": "提出作废已共签的记录",
        "annul": "同意作废，学时从档案中撤下",
        "keep": "不作废，共签照旧有效",
    },
})  # fmt: skip

# Labels of columns that are no personal fields (those stand in core.fields). What has no label is not shown.
LABELS: dict[str, str] = {
    "username": "用户名",
    "role": "角色",
    "org_id": "所在组织",
    "branch_id": "党支部",
    "away_org_id": "驻外支部",
    "work_phone": "办公电话",
    "full_name": "全称",
    "kind": "类别",
    "title": "名称",
    "place": "地点",
    "responsible": "负责人",
    "held_on": "日期",
    "host_code": "流入地区划",
    "host_text": "流入地",
    "ended_on": "结束日期",
    "letter": "介绍信抬头",
    "letter_valid_days": "介绍信有效期（天）",
    "demands_code": "管理员登录要填动态码",
    "claim_day_limit": "每天收一个县的认领请求",
    "answer_workdays": "答复期限（工作日）",
    "report_in_days": "没有报到的提醒（天）",
    "contact_days": "没有联系的提醒（天）",
    "confirm_months": "流动登记核对周期（月）",
    "contacted_on": "最近联系",
    "confirmed_on": "最近核对",
    "workday_changes": "工作日调整",
    "report_in_day_limit": "每日报到码试错上限",
    "notice_version": "告知书版本",
    "notice_changed_on": "告知书更改日期",
    "locked_until": "停用至",
    "must_change": "须改密码",
    "is_active": "在用",
    "to_org_id": "转入党组织",
    "letter_no": "介绍信编号",
}
# A change nobody's verb goes with is told by what changed: its day is said, of the rest only the name.
_DAYS: dict[str, str] = {
    "due_on": "办理期限",
    "applied_on": "申请日期",
    "issued_on": "开出日期",
    "valid_until": "有效期至",
    "received_on": "接收日期",
    "accepted_on": "接收日期",
    "reported_on": "报到日期",
    "assigned_on": "编入日期",
    "done_on": "办结日期",
    "effective_on": "生效日期",
    "leaves_on": "退出日期",
}
_NAMED: dict[str, str] = {
    "outcome": "办理结果",
    "reason": "原因",
    "packet": "随件内容",
    "wrapped": "随件内容",
    "text": "协议文本",
    "text_digest": "协议文本",
    "pdf_digest": "定稿文件",
    "document_id": "定稿文件",
    "accepted_by": "各方答复",
    "answers": "各方答复",
    "paused": "暂停的范围",
    "header": "活动内容",
    "annul_by": "作废提议",
    "fingerprint": "密钥指纹",
    "purged_at": "清除时间",
    "is_missed": "逾期标记",
}
_ORDER = frozenset(
    {"n", "w", "head", "pending", "pending_id", "awaiting", "number"}
)  # of messages: nothing a person did
# Closed lists whose values have words: (noun, field) → value → words.
VALUES: dict[tuple[str, str], Mapping[str, str]] = {
    ("agreement", "kind"): words.DUTIES,
    ("agreement_duty", "kind"): words.DUTIES,
    ("account", "role"): words.ROLES,
    ("party_org", "kind"): words.ORG_KINDS,
    ("member", "gender"): codes.GENDER.labels,
    ("member", "ethnicity"): codes.ETHNICITY.labels,
    ("member", "education"): codes.EDUCATION.labels,
    ("member", "member_kind"): codes.MEMBER_KIND.labels,
    ("member", "standing"): codes.STANDING.labels,
    ("flow", "flow_reason"): codes.FLOW_REASON.labels,
    ("flow", "work_kind"): codes.UNIT_KIND.labels,
    ("member", "chosen_phone"): {"phone": "联系电话", "second_phone": "第二电话"},
    ("relation_transfer", "kind"): {
        "committee": "本党委内",
        "county": "本县党委之间",
        "outward": "转往县外",
        "inward": "从县外转入",
        "partner": "转往伙伴县",
    },
}
# Where a table's column is called as a personal field is and means another thing; none: it tells a reader nothing.
_LABELS: dict[tuple[str, str], str | None] = {
    ("account", "name"): "姓名",
    ("flow", "confirmed_on"): "最近核对",
    ("member", "name_pinyin"): None,
    ("member", "initials"): None,
}
# Reasons the program gives.
REASONS = {
    "import": "名册导入",
    "import_undone": "名册导入已撤销",
    "claim": "流入地请求认领",
    "handover": "组织关系已转接",
    "timer": "到期",
    "application_withdrawn": "本人撤回申请",
}

_OFF = frozenset(
    {
        "close",
        "cancel",
        "withdraw",
        "refuse",
        "reject",
        "decline",
        "lapse",
        "expire",
        "recall",
        "fail",
        "revoke",
        "drop",
        "void",
        "disown",
        "lock",
        "stop",
        "deleted",
        "unpin",
    }
)
REMINDERS = frozenset({"fall_due", "remind_contact", "remind_confirm", "remind_report_in"})
_SEALED = frozenset({"seal", "complete", "confirm", "countersign", "take_effect"})


@dataclass(frozen=True)
class Entry:
    """One line of a timeline, as `p.log` shows it."""

    state: str
    words: Markup
    more: str
    event: Event

    @property
    def note(self) -> str:
        """When, in which role, why."""
        return joined("　", filter(None, (filters.moment(self.event.at), self.more)))


# What a follower says waits for the anchor's decision, or is dropped: the sentence of the act, and this after it.
_PENDING = {"propose_": "（待对方登记）", "drop_": "（没有被采用）"}


def _pending(act: str) -> tuple[str, str]:
    """The act itself, and what to say after it."""
    prefix = next((p for p in _PENDING if act.startswith(p)), "")
    return act.removeprefix(prefix), _PENDING.get(prefix, "")


def sayable(verb: str) -> bool:
    """Whether there is a sentence for the verb."""
    noun, _, act = verb.rpartition(".")
    act = act if act in SENTENCES.get(noun, {}) else _pending(act)[0]
    return act in SENTENCES.get(noun, {}) or (act in EVERY and noun in NOUNS)


def sentence(verb: str, details: Mapping[str, Any] | None = None) -> str:
    """What was done, without who: 开立账号. An unknown verb is shown as it is rather than hidden."""
    noun, _, act = verb.rpartition(".")
    bare, after = ("", "") if act in SENTENCES.get(noun, {}) else _pending(act)
    if after and bare in SENTENCES.get(noun, {}):
        return say("{said}{after}", said=SENTENCES[noun][bare], after=after)
    template = SENTENCES.get(noun, {}).get(act) or EVERY.get(act, verb)
    said = {k: VALUES.get((noun, k), {}).get(str(v), v) for k, v in (details or {}).items() if isinstance(v, str | int)}
    known = said | {"noun": NOUNS.get(noun, noun)}
    return say(template, **{at[1]: known.get(at[1], "") for at in PLACE.finditer(template)})


def choices() -> list[tuple[str, str]]:
    """Every verb with a sentence of its own, for a filter."""
    verbs = [(noun, act, said) for noun, acts in SENTENCES.items() for act, said in acts.items()]
    return [
        (f"{noun}.{act}", say("{noun}：{said}", noun=NOUNS[noun], said=say(said, **_blank(said))))
        for noun, act, said in verbs
    ]


def _blank(template: str) -> dict[str, object]:
    return {at[1]: "…" for at in PLACE.finditer(template)}


def _value(noun: str, field: str, value: object, names: Mapping[str, str]) -> str:
    if value is None or value == "":
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if (noun, field) in VALUES:
        return VALUES[noun, field].get(str(value), str(value))
    if field.endswith("_id"):
        return names.get(str(value), "另一个")
    if field.endswith("_at") or (field.endswith("_until") and "T" in str(value)):
        return filters.moment(datetime.fromisoformat(str(value)))
    if field.endswith("_on"):
        return date.fromisoformat(str(value)).isoformat()
    if isinstance(value, dict | list):
        return say("{value} 项", value=len(value))
    personal = FIELDS.get(field)
    if personal is not None and isinstance(value, str):
        return str(mask(field, value))
    return str(value)


def _label(noun: str, field: str) -> str | None:
    if (noun, field) in _LABELS:
        return _LABELS[noun, field]
    if field == "name" and noun != "member":
        return "名称"
    if field == "role" and noun != "account":
        return None  # which side we are on: the page says it
    return FIELDS[field].label if field in FIELDS and not field.endswith("_blind") else LABELS.get(field)


def _changes(entry: Event, names: Mapping[str, str], *, with_values: bool) -> Markup:
    """由 … 改为 …, joined; personal values masked as everywhere, or only named when values are not wanted."""
    act = entry.verb.rpartition(".")[2]
    found = events.revealed(entry) if with_values else {k: v for k, v in entry.changes.items() if isinstance(v, list)}
    said: list[str] = []
    for field in entry.changes:
        label = _label(entry.subject_kind, field)
        if label is None:
            continue
        if field not in found:
            said.append(say("{label}（内容不在此显示）", label=label) if with_values else label)
            continue
        before, after = (_value(entry.subject_kind, field, v, names) for v in found[field])
        if found[field][0] is None:
            if found[field][1] not in (None, "", {}, [], True, False):
                said.append(mark("{label} <ins>{after}</ins>", label=label, after=after))
        elif before == after:
            said.append(say("{label}已改", label=label))
        else:
            said.append(
                mark("{label}由 <del>{before}</del> 改为 <ins>{after}</ins>", label=label, before=before, after=after)
            )
    if not said and act == "changed":
        said = _bare(entry.changes)
    if not said or act in {"sign_in", "sign_in_failed", "lock"}:
        return Markup("")
    return mark("：{changes}", changes=joined("，", said))


def _bare(changes: Mapping[str, Any]) -> list[str]:
    """What a change without a verb of its own was about."""
    said: list[str] = []
    for field, pair in changes.items():
        if field in _DAYS and isinstance(pair, list) and pair[1]:
            said.append(mark("{label} <ins>{after}</ins>", label=_DAYS[field], after=pair[1]))
        elif label := _DAYS.get(field) or _NAMED.get(field):
            said.append(say("{label}已改", label=label))
    if not said and _ORDER.issuperset(changes):
        said.append("往来序号，内容没有改")
    return list(dict.fromkeys(said))


def read(entries: Sequence[Event], *, with_values: bool = True, with_ip: bool = False) -> list[Entry]:
    """Entries in words. `with_values=False` names the changed personal fields only (no key is opened: for long mixed lists)."""
    names = _names(entries)
    lines = []
    for entry in entries:
        act = entry.verb.rpartition(".")[2]
        is_reminder = act in REMINDERS  # nobody's word: neither a partner's nor a colleague's
        who = "" if entry.actor_role == "anonymous" or is_reminder else entry.actor_name
        did = sentence(entry.verb, entry.details)
        changes = _changes(entry, names, with_values=with_values)
        text = mark("{who}{did}{changes}" if who else "{did}{changes}", who=who, did=did, changes=changes)
        role = "" if entry.actor_role == "system" else words.ROLES.get(entry.actor_role, "")
        more = [
            role,
            entry.reason and say("事由：{reason}", reason=REASONS.get(entry.reason, entry.reason)),
            with_ip and entry.ip and say("来自 {ip}", ip=entry.ip),
        ]
        state = (
            "off"
            if act in _OFF
            else "sealed"
            if act in _SEALED
            else "theirs"
            if entry.peer
            else "todo"
            if is_reminder
            else "done"
        )
        lines.append(Entry(state, text, joined("　", (m for m in more if m)), entry))
    return lines


def of(*, subject_id: UUID | None = None, member_id: UUID | None = None, limit: int = 50) -> list[Entry]:
    """The timeline of a record, or of everything about a member, newest first. The caller has checked that it may be seen."""
    query = db.select(Event).order_by(Event.id.desc()).limit(limit)
    query = query.where(Event.subject_id == subject_id) if subject_id else query.where(Event.member_id == member_id)
    return read(list(db.session.scalars(query)))


def _names(entries: Iterable[Event]) -> dict[str, str]:
    """Names of the organisations and accounts that changes point at: at most one query."""
    wanted: dict[type[Any], set[UUID]] = {PartyOrg: set(), Account: set()}
    for entry in entries:
        for field, pair in entry.changes.items():
            if field.endswith("_id") and isinstance(pair, list):
                model = Account if field in ("account_id", "recorded_by") else PartyOrg
                wanted[model] |= {UUID(str(v)) for v in pair if v}
    asked = [db.select(model.id, model.name).where(model.id.in_(ids)) for model, ids in wanted.items() if ids]
    return {str(key): name for key, name in db.session.execute(union_all(*asked))} if asked else {}
