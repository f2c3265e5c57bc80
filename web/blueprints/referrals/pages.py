"""The work lists, and one referral's page: the line, whose turn, what crossed, what came back, proofs, the code slip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from web.blueprints import edge, filters, timeline, todos, words
from web.blueprints import scans as files
from web.blueprints.letters import going, proofs
from web.blueprints.policy import needs
from web.blueprints.referrals import wording
from web.blueprints.referrals.acts import offered
from web.blueprints.referrals.columns import BOTH, FACETS, asked_of, name_of
from web.blueprints.referrals.rooms import bp, due_on, seen
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.errors import NotFound
from web.core.events import Event
from web.core.saying import joined, say
from web.extensions import db
from web.federation import pairs
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.referrals import lists, packets, service
from web.federation.referrals.lists import TURNS, Row, Tab
from web.federation.referrals.models import KNOWN, OPEN, Referral, ReferralState
from web.federation.sharing import lists as share_lists
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.documents import scans
from web.tenants.flows import service as flows
from web.tenants.workbench.facets import Asked
from web.tenants.workbench.listings import pairs_of

S = ReferralState


@bp.get("/")
@needs(Permission.REFERRAL_READ)
def index() -> Any:
    """One work list; per partner, how many stand where. A bare address opens the one with something to do."""
    actor, text = edge.actor(), request.query_string.decode("utf-8", "replace")
    alike = Asked.read(pairs_of(text), [f for f in FACETS["referrals_out"] if f.name in BOTH]).conditions()
    counts = lists.figures(actor, counties.answering().before, alike, asked_of(text))
    held = {t: counts.held(t) for t in Tab}
    tab = (
        Tab(request.args["tab"])
        if request.args.get("tab") in list(Tab)
        else next((t for t in FIRST if held[t]), Tab.OUT)
    )
    sheet = sheet_of(name_of(tab), keys.choices(), tab=tab.value)
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    partners = sheet.arranged.choices.get("partners", {})
    page = lists.page(
        tab, actor, sheet.asked.conditions(), after=request.args.get("after", ""), before=request.args.get("before", "")
    )
    lists.note_reading(page.rows, tab.value)
    waits = todos.waits(counts.waiting, counts.late)
    return render_template(
        "referrals/index.html",
        tab=tab,
        page=page,
        sheet=sheet,
        total=counts.found(tab, sheet.listing.name),
        tabs=[
            {
                "title": title,
                "url": sheet.tab(BOTH, tab=str(key)),
                "count": held[Tab(key)],
                "is_current": key is tab,
            }
            for key, title in wording.TABS.items()
        ],
        totals=_totals(counts.of_role("home"), partners) if tab is Tab.OUT else [],
        due_on=due_on,
        waits=waits,
        turns=TURNS,
        calendar=waits.calendar,
    )


# The first list with something to do, else what we sent.
FIRST = (Tab.INBOX, Tab.CLAIMS, Tab.ARRIVED, Tab.OUT, Tab.AWAITED)


def _totals(found: dict[UUID, dict[ReferralState, int]], partners: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"uid": uid, "name": partners.get(str(uid), "伙伴县"), "open": [(s, by.get(s, 0)) for s in KNOWN],
         "declined": by.get(S.DECLINED, 0), "all": sum(by.values())}
        for uid, by in sorted(found.items(), key=lambda pair: partners.get(str(pair[0]), ""))
    ]  # fmt: skip


@bp.get("/<uuid:referral_id>")
@needs(Permission.REFERRAL_READ)
def show(referral_id: UUID) -> str:
    """One referral."""
    referral, row = seen(referral_id)
    entries = db.session.scalars(db.select(Event).where(Event.subject_id == referral_id).order_by(Event.id)).all()
    letters, shares = post.traffic(referral_id), share_lists.of_referral(referral_id)
    page = render_template(
        "referrals/show.html",
        r=referral,
        row=row,
        is_home=referral.role == "home",
        steps=_steps(referral, row),
        turn=_turn(referral, row),
        crossed=_crossed(referral, row),
        told=share_lists.told(shares),
        shares=shares,
        paused=share_lists.paused(shares),
        letters=proofs(row.partner, letters, wording.LETTERS, lambda it: it.is_ours == (referral.role == "home")),
        digest=letters[-1].digest if letters else "",
        log=timeline.read([e for e in reversed(entries) if e.verb not in ("shared.view", "referral.changed")]),
        code=service.code_of(referral),
        signed=scans.of_record(referral_id) if referral.consent_id else None,
        seen=_mark(referral, len(shares)),
        until=_until(referral),
        calendar=counties.calendar(),
        due_on=due_on(referral) if referral.state in (S.CLAIMED, S.OFFERED) else None,
    )
    lists.note_reading([row], "one")
    return page


def _mark(referral: Referral, shares: int) -> str:
    return f"{referral.n}.{referral.state}.{referral.pending}.{referral.stopped}.{shares}"


@bp.get("/<uuid:referral_id>/scan")
@needs(Permission.MEMBER_REVEAL)
def scan(referral_id: UUID) -> Response:
    """What the person signed at our window, to be stored. Each download is logged."""
    _referral, row = seen(referral_id)
    signed = scans.of_record(referral_id)
    if signed is None:
        raise NotFound()
    return files.answer(signed, row.name)


@bp.get("/<uuid:referral_id>/live")
@needs(Permission.REFERRAL_READ)
def live(referral_id: UUID) -> Response | WerkzeugResponse:
    """Asked every two seconds while we wait for the other side: nothing new, or read the page again."""
    referral, _ = seen(referral_id)
    if request.args.get("seen") == _mark(referral, len(share_lists.of_referral(referral_id))):
        return Response(status=204)
    if not request.headers.get("HX-Request"):
        return redirect(url_for("referrals.show", referral_id=referral_id), 303)
    return Response(headers={"HX-Refresh": "true"})


@bp.get("/<uuid:referral_id>/slip")
@needs(Permission.REFERRAL_WRITE)
def slip(referral_id: UUID) -> str:
    """The member's slip with the report-in code, for printing."""
    referral, row = seen(referral_id)
    code = service.code_of(referral)
    if code is None:
        raise NotFound()
    partner = keys.peer(referral.partner_uid)
    values = {pointer: value for pointer, (value, _) in packets.disclosed(referral).items()}
    return render_template("referrals/slip.html", r=referral, row=row, code=code, partner=partner, values=values,
                           until=due_on(referral))  # fmt: skip


