"""What the agreements between two counties let cross: one question, asked before anything is offered and at sealing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from web.core.errors import DomainError
from web.federation.agreements import service as agreements
from web.federation.messages import MESSAGES
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents import service as consents
from web.tenants.counties import service as counties


@dataclass(frozen=True)
class Way:
    """A direction under an agreement, as the agreements room asks for it: of an envelope only these two matter."""

    sender: UUID
    agreement: AgreementRef


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
    """Of the pointers a message type has under a scope, those the agreement lets the owner send."""
    way = cast(Any, Way(owner_uid, reference))
    return frozenset(
        p.path
        for p in MESSAGES[type_].pointers
        if p.scope == scope and post.HOOKS.is_granted(receiver_uid, way, scope, p.field)
    )


def may_cross(message: OutboxMessage, scope: str, pointer: str) -> bool:
    """At sealing: does the member's notice or consent still stand, and does the agreement still hold the field?"""
    if message.agreement_id is None or message.agreement_version is None or message.agreement_digest is None:
        return False
    row = MESSAGES[message.type].pointer(pointer)
    if row is None:
        return False
    if message.member_id is not None and not consents.stands(message.member_id, message.peer_uid, scope):
        return False
    way = Way(counties.own().uid, AgreementRef(message.agreement_id, message.agreement_version, message.agreement_digest))
    return post.HOOKS.is_granted(message.peer_uid, cast(Any, way), scope, row.field)
