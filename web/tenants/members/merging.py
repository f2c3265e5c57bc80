"""Two records of one person become one: which stays, what it takes from the other, what goes along; or a person's word that they
are two. A record that goes stays as history, and a row of its own says where to; for thirty days it can be taken apart again.

Later rooms say what holds a record where it is (`HELD_BY`: values sealed with a partner, a letter on paper), and which of
their rows go along (`MOVES`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, union_all

from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.core.events import Actor, Event
from web.core.keyset import Order
from web.extensions import db
from web.tenants.documents.models import Scan
from web.tenants.members import service, values, versions
from web.tenants.members.models import Member, MemberPair, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench import queues

BACK_WITHIN = timedelta(days=30)
CHAIN = 8
"""How many records after one another a merged one is followed through."""
FIELDS = (*values.READERS, "branch_id", "away_org_id")
"""What can be taken from the other record, one by one."""


@dataclass(frozen=True)
class Move:
    """Rows of `model` that go along. `alone`: columns in which the record that stays must not have such a row already (then it
    stays where it is); `one`: a condition that only one row of a person may meet, else the records are not merged; `stayed`:
    told of those that stay where they are, as the record goes.
    """

    model: Any
    alone: tuple[Any, ...] = ()
    one: Any = None
    stayed: Callable[[Member, Sequence[Any]], None] | None = None


HELD_BY: dict[str, Callable[[Sequence[UUID]], Select[Any]]] = {}
"""Code of why a record must stay → a SELECT of the ids, among these, that must."""
MOVES: dict[str, Move] = {"scan": Move(Scan)}

_first, _second = db.aliased(Member), db.aliased(Member)
_SAME: Mapping[str, tuple[Any, ...]] = {
    "id_number": (_first.id_blind == _second.id_blind,),
    "name_birth": (_first.name == _second.name, _first.birth_on == _second.birth_on),
    "name_phone": (_first.name == _second.name, _first.phone_blind == _second.phone_blind),
    "birth_phone": (_first.birth_on == _second.birth_on, _first.phone_blind == _second.phone_blind),
}


@dataclass(frozen=True)
class Alike:
    """Two live members who may be one person, and why (the surest reason)."""

    first: Member
    second: Member
    branches: tuple[str, str]
    why: str


@dataclass(frozen=True)
class Page:
    """By name. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Alike]
    before: str
    after: str


def _pairs(actor: Actor) -> Any:
    """first, second, why: each pair once that nobody decided about, in the actor's part of the tree."""
    asked = [
        db.select(_first.id.label("first"), _second.id.label("second"), literal(rank).label("why"))
        .join(_second, and_(_second.tenant_id == _first.tenant_id, _first.id < _second.id, *same))
        .where(
            _first.relation.in_(service.LIVE), _second.relation.in_(service.LIVE),
            organisations.within(actor, _first.branch_id, _first.away_org_id),
            organisations.within(actor, _second.branch_id, _second.away_org_id),
        )
        for rank, same in enumerate(_SAME.values())
    ]  # fmt: skip
    every = union_all(*asked).subquery()
    decided = db.select(MemberPair.id).where(
        MemberPair.first_id == every.c.first, MemberPair.second_id == every.c.second, MemberPair.undone_at.is_(None)
    )
    best = db.select(every.c.first, every.c.second, func.min(every.c.why).label("why")).where(~decided.exists())
    return best.group_by(every.c.first, every.c.second).subquery()


def alike(actor: Actor, *, after: str = "", before: str = "", size: int = 50) -> Page:
    """Pairs to look at, by name: one query."""
    pair, here, there = _pairs(actor), db.aliased(PartyOrg), db.aliased(PartyOrg)
    query = (
        db.select(_first, _second, here.full_name, there.full_name, pair.c.why)
        .select_from(pair)
        .join(_first, _first.id == pair.c.first)
        .join(_second, _second.id == pair.c.second)
        .join(here, (here.tenant_id == _first.tenant_id) & (here.id == _first.branch_id))
        .join(there, (there.tenant_id == _second.tenant_id) & (there.id == _second.branch_id))
    )
    order = Order((_first.name_pinyin, _first.id, _second.id), (str, UUID, UUID))
    cut = order.cut(query, size=size, after=after, before=before)
    reasons = list(_SAME)
    return Page([Alike(a, b, (x, y), reasons[why]) for a, b, x, y, why, *_ in cut.rows], cut.before, cut.after)


def waiting(actor: Actor) -> Select[Any]:
    """The same, for home: a row's id is the first member's; the second is among what it says."""
    pair = _pairs(actor)
    since = func.greatest(_first.created_at, _second.created_at)
    waits = queues.columns(_first.id, since, name=_first.name, second=_second.id, why=pair.c.why)
    return (
        db.select(*waits)
        .select_from(pair)
        .join(_first, _first.id == pair.c.first)
        .join(_second, _second.id == pair.c.second)
    )


