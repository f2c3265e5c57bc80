"""Stops are registers, not states (FED/1 §1.7): each party's own word, numbered, applied at once in any state.

`leaves_on` is the first day its owner is out; `paused` names scopes. A pair ends on the earliest of both leaves and the
day after the text's last; the agreement winds down when our last pair ended, and is closed when both of each pair said so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast

from web.core import clock, events
from web.core.errors import Invalid, WrongState
from web.core.events import Event
from web.extensions import db
from web.federation import pairs
from web.federation.agreements import hub, standing, taking_effect
from web.federation.agreements.models import (
    AGREEMENT,
    Agreement,
    AgreementClosing,
    AgreementParty,
    AgreementState,
    VersionState,
)
from web.federation.post import service as post
from web.federation.wire.codes import WireError
from web.tenants.counties import service as counties


@dataclass(frozen=True)
class PairEnded:
    """Announced when the agreement between us and a partner is over: shares wind down, nothing new begins."""

    agreement_id: UUID
    partner_uid: UUID


# Later rooms say what is still open between us and a partner: (agreement id, partner) → codes of what hinders closing.
AT_REST: list[Callable[[UUID, UUID], list[str]]] = []


CLOSING = timedelta(days=30)
"""How long a pair may take to close: copies of the other county's data are kept so long after the agreement (DOMAIN §10)."""


def own_party(agreement: Agreement) -> AgreementParty:
    """Our row among the parties."""
    own = counties.own().uid
    return next(party for party in standing.parties(agreement) if party.uid == own)


def _tell(agreement: Agreement, to: list[UUID], type_: str, body: Mapping[str, Any], reason: str = "") -> None:
    for uid in to:
        post.send(uid, type_, agreement.id, body, {"/reason": reason} if reason else {})


def _others(agreement: Agreement) -> list[UUID]:
    own = counties.own().uid
    return [party.uid for party in standing.parties(agreement) if party.uid != own]


def successors(agreement: Agreement, on: date) -> list[AgreementParty]:
    """Who may take the hub's pen when we leave on that day: the parties that stay, if at least two of them do."""
    own = counties.own().uid
    staying = [p for p in standing.parties(agreement) if p.uid != own and standing.stays(p, on)]
    return staying if len(staying) > 1 else []


def leave(agreement: Agreement, on: date, reason: str = "", successor: UUID | None = None) -> None:
    """We leave on that day, told at once to every party; only ever earlier. Invalid before the notice is over, and
    when the hub leaves parties behind without naming who of them numbers from now on.
    """
    if agreement.state is not AgreementState.ACTIVE:
        raise WrongState("agreement_not_active")
    party, version = own_party(agreement), standing.effective_of(agreement)
    assert version is not None
    assert version.text is not None
    earliest = clock.today() + timedelta(days=int(version.text["notice_days"]))
    errors = {}
    if on < earliest:
        errors["on"] = "before_notice"
    elif party.leaves_on is not None and on >= party.leaves_on:
        errors["on"] = "only_earlier"
    heirs = [p.uid for p in successors(agreement, on)] if agreement.hub_uid == party.uid else []
    if heirs and successor not in heirs:
        errors["successor"] = "choose_one"
    if errors:
        raise Invalid(errors)
    _end_amendment(agreement, party, on)
    if heirs:
        assert successor is not None
        hub.succeed(agreement, successor)
    party.leaves_on, party.w = on, party.w + 1
    events.record("agreement.leave", agreement, reason=reason, details={"on": on.isoformat(), "w": party.w})
    body = {"w": party.w, "kind": "leaves_on", "on": on.isoformat()}
    body |= {"successor": str(successor)} if heirs else {}
    _tell(agreement, _others(agreement), "agreement.stop", body, reason)
    run_due(agreement)
    db.session.flush()


def pause(agreement: Agreement, scope: str, *, resume: bool = False, reason: str = "") -> None:
    """Our sharing under `scope` ("all" or one) stops at once, or goes on."""
    party = own_party(agreement)
    if (scope in party.paused) != resume:
        raise WrongState("not_paused" if resume else "already_paused")
    party.paused = sorted({*party.paused} - {scope} if resume else {*party.paused, scope})
    party.w += 1
    kind = "resume" if resume else "pause"
    events.record(f"agreement.{kind}", agreement, reason=reason, details={"scope": scope, "w": party.w})
    _tell(agreement, _others(agreement), "agreement.stop", {"w": party.w, "kind": kind, "scope": scope}, reason)
    db.session.flush()
    events.announce(pairs.Moved("agreement", agreement.id, kind, agreement.state, party.uid, True))


