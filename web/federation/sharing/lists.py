"""Lists of shares: who keeps whom informed of what, what was taken back, and the proofs that it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, tuple_

from web.core import clock, vault
from web.core.events import Actor
from web.core.saying import joined
from web.core.scopes import SCOPES
from web.extensions import db
from web.federation.post.models import InboxMessage, OutboxMessage, Peer
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals.models import Referral, SharedMember
from web.federation.sharing import values
from web.federation.sharing.models import STANDING, ShareState, StatusShare
from web.federation.sharing.service import OVERDUE
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations

PAGE = 40


@dataclass(frozen=True)
class Row:
    """One share. `name`: empty once its packet was purged. `proof`: the partner's (or our) word that all is destroyed."""

    share: StatusShare
    name: str
    partner: str
    proof: Proof | None = None


@dataclass(frozen=True)
class Proof:
    """A purge: who said so, when, the digest of the sealed message, whether it is receipted."""

    is_ours: bool
    at: datetime
    digest: str
    is_receipted: bool


@dataclass(frozen=True)
class Told:
    """A value the other county keeps us informed of."""

    share: StatusShare
    pointer: str
    label: str
    words: str


def ids(actor: Actor) -> Select[Any]:
    """Ids of the shares this actor may see, for a condition."""
    query = (
        db.select(StatusShare.id)
        .join(Referral, (Referral.tenant_id == StatusShare.tenant_id) & (Referral.id == StatusShare.referral_id))
        .outerjoin(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
    )
    return organisations.visible(
        query, actor, Member.branch_id, Member.away_org_id, Referral.township_id, Referral.branch_id
    )


def _base(actor: Actor, *where: ColumnElement[bool]) -> Select[Any]:
    query = (
        db.select(StatusShare, Member.name, SharedMember, Peer.name)
        .join(Referral, (Referral.tenant_id == StatusShare.tenant_id) & (Referral.id == StatusShare.referral_id))
        .outerjoin(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
        .outerjoin(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
        .outerjoin(Peer, (Peer.tenant_id == StatusShare.tenant_id) & (Peer.uid == StatusShare.partner_uid))
        .where(*where)
    )
    return organisations.visible(
        query, actor, Member.branch_id, Member.away_org_id, Referral.township_id, Referral.branch_id
    )


def overdue() -> ColumnElement[bool]:
    """Taken back a day ago, and no proof yet."""
    return and_(
        StatusShare.role == "owner",
        StatusShare.state == ShareState.PURGE_REQUESTED,
        StatusShare.state_at <= clock.now() - OVERDUE,
    )


@dataclass(frozen=True)
class Asked:
    """What narrows the list."""

    partner_uid: UUID | None = None
    scope: str = ""
    role: str = ""
    state: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.partner_uid is not None:
            found.append(StatusShare.partner_uid == self.partner_uid)
        if self.scope:
            found.append(StatusShare.scope == self.scope)
        if self.role:
            found.append(StatusShare.role == self.role)
        if self.state:
            found.append(StatusShare.state == ShareState(self.state))
        return found


@dataclass(frozen=True)
class Page:
    """The latest moved first; `after`: the cursor of the next page, empty at the end."""

    rows: Sequence[Row]
    after: str


def page(actor: Actor, asked: Asked, *, after: str = "", size: int = PAGE) -> Page:
    """One page of shares with their proofs: two queries, and the keys of the packets whose names are shown."""
    query = _base(actor, *asked.conditions())
    at = _place(after)
    if at is not None:
        query = query.where(tuple_(StatusShare.state_at, StatusShare.id) < tuple_(*at))
    query = query.order_by(StatusShare.state_at.desc(), StatusShare.id.desc()).limit(size + 1)
    found = list(db.session.execute(query))
    has_more, found = len(found) > size, found[:size]
    vault.prepare([shared.id for _, _, shared, _ in found if shared is not None])
    proofs = proofs_of([share.id for share, *_ in found if share.state is ShareState.PURGED])
    rows = [
        Row(share, name or packets.opened(shared).get("/name", ""), partner or "伙伴县", proofs.get(share.id))
        for share, name, shared, partner in found
    ]
    last = rows[-1].share if rows and has_more else None
    return Page(rows, f"{last.state_at.isoformat()}_{last.id}" if last else "")


def _place(cursor: str) -> tuple[datetime, UUID] | None:
    at, _, id_ = cursor.rpartition("_")
    try:
        return (datetime.fromisoformat(at), UUID(id_)) if cursor else None
    except ValueError:
        return None


def one(share: StatusShare, actor: Actor) -> Row | None:
    """The line of one share, None when the actor may not see it."""
    found = db.session.execute(_base(actor, StatusShare.id == share.id)).first()
    if found is None:
        return None
    _, name, shared, partner = found
    return Row(
        share, name or packets.opened(shared).get("/name", ""), partner or "伙伴县", proofs_of([share.id]).get(share.id)
    )


def proofs_of(share_ids: Sequence[UUID]) -> dict[UUID, Proof]:
    """share → the receiver's sealed word that it is purged: one query a direction."""
    found: dict[UUID, Proof] = {}
    theirs = db.select(InboxMessage).where(InboxMessage.about_id.in_(share_ids), InboxMessage.type == "share.purged")
    for m in db.session.scalars(theirs.order_by(InboxMessage.id.desc())):
        if m.about_id is not None:
            found[m.about_id] = Proof(False, m.at, m.digest, True)
    ours = db.select(OutboxMessage).where(
        OutboxMessage.about_id.in_(share_ids), OutboxMessage.type == "share.purged", OutboxMessage.base.is_not(None)
    )
    for m in db.session.scalars(ours):
        found[m.about_id] = Proof(True, m.created_at, m.digest or "", m.receipt is not None)
    return found


def matrix(actor: Actor) -> dict[tuple[UUID, str, str], dict[ShareState, int]]:
    """(partner, scope, our role) → state → how many: one query."""
    query = _base(actor).with_only_columns(
        StatusShare.partner_uid, StatusShare.scope, StatusShare.role, StatusShare.state, func.count().label("n")
    )
    found: dict[tuple[UUID, str, str], dict[ShareState, int]] = {}
    for uid, scope, role, state, n in db.session.execute(
        query.group_by(StatusShare.partner_uid, StatusShare.scope, StatusShare.role, StatusShare.state)
    ):
        found.setdefault((uid, scope, role), {})[state] = n
    return found


def counter(actor: Actor) -> Any:
    """How many proofs are overdue, as a query of one number."""
    return _base(actor, overdue()).with_only_columns(func.count())


def of_referral(referral_id: UUID) -> list[StatusShare]:
    """The shares of a referral, ours first."""
    query = db.select(StatusShare).where(StatusShare.referral_id == referral_id)
    return list(db.session.scalars(query.order_by(StatusShare.role, StatusShare.scope, StatusShare.id)))


def of_member(member_id: UUID, partner_uid: UUID | None = None) -> list[StatusShare]:
    """Every share about one of our members (towards one partner), the latest first."""
    query = db.select(StatusShare).where(StatusShare.member_id == member_id)
    if partner_uid is not None:
        query = query.where(StatusShare.partner_uid == partner_uid)
    return list(db.session.scalars(query.order_by(StatusShare.id.desc())))


@dataclass(frozen=True)
class Effect:
    """What a withdrawal would touch now: letters not sealed yet, shares of ours that stand, their scopes in words."""

    waiting: int
    live: int
    labels: str


def effect_of_withdrawal(member_id: UUID, partner_uid: UUID) -> Effect:
    """Counted before the press, for the page that asks: two queries."""
    waiting = db.select(func.count()).where(
        OutboxMessage.member_id == member_id, OutboxMessage.peer_uid == partner_uid, OutboxMessage.sealed_at.is_(None)
    )
    standing = [s for s in of_member(member_id, partner_uid) if s.state in STANDING]
    labels = joined("、", dict.fromkeys(SCOPES[s.scope].label for s in standing))
    return Effect(db.session.scalar(waiting) or 0, len(standing), labels)


def told(shares: Iterable[StatusShare]) -> dict[str, list[Told]]:
    """Our role in the share (owner: what we tell, receiver: what we are told) → values that stand: two queries."""
    standing = [s for s in shares if s.state in STANDING]
    held: Mapping[UUID, Mapping[str, Any]] = values.held(s.id for s in standing)
    found: dict[str, list[Told]] = {"owner": [], "receiver": []}
    for share in standing:
        if share.role == "receiver" and share.member_id is None and held.get(share.id):
            readings.opened("referral", share.referral_id, share.partner_uid)
        for pointer, label in values.LABELS.items():
            if pointer in held.get(share.id, {}):
                words = values.worded(pointer, held[share.id][pointer])
                found[share.role].append(Told(share, pointer, label, words))
    return found


def standing_under(agreement_id: UUID) -> dict[str, int]:
    """Scope → how many shares of ours stand under this agreement."""
    query = (
        db.select(StatusShare.scope, db.func.count())
        .where(StatusShare.agreement_id == agreement_id, StatusShare.role == "owner", StatusShare.state.in_(STANDING))
        .group_by(StatusShare.scope)
    )
    return {str(scope): int(count) for scope, count in db.session.execute(query)}