def reason(rank: int) -> str:
    """The name of a reason, by its rank in a queue's row."""
    return list(_SAME)[rank]


def held(ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Which of these records must stay where they are, and why: one query."""
    asked = []
    for code, query in HELD_BY.items():
        rows = query(ids).subquery()
        asked.append(db.select(literal(code).label("code"), rows.c[0].label("id")).distinct())
    found: dict[UUID, list[str]] = {}
    for row in db.session.execute(union_all(*asked)) if asked else ():
        found.setdefault(row.id, []).append(row.code)
    return found


def _pair(one: Member, other: Member) -> MemberPair:
    """The row of two members that was not taken back, new if there is none. WrongState when they were decided about."""
    first, second = sorted((one.id, other.id))
    found = db.select(MemberPair.id).where(
        MemberPair.first_id == first, MemberPair.second_id == second, MemberPair.undone_at.is_(None)
    )
    if db.session.scalar(found) is not None:
        raise WrongState("pair_decided")
    who = events.actor()
    pair = MemberPair(
        first_id=first, second_id=second, kept_id=None, moved={}, held=[], account_id=who.account_id, decided_by=who.name, at=clock.now()
    )  # fmt: skip
    db.session.add(pair)
    return pair


def differ(one: Member, other: Member) -> MemberPair:
    """A person's word that they are two people: they are not shown together again."""
    pair = _pair(one, other)
    events.record("member_pair.differ", pair)
    db.session.flush()
    return pair


def merge(kept: Member, gone: Member, take: Collection[str]) -> MemberPair:
    """`kept` stays, with the fields of `take` from `gone`, whose rows go along. Load both with `lock=True`, by id.

    WrongState when one is under way or history, when `gone` is held where it is, or when both have a row that only one may.
    """
    for member in (kept, gone):
        service.demand_open(member)
        if member.relation is not Relation.HELD:
            raise WrongState("member_in_transfer")
    if kept.id == gone.id or set(take) - set(FIELDS):
        raise Invalid({"kept": "choose_one"})
    codes = held([kept.id, gone.id])
    if gone.id in codes:
        raise WrongState(codes[gone.id][0])
    taken = {field: getattr(gone, field) for field in take}
    # What the organisation found of either is found of the person, until somebody says that contact was regained.
    taken["is_lost_contact"] = kept.is_lost_contact or gone.is_lost_contact
    born, joined, confirmed = (taken.get(f, getattr(kept, f)) for f in ("birth_on", "joined_on", "confirmed_on"))
    values.compare(born, joined, confirmed)
    pair = _pair(kept, gone)
    pair.kept_id, pair.held = kept.id, codes.get(kept.id, [])
    pair.moved = {kind: [str(i) for i in _carry(move, kept, gone)] for kind, move in MOVES.items()}
    events.record("member.merge_into", gone, details={"kept": str(kept.id)})
    service.write(gone, {"relation": Relation.ENDED})
    moved = {kind: len(ids) for kind, ids in pair.moved.items() if ids}
    events.record("member.merge", kept, details={"gone": str(gone.id), "moved": moved})
    service.write(kept, values.with_derived(taken))
    service.index(kept)
    return pair


def _carry(move: Move, kept: Member, gone: Member) -> list[UUID]:
    """Give the rows of the one to the other; ids of those that went."""
    model = move.model
    if move.one is not None:
        both = db.select(func.count()).select_from(model).where(model.member_id.in_((kept.id, gone.id)), move.one)
        if (db.session.scalar(both) or 0) > 1:
            raise WrongState("merge_two_open")
    query = db.select(model).where(model.member_id == gone.id)
    rows = list(db.session.scalars(query))
    if move.alone:
        has = db.select(*move.alone).where(model.member_id == kept.id)
        known = {tuple(row) for row in db.session.execute(has)}
        names = [column.key for column in move.alone]
        stay = [row for row in rows if tuple(getattr(row, n) for n in names) in known]
        rows = [row for row in rows if row not in stay]
        if move.stayed is not None:
            move.stayed(kept, stay)
    for row in rows:
        row.member_id = kept.id
    db.session.flush()
    return [row.id for row in rows]


def find(pair_id: UUID, *, lock: bool = False) -> MemberPair:
    """NotFound when it is absent or another county's."""
    query = db.select(MemberPair).where(MemberPair.id == pair_id)
    pair: MemberPair | None = db.session.scalars(query.with_for_update() if lock else query).first()
    if pair is None:
        raise NotFound()
    return pair


def decided(actor: Actor, limit: int = 50) -> list[tuple[MemberPair, Member, Member]]:
    """What was decided in the last thirty days and not taken back, the latest first: pair, first, second."""
    query = (
        db.select(MemberPair, _first, _second)
        .join(_first, _first.id == MemberPair.first_id)
        .join(_second, _second.id == MemberPair.second_id)
        .where(
            MemberPair.undone_at.is_(None), MemberPair.at > clock.now() - BACK_WITHIN,
            organisations.within(actor, _first.branch_id, _first.away_org_id),
            organisations.within(actor, _second.branch_id, _second.away_org_id),
        )
    )  # fmt: skip
    return [tuple(row) for row in db.session.execute(query.order_by(MemberPair.at.desc()).limit(limit))]


def into(member_id: UUID) -> UUID | None:
    """The record this one went into, None when it was not merged."""
    return db.session.scalar(_kept(member_id).order_by(MemberPair.at.desc()).limit(1))


def person(member_id: Any) -> ColumnElement[UUID]:
    """Of a column: the record each went into in the end, itself where it was not merged. What stayed with a record that
    went is of the same person.
    """
    gone = case((MemberPair.kept_id == MemberPair.first_id, MemberPair.second_id), else_=MemberPair.first_id)
    step = db.select(gone.label("gone"), MemberPair.kept_id).where(
        MemberPair.kept_id.is_not(None), MemberPair.undone_at.is_(None)
    ).cte()  # fmt: skip
    went = db.select(step.c.gone, step.c.kept_id, literal(1).label("n")).cte(recursive=True)
    further = db.select(went.c.gone, step.c.kept_id, went.c.n + 1).join(step, step.c.gone == went.c.kept_id)
    went = went.union_all(further.where(went.c.n < CHAIN))
    last = db.select(went.c.kept_id).where(went.c.gone == member_id).order_by(went.c.n.desc()).limit(1)
    found: ColumnElement[UUID] = func.coalesce(last.scalar_subquery(), member_id)
    return found


def _kept(member_id: Any) -> Select[Any]:
    return db.select(MemberPair.kept_id).where(
        or_(MemberPair.first_id == member_id, MemberPair.second_id == member_id),
        MemberPair.kept_id.is_not(None), MemberPair.kept_id != member_id, MemberPair.undone_at.is_(None),
    )  # fmt: skip


def take_back(pair: MemberPair) -> None:
    """They are looked at again; merged ones are two records again, as they were. WrongState when it is too late: after thirty days,
    when the record that stayed was changed (and that was not undone) or went to a partner since, when another has an identity number of
    theirs, or where one of them was is closed now.
    """
    if pair.undone_at is not None or pair.at < clock.now() - BACK_WITHIN:
        raise WrongState("pair_too_old")
    if pair.kept_id is not None:
        _part(pair, pair.kept_id, pair.second_id if pair.kept_id == pair.first_id else pair.first_id)
    pair.undone_at = clock.now()
    events.record("member_pair.take_back", pair)
    db.session.flush()


def _part(pair: MemberPair, kept_id: UUID, gone_id: UUID) -> None:
    locked = {i: service.get(i, lock=True) for i in sorted((kept_id, gone_id))}
    kept, gone = locked[kept_id], locked[gone_id]
    query = db.select(Event).where(Event.subject_id == kept_id, Event.verb == "member.merge").order_by(Event.id.desc())
    merged = db.session.scalars(query.limit(1)).one()
    if merged.changes["updated_at"][1] != versions.stands_at(kept) or merged.details["gone"] != str(gone_id):
        raise WrongState("merge_changed_since")
    if set(held([kept_id]).get(kept_id, [])) - set(pair.held):
        raise WrongState("merge_held_since")
    was = versions.before(merged)
    if any(service.is_taken(n, kept_id, gone_id) for n in (gone.id_number, was.get("id_number", kept.id_number))):
        raise WrongState("merge_number_taken")
    if not service.are_open(*(getattr(gone, c) for c in versions.PLACES), *(was.get(c) for c in versions.PLACES)):
        raise WrongState("merge_branch_closed")
    for kind, ids in pair.moved.items():
        model = MOVES[kind].model
        rows = db.select(model).where(model.id.in_([UUID(i) for i in ids]), model.member_id == kept_id)
        for row in db.session.scalars(rows):
            row.member_id = gone_id
    db.session.flush()
    events.record("member.part", kept, details={"gone": str(gone_id)})
    service.write(kept, was)
    service.index(kept)
    events.record("member.part", gone, details={"kept": str(kept_id)})
    service.write(gone, {"relation": Relation.HELD})
