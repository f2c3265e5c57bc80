"""Lists of referrals at both sides and of shared members: one query each, narrowed to the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_

from web.core import clock, vault
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals.models import KNOWN, LAPSES_AFTER, OPEN, Referral, ReferralState, SharedGram, SharedMember
from web.tenants.counties import service as counties
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members import names, search
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench import queues
from web.tenants.workbench.queues import Waiting

S = ReferralState
PAGE = 40


class Tab(StrEnum):
    """The work lists: what we sent; what waits for our answer, for the member, for a branch; claims made to us, and by us;
    what is over.
    """

    OUT = "out"
    CLAIMS = "claims"
    ASKING = "asking"
    INBOX = "inbox"
    AWAITED = "awaited"
    ARRIVED = "arrived"
    OVER = "over"


HOME, HOST = frozenset({"home"}), frozenset({"host"})
# What each list holds: our roles in the referral, and its states.
STANDS: Mapping[Tab, tuple[frozenset[str], frozenset[ReferralState]]] = {
    Tab.OUT: (HOME, frozenset(KNOWN)),
    Tab.CLAIMS: (HOME, frozenset({S.CLAIMED})),
    Tab.INBOX: (HOST, frozenset({S.OFFERED})),
    Tab.AWAITED: (HOST, frozenset({S.ACCEPTED})),
    Tab.ARRIVED: (HOST, frozenset({S.REPORTED_IN})),
    Tab.ASKING: (HOST, frozenset({S.CLAIMED})),
    Tab.OVER: (HOME | HOST, frozenset(S) - frozenset(OPEN)),
}
# Who speaks next in each open state.
TURNS: Mapping[ReferralState, str] = {S.CLAIMED: "home", S.OFFERED: "host", S.ACCEPTED: "host", S.REPORTED_IN: "host"}


def condition(tab: Tab) -> ColumnElement[bool]:
    """What the list holds."""
    roles, states = STANDS[tab]
    return and_(Referral.role.in_(sorted(roles)), Referral.state.in_(sorted(states)))


def is_ours() -> ColumnElement[bool]:
    """The next word is ours, and not the member's, who is on his way."""
    mine = [and_(Referral.state == s, Referral.role == role) for s, role in TURNS.items() if s is not S.ACCEPTED]
    return and_(or_(*mine), Referral.pending == "", Referral.stopped == "")


@dataclass(frozen=True)
class Row:
    """One line. `name`: the home's own, or the packet's; empty once purged. `branch`: the county's own branch."""

    referral: Referral
    name: str
    branch: str
    partner: str
    values: Mapping[str, Any]
    labels: Sequence[Mark] = ()


@dataclass(frozen=True)
class Page:
    """`before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Row]
    before: str
    after: str


def _base(actor: Actor, *where: ColumnElement[bool]) -> Select[Any]:
    away, taken = db.aliased(PartyOrg), db.aliased(PartyOrg)
    query = (
        db.select(Referral, Member.name, away.name, SharedMember, taken.name, Peer.name)
        .outerjoin(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
        .outerjoin(away, (away.tenant_id == Member.tenant_id) & (away.id == Member.branch_id))
        .outerjoin(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
        .outerjoin(taken, (taken.tenant_id == Referral.tenant_id) & (taken.id == Referral.branch_id))
        .outerjoin(Peer, (Peer.tenant_id == Referral.tenant_id) & (Peer.uid == Referral.partner_uid))
        .where(*where)
    )
    return _visible(labels.beside(vault.beside(query, SharedMember.id), Referral.id), actor)


def ids(actor: Actor) -> Select[Any]:
    """Ids of the referrals this actor may see, for a condition."""
    own = (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id)
    return _visible(db.select(Referral.id).outerjoin(Member, own), actor)


def _visible(query: Select[Any], actor: Actor) -> Select[Any]:
    """Home's rows by the member's branches, the host's by the township named or the branch that took the member on."""
    return organisations.visible(
        query, actor, Member.branch_id, Member.away_org_id, Referral.township_id, Referral.branch_id
    )


def _rows(found: Sequence[Any]) -> list[Row]:
    rows = []
    for each in found:
        referral, name, own_branch, shared, branch, partner, key, *_ = each
        values: Mapping[str, Any] = {}
        if shared is not None and key is not None:
            vault.have(shared.id, key)
            values = packets.opened(shared)
        rows.append(
            Row(
                referral,
                name or values.get("/name", ""),
                own_branch or branch or "",
                partner or "伙伴县",
                values,
                labels.of(each),
            )
        )
    return rows


