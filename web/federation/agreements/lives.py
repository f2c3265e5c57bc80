"""The life of every agreement with one partner: versions, pauses, ends, what was due. Four queries, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.events import Event
from web.extensions import db
from web.federation.agreements.models import (
    Agreement,
    AgreementDuty,
    AgreementParty,
    AgreementVersion,
    VersionState,
)
from web.tenants.counties import service as counties

PAUSED = {
    "agreement.pause": True,
    "agreement.hear_pause": True,
    "agreement.resume": False,
    "agreement.hear_resume": False,
}


@dataclass(frozen=True)
class VersionHere:
    """One version. `starts_on`, `ends_on`: the first and the last day its text names; None while the text is on its way.
    `is_with`: its text names the partner.
    """

    version: int
    state: VersionState
    effective_on: date | None
    starts_on: date | None
    ends_on: date | None
    is_with: bool
    created_at: datetime

    @property
    def begins_on(self) -> date | None:
        """The day it took effect, or will."""
        return self.effective_on or self.starts_on


@dataclass(frozen=True)
class Pause:
    """A scope (or all) one of the two paused. `until` None while it stands."""

    is_ours: bool
    scope: str
    since: datetime
    until: datetime | None
    reason: str


@dataclass
class Life:
    """One agreement, its versions and duties oldest first. `ends`: whose notice (ours, theirs) names which first day
    without it; `ended_on`: the day our pair ended here.
    """

    agreement: Agreement
    ended_on: date | None = None
    ends: dict[str, date] = field(default_factory=dict)
    versions: list[VersionHere] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    duties: list[AgreementDuty] = field(default_factory=list)


def lives(partner_uid: UUID) -> list[Life]:
    """Of all agreements with this partner, the newest first."""
    own = counties.own().uid
    theirs = db.select(AgreementParty.agreement_id).where(AgreementParty.uid == partner_uid)
    query = (
        db.select(Agreement, AgreementParty)
        .join(
            AgreementParty,
            (AgreementParty.tenant_id == Agreement.tenant_id) & (AgreementParty.agreement_id == Agreement.id),
        )
        .where(Agreement.id.in_(theirs), AgreementParty.uid.in_([own, partner_uid]))
        .order_by(Agreement.created_at.desc())
    )
    found: dict[UUID, Life] = {}
    for agreement, party in db.session.execute(query):
        life = found.setdefault(agreement.id, Life(agreement))
        if party.leaves_on is not None:
            life.ends["ours" if party.uid == own else "theirs"] = party.leaves_on
        if party.uid == partner_uid:
            life.ended_on = party.ended_on
    if found:
        _versions(found, partner_uid)
        _pauses(found, partner_uid)
        duties = db.select(AgreementDuty).where(AgreementDuty.agreement_id.in_(list(found)))
        for row in db.session.scalars(duties.order_by(AgreementDuty.due_on, AgreementDuty.id)):
            found[row.agreement_id].duties.append(row)
        for life in found.values():
            if (end := life.ended_on) is not None:  # what came after is between the others
                life.pauses = [pause for pause in life.pauses if clock.day(pause.since) < end]
                life.duties = [duty for duty in life.duties if duty.due_on < end]
    return list(found.values())


def _versions(found: dict[UUID, Life], partner_uid: UUID) -> None:
    v = AgreementVersion
    days = [db.cast(v.text[name].astext, db.Date) for name in ("effective_from", "effective_to")]
    is_with = db.func.coalesce(v.text["parties"].contains([{"uid": str(partner_uid)}]), False)
    query = db.select(v.agreement_id, v.version, v.state, v.effective_on, *days, is_with, v.created_at)
    for id_, *said in db.session.execute(query.where(v.agreement_id.in_(list(found))).order_by(v.version)):
        found[id_].versions.append(VersionHere(*said))


def _pauses(found: dict[UUID, Life], partner_uid: UUID) -> None:
    """Out of the log: each pause with the resuming that ended it; what a third party paused is its own business."""
    query = db.select(Event).where(
        Event.subject_id.in_(list(found)), Event.verb.in_(list(PAUSED)), Event.peer.in_(["", str(partner_uid)])
    )
    open_: dict[tuple[Any, ...], Event] = {}
    for event in db.session.scalars(query.order_by(Event.id)):
        key = event.subject_id, event.peer, event.details["scope"]
        begun = open_.get(key)
        if PAUSED[event.verb]:
            open_.setdefault(key, event)
        elif begun is not None:
            del open_[key]
            _note(found, begun, event.at)
    for begun in open_.values():
        _note(found, begun, None)


def _note(found: dict[UUID, Life], begun: Event, until: datetime | None) -> None:
    assert begun.subject_id is not None
    pause = Pause(not begun.peer, begun.details["scope"], begun.at, until, begun.reason)
    found[begun.subject_id].pauses.append(pause)
