"""The verbs of an agreement in one list, what time says, and what other rooms ask: what covers this, is it granted.

Negotiating, sealing, and the registers of stops and progress each have their file. Every function that takes an id locks
the agreement's row.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from web.core import clock
from web.extensions import db
from web.federation.agreements import duties, following, hearing, hub, registers, standing
from web.federation.agreements.coverage import (
    covering,
    covering_text,
    grants,
    holds,
    in_force,
    is_active,
    is_granted,
    is_paused,
    paused_between,
    text_under,
)
from web.federation.agreements.meetings import answer_meeting, meeting, meetings, record_meeting
from web.federation.agreements.models import (
    VERSION,
    Agreement,
    AgreementParty,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.agreements.negotiating import (
    accept,
    add_party,
    amend,
    begin,
    counter,
    propose,
    reject,
    renew,
    revise,
    withdraw,
)
from web.federation.agreements.progress import note_progress, progress
from web.federation.agreements.reading import current, decisions, get, liaisons, role, said, texts_here, versions
from web.federation.agreements.sealing import approval, approve, rendered, seal
from web.federation.agreements.standing import parties
from web.federation.agreements.texts import granted as is_granted_by
from web.federation.post import service as post
from web.tenants.counties import service as counties


def can(agreement: Agreement) -> list[str]:
    """The verbs our side may say about the open version now."""
    version = standing.open_of(agreement)
    if version is None or agreement.pending or agreement.stopped:
        return []
    own = counties.own().uid
    allowed = VERSION.allowed(version.state, role(agreement))
    is_readable = version.text is not None and not version.fault
    hidden = set()
    if not is_readable:
        hidden |= {"accept", "counter", "seal", "complete"}
    if version.author_uid == own or str(own) in version.accepted_by:
        hidden |= {"accept"}
    if version.pdf_checked_at is None or own in {s.county_uid for s in hub.seal_rows(agreement, version)}:
        hidden |= {"seal", "complete"}
    return [verb for verb in allowed if verb not in hidden]


def leave(agreement_id: UUID, on: date, reason: str = "", successor: UUID | None = None) -> None:
    """We leave on that day (the first day out); a hub that leaves several behind names who numbers from now on."""
    registers.leave(get(agreement_id, lock=True), on, reason, successor)


def pause(agreement_id: UUID, scope: str, *, resume: bool = False, reason: str = "") -> None:
    """Our sharing under a scope stops at once, or goes on."""
    registers.pause(get(agreement_id, lock=True), scope, resume=resume, reason=reason)


def close(agreement_id: UUID, partner_uid: UUID) -> None:
    """Our word that between us and this partner nothing is open any more."""
    registers.close(get(agreement_id, lock=True), partner_uid)


def run_timers(limit: int = 200) -> int:
    """What time says in this county: take effect, lapse, end pairs, remind of what was due. One unit of work; returns how many moved."""
    moved = 0
    query = db.select(Agreement).where(Agreement.state.in_((AgreementState.PENDING, AgreementState.ACTIVE)), _has_due())
    own = counties.own().uid
    for agreement in db.session.scalars(query.order_by(Agreement.id).limit(limit).with_for_update(skip_locked=True)):
        moved += registers.run_due(agreement)
        version = standing.open_of(agreement)
        if version is not None and agreement.hub_uid == own and not agreement.stopped:
            moved += hub.take_effect_when_due(agreement, version) or hub.lapse_when_late(agreement, version)
    registers.tell_overdue()
    duties.fall_due()
    return moved


def _has_due() -> ColumnElement[bool]:
    """Has a day or a wait that is over by now? What moves is due no longer, so that every agreement has its turn."""
    today, of = clock.today(), AgreementVersion
    leaves = db.exists().where(
        AgreementParty.tenant_id == Agreement.tenant_id,
        AgreementParty.agreement_id == Agreement.id,
        AgreementParty.ended_on.is_(None),
        AgreementParty.leaves_on <= today,
    )
    waited = [
        and_(of.state == row.source, of.state_at <= clock.now() - row.timer)
        for row in VERSION.rows
        if row.timer is not None
    ]
    begins = and_(of.state == VersionState.SEALED, of.text["effective_from"].astext <= today.isoformat())
    ends = and_(of.state == VersionState.EFFECTIVE, of.text["effective_to"].astext < today.isoformat())
    decided = and_(Agreement.hub_uid == counties.own().uid, or_(begins, *waited))
    moves = db.exists().where(of.tenant_id == Agreement.tenant_id, of.agreement_id == Agreement.id, or_(ends, decided))
    return or_(leaves, moves)


post.HOOKS.hear["agreement"] = hearing.hear
post.HOOKS.refused["agreement"] = hearing.refused
post.HOOKS.is_active = is_active
post.HOOKS.is_granted = is_granted
post.HOOKS.catch_up = following.catch_up
post.HOOKS.lacking = hub.attach_missing

__all__ = [
    "accept",
    "add_party",
    "amend",
    "answer_meeting",
    "approval",
    "approve",
    "begin",
    "can",
    "close",
    "counter",
    "covering",
    "covering_text",
    "current",
    "decisions",
    "get",
    "grants",
    "holds",
    "in_force",
    "is_active",
    "is_granted",
    "is_granted_by",
    "is_paused",
    "leave",
    "liaisons",
    "meeting",
    "meetings",
    "note_progress",
    "parties",
    "pause",
    "paused_between",
    "progress",
    "propose",
    "record_meeting",
    "reject",
    "rendered",
    "renew",
    "revise",
    "role",
    "run_timers",
    "said",
    "seal",
    "text_under",
    "texts_here",
    "versions",
    "withdraw",
]  # fmt: skip
