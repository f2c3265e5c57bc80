"""What the register can be narrowed by: a table of facets, each with 是, 不是 and 为空, and the words of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from web.core import clock
from web.extensions import db
from web.tenants.flows.models import Flow, FlowEnd, FlowState
from web.tenants.flows.service import add_months
from web.tenants.labels.models import Label, MemberLabel
from web.tenants.members import codes
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench.facets import Facet, any_of, uuids, yes


class Roll(StrEnum):
    """Which list: all members of the county, or those with an open flow that counts as floating."""

    MEMBERS = "members"
    AWAY = "away"


FLOATING = (FlowState.REGISTERED, FlowState.UNREACHABLE, FlowState.LOST_CONTACT)

RELATIONS: Mapping[str, str] = {
    Relation.HELD: "在本县",
    Relation.PROVISIONAL: "已接收，待确认",
    Relation.TRANSFERRED: "已转出",
    Relation.ENDED: "已结束",
}
FLOW_STATES: Mapping[str, str] = {
    FlowState.DRAFT: "草拟",
    FlowState.AWAY_NOTICE: "短期外出",
    FlowState.REGISTERED: "已流出",
    FlowState.UNREACHABLE: "联系困难",
    FlowState.LOST_CONTACT: "失去联系",
    FlowState.ENDED: "已结束",
}
FLOW_ENDS: Mapping[str, str] = {
    FlowEnd.RETURNED: "已返乡",
    FlowEnd.TRANSFERRED: "关系已转出",
    FlowEnd.DECEASED: "死亡",
    FlowEnd.MEMBERSHIP_ENDED: "党籍终止",
    FlowEnd.WRONG_ENTRY: "登记有误",
}
EDUCATIONS: Mapping[str, str] = {
    "1": "研究生",
    "2": "大学本科",
    "3": "大学专科",
    "4": "中等职业",
    "6": "高中",
    "7": "初中",
    "8": "小学",
    "9": "其他",
}
"""The first digit of the code: what a list shows and is narrowed by."""


def dues_limit() -> str:
    """The month (YYYY-MM) before which dues are more than three months behind."""
    return add_months(clock.today(), -3).isoformat()[:7]


def _under(values: Sequence[str]) -> ColumnElement[bool]:
    """In the subtree of one of the organisations, by branch or by away branch."""
    top = db.aliased(PartyOrg)
    below = (
        db.select(PartyOrg.id)
        .join(top, (top.tenant_id == PartyOrg.tenant_id) & PartyOrg.path.op("^@")(top.path))
        .where(top.id.in_(uuids(values)))
    )
    return or_(Member.branch_id.in_(below), Member.away_org_id.in_(below))


def _dues(values: Sequence[str]) -> ColumnElement[bool]:
    late = and_(Member.dues_until != "", Member.dues_until < dues_limit())
    paid = Member.dues_until >= dues_limit()
    return or_(*[{"late": late, "paid": paid}.get(v, false()) for v in values])


def _has_label(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        db.select(MemberLabel.id)
        .join(Label, (Label.tenant_id == MemberLabel.tenant_id) & (Label.id == MemberLabel.label_id))
        .where(
            MemberLabel.tenant_id == Member.tenant_id, MemberLabel.member_id == Member.id, Label.deleted_at.is_(None), *where
        )
        .correlate(Member)
        .exists()
    )  # fmt: skip


def _labelled(values: Sequence[str]) -> ColumnElement[bool]:
    return _has_label(MemberLabel.label_id.in_(uuids(values)))


FACETS: tuple[Facet, ...] = (
    Facet("org", "党组织", _under, None, "organisations"),
    Facet("gender", "性别", any_of(Member.gender), Member.gender.in_(["", "0", "9"]), {"1": "男", "2": "女"}),
    Facet("kind", "人员类别", any_of(Member.member_kind), Member.member_kind == "", codes.MEMBER_KIND.labels),
    Facet("education", "学历", any_of(func.left(Member.education, 1)), Member.education == "", EDUCATIONS),
    Facet(
        "flow",
        "流动状态",
        any_of(Flow.state),
        Flow.id.is_(None),
        {s: w for s, w in FLOW_STATES.items() if s != FlowState.ENDED},
    ),
    Facet(
        "reason",
        "流出原因",
        any_of(Flow.flow_reason),
        func.coalesce(Flow.flow_reason, "") == "",
        codes.FLOW_REASON.labels,
    ),
    Facet("host", "流入地", any_of(Flow.host_code), func.coalesce(Flow.host_code, "") == "", "hosts"),
    Facet("dues", "党费", _dues, Member.dues_until == "", {"late": "逾三个月", "paid": "三个月内"}),
    Facet("certificate", "活动证", yes(Member.certificate_no != ""), Member.certificate_no == "", {"yes": "有证"}),
    Facet("phone", "联系电话", yes(Member.phone_blind.is_not(None)), Member.phone_blind.is_(None), {"yes": "有电话"}),
    Facet("contact", "失联", yes(Member.is_lost_contact), None, {"yes": "失去联系"}),
    Facet("transfer", "关系转接", yes(Member.frozen_by.is_not(None)), None, {"yes": "在途"}),
    Facet("label", "标签", _labelled, not_(_has_label()), "labels"),
    Facet("relation", "组织关系", any_of(Member.relation), None, RELATIONS),
)
