"""The lists of co-signed records, both directions, narrowed to the actor's part of the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_

from web.core import vault
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.federation.cosigning.models import CoSignedRecord, CosignLine, CosignState
from web.federation.post.models import Peer
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.activities.models import Activity
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations

R, S = CoSignedRecord, CosignState
TO_COUNTERSIGN = and_(R.role == "home", R.state == S.OFFERED, R.pending == "", R.stopped == "")
TO_CORRECT = and_(R.role == "recorder", R.state == S.DISPUTED, R.stopped == "")
TO_ANNUL = and_(R.state == S.ANNUL_PROPOSED, R.annul_by != R.role, R.pending == "", R.stopped == "")
TO_ANSWER = or_(TO_COUNTERSIGN, TO_ANNUL)
OUR_TURN = or_(TO_ANSWER, TO_CORRECT)


class Part(StrEnum):
    """The tabs of the list."""

    TO_ANSWER = "to_answer"
    TO_CORRECT = "to_correct"
    WAITING = "waiting"
    FINAL = "final"
    OVER = "over"
    ALL = "all"


WHERE: dict[Part, ColumnElement[bool] | None] = {
    Part.TO_ANSWER: TO_ANSWER,
    Part.TO_CORRECT: TO_CORRECT,
    Part.WAITING: and_(R.state.in_([S.OFFERED, S.DISPUTED, S.ANNUL_PROPOSED]), ~OUR_TURN),
    Part.FINAL: R.state == S.FINAL,
    Part.OVER: R.state.in_([S.REFUSED, S.WITHDRAWN, S.LAPSED, S.ANNULLED, S.NOT_OPENED]),
    Part.ALL: None,
}


@dataclass(frozen=True)
class Row:
    """One record of the list. `lines`: how many are about the partner's, or our, members."""

    record: CoSignedRecord
    partner: str
    lines: int
    title: str


@dataclass(frozen=True)
class Page:
    """Last moved first. `before`, `after`: (state_at, id) of the neighbouring pages, or None."""

    rows: list[Row]
    counts: dict[Part, int]
    before: tuple[datetime, UUID] | None
    after: tuple[datetime, UUID] | None


def visible(actor: Actor) -> ColumnElement[bool] | None:
    """What this actor may see: all, or records of activities and of members in its part of the tree."""
    if actor.role in WHOLE_COUNTY:
        return None
    held = db.select(Activity.id).where(organisations.within(actor, Activity.org_id))
    own = exists().where(
        CosignLine.tenant_id == R.tenant_id,
        CosignLine.record_id == R.id,
        Member.tenant_id == CosignLine.tenant_id,
        Member.id == CosignLine.member_id,
        organisations.within(actor, Member.branch_id, Member.away_org_id),
    )
    return or_(and_(R.role == "recorder", R.activity_id.in_(held)), and_(R.role == "home", own))


def ids(actor: Actor) -> Select[Any]:
    """Ids of the records this actor may see, for a condition."""
    return _narrowed(db.select(R.id), actor)


def _narrowed(statement: Select[Any], actor: Actor) -> Select[Any]:
    condition = visible(actor)
    return statement if condition is None else statement.where(condition)


def _rows(statement: Select[Any]) -> list[Row]:
    found = list(db.session.execute(statement))
    vault.prepare(record.id for record, *_ in found)
    return [Row(record, partner, lines, record.head().get("title", "")) for record, partner, lines, *_ in found]


def _select() -> Select[Any]:
    lines = (
        db.select(func.count())
        .where(CosignLine.tenant_id == R.tenant_id, CosignLine.record_id == R.id)
        .correlate(R)
        .scalar_subquery()
    )
    return db.select(R, Peer.name, lines).join(Peer, (Peer.tenant_id == R.tenant_id) & (Peer.uid == R.partner_uid))


def get(record_id: UUID, actor: Actor) -> CoSignedRecord:
    """NotFound when it is absent, another county's, or outside the actor's part."""
    found = db.session.scalars(_narrowed(db.select(R).where(R.id == record_id), actor)).first()
    if found is None:
        raise NotFound()
    return found


def page(
    part: Part,
    actor: Actor,
    *,
    after: tuple[datetime, UUID] | None = None,
    before: tuple[datetime, UUID] | None = None,
    size: int = 50,
) -> Page:
    """One page of one tab, with the figures of all tabs: two queries, and the keys of the heads in a third."""
    statement = _narrowed(_select(), actor)
    if (where := WHERE[part]) is not None:
        statement = statement.where(where)
    key = db.tuple_(R.state_at, R.id)
    if before is not None:
        statement = statement.where(key > db.tuple_(*before)).order_by(R.state_at, R.id)
    else:
        statement = statement.where(key < db.tuple_(*after)) if after is not None else statement
        statement = statement.order_by(R.state_at.desc(), R.id.desc())
    rows = _rows(statement.limit(size + 1))
    is_more, rows = len(rows) > size, rows[:size]
    if before is not None:
        rows.reverse()
    has_before, has_after = (is_more, True) if before is not None else (after is not None, is_more)
    figures = [
        (func.count() if condition is None else func.count().filter(condition)).label(name)
        for name, condition in WHERE.items()
    ]
    counts = db.session.execute(_narrowed(db.select(*figures).select_from(R), actor)).mappings().one()

    def place(row: Row) -> tuple[datetime, UUID]:
        return row.record.state_at, row.record.id

    return Page(
        rows,
        {name: counts[name] for name in WHERE},
        place(rows[0]) if rows and has_before else None,
        place(rows[-1]) if rows and has_after else None,
    )


def our_turn(actor: Actor) -> Select[Any]:
    """How many wait for us: for the navigation."""
    return _narrowed(db.select(func.count()).select_from(R).where(OUR_TURN), actor)


def waiting(part: Part, actor: Actor, limit: int) -> tuple[list[Row], int]:
    """The oldest of one tab, and how many there are in all: one query."""
    where = WHERE[part]
    assert where is not None
    statement = _narrowed(_select(), actor).where(where).add_columns(func.count().over())
    found = list(db.session.execute(statement.order_by(R.state_at, R.id).limit(limit)))
    vault.prepare(row[0].id for row in found)
    return [Row(r, partner, n, r.head().get("title", "")) for r, partner, n, _ in found], found[0][3] if found else 0
