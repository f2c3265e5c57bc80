"""Lines of co-signed records, each one person at one activity, narrowed to the actor's part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_

from web.core import vault
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.federation.cosigning.models import CoSignedRecord, CosignLine
from web.federation.post.models import Peer
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals.models import Referral, SharedMember
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.activities.models import Activity
from web.tenants.counties import service as counties
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg


@dataclass(frozen=True)
class Row:
    """One line. `name`: of our own member, or the guest's packet; empty once purged. `branch`: of this county."""

    line: CosignLine
    record: CoSignedRecord
    name: str
    branch: str
    partner: str


@dataclass(frozen=True)
class Page:
    """`before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: Sequence[Row]
    before: str
    after: str


_LATEST = Order((CoSignedRecord.held_on, CosignLine.id), (date.fromisoformat, UUID), is_falling=True)


def of_records(query: Select[Any]) -> Select[Any]:
    """A query of lines, with the record each belongs to."""
    mine = (CoSignedRecord.tenant_id == CosignLine.tenant_id) & (CoSignedRecord.id == CosignLine.record_id)
    return query.join(CoSignedRecord, mine)


def _with_members(query: Select[Any]) -> Select[Any]:
    mine = (Member.tenant_id == CosignLine.tenant_id) & (Member.id == CosignLine.member_id)
    return of_records(query).outerjoin(Member, mine)


def _narrowed(query: Select[Any], actor: Actor) -> Select[Any]:
    """The recorder's by the activity's organisation, home's by the member's own branches."""
    if actor.role in WHOLE_COUNTY:
        return query
    held = db.select(Activity.id).where(organisations.within(actor, Activity.org_id))
    return query.where(
        or_(
            and_(CoSignedRecord.role == "recorder", CoSignedRecord.activity_id.in_(held)),
            organisations.within(actor, Member.branch_id, Member.away_org_id),
        )
    )


def ids(actor: Actor) -> Select[Any]:
    """Ids of the lines this actor may see, for a condition."""
    return _narrowed(_with_members(db.select(CosignLine.id)), actor)


def some(actor: Actor, *where: ColumnElement[bool], after: str = "", before: str = "", size: int = 50) -> Page:
    """Those a condition leaves of what this actor may see, of the latest activity first: one query."""
    own, taken = db.aliased(PartyOrg), db.aliased(PartyOrg)
    query = (
        _with_members(
            db.select(CosignLine, CoSignedRecord, Member.name, own.name, SharedMember, taken.name, Peer.name)
            .select_from(CosignLine)
        )
        .outerjoin(own, (own.tenant_id == Member.tenant_id) & (own.id == Member.branch_id))
        .outerjoin(Referral, (Referral.tenant_id == CosignLine.tenant_id) & (Referral.id == CosignLine.referral_id))
        .outerjoin(taken, (taken.tenant_id == Referral.tenant_id) & (taken.id == Referral.branch_id))
        .outerjoin(SharedMember, (SharedMember.tenant_id == Referral.tenant_id) & (SharedMember.id == Referral.id))
        .join(Peer, (Peer.tenant_id == CoSignedRecord.tenant_id) & (Peer.uid == CoSignedRecord.partner_uid))
        .where(*where)
    )  # fmt: skip
    query = vault.beside(vault.beside(_narrowed(query, actor), CoSignedRecord.id), SharedMember.id)
    cut = _LATEST.cut(query, size=size, after=after, before=before)
    return Page([_row(*found[:9]) for found in cut.rows], cut.before, cut.after)


def _row(
    line: CosignLine, record: CoSignedRecord, name: str | None, own: str | None, shared: SharedMember | None,
    taken: str | None, partner: str, key: bytes | None, guests: bytes | None,
) -> Row:  # fmt: skip
    vault.have(record.id, key)
    if shared is not None:
        vault.have(shared.id, guests)
        name = str(packets.opened(shared).get("/name", "")) if guests is not None else ""
    return Row(line, record, name or "", own or taken or "", partner)


def note_reading(rows: Sequence[Row]) -> None:
    """Log that names of another county's members were read: one event a page, naming the counties."""
    read = [
        (row.line.referral_id, row.record.partner_uid) for row in rows if row.record.role == "recorder" and row.name
    ]
    # Never stored: the list as a whole is what was looked at.
    readings.note(CoSignedRecord(id=counties.own().uid), read, "figures")
