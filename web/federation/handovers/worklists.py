"""The work lists as users know them, over this county's own cases and its handovers together.

A tab is one query: a UNION of both kinds of row with the same columns, keyset pages; the counts of all tabs are one more,
by the same conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    type_coerce,
    union_all,
)

from web.core import vault
from web.core.events import Actor, Event
from web.core.keyset import Order
from web.extensions import db
from web.federation.handovers import lists
from web.federation.handovers.models import OPEN, Handover, HandoverState, is_received
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.transfers import lists as cases
from web.tenants.transfers.models import OPEN as CASE_OPEN
from web.tenants.transfers.models import RelationTransfer, TransferKind, TransferState
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting

PAGE = 30
NEVER = date(9999, 12, 31)
H, C, K = HandoverState, TransferState, TransferKind


class Tab(StrEnum):
    """待办, 未办结, 即将办理, 转出历史, 转入历史, 审批记录."""

    TODO = "todo"
    OPEN = "open"
    NEXT = "next"
    OUT = "out"
    IN = "in"
    DECIDED = "decided"


BY_DAY = (Tab.TODO, Tab.OPEN, Tab.NEXT)
"""Tabs in the order of their last day; the others newest first."""

# In which states the word after the next is ours, by role.
AFTER = {H.REQUESTED: "home", H.RETURNED: "host", H.ACCEPTED: "host", H.ASK_RETURNED: "home"}
# What a handover shows of a decision of this county: of the one that was asked all answers, of home that a letter was
# given, of the host what became of the letter.
ANSWERED = frozenset(H) - {H.NOT_OPENED, H.REQUESTED, H.ASKED, H.CANCELLED, H.EXPIRED, H.RETURNED_LAPSED}
LETTER_GIVEN = frozenset({H.RELEASED, H.DECLINED, H.RECALLED, H.EXPIRED_IN_TRANSIT, H.CLOSED})
LETTER_TAKEN = frozenset({H.DECLINED, H.CLOSED})
DECISIONS = ("accept", "return", "refuse", "decline", "take_over", "release", "recall")


@dataclass(frozen=True)
class Line:
    """One row. `source`: case or handover; `state` and `kind` in the words of the source (a handover's kind is its role).

    `branch`: ours; `place`: the other side, in words. `by`: who decided last.
    """

    source: str
    id: UUID
    state: str
    kind: str
    name: str
    branch: str
    place: str
    due_on: date | None
    at: datetime
    created_at: datetime
    is_ours: bool
    pending: str
    outcome: str
    by: str
    labels: Sequence[Mark] = ()


@dataclass(frozen=True)
class Page:
    """`before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Line]
    before: str
    after: str


def _case_is(tab: Tab, actor: Actor) -> ColumnElement[bool]:
    # Towards a partner county the handover carries it on: it is listed once, as that.
    is_over = and_(RelationTransfer.state.not_in(CASE_OPEN), RelationTransfer.state != C.HANDED_OVER)
    found = {
        Tab.TODO: cases.is_ours(actor),
        Tab.OPEN: RelationTransfer.state.in_(CASE_OPEN),
        Tab.NEXT: cases.is_next(actor),
        Tab.OUT: and_(is_over, cases.goes_out(actor)),
        Tab.IN: and_(is_over, cases.comes_in(actor)),
        Tab.DECIDED: RelationTransfer.decided_at.is_not(None),
    }
    return found[tab]


def _handover_is(tab: Tab, actor: Actor) -> ColumnElement[bool]:
    is_open = Handover.state.in_(OPEN)
    may = Permission.HANDOVER_WRITE in GRANTS[Role(actor.role)]
    nexts = [and_(Handover.state == state, Handover.role == role) for state, role in AFTER.items()]
    found = {
        Tab.TODO: _may(lists.is_ours(), may),
        Tab.OPEN: is_open,
        Tab.NEXT: _may(and_(or_(*nexts), Handover.stopped == ""), may),
        Tab.OUT: and_(~is_open, Handover.role == "home"),
        Tab.IN: and_(~is_open, Handover.role == "host"),
        Tab.DECIDED: or_(
            and_(Handover.role != Handover.begun_by, Handover.state.in_(ANSWERED)),
            and_(Handover.role == "home", Handover.state.in_(LETTER_GIVEN)),
            and_(Handover.role == "host", Handover.state.in_(LETTER_TAKEN)),
        ),
    }
    return found[tab]


def _may(condition: ColumnElement[bool], may: bool) -> ColumnElement[bool]:
    """The condition for those whose role works on handovers; nothing for the others."""
    return condition if may else Handover.id.is_(None)


def _plain(column: Any) -> Any:
    return type_coerce(column, String)


def _due(column: Any) -> Any:
    return func.coalesce(column, literal(NEVER, Date))


def _cases(tab: Tab, actor: Actor) -> Select[Any]:
    target = db.aliased(PartyOrg)
    at = RelationTransfer.decided_at if tab is Tab.DECIDED else RelationTransfer.state_at
    query = (
        db.select(
            literal("case").label("source"), RelationTransfer.id.label("id"), _plain(RelationTransfer.state).label("state"),
            _plain(RelationTransfer.kind).label("kind"), Member.name.label("name"), PartyOrg.full_name.label("branch"),
            target.full_name.label("place"), RelationTransfer.packet.label("packet"), _due(RelationTransfer.due_on).label("due"),
            at.label("at"), RelationTransfer.created_at.label("created_at"), cases.is_ours(actor).label("is_ours"),
            literal("").label("pending"), RelationTransfer.reason.label("outcome"), RelationTransfer.decided_by.label("by"),
            RelationTransfer.id.label("row_id"), cast(null(), Uuid).label("partner_uid"),
        )
        .join(Member, (Member.tenant_id == RelationTransfer.tenant_id) & (Member.id == RelationTransfer.member_id))
        .outerjoin(PartyOrg, (PartyOrg.tenant_id == RelationTransfer.tenant_id) & (PartyOrg.id == RelationTransfer.branch_id))
        .outerjoin(target, (target.tenant_id == RelationTransfer.tenant_id) & (target.id == RelationTransfer.to_org_id))
        .where(_case_is(tab, actor))
    )  # fmt: skip
    return cases.visible(query, actor)


def _handovers(tab: Tab, actor: Actor) -> Select[Any]:
    decider: Any = null()
    if tab is Tab.DECIDED:
        said = [f"handover.{way}{verb}" for verb in DECISIONS for way in ("", "propose_")]
        decider = (
            db.select(Event.actor_name)
            .where(Event.tenant_id == Handover.tenant_id, Event.subject_id == Handover.id, Event.verb.in_(said), Event.peer == "")
            .order_by(Event.id.desc()).limit(1).correlate(Handover).scalar_subquery()
        )  # fmt: skip
    query = (
        db.select(
            literal("handover"), Handover.id, _plain(Handover.state), Handover.role, Member.name, PartyOrg.full_name, Peer.name,
            Handover.packet, _due(Handover.due_on), Handover.state_at, Handover.created_at, _handover_is(Tab.TODO, actor), Handover.pending,
            Handover.outcome, func.coalesce(decider, ""), Handover.id, Handover.partner_uid,
        )
        .outerjoin(Member, (Member.tenant_id == Handover.tenant_id) & (Member.id == Handover.member_id))
        .outerjoin(PartyOrg, (PartyOrg.tenant_id == Handover.tenant_id) & (PartyOrg.id == Handover.branch_id))
        .outerjoin(Peer, (Peer.tenant_id == Handover.tenant_id) & (Peer.uid == Handover.partner_uid))
        .where(_handover_is(tab, actor))
    )  # fmt: skip
    return organisations.visible(query, actor, Handover.branch_id)


Where = Sequence[ColumnElement[bool]]
"""Conditions on columns of `SAID` that narrow a list."""
SAID: Mapping[str, ColumnElement[Any]] = {
    name: column(name) for name in ("source", "row_id", "state", "kind", "branch", "due", "outcome")
}
"""What both kinds of row say under one name; the statement of a page is over a table of these."""


def _both(tab: Tab, actor: Actor) -> Any:
    return union_all(_cases(tab, actor), _handovers(tab, actor)).subquery()


def page(tab: Tab, actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Open ones by their last day, history newest first: one query, the keys of what no column holds with it."""
    both = _both(tab, actor)
    if tab in BY_DAY:
        order = Order((both.c.due, both.c.id), (date.fromisoformat, UUID))
    else:
        order = Order((both.c.at, both.c.id), (datetime.fromisoformat, UUID), is_falling=True)
    query = vault.beside(db.select(both).where(*where), case((_is_packed(both), both.c.id)))
    query = labels.beside(query, both.c.id)
    cut = order.cut(query, size=size, after=after, before=before)
    lines, read = list[Line](), list[tuple[UUID, UUID]]()
    for row in cut.rows:
        vault.have(row.id, row.wrapped)
        said = vault.read(row.id, row.packet) if row.wrapped else {}
        if said and row.partner_uid is not None and is_received(H(row.state), row.kind):
            read.append((row.id, row.partner_uid))
        lines.append(_line(row, said))
    _note_reading(read)
    return Page(lines, cut.before, cut.after)


def _note_reading(read: Sequence[tuple[UUID, UUID]]) -> None:
    """Names out of packets of other counties, (handover, partner) each, are shown: logged like any reading of them."""
    for handover_id, partner_uid in read:
        readings.opened("handover", handover_id, partner_uid)
    if read:
        # A new one is never stored: the list as a whole was read.
        readings.note(Handover(id=counties.own().uid), read, "handovers")


def count(tab: Tab, actor: Actor, where: Where) -> int:
    """How many a list holds under these conditions: one query."""
    return db.session.scalar(_length(tab, actor, where)) or 0


def _length(tab: Tab, actor: Actor, where: Where) -> Select[Any]:
    return db.select(func.count()).select_from(_both(tab, actor)).where(*where)


def _is_packed(both: Any) -> ColumnElement[bool]:
    """Its name or a place stands in no column but in the packet."""
    has_all = and_(both.c.name.is_not(None), both.c.place.is_not(None), both.c.kind != K.INWARD)
    return and_(both.c.packet.is_not(None), ~has_all)


def _line(row: Any, said: dict[str, Any]) -> Line:
    is_inward = row.kind == K.INWARD
    return Line(
        row.source,
        row.id,
        row.state,
        row.kind,
        row.name or said.get("name", ""),
        (row.place if is_inward else row.branch) or "",
        said.get("from_org", "") if is_inward else row.place or said.get("to_org", ""),
        None if row.due == NEVER else row.due,
        row.at,
        row.created_at,
        row.is_ours,
        row.pending,
        row.outcome,
        row.by,
        labels.of(row),
    )


def waiting(actor: Actor) -> Select[Any]:
    """What waits for this actor, for home."""
    both = _both(Tab.TODO, actor)
    return db.select(
        *queues.columns(
            both.c.id, both.c.at, name=both.c.name, due_on=func.nullif(both.c.due, literal(NEVER, Date)), asked_at=both.c.at,
            packet=both.c.packet, kept_by=both.c.id, source=both.c.source, state=both.c.state, kind=both.c.kind, place=both.c.place,
            partner_uid=both.c.partner_uid,
        )
    )  # fmt: skip


def lines_of(rows: Sequence[Waiting]) -> list[Line]:
    """The lines of what waits, as far as home shows them."""
    _note_reading(
        [
            (row.id, UUID(row.said["partner_uid"]))
            for row in rows
            if not row.name and row.packet is not None and row.said["partner_uid"]
            if is_received(H(row.said["state"]), row.said["kind"])
        ]
    )
    return [_line_of(row) for row in rows]


def _line_of(row: Waiting) -> Line:
    said, is_inward = row.said, row.said["kind"] == K.INWARD
    packed = row.values() if not row.name or not said["place"] or is_inward else {}
    name, place = row.name or packed.get("name", ""), said["place"] or packed.get("to_org", "")
    place = packed.get("from_org", "") if is_inward else place
    return Line(
        said["source"],
        row.id,
        said["state"],
        said["kind"],
        name,
        "",
        place,
        row.due_on,
        row.at,
        row.at,
        True,
        "",
        "",
        "",
    )


@dataclass(frozen=True)
class Figures:
    """How many each list holds; how many of those that wait for this actor wait too long; `found`: how many are left of the
    list that was asked about.
    """

    by: Mapping[Tab, int]
    late: int
    found: int


def counts(actor: Actor, before: datetime, shown: Tab = Tab.TODO, narrowed: Where = ()) -> Figures:
    """One query. What has waited since before this instant waits too long. `shown`: the list that is `narrowed`."""
    own = [func.count().filter(_case_is(tab, actor)).label(tab.value) for tab in Tab]
    theirs = [func.count().filter(_handover_is(tab, actor)).label(tab.value) for tab in Tab]
    own.append(func.count().filter(_case_is(Tab.TODO, actor), RelationTransfer.state_at < before).label("late"))
    theirs.append(func.count().filter(_handover_is(Tab.TODO, actor), Handover.state_at < before).label("late"))
    both = union_all(
        cases.visible(db.select(*own).select_from(RelationTransfer), actor),
        organisations.visible(db.select(*theirs).select_from(Handover), actor, Handover.branch_id),
    ).subquery()
    sums = [func.sum(c).label(c.name) for c in both.c]
    if narrowed:
        sums.append(_length(shown, actor, narrowed).scalar_subquery().label("found"))
    row = db.session.execute(db.select(*sums)).mappings().one()
    by = {tab: int(row[tab.value] or 0) for tab in Tab}
    return Figures(by, int(row["late"] or 0), row["found"] if narrowed else by[shown])


def counter(actor: Actor, *, due_by: date | None = None) -> Any:
    """How many wait for this actor, as a query of one number; `due_by`: those whose last day has come."""
    own = db.select(func.count().label("n")).select_from(RelationTransfer).where(cases.is_ours(actor))
    theirs = db.select(func.count()).select_from(Handover).where(_handover_is(Tab.TODO, actor))
    if due_by is not None:
        own, theirs = own.where(RelationTransfer.due_on <= due_by), theirs.where(Handover.due_on <= due_by)
    both = union_all(cases.visible(own, actor), organisations.visible(theirs, actor, Handover.branch_id)).subquery()
    return db.select(func.coalesce(func.sum(both.c.n), 0))
