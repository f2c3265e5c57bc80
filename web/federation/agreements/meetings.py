"""Review meetings: recorded by one party, told to every other, confirmed by them. What stands closes the duty on each side.

A register's word like a progress: numbered by its owner, never refused. Day and way stand in the body, the words beside
them are disclosures. Who took part is said by posts: a meeting is of two offices, not of persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation import admission, pairs
from web.federation.agreements import registers, standing
from web.federation.agreements.models import Agreement, AgreementMeeting, AgreementParty, AgreementState
from web.federation.agreements.reading import get
from web.federation.post import service as post

WORDS = ("place", "present", "conclusion")


def record_meeting(
    agreement_id: UUID,
    held_on: date,
    way: str,
    words: Mapping[str, str],
    reviewed: Sequence[tuple[str, str]] = (),
    next_on: date | None = None,
) -> AgreementMeeting:
    """What a meeting was, by the party that says it first; every other party is asked to confirm. `words`: place, present,
    conclusion. Invalid for a day to come, one before the agreement, or a next day that is not after it.
    """
    agreement = get(agreement_id, lock=True)
    version = standing.effective_of(agreement)
    if agreement.state is not AgreementState.ACTIVE or version is None or version.text is None:
        raise WrongState("agreement_not_active")
    errors = {name: "required" for name in WORDS if not words.get(name, "").strip()}
    if held_on > clock.today():
        errors["held_on"] = "in_the_future"
    elif held_on < min(date.fromisoformat(text["effective_from"]) for text in standing.texts_in_turn(agreement)):
        errors["held_on"] = "before_agreement"
    if next_on is not None and next_on <= held_on:
        errors["next_on"] = "not_after_meeting"
    if errors:
        raise Invalid(errors)
    lines = {name: "\n".join(words[name].split("\r\n")).strip() for name in WORDS}
    own = registers.own_party(agreement)
    row = AgreementMeeting(
        id=uuid7(), agreement_id=agreement.id, by_uid=own.uid, held_on=held_on, way=way, next_on=next_on,
        said={**lines, "reviewed": [list(point) for point in reviewed]}, answers={}, is_waiting=False, at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    values: dict[str, Any] = {f"/{name}": said for name, said in lines.items()}
    values |= {f"/reviewed/{no}": list(point) for no, point in enumerate(reviewed)}
    more = {"next_on": next_on.isoformat()} if next_on is not None else {}
    _tell(agreement, own, row, {"kind": "record", "way": way, "on": held_on.isoformat(), **more}, values)
    events.record("agreement.record_meeting", agreement, details={"on": held_on.isoformat()})
    db.session.flush()
    return row


def answer_meeting(agreement_id: UUID, meeting_id: UUID, reason: str = "") -> AgreementMeeting:
    """We were there and it was so, or `reason` says what is wrong. NotFound when nothing waits for our answer."""
    agreement = get(agreement_id, lock=True)
    row = meeting(agreement, meeting_id)
    if not row.is_waiting:
        raise NotFound()
    own, kind = registers.own_party(agreement), "dispute" if reason else "confirm"
    row.is_waiting = False
    _answer(row, own.uid, clock.today(), reason)
    body = {"kind": kind, "on": clock.today().isoformat()}
    _tell(agreement, own, row, body, {"/reason": reason} if reason else {})
    events.record(f"agreement.{kind}_meeting", agreement, reason=reason, details={"on": row.held_on.isoformat()})
    db.session.flush()
    events.announce(pairs.Moved("agreement", agreement.id, "confirm_meeting", agreement.state, own.uid, True))
    return row


def hear(agreement: Agreement, party: AgreementParty, body: Mapping[str, Any], admitted: admission.Admitted) -> None:
    """A party's word; ignored when not newer, about a meeting nobody recorded, or recorded twice."""
    if body["w"] <= party.w:
        return
    party.w = body["w"]
    found = db.session.get(AgreementMeeting, (agreement.tenant_id, UUID(body["meeting"])))
    on, kind = date.fromisoformat(body["on"]), body["kind"]
    if kind == "record":
        if found is not None:
            return
        said: dict[str, Any] = {name: str(admitted.get(f"/{name}") or "") for name in WORDS}
        said["reviewed"] = [admitted.values[path] for path in _reviewed(admitted)]
        next_on = date.fromisoformat(body["next_on"]) if "next_on" in body else None
        db.session.add(
            AgreementMeeting(
                id=UUID(body["meeting"]), agreement_id=agreement.id, by_uid=party.uid, held_on=on, way=body["way"],
                next_on=next_on, said=said, answers={}, is_waiting=True, at=clock.now(),
            )
        )  # fmt: skip
    else:
        if (
            found is None
            or found.agreement_id != agreement.id
            or party.uid == found.by_uid
            or str(party.uid) in found.answers
        ):
            return
        _answer(found, party.uid, on, str(admitted.get("/reason") or "…") if kind == "dispute" else "")
    events.record(f"agreement.hear_{kind}_meeting", agreement, peer=str(party.uid), details={"on": on.isoformat()})
    db.session.flush()
    events.announce(pairs.Moved("agreement", agreement.id, "confirm_meeting", agreement.state, party.uid, False))


def _reviewed(admitted: admission.Admitted) -> list[str]:
    paths = [path for path in admitted.values if path.startswith("/reviewed/")]
    return sorted(paths, key=lambda path: int(path.rpartition("/")[2]))


def _answer(row: AgreementMeeting, uid: UUID, on: date, reason: str) -> None:
    row.answers = {**row.answers, str(uid): {"on": on.isoformat(), "reason": reason}}


def _tell(
    agreement: Agreement, own: AgreementParty, row: AgreementMeeting, body: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    own.w += 1
    for party in standing.parties(agreement):
        if party.uid != own.uid and standing.stays(party, clock.today()):
            post.send(
                party.uid, "agreement.meeting", agreement.id, {"w": own.w, "meeting": str(row.id), **body}, values
            )


def meeting(agreement: Agreement, meeting_id: UUID) -> AgreementMeeting:
    """NotFound when it is none of this agreement."""
    row = db.session.get(AgreementMeeting, (agreement.tenant_id, meeting_id))
    if row is None or row.agreement_id != agreement.id:
        raise NotFound()
    return row


def meetings(agreement_id: UUID) -> list[AgreementMeeting]:
    """Of this agreement, newest first."""
    query = db.select(AgreementMeeting).where(AgreementMeeting.agreement_id == agreement_id)
    return list(db.session.scalars(query.order_by(AgreementMeeting.held_on.desc(), AgreementMeeting.id.desc())))
