"""The columns of 本县党员 and 流出党员, as data: what each says of a line, how wide, and which go first on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from web.blueprints.members.wording import LABELS
from web.core.saying import joined
from web.tenants.members.models import Relation
from web.tenants.register.facets import Roll
from web.tenants.register.service import Line
from web.tenants.workbench.listings import Column


def state(line: Line) -> str:
    """Where a member stands, in the words of the chip."""
    if line.frozen_by is not None:
        return "关系在途"
    if line.relation is Relation.PROVISIONAL:
        return "等对方确认"
    if line.relation in (Relation.TRANSFERRED, Relation.ENDED):
        return str(LABELS["relations"][line.relation])
    return str(LABELS["flow_states"][line.flow_state]) if line.flow_state else ""


def _of(table: str, of: Callable[[Line], object]) -> Callable[[Line], str]:
    return lambda line: LABELS[table][of(line)]


_ALL = (
    Column("name", "姓名", lambda m: m.name, 88, sort="name"),
    Column("gender", "性别", _of("genders", lambda m: m.gender), 48, "hide-phone"),
    Column("birth", "出生", lambda m: m.birth_on and m.birth_on.year, 56, "minor-2", sort="birth"),
    Column("birth_on", "出生日期", lambda m: m.birth_on, 96, "minor"),
    Column("id_number", "身份证", lambda m: m.id_number, 88, "minor"),
    Column("phone", "手机", lambda m: m.phone),
    Column("branch", "党支部", lambda m: m.branch, 0, "hide-phone", sort="branch"),
    Column("kind", "类别", lambda m: LABELS["kinds"][m.member_kind].replace("党员", ""), 56, "minor-2"),
    Column("education", "学历", lambda m: LABELS["education_groups"][m.education[:1]], 80, "minor", edit="education"),
    Column("flow", "流动", state, missing="未流出"),
    Column("host", "流入地", lambda m: m.host, 192, "minor-2", sort="host"),
    Column("reason", "原因", lambda m: LABELS["reasons"][m.flow_reason], 80, "minor"),
    Column("left", "流出", lambda m: m.left_on, 88, "minor-2", sort="left"),
    Column("dues", "党费缴至", lambda m: m.dues_until, 112, "minor-2", sort="dues", missing="未登记", edit="dues_until"),
    Column("certificate_no", "活动证编号", lambda m: m.certificate_no, 128, "minor", missing="无证", edit="certificate_no"),
    Column("joined_on", "入党日期", lambda m: m.joined_on, 96, "minor"),
    Column("post", "工作岗位", lambda m: m.post, 112, "minor", edit="post"),
    Column("work_unit", "工作单位", lambda m: m.work_unit, 160, "minor", edit="work_unit"),
    Column("occupation", "从事行业", lambda m: m.occupation, 112, "minor", edit="occupation"),
    Column("appraisal", "民主评议", lambda m: m.appraisal, 88, "minor", missing="未评议", edit="appraisal"),
    Column("relation", "组织关系", _of("relations", lambda m: m.relation), 112, "minor"),
    Column("lost", "失联", lambda m: "失去联系" if m.is_lost_contact else "", 80, "minor", missing="否"),
    Column("updated", "最近修改", lambda m: m.updated_at, 128, "minor", sort="updated"),
)  # fmt: skip
_BY_NAME = {c.name: c for c in _ALL}
STANDARD = {
    Roll.MEMBERS: ("name", "gender", "birth", "id_number", "phone", "branch", "kind", "education", "flow", "host", "+", "dues"),
    Roll.AWAY: ("name", "gender", "birth", "phone", "branch", "host", "reason", "left", "flow", "+", "dues"),
}  # fmt: skip
"""`+`: where the columns of later rooms stand."""
_OTHERWISE: dict[tuple[Roll, str], dict[str, Any]] = {
    (Roll.AWAY, "phone"): {"cls": "hide-phone"},
    (Roll.AWAY, "branch"): {"cls": "minor-2"},
    (Roll.AWAY, "host"): {"cls": "", "width": 0},
    (Roll.AWAY, "dues"): {"cls": "minor"},
    (Roll.MEMBERS, "host"): {"missing": "无"},
    (Roll.MEMBERS, "work_unit"): {"edit": ""},
    (Roll.MEMBERS, "occupation"): {"edit": ""},
}


def columns_of(roll: Roll, later: Iterable[tuple[str, str, Callable[[Line], Any]]]) -> list[Column]:
    """All columns of one list, those it is delivered with first. `later`: (name, title, text) of other rooms."""
    found: list[Column] = []
    for name in STANDARD[roll]:
        if name == "+":
            found += [Column(n, title, text, 128, missing="无") for n, title, text in later]
        else:
            found.append(replace(_BY_NAME[name], **_OTHERWISE.get((roll, name), {})))
    shown = {c.name for c in found}
    labels = Column(
        "labels",
        "标签",
        lambda m: joined("、", (x.title for x in m.labels)),
        160,
        "minor",
        is_standard=False,
        missing="无",
    )
    return [
        *found,
        labels,
        *(replace(c, is_standard=False, **_OTHERWISE.get((roll, c.name), {})) for c in _ALL if c.name not in shown),
    ]
