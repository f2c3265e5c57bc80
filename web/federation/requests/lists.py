"""The lists of requests, received and sent: one query a page, narrowed to the actor's part of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func

from web.core import vault
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.federation.post.models import Peer
from web.federation.referrals import lists as referrals
from web.federation.referrals import packets
from web.federation.referrals.models import SharedMember
from web.federation.requests.models import OPEN, Request, RequestState
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.members.models import Member

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


@dataclass(frozen=True)
class Query:
    """What the list is narrowed to: kinds, states, partner; nothing given is not asked."""

    kinds: tuple[str, ...] = ()
    states: tuple[RequestState, ...] = ()
    partner_uid: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a select of Request."""
        found: list[ColumnElement[bool]] = []
        if self.kinds:
            found.append(Request.kind.in_(self.kinds))
        if self.states:
            found.append(Request.state.in_(self.states))
        if self.partner_uid is not None:
            found.append(Request.partner_uid == self.partner_uid)
        return found


@dataclass(frozen=True)
class Row:
    """One request. `name`: whom it is about, as this county knows the person; empty once purged."""

    request: Request
    partner: str
    name: str


@dataclass(frozen=True)
class Page:
    """Last moved first. `before`, `after`: (state_at, id) of the neighbouring pages, or None."""

    rows: list[Row]
    counts: dict[Part, int]
    before: tuple[datetime, UUID] | None
    after: tuple[datetime, UUID] | None


def ids(actor: Actor) -> Select[Any]:
    """Ids of the requests this actor may see, for a condition."""
    return _narrowed(db.select(Request.id), actor)


def _narrowed(statement: Select[Any], actor: Actor) -> Select[Any]:
    if actor.role in WHOLE_COUNTY:
        return statement
    return statement.where(Request.referral_id.in_(referrals.ids(actor)))


def _select(actor: Actor, *where: ColumnElement[bool]) -> Select[Any]:
    statement = (
        db.select(Request, Peer.name, Member.name, SharedMember)
        .join(Peer, (Peer.tenant_id == Request.tenant_id) & (Peer.uid == Request.partner_uid))
        .outerjoin(Member, (Member.tenant_id == Request.tenant_id) & (Member.id == Request.member_id))
        .outerjoin(
            SharedMember, (SharedMember.tenant_id == Request.tenant_id) & (SharedMember.id == Request.referral_id)
        )
        .where(*where)
    )
    return _narrowed(statement, actor)


def _rows(statement: Select[Any]) -> list[Row]:
    found = list(db.session.execute(statement))
    vault.prepare(copy.id for *_rest, copy in found if copy is not None)
    return [
        Row(request, partner, own or str(packets.opened(copy).get("/name", "")))
        for request, partner, own, copy in found
    ]


def get(request_id: UUID, actor: Actor) -> Row:
    """NotFound when it is absent, another county's, or outside the actor's part."""
    rows = _rows(_select(actor, Request.id == request_id))
    if not rows:
        raise NotFound()
    return rows[0]


def page(
    part: Part,
    query: Query,
    actor: Actor,
    *,
    after: tuple[datetime, UUID] | None = None,
    before: tuple[datetime, UUID] | None = None,
    size: int = 50,
) -> Page:
    """One page of one tab, and the figures of all tabs: two queries, and the keys of the names in a third."""
    conditions = query.conditions()
    statement = _select(actor, WHERE[part], *conditions)
    key = db.tuple_(Request.state_at, Request.id)
    if before is not None:
        statement = statement.where(key > db.tuple_(*before)).order_by(Request.state_at, Request.id)
    else:
        statement = statement.where(key < db.tuple_(*after)) if after is not None else statement
        statement = statement.order_by(Request.state_at.desc(), Request.id.desc())
    rows = _rows(statement.limit(size + 1))
    is_more, rows = len(rows) > size, rows[:size]
    if before is not None:
        rows.reverse()
    has_before, has_after = (is_more, True) if before is not None else (after is not None, is_more)
    figures = [func.count().filter(condition).label(name) for name, condition in WHERE.items()]
    counted = _narrowed(db.select(*figures).select_from(Request).where(*conditions), actor)
    counts = db.session.execute(counted).mappings().one()

    def place(row: Row) -> tuple[datetime, UUID]:
        return row.request.state_at, row.request.id

    return Page(
        rows,
        {name: counts[name] for name in WHERE},
        place(rows[0]) if rows and has_before else None,
        place(rows[-1]) if rows and has_after else None,
    )


def our_turn(actor: Actor) -> Select[Any]:
    """How many wait for us: for the navigation."""
    return _narrowed(db.select(func.count()).select_from(Request).where(OURS), actor)


def waiting(actor: Actor, limit: int) -> tuple[list[Row], int]:
    """The first by deadline, and how many there are in all: one query."""
    statement = _select(actor, OURS).order_by(Request.due_on, Request.id).limit(limit)
    found = list(db.session.execute(statement.add_columns(func.count().over())))
    vault.prepare(row[3].id for row in found if row[3] is not None)
    rows = [
        Row(request, partner, own or str(packets.opened(copy).get("/name", "")))
        for request, partner, own, copy, _count in found
    ]
    return rows, found[0][4] if found else 0


def of_referral(referral_id: UUID) -> list[Request]:
    """Requests about one referral, the latest first."""
    query = db.select(Request).where(Request.referral_id == referral_id).order_by(Request.id.desc())
    return list(db.session.scalars(query))