def named(text: str) -> ColumnElement[bool] | None:
    """The condition for what a clerk types: our own members as in the register, shared ones by name, pinyin, initials."""
    own = search.condition(text)
    if own is None:
        return None
    return or_(
        and_(Referral.role == "home", own), and_(Referral.role == "host", *(_shared(t) for t in search.terms(text)))
    )


def ids_named(text: str) -> Select[Any] | None:
    """Ids of the referrals of whom a clerk types, for lists of other rows about them; None where nothing can be found by it."""
    condition = named(text)
    if condition is None:
        return None
    query = (
        db.select(Referral.id)
        .outerjoin(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
        .outerjoin(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
    )
    return query.where(condition).correlate(None)


def _shared(term: str) -> ColumnElement[bool]:
    if term.isascii() and term.isalpha():
        return or_(SharedMember.initials.op("^@")(term), SharedMember.name_pinyin.op("^@")(term))
    grams = names.query_grams(term)
    if len(term) < 2 or not grams:
        # One character: the first of a name, which every pair it begins holds.
        return (
            Referral.id.in_(db.select(SharedGram.referral_id).where(SharedGram.gram.startswith(term)))
            if term
            else false()
        )
    return and_(
        *(Referral.id.in_(db.select(SharedGram.referral_id).where(SharedGram.gram == g)) for g in sorted(grams))
    )


Where = Sequence[ColumnElement[bool]]
"""Conditions on a referral that narrow a list."""

_WAITED = (Referral.state_at, Referral.id), (datetime.fromisoformat, UUID)
_NEWEST = Order((Referral.id,), (UUID,), is_falling=True)
_BY_NAME = Order((SharedMember.name_pinyin, Referral.id), (str, UUID))


def page(tab: Tab, actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Open ones with the longest waiting first, ended ones with the latest first: one query, the keys with it."""
    order = Order(*_WAITED, is_falling=tab is Tab.OVER)
    cut = order.cut(_base(actor, condition(tab), *where), size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def guests(actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Shared members of open referrals, by name."""
    query = _base(actor, *_guests(), *where)
    cut = _BY_NAME.cut(query, size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def _guests() -> tuple[ColumnElement[bool], ...]:
    return Referral.role == "host", Referral.state.in_(KNOWN), SharedMember.id.is_not(None)


def some(actor: Actor, *where: ColumnElement[bool], after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Those a condition leaves of what this actor may see, the newest first: one query."""
    cut = _NEWEST.cut(_base(actor, *where), size=size, after=after, before=before)
    return Page(_rows(cut.rows), cut.before, cut.after)


def one(referral: Referral, actor: Actor) -> Row | None:
    """The line of one referral, None when the actor may not see it."""
    found = db.session.execute(_base(actor, Referral.id == referral.id)).all()
    return _rows(found)[0] if found else None


def candidates(actor: Actor, name: str, birth_year: int | None) -> list[Row]:
    """Accepted referrals whose packet has this name (and year): for a person to look at, never a decision."""
    wanted = names.normalise(name)
    if not wanted:
        return []
    where = [
        Referral.id.in_(db.select(SharedGram.referral_id).where(SharedGram.gram == g))
        for g in sorted(names.grams(wanted))
    ]
    found = _rows(db.session.execute(_base(actor, condition(Tab.AWAITED), *where).limit(20)).all())
    return [r for r in found if r.name == wanted and birth_year in (None, r.values.get("/birth_year"))]


def count(actor: Actor, tab: Tab, where: Where = ()) -> int:
    """How many a list holds under these conditions: one query."""
    return _count(actor, condition(tab), *where)


def count_guests(actor: Actor, where: Where = ()) -> int:
    """How many shared members: one query."""
    return _count(actor, *_guests(), *where)


def _count(actor: Actor, *where: ColumnElement[bool]) -> int:
    return db.session.scalar(_base(actor, *where).with_only_columns(func.count())) or 0


@dataclass(frozen=True)
class Figures:
    """(partner, our role, state) → how many, how many of them wait for our word, how many of these too long, and how many
    are left by each of the questions asked along.
    """

    by: Mapping[tuple[UUID, str, ReferralState], tuple[int, ...]]
    asked: Sequence[str] = ()

    def held(self, tab: Tab) -> int:
        """How many a list holds."""
        return self._sum(tab, 0)

    def found(self, tab: Tab, name: str) -> int:
        """How many a list holds of what the question of this name leaves."""
        return self._sum(tab, 3 + self.asked.index(name))

    def _sum(self, tab: Tab, place: int) -> int:
        roles, states = STANDS[tab]
        return sum(n[place] for (_, role, state), n in self.by.items() if role in roles and state in states)

    @property
    def waiting(self) -> int:
        return sum(n[1] for n in self.by.values())

    @property
    def late(self) -> int:
        return sum(n[2] for n in self.by.values())

    def of_role(self, role: str) -> dict[UUID, dict[ReferralState, int]]:
        """partner → state → how many, of the referrals in which we are home or host."""
        found: dict[UUID, dict[ReferralState, int]] = {}
        for (uid, own, state), (n, *_) in self.by.items():
            if own == role:
                found.setdefault(uid, {})[state] = n
        return found


def figures(actor: Actor, before: datetime, where: Where = (), asked: Mapping[str, Where] | None = None) -> Figures:
    """One query. What has waited for our word since before this instant waits too long, narrowed or not. `asked`: questions
    by their names, to be counted along.
    """
    asked = asked or {}
    keys = (Referral.partner_uid, Referral.role, Referral.state)
    late = func.count().filter(is_ours(), Referral.state_at < before)
    query = _counted(
        actor,
        *keys,
        func.count().filter(*where).label("n"),
        func.count().filter(is_ours()).label("ours"),
        late.label("late"),
        *(func.count().filter(*narrowed).label(f"asked_{n}") for n, narrowed in enumerate(asked.values())),
    )
    by = {tuple(row[:3]): tuple(row[3:]) for row in db.session.execute(query.group_by(*keys))}
    return Figures(by, list(asked))


def _counted(actor: Actor, *columns: Any) -> Select[Any]:
    query = (
        db.select(*columns)
        .select_from(Referral)
        .outerjoin(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
    )
    return _visible(query, actor)


def waiting(actor: Actor) -> Any:
    """How many wait for our word, as a query of one number: to answer, to give a branch, to recognise."""
    return _counted(actor, func.count()).where(is_ours())


def queued(tab: Tab, actor: Actor) -> Select[Any]:
    """What stands in a list and waits for somebody here, for home."""
    since = case((is_ours(), Referral.state_at))
    answered = tab in (Tab.INBOX, Tab.CLAIMS)
    due_on = clock.day_of(Referral.created_at + (LAPSES_AFTER - timedelta(days=1))) if answered else None
    waits = queues.columns(
        Referral.id, Referral.state_at, due_on=due_on, name=Member.name, asked_at=since, packet=SharedMember.wrapped,
        kept_by=SharedMember.id, tab=literal(tab.value), partner=Peer.name, partner_uid=Referral.partner_uid,
    )  # fmt: skip
    return _base(actor, condition(tab)).with_only_columns(*waits)


def not_reported(actor: Actor) -> Select[Any]:
    """Offered so many days ago, and not reported in, for home."""
    steps = sorted(counties.settings().report_in_days)
    first = clock.midnight(clock.today() - timedelta(days=steps[0] - 1))
    where = Referral.role == "home", Referral.state.in_([S.OFFERED, S.ACCEPTED]), Referral.created_at < first
    waits = queues.columns(Referral.id, Referral.created_at, name=Member.name, partner=Peer.name)
    return _base(actor, *where).with_only_columns(*waits)


def reported_step(offered_at: datetime) -> tuple[int, int]:
    """Days since an offer, and the last of the county's days for a reminder that has passed."""
    days = (clock.today() - clock.day(offered_at)).days
    return days, max((s for s in counties.settings().report_in_days if s <= days), default=0)


def opened(rows: Sequence[Waiting]) -> list[Mapping[str, Any]]:
    """The values of rows of one queue, and in the log that they were read."""
    found: list[Mapping[str, Any]] = [packets.of_waiting(row) for row in rows]
    read = [(row.id, UUID(row.said["partner_uid"])) for row, values in zip(rows, found, strict=True) if values]
    if read:
        readings.note(SharedMember(id=counties.own().uid), read, f"todo_{rows[0].said['tab']}")
    return found


def guest_count(actor: Actor) -> Any:
    """How many shared members this actor sees, as a query of one number."""
    return _counted(actor, func.count()).where(Referral.role == "host", Referral.state.in_(KNOWN))


def of_member(member_id: UUID) -> list[Referral]:
    """Every referral of one of our members, the latest first."""
    query = db.select(Referral).where(Referral.member_id == member_id).order_by(Referral.id.desc())
    return list(db.session.scalars(query))


def note_reading(rows: Sequence[Row], what: str) -> None:
    """Log that federated values were read: one event a page, naming each county whose members it showed."""
    # At the host a packet, at home what the host said of a person it claims.
    shown = [r.referral for r in rows if (r.referral.role == "host" or r.referral.state is S.CLAIMED) and r.values]
    read = [(referral.id, referral.partner_uid) for referral in shown]
    if len(shown) == 1 and what == "one":
        readings.note(shown[0], read)
    else:
        # Never stored: the list as a whole is what was looked at.
        readings.note(SharedMember(id=counties.own().uid), read, what)
