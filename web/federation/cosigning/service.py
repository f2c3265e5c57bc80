"""Verbs of co-signing: the recorder offers, corrects, withdraws; the home county countersigns, disputes, refuses.

On `final`, the study time of the accepted lines reaches the home's files. Whatever ends otherwise is purged at home:
the lines were the recorder's, and home acknowledged nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func

from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation import verbs
from web.federation.admission import Admitted
from web.federation.agreements import service as agreements
from web.federation.cosigning import contents, people
from web.federation.cosigning.models import COSIGN, LAPSES_AFTER, LIVE, Answer, CoSignedRecord, CosignLine, CosignState
from web.federation.messages import COSIGN_REFUSED
from web.federation.post import service as post
from web.federation.verbs import Kind, Said
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityState
from web.tenants.activities.service import Mark
from web.tenants.counties import service as counties

SCOPE = "S5"
S = CosignState


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
        _put(record, content.body)
        record.keep(**content.head)
        verbs.say(COSIGN_KIND, record, "offer", content.body, disclosures=content.disclosures(uid), sd=content.sd)
        _write_lines(record, list(content.lines[uid]), {})
        made.append(record)
    return made


def correct(record_id: UUID, marks: Mapping[UUID, Mark | None], reason: str) -> CoSignedRecord:
    """Change lines of a disputed record, by referral, and offer it again as content k + 1. None strikes a line out."""
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    COSIGN.demand(record.state, "correct", record.role)
    activity = activities.get(record.activity_id, lock=True)
    own = {line.referral_id for line in lines(record.id)}
    if not set(marks) <= own:
        raise Invalid({"person": "not_due_here"})
    if not reason.strip():
        raise Invalid({"reason": "required"})
    activities.correct_guests(activity, marks)
    if not own & set(activities.guests(activity.id)):
        raise Invalid({"person": "no_lines_left"})
    content = _compose(activity)
    _put(record, content.body)
    record.keep(**content.head)
    _write_lines(record, list(content.lines[record.partner_uid]), {})
    record.words = None
    verbs.say(
        COSIGN_KIND,
        record,
        "correct",
        content.body,
        reason=reason.strip(),
        disclosures=content.disclosures(record.partner_uid),
        sd=content.sd,
    )
    return record


def withdraw(record_id: UUID, reason: str) -> CoSignedRecord:
    """Take an open record back; home purges what it holds of it."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    record: CoSignedRecord = COSIGN_KIND.get(record_id, lock=True)
    record.words = reason.strip()
    verbs.say(COSIGN_KIND, record, "withdraw", values={"/text": reason.strip()}, reason=reason.strip())
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
        raise Invalid({"reasons": "required"})
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
    verbs.say(COSIGN_KIND, record, "refuse", body, values, reason=text.strip() or reason)
    return record


def _answer(record: CoSignedRecord, numbers: Collection[int]) -> dict[str, Any]:
    return {"k": record.k, "content": record.content, "lines": sorted(set(numbers))}


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


def lines(record_id: UUID) -> list[CosignLine]:
    """Lines in order of their numbers; none once they were purged."""
    query = db.select(CosignLine).where(CosignLine.record_id == record_id)
    return list(db.session.scalars(query.order_by(CosignLine.line)))


def verbs_now(record: CoSignedRecord) -> list[str]:
    """What our side may say now."""
    return verbs.can(COSIGN_KIND, record)


# The content and its lines


def _compose(activity: Activity) -> contents.Content:
    rows = activities.guests(activity.id)
    homes = {id_: guest.partner_uid for id_, guest in people.guests(rows).items()}
    last = db.session.scalar(
        db.select(func.max(CoSignedRecord.k)).where(
            CoSignedRecord.activity_id == activity.id, CoSignedRecord.role == "recorder"
        )
    )
    return contents.compose(activity, (last or 0) + 1, rows, homes)


def _put(record: CoSignedRecord, body: Mapping[str, Any]) -> None:
    record.k, record.content, record.kind = body["k"], body["content"], body["kind"]
    record.held_on, record.minutes = date.fromisoformat(body["held_on"]), body["minutes"]


def _write_lines(record: CoSignedRecord, found: list[contents.Line], ours: Mapping[UUID, UUID]) -> None:
    db.session.execute(delete(CosignLine).where(CosignLine.record_id == record.id))
    for line in found:
        row = CosignLine(
            record_id=record.id, line=line.line, referral_id=line.referral_id, member_id=ours.get(line.referral_id)
        )
        row.keep(presence=line.presence, minutes=line.minutes)
        db.session.add(row)
    db.session.flush()


# What the verbs need and do, on both sides


def _opens(envelope: Envelope, admitted: Admitted) -> CoSignedRecord:
    record = CoSignedRecord(role="home", activity_id=UUID(envelope.body["activity"]))
    _put(record, envelope.body)
    return record


