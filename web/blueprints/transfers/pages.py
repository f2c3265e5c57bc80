"""The work lists, and one case's page: the line, whose turn, the register's columns, the letter, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import render_template, request

from web.blueprints import edge, filters, timeline, todos, words
from web.blueprints.policy import needs
from web.blueprints.transfers import wording
from web.blueprints.transfers.acts import acts_of
from web.blueprints.transfers.columns import branch_names, name_of, tab_of
from web.blueprints.transfers.papers import papers_of
from web.blueprints.transfers.rooms import Seen, address, bp, seen
from web.blueprints.transfers.scans import takes_scan
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.events import Event
from web.core.fields import mask
from web.core.saying import joined, say
from web.extensions import db
from web.federation.handovers import service as handovers
from web.federation.handovers import worklists
from web.federation.handovers.worklists import Tab
from web.reports import numerals
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.members.codes import ETHNICITY, MEMBER_KIND, STANDING
from web.tenants.members.models import Relation
from web.tenants.register import service as register
from web.tenants.transfers import letters
from web.tenants.transfers.lists import turn
from web.tenants.transfers.models import Seat, TransferKind, TransferState

K, S = TransferKind, TransferState


@bp.get("/")
@needs(Permission.TRANSFER_READ)
def index() -> Any:
    """One work list over cases and handovers together."""
    actor, tab = edge.actor(), tab_of(request.query_string.decode("utf-8", "replace"))
    sheet = sheet_of(name_of(tab), branch_names(actor))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    page = worklists.page(tab, actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    counts = worklists.counts(actor, counties.answering().before, tab, where)
    waits = todos.waits(counts.by[Tab.TODO], counts.late)
    return render_template(
        "transfers/index.html",
        tab=tab,
        page=page,
        sheet=sheet,
        total=counts.found,
        tabs=[
            {"title": title, "url": sheet.tab(tab=key.value), "count": counts.by[key],
             "is_current": key is tab}
            for key, title in wording.TABS.items()
        ],
        address=address,
        waits=waits,
        calendar=waits.calendar,
    )  # fmt: skip


@bp.get("/<uuid:case_id>")
@needs(Permission.TRANSFER_READ)
def show(case_id: UUID) -> str:
    """One case."""
    whole = seen(case_id)
    case, said = whole.case, whole.case.values()
    entries = db.session.scalars(db.select(Event).where(Event.subject_id == case_id).order_by(Event.id)).all()
    return render_template(
        "transfers/show.html",
        whole=whole,
        c=case,
        m=whole.member,
        v=said,
        place=_place(whole, said),
        steps=_steps(whole, entries),
        turn=_turn(whole),
        rows=_rows(whole, said),
        stubs=letters.of_subject(case_id),
        papers=papers_of(case),
        handover=handovers.of_case(case_id) if case.kind is K.PARTNER else None,
        log=timeline.read(entries[::-1]),
        calendar=counties.calendar(),
        contact=mask("phone", whole.member.phone),
        paper=_paper(said),
        takes_scan=takes_scan(case.kind, case.state) and bool(whole.seats - {Seat.BRANCH}),
        sees_member=register.person(case.member_id, edge.actor()) is not None,
    )


def _place(whole: Seen, said: dict[str, Any]) -> tuple[str, str]:
    """From where to where."""
    if whole.case.kind is K.INWARD:
        return said.get("from_org", ""), whole.target
    return whole.branch, whole.target or said.get("to_org", "")


def _paper(said: dict[str, Any]) -> dict[str, Any] | None:
    """What the sheet on the page shows of the letter."""
    if "letter_no" not in said or "birth_on" not in said:
        return None
    born, issued = date.fromisoformat(said["birth_on"]), date.fromisoformat(said["issued_on"])
    return {
        "age": issued.year - born.year - ((issued.month, issued.day) < (born.month, born.day)),
        "ethnicity": ETHNICITY.label(said["ethnicity"]).removesuffix("族"),
        "dues": numerals.month(date.fromisoformat(said["dues_until"] + "-01")),
        "days": numerals.capital(said["valid_days"]),
        "issued": numerals.day(issued),
    }


def _steps(whole: Seen, entries: Sequence[Event]) -> list[dict[str, Any]]:
    """The knots of the line: what was done, where we stand, what is ahead."""
    case, told = whole.case, dict[str, Event]()
    for said in entries:
        told[said.verb.partition(".")[2]] = said
    shown, is_past = list[dict[str, Any]](), False
    for title, verbs, stands in wording.STEPS[case.kind]:
        entry = next((told[v] for v in verbs if v in told), None)
        if case.state in stands:
            is_past, seat = True, turn(case)
            who = wording.SEATS[seat] if seat else "对方"
            line = say("{who}，{due_on} 前", who=who, due_on=filters.day(case.due_on)) if case.due_on else who
            shown.append({"state": "now" if seat in whole.seats else "theirs", "title": title, "lines": [line]})
        elif is_past:
            shown.append({"state": "todo", "title": title, "lines": []})
        elif entry is not None:
            kind = "sealed" if case.state is S.CLOSED and verbs == ("close",) else "done"
            shown.append(
                {
                    "state": kind,
                    "title": title,
                    "lines": [say("{at}　{actor_name}", at=filters.day(entry.at), actor_name=entry.actor_name)],
                }
            )
        elif case.state is S.CLOSED:
            continue  # nobody wrote this step down: the letter ran out before it was said to be handed over
        elif not case.is_open:
            is_past = True
            shown.append({"state": "off", "title": wording.STATES[case.state], "lines": [filters.day(case.state_at)]})
    return shown


def _turn(whole: Seen) -> dict[str, Any]:
    """whose, title, next, the acts; and who can when this actor may not."""
    case, seat, acts = whole.case, turn(whole.case), acts_of(whole)
    found: dict[str, Any] = {"acts": acts, "why": "", "next": ""}
    if case.state is S.CLOSED:
        return found | {"whose": "all", "title": "办结", "next": _closing(whole)}
    if case.state is S.HANDED_OVER:
        return found | {"whose": "theirs", "title": "党委已批准，转由双方系统办理", "next": "以后的每一步见关系转接"}
    if not case.is_open:
        reason = wording.REFUSED.get(case.reason, "") if case.state is S.REFUSED else ""
        return found | {
            "whose": "over",
            "title": wording.STATES[case.state],
            "next": joined("；", filter(None, [reason, _kept(whole)])),
        }
    if seat is None:
        return found | {
            "whose": "theirs",
            "title": "等对方接收、寄回回执",
            "next": "在此以前仍由我方负责管理；回执寄到后在这里登记",
        }
    task = "开介绍信" if (case.state, case.kind) == (S.HOME_APPROVED, K.OUTWARD) else wording.TASKS[case.state]
    if seat in whole.seats:
        return found | {"whose": "ours", "title": say("轮到您：{task}", task=task)}
    permission = Permission.TRANSFER_WRITE if seat is Seat.BRANCH else Permission.TRANSFER_APPROVE
    return found | {
        "whose": "theirs",
        "title": say("轮到{seat}：{task}", seat=wording.SEATS[seat], task=task),
        "next": _who(permission),
    }


def _who(permission: Permission) -> str:
    if permission in GRANTS[Role(edge.actor().role)]:
        return ""
    people = [say("{name}（{role}）", name=name, role=words.ROLES[role]) for name, role in accounts.who_can(permission)]
    return say("可办的人：{people}", people=joined("、", people))


def _kept(whole: Seen) -> str:
    """Where the relation is although nothing moved: of ours only while it is so, the member may have left or moved since."""
    if whole.case.kind is K.INWARD:
        return "终止时组织关系在转出单位"
    is_so = whole.member.relation is Relation.HELD and whole.member.branch_id == whole.case.branch_id
    return "组织关系仍在原支部" if is_so else ""


def _closing(whole: Seen) -> str:
    case, receipt = whole.case, whole.case.values().get("receipt", {})
    on = filters.day(case.received_on)
    if case.kind is K.OUTWARD:
        return say(
            "{on} 起由对方负责管理。回执经办 {handler}，{phone}",
            on=on,
            handler=receipt.get("handler", ""),
            phone=receipt.get("phone", ""),
        )
    return say("{on} 起由{target}负责管理", on=on, target=whole.target)


def _rows(whole: Seen, said: dict[str, Any]) -> list[tuple[str, Any]]:
    """The columns of the register of transfers, out for those who go, in for those who come."""
    m, case = whole.member, whole.case
    own, head = counties.own(), counties.settings().letter
    has_receipt = "是" if "receipt" in said else "否"
    if case.kind is K.INWARD:
        return [
            ("姓名", m.name), ("类别", MEMBER_KIND.label(m.member_kind)), ("党籍状态", STANDING.label(m.standing)),
            ("介绍信编号", said.get("letter_no")), ("介绍信抬头", said.get("addressee")),
            ("介绍信有效天数", said.get("valid_days")), ("转入单位", whole.target), ("转出单位", said.get("from_org")),
            ("转出单位地址", said.get("from_address")), ("转出单位联系电话", said.get("from_phone")),
            ("传真", said.get("from_fax")), ("邮编", said.get("from_postcode")), ("党费缴纳至", m.dues_until),
            ("转出办理时间", said.get("issued_on")), ("转入办理时间", case.received_on),
            ("提交书面申请书时间", said.get("asked_on")), ("确定为入党积极分子时间", said.get("activist_on")),
            ("确定为发展对象时间", said.get("candidate_on")), ("入党时间", m.joined_on), ("转正时间", m.confirmed_on),
            ("是否有回执", has_receipt), ("备注", said.get("note")),
        ]  # fmt: skip
    found = [
        ("姓名", m.name), ("类别", MEMBER_KIND.label(m.member_kind)), ("申请", filters.day(_on(said.get("applied_on")))),
        ("转出单位", said.get("from_org") or whole.branch), ("转入单位", whole.target or said.get("to_org")),
        ("党费缴纳至", said.get("dues_until") or m.dues_until), ("备注", said.get("note")),
    ]  # fmt: skip
    if case.kind is K.OUTWARD:
        found[5:5] = [
            ("转入单位抬头", said.get("addressee")), ("转出单位地址", head.get("address")),
            ("转出单位联系电话", head.get("phone")), ("传真", head.get("fax")), ("邮编", head.get("postcode")),
            ("介绍信编号", said.get("letter_no")), ("介绍信有效期天数", said.get("valid_days")),
            ("办理时间", _on(said.get("issued_on"))), ("是否有回执", has_receipt),
        ]  # fmt: skip
        found.insert(3, ("开信党委", own.office))
    return found


def _on(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
