"""The closed list of data scopes (FED/1 §6) in words: what for, on which basis, how often, until when. Data, no behaviour.

What each scope carries stands in the registry of fields (`core/fields.py`, `Field.scopes`); who may send it stands in an
agreement. Agreements, cards, notices, papers and pages read this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from web.core.fields import FIELDS, Class
from web.core.saying import joined


@dataclass(frozen=True)
class DataScope:
    """One scope. `basis`: agreement | notice | consent | application | run; `content`: what it carries beside fields.

    `in_short`: what it carries, as the text of an agreement says it; `frequency`: how often.
    """

    scope: str
    label: str
    purpose: str
    basis: str
    until: str
    content: str = ""
    in_short: str = ""
    frequency: str = ""

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
        DataScope(
            "S0", "名录", "日常联络", "agreement", "协议终止为止",
            in_short="名录、阵地、联络员", frequency="每季",
        ),
        DataScope(
            "S1", "汇总数", "半年报告、年度评估", "agreement", "协议终止为止",
            in_short="件数，不含个人", frequency="每半年",
        ),
        DataScope("S2", "报到通知", "核对报到", "notice", _WHILE, in_short="报到通知", frequency="随时"),
        DataScope("S3", "联系方式", "联系报到", "consent", _WHILE, in_short="联系方式一个", frequency="随时"),
        DataScope(
            "S4", "关系转接", "转接组织关系", "application", "接转完成后由接收地长期保管，未接转的随即销毁",
            in_short="转接字段", frequency="逐件",
        ),
        DataScope(
            "S5", "参加情况", "共签与评议", "notice", _COSIGNED, "活动名称、日期", in_short="参加活动、学时", frequency="每月"
        ),
        DataScope("S6", "状态告知", "组织生活衔接", "notice", _WHILE, in_short="支部、活动证、党费月份", frequency="每季"),
        DataScope(
            "S7", "服务事项", "办理本人提出的一件事", "consent", "事项办结后三年", "这一件事的内容",
            in_short="逐件请求的事由", frequency="逐件",
        ),
        DataScope("S8", "名册核对", "两县名册加密比对", "run", "一次比对结束为止", "是否同在两县名册"),
    )
}  # fmt: skip
WHILE_AWAY = frozenset(name for name, row in SCOPES.items() if row.until == _WHILE)
"""What the member is told of, or agrees to, until his flow ends: of the next he is told anew. What was held while he was
away is co-signed (S5) after it, too.
"""
OFF = frozenset({"S8"})
"""Named, and never on: nothing in the table of messages carries it."""
GRANTABLE = {name: row for name, row in SCOPES.items() if name not in OFF}
"""What an agreement may grant."""

BASES = {
    "agreement": "协议约定",
    "notice": "告知本人",
    "consent": "本人单独同意",
    "application": "本人申请",
    "run": "双方逐次决定",
}
IN_SHORT = {**BASES, "consent": "逐人同意"}
"""The bases in a cell of an agreement."""
NEVER = "思想谈话、走访内容、困难细节、健康、宗教、家庭、处分、收入与党费金额、住址、照片、位置、积分"


def label(name: str) -> str:
    """Plain words for a field of a grant."""
    return FIELDS[name].label if name in FIELDS else name


def labels(names: Iterable[str]) -> str:
    """Plain words for the fields of a grant, in one line."""
    return joined("、", (label(name) for name in names))