def _check_offer(record: CoSignedRecord, said: Said) -> None:
    """Heard at home: at least one line, or the rest has no meaning; one live record an activity."""
    if said.is_ours:
        return
    if not contents.read(said.values)[1]:
        raise WireError("malformed", where="lines")
    query = db.select(CoSignedRecord.id).where(
        CoSignedRecord.partner_uid == record.partner_uid,
        CoSignedRecord.activity_id == record.activity_id,
        CoSignedRecord.role == "home",
        CoSignedRecord.state.in_(LIVE),
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise WireError("already_open")


def _check_answer(record: CoSignedRecord, said: Said) -> None:
    """An answer is about this content, and names lines of it. Countersigning needs our own members behind them."""
    if (said.body["k"], said.body["content"]) != (record.k, record.content):
        raise WireError("illegal_transition", where="content")
    if "lines" not in said.body:
        return
    known = {line.line: line for line in lines(record.id)}
    named = said.body["lines"]
    is_known = bool(named) and set(named) <= set(known)
    if not said.is_ours:
        if not is_known:
            raise WireError("illegal_transition", where="lines")
        return
    if not is_known:
        raise Invalid({"lines": "choose_one"})
    if said.verb == "countersign" and any(known[number].member_id is None for number in named):
        raise Invalid({"lines": "not_our_member"})


def _take_in(record: CoSignedRecord, said: Said) -> None:
    """Offered or corrected: home's working copy, under the record's key."""
    if record.role != "home":
        return
    head, found = contents.read(said.values)
    record.words = None
    _put(record, said.body)
    record.keep(**head)
    _write_lines(record, found, people.members(record.partner_uid, [line.referral_id for line in found]))


def _countersigned(record: CoSignedRecord, said: Said) -> None:
    accepted = set(said.body["lines"])
    head = record.head()
    for line in lines(record.id):
        line.answer = Answer.ACCEPTED if line.line in accepted else Answer.LEFT_OUT
        if record.role == "home" and line.answer is Answer.ACCEPTED and line.member_id is not None:
            values = line.values()
            activities.credit(
                line.member_id,
                record.id,
                title=head.get("title", ""),
                held_on=record.held_on,
                presence=contents.READ[values["presence"]],
                minutes=values["minutes"],
                partner_uid=record.partner_uid,
            )
    db.session.flush()


def _disputed(record: CoSignedRecord, said: Said) -> None:
    """At the recorder the reasons arrive; at home they stand since the proposal."""
    if record.role == "recorder":
        record.words = said.values.get("/text")
        _mark_disputed(record, said)


def _mark_disputed(record: CoSignedRecord, said: Said) -> None:
    for line in lines(record.id):
        if line.line in said.body["lines"]:
            line.answer = Answer.DISPUTED
            line.keep(reason=said.values.get(f"/reasons/{line.line}") or "")
    if said.is_ours:
        record.words = said.values.get("/text")
    db.session.flush()


def _undo_dispute(record: CoSignedRecord, verb: str) -> None:
    for line in lines(record.id):
        line.answer = Answer.NONE
        line.keep(reason="")
    record.words = None


def _refused(record: CoSignedRecord, said: Said) -> None:
    record.reason = said.body["reason"]
    if record.role == "recorder":
        record.words = said.values.get("/text")
    _purge(record, said)


def _remember_words(record: CoSignedRecord, said: Said) -> None:
    record.words = said.values.get("/text")


def _withdrawn(record: CoSignedRecord, said: Said) -> None:
    if not said.is_ours:
        record.words = said.values.get("/text")
    _purge(record, said)


def _purge(record: CoSignedRecord, said: Said) -> None:
    """Nothing was acknowledged: home's working copy goes, lines, head and disclosures. Seals and receipts still verify."""
    if record.role != "home":
        return
    db.session.execute(delete(CosignLine).where(CosignLine.record_id == record.id))
    record.header = None
    db.session.flush()
    post.purge(record.id)


COSIGN_KIND = verbs.register(
    Kind(
        "cosign",
        COSIGN,
        CoSignedRecord,
        opens=_opens,
        checks={
            "offer": _check_offer,
            "countersign": _check_answer,
            "dispute": _check_answer,
            "refuse": _check_answer,
        },
        effects={
            "offer": _take_in,
            "correct": _take_in,
            "countersign": _countersigned,
            "dispute": _disputed,
            "refuse": _refused,
            "withdraw": _withdrawn,
            "lapse": _purge,
        },
        suggests={"dispute": _mark_disputed, "refuse": _remember_words},
        dropped={"dispute": _undo_dispute},
        expires={"offer": lambda record: clock.now() + LAPSES_AFTER},
    )
)


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