def _until(referral: Referral) -> str:
    if referral.state is S.CLAIMED:
        return "没有认领、本人撤回或满三十日时，双方清除"
    if referral.state in OPEN:
        return "流动结束、本人撤回告知或协议终止时清除，三者先到为准"
    return (
        say("已于 {purged_at} 清除", purged_at=filters.moment(referral.purged_at)) if referral.purged_at else "已清除"
    )


def _steps(referral: Referral, row: Row) -> list[dict[str, Any]]:
    dates = {"offer": referral.created_at, "accept": referral.accepted_on, "report_in": referral.reported_on,
             "take_on": referral.assigned_on, "claim": referral.created_at}  # fmt: skip
    told = wording.CLAIMED_STEPS if referral.consent_id else wording.STEPS
    titles = wording.STATES if referral.role == "home" else wording.AT_HOST
    steps, is_over = list[dict[str, Any]](), referral.state not in OPEN
    for verb, title, done in told:
        at = dates[verb]
        lines = [filters.day(at)] if at else []
        if verb == "report_in" and referral.reported_how:
            lines.append(wording.HOWS[referral.reported_how])
        if verb == "take_on" and referral.state is S.TAKEN_ON and row.branch and referral.role == "host":
            lines.append(row.branch)
        if referral.state in done or (is_over and at):
            kind = "sealed" if verb == "take_on" and not is_over else "done"
        elif wording.NEXT.get(referral.state) == verb:
            is_mine = TURNS[referral.state] == referral.role and not referral.pending
            who = "本人" if referral.state is S.ACCEPTED else "我方" if is_mine else row.partner
            kind = "now" if is_mine and referral.state is not S.ACCEPTED else "theirs"
            lines = ["已送出，等确认" if referral.pending else who]
        else:
            kind = "todo"
        if not (is_over and kind == "todo"):
            steps.append({"state": kind, "title": title, "lines": lines})
    if is_over:
        why = wording.REASONS.get(referral.reason, "")
        lines = [filters.day(referral.ended_on), *([why] if why else [])]
        steps.append({"state": "off", "title": titles[referral.state], "lines": lines, "is_here": True})
    elif referral.state is S.TAKEN_ON:
        steps.append({"state": "todo", "title": "结束", "lines": ["返乡、转接或离开"]})
    return steps


def _stopped(referral: Referral) -> str:
    """What a person can do about a copy that has stopped."""
    if referral.role == "home" and referral.state in OPEN:
        return "请县级经办与对方核对；核对后由我方撤回，需要时再次送请报到"
    if service.may_put_away(referral):
        return "对方已经结束这次流动报到，送来的信息已清除。请县级经办与对方核对后了结"
    return "请县级经办与对方核对后处理"


