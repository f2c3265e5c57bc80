"""The work lists, and one handover's page: the line, whose turn, days, letter, history; both copies are in `copies`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as WerkzeugResponse

from web.blueprints import edge, filters, timeline, todos, words
from web.blueprints.handovers import wording
from web.blueprints.handovers.acts import offered
from web.blueprints.handovers.columns import BOTH, listing_of, tab_of
from web.blueprints.handovers.copies import copies
from web.blueprints.handovers.papers import papers_of
from web.blueprints.handovers.rooms import bp, seen
from web.blueprints.letters import going, proofs
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.events import Event
from web.core.fields import mask
from web.core.saying import joined, mark, say
from web.extensions import db
from web.federation.handovers import lists, service
from web.federation.handovers.lists import TURNS, Row
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.service import Letter
from web.reports import numerals
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.members import service as members
from web.tenants.members.codes import ETHNICITY
from web.tenants.members.models import Member, Relation
from web.tenants.transfers import letters as book
from web.tenants.workbench.listings import branch_choices

S = HandoverState


@bp.get("/")
@needs(Permission.HANDOVER_READ)
def index() -> Any:
    """One work list, narrowed in the address; the counts of the others are narrowed alike."""
    actor, tab = edge.actor(), tab_of(request.query_string.decode("utf-8", "replace"))
    sheet = sheet_of(listing_of(tab).name, keys.choices(), branch_choices(actor))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    page = lists.page(tab, actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    alike = sheet.asked.conditions(without={f.name for f in sheet.asked.facets} - set(BOTH))
    counts = lists.counts(actor, counties.answering().before, alike, tab, where)
    lists.note_reading(page.rows)
    waits = todos.waits(counts.waiting, counts.late)
    return render_template(
        "handovers/index.html",
        tab=tab,
        page=page,
        sheet=sheet,
        total=counts.found,
        tabs=[
            {
                "title": title,
                "url": sheet.tab(BOTH, tab=key.value),
                "count": counts.by[key],
                "is_current": key is tab,
            }
            for key, title in wording.TABS.items()
        ],
        calendar=waits.calendar,
        turns=TURNS,
        waits=waits,
    )


@bp.get("/<uuid:handover_id>")
@needs(Permission.HANDOVER_READ)
def show(handover_id: UUID) -> str:
    """One handover."""
    handover, row = seen(handover_id)
    entries = db.session.scalars(db.select(Event).where(Event.subject_id == handover_id).order_by(Event.id)).all()
    letters, papers, calendar = post.traffic(handover_id), papers_of(handover), counties.calendar()
    member = members.get(handover.member_id) if handover.member_id else None
    values = handover.values()
    lists.note_reading([row])
    before, after = service.neighbours(handover)
    turn = _turn(handover, row, member)
    # The last receipt comes after the last state.
    turn["is_live"] |= any(x.is_ours and x.result is None for x in letters)
    return render_template(
        "handovers/show.html",
        h=handover,
        row=row,
        v=values,
        steps=_steps(handover, row, entries),
        turn=turn,
        before=before,
        after=after,
        copies=copies(handover, row, values, member, letters),
        letters=proofs(row.partner, letters, wording.LETTERS, lambda it: it.is_ours == (handover.role == "home")),
        digest=letters[-1].digest if letters else "",
        log=_log(entries),
        papers=papers,
        withheld=joined("、", (wording.PRINTED[name] for name in book.withheld(values))),
        returned=joined("、", (wording.RETURNED.get(name, name) for name in handover.returned_fields)),
        seen=_mark(handover, letters, len(papers.documents)),
        calendar=calendar,
        starts_on=clock.day(handover.state_at),
        last_on=calendar.add(handover.due_on + timedelta(days=1), -1) if handover.due_on else None,
        contact=mask("phone", values.get("contact") or (member.phone if member else None)),
        age=_age(values, handover),
        dues=numerals.month(date.fromisoformat(values["dues_until"] + "-01")) if values.get("dues_until") else "",
        days=numerals.capital(values["valid_days"]) if values.get("valid_days") else "",
        issued=numerals.day(handover.issued_on) if handover.issued_on else "",
        ethnicity=ETHNICITY.label(values.get("ethnicity", "")).removesuffix("族"),
    )


def _age(values: dict[str, Any], handover: Handover) -> int | None:
    if not values.get("birth_on") or handover.issued_on is None:
        return None
    born, on = date.fromisoformat(values["birth_on"]), handover.issued_on
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _mark(handover: Handover, letters: Sequence[Letter], papers: int) -> str:
    waiting = sum(x.is_ours and x.result is None for x in letters)
    return f"{handover.n}.{handover.state}.{handover.pending}.{handover.stopped}.{waiting}.{papers}"


@bp.get("/<uuid:handover_id>/live")
@needs(Permission.HANDOVER_READ)
def live(handover_id: UUID) -> Response | WerkzeugResponse:
    """Asked every two seconds while we wait for the other side: nothing new, or read the page again."""
    handover, _ = seen(handover_id)
    if request.args.get("seen") == _mark(handover, post.traffic(handover_id), len(papers_of(handover).documents)):
        return Response(status=204)
    if not request.headers.get("HX-Request"):
        return redirect(url_for("handovers.show", handover_id=handover_id), 303)
    return Response(headers={"HX-Refresh": "true"})


# The line


def _steps(handover: Handover, row: Row, entries: Sequence[Event]) -> list[dict[str, Any]]:
    told = {_verb(e): e for e in _told(entries)}
    knots = wording.ASKED_STEPS if handover.begun_by == "host" else wording.STEPS
    stands, steps, is_past_end = wording.STANDS.get(handover.state), list[dict[str, Any]](), False
    for verb, title, done in knots:
        entry, lines = told.get(verb), list[str]()
        if handover.state in done and verb != stands:
            kind = "sealed" if verb == "closed" else "done"
            if verb == "closed":
                lines = _AHEAD["closed"]
            elif verb == "take_over":
                lines = [
                    say(
                        "{received_on}　{handler}",
                        received_on=filters.day(handover.received_on),
                        handler=handover.values().get("receipt", {}).get("handler", ""),
                    )
                ]
            elif entry is not None:
                who = entry.actor_name if verb != "confirm" else "系统自动" if handover.role == "home" else row.partner
                lines = [say("{at}　{who}", at=filters.day(entry.at), who=who)]
        elif verb == stands:
            is_mine = TURNS[handover.state] == handover.role and not handover.pending
            kind = "now" if is_mine else "theirs"
            who = "我方" if TURNS[handover.state] == handover.role else row.partner
            lines = (
                ["已送出，等对方确认"]
                if handover.pending
                else [say("{who}，{due_on} 前", who=who, due_on=filters.day(handover.due_on))]
            )
        elif handover.is_open or is_past_end:
            kind, lines = "todo", _AHEAD.get(verb, []) if handover.is_open else []
        else:
            kind, title, is_past_end = "off", wording.STATES[handover.state], True
            lines = [filters.day(handover.state_at)]
        steps.append({"state": kind, "title": title, "lines": lines})
    return steps


_AHEAD: dict[str, list[str]] = {"confirm": ["流出地系统自动", "随即给出身份证号"], "closed": ["回执归档", "双方一致"]}


# What happened


def _verb(entry: Event) -> str:
    return entry.verb.partition(".")[2].removeprefix("propose_")


def _told(entries: Sequence[Event]) -> list[Event]:
    """One event a step, oldest first: what our person proposed stands for the other side's decision that echoes it."""
    found: list[Event] = []
    for entry in entries:
        if _verb(entry) not in wording.LETTERS:
            continue
        is_echo = found and found[-1].verb == f"handover.propose_{_verb(entry)}"
        if not is_echo:
            found.append(entry)
    return found


