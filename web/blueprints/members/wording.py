"""Words of the register's pages: facts of a member in groups, scopes of notices, verbs of a flow, choices of forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.blueprints.cosigning.wording import PRESENCES
from web.core import scopes
from web.core.fields import mask
from web.core.saying import say
from web.tenants.consents.models import Basis, Method
from web.tenants.counties import divisions
from web.tenants.flows.models import FlowEnd
from web.tenants.members import codes
from web.tenants.members.codes import ENDED_STANDINGS, STANDING
from web.tenants.register.facets import EDUCATIONS, FLOW_ENDS, FLOW_STATES, RELATIONS

REVEALABLE = {
    "id_number": "身份证号",
    "phone": "联系电话",
    "second_phone": "第二电话",
    "address": "家庭住址",
    "backup_contact": "家乡联系人",
    "backup_phone": "家乡联系人电话",
    "host_address": "流入地详细地址",
}
"""Masked fields, with their labels; each is shown for a reason only."""

SCOPES = {name: (row.label, row.words) for name, row in scopes.SCOPES.items() if row.basis != "agreement"}
NOTICES = ("S2", "S6", "S5")
"""What a notice on the member's page can be about; S3 is agreed to by itself, S4 comes with an application, S7 with a request."""

BASES = {Basis.NOTICE: "告知", Basis.CONSENT: "同意", Basis.APPLICATION: "申请"}
PHONES = {"phone": "联系电话", "second_phone": "第二电话"}
"""Which number a member can choose for other counties."""
METHODS = {Method.PAPER: "书面", Method.IN_PERSON: "当面", Method.PHONE: "电话", Method.WEB: "网上"}
ENDS = {FlowEnd.RETURNED: "已返乡", FlowEnd.DECEASED: "死亡", FlowEnd.WRONG_ENTRY: "登记有误"}
"""Ends of a flow a clerk can say; the others follow from a handover or from the end of membership."""
ENDED = {s: STANDING.label(s) for s in STANDING.labels if s in ENDED_STANDINGS}

FLOW_VERBS = {
    "miss": ("联系困难", "登记联系不上", "查找、联系情况由支部另记；这里只改变状态"),
    "find": ("重新联系上", "登记重新联系上", "流动登记恢复为已流出"),
    "declare_lost": ("认定失联", "认定失去联系", "须经查找无果后由组织认定。不影响党籍，党籍处理另按程序办"),
}
"""verb → (link, title of its page, what happens)."""

FOUND_AGAIN = ("重新联系上", "登记重新联系上", "名册不再标为失去联系")
"""The same for a member whom no open flow says is lost."""

NOTED = {
    "note_contact": (
        "登记联系",
        "登记联系",
        "与本人通过话、见过面的，登记日期。只记联系过，不记谈话内容；登记后提醒自动消去。",
    ),
    "confirm": (
        "核对",
        "核对流动登记",
        "与本人核对过去向、单位和联系方式，登记没有变化或已经改好的，登记日期；下次到期再提醒。",
    ),
}
"""verb → (link, title of its page, what happens)."""

WHY = {
    "id_number": "身份证号相同，是同一个人",
    "name_birth": "姓名、出生日期相同",
    "name_phone": "姓名、联系电话相同",
    "birth_phone": "出生日期、联系电话相同",
}


class _Blank(dict[str, str]):
    """Labels by code; a code without one is nothing, so that the page says 未填."""

    def __missing__(self, code: object) -> str:
        return ""


def _labels(of: Mapping[Any, str]) -> _Blank:
    return _Blank({str(code): words for code, words in of.items()})


def kept(of: codes.CodeSet, word: str) -> str:
    """A word as pages say it: one from before its list crosses to nobody."""
    return word if not word or word in of.labels else say("{word}（不在所列之内，不送往伙伴县）", word=word)


def offered(of: codes.CodeSet, now: str = "") -> list[tuple[str, str]]:
    """What a form offers of a list, and what stands there now, which may be from before it."""
    return [*of.choices(), *([(now, kept(of, now))] if now and now not in of.labels else [])]


LABELS: dict[str, Any] = {
    "genders": _labels(codes.GENDER.labels),
    "genders_asked": {"1": "男", "2": "女"},
    "ethnicities": _labels(codes.ETHNICITY.labels),
    "educations": _labels(codes.EDUCATION.labels),
    "education_groups": _labels(EDUCATIONS),
    "kinds": _labels(codes.MEMBER_KIND.labels),
    "standings": _labels(codes.STANDING.labels),
    "reasons": _labels(codes.FLOW_REASON.labels),
    "unit_kinds": _labels(codes.UNIT_KIND.labels),
    "flow_states": _labels(FLOW_STATES),
    "flow_ends": _labels(FLOW_ENDS),
    "relations": _labels(RELATIONS),
    "presences": _labels(PRESENCES),
    "listed": codes.LISTED,
    "kept": kept,
    "offered": offered,
    "w_phones": PHONES,
    "hidden": mask,
    "place": divisions.full_name,
}
"""What every template of the register can say."""