def _turn(referral: Referral, row: Row) -> dict[str, Any]:
    """whose, title, next, and the acts: each with the reason when this person may not."""
    why = ""
    if Permission.REFERRAL_WRITE not in GRANTS[Role(edge.actor().role)]:
        people = [
            say("{name}（{role}）", name=name, role=words.ROLES[role])
            for name, role in accounts.who_can(Permission.REFERRAL_WRITE)
        ]
        why = say("可办的人：{people}", people=joined("、", people))
    found: dict[str, Any] = {"acts": offered(referral), "why": why, "next": "", "is_live": False}
    if referral.stopped:
        return found | {"whose": "over", "title": "双方的记录对不上，已停办", "next": _stopped(referral)}
    titles = wording.STATES if referral.role == "home" else wording.AT_HOST
    if referral.state not in OPEN:
        reason = wording.REASONS.get(referral.reason, "")
        if referral.state is S.NOT_OPENED:
            reason = words.ERRORS.get(referral.refused_code, referral.refused_code)
        said = f"{titles[referral.state]}{'：' if reason else ''}{reason}"
        return found | {"whose": "over", "title": said, "next": _until(referral), "again": _again(referral)}
    if referral.pending:
        return found | {'whose': 'theirs', 'is_live': True, 'title': say('{pending}已送出，等{partner}系统确认', pending=wording.LETTERS[referral.pending], partner=row.partner), 'next': going(referral.partner_uid)}  # fmt: skip
    if referral.state is S.TAKEN_ON:
        where = (
            say("编入{branch}", branch=row.branch)
            if referral.role == "host"
            else say("由{partner}纳入管理", partner=row.partner)
        )
        return found | {
            "whose": "all",
            "title": say("已纳管：{where}", where=where),
            "next": "组织关系不变，仍在流出地",
            "is_live": _is_young(referral),
        }
    task = wording.TASKS[referral.state]
    if referral.state is S.ACCEPTED:
        where = "来" if referral.role == "host" else say("到{partner}", partner=row.partner)
        after = wording.AFTER[referral.state] if referral.role == "home" else "出示报到码和本人证件"
        if referral.consent_id is not None:
            after = "认领的没有报到码，由流入地当面核对本人证件后登记报到"
        is_live = referral.role == "home"
        return found | {
            "whose": "theirs",
            "title": say("等本人{where}报到", where=where),
            "next": after,
            "is_live": is_live,
        }
    if TURNS[referral.state] == referral.role:
        return found | {"whose": "ours", "title": say("轮到我方：{task}", task=task)}
    return found | {
        "whose": "theirs",
        "is_live": True,
        "title": say("轮到{partner}：{task}", partner=row.partner, task=task),
        "next": wording.AFTER[referral.state],
    }


def _again(referral: Referral) -> str:
    """Where to offer the member anew, while the away episode goes on and no other offer stands."""
    if referral.flow_id is None or referral.member_id is None:
        return ""
    flow, stands = flows.current(referral.member_id), any(r.state in OPEN for r in lists.of_member(referral.member_id))
    is_same = flow is not None and flow.id == referral.flow_id
    return url_for("referrals.begin", member_id=referral.member_id) if is_same and not stands else ""


def _is_young(referral: Referral) -> bool:
    """Just taken on: what both sides share now is on its way."""
    return (clock.now() - referral.state_at).total_seconds() < 60


def _crossed(referral: Referral, row: Row) -> list[tuple[str, str, str]]:
    """(label, value in words or "", why it is absent) of the packet, the code aside."""
    if referral.role == "home" and referral.state is not S.CLAIMED:
        sealed = packets.disclosed(referral)
    else:
        sealed = {pointer: (value, False) for pointer, value in row.values.items()}
    shown = []
    for pointer, label in packets.LABELS.items():
        is_short = referral.role == "home" or referral.consent_id is not None
        if pointer == packets.CODE or (pointer not in sealed and is_short):
            continue
        value, is_withheld = sealed.get(pointer, (None, referral.state in OPEN and not referral.is_emptied))
        gone = "未共享" if is_withheld else "已清除"
        if pointer == "/home_branch" and referral.state is S.CLAIMED:
            label = "本人说的党支部"
        shown.append((label, "" if value is None or is_withheld else wording.worded(pointer, value), gone))
    return shown


assert set(wording.LETTERS) >= {v for v in service.KIND.machine.verbs if v != pairs.FAIL}, "every letter has a name"