def pauses(agreement: Agreement) -> list[tuple[UUID, str, datetime, str]]:
    """(party, scope, since, reason) of every pause that stands, from the log."""
    verbs_ = ("agreement.pause", "agreement.hear_pause")
    query = db.select(Event).where(Event.subject_id == agreement.id, Event.verb.in_(verbs_)).order_by(Event.id)
    own = counties.own().uid
    said = {(UUID(e.peer) if e.peer else own, e.details["scope"]): e for e in db.session.scalars(query)}
    return [
        (party.uid, scope, said[party.uid, scope].at, said[party.uid, scope].reason)
        for party in standing.parties(agreement)
        for scope in party.paused
        if (party.uid, scope) in said
    ]


def hear_stop(agreement: Agreement, party: AgreementParty, body: Mapping[str, Any], reason: str) -> None:
    """A party's numbered word: ignored when not newer, applied at once otherwise, never refused."""
    if body["w"] <= party.w:
        return
    party.w = body["w"]
    if body["kind"] == "leaves_on":
        on = date.fromisoformat(body["on"])
        party.leaves_on = min(on, party.leaves_on) if party.leaves_on else on
        _end_amendment(agreement, party, party.leaves_on)
    elif body["kind"] == "pause":
        party.paused = sorted({*party.paused, body["scope"]})
    else:
        party.paused = sorted({*party.paused} - {body["scope"]})
    events.record(f"agreement.hear_{body['kind']}", agreement, reason=reason, details=dict(body), peer=str(party.uid))
    run_due(agreement)
    own = counties.own().uid
    events.announce(pairs.Moved("agreement", agreement.id, body["kind"], agreement.state, party.uid, party.uid == own))
    db.session.flush()


@events.subscribe(taking_effect.PartiesJoined)
def _joined(what: taking_effect.PartiesJoined) -> None:
    """A newcomer heard nothing of what was said before it came: our pauses and our leaving, as they stand, once more."""
    agreement = standing.find(what.agreement_id)
    assert agreement is not None
    party = own_party(agreement)
    said = [({"kind": "pause", "scope": scope}, why) for uid, scope, _, why in pauses(agreement) if uid == party.uid]
    if party.leaves_on is not None:
        said.append(({"kind": "leaves_on", "on": party.leaves_on.isoformat()}, ""))
    for body, why in said:
        party.w += 1
        to = [uid for uid in what.uids if uid != party.uid]
        _tell(agreement, to, "agreement.stop", {"w": party.w, **body}, why)
    db.session.flush()


def _end_amendment(agreement: Agreement, leaver: AgreementParty | None = None, on: date | None = None) -> None:
    """The anchor, on making or applying `leaves_on` and at the end of all, ends an open amendment by a numbered decision;
    nobody else does. A sealed one is void where it begins when one of its parties is out: it would bind that party again.
    """
    version = standing.open_of(agreement)
    if agreement.hub_uid != counties.own().uid or version is None:
        return
    if version.state is VersionState.DRAFT:
        hub.drop_draft(agreement, version)
    elif version.state in (VersionState.PROPOSED, VersionState.AGREED):
        hub.decide(agreement, version, "withdraw")
    elif (
        leaver is not None
        and on is not None
        and version.text is not None
        and str(leaver.uid) in _named(version.text)
        and on <= date.fromisoformat(version.text["effective_from"])
    ):
        hub.decide(agreement, version, "void")


def ends_on(agreement: Agreement, partner: AgreementParty, own: AgreementParty) -> date | None:
    """The first day our pair with a partner is out of force; None before the agreement took effect."""
    leaves = [p.leaves_on for p in (partner, own) if p.leaves_on is not None]
    return end_of(standing.texts_in_turn(agreement), partner.uid, leaves)


def end_of(in_turn: Sequence[Mapping[str, Any]], partner_uid: UUID, leaves: Sequence[date]) -> date | None:
    """The same of the text in effect and the sealed one after it, and the days on which either of the pair leaves."""
    end = None
    for text in in_turn:
        # A sealed next version that begins before the one in effect ends: the pair goes on without a gap.
        if end is None or (date.fromisoformat(text["effective_from"]) <= end and str(partner_uid) in _named(text)):
            end = max(end or date.min, date.fromisoformat(text["effective_to"]) + timedelta(days=1))
    return None if end is None else min([end, *leaves])


def _named(text: Mapping[str, Any]) -> set[str]:
    return {party["uid"] for party in text["parties"]}


def run_due(agreement: Agreement) -> bool:
    """What the calendar says: pairs end, then the agreement winds down. True if something moved."""
    if agreement.state is not AgreementState.ACTIVE:
        return False
    own = own_party(agreement)
    moved = False
    others = [party for party in standing.parties(agreement) if party.uid != own.uid]
    for party in others:
        end = ends_on(agreement, party, own)
        if party.ended_on is None and end is not None and end <= clock.today():
            party.ended_on, moved = end, True
            events.record("agreement.end_pair", agreement, details={"on": end.isoformat()}, peer=str(party.uid))
            db.session.flush()
            events.announce(PairEnded(agreement.id, party.uid))
    if all(party.ended_on is not None for party in others):
        AGREEMENT.apply(agreement, "wind_down")
        agreement.state_at = clock.now()
        moved = True
        # What is still on the table could be sealed, and would never be in force: it ends with the agreement.
        _end_amendment(agreement)
        version = standing.open_of(agreement)
        if version is not None and agreement.hub_uid == own.uid:
            hub.void_when_over(agreement, version)
    db.session.flush()
    return moved


