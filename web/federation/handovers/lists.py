"""Lists of handovers: what waits for us, what is open, what is nearly due, what went out and what came in. One query each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_

from web.core import clock, vault
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.federation.handovers.models import OPEN, Handover, HandoverState
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.tenants.counties import service as counties
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench import queues

S = HandoverState
SOON = timedelta(days=7)
MENDED_WITHIN = timedelta(days=90)
PAGE = 30


class Tab(StrEnum):
    """The work lists, by the names users know."""

    TODO = "todo"
    OPEN = "open"
    DUE = "due"
    OUT = "out"
    IN = "in"


# Whose turn it is in each open state.
TURNS: dict[HandoverState, str] = {
    S.REQUESTED: "host",
    S.RETURNED: "home",
    S.ASKED: "home",
    S.ASK_RETURNED: "host",
    S.ACCEPTED: "home",
    S.RELEASED: "host",
}


def is_ours() -> ColumnElement[bool]:
    """The next word is ours."""
    mine = [and_(Handover.state == state, Handover.role == role) for state, role in TURNS.items()]
    return and_(or_(*mine), Handover.pending == "", Handover.stopped == "")


Where = Sequence[ColumnElement[bool]]
"""Conditions on a handover that narrow a list."""


def condition(tab: Tab) -> ColumnElement[bool]:
    """What the list holds."""
    is_open = Handover.state.in_(OPEN)
    found: Mapping[Tab, ColumnElement[bool]] = {
        Tab.TODO: is_ours(),
        Tab.OPEN: is_open,
        Tab.DUE: and_(is_open, Handover.due_on <= clock.today() + SOON),
        Tab.OUT: and_(Handover.state.not_in(OPEN), Handover.role == "home"),
        Tab.IN: and_(Handover.state.not_in(OPEN), Handover.role == "host"),
    }
    return found[tab]


@dataclass(frozen=True)
class Row:
    """One line. `name` is empty once the packet was purged."""

    handover: Handover
    name: str
    branch: str
    partner: str
    labels: Sequence[Mark] = ()


@dataclass(frozen=True)
class Page:
    """`before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Row]
    before: str
    after: str


def ids(actor: Actor) -> Select[Any]:
    """Ids of the handovers this actor may see, for a condition."""
    return organisations.visible(db.select(Handover.id), actor, Handover.branch_id)


def _base(actor: Actor) -> Select[Any]:
    query = (
        db.select(Handover, Member.name, PartyOrg.name, Peer.name)
        .outerjoin(Member, (Member.tenant_id == Handover.tenant_id) & (Member.id == Handover.member_id))
        .outerjoin(PartyOrg, (PartyOrg.tenant_id == Handover.tenant_id) & (PartyOrg.id == Handover.branch_id))
        .outerjoin(Peer, (Peer.tenant_id == Handover.tenant_id) & (Peer.uid == Handover.partner_uid))
    )
    return organisations.visible(query, actor, Handover.branch_id)


_BY_DAY = Order((Handover.due_on, Handover.id), (date.fromisoformat, UUID))
_NEWEST = Order((Handover.id,), (UUID,), is_falling=True)


def page(tab: Tab, actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Open ones by their last day, history newest first: one query, the keys of the names with it."""
    order = _NEWEST if tab in (Tab.OUT, Tab.IN) else _BY_DAY
    return _page(order, _base(actor).where(condition(tab), *where), after=after, before=before, size=size)


def _page(order: Order, query: Select[Any], **asked: Any) -> Page:
    cut = order.cut(labels.beside(vault.beside(query, Handover.id), Handover.id), **asked)
    for row in cut.rows:
        vault.have(row[0].id, row[4])
    return Page(read(cut.rows), cut.before, cut.after)


def read(found: Sequence[Any]) -> list[Row]:
    """Lines of what the query gave, names out of the packets where there is no member row yet."""
    return [
        Row(handover, name or handover.values().get("name", ""), branch or "", partner or "未知县", labels.of(row))
        for row in found
        for handover, name, branch, partner, *_ in [row]
    ]


def some(actor: Actor, *where: ColumnElement[bool], after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Those a condition leaves of what this actor may see, the newest first: one query."""
    return _page(_NEWEST, _base(actor).where(*where), after=after, before=before, size=size)


def one(handover: Handover, actor: Actor) -> Row | None:
    """The line of one handover, None when the actor may not see it."""
    found = db.session.execute(_base(actor).where(Handover.id == handover.id)).all()
    return read(found)[0] if found else None


def note_reading(rows: Sequence[Row]) -> None:
    """Log that values of another county's members were read: one event a page, naming the counties."""
    shown = [r.handover for r in rows if r.handover.is_received and r.name]
    # A new one is never stored: the list as a whole was read.
    subject = shown[0] if len(rows) == 1 and shown else Handover(id=counties.own().uid)
    readings.note(subject, [(h.id, h.partner_uid) for h in shown], "handovers")


@dataclass(frozen=True)
class Figures:
    """How many each list holds; how many wait for our word, and how many of these too long; `found`: how many are left of the
    list that was asked about.
    """

    by: Mapping[Tab, int]
    waiting: int
    late: int
    found: int


def counts(actor: Actor, before: datetime, where: Where = (), shown: Tab = Tab.TODO, narrowed: Where = ()) -> Figures:
    """One query. What has waited for our word since before this instant waits too long, narrowed or not. `shown`: the list
    that is `narrowed`.
    """
    columns = [func.count().filter(condition(tab), *where).label(tab.value) for tab in Tab]
    columns += [func.count().filter(is_ours()).label("waiting"), func.count().filter(late(before)).label("late")]
    columns += [func.count().filter(condition(shown), *narrowed).label("found")]
    query = organisations.visible(db.select(*columns).select_from(Handover), actor, Handover.branch_id)
    row = db.session.execute(query).mappings().one()
    return Figures({tab: int(row[tab.value]) for tab in Tab}, int(row["waiting"]), int(row["late"]), int(row["found"]))


def ran_out(actor: Actor) -> Select[Any]:
    """Letters of ours that nobody received while they were valid, of members who are ours still and for whom nothing was
    begun since, for home: a row's id is the member's. After three months it is no longer asked for.
    """
    later = db.aliased(Handover)
    since = db.select(later.id).where(
        later.tenant_id == Handover.tenant_id, later.member_id == Handover.member_id, later.id > Handover.id
    )
    waits = queues.columns(
        Handover.member_id, Handover.created_at, name=Member.name, partner=Peer.name, valid_until=Handover.valid_until
    )
    return (
        _base(actor)
        .with_only_columns(*waits)
        .where(
            Handover.role == "home",
            Handover.state == S.EXPIRED_IN_TRANSIT,
            Handover.valid_until > clock.today() - MENDED_WITHIN,
            Member.relation == Relation.HELD,
            ~since.correlate(Handover).exists(),
        )
    )


def late(before: datetime) -> ColumnElement[bool]:
    """It waits for our word since before this instant."""
    return and_(is_ours(), Handover.state_at < before)
