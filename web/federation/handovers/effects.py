"""What each verb of a handover checks and does, at either county. `kind.KIND` lists them by verb.

`handover.role` tells whose copy it is; `said.is_ours` whose word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import events, vault
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation import admission
from web.federation.handovers import packet
from web.federation.handovers.models import HANDOVER, OPEN, Handover, HandoverState
from web.federation.pairs import Said
from web.federation.referrals.models import Referral
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.activities import study
from web.tenants.activities.models import Presence, StudyRecord
from web.tenants.consents import service as consents
from web.tenants.counties import service as counties
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation

SCOPE = "S4"
S = HandoverState


def held(handover: Handover) -> UUID:
    """The member it is about. WrongState while none was chosen."""
    if handover.member_id is None:
        raise WrongState("illegal_transition", machine=HANDOVER.name, state=handover.state.value, verb="")
    return handover.member_id


def keep_text(handover: Handover, text: str) -> None:
    """The words said beside a reason."""
    if text.strip():
        handover.keep(text=text.strip())


# Openings


def opens(envelope: Envelope, admitted: admission.Admitted) -> Handover:
    """Home's request makes us host; the host's ask makes us home."""
    if envelope.type == "handover.ask":
        return Handover(role="home", begun_by="host", returned_fields=[])
    if envelope.n is None:
        raise WireError("illegal_transition", verb="request")  # only home requests, and numbers it
    return Handover(role="host", begun_by="home", returned_fields=[])


def demand_none_open(handover: Handover, person: Mapping[str, Any], *more: Any) -> None:
    """WrongState `already_open`: the same person between the same two counties, in either direction.

    An ask of ours that home did not number yet does not count against home's own request: the two crossed, and home
    refuses the ask as this very rule demands.
    """
    same = list(more)
    if "birth_on" in person and "name" in person:
        same.append(Handover.person_blind == packet.person_blind(person))
    if handover.member_id is not None:
        same.append(Handover.member_id == handover.member_id)
    if handover.referral_id is not None:
        same.append(Handover.referral_id == handover.referral_id)
    if not same:
        return
    taken = db.select(Handover.id).where(
        Handover.partner_uid == handover.partner_uid,
        Handover.state.in_(OPEN),
        Handover.id != handover.id,
        db.or_(*same),
    )
    if handover.role == "host" and handover.begun_by == "home":
        taken = taken.where(Handover.n > 0)
    if db.session.scalar(taken.limit(1)) is not None:
        raise WrongState("already_open")


def check_request(handover: Handover, said: Said) -> None:
    """At both sides: none open for the same person; at home, that the member is held and applied."""
    if handover.role == "home":
        demand_ready(handover)
    demand_none_open(handover, packet.named(said.values))


def check_ask(handover: Handover, said: Said) -> None:
    """At both sides: none open for the same person. Home looks who is meant only when a person answers."""
    demand_none_open(handover, packet.named(said.values))


def check_accept(handover: Handover, said: Said) -> None:
    """Home says yes to an ask: it holds the member chosen, and no other handover of him to that county is open."""
    if handover.state is S.ASKED:
        demand_ready(handover)
        demand_none_open(handover, {})


def check_release(handover: Handover, said: Said) -> None:
    """Another handover of this member in transit holds the row."""
    demand_ready(handover)


def demand_ready(handover: Handover) -> None:
    """The member is ours, nothing holds the row, and the application stands."""
    member = members.get(held(handover), lock=True)
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    if not consents.stands(member.id, handover.partner_uid, SCOPE):
        raise WrongState("application_missing")


def check_said_by_nobody(handover: Handover, said: Said) -> None:
    """The flip follows a take-over by itself."""
    raise WrongState("illegal_transition", machine=HANDOVER.name, state=handover.state.value, verb=said.verb)


def requested(handover: Handover, said: Said) -> None:
    """First said, or said again after mending."""
    handover.returned_fields, handover.reason = [], ""
    if handover.role == "host":
        _note_person(handover, said)


def asked(handover: Handover, said: Said) -> None:
    """The same the other way. Which member is meant is known for sure only by what we two already share."""
    handover.returned_fields, handover.reason = [], ""
    if handover.role == "home":
        _note_person(handover, said)
        handover.applied_on, handover.applied_how = date.fromisoformat(said.body["applied_on"]), said.body["how"]
        member = _meant_by(handover)
        if member is not None:
            handover.member_id, handover.branch_id = member.id, member.branch_id


def _note_person(handover: Handover, said: Said) -> None:
    person = packet.named(said.values)
    handover.keep(**person, text=None)
    if "name" in person and "birth_on" in person:
        handover.person_blind = packet.person_blind(person)
    for name in ("referral", "reverses"):
        if name in said.body:
            setattr(handover, {"referral": "referral_id"}.get(name, name), UUID(said.body[name]))


def _meant_by(handover: Handover) -> Member | None:
    """At home: the member of the referral named, or of the closed handover to be taken back."""
    found = None
    if handover.referral_id is not None:
        query = db.select(Referral.member_id).where(
            Referral.id == handover.referral_id, Referral.role == "home", Referral.partner_uid == handover.partner_uid
        )
        found = db.session.scalar(query)
    if found is None and (before := taken_back(handover, "host")) is not None:
        found = before.member_id
    member = members.get(found) if found is not None else None
    return member if member is not None and member.relation is Relation.HELD else None


def taken_back(handover: Handover, role: str) -> Handover | None:
    """The closed handover with the same county that this one reverses, in which we were `role`."""
    if handover.reverses is None:
        return None
    query = db.select(Handover).where(
        Handover.id == handover.reverses,
        Handover.partner_uid == handover.partner_uid,
        Handover.role == role,
        Handover.state == S.CLOSED,
    )
    found: Handover | None = db.session.scalars(query).first()
    return found


# Answers


def returned(handover: Handover, said: Said) -> None:
    """Which fields to mend, and words."""
    handover.returned_fields = list(said.body["fields"])
    keep_text(handover, said.values.get("/text", ""))


def ended_for_a_reason(handover: Handover, said: Said) -> None:
    """Refused, declined, recalled, cancelled."""
    handover.reason = said.body.get("reason", "")
    keep_text(handover, said.values.get("/text", ""))


def released(handover: Handover, said: Said) -> None:
    """The letter is out: home freezes the row, the host keeps what the letter says."""
    if handover.role == "home":
        members.freeze(members.get(held(handover), lock=True), handover.id)
        return
    handover.keep(**packet.named(said.values))
    handover.issued_on = date.fromisoformat(said.body["issued_on"])
    days = said.values.get("/valid_days", counties.settings().letter_valid_days)
    handover.valid_until = handover.issued_on + timedelta(days=days)


# The host's row


def assign(handover: Handover, said: Said) -> None:
    """The host's row for the time being: not a member of ours until home confirms.

    Whoever comes back has a record here. It stays history until then, and is not doubled.
    """
    assert handover.branch_id is not None
    handover.received_on = date.fromisoformat(said.body["on"])
    before = taken_back(handover, "home")
    old = members.get(before.member_id) if before is not None and before.member_id is not None else None
    if old is not None and old.relation is Relation.TRANSFERRED:
        handover.member_id = old.id
        return
    given = packet.as_member(handover.values())
    handover.member_id = members.enroll(handover.branch_id, relation=Relation.PROVISIONAL, **given).id


def unassign(handover: Handover, code: str = "") -> None:
    """The row that will not be confirmed goes, and its key with it, so that its history holds no values either."""
    handover.received_on = None
    if handover.role != "host" or handover.member_id is None:
        return
    member = members.get(handover.member_id, lock=True)
    handover.member_id = handover.branch_id = None
    if handover.packet is not None and handover.values():
        handover.keep(receipt=None)
    db.session.flush()
    if member.relation is not Relation.PROVISIONAL:
        return
    events.record("member.withdraw", member, reason=code)
    db.session.delete(member)
    db.session.flush()
    vault.destroy(member.id)


def receipt_in(handover: Handover, said: Said) -> None:
    """The host's receipt, filed at home."""
    handover.received_on = date.fromisoformat(said.body["on"])
    handover.keep(receipt=packet.named(said.values))


