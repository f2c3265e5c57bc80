"""Both copies of a handover side by side, as far as receipts prove them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web.blueprints import filters
from web.blueprints.handovers import wording
from web.core.saying import say, written
from web.federation.handovers.lists import Row
from web.federation.handovers.models import Handover, HandoverState
from web.federation.handovers.packet import KINDS
from web.federation.post.service import Letter
from web.tenants.counties import service as counties
from web.tenants.members.codes import ETHNICITY
from web.tenants.members.models import Member

S = HandoverState


def copies(
    handover: Handover, row: Row, values: dict[str, Any], member: Member | None, letters: Sequence[Letter]
) -> list[dict[str, Any]]:
    """A row a fact: what stands here, what the other side has of it by its receipts, and the letter that told it."""
    is_home, state = handover.role == "home", wording.STATES[handover.state]
    waiting = [x for x in letters if x.is_ours and x.result is None]
    ours_state = (
        say("{state}（{pending}已送出）", state=state, pending=wording.LETTERS[handover.pending])
        if handover.pending
        else state
    )
    keeper = counties.own().name if is_home != (handover.state is S.CLOSED) else row.partner
    settled = not waiting and not handover.pending
    found: list[dict[str, Any]] = [
        {"label": "状态", "ours": ours_state, "theirs": state if settled else None, "is_same": True if settled else None,
         "missing": "等回执", "proof": ""},
        {"label": "管理责任", "ours": keeper, "theirs": keeper if settled else None, "is_same": True if settled else None,
         "missing": "等回执", "proof": ""},
    ]  # fmt: skip
    sent = {x.type.partition(".")[2]: x for x in letters if x.is_ours == is_home and x.result == "applied"}
    asked = next((x for x in letters if x.type == "handover.ask" and x.result == "applied"), None)
    for label, name, verb in _COMPARED:
        told = _said(name, values.get(name))
        if not told or (verb == "release" and handover.issued_on is None):
            continue
        letter = sent.get(verb)
        if verb == "request" and handover.begun_by == "host":
            letter = asked if is_home else sent.get("release")
        is_ours = is_home or handover.state is S.CLOSED
        register = (
            _registered(name, member) if member is not None and name in _REGISTERED else told if is_ours else None
        )
        if not is_home and handover.begun_by == "host" and verb == "request" and register is None:
            register = told  # our own words, before the letter
        theirs = told if letter is not None or (not is_home and handover.begun_by == "home") else None
        both = register is not None and theirs is not None
        found.append(
            {
                "label": label,
                "ours": register,
                "theirs": theirs,
                "is_same": register == theirs if both else None,
                "missing": "未送达" if is_home else "接收后登记",
                # A short proof stays on one line.
                "proof": say(
                    "{what}\u00a0{at}",
                    what="介绍信" if verb == "release" or letter.type == "handover.release" else "申请",
                    at=_unbroken(filters.day(letter.at)),
                )
                if letter
                else "",
                "is_ours_to_move": is_home,
            }
        )
    return found


# Label, name in the packet, the letter that told it.
_COMPARED = (
    ("姓名", "name", "request"),
    ("出生", "birth_on", "request"),
    ("性别", "sex", "release"),
    ("民族", "ethnicity", "release"),
    ("人员类别", "kind", "release"),
    ("党费缴至", "dues_until", "release"),
    ("转出", "from_org", "release"),
    ("转入", "to_org", "release"),
    ("介绍信", "letter_no", "release"),
)
_REGISTERED = {"name", "birth_on", "sex", "ethnicity", "kind", "dues_until"}


def _said(name: str, value: Any) -> str:
    table = {"sex": wording.SEXES, "kind": wording.KINDS}.get(name)
    if name == "ethnicity":
        return ETHNICITY.label(value)
    return (table.get(value, "") if table else str(value)) if value else ""


def _registered(name: str, member: Member) -> str:
    if name == "kind":
        return wording.KINDS.get(KINDS.get(member.member_kind, ""), "")
    found = {"sex": member.gender, "birth_on": member.birth_on}.get(name, getattr(member, name, ""))
    return _said(name, found)


def _unbroken(day: str) -> str:
    """A day that no line breaks."""
    return written(day.replace("-", "\u2011"), getattr(day, "english", day).replace(" ", "\u00a0"))
