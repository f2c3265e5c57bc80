"""How the rows behind a number are listed: for each room its columns, where a row leads, and that they were looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from web.blueprints.cosigning import wording as cosigning
from web.blueprints.handovers import wording as handovers
from web.blueprints.referrals import wording as referrals
from web.blueprints.requests import wording as requests
from web.federation.cosigning import lines as cosigning_lines
from web.federation.handovers import lists as handover_lists
from web.federation.handovers.models import OPEN as OPEN_HANDOVERS
from web.federation.referrals import lists as referral_lists
from web.federation.referrals.models import ReferralState
from web.tenants.register.facets import FLOW_ENDS, FLOW_STATES

Says = Callable[[Any], Any]


@dataclass(frozen=True)
class Table:
    """`noun`: what a row is counted as. `columns`: heading, what a line says (a date, words, or nothing), why nothing."""

    noun: str
    url: Says
    title: tuple[str, Says]
    columns: tuple[tuple[str, Says, str], ...]
    state: Says
    looked: Callable[[Sequence[Any]], None] = lambda lines: None


def _referral_state(line: Any) -> tuple[str, str]:
    row = line.referral
    words = referrals.AT_HOST if row.role == "host" else referrals.STATES
    ours = referral_lists.TURNS.get(row.state) == row.role and row.state != ReferralState.ACCEPTED
    return referrals.KNOTS.get(row.state, "now" if ours else "theirs"), words[row.state]


def _handover_state(line: Any) -> tuple[str, str]:
    row, words = line.handover, handovers.STATES[line.handover.state]
    if row.state in OPEN_HANDOVERS:
        return "now" if handover_lists.TURNS[row.state] == row.role else "theirs", words
    # Outcomes are told as home sees them.
    told = handovers.OUTCOMES.get(row.outcome, words) if row.role == "home" else words
    return "sealed" if row.state == "closed" else "off", told


def _presence(line: Any) -> str:
    return cosigning.WIRE_PRESENCES.get(line.line.values().get("presence", ""), "")


def _flow_state(line: Any) -> tuple[str, str]:
    if line.flow.ended_as is not None:
        return "off", FLOW_ENDS[line.flow.ended_as]
    return "done", FLOW_STATES[line.flow.state]


TABLES: dict[str, Table] = {
    "flow": Table(
        "名",
        lambda line: url_for("members.show", member_id=line.member_id),
        ("党员", lambda line: line.name),
        (
            ("党支部", lambda line: line.branch, "未编入"),
            ("流出日期", lambda line: line.flow.left_on, "未填"),
            ("流入地", lambda line: line.flow.host_text or line.partner, "未填"),
        ),
        _flow_state,
    ),
    "referral": Table(
        "名",
        lambda line: url_for("referrals.show", referral_id=line.referral.id),
        ("党员", lambda line: line.name or "姓名已清除"),
        (
            ("党支部", lambda line: line.branch, "未编入"),
            ("送出", lambda line: line.referral.created_at, ""),
            ("接收", lambda line: line.referral.accepted_on, "未接收"),
            ("报到", lambda line: line.referral.reported_on, "未报到"),
            ("编入", lambda line: line.referral.assigned_on, "未编入"),
            ("结束", lambda line: line.referral.ended_on, "未结束"),
        ),
        _referral_state,
        lambda lines: referral_lists.note_reading(lines, "figures"),
    ),
    "handover": Table(
        "件",
        lambda line: url_for("handovers.show", handover_id=line.handover.id),
        ("党员", lambda line: line.name or "姓名已清除"),
        (
            ("党支部", lambda line: line.branch, "未编入"),
            ("提出", lambda line: line.handover.created_at, ""),
            ("最近办理", lambda line: line.handover.state_at, ""),
        ),
        _handover_state,
        handover_lists.note_reading,
    ),
    "record": Table(
        "场",
        lambda line: url_for("cosigning.show", record_id=line.record.id),
        ("活动", lambda line: line.title or "名称已清除"),
        (("举办", lambda line: line.record.held_on, ""), ("名单人数", lambda line: line.lines, "")),
        lambda line: cosigning.state_of(line.record),
    ),
    "line": Table(
        "人次",
        lambda line: url_for("cosigning.show", record_id=line.record.id),
        ("党员", lambda line: line.name or "姓名已清除"),
        (
            ("党支部", lambda line: line.branch, "未编入"),
            ("活动", lambda line: line.record.head().get("title", ""), "名称已清除"),
            ("举办", lambda line: line.record.held_on, ""),
            ("到会", _presence, "已清除"),
        ),
        lambda line: cosigning.state_of(line.record),
        cosigning_lines.note_reading,
    ),
    "request": Table(
        "件",
        lambda line: url_for("requests.show", request_id=line.request.id),
        ("事项", lambda line: requests.title_of(line.request.kind)),
        (
            ("党员", lambda line: line.name, "姓名已清除"),
            ("提出", lambda line: line.request.created_at, ""),
            ("期限", lambda line: line.request.due_on, ""),
            ("办结", lambda line: line.request.done_on, "未办结"),
        ),
        lambda line: requests.state_of(line.request),
    ),
}
