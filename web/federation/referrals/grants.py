"""What the agreements between two counties let cross: one question, asked before anything is offered and at sealing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from web.core import events
from web.core.errors import DomainError
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.messages import MESSAGES, Scope
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents import service as consents
from web.tenants.counties import service as counties


def covering(scope: str, *, owner_uid: UUID, receiver_uid: UUID) -> AgreementRef:
    """The agreement under which the owner may send this scope. DomainError when there is none, or not this scope."""
    partner = receiver_uid if owner_uid == counties.own().uid else owner_uid
    return agreements.covering(partner, scope, owner_uid=owner_uid, receiver_uid=receiver_uid)


def covers(scope: str, *, owner_uid: UUID, receiver_uid: UUID) -> AgreementRef | None:
    """The same, None in place of a refusal."""
    try:
        return covering(scope, owner_uid=owner_uid, receiver_uid=receiver_uid)
    except DomainError:
        return None


def granted(type_: str, scope: str, reference: AgreementRef, *, owner_uid: UUID, receiver_uid: UUID) -> frozenset[str]:
    """Of the pointers a message type has under a scope, those the agreement lets the owner send: one query."""
    text = agreements.text_under(reference)
    return (
        frozenset() if text is None else granted_by(text, type_, scope, owner_uid=owner_uid, receiver_uid=receiver_uid)
    )


def granted_by(text: dict[str, Any], type_: str, scope: str, *, owner_uid: UUID, receiver_uid: UUID) -> frozenset[str]:
    """The same of a text at hand."""
    return frozenset(
        p.path
        for p in MESSAGES[type_].pointers
        if p.scope == scope and agreements.is_granted_by(text, owner_uid, receiver_uid, scope, p.field)
    )


def may_cross(message: OutboxMessage, scope: str, pointer: str) -> bool:
    """At sealing: does the member's notice or consent still stand, and does the agreement still hold the field?"""
    if message.agreement_id is None or message.agreement_version is None or message.agreement_digest is None:
        return False
    row = MESSAGES[message.type].pointer(pointer)
    if row is None:
        return False
    if message.member_id is not None and not consents.stands(
        message.member_id, message.peer_uid, scope, message.about_id
    ):
        return False
    # A handover itself runs on through a pause; whatever else is sealed now, also the news of participation that follows
    # one, stays shut while either paused its scope.
    is_handover = message.type.startswith("handover.") and scope == Scope.TRANSFER
    if not is_handover and agreements.is_paused(message.agreement_id, message.peer_uid, scope):
        return False
    under = AgreementRef(message.agreement_id, message.agreement_version, message.agreement_digest)
    return agreements.holds(under, counties.own().uid, message.peer_uid, scope, row.field)


@events.subscribe(consents.ConsentWithdrawn)
def _withhold_what_waits(what: consents.ConsentWithdrawn) -> None:
    """What was sealed before and has no receipt yet goes without these values from now on, as what is sealed later does: all
    but the envelope is made anew at each send. What requests carry they take back themselves.
    """
    waiting = db.select(OutboxMessage.id).where(
        OutboxMessage.member_id == what.member_id,
        OutboxMessage.peer_uid == what.partner_uid,
        OutboxMessage.receipt.is_(None),
        OutboxMessage.type.not_like("request.%"),
    )
    query = db.select(StoredDisclosure).where(
        StoredDisclosure.message_id.in_(waiting), StoredDisclosure.scope.in_(what.scopes)
    )
    for row in db.session.scalars(query):
        row.is_withheld = True
    db.session.flush()
