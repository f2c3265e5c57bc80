"""Lists of referrals at both sides and of shared members: one query each, narrowed to the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, tuple_

from web.core import clock, vault
from web.core.events import Actor
from web.extensions import db
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals.models import KNOWN, OPEN, Referral, ReferralState, SharedGram, SharedMember
from web.tenants.counties import service as counties
from web.tenants.members import names, search
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg

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


HOST_TABS: Mapping[Tab, ReferralState] = {
    Tab.INBOX: S.OFFERED,
    Tab.AWAITED: S.ACCEPTED,
    Tab.ARRIVED: S.REPORTED_IN,
    Tab.ASKING: S.CLAIMED,
}
# Who speaks next in each open state.
TURNS: Mapping[ReferralState, str] = {S.CLAIMED: "home", S.OFFERED: "host", S.ACCEPTED: "host", S.REPORTED_IN: "host"}


def condition(tab: Tab) -> ColumnElement[bool]:
    """What the list holds."""
    if tab is Tab.OVER:
        return Referral.state.not_in(OPEN)
    if tab is Tab.OUT:
        return and_(Referral.role == "home", Referral.state.in_(KNOWN))
    if tab is Tab.CLAIMS:
        return and_(Referral.role == "home", Referral.state == S.CLAIMED)
    return and_(Referral.role == "host", Referral.state == HOST_TABS[tab])


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
    return _visible(query, actor)


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
    vault.prepare([shared.id for _, _, _, shared, *_ in found if shared is not None])
    rows = []
    for referral, name, own_branch, shared, branch, partner in found:
        values = packets.opened(shared)
        rows.append(
            Row(referral, name or values.get("/name", ""), own_branch or branch or "", partner or "伙伴县", values)
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


@dataclass(frozen=True)
class Asked:
    """What narrows a list: all of it stands in the address."""

    text: str = ""
    partner_uid: UUID | None = None
    state: str = ""
    branch_id: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        typed = named(self.text) if self.text else None
        if typed is not None:
            found.append(typed)
        if self.partner_uid is not None:
            found.append(Referral.partner_uid == self.partner_uid)
        if self.state:
            found.append(Referral.state == ReferralState(self.state))
        if self.branch_id is not None:
            found.append(Referral.branch_id == self.branch_id)
        return found


def page(tab: Tab, actor: Actor, asked: Asked, *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Open ones with the longest waiting first, ended ones with the latest first."""
    keys = (Referral.state_at, Referral.id)
    query = _base(actor, condition(tab), *asked.conditions())
    return _paged(query, keys, lambda row: f"{row.referral.state_at.isoformat()}_{row.referral.id}", _moment,
                  after=after, before=before, size=size, is_falling=tab is Tab.OVER)  # fmt: skip


def guests(actor: Actor, asked: Asked, *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """Shared members of open referrals, by name."""
    keys = (SharedMember.name_pinyin, Referral.id)
    query = _base(
        actor, Referral.role == "host", Referral.state.in_(KNOWN), SharedMember.id.is_not(None), *asked.conditions()
    )
    return _paged(query, keys, lambda row: f"{names.pinyin_key(row.name)[:160]}_{row.referral.id}", lambda text: text,
                  after=after, before=before, size=size)  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _paged(
    query: Select[Any], keys: tuple[Any, Any], cursor: Any, read: Any, *, after: str, before: str, size: int,
    is_falling: bool = False,
) -> Page:  # fmt: skip
    at = _place(before or after, read)
    is_back = bool(before) and at is not None
    down = is_falling != is_back
    if at is not None:
        query = query.where(tuple_(*keys) < tuple_(*at) if down else tuple_(*keys) > tuple_(*at))
    query = query.order_by(*[k.desc() if down else k for k in keys]).limit(size + 1)
    found = list(db.session.execute(query))
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    rows = _rows(found)
    first = cursor(rows[0]) if rows and at is not None and (has_more or not is_back) else ""
    last = cursor(rows[-1]) if rows and (has_more or is_back) else ""
    return Page(rows, first, last)


def _place(cursor: str, read: Any) -> tuple[Any, UUID] | None:
    """A cursor that cannot be read is the first page."""
    key, _, id_ = cursor.rpartition("_")
    try:
        return (read(key), UUID(id_)) if cursor else None
    except ValueError:
        return None


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


def counts(actor: Actor, partner_uid: UUID | None = None) -> dict[Tab, int]:
    """How many each list holds: one query."""
    columns = [func.count().filter(condition(tab)).label(tab.value) for tab in Tab]
    query = _counted(actor, *columns)
    if partner_uid is not None:
        query = query.where(Referral.partner_uid == partner_uid)
    row = db.session.execute(query).mappings().one()
    return {tab: int(row[tab.value]) for tab in Tab}


def by_partner(actor: Actor, role: str) -> dict[UUID, dict[ReferralState, int]]:
    """partner → state → how many, of the referrals in which we are home or host: one query."""
    query = _counted(actor, Referral.partner_uid, Referral.state, func.count().label("n")).where(Referral.role == role)
    found: dict[UUID, dict[ReferralState, int]] = {}
    for partner_uid, state, n in db.session.execute(query.group_by(Referral.partner_uid, Referral.state)):
        found.setdefault(partner_uid, {})[state] = n
    return found


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


def late(actor: Actor, before: datetime, tab: Tab | None = None) -> Any:
    """Of those that wait for our word, since before this instant, as a query of one number; of one list alone if named."""
    query = _counted(actor, func.count()).where(is_ours(), Referral.state_at < before)
    return query if tab is None else query.where(condition(tab))


@dataclass(frozen=True)
class Unseen:
    """A member of ours who was offered and has not reported in. `step`: the county's day that has passed."""

    referral: Referral
    name: str
    partner: str
    days: int
    step: int


def not_reported(actor: Actor, limit: int) -> tuple[Sequence[Unseen], int]:
    """Offered so many days ago, and not reported in: the longest first, and how many there are. Two queries."""
    steps = sorted(counties.settings().report_in_days)
    today = clock.today()
    first = datetime.combine(today - timedelta(days=steps[0] - 1), time(), clock.CHINA)
    query = (
        db.select(Referral, Member.name, Peer.name, func.count().over())
        .join(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
        .outerjoin(Peer, (Peer.tenant_id == Referral.tenant_id) & (Peer.uid == Referral.partner_uid))
        .where(Referral.role == "home", Referral.state.in_([S.OFFERED, S.ACCEPTED]), Referral.created_at < first)
        .order_by(Referral.created_at, Referral.id)
        .limit(limit)
    )
    found = db.session.execute(_visible(query, actor)).all()
    rows = []
    for referral, name, partner, _ in found:
        days = (today - referral.created_at.astimezone(clock.CHINA).date()).days
        rows.append(Unseen(referral, name, partner or "伙伴县", days, max(s for s in steps if s <= days)))
    return rows, found[0][3] if found else 0


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
