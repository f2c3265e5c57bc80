"""Words of activities and co-signed records: kinds, symbols, states as our side sees them, deadlines."""

from __future__ import annotations

from datetime import date

from web.blueprints import sentences
from web.blueprints.filters import county_calendar
from web.core import clock
from web.core.saying import joined, say, within
from web.federation.cosigning import contents
from web.federation.cosigning.lists import Part
from web.federation.cosigning.models import OPEN, Answer, CoSignedRecord, CosignState
from web.reports import cosigned_record
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Permission
from web.tenants.activities.models import ActivityKind, Presence
from web.tenants.activities.service import SYMBOLS

S = CosignState
ANSWER_DAYS = 10
"""Working days within which an answer is expected; the record lapses after thirty days."""

WIRE_KINDS = cosigned_record.KINDS
KINDS = {kind: WIRE_KINDS[contents.KINDS[kind]] for kind in ActivityKind}
PRESENCES = {
    Presence.PRESENT: "到会",
    Presence.LATE: "迟到",
    Presence.SICK: "病假",
    Presence.OFFICIAL: "公假",
    Presence.PERSONAL: "事假",
    Presence.ABSENT: "无故缺席",
    Presence.LEAVE: "请假",
}
WIRE_PRESENCES = {"present": "到会", "leave": "请假", "absent": "缺席"}
REFUSED = {
    "not_ours": "名单里没有我县党员",
    "not_held": "活动没有举行",
    "wrong_header": "活动日期、地点等有误",
    "other": "其他，请说明",
}
sentences.REASONS_OF["cosign"] = REFUSED
PARTS = {
    Part.TO_ANSWER: "待答复",
    Part.TO_CORRECT: "有异议待更正",
    Part.WAITING: "等对方",
    Part.FINAL: "已共签",
    Part.OVER: "未成",
    Part.ALL: "全部",
}
ANSWERS = {
    Answer.NONE: ("todo", "未答复"),
    Answer.ACCEPTED: ("sealed", "已共签"),
    Answer.LEFT_OUT: ("off", "未列入"),
    Answer.DISPUTED: ("now", "有异议"),
}
VERBS = within("letter", {
    "offer": "送请共签",
    "countersign": "共签",
    "dispute": "异议",
    "refuse": "不予共签",
    "correct": "更正后再送",
    "withdraw": "撤回",
    "propose_annul": "提出作废",
    "annul": "同意作废",
    "keep": "不作废",
    "lapse": "逾期失效",
})  # fmt: skip

# States as a list is narrowed by them: of either side.
STATES = {
    S.OFFERED: "等共签",
    S.DISPUTED: "有异议，待更正",
    S.FINAL: "已共签",
    S.REFUSED: "不予共签",
    S.WITHDRAWN: "已撤回",
    S.LAPSED: "逾期失效",
    S.ANNUL_PROPOSED: "提出作废，待答复",
    S.ANNULLED: "已作废",
    S.NOT_OPENED: "没有收下",
}


def state_of(record: CoSignedRecord) -> tuple[str, str]:
    """(knot, words) of a record as our side sees it."""
    ours = record.role == "recorder"
    if record.stopped:
        return "off", "已停下，请联系对方核对"
    if record.pending:
        return "theirs", "已答复，等对方确认"
    return {
        S.OFFERED: ("theirs", "等对方共签") if ours else ("now", "待共签"),
        S.DISPUTED: ("now", "有异议，待更正") if ours else ("theirs", "有异议，等对方更正"),
        S.FINAL: ("sealed", "已共签"),
        S.REFUSED: ("off", "对方不予共签" if ours else "我方不予共签"),
        S.WITHDRAWN: ("off", "已撤回" if ours else "对方已撤回"),
        S.LAPSED: ("off", "逾期失效"),
        S.ANNUL_PROPOSED: ("theirs", "已提出作废，等对方答复")
        if record.annul_by == record.role
        else ("now", "对方提出作废，待答复"),
        S.ANNULLED: ("off", "已作废"),
        S.NOT_OPENED: ("off", "对方没有收下"),
    }[record.state]


def due_on(record: CoSignedRecord) -> date | None:
    """By when an answer is expected: ten working days, by this county's calendar, after the turn changed."""
    if record.state not in (*OPEN, S.ANNUL_PROPOSED):
        return None
    return county_calendar().add(clock.day(record.state_at), ANSWER_DAYS)


def who_can() -> str:
    """Who may act, for the reason beside a button that cannot be used."""
    named = [name for name, _role in accounts.who_can(Permission.COSIGN_WRITE)]
    return say("由{named}办理", named=joined("、", named[:3])) if named else "由县级经办或联络员办理"


def marked(presence: str | None) -> str:
    """What the sheet says of one person: √ 到会. Empty while nothing is registered."""
    known = Presence(presence) if presence else None
    return say("{sign} {word}", sign=SYMBOLS[known], word=PRESENCES[known]) if known in SYMBOLS else ""


def choices() -> list[tuple[str, str]]:
    """Symbols of the sheet with a figure before each, so that one key chooses it in a list."""
    return [
        (p.value, say("{number} {sign} {word}", number=number, sign=sign, word=PRESENCES[p]))
        for number, (p, sign) in enumerate(SYMBOLS.items(), 1)
    ]
