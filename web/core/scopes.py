"""The closed list of data scopes (FED/1 §6) in words: what for, on which basis, until when. Data, no behaviour.

What each scope carries stands in the registry of fields (`core/fields.py`, `Field.scopes`); who may send it stands in an
agreement. Cards, notices, papers and pages read this table; the text of an agreement has shorter words of its own (`federation/agreements/scopes.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from web.core.fields import FIELDS, Class
from web.core.saying import joined


@dataclass(frozen=True)
class DataScope:
    """One scope. `basis`: agreement | notice | consent | application | run; `content`: what it carries beside fields."""

    scope: str
    label: str
    purpose: str
    basis: str
    until: str
    content: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names in the registry of what it may carry, in the registry's order."""
        return tuple(name for name, field in FIELDS.items() if self.scope in field.scopes)

    @property
    def words(self) -> str:
        """What it carries, in one line of plain words."""
        return joined("、", [*([self.content] if self.content else []), *(FIELDS[name].label for name in self.fields)])

    @property
    def is_sensitive(self) -> bool:
        """Does it carry sensitive personal information? Then need and impact are told as well."""
        return any(FIELDS[name].cls in (Class.SENSITIVE, Class.RESTRICTED) for name in self.fields)


_WHILE = "流动结束、本人撤回或协议终止为止，对方随即销毁"

_COSIGNED = "流动结束、本人撤回或协议终止为止，此后不再列入；此前两县已共签的活动记录是两县共同的凭据，照旧留存"

SCOPES: dict[str, DataScope] = {
    row.scope: row
    for row in (
        DataScope("S0", "名录", "日常联络", "agreement", "协议终止为止"),
        DataScope("S1", "汇总数", "半年报告、年度评估", "agreement", "协议终止为止"),
        DataScope("S2", "报到通知", "核对报到", "notice", _WHILE),
        DataScope("S3", "联系方式", "联系报到", "consent", _WHILE),
        DataScope("S4", "关系转接", "转接组织关系", "application", "接转完成后由接收地长期保管，未接转的随即销毁"),
        DataScope("S5", "参加情况", "共签与评议", "notice", _COSIGNED, "活动名称、日期"),
        DataScope("S6", "状态告知", "组织生活衔接", "notice", _WHILE),
        DataScope("S7", "服务事项", "办理本人提出的一件事", "consent", "事项办结后三年", "这一件事的内容"),
        DataScope("S8", "名册核对", "两县名册加密比对", "run", "一次比对结束为止", "是否同在两县名册"),
    )
}
OFF = frozenset({"S8"})
"""Named, and never on: nothing in the table of messages carries it."""

BASES = {
    "agreement": "协议约定",
    "notice": "告知本人",
    "consent": "本人单独同意",
    "application": "本人申请",
    "run": "双方逐次决定",
}
NEVER = "思想谈话、走访内容、困难细节、健康、宗教、家庭、处分、收入与党费金额、住址、照片、位置、积分"
