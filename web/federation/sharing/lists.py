"""Lists of shares: who keeps whom informed of what, what was taken back, and the proofs that it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, true
from sqlalchemy.dialects.postgresql import JSONB

from web.core import clock, vault
from web.core.events import Actor
from web.core.keyset import Order
from web.core.saying import joined
from web.core.scopes import SCOPES
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post.models import InboxMessage, OutboxMessage, Peer
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals.models import Referral, SharedMember
from web.federation.sharing import values
from web.federation.sharing.models import STANDING, ShareState, StatusShare
from web.federation.sharing.service import OVERDUE, WITHDRAWN
from web.tenants.consents.models import STANDS, Consent
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.workbench import queues

PAGE = 40


@dataclass(frozen=True)
class Row:
    """One share. `name`: empty once its packet was purged. `proof`: the partner's (or our) word that all is destroyed.
    `is_paused`: it stands, and one of the pair paused its scope, so what is held may be out of date.
    """

    share: StatusShare
    name: str
    partner: str
    proof: Proof | None = None
    is_paused: bool = False
    labels: Sequence[Mark] = ()


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


def untold() -> ColumnElement[bool]:
    """The member said no, and no word could tell it to the county that shares him still (`service.say_withdrawn`)."""
    stands = db.select(Consent.id).where(
        Consent.tenant_id == StatusShare.tenant_id,
        Consent.member_id == StatusShare.member_id,
        Consent.partner_uid == StatusShare.partner_uid,
        Consent.scope == StatusShare.scope,
        STANDS,
    )
    return and_(
        StatusShare.role == "receiver",
        StatusShare.state.in_(STANDING),
        StatusShare.reason.in_(WITHDRAWN),
        ~stands.exists(),
    )


def is_untold(share: StatusShare) -> bool:
    """Is it one of those?"""
    return db.session.scalar(db.select(StatusShare.id).where(StatusShare.id == share.id, untold())) is not None


Where = Sequence[ColumnElement[bool]]
"""Conditions on a share that narrow the list."""


@dataclass(frozen=True)
class Page:
    """The latest moved first. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Row]
    before: str
    after: str


ORDER = Order((StatusShare.state_at, StatusShare.id), (datetime.fromisoformat, UUID), is_falling=True)


def page(actor: Actor, where: Where = (), *, after: str = "", before: str = "", size: int = PAGE) -> Page:
    """One page of shares: one query, the proofs and the keys of the names with it."""
    query = vault.beside(_base(actor, *where).add_columns(*_proofs()), SharedMember.id)
    cut = ORDER.cut(labels.beside(query, StatusShare.id), size=size, after=after, before=before)
    return Page([_row(row) for row in cut.rows], cut.before, cut.after)


def count(actor: Actor, where: Where = ()) -> int:
    """How many there are: one query."""
    return db.session.scalar(_base(actor, *where).with_only_columns(func.count())) or 0


def _proofs() -> list[Any]:
    """Of a purged share the receiver's sealed word, theirs and ours: [when, digest, is receipted], or nothing."""

    def of(model: Any, *parts: Any, where: Any) -> Any:
        query = db.select(func.jsonb_build_array(*parts, type_=JSONB)).where(
            model.tenant_id == StatusShare.tenant_id,
            model.about_id == StatusShare.id,
            model.type == "share.purged",
            where,
        )
        said = query.order_by(model.id).limit(1).correlate(StatusShare).scalar_subquery()
        return case((StatusShare.state == ShareState.PURGED, said))

    sent = OutboxMessage.created_at, OutboxMessage.digest, OutboxMessage.receipt.is_not(None)
    return [
        of(InboxMessage, InboxMessage.at, InboxMessage.digest, literal(True), where=true()).label("theirs"),
        of(OutboxMessage, *sent, where=OutboxMessage.base.is_not(None)).label("ours"),
        _paused().label("paused"),
    ]


def _paused() -> ColumnElement[bool]:
    """It stands, and one of the pair stopped its scope."""
    of = agreements.paused_between(StatusShare.agreement_id, StatusShare.partner_uid, StatusShare.scope)
    return and_(StatusShare.state.in_(STANDING), of)


def paused(shares: Iterable[StatusShare]) -> set[UUID]:
    """Which of them stand still while one of the pair paused their scope: one query."""
    ids = [share.id for share in shares]
    return set(db.session.scalars(db.select(StatusShare.id).where(StatusShare.id.in_(ids), _paused())))


def _row(row: Any) -> Row:
    share, name, shared, partner, theirs, ours, is_paused, key, *_ = row
    if shared is not None:
        vault.have(shared.id, key)
        name = name or packets.opened(shared).get("/name", "") if key is not None else name
    said = ours or theirs
    proof = Proof(bool(ours), datetime.fromisoformat(said[0]), said[1] or "", said[2]) if said else None
    return Row(share, name or "", partner or "伙伴县", proof, is_paused, labels.of(row))


def one(share: StatusShare, actor: Actor) -> Row | None:
    """The line of one share, None when the actor may not see it."""
    query = vault.beside(_base(actor, StatusShare.id == share.id).add_columns(*_proofs()), SharedMember.id)
    found = db.session.execute(query).first()
    return None if found is None else _row(found)


Matrix = dict[tuple[UUID, str, str, str], dict[ShareState, int]]
"""(partner, scope, our role in the share, our role in the referral) → state → how many."""


def matrix(actor: Actor, where: Where = ()) -> tuple[Matrix, int]:
    """All shares, and how many of them these conditions leave: one query."""
    keys = (StatusShare.partner_uid, StatusShare.scope, StatusShare.role, Referral.role, StatusShare.state)
    query = _base(actor).with_only_columns(
        *(key.label(f"k{n}") for n, key in enumerate(keys)),
        func.count().label("n"),
        func.count().filter(*where).label("left"),
    )
    found, left = Matrix(), 0
    for *place, state, n, of_these in db.session.execute(query.group_by(*keys)):
        found.setdefault(tuple(place), {})[state] = n
        left += of_these
    return found, left


def counter(actor: Actor) -> Any:
    """How many proofs are overdue, as a query of one number."""
    return _base(actor, overdue()).with_only_columns(func.count())


def waiting(actor: Actor, which: ColumnElement[bool] | None = None) -> Select[Any]:
    """Overdue proofs, or others, for home."""
    waits = queues.columns(
        StatusShare.id, StatusShare.state_at, due_on=clock.today(), name=Member.name, packet=SharedMember.wrapped, kept_by=SharedMember.id,
        partner=Peer.name, partner_uid=StatusShare.partner_uid,
    )  # fmt: skip
    return _base(actor, overdue() if which is None else which).with_only_columns(*waits)


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
    """What a withdrawal would touch now: letters without a receipt, shares of ours that stand, their scopes in words."""

    waiting: int
    live: int
    labels: str


def effect_of_withdrawal(member_id: UUID, partner_uid: UUID) -> Effect:
    """Counted before the press, for the page that asks: two queries."""
    waiting = db.select(func.count()).where(
        OutboxMessage.member_id == member_id, OutboxMessage.peer_uid == partner_uid, OutboxMessage.receipt.is_(None),
        OutboxMessage.type != "request.done",  # an answer goes, and is destroyed there
    )  # fmt: skip
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
