"""The lists received and sent, the to-do queue, and the page of one request: ours, theirs, proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for

from web.blueprints import edge, filters, scans, sentences, timeline, todos
from web.blueprints.letters import going, proofs, refusal
from web.blueprints.policy import needs
from web.blueprints.requests.columns import part_of
from web.blueprints.requests.rooms import bp
from web.blueprints.requests.wording import (
    FORMS,
    METHODS,
    OF_US,
    PARTS,
    RATED,
    VERBS,
    because,
    shown,
    state_of,
    title_of,
    who_can,
    why_purged,
)
from web.blueprints.todos import Queue, Todo
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock
from web.core.errors import NotFound
from web.core.saying import joined, say
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.referrals import packets
from web.federation.request_kinds import REQUEST_KINDS
from web.federation.requests import lists, service
from web.federation.requests.lists import Part, Row
from web.federation.requests.models import Request, RequestState
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.queues import Waiting

S = RequestState
sentences.VALUES["request", "kind"] = {name: title_of(name) for name in REQUEST_KINDS}


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    found = []
    for row in rows:
        state = S(row.said["state"])
        found.append(
            Todo(
                say(
                    "{title_of}　{name}",
                    title_of=title_of(row.said["kind"]),
                    name=row.name or packets.of_waiting(row).get("/name") or "姓名已清除",
                ),
                say("{partner}请求，{x}", partner=row.said["partner"], x=OF_US[state]),
                url_for("requests.show", request_id=row.id),
                row.due_on,
                "答复" if state is S.REQUESTED else "办理",
            )
        )
    return found


todos.QUEUES.append(
    Queue(
        "request",
        "协助请求",
        "伙伴县请我方就近帮忙办的事",
        Permission.REQUEST_WRITE,
        lambda: url_for("requests.index", part=Part.TO_DO),
        lists.waiting,
        _todos,
    )
)


@bp.get("/")
@needs(Permission.REQUEST_READ)
def index() -> Any:
    """Received and sent, narrowed by kind, state and partner, all in the address."""
    actor, sheet = edge.actor(), sheet_of("requests", keys.choices())
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    part, where = part_of(request.query_string.decode("utf-8", "replace")), sheet.asked.conditions()
    page = lists.page(part, actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    counts = lists.counts(actor, where)
    tabs = [
        {
            "title": words,
            "url": filters.here(part=name, after=None, before=None),
            "count": counts[name],
            "is_current": name is part,
        }
        for name, words in PARTS.items()
    ]
    return render_template(
        "requests/index.html",
        page=page,
        part=part,
        tabs=tabs,
        sheet=sheet,
        kinds=joined("、", (kind.title for kind in REQUEST_KINDS.values())),
        total=counts[part],
        state_of=state_of,
        open_states=(S.REQUESTED, S.ACCEPTED),
    )


def _seam(found: Request, letters: list[post.Letter], partner: str) -> list[dict[str, Any]]:
    """Ours, theirs and what proves it; theirs is what receipts and sealed answers say."""
    ours = [letter for letter in letters if letter.is_ours]
    is_waiting = bool(found.pending) or any(letter.result is None for letter in ours)
    refused = next((refusal(letter) for letter in reversed(ours) if letter.result == "refused"), None)
    word = state_of(found)[1]
    return [
        {
            "label": "状态",
            "ours": word,
            "theirs": None
            if is_waiting
            else say("与我方一致，第 {n} 次决定", n=found.n)
            if not refused
            else "没有收下",
            "is_same": None if is_waiting else refused is None,
            "missing": "等对方回执",
            "proof": say("退回原因：{refused}", refused=refused)
            if refused
            else say("{partner}的回执", partner=partner)
            if ours
            else "对方印签",
        },
        {
            "label": "期限",
            "ours": found.due_on,
            "theirs": None if is_waiting else found.due_on,
            "is_same": None if is_waiting else True,
            "missing": "等对方回执",
            "proof": "随请求封在信封里",
        },
        *([_purge_seam(found, letters, partner)] if any(it.type == "request.purge" for it in letters) else []),
    ]


def _purge_seam(found: Request, letters: list[post.Letter], partner: str) -> dict[str, Any]:
    """Destroyed here, and there: the other county's receipt is signed as it destroys, or its own word says that it has."""
    words = [letter for letter in letters if letter.type == "request.purge"]
    is_proved = not found.pending and any(letter.result == "applied" or not letter.is_ours for letter in words)
    return {
        "label": "内容",
        "ours": "已销毁",
        "theirs": "已销毁" if is_proved else None,
        "is_same": True if is_proved else None,
        "missing": "等对方回执",
        "proof": say("{partner}的回执", partner=partner) if any(it.is_ours for it in words) else "对方印签",
    }


