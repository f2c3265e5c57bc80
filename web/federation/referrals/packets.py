"""The packet of a referral (scope S2): made from the home's rows, kept by the host under the referral's key, purged.

Of a claim, home keeps one too: what the host was told, until a person recognised or disowned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from web.core import clock, erasures, events, fence, vault
from web.core.fields import FIELDS, blind
from web.extensions import db
from web.federation.messages import MESSAGES
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.readings import service as readings
from web.federation.referrals import codes
from web.federation.referrals.models import Referral, SharedGram, SharedMember
from web.tenants.documents import scans
from web.tenants.flows.models import Flow
from web.tenants.members import names
from web.tenants.members.codes import GENDER, Gender, MemberKind
from web.tenants.members.models import Member
from web.tenants.workbench.queues import Waiting

OFFER = MESSAGES["referral.offer"]
LABELS: dict[str, str] = {p.path: FIELDS[p.field].label for p in OFFER.pointers}
"""Pointer → label, in the order of the table."""
REQUIRED = frozenset(p.path for p in OFFER.pointers if p.is_required)
CODE = "/report_in_code"
PACKETS = ("referral.offer", "referral.recognise")
KINDS: dict[str, str] = {MemberKind.FULL: "full", MemberKind.PROBATIONARY: "probationary"}
KIND_WORDS = {"full": "正式党员", "probationary": "预备党员"}


def make(member: Member, branch: str, flow: Flow) -> dict[str, Any]:
    """Pointer → value on the wire, without the code; what the home does not know is left out."""
    found = {
        "/name": member.name,
        "/gender": member.gender or Gender.UNKNOWN.value,
        "/birth_year": member.birth_on.year if member.birth_on else None,
        "/member_kind": KINDS.get(member.member_kind),
        "/home_branch": branch,
        "/arrival_month": flow.left_on.isoformat()[:7] if flow.left_on else None,
        "/host_township": flow.host_township.strip() or None,
    }
    return {pointer: value for pointer, value in found.items() if value is not None}


def worded(pointer: str, value: Any) -> str:
    """A value of the wire in words."""
    if pointer == "/gender":
        return GENDER.label(value)
    if pointer == "/member_kind":
        return KIND_WORDS[value]
    return codes.shown(value) if pointer == CODE else str(value)


def keep(referral: Referral, values: Mapping[str, Any]) -> SharedMember:
    """The host's working copy: all values under the referral's key, the name's reading and pairs beside it for search."""
    name = str(values.get("/name") or "")
    code = values.get(CODE)
    row = SharedMember(
        id=referral.id,
        partner_uid=referral.partner_uid,
        name_pinyin=names.pinyin_key(name)[:160],
        initials=names.initials(name)[:20],
        wrapped=_wrapped(referral.id, values),
        code_blind=blind("report_in_code", code) if code else None,
        received_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    db.session.add_all(SharedGram(referral_id=referral.id, gram=gram) for gram in sorted(names.grams(name)))
    db.session.flush()
    return row


def take_out(referral: Referral) -> dict[str, Any]:
    """Take the working copy away without the key: what it held. For putting another in its place."""
    row = db.session.get(SharedMember, (referral.tenant_id, referral.id))
    if row is None:
        return {}
    told = opened(row)
    db.session.execute(delete(SharedGram).where(SharedGram.referral_id == referral.id))
    db.session.delete(row)
    db.session.flush()
    return told


def _wrapped(referral_id: UUID, values: Mapping[str, Any]) -> bytes:
    return vault.wrap(referral_id, json.dumps(dict(values), ensure_ascii=False).encode())


def opened(row: SharedMember | None) -> dict[str, Any]:
    """The values of a working copy by pointer; empty when it was purged. `vault.prepare` first for a list."""
    if row is None:
        return {}
    try:
        found: dict[str, Any] = json.loads(vault.unwrap(row.id, row.wrapped))
    except vault.Purged:
        return {}
    readings.opened("referral", row.id, row.partner_uid)
    return found


def of_waiting(row: Waiting) -> dict[str, Any]:
    """The same for a row of home's queues, which says the partner."""
    if row.packet is None or row.kept_by is None:
        return {}
    return opened(SharedMember(id=row.kept_by, partner_uid=UUID(row.said["partner_uid"]), wrapped=row.packet))


def void_code(referral: Referral) -> None:
    """The code was used: the host forgets it."""
    row = db.session.get(SharedMember, (referral.tenant_id, referral.id))
    if row is not None:
        row.code_blind = None
        row.wrapped = _wrapped(referral.id, {k: v for k, v in opened(row).items() if k != CODE})
        db.session.flush()


def disclosed(referral: Referral) -> dict[str, tuple[Any, bool]]:
    """At home: pointer → (value as it was sealed or None when erased, was it withheld) of our packet. One query."""
    query = (
        db.select(StoredDisclosure)
        .join(
            OutboxMessage,
            (OutboxMessage.tenant_id == StoredDisclosure.tenant_id) & (OutboxMessage.id == StoredDisclosure.message_id),
        )
        .where(StoredDisclosure.about_id == referral.id, OutboxMessage.type.in_(PACKETS))
    )
    found = {row.pointer: (_value(row), row.is_withheld) for row in db.session.scalars(query)}
    return {pointer: found[pointer] for pointer in LABELS if pointer in found}


def _value(row: StoredDisclosure) -> Any:
    opened_ = post.reopened(row)
    return opened_.value if opened_ is not None else None


@events.subscribe(post.Forgotten)
def _take_out(what: post.Forgotten) -> None:
    """These values may not be known any more: they go out of the working copy too."""
    row = db.session.get(SharedMember, (fence.tenant(), what.about_id))
    if row is None:
        return
    kept = {pointer: value for pointer, value in opened(row).items() if pointer not in what.pointers}
    row.wrapped = _wrapped(row.id, kept)
    if CODE in what.pointers:
        row.code_blind = None
    if "/name" in what.pointers:
        row.name_pinyin = row.initials = ""
        db.session.execute(delete(SharedGram).where(SharedGram.referral_id == row.id))
    db.session.flush()


@erasures.again("referral")
def _purge_again(referral_id: UUID) -> bool:
    """A backup that was put back has it whole."""
    referral = db.session.get(Referral, (fence.tenant(), referral_id))
    if referral is None or referral.purged_at is not None:
        return False
    purge(referral)
    return True


def purge(referral: Referral) -> None:
    """Key, disclosures, working copy, search grams and what the person signed for it go in this transaction; seals and receipts still verify."""
    db.session.execute(delete(SharedGram).where(SharedGram.referral_id == referral.id))
    db.session.execute(delete(SharedMember).where(SharedMember.id == referral.id))
    referral.purged_at = clock.now()
    erasures.note("referral", referral.id)
    db.session.flush()  # before the key goes: what the log encrypts about this row uses it
    post.purge(referral.id)
    scans.destroy(referral.id)