# The flip


def confirmed(handover: Handover, said: Said) -> None:
    """The only flip: home lets go, the host's row becomes a member, or one again.

    The away episode ends as transferred in this decision, and with it every referral and every share under it, with
    whatever county they are.
    """
    member = members.get(held(handover), lock=True)
    if handover.role == "host":
        given = said.values.get("/id_number")
        number = given if given and citizen_id.is_valid(given) else None
        if member.relation is Relation.TRANSFERRED:
            assert handover.branch_id is not None
            members.reopen(member, handover.branch_id, packet.known(handover.values()), number)
        else:
            members.settle(member, number)
        return
    members.become_history(member)
    flow = flows.current(member.id, lock=True)
    if flow is not None:
        flows.end(flow, FlowEnd.TRANSFERRED, reason="handover")


def confirm_with(handover: Handover, said: Said) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the confirmation carries: the identity number alone."""
    member = members.get(held(handover))
    assert member.id_number is not None, "release demands a number, and the row was frozen since"
    return {}, {"/id_number": member.id_number}


# News about what is closed


def forwarded(handover: Handover, said: Said) -> None:
    """At the host: study from before the confirmation, countersigned by the old home since, into the member's file."""
    presence, minutes = said.values.get("/presence"), said.values.get("/study_minutes")
    if handover.role != "host" or handover.member_id is None or presence is None or minutes is None:
        return
    record, recorder = UUID(said.body["record"]), UUID(said.body["recorder"])
    is_there = db.select(StudyRecord.id).where(
        StudyRecord.member_id == handover.member_id, StudyRecord.cosign_id == record
    )
    if db.session.scalar(is_there) is not None:
        return
    study.credit(
        handover.member_id,
        record,
        title=said.values.get("/title", ""),
        held_on=date.fromisoformat(said.body["held_on"]),
        presence=Presence(presence),
        minutes=minutes,
        partner_uid=handover.partner_uid if recorder == counties.own().uid else recorder,
    )


def demand_words(reason: str, text: str) -> None:
    """`other` needs words."""
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
