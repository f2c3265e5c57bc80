"""The co-signed record as paper: the meeting's record where it was held, the partner's lines, and both counties' seals;
the sealed messages themselves ride inside.
"""

from __future__ import annotations

import base64
import json
import os
from uuid import UUID

from web import reports
from web.core import clock
from web.extensions import db
from web.federation.cosigning import evidence, people, service
from web.federation.cosigning.models import Answer, CoSignedRecord, CosignLine, CosignState
from web.federation.post import evidence as post_evidence
from web.federation.post import keys
from web.reports.cosigned_record import KINDS
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity
from web.tenants.activities.service import SYMBOLS
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.tasks.models import Task

SAID = {"present": "√", "leave": "请假", "absent": "×"}
ANSWERED = {Answer.ACCEPTED: "已共签", Answer.LEFT_OUT: "未列入"}


def render_record(task: Task) -> UUID:
    """Make and keep the paper of the task's record; the document's id. WrongState before both counties signed."""
    assert task.subject_id is not None
    record = service.get(task.subject_id)
    code = documents.new_code()
    paper = paper_of(record, code)
    public = post_evidence.keys_of([counties.own().uid, record.partner_uid])
    given = [post_evidence.portable(each, public) for each in post_evidence.of(record.id)]
    data = json.dumps(given, ensure_ascii=False, indent=1).encode()
    made = reports.render(paper, attachments=[reports.Attached("evidence.json", data, "印签和签收的凭据，机器可读")])
    title, name = paper.title, reports.filename(paper)
    return documents.keep(DocumentKind.COSIGNED_RECORD, title, name, record.id, made, code=code).id


def paper_of(record: CoSignedRecord, code: str) -> reports.CosignedRecord:
    """The paper as this county holds it."""
    words = evidence.words(record)
    own, peer, prints = counties.own(), keys.peer(record.partner_uid), keys.fingerprints()
    ours = _party("甲", own.office, own.name, own.code, prints[own.uid])
    theirs = _party("乙", peer.office, peer.name, peer.code, prints[peer.uid])
    is_recorder = record.role == "recorder"
    activity = activities.get(record.activity_id) if is_recorder else None
    return reports.CosignedRecord(
        issuer=own.office,
        code=documents.spelled(code),
        link=documents.link(code),
        made_at=clock.now(),
        is_demo=own.is_demo,
        salt=os.urandom(16),
        kind=KINDS[record.kind],
        held_on=record.held_on,
        fields=tuple(_fields(record, activity, (ours if is_recorder else theirs).name)),
        recorder=ours if is_recorder else theirs,
        home=theirs if is_recorder else ours,
        k=record.k,
        content=_hexadecimal(record.content.removeprefix("sha-256:")),
        guests=tuple(_guests(record)),
        seals=tuple(
            reports.SealedWord(ours if w.uid == own.uid else theirs, w.what, w.kid, w.value, w.digest, w.at)
            for w in words
        ),
        count=_count(activity) if activity else None,
        own=tuple(_own(activity)) if activity else (),
        annulled_on=clock.day(record.state_at) if record.state is CosignState.ANNULLED else None,
    )


def _party(stem: str, name: str, county: str, division: str, fingerprint: str) -> reports.Party:
    prints = fingerprint.replace(" ", "").lower()
    return reports.Party(stem=stem, name=name, county=county, division=division, fingerprint=prints)


def _hexadecimal(b64: str) -> str:
    return base64.urlsafe_b64decode(b64 + "=" * (-len(b64) % 4)).hex()


def _fields(record: CoSignedRecord, activity: Activity | None, recorder: str) -> list[tuple[str, str]]:
    """The form's rows: whole where the meeting was held, elsewhere what crossed."""
    head = record.head()
    on = f"{record.held_on.year}年{record.held_on.month}月{record.held_on.day}日"
    end = [("负责人", head.get("responsible", "")), ("计入学时", f"{record.minutes}分钟")]
    if activity is None:
        start = [("记录单位", recorder), ("主题", head.get("title", "")), ("时间", on), ("地点", head.get("place", ""))]
        return [*start, *end]
    times = "至".join(f"{at:%H:%M}" for at in (activity.starts_at, activity.ends_at) if at)
    rows = [
        ("组织", organisations.get(activity.org_id).full_name),
        ("主题", head.get("title", "")),  # as it was sealed: what was annulled stays when the activity is put right
        ("时间", f"{on}　{times}".strip()),
        ("地点", head.get("place", "")),
        ("主持人", activity.chair),
        ("记录人", activity.minute_taker),
        *end,
        ("主讲人", activity.lecturer),
        ("议程", activity.agenda),
        ("决议", activity.decisions),
    ]
    optional = {"主讲人", "议程", "决议"}
    return [(label, said or "　") for label, said in rows if said or label not in optional]


def _count(activity: Activity) -> reports.Count:
    found = activities.summary(activity)
    away = tuple((SYMBOLS[p], n) for p, n in found.by.items() if p not in activities.CAME)
    return reports.Count(found.due, found.actual, away, found.unrecorded)


def _own(activity: Activity) -> list[reports.Attendee]:
    return [
        reports.Attendee(person.name, person.org, SYMBOLS[person.presence], person.minutes or 0)
        for person in activities.people(activity)
        if person.presence is not None
    ]


def _guests(record: CoSignedRecord) -> list[reports.Attendee]:
    rows = service.lines(record.id)
    named = _named(record, rows)
    found = [
        reports.Attendee(*named[row.line], SAID[values["presence"]], values["minutes"], ANSWERED.get(row.answer, ""))
        for row in rows
        if (values := row.values())
    ]
    return sorted(found, key=lambda one: (one.org, one.name))


def _named(record: CoSignedRecord, rows: list[CosignLine]) -> dict[int, tuple[str, str]]:
    if record.role == "recorder":
        guests = people.guests([row.referral_id for row in rows])
        return {
            row.line: (guest.name or "（已清除）", guest.org)
            if (guest := guests.get(row.referral_id))
            else ("（已清除）", "")
            for row in rows
        }
    query = (
        db.select(Member.id, Member.name, PartyOrg.name)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(Member.id.in_([row.member_id for row in rows if row.member_id]))
    )
    own = {id_: (name, org) for id_, name, org in db.session.execute(query)}
    return {row.line: own.get(row.member_id, ("（找不到对应的人）", "")) for row in rows}
