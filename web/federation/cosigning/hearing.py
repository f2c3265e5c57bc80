"""What the verbs of a co-signed record need and do, at the recorder and at home: one table for both sides.

On `final`, the study time of the accepted lines reaches the home's files; a correction or an annulment takes it out
again. Whatever ends otherwise is purged at home: the lines were the recorder's, and home acknowledged nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from web.core import clock
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation import verbs
from web.federation.admission import Admitted
from web.federation.cosigning import contents, people
from web.federation.cosigning.models import AGREED, COSIGN, LAPSES_AFTER, LIVE, Answer, CoSignedRecord, CosignLine
from web.federation.pairs import Kind, Said
from web.federation.post import service as post
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.activities import study
from web.tenants.consents import service as consents

SCOPE = "S5"

# A record's rows


def put(record: CoSignedRecord, body: Mapping[str, Any]) -> None:
    record.k, record.content, record.kind = body["k"], body["content"], body["kind"]
    record.held_on, record.minutes = date.fromisoformat(body["held_on"]), body["minutes"]


def write_lines(record: CoSignedRecord, found: list[contents.Line], ours: Mapping[UUID, UUID]) -> None:
    db.session.execute(delete(CosignLine).where(CosignLine.record_id == record.id))
    for line in found:
        row = CosignLine(
            record_id=record.id, line=line.line, referral_id=line.referral_id, member_id=ours.get(line.referral_id)
        )
        row.keep(presence=line.presence, minutes=line.minutes)
        db.session.add(row)
    db.session.flush()


def lines(record_id: UUID) -> list[CosignLine]:
    """Lines in order of their numbers; none once they were purged."""
    query = db.select(CosignLine).where(CosignLine.record_id == record_id)
    return list(db.session.scalars(query.order_by(CosignLine.line)))


# The effects


def _opens(envelope: Envelope, admitted: Admitted) -> CoSignedRecord:
    record = CoSignedRecord(role="home", activity_id=UUID(envelope.body["activity"]))
    put(record, envelope.body)
    return record


def _check_offer(record: CoSignedRecord, said: Said) -> None:
    """Heard at home: at least one line, or the rest has no meaning; one live record an activity."""
    if said.is_ours:
        return
    if not contents.read(said.values)[1]:
        # Withheld at sealing, as when the scope was paused while the offer waited: well-formed, and not allowed to be told.
        is_withheld = any(pointer.startswith("/lines/") for pointer in said.withheld)
        raise WireError("scope_violation" if is_withheld else "malformed", where="lines")
    query = db.select(CoSignedRecord.id).where(
        CoSignedRecord.partner_uid == record.partner_uid,
        CoSignedRecord.activity_id == record.activity_id,
        CoSignedRecord.role == "home",
        CoSignedRecord.state.in_(LIVE),
    )
    if db.session.scalar(query.limit(1)) is not None:
        raise WireError("already_open")


def _check_content(record: CoSignedRecord, said: Said) -> None:
    if (said.body["k"], said.body["content"]) != (record.k, record.content):
        raise WireError("illegal_transition", where="content")


def _check_proposal(record: CoSignedRecord, said: Said) -> None:
    _check_content(record, said)
    if said.body["by"] != said.role:
        raise WireError("illegal_transition", where="by")


def _check_annul(record: CoSignedRecord, said: Said) -> None:
    """Only the county that did not propose it agrees to it."""
    _check_content(record, said)
    if record.annul_by == said.role:
        raise WrongState("illegal_transition", machine="cosign", state=record.state.value, verb="annul")


def _check_answer(record: CoSignedRecord, said: Said) -> None:
    """An answer is about this content, and names lines of it. Countersigning needs our own members behind them."""
    _check_content(record, said)
    if "lines" not in said.body:
        return
    known = {line.line: line for line in lines(record.id)}
    named = said.body["lines"]
    is_known = bool(named) and set(named) <= set(known)
    if not said.is_ours:
        if not is_known:
            raise WireError("illegal_transition", where="lines")
        return
    if record.is_emptied:
        raise WrongState("emptied")
    if not is_known:
        raise Invalid({"accept": "choose_one"})
    if said.verb == "countersign" and any(known[number].member_id is None for number in named):
        raise Invalid({"accept": "not_our_member"})


def _take_in(record: CoSignedRecord, said: Said) -> None:
    """Offered or corrected: home's working copy, under the record's key. What was acknowledged of it before is not any more."""
    if record.role != "home":
        return
    study.withdraw_credit(record.id)
    head, found = contents.read(said.values)
    record.words = None
    put(record, said.body)
    record.keep(**head)
    ours = people.members(record.partner_uid, [line.referral_id for line in found])
    # Whoever withdrew the notice of participation is in no new record here: not named in the answer, so left out there.
    # What both counties countersigned before stays, it is one document of both.
    lacking = consents.lacking(list(ours.values()), record.partner_uid, SCOPE)
    shut = [line for line in found if ours.get(line.referral_id) in lacking]
    write_lines(record, [line for line in found if line not in shut], ours)
    if shut:
        post.forget(record.id, [line.pointer for line in shut], said.message_id)


def _countersigned(record: CoSignedRecord, said: Said) -> None:
    accepted = set(said.body["lines"])
    head = record.head()
    for line in lines(record.id):
        line.answer = Answer.ACCEPTED if line.line in accepted else Answer.LEFT_OUT
        if record.role == "home" and line.answer is Answer.ACCEPTED and line.member_id is not None:
            values = line.values()
            study.credit(
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


def _annul_proposed(record: CoSignedRecord, said: Said) -> None:
    record.annul_by = said.body["by"]
    _note(record, said)


def _note(record: CoSignedRecord, said: Said) -> None:
    """The words of the side that spoke; where our own word comes back as a decision they stand already."""
    record.words = said.values.get("/text", record.words)


def _kept(record: CoSignedRecord, said: Said) -> None:
    record.annul_by = ""
    _note(record, said)


def _annulled(record: CoSignedRecord, said: Said) -> None:
    """It stays, struck through, with what it said; its hours leave the files."""
    if record.role == "home":
        study.withdraw_credit(record.id)


def _remember_words(record: CoSignedRecord, said: Said) -> None:
    record.words = said.values.get("/text")


def _withdrawn(record: CoSignedRecord, said: Said) -> None:
    if not said.is_ours:
        record.words = said.values.get("/text")
    _purge(record, said)


def _lapsed(record: CoSignedRecord, said: Said) -> None:
    """Nobody answered. An offer is gone; a proposal to annul came to nothing, and the record stands as before."""
    if record.state in AGREED:
        record.annul_by, record.words = "", None
    else:
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
            "propose_annul": _check_proposal,
            "annul": _check_annul,
            "keep": _check_content,
        },
        effects={
            "offer": _take_in,
            "correct": _take_in,
            "countersign": _countersigned,
            "dispute": _disputed,
            "refuse": _refused,
            "withdraw": _withdrawn,
            "lapse": _lapsed,
            "propose_annul": _annul_proposed,
            "annul": _annulled,
            "keep": _kept,
        },
        suggests={
            "dispute": _mark_disputed,
            "refuse": _remember_words,
            "propose_annul": _remember_words,
            "keep": _remember_words,
        },
        dropped={"dispute": _undo_dispute},
        expires={"offer": lambda record: clock.now() + LAPSES_AFTER},
    )
)
