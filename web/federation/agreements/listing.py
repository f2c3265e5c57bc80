"""Many agreements at once, each with what a list shows of it: two queries a page, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_
from sqlalchemy.orm import aliased

from web.core.keyset import Order
from web.extensions import db
from web.federation.agreements.models import (
    OPEN,
    Agreement,
    AgreementApproval,
    AgreementClosing,
    AgreementParty,
    AgreementSeal,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark

T = TypeVar("T")


@dataclass
class Listed:
    """An agreement with its version in hand (as `reading.current`), the one in effect, `everyone` of its parties in their order, who
    sealed the version in hand, and our leader's approval of it.
    """

    agreement: Agreement
    version: AgreementVersion
    effective: AgreementVersion | None = None
    approval: AgreementApproval | None = None
    sealed: set[UUID] = field(default_factory=set)
    everyone: list[AgreementParty] = field(default_factory=list)
    labels: Sequence[Mark] = ()


LIVING = (AgreementState.PENDING, AgreementState.ACTIVE, AgreementState.WINDING_DOWN)
_IS_LIVING = case((Agreement.state.in_(LIVING), 1), else_=0)
# Those that are not over first, the newest first.
ORDER = Order((_IS_LIVING, Agreement.created_at, Agreement.id), (int, datetime.fromisoformat, UUID), is_falling=True)


@dataclass(frozen=True)
class Page(Generic[T]):
    """`total`: how many there are on all pages. `before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[T]
    total: int
    before: str
    after: str


def is_negotiated() -> ColumnElement[bool]:
    """One of its versions is open: a text that somebody has still to answer."""
    return db.exists().where(
        AgreementVersion.tenant_id == Agreement.tenant_id,
        AgreementVersion.agreement_id == Agreement.id,
        AgreementVersion.state.in_(OPEN),
    )


def is_unclosed() -> ColumnElement[bool]:
    """One of its parties is out, and nobody has said that nothing is open with it any more."""
    is_closed = db.exists().where(
        AgreementClosing.tenant_id == AgreementParty.tenant_id,
        AgreementClosing.agreement_id == AgreementParty.agreement_id,
        AgreementClosing.with_uid == AgreementParty.uid,
    )
    return db.exists().where(
        AgreementParty.tenant_id == Agreement.tenant_id,
        AgreementParty.agreement_id == Agreement.id,
        AgreementParty.ended_on.is_not(None),
        ~is_closed,
    )


def count(*where: Any) -> Select[Any]:
    """How many meet all of `where`, as a query of one number."""
    return db.select(func.count()).select_from(Agreement).where(*where)


def page(*where: Any, after: str = "", before: str = "", size: int) -> Page[Listed]:
    """The agreements for which all of `where` holds, those that are not over first: which, and what they hold; two queries."""
    ids = db.select(Agreement.id, count(*where).scalar_subquery()).where(*where)
    cut = ORDER.cut(ids, size=size, after=after, before=before)
    found = _listed([row[0] for row in cut.rows])
    return Page([found[row[0]] for row in cut.rows], cut.rows[0][1] if cut.rows else 0, cut.before, cut.after)


def _listed(ids: Sequence[UUID]) -> dict[UUID, Listed]:
    newer = aliased(AgreementVersion)
    seals = (
        db.select(func.array_agg(AgreementSeal.county_uid))
        .where(
            AgreementSeal.tenant_id == AgreementVersion.tenant_id,
            AgreementSeal.agreement_id == AgreementVersion.agreement_id,
            AgreementSeal.version == AgreementVersion.version,
        )
        .scalar_subquery()
    )
    is_newest = ~db.exists().where(
        newer.tenant_id == AgreementVersion.tenant_id,
        newer.agreement_id == AgreementVersion.agreement_id,
        newer.version > AgreementVersion.version,
    )
    query = (
        db.select(Agreement, AgreementVersion, AgreementApproval, seals, AgreementParty)
        .select_from(Agreement)
        .join(
            AgreementVersion,
            and_(
                AgreementVersion.tenant_id == Agreement.tenant_id,
                AgreementVersion.agreement_id == Agreement.id,
                or_(AgreementVersion.state.in_((*OPEN, VersionState.EFFECTIVE)), is_newest),
            ),
        )
        .outerjoin(
            AgreementApproval,
            and_(
                AgreementApproval.tenant_id == AgreementVersion.tenant_id,
                AgreementApproval.agreement_id == AgreementVersion.agreement_id,
                AgreementApproval.version == AgreementVersion.version,
                AgreementApproval.text_digest == AgreementVersion.text_digest,
                AgreementApproval.pdf_digest == AgreementVersion.pdf_digest,
            ),
        )
        .outerjoin(
            AgreementParty,
            and_(AgreementParty.tenant_id == Agreement.tenant_id, AgreementParty.agreement_id == Agreement.id),
        )
        .where(Agreement.id.in_(ids))
        .order_by(AgreementVersion.version, AgreementParty.place)
    )
    found: dict[UUID, Listed] = {}
    for each in db.session.execute(labels.beside(query, Agreement.id)) if ids else ():
        agreement, version, approval, sealed, party, *_ = each
        row = found.setdefault(agreement.id, Listed(agreement, version, labels=labels.of(each)))
        if version.state is VersionState.EFFECTIVE:
            row.effective = version
        if _weight(version) >= _weight(row.version):
            row.version, row.approval, row.sealed = version, approval, set(sealed or ())
        if party is not None and party not in row.everyone:
            row.everyone.append(party)
    return found


def _weight(version: AgreementVersion) -> tuple[bool, bool, int]:
    """The open one before the one in effect before the newest."""
    return version.state in OPEN, version.state is VersionState.EFFECTIVE, version.version
