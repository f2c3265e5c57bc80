"""What ends the requests that rest on it: the agreement, a version's grants, the referral, the member's yes or notice.

An open one is taken back and the other county purges it; of one that was done both destroy the content (`purging`).
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement

from web.core import events
from web.extensions import db
from web.federation.agreements.models import AgreementGrant
from web.federation.agreements.registers import AT_REST, PairEnded
from web.federation.agreements.taking_effect import GrantsChanged
from web.federation.pairs import Moved
from web.federation.referrals.models import OPEN as OPEN_REFERRALS
from web.federation.referrals.models import Referral
from web.federation.requests import purging, service
from web.federation.requests.models import OPEN, Request
from web.tenants.consents import service as consents
from web.tenants.counties import service as counties


@events.subscribe(PairEnded)
def _pair_ended(what: PairEnded) -> None:
    """What is open under the agreement ends with it."""
    service.take_back("协议已经到期", _is_open_under(what.agreement_id, what.partner_uid))


@events.subscribe(GrantsChanged)
def _grants_changed(what: GrantsChanged) -> None:
    """Another version took effect: what carries a value that may lie there no more is taken back whole."""
    own = counties.own().uid
    for owner, receiver, scope in sorted(what.changed, key=str):
        if owner == own:
            service.take_back("协议不再授权", Request.partner_uid == receiver, rests=partial(_is_withdrawn, scope))


def _is_withdrawn(scope: str, request: Request) -> bool:
    """Whether it carries a value under the scope that no agreement of the two grants; a pause takes nothing back."""
    given = request.values()
    rows = db.select(AgreementGrant.fields).where(
        AgreementGrant.owner_uid == counties.own().uid,
        AgreementGrant.receiver_uid == request.partner_uid,
        AgreementGrant.scope == scope,
    )
    granted = {name for names in db.session.scalars(rows) for name in names}
    return any(it.scope == scope and it.name in given and it.field not in granted for it in request.of_kind.asks)


@events.subscribe(Moved)
def _referral_moved(moved: Moved) -> None:
    """Whom it is about is no longer shared: what was told of him for it is taken back. What carries nothing may still be
    answered; what asks home to withdraw ends the referral itself.
    """
    if moved.kind == "referral" and moved.state not in set(OPEN_REFERRALS):
        service.take_back(
            "流动报到已经结束", Request.referral_id == moved.about_id,
            rests=lambda request: any(it.scope for it in request.of_kind.asks),
        )  # fmt: skip
        told = db.session.scalar(db.select(Referral.reason).where(Referral.id == moved.about_id))
        for request in purging.held(Request.referral_id == moved.about_id, Request.role == "asker"):
            if purging.rests_on(consents.NEEDS, "answers")(request):
                purging.purge(request, "notice_withdrawn" if told == "notice_withdrawn" else "referral_ended")


def _is_open_under(agreement_id: UUID, partner_uid: UUID) -> ColumnElement[bool]:
    return (Request.agreement_id == agreement_id) & (Request.partner_uid == partner_uid) & Request.state.in_(OPEN)


def _hinders(agreement_id: UUID, partner_uid: UUID) -> list[str]:
    """A pair is at rest when no request under its agreement is open."""
    query = db.select(Request.id).where(_is_open_under(agreement_id, partner_uid))
    return ["open_requests"] if db.session.scalar(query.limit(1)) else []


AT_REST.append(_hinders)


@events.subscribe(consents.ConsentWithdrawn)
def _consent_withdrawn(what: consents.ConsentWithdrawn) -> None:
    """The member's yes to one request is gone: an open one is taken back; of it, and of one that was done, both destroy the
    content. Where a notice is gone, what was answered, or asked, under it goes the same way.
    """
    service.take_back(service.NO_MORE, Request.id.in_(what.about_ids))
    for request in purging.held(Request.id.in_(what.about_ids)):
        purging.purge(request, "consent_withdrawn")
    for request in purging.held(Request.member_id == what.member_id, Request.partner_uid == what.partner_uid):
        if purging.rests_on(what.scopes, "asks" if request.role == "asker" else "answers")(request):
            purging.purge(request, "notice_withdrawn")
