"""The lists of requests, received and sent: one query a page, narrowed to the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_

from web.core import vault
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.federation.post.models import Peer
from web.federation.referrals import lists as referrals
from web.federation.referrals import packets
from web.federation.referrals.models import SharedMember
from web.federation.request_kinds import REQUEST_KINDS
from web.federation.requests.models import DONE, OPEN, Request, RequestState
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member
from web.tenants.workbench import queues

S = RequestState
OURS = and_(Request.role == "asked", Request.state.in_(OPEN), Request.pending == "", Request.stopped == "")


class Part(StrEnum):
    """The tabs of the list."""

    TO_DO = "to_do"
    SENT = "sent"
    RECEIVED = "received"
    OVER = "over"


WHERE: dict[Part, ColumnElement[bool]] = {
    Part.TO_DO: OURS,
    Part.SENT: and_(Request.role == "asker", Request.state.in_(OPEN)),
    Part.RECEIVED: and_(Request.role == "asked", Request.state.in_(OPEN)),
    Part.OVER: Request.state.not_in(OPEN),
}


Where = Sequence[ColumnElement[bool]]
"""Conditions on a request that narrow a list."""


@dataclass(frozen=True)
class Row:
    """One request. `name`: whom it is about, as this county knows the person; empty once purged."""

    request: Request
    partner: str
    name: str
    labels: Sequence[Mark] = ()


@dataclass(frozen=True)
class Page:
    """Last moved first. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: list[Row]
    before: str
    after: str


ORDER = Order((Request.state_at, Request.id), (datetime.fromisoformat, UUID), is_falling=True)
_NEWEST = Order((Request.id,), (UUID,), is_falling=True)


def ids(actor: Actor) -> Select[Any]:
    """Ids of the requests this actor may see, for a condition."""
    return _narrowed(db.select(Request.id), actor)


def _narrowed(statement: Select[Any], actor: Actor) -> Select[Any]:
    if actor.role in WHOLE_COUNTY:
        return statement
    return statement.where(Request.referral_id.in_(referrals.ids(actor)))


def _select(actor: Actor, *where: ColumnElement[bool]) -> Select[Any]:
    statement = _joined(db.select(Request, Peer.name, Member.name, SharedMember)).where(*where)
    return _narrowed(labels.beside(vault.beside(statement, SharedMember.id), Request.id), actor)


def _joined(statement: Select[Any]) -> Select[Any]:
    """With the partner, and with whom it is about: our own member, or the partner's as shared."""
    return (
        statement.join(Peer, (Peer.tenant_id == Request.tenant_id) & (Peer.uid == Request.partner_uid))
        .outerjoin(Member, (Member.tenant_id == Request.tenant_id) & (Member.id == Request.member_id))
        .outerjoin(
            SharedMember, (SharedMember.tenant_id == Request.tenant_id) & (SharedMember.id == Request.referral_id)
        )
    )


def _rows(found: Sequence[Any]) -> list[Row]:
    rows = []
    for each in found:
        request, partner, own, copy, key, *_ = each
        if copy is not None:
            vault.have(copy.id, key)
        name = own or ("" if key is None else str(packets.opened(copy).get("/name", "")))
        rows.append(Row(request, partner, name, labels.of(each)))
    return rows


def some(actor: Actor, *where: ColumnElement[bool], after: str = "", before: str = "", size: int = 50) -> Page:
    """Those a condition leaves of what this actor may see, the newest first: one query."""
    cut = _NEWEST.cut(_select(actor, *where), size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def get(request_id: UUID, actor: Actor) -> Row:
    """NotFound when it is absent, another county's, or outside the actor's part."""
    rows = _rows(db.session.execute(_select(actor, Request.id == request_id)).all())
    if not rows:
        raise NotFound()
    return rows[0]


def page(part: Part, actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = 50) -> Page:
    """One page of one tab: one query, the keys of the names with it."""
    statement = _select(actor, WHERE[part], *where)
    cut = ORDER.cut(statement, size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def counts(actor: Actor, where: Where = ()) -> dict[Part, int]:
    """How many each tab holds under these conditions: one query."""
    figures = [func.count().filter(condition).label(name) for name, condition in WHERE.items()]
    counted = _narrowed(db.select(*figures).select_from(Request).where(*where), actor)
    row = db.session.execute(counted).mappings().one()
    return {name: int(row[name]) for name in WHERE}


def our_turn(actor: Actor) -> Select[Any]:
    """How many wait for us: for the navigation."""
    return _narrowed(db.select(func.count()).select_from(Request).where(OURS), actor)


def waiting(actor: Actor) -> Select[Any]:
    """What waits for us, for home."""
    waits = queues.columns(
        Request.id, Request.state_at, name=Member.name, due_on=Request.due_on, packet=SharedMember.wrapped,
        kept_by=SharedMember.id, kind=Request.kind, state=Request.state, partner=Peer.name, partner_uid=Request.partner_uid,
    )  # fmt: skip
    return _narrowed(_joined(db.select(*waits)).where(OURS), actor)


def of_referral(referral_id: UUID) -> list[Request]:
    """Requests about one referral, the latest first."""
    query = db.select(Request).where(Request.referral_id == referral_id).order_by(Request.id.desc())
    return list(db.session.scalars(query))


def at_stake(member_id: UUID, partner_uid: UUID) -> list[str]:
    """Kinds of the done requests whose content a withdrawal would destroy, one for each request: one query."""
    ours = {
        "asker": [k.name for k in REQUEST_KINDS.values() if any(it.scope for it in k.asks)],
        "asked": [k.name for k in REQUEST_KINDS.values() if any(it.scope for it in k.answers)],
    }
    query = db.select(Request.kind).where(
        Request.member_id == member_id, Request.partner_uid == partner_uid,
        Request.state.in_(DONE), Request.wrapped.is_not(None),
        or_(*(and_(Request.role == role, Request.kind.in_(kinds)) for role, kinds in ours.items())),
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(Request.id)))
