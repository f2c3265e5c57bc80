"""Verbs of co-signing: the recorder offers, corrects, withdraws; the home county countersigns, disputes, refuses; either
proposes to annul what is final. What they do to both copies stands in `hearing.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func

from web.core import clock, events
from web.core.errors import DomainError, Invalid, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import duties
from web.federation.agreements import service as agreements
from web.federation.agreements.models import DutyKind
from web.federation.agreements.registers import AT_REST
from web.federation.cosigning import contents, hearing, people
from web.federation.cosigning.hearing import put, write_lines
from web.federation.cosigning.models import COSIGN, LIVE, OPEN, CoSignedRecord, CosignLine, CosignState
from web.federation.messages import COSIGN_REFUSED
from web.federation.post import service as post
from web.federation.referrals.models import Referral, ReferralState
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState
from web.tenants.activities.service import Head, Mark
from web.tenants.consents.service import ConsentWithdrawn
from web.tenants.counties import service as counties
from web.tenants.members import merging

S = CosignState
COSIGN_KIND, SCOPE, lines = hearing.COSIGN_KIND, hearing.SCOPE, hearing.lines


# The recorder's verbs


def proposal(activity: Activity) -> dict[UUID, list[people.Guest]]:
    """By home county: its members on the sheet, for counties that have no live record of this activity yet."""
    found: dict[UUID, list[people.Guest]] = {}
    for guest in people.guests(activities.guests(activity.id)).values():
        found.setdefault(guest.partner_uid, []).append(guest)
    offered = {r.partner_uid for r in of_activity(activity.id) if r.state in LIVE}
    return {partner: own for partner, own in found.items() if partner not in offered}


def offer(activity: Activity, partner_uids: Collection[UUID]) -> list[CoSignedRecord]:
    """Offer the activity to these counties, each its own members' lines of one content.

    Load the activity with `lock=True`. WrongState before it was held; Invalid for a county without lines or with a
    live record; DomainError where no agreement in force grants S5.
    """
    if activity.state is not ActivityState.HELD:
        raise WrongState("activity_not_held")
    wanted = sorted(set(partner_uids))
    if not wanted or not set(wanted) <= set(proposal(activity)):
        raise Invalid({"partner": "nothing_to_offer"})
    us = counties.own().uid
    under = {uid: agreements.covering(uid, SCOPE, owner_uid=us, receiver_uid=uid) for uid in wanted}
    content = _compose(activity)
    made = []
    for uid in wanted:
        record = CoSignedRecord(partner_uid=uid, role="recorder", activity_id=activity.id)
        record.under(under[uid])
        record.id = uuid7()
        put(record, content.body)
        record.keep(**content.head)
        verbs.say(COSIGN_KIND, record, "offer", content.body, disclosures=content.disclosures(uid), sd=content.sd)
        write_lines(record, list(content.lines[uid]), {})
        made.append(record)
    return made


def correct(
    record_id: UUID, marks: Mapping[UUID, Mark | None], reason: str, head: Head | None = None
) -> list[CoSignedRecord]:
    """Change lines of this record, by referral, or the head of the activity, and offer it again as content k + 1.

    None strikes a line out. The content is one for all homes: every home whose lines or header are others in it and that
    may be told is offered again, also one that was final; the rest keep what they have. Returns the records offered again.
    DomainError where the home of this record may not be told (`untold`).
    """
    activity = activities.get(get(record_id).activity_id, lock=True)
    live = {record.id: record for record in _live(activity.id, lock=True)}
    record = live.get(record_id) or get(record_id, lock=True)
    COSIGN.demand(record.state, "correct", record.role)
    own = {line.referral_id for line in lines(record.id)}
    if not set(marks) <= own:
        raise Invalid({"person": "not_due_here"})
    if not reason.strip():
        raise Invalid({"reason": "required"})
    activities.correct(activity, marks, head)
    if not own & set(activities.guests(activity.id)):
        raise Invalid({"person": "no_lines_left"})
    content = _compose(activity)
    again = [found for found in live.values() if _differs(found, content)]
    if record not in again:
        if record.state is not S.DISPUTED:
            raise Invalid({"person": "nothing_corrected"})
        again.append(record)  # the recorder stands by what was disputed
    if (why := untold(record)) is not None:
        raise why
    again = [found for found in again if untold(found) is None]
    for found in again:
        if found.state is S.ANNUL_PROPOSED:
            raise WrongState("annulment_proposed")
        put(found, content.body)
        found.keep(**content.head)
        write_lines(found, list(content.lines[found.partner_uid]), {})
        found.words = None
        verbs.say(
            COSIGN_KIND,
            found,
            "correct",
            content.body,
            reason=reason.strip(),
            disclosures=content.disclosures(found.partner_uid),
            sd=content.sd,
        )
    return again


def untold(record: CoSignedRecord) -> DomainError | None:
    """Why this home may not be told a correction now and keeps what it has; None where it may."""
    if record.stopped:
        return WrongState("aggregate_stopped", cause=record.stopped)
    # Sealed without its lines, it would empty what home holds and take the hours out of its files.
    if record.agreement_id is not None and agreements.is_paused(record.agreement_id, record.partner_uid, SCOPE):
        return WrongState("scope_paused")
    try:
        agreements.covering(record.partner_uid, SCOPE, owner_uid=counties.own().uid, receiver_uid=record.partner_uid)
    except DomainError as error:
        return error
    return None


def _live(activity_id: UUID, *, lock: bool = False) -> list[CoSignedRecord]:
    query = db.select(CoSignedRecord).where(
        CoSignedRecord.activity_id == activity_id, CoSignedRecord.role == "recorder", CoSignedRecord.state.in_(LIVE)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return list(db.session.scalars(query.order_by(CoSignedRecord.id)))


def _differs(record: CoSignedRecord, content: contents.Content) -> bool:
    """Is anything of what this home was offered another in the new content?"""
    held = {(line.referral_id, line.values()["presence"], line.values()["minutes"]) for line in lines(record.id)}
    new = {(line.referral_id, line.presence, line.minutes) for line in content.lines[record.partner_uid]}
    was = (record.kind, record.held_on.isoformat(), record.minutes)
    now = tuple(content.body[name] for name in ("kind", "held_on", "minutes"))
    return held != new or was != now or record.head() != dict(content.head)


def withdraw(record_id: UUID, reason: str) -> CoSignedRecord:
    """Take an open record back; home purges what it holds of it."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    record.words = reason.strip()
    verbs.say(COSIGN_KIND, record, "withdraw", values={"/text": reason.strip()})
    return record