def may_answer(found: Request) -> bool:
    """Has this role what the kind asks of whoever answers it?"""
    held = GRANTS[Role(edge.actor().role)]
    return Permission.REQUEST_WRITE in held and Permission(found.of_kind.answered_by) in held


def page_of(row: Row, **more: Any) -> str:
    """The page; `more`: a form with its errors."""
    found, peer = row.request, keys.peer(row.request.partner_uid)
    letters = post.traffic(found.id)
    can_write = (
        may_answer(found) if found.role == "asked" else Permission.REQUEST_WRITE in GRANTS[Role(edge.actor().role)]
    )
    needed = Permission(found.of_kind.answered_by) if found.role == "asked" else Permission.REQUEST_WRITE
    return render_template(
        "requests/show.html",
        it=found,
        name=row.name,
        partner=peer,
        form_of=FORMS[found.kind],
        said=shown(found, found.values()),
        withheld=[FORMS[found.kind].labels.get(name, name) for name in service.withheld(found)],
        state=state_of(found),
        verbs=service.verbs_now(found) if can_write else [],
        why="" if can_write else who_can(needed),
        reason=because(found),
        purged=why_purged(found),
        signed=service.signed_for(found) if found.consent_on else None,
        may_forgo=can_write and service.may_forgo(found),
        rated=RATED,
        methods=METHODS,
        is_open=found.state in (S.REQUESTED, S.ACCEPTED),
        seam=_seam(found, letters, peer.name),
        going=going(found.partner_uid) if found.pending else "",
        letters=proofs(peer.name, letters, VERBS, lambda it: it.is_ours == (found.role == "asker")),
        log=[e for e in timeline.of(subject_id=found.id) if not e.event.verb.endswith(".changed")],
        **more,
    )


@bp.get("/<uuid:request_id>")
@needs(Permission.REQUEST_READ)
def show(request_id: UUID) -> str:
    """Whose turn it is, what was asked and answered, ours and theirs, and the letters."""
    return page_of(lists.get(request_id, edge.actor()))


@bp.get("/<uuid:request_id>/scan")
@needs(Permission.MEMBER_REVEAL)
def scan(request_id: UUID) -> Response:
    """What the member signed for this one request, to be stored. Each download is logged."""
    row = lists.get(request_id, edge.actor())
    signed = service.signed_for(row.request)
    if signed is None:
        raise NotFound()
    return scans.answer(signed, row.name)


@bp.get("/<uuid:request_id>/sheet")
@needs(Permission.REQUEST_READ)
def sheet(request_id: UUID) -> str:
    """The request as a sheet to print and file."""
    row = lists.get(request_id, edge.actor())
    found = row.request
    return render_template(
        "requests/sheet.html",
        it=found,
        asked_on=clock.day(found.created_at).isoformat(),  # a paper is read in other years
        name=row.name,
        partner=keys.peer(found.partner_uid),
        form_of=FORMS[found.kind],
        said=shown(found, found.values()),
        state=state_of(found),
        reason=because(found),
        purged=why_purged(found),
        rated=RATED.get(found.rating, ""),
    )
