"""The lists of co-signed records, both directions, narrowed to the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_

from web.core import vault
from web.core.errors import NotFound
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.federation.cosigning.models import CoSignedRecord, CosignLine, CosignState
from web.federation.post.models import Peer
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.activities.models import Activity
from web.tenants.counties import service as counties
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.workbench import queues

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
    labels: Sequence[Mark] = ()


@dataclass(frozen=True)
class Page:
    """Last moved first. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: list[Row]
    before: str
    after: str


ORDER = Order((R.state_at, R.id), (datetime.fromisoformat, UUID), is_falling=True)
_NEWEST = Order((R.id,), (UUID,), is_falling=True)


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


def _rows(found: Sequence[Any]) -> list[Row]:
    rows = []
    for each in found:
        record, partner, lines, key, *_ = each
        vault.have(record.id, key)
        title = record.head().get("title", "") if key is not None else ""
        rows.append(Row(record, partner, lines, title, labels.of(each)))
    return rows


def _lines() -> Any:
    query = db.select(func.count()).where(CosignLine.tenant_id == R.tenant_id, CosignLine.record_id == R.id)
    return query.correlate(R).scalar_subquery()


def _joined(statement: Select[Any]) -> Select[Any]:
    return statement.join(Peer, (Peer.tenant_id == R.tenant_id) & (Peer.uid == R.partner_uid))


def _select() -> Select[Any]:
    return labels.beside(vault.beside(_joined(db.select(R, Peer.name, _lines())), R.id), R.id)


def some(actor: Actor, *where: ColumnElement[bool], after: str = "", before: str = "", size: int = 50) -> Page:
    """Those a condition leaves of what this actor may see, the newest first: one query."""
    cut = _NEWEST.cut(_narrowed(_select(), actor).where(*where), size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def get(record_id: UUID, actor: Actor) -> CoSignedRecord:
    """NotFound when it is absent, another county's, or outside the actor's part."""
    found = db.session.scalars(_narrowed(db.select(R).where(R.id == record_id), actor)).first()
    if found is None:
        raise NotFound()
    return found


def page(
    part: Part,
    actor: Actor,
    narrowed: Sequence[ColumnElement[bool]] = (),
    *,
    after: str = "",
    before: str = "",
    size: int = 50,
) -> Page:
    """One page of one tab: one query, the keys of the heads with it."""
    statement, where = _narrowed(_select(), actor).where(*narrowed), WHERE[part]
    cut = ORDER.cut(statement if where is None else statement.where(where), size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def counts(actor: Actor, narrowed: Sequence[ColumnElement[bool]] = ()) -> dict[Part, int]:
    """How many each tab holds under these conditions: one query."""
    figures = [
        (func.count() if condition is None else func.count().filter(condition)).label(name)
        for name, condition in WHERE.items()
    ]
    row = db.session.execute(_narrowed(db.select(*figures).select_from(R).where(*narrowed), actor)).mappings().one()
    return {name: int(row[name]) for name in WHERE}


def our_turn(actor: Actor) -> Select[Any]:
    """How many wait for us: for the navigation."""
    return _narrowed(db.select(func.count()).select_from(R).where(OUR_TURN), actor)


def waiting(part: Part, actor: Actor, *, workdays: int) -> Select[Any]:
    """What waits in one tab, for home, where it is to be answered within so many working days."""
    where = WHERE[part]
    assert where is not None
    waits = queues.columns(
        R.id, R.state_at, due_on=queues.workday_after(R.state_at, workdays, counties.calendar()),
        packet=R.header, kept_by=R.id, kind=R.kind, held_on=R.held_on, state=R.state, partner=Peer.name, lines=_lines(),
    )  # fmt: skip
    return _narrowed(_joined(db.select(*waits)).where(where), actor)
