"""The list in both directions, the to-do queues, and the page of one record: ours, theirs, proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import zip_longest
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from marshmallow import Schema

from web.blueprints import edge, filters, sentences, timeline, todos
from web.blueprints.cosigning.columns import part_of
from web.blueprints.cosigning.rooms import bp
from web.blueprints.cosigning.wording import (
    ANSWER_DAYS,
    ANSWERS,
    PARTS,
    REFUSED,
    VERBS,
    WIRE_KINDS,
    WIRE_PRESENCES,
    due_on,
    state_of,
    who_can,
)
from web.blueprints.forms import Form, Many, Number, Text
from web.blueprints.letters import going, proofs, refusal
from web.blueprints.policy import needs
from web.blueprints.todos import Queue, Todo
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.saying import mark, say
from web.extensions import db
from web.federation.cosigning import lists, people, service
from web.federation.cosigning.lists import Part
from web.federation.cosigning.models import AGREED, CoSignedRecord, CosignLine, CosignState
from web.federation.post import keys
from web.federation.post import service as post
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench.queues import Waiting

S = CosignState
# Of a to-do, by state: what the partner did, and what is to be done.
ASKED = {
    S.OFFERED: ("记录　我方", "共签"),
    S.DISPUTED: ("提出异议　对方", "更正"),
    S.ANNUL_PROPOSED: ("提出作废　", "答复"),
}
sentences.VALUES["cosign", "kind"] = WIRE_KINDS


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    found = []
    for row in rows:
        did, act = ASKED[S(row.said["state"])]
        found.append(
            Todo(
                say(
                    "{kind} {on}",
                    kind=WIRE_KINDS[row.said["kind"]],
                    on=filters.day(date.fromisoformat(row.said["held_on"])),
                ),
                say(
                    "{partner}{x} {lines} 人　{title}",
                    partner=row.said["partner"],
                    x=did,
                    lines=row.said["lines"],
                    title=row.values().get("title", ""),
                ),
                url_for("cosigning.show", record_id=row.id),
                act=act,
            )
        )
    return found


for _key, _title, _hint, _part in (
    ("cosign", "待共签", "伙伴县记录了我方党员参加的活动，或提出作废已共签的", Part.TO_ANSWER),
    ("cosign_disputed", "共签有异议", "伙伴县对我方的活动记录有异议", Part.TO_CORRECT),
):
    todos.QUEUES.append(
        Queue(
            _key,
            _title,
            _hint,
            Permission.COSIGN_WRITE,
            partial(url_for, "cosigning.index", part=_part),
            partial(lists.waiting, _part, workdays=ANSWER_DAYS),
            _todos,
        )
    )


@bp.get("/")
@needs(Permission.COSIGN_READ)
def index() -> Any:
    """Both directions, by whose turn it is."""
    actor, sheet = edge.actor(), sheet_of("cosigning", keys.choices())
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    part, counts = part_of(request.query_string.decode("utf-8", "replace")), lists.counts(actor, where)
    page = lists.page(part, actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    tabs = [
        {
            "title": words,
            "url": filters.here(part=name.value, after=None, before=None),
            "count": counts[name],
            "is_current": name is part,
        }
        for name, words in PARTS.items()
    ]
    return render_template(
        "cosigning/index.html",
        page=page,
        part=part,
        tabs=tabs,
        sheet=sheet,
        total=counts[part],
        state_of=state_of,
        due_on=due_on,
    )


# One record


def _names(record: CoSignedRecord, rows: list[CosignLine]) -> dict[int, tuple[str, str, UUID | None]]:
    """line → (name, organisation, own member's id): from our own register at home, from the shared list at the recorder."""
    if record.role == "recorder":
        found = people.guests([row.referral_id for row in rows])
        return {
            row.line: ((guest.name, guest.org) if (guest := found.get(row.referral_id)) else ("", "")) + (None,)
            for row in rows
        }
    query = (
        db.select(Member.id, Member.name, PartyOrg.name)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(Member.id.in_([row.member_id for row in rows if row.member_id]))
    )
    query = organisations.visible(query, edge.actor(), Member.branch_id, Member.away_org_id)
    own = {id_: (name, org) for id_, name, org in db.session.execute(query)}
    return {row.line: (*own.get(row.member_id, ("", "")), row.member_id) for row in rows if _is_seen(row, own)}


def _is_seen(row: CosignLine, own: dict[UUID, Any]) -> bool:
    """A line whose member is unknown here is the county's business; one of another part of the tree is not shown."""
    if row.member_id is None:
        return edge.actor().role in {Role.COUNTY_ADMIN, Role.LIAISON}
    return row.member_id in own


def lines_of(record: CoSignedRecord) -> list[dict[str, Any]]:
    rows = service.lines(record.id)
    names = _names(record, rows)
    found = [
        {
            "line": row.line,
            "referral_id": row.referral_id,
            "name": names[row.line][0],
            "org": names[row.line][1],
            "member_id": names[row.line][2],
            "presence": WIRE_PRESENCES[values["presence"]],
            "minutes": values["minutes"],
            "reason": values.get("reason", ""),
            "answer": ANSWERS[row.answer],
            "is_known": record.role == "recorder" or row.member_id is not None,
        }
        for row in rows
        if row.line in names and (values := row.values())
    ]
    return sorted(found, key=lambda line: (not line["reason"], line["org"], line["name"]))


def _seam(record: CoSignedRecord, letters: list[post.Letter], partner: str) -> list[dict[str, Any]]:
    """Ours, theirs and what proves it. Theirs is what receipts and sealed answers say, never a guess."""
    ours = [letter for letter in letters if letter.is_ours]
    waiting = any(letter.result is None for letter in ours)
    refused = next((refusal(letter) for letter in reversed(ours) if letter.result == "refused"), None)
    digest = f"{record.content[8:16]}…{record.content[-4:]}"
    is_known = record.role == "home" or any(
        letter.result == "applied" for letter in ours if letter.type in ("cosign.offer", "cosign.correct")
    )
    word = state_of(record)[1]
    same = None if waiting or record.pending else record.state is not S.NOT_OPENED
    return [
        {
            "label": "内容摘要",
            "ours": digest,
            "theirs": digest if is_known and same is not None else None,
            "is_same": True if is_known and same is not None else None,
            "missing": "等对方回执",
            "proof": say("第 {k} 稿，各县同一份", k=record.k),
        },
        {
            "label": "状态",
            "ours": word,
            "theirs": {S.NOT_OPENED: "没有收下"}.get(record.state, say("与我方一致，第 {n} 次决定", n=record.n))
            if same is not None
            else None,
            "is_same": same,
            "missing": "等对方回执",
            "proof": say("退回原因：{refused}", refused=refused)
            if refused and record.state is S.NOT_OPENED
            else say("{partner}的回执", partner=partner)
            if ours
            else "对方印签",
        },
    ]


def _log(record: CoSignedRecord) -> list[timeline.Entry]:
    """The timeline. A verb's effects on the row follow it in the same transaction and are not told twice; at home, the
    recorder's answer to a word of ours confirms it.
    """
    found = []
    entries = [e for e in timeline.of(subject_id=record.id) if not e.event.verb.endswith(".changed")]
    for entry, older in zip_longest(entries, entries[1:]):
        verb = entry.event.verb.rpartition(".")[2]
        if entry.event.peer and older is not None and older.event.verb == f"cosign.propose_{verb}":
            entry = replace(
                entry, words=mark("{name}确认收到我方的{what}", name=entry.event.actor_name, what=VERBS[verb])
            )
        found.append(entry)
    return found


def page_of(record: CoSignedRecord, **more: Any) -> str:
    peer = keys.peer(record.partner_uid)
    letters = post.traffic(record.id)
    can_write, log = Permission.COSIGN_WRITE in GRANTS[Role(edge.actor().role)], _log(record)
    return render_template(
        "cosigning/show.html",
        record=record,
        partner=peer,
        head=record.head(),
        kind=WIRE_KINDS[record.kind],
        state=state_of(record),
        due=due_on(record),
        lines=lines_of(record),
        verbs=service.verbs_now(record) if can_write else [],
        could=service.verbs_now(record),
        why="" if can_write else who_can(),
        refused=REFUSED.get(record.reason, ""),
        seam=_seam(record, letters, peer.name),
        going=going(record.partner_uid) if record.pending else "",
        letters=proofs(peer.name, letters, VERBS, lambda it: it.is_ours == (record.role == "recorder")),
        sent=next((letter for letter in letters if letter.type == "cosign.offer"), None),
        log=log,
        # When it came about here: what its recorder decided before a paper was made may have arrived after it.
        moved_at=max(
            (e.event.at for e in log if e.event.verb.removeprefix("cosign.") in VERBS), default=record.state_at
        ),
        papers=documents.of_subject(record.id, DocumentKind.COSIGNED_RECORD) if can_write else [],
        has_seals=any(letter.digest for letter in letters),
        is_signed=record.state in (*AGREED, S.ANNULLED),
        **more,
    )


class Answers(Schema):
    """The lines: `accept` ticked ones, `line` and `reason` in the same order. Which button was pressed: `act`."""

    accept = Many(Number("", high=499), "共签的人")
    line = Many(Number("", high=499), "名单")
    reason = Many(Text("", limit=1000), "异议理由")
    text = Text("总的说明", limit=1000)


def answers(record: CoSignedRecord) -> Form:
    """The form of them, kept while it is typed; of the record's next text the lines are others."""
    return Form(Answers, draft=f"cosigning.answer:{record.id}:{record.k}")


@bp.get("/<uuid:record_id>")
@needs(Permission.COSIGN_READ)
def show(record_id: UUID) -> str:
    """Ours, theirs, proof; whose turn it is; the lines."""
    record = lists.get(record_id, edge.actor())
    return page_of(record, form=answers(record))
