"""The data scopes as an agreement speaks of them: what each carries, for what, on which condition. A data table."""

from __future__ import annotations

from dataclasses import dataclass

from web.core.fields import FIELDS
from web.core.saying import joined
from web.federation.messages import scoped_fields

# Of S0 and S1, which carry no person's values, and so have no rows in the registry of fields.
PLAIN_FIELDS = {
    "organisation": "组织名称",
    "venue": "阵地",
    "liaison": "联络员姓名和工作电话",
    "counts": "按乡镇、月份的人数和场次，小于5的不显示",
}


@dataclass(frozen=True)
class ScopeRow:
    """One scope. `needs`: agreement | notice | consent | application."""

    scope: str
    short: str
    label: str
    purpose: str
    needs: str
    frequency: str
    plain: tuple[str, ...] = ()

    @property
    def fields(self) -> list[str]:
        """Names of all its fields, as grants list them."""
        return [*self.plain, *sorted(next(f for s, f in scoped_fields().items() if s.value == self.scope))]


SCOPES = {
    row.scope: row
    for row in (
        ScopeRow(
            "S0", "名录", "名录、阵地、联络员", "日常联络", "agreement", "每季", ("organisation", "venue", "liaison")
        ),
        ScopeRow("S1", "汇总数", "件数，不含个人", "半年报告、年度评估", "agreement", "每半年", ("counts",)),
        ScopeRow("S2", "报到通知", "报到通知", "核对报到", "notice", "随时"),
        ScopeRow("S3", "联系方式", "联系方式一个", "联系报到", "consent", "随时"),
        ScopeRow("S4", "转接", "转接字段", "转接组织关系", "application", "逐件"),
        ScopeRow("S5", "参加情况", "参加活动、学时", "共签与评议", "notice", "每月"),
        ScopeRow("S6", "状态", "支部、活动证、党费月份", "组织生活衔接", "notice", "每季"),
        ScopeRow("S7", "服务", "逐件请求的事由", "办理本人的一件事", "consent", "逐件"),
    )
}
NEEDS = {"agreement": "协议约定", "notice": "告知本人", "consent": "本人单独同意", "application": "本人申请"}
NEVER = "思想谈话、走访内容、困难细节、健康、宗教、家庭、处分、收入与党费金额、住址、照片、位置、积分"


def label(name: str) -> str:
    """Plain words for a field of a grant."""
    return PLAIN_FIELDS.get(name) or (FIELDS[name].label if name in FIELDS else name)


def labels(names: list[str]) -> str:
    """Plain words for the fields of a grant, in one line."""
    return joined("、", (label(name) for name in names))