def close(agreement: Agreement, partner_uid: UUID) -> None:
    """Our word that between us and this partner all is at rest and purged. WrongState with what still hinders it."""
    own = own_party(agreement)
    partner = next((p for p in standing.parties(agreement) if p.uid == partner_uid), None)
    if partner is None or partner.ended_on is None or partner_uid == own.uid:
        raise WrongState("pair_not_over")
    if _closing(agreement, own.uid, partner_uid) is not None:
        raise WrongState("closed_already")
    hindered = [code for ask in AT_REST for code in ask(agreement.id, partner_uid)]
    if hindered:
        raise WrongState("still_open", what=hindered)
    own.w += 1
    today = clock.today()
    db.session.add(AgreementClosing(agreement_id=agreement.id, by_uid=own.uid, with_uid=partner_uid, w=own.w, on=today))
    events.record("agreement.close_pair", agreement, details={"with": str(partner_uid)})
    pair = sorted([str(own.uid), str(partner_uid)])
    _tell(agreement, [partner_uid], "agreement.closed", {"w": own.w, "pair": pair, "on": today.isoformat()})
    _close_when_all(agreement)


def hear_closed(agreement: Agreement, party: AgreementParty, body: Mapping[str, Any]) -> None:
    """A partner's word on our pair."""
    own = counties.own().uid
    if body["pair"] != sorted([str(own), str(party.uid)]):
        raise WireError("malformed", where="envelope/body/pair")
    if body["w"] <= party.w:
        return
    party.w = body["w"]
    if _closing(agreement, party.uid, own) is None:
        on = date.fromisoformat(body["on"])
        db.session.add(AgreementClosing(agreement_id=agreement.id, by_uid=party.uid, with_uid=own, w=party.w, on=on))
        events.record("agreement.hear_closed", agreement, peer=str(party.uid))
    _close_when_all(agreement)


def close_by(party: AgreementParty) -> date | None:
    """The day by which both of us should have closed our pair with this partner; None while it goes on."""
    return party.ended_on + CLOSING if party.ended_on is not None else None


def tell_overdue() -> int:
    """Write of each pair that is not closed by both in time, once, so that it is told as a notice; returns how many."""
    own, verb = counties.own().uid, "agreement.closing_overdue"
    said = (AgreementClosing.tenant_id == AgreementParty.tenant_id) & (
        AgreementClosing.agreement_id == AgreementParty.agreement_id
    )
    ours = db.exists().where(said, AgreementClosing.by_uid == own, AgreementClosing.with_uid == AgreementParty.uid)
    theirs = db.exists().where(said, AgreementClosing.by_uid == AgreementParty.uid, AgreementClosing.with_uid == own)
    query = (
        db.select(Agreement, AgreementParty)
        .join(
            AgreementParty,
            (AgreementParty.tenant_id == Agreement.tenant_id) & (AgreementParty.agreement_id == Agreement.id),
        )
        .where(
            Agreement.state.in_((AgreementState.ACTIVE, AgreementState.WINDING_DOWN)),
            AgreementParty.uid != own,
            AgreementParty.ended_on < clock.today() - CLOSING,
            ~(ours & theirs),
            ~events.happened(verb, Agreement.id, AgreementParty.ended_on, **{"with": cast(AgreementParty.uid, String)}),
        )
    )
    late = db.session.execute(query.order_by(Agreement.id, AgreementParty.place)).all()
    for agreement, party in late:
        due = close_by(party)
        assert due is not None
        events.record(verb, agreement, details={"with": str(party.uid), "name": party.name, "on": due.isoformat()})
    db.session.flush()
    return len(late)


def _closing(agreement: Agreement, by: UUID, with_: UUID) -> AgreementClosing | None:
    query = db.select(AgreementClosing).where(
        AgreementClosing.agreement_id == agreement.id,
        AgreementClosing.by_uid == by,
        AgreementClosing.with_uid == with_,
    )
    return db.session.scalars(query).first()


def closings(agreement: Agreement) -> list[AgreementClosing]:
    """Every word of closing here."""
    return list(db.session.scalars(db.select(AgreementClosing).where(AgreementClosing.agreement_id == agreement.id)))


def _close_when_all(agreement: Agreement) -> None:
    db.session.flush()
    own = counties.own().uid
    said = {(row.by_uid, row.with_uid) for row in closings(agreement)}
    others = _others(agreement)
    is_over = all((own, uid) in said and (uid, own) in said for uid in others)
    if agreement.state is AgreementState.WINDING_DOWN and is_over:
        AGREEMENT.apply(agreement, "close")
        agreement.state_at = clock.now()
        db.session.flush()
