"""Which values a share carries, by who owns them: read from the owner's rows, kept under the share's key, purged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from web.core import clock, fence, vault
from web.core.fields import FIELDS
from web.core.ids import uuid7
from web.extensions import db
from web.federation.messages import MESSAGES, Pointer
from web.federation.post import service as post
from web.federation.referrals.models import Referral
from web.federation.sharing.models import SharedValue, StatusShare
from web.federation.wire.codes import WireError
from web.tenants.members import codes
from web.tenants.members.models import Member
from web.tenants.organisations.models import PartyOrg

SPEC = MESSAGES["share.snapshot"]
LABELS: dict[str, str] = {p.path: FIELDS[p.field].label for p in SPEC.pointers}
WORDS: dict[str, Mapping[str, str]] = {f"/{field}": of.aliases for field, of in codes.LISTED.items()}
"""Code → word of closed lists. A register that writes the word means the code."""
OF_MEMBER: dict[str, str] = {
    "/certificate_no": "certificate_no",
    "/review_result": "review_result",
    "/dues_until": "dues_until",
    "/appraisal": "appraisal",
    "/phone": "contact_phone",
}
"""Pointer → what the home's member row has for it."""
WATCHED = {*OF_MEMBER.values(), "phone", "second_phone", "chosen_phone"}
"""Columns whose change a share follows."""


def pointers(scope: str, flow_role: str) -> tuple[Pointer, ...]:
    """What the county in this role of the flow (home or host) may send under the scope."""
    # The contact of a member is home's to give: the host has no row of its own for him.
    return tuple(p for p in SPEC.pointers if p.scope == scope and (p.owner or "home") == flow_role)


def owner_role(share: StatusShare, referral: Referral) -> str:
    """home or host: the role in the flow of the county that owns what the share carries."""
    return referral.role if share.role == "owner" else {"home": "host", "host": "home"}[referral.role]


def demand_owner(share: StatusShare, referral: Referral, found: Iterable[str]) -> None:
    """WireError scope_violation when a pointer is not the sender's to share."""
    allowed = {p.path for p in pointers(share.scope, owner_role(share, referral))}
    for pointer in found:
        if pointer not in allowed:
            raise WireError("scope_violation", pointer=pointer)


def current(share: StatusShare, referral: Referral) -> dict[str, Any]:
    """Pointer → value as the owner's rows have it now; None where there is none."""
    found: dict[str, Any] = {}
    if referral.role == "host":
        org = db.session.get(PartyOrg, (fence.tenant(), referral.branch_id)) if referral.branch_id else None
        found["/branch"] = org.full_name if org else None
    elif referral.member_id is not None:
        member = db.session.get(Member, (fence.tenant(), referral.member_id))
        found = {pointer: _coded(pointer, getattr(member, column)) for pointer, column in OF_MEMBER.items()}
    return {p.path: found.get(p.path) for p in pointers(share.scope, referral.role)}


def _coded(pointer: str, value: str | None) -> str | None:
    """The code on the wire; a word that is no code of the closed list is not shared."""
    if pointer not in WORDS or not value:
        return value or None
    words = WORDS[pointer]
    return value if value in words else next((code for code, word in words.items() if word == value), None)


def worded(pointer: str, value: Any) -> str:
    """A value of the wire in words; an empty text for none."""
    return "" if value is None else WORDS.get(pointer, {}).get(value, str(value))


def keep(share: StatusShare, changed: Mapping[str, Any], *, whole: bool) -> None:
    """Store what was sent or heard; `whole`: what is not among it is no longer there."""
    if whole:
        db.session.execute(delete(SharedValue).where(SharedValue.share_id == share.id))
    gone = [pointer for pointer, value in changed.items() if value is None]
    if gone:
        take_out(share.id, gone)
    for pointer, value in changed.items():
        if value is None:
            continue
        wrapped = vault.wrap(share.id, json.dumps(value, ensure_ascii=False).encode())
        row = {"tenant_id": fence.tenant(), "id": uuid7(), "share_id": share.id, "field": pointer[1:]}
        statement = insert(SharedValue).values(**row, wrapped=wrapped, at=clock.now())
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "share_id", "field"], set_={"wrapped": wrapped, "at": clock.now()}
            ).execution_options(synchronize_session=False)
        )
    db.session.flush()


def take_out(share_id: UUID, pointers: Iterable[str]) -> None:
    """These are no longer there."""
    fields = [pointer[1:] for pointer in pointers]
    db.session.execute(delete(SharedValue).where(SharedValue.share_id == share_id, SharedValue.field.in_(fields)))


def held(share_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """share → pointer → value, of what we hold: two queries."""
    ids = set(share_ids)
    vault.prepare(ids)
    found: dict[UUID, dict[str, Any]] = {}
    for row in db.session.scalars(db.select(SharedValue).where(SharedValue.share_id.in_(ids))):
        try:
            found.setdefault(row.share_id, {})[f"/{row.field}"] = json.loads(vault.unwrap(row.share_id, row.wrapped))
        except vault.Purged:
            continue
    return found


def purge(share: StatusShare) -> None:
    """Rows, disclosures and key of the share go in this transaction."""
    db.session.execute(delete(SharedValue).where(SharedValue.share_id == share.id))
    post.purge(share.id)
