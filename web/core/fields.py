"""The one registry of personal fields: class, purpose, retention, mask, and the federation scopes that may carry each.

Masking, encryption, export, sharing and the member's own page read it. A column of a person table is named like its
field (or says `info={"field": name}`); a contract test fails on one that is neither here nor technical.
Scopes are a closed list (FED/1 §6).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from web.core import crypto, fence
from web.extensions import settings


class Class(StrEnum):
    """Security mark of a field. From PERSONAL on, values are masked, and their history is encrypted."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    RESTRICTED = "restricted"


def _id_number(value: str) -> str:
    return f"{value[:3]}***{value[-2:]}" if len(value) >= 10 else "***"


def _phone(value: str) -> str:
    return f"{value[:3]}****{value[-4:]}" if len(value) >= 9 else "****"


def _whole(value: str) -> str:
    return "***"


@dataclass(frozen=True)
class Field:
    """One kind of personal value. `scopes`: the data scopes that may carry it across a border; empty = never."""

    label: str
    cls: Class
    purpose: str
    retention: str
    scopes: frozenset[str] = frozenset()
    mask: Callable[[str], str] | None = None

    @property
    def is_personal(self) -> bool:
        return self.cls in (Class.PERSONAL, Class.SENSITIVE, Class.RESTRICTED)


def _f(
    label: str, cls: Class, purpose: str, retention: str, scopes: str = "", mask: Callable[[str], str] | None = None
) -> Field:
    return Field(label, cls, purpose, retention, frozenset(scopes.split()), mask)


_REGISTER, _FLOW, _LETTER, _SHARE = "党员名册", "流动期间及之后二年", "十年", "流动结束或协议终止后三十日"
P, S, N, R = Class.PERSONAL, Class.SENSITIVE, Class.INTERNAL, Class.RESTRICTED

FIELDS: dict[str, Field] = {
    "name": _f("姓名", P, "识别党员", _REGISTER, "S2 S4"),
    "name_pinyin": _f("姓名拼音", P, "检索", _REGISTER),
    "initials": _f("姓名首字母", P, "检索", _REGISTER),
    "gender": _f("性别", P, "党员基本信息", _REGISTER, "S2 S4"),
    "ethnicity": _f("民族", P, "党员基本信息", _REGISTER, "S4"),
    "birth_on": _f("出生日期", P, "党员基本信息", _REGISTER, "S4"),
    "birth_year": _f("出生年份", P, "核对报到人", _SHARE, "S2"),
    "id_number": _f("身份证号", R, "核对身份，开具介绍信", _REGISTER, "S4", _id_number),
    "id_blind": _f("身份证号指纹", R, "查重", _REGISTER),
    "phone": _f("联系电话", S, "联系党员", _REGISTER, "S3 S4", _phone),
    "phone_blind": _f("联系电话指纹", R, "查重", _REGISTER),
    "second_phone": _f("第二电话", S, "本人愿用的另一个号码；只作为选定的联系电话送出", _REGISTER, "", _phone),
    "chosen_phone": _f("选定的号码", N, "本人选定送往外县的是哪一个", _REGISTER),
    "address": _f("家庭住址", S, "看望慰问", _REGISTER, "", _whole),
    "education": _f("学历", P, "党员基本信息", _REGISTER),
    "member_kind": _f("人员类别", P, "党员基本信息", _REGISTER, "S2 S4"),
    "joined_on": _f("入党日期", P, "党员基本信息", _REGISTER),
    "confirmed_on": _f("转正日期", P, "党员基本信息", _REGISTER),
    "post": _f("工作岗位", P, "统计", _REGISTER),
    "standing": _f("党籍状态", S, "党籍管理", _REGISTER),
    "is_lost_contact": _f("是否失联", S, "查找联系", _REGISTER),
    "dues_until": _f("党费缴至", P, "党费管理", _REGISTER, "S4 S6"),
    "certificate_no": _f("活动证编号", P, "活动证管理", _REGISTER, "S6"),
    "review_result": _f("活动证年审结果", P, "活动证管理", _REGISTER, "S6"),
    "appraisal": _f("民主评议等次", P, "民主评议", _REGISTER, "S6"),
    "home_branch": _f("流出地党支部", P, "明确管理责任", _SHARE, "S2"),
    "host_branch": _f("编入的党支部", P, "告知流出地", _SHARE, "S6"),
    "host_township": _f("流入地乡镇街道", P, "安排报到", _SHARE, "S2"),
    "arrival_month": _f("到达年月", P, "安排报到", _SHARE, "S2"),
    "report_in_code": _f("报到码", S, "报到核对", _SHARE, "S2"),
    "work_unit": _f("工作单位", P, "安排支部", _FLOW),
    "work_kind": _f("单位类别", P, "统计", _FLOW),
    "occupation": _f("从事行业", P, "统计", _FLOW),
    "host_address": _f("流入地详细地址", S, "联系党员", _FLOW, "", _whole),
    "backup_contact": _f("家乡联系人", S, "联系党员", _FLOW, "", _whole),
    "backup_phone": _f("家乡联系人电话", S, "联系党员", _FLOW, "", _phone),
    "left_on": _f("流出时间", P, "流动登记", _FLOW),
    "expected_until": _f("预计返回时间", P, "流动登记", _FLOW),
    "flow_reason": _f("流出原因", P, "流动登记", _FLOW),
    "organisation": _f("组织名称和办公电话", Class.PUBLIC, "日常联络", "协议期间", "S0"),
    "venue": _f("阵地", Class.PUBLIC, "日常联络", "协议期间", "S0"),
    "liaison": _f("联络员姓名和工作电话", N, "日常联络", "协议期间", "S0"),
    "counts": _f("按乡镇的人数和场次，小于5的不显示", N, "半年报告、年度评估", "协议期间", "S1"),
    "presence": _f("到会情况", P, "组织生活", _SHARE, "S5"),
    "study_minutes": _f("学时", P, "组织生活", _SHARE, "S5"),
    "visit_trigger": _f("走访事由", S, "请原籍走访家属", "办结之后三年", "S7"),
    "job_intent": _f("求职意向", P, "帮助就业", "办结之后三年", "S7"),
    "skills": _f("技能", P, "帮助就业", "办结之后三年", "S7"),
    "letter_no": _f("介绍信编号", P, "组织关系转接", _LETTER, "S4"),
    "from_org": _f("转出组织", P, "组织关系转接", _LETTER, "S4"),
    "to_org": _f("转入组织", P, "组织关系转接", _LETTER, "S4"),
    "valid_days": _f("有效期", N, "组织关系转接", _LETTER, "S4"),
    "note": _f("备注", S, "经办说明", _FLOW),
}


def mask(name: str, value: str | None) -> str | None:
    """What everybody may see of the value; None stays None."""
    found = FIELDS[name].mask
    return value if value is None or found is None else found(value)


class EncryptedText(TypeDecorator[str]):
    """Text encrypted at rest; associated data are county and column, so a row cannot be copied to another county."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def _bound_to(self) -> str:
        return f"{fence.tenant()}:{self.column}"

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        return crypto.encrypt(settings().field_key, value.encode(), self._bound_to())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return crypto.decrypt(settings().field_key, bytes(value), self._bound_to()).decode()


def blind(name: str, value: str) -> bytes:
    """HMAC of a value for equality inside this county: two counties' indexes of one person do not compare."""
    key = crypto.derive(settings().field_key, f"blind:{fence.tenant()}:{name}")
    return hmac.new(key, value.encode(), hashlib.sha256).digest()[:16]