def _log(entries: Sequence[Event]) -> list[dict[str, Any]]:
    moved = {_verb(e): e.changes.get("state") for e in entries if not e.verb.startswith("handover.propose_")}
    shown = []
    for entry in _told(entries):
        change, moves = moved.get(_verb(entry)), Markup("")
        if isinstance(change, list) and change[0] and change[0] != change[1]:
            before, after = (wording.STATES[S(str(state))] for state in change)
            moves = mark("　状态 <del>{before}</del> → <ins>{after}</ins>", before=before, after=after)
        because = "" if entry.reason in ("timer", "handover") else timeline.because(entry.verb, entry.reason)
        why = say("　事由：{reason}", reason=because) if because else ""
        who = {"expire": "到期，系统", "confirm": "流出地系统"}.get(_verb(entry), entry.actor_name)
        shown.append(
            {
                "state": "sealed" if _verb(entry) == "confirm" else "done",
                "words": say("{who}　{verb}", who=who, verb=wording.LETTERS[_verb(entry)]),
                "note": mark("{moment}{moves}{why}", moment=filters.moment(entry.at), moves=moves, why=why),
            }
        )
    return shown[::-1]


# Whose turn


def _turn(handover: Handover, row: Row, member: Member | None) -> dict[str, Any]:
    """whose, title, next, and the acts: each with the reason when this person may not."""
    held = GRANTS[Role(edge.actor().role)]
    why = ""
    if Permission.HANDOVER_WRITE not in held:
        people = [
            say("{name}（{role}）", name=name, role=words.ROLES[role])
            for name, role in accounts.who_can(Permission.HANDOVER_WRITE)
        ]
        why = say("可办的人：{people}", people=joined("、", people))
    found: dict[str, Any] = {
        "acts": sorted(offered(handover), key=lambda a: a.is_main),
        "why": why,
        "next": "",
        "is_live": False,
    }
    if handover.stopped:
        return found | {"whose": "over", "title": "双方的记录对不上，已停办", "next": _stopped(handover)}
    if handover.state is S.CLOSED:
        return found | {
            "whose": "all",
            "title": say("办结：{outcome}", outcome=wording.OUTCOMES[handover.outcome]),
            "next": _closing(handover, row),
        }
    if not handover.is_open:
        said = wording.OUTCOMES.get(handover.outcome, "")
        said = say("对方不同意{begun_by}", begun_by=_WHAT[handover.begun_by]) if handover.state is S.REFUSED else said
        reason = (wording.REFUSED | wording.RECALLED).get(handover.reason, "")
        if handover.refused_code and handover.state is S.NOT_OPENED:
            reason = words.ERRORS.get(handover.refused_code, handover.refused_code)
        title = (
            say("已终止：{said}", said=said)
            if handover.state is not S.REFUSED or handover.role == handover.begun_by
            else say("已终止：我方不同意{begun_by}", begun_by=_WHAT[handover.begun_by])
        )
        return found | {
            "whose": "over",
            "title": title,
            "next": joined("；", filter(None, [reason, _kept(handover, row, member)])),
        }
    if handover.pending:
        return found | {'whose': 'theirs', 'is_live': True, 'title': say('{pending}已送出，等{partner}系统确认', pending=wording.LETTERS[handover.pending], partner=row.partner), 'next': going(handover.partner_uid)}  # fmt: skip
    task, is_ours = wording.TASKS[handover.state], TURNS[handover.state] == handover.role
    if is_ours:
        return found | {"whose": "ours", "title": say("轮到我方：{task}", task=task)}
    return found | {
        "whose": "theirs",
        "is_live": True,
        "title": say("轮到{partner}：{task}", partner=row.partner, task=task),
        "next": _AFTER[handover.state],
    }


