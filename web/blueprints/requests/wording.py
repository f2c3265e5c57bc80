"""Words of requests: a form for each kind, states as our side sees them, reasons, verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields

from web.blueprints import sentences
from web.blueprints.forms import Day, Number, One, Text
from web.core.saying import joined, say, within
from web.federation.request_kinds import REQUEST_KINDS, Asked
from web.federation.requests.lists import Part
from web.federation.requests.models import DONE, Request, RequestState
from web.federation.wire import kinds
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Permission

S = RequestState


@dataclass(frozen=True)
class KindForm:
    """The form of one kind. `labels`: by field; `choices`: field → word of the wire → words.

    `hint` stands above the form, `crosses` says in plain words what the other county will know; `done` labels the button
    of the answer.
    """

    name: str
    hint: str
    crosses: str
    labels: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    done: str = "办结"

    @property
    def title(self) -> str:
        """What the kind is called everywhere."""
        return REQUEST_KINDS[self.name].title


FORMS: dict[str, KindForm] = {
    form.name: form
    for form in (
        KindForm(
            "must_visit",
            "三个必访：生活困难、权益受损、年底不能返乡。请原籍就近走访家属，不写困难的具体情形",
            "这个人、走访的事由、办结期限。不送具体情形",
            {"trigger": "走访事由"},
            {"trigger": {"hardship": "生活困难", "rights": "权益受损", "not_home_for_new_year": "年底不能返乡"}},
            done="已走访，办结",
        ),
        KindForm(
            "job",
            "本人想找工作的，请对方就近介绍岗位或者培训。只写求职意向和技能，不写家庭和收入",
            "这个人、求职意向、技能、办结期限",
            {"intent": "求职意向", "skills": "技能"},
            done="已介绍，办结",
        ),
        KindForm(
            "certificate",
            "请原籍核查这名党员的活动证是否有效",
            "这个人、办结期限",
            {"outcome": "核查结果"},
            {"outcome": {"valid": "有效", "reviewed": "有效，已年审", "void": "无效或已收回"}},
            done="送出结果，办结",
        ),
        KindForm(
            "withdrawal",
            "党员在本地提出不再同意共享时，转告原籍。由原籍经办人办理撤回，撤回后两县随即停止共享、清除资料",
            "这个人、撤回的内容、办结期限",
            {"what": "撤回的内容"},
            {"what": {"all": "全部告知和同意", "contact": "只撤回联系电话"}},
            done="办理撤回，办结",
        ),
    )
}

PARTS = {Part.TO_DO: "待我方办理", Part.RECEIVED: "收到", Part.SENT: "发出", Part.OVER: "已了结"}
DECLINED = {
    "not_ours": "不属于我县",
    "not_able": "目前无法办理",
    "unclear": "请求不清楚",
    "other": "其他，请说明",
}
FAILED = {
    "not_found": "没有找到本人或家属",
    "member_declined": "本人或家属不需要",
    "not_able": "未能办成",
    "other": "其他，请说明",
}
PURGED = {
    "consent_withdrawn": "本人撤回了对这一件事的同意",
    "notice_withdrawn": "对本人的告知已经撤回",
    "referral_ended": "流动报到已经结束",
}
sentences.REASONS_OF |= {"request.decline": DECLINED, "request.fail": FAILED, "request.purge": PURGED}


def because(request: Request) -> str:
    """Why it was declined or not done, in the words of the list it was chosen from; "" without a reason."""
    return (FAILED if request.state is S.FAILED else DECLINED).get(request.reason, "")


def why_purged(request: Request) -> str:
    """Why the content of one that was done is gone; "" while it is here, or was never."""
    if request.done_on is None or request.state not in DONE:
        return ""
    if request.wrapped is not None:
        return "恢复备份之前已经销毁" if request.is_emptied else ""
    if request.pending == "purge":
        return PURGED["notice_withdrawn"]
    return PURGED.get(request.reason, "办结已满三年")


RATED = {"helped": "有帮助", "partly": "部分有帮助", "not_helped": "没有帮助"}
METHODS = {"paper": "书面", "oral": "当面或电话"}
VERBS = within("letter", {
    "ask": "提出请求",
    "accept": "接受",
    "decline": "不接受",
    "done": "办结",
    "fail": "未办成",
    "rate": "评价",
    "withdraw": "撤回",
    "purge": "销毁内容",
    "lapse": "逾期失效",
})  # fmt: skip


def title_of(name: str) -> str:
    """A kind in words."""
    return REQUEST_KINDS[name].title if name in REQUEST_KINDS else name


# What is asked of us, by state.
OF_US = {S.REQUESTED: "待答复", S.ACCEPTED: "已接受，待办理"}


def state_of(request: Request) -> tuple[str, str]:
    """(knot, words) of a request as our side sees it."""
    asking = request.role == "asker"
    if request.stopped:
        return "off", "已停下，请联系对方核对"
    if request.pending:
        return "theirs", "内容已销毁，等对方确认" if request.pending == "purge" else "已答复，等对方确认"
    return {
        S.REQUESTED: ("theirs", "等对方答复") if asking else ("now", OF_US[S.REQUESTED]),
        S.ACCEPTED: ("theirs", "对方正在办理") if asking else ("now", OF_US[S.ACCEPTED]),
        S.DECLINED: ("off", "对方不接受" if asking else "我方不接受"),
        S.DONE: ("done", "已办结"),
        S.FAILED: ("off", "未办成"),
        S.RATED: ("done", "已办结，已评价"),
        S.WITHDRAWN: ("off", "已撤回" if asking else "对方已撤回"),
        S.LAPSED: ("off", "逾期失效"),
        S.NOT_OPENED: ("off", "对方没有收下"),
    }[request.state]


STATES = {
    S.REQUESTED: "待答复",
    S.ACCEPTED: "办理中",
    S.DECLINED: "不接受",
    S.DONE: "已办结",
    S.FAILED: "未办成",
    S.RATED: "已评价",
    S.WITHDRAWN: "已撤回",
    S.LAPSED: "逾期失效",
    S.NOT_OPENED: "没有收下",
}


def shown(request: Request, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was asked and answered, in words, in the order of the kind's entry."""
    form, found = FORMS[request.kind], []
    for it in (*request.of_kind.asks, *request.of_kind.answers):
        if it.name in values:
            said = str(values[it.name])
            found.append((form.labels.get(it.name, it.name), form.choices.get(it.name, {}).get(said, said)))
    return found


def inputs(form: KindForm, asked: Sequence[Asked]) -> dict[str, fields.Field[Any]]:
    """Form fields of a kind's values, by what the wire admits for each."""
    return {it.name: _input(form, it) for it in asked}


def _input(form: KindForm, it: Asked) -> fields.Field[Any]:
    label = form.labels.get(it.name, it.name)
    if isinstance(it.kind, kinds.Choice):
        return One(label, list(form.choices[it.name].items()), required=it.is_required)
    if isinstance(it.kind, kinds.Integer):
        return Number(label, low=it.kind.least, high=it.kind.most)
    if isinstance(it.kind, kinds.Text):
        return Text(label, limit=it.kind.most, required=it.is_required)
    return Day(label, required=it.is_required)


def schema(name: str, parts: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    """A form schema made of these fields."""
    return Schema.from_dict(dict(parts), name=name)


def who_can(permission: Permission) -> str:
    """Who may act, for the reason beside a button that cannot be used."""
    named = [name for name, _role in accounts.who_can(permission)]
    return say("由{named}办理", named=joined("、", named[:3])) if named else "由县级经办办理"