# The home county's verbs


def countersign(record_id: UUID, accepted: Collection[int]) -> CoSignedRecord:
    """Acknowledge these lines; the others stay out of our files."""
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    verbs.say(COSIGN_KIND, record, "countersign", _answer(record, accepted))
    return record


def dispute(record_id: UUID, reasons: Mapping[int, str], text: str = "") -> CoSignedRecord:
    """Say of these lines what is wrong with each."""
    said = {line: reason.strip() for line, reason in reasons.items()}
    if not said or not all(said.values()):
        raise Invalid({"reason": "reason_of_a_line"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    values = {f"/reasons/{line}": reason for line, reason in said.items()}
    if text.strip():
        values["/text"] = text.strip()
    verbs.say(COSIGN_KIND, record, "dispute", _answer(record, said), values)
    return record


def refuse(record_id: UUID, reason: str, text: str = "") -> CoSignedRecord:
    """Refuse the whole, with a reason of the closed list; "other" needs words."""
    if reason not in COSIGN_REFUSED.words:
        raise Invalid({"reason": "choose_one"})
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    body = {"k": record.k, "content": record.content, "reason": reason}
    values = {"/text": text.strip()} if text.strip() else {}
    verbs.say(COSIGN_KIND, record, "refuse", body, values, reason=reason)
    return record


# Either county's verbs, once it is final


def propose_annul(record_id: UUID, reason: str) -> CoSignedRecord:
    """Say that a countersigned record should not stand. The other county decides; until then it counts."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    body = {"k": record.k, "content": record.content, "by": record.role}
    verbs.say(COSIGN_KIND, record, "propose_annul", body, {"/text": reason.strip()})
    return record


def annul(record_id: UUID) -> CoSignedRecord:
    """Agree to it: the record stays, struck through, and its hours leave the files."""
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    verbs.say(COSIGN_KIND, record, "annul", {"k": record.k, "content": record.content})
    return record


def keep(record_id: UUID, reason: str) -> CoSignedRecord:
    """Let it stand: the other county does not agree, or the proposer takes it back."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    body = {"k": record.k, "content": record.content}
    verbs.say(COSIGN_KIND, record, "keep", body, {"/text": reason.strip()})
    return record


def _answer(record: CoSignedRecord, numbers: Collection[int]) -> dict[str, Any]:
    return {"k": record.k, "content": record.content, "lines": sorted(set(numbers))}


def _told_of_participation(partners: Collection[UUID], since: date, until: date) -> int:
    """How many records we offered in these days, if every partner with a guest here got one; else 0."""
    guests = db.select(Referral.partner_uid).where(Referral.role == "host", Referral.state == ReferralState.TAKEN_ON)
    awaited = set(db.session.scalars(guests.where(Referral.partner_uid.in_(partners)).distinct()))
    query = db.select(CoSignedRecord.partner_uid, func.count()).where(
        CoSignedRecord.role == "recorder", CoSignedRecord.partner_uid.in_(partners), CoSignedRecord.state.in_(LIVE),
        CoSignedRecord.created_at >= clock.midnight(since),
        CoSignedRecord.created_at < clock.midnight(until + timedelta(days=1)),
    )  # fmt: skip
    sent = {uid: int(number) for uid, number in db.session.execute(query.group_by(CoSignedRecord.partner_uid))}
    return sum(sent.values()) if awaited <= set(sent) else 0


duties.PROOFS[DutyKind.PARTICIPATION] = _told_of_participation

# Questions


def get(record_id: UUID, *, lock: bool = False) -> CoSignedRecord:
    """NotFound when it is absent or another county's."""
    found: CoSignedRecord = COSIGN_KIND.get(record_id, lock=lock)
    return found


def of_activity(activity_id: UUID) -> list[CoSignedRecord]:
    """Our records of one activity of ours, the latest first."""
    query = db.select(CoSignedRecord).where(
        CoSignedRecord.activity_id == activity_id, CoSignedRecord.role == "recorder"
    )
    return list(db.session.scalars(query.order_by(CoSignedRecord.id.desc())))


def verbs_now(record: CoSignedRecord) -> list[str]:
    """What our side may say now. Whoever proposed an annulment does not agree to it."""
    found = verbs.can(COSIGN_KIND, record)
    return [verb for verb in found if verb != "annul" or record.annul_by != record.role]


def _compose(activity: Activity) -> contents.Content:
    rows = activities.guests(activity.id)
    homes = {id_: guest.partner_uid for id_, guest in people.guests(rows).items()}
    last = db.session.scalar(
        db.select(func.max(CoSignedRecord.k)).where(
            CoSignedRecord.activity_id == activity.id, CoSignedRecord.role == "recorder"
        )
    )
    return contents.compose(activity, (last or 0) + 1, rows, homes)


# What the activity may not do while a record of it is in other hands


@events.subscribe(activities.GuestsChanged)
def _hold_lines(what: activities.GuestsChanged) -> None:
    partners = {guest.partner_uid for guest in people.guests(what.referral_ids).values()}
    if any(r.partner_uid in partners for r in of_activity(what.activity_id) if r.state in LIVE):
        raise WrongState("guests_cosigned")


@events.subscribe(activities.HeadChanged)
def _hold_head(what: activities.HeadChanged) -> None:
    if any(record.state in LIVE for record in of_activity(what.activity_id)):
        raise WrongState("activity_cosigned")


# What happens elsewhere while a record is open


def _hinders(agreement_id: UUID, partner_uid: UUID) -> list[str]:
    """A pair is at rest when no record under its agreement waits for a word: one that is offered lies at home with its lines."""
    query = db.select(CoSignedRecord.id).where(
        CoSignedRecord.agreement_id == agreement_id, CoSignedRecord.partner_uid == partner_uid,
        CoSignedRecord.state.in_((*OPEN, S.ANNUL_PROPOSED)),
    )  # fmt: skip
    return ["open_cosigned"] if db.session.scalar(query.limit(1)) else []


AT_REST.append(_hinders)


@events.subscribe(ConsentWithdrawn)
def _leave_out(what: ConsentWithdrawn) -> None:
    """At home: who withdrew the notice is in nothing that is offered and not answered yet, nor is what was told of him. What
    we countersigned stays, also where our word is still on its way.
    """
    if SCOPE not in what.scopes:
        return
    mine = (CoSignedRecord.tenant_id == CosignLine.tenant_id) & (CoSignedRecord.id == CosignLine.record_id)
    query = db.select(CosignLine).join(CoSignedRecord, mine).where(
        CosignLine.member_id == what.member_id, CoSignedRecord.partner_uid == what.partner_uid,
        CoSignedRecord.role == "home", CoSignedRecord.state.in_(OPEN), CoSignedRecord.pending != "countersign",
    )  # fmt: skip
    for line in db.session.scalars(query).all():
        pointer = f"/lines/{line.line}"
        post.forget(line.record_id, [pointer], post.last_said(line.record_id, pointer))
        db.session.delete(line)
    db.session.flush()


merging.HELD_BY["merge_cosigned"] = lambda ids: db.select(CosignLine.member_id).where(CosignLine.member_id.in_(ids))