def _stopped(handover: Handover) -> str:
    """What a person can do about a copy that has stopped."""
    if handover.role == "home" and handover.is_open:
        return "党员仍由我方负责管理。请县级经办与对方核对；不再办的，由我方终止，需要时重新提出"
    if service.may_put_away(handover):
        return "对方已经终止这次转接，送来的信息已清除。请县级经办与对方核对后了结"
    return "请县级经办与对方核对后处理"


# What was refused, by who began.
_WHAT = {"home": "接收", "host": "转出"}
_AFTER: dict[S, str] = {
    S.REQUESTED: "对方同意后，由我方开出介绍信",
    S.RETURNED: "对方补正后，再由我方答复",
    S.ASKED: "对方同意后开出介绍信，再由我方接收并编入支部",
    S.ASK_RETURNED: "对方补正后，再由我方答复",
    S.ACCEPTED: "介绍信开出后，由我方接收并编入支部",
    S.RELEASED: "对方送来回执时，系统自动确认并给出身份证号；在此之前仍由我方负责管理",
}


def _kept(handover: Handover, row: Row, member: Member | None) -> str:
    """Who answers for the member although nothing moved: of ours only while the relation is held, he may have left since."""
    if handover.role == "host":
        return say("终止时由{partner}负责管理", partner=row.partner)
    return "仍由我方负责管理" if member is not None and member.relation is Relation.HELD else ""


def _closing(handover: Handover, row: Row) -> str:
    receipt = handover.values().get("receipt", {})
    to = row.partner if handover.role == "home" else say("我方{branch}", branch=row.branch)
    return say(
        "{received_on} 起由{to}负责管理。回执 {receipt_no}，经办 {handler}",
        received_on=filters.day(handover.received_on),
        to=to,
        receipt_no=receipt.get("receipt_no", ""),
        handler=receipt.get("handler", ""),
    )
