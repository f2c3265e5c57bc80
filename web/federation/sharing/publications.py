"""Lists of no one member that a county keeps its partners informed of: the directory (S0) and the counts (S1).

The owner says the whole list anew when it changed; the receiver replaces what it had. No row of a grant, no list; when
the pair ends or the scope is narrowed away, both sides destroy their copy and its key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from web.core import clock, events, vault
from web.core.ids import uuid7
from web.extensions import db
from web.federation import admission
from web.federation.agreements.models import AgreementGrant
from web.federation.agreements.registers import PairEnded
from web.federation.agreements.taking_effect import GrantsChanged
from web.federation.messages import MESSAGES
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, Peer
from web.federation.referrals import grants
from web.federation.sharing import counts, directory
from web.federation.sharing.models import Publication
from web.federation.wire.canonical import digest_of
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties

LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class Kind:
    """`make(partner, day)`: pointer → rows, each disclosed under its number. `day(today)`: up to when it counts.

    `is_once`: what stands for a day is not said anew, whatever is written down for it later.
    """

    scope: str
    make: Callable[[Peer, date], dict[str, list[list[Any]]]]
    day: Callable[[date], date]
    body: Callable[[int, date], dict[str, Any]]
    is_once: bool = False


def _month_end(today: date) -> date:
    return today.replace(day=1) - timedelta(days=1)


KINDS: dict[str, Kind] = {
    "directory": Kind("S0", directory.make, lambda today: today, lambda w, day: {"w": w}),
    # A month that is over: a figure that moved from day to day would tell of single people.
    "counts": Kind("S1", counts.make, _month_end, lambda w, day: {"w": w, "until": day.isoformat()}, is_once=True),
}


def _row(kind: str, partner_uid: UUID, *, is_ours: bool) -> Publication:
    """The row, locked; made on first use."""
    query = db.select(Publication).where(
        Publication.kind == kind, Publication.partner_uid == partner_uid, Publication.is_ours == is_ours
    )
    row = db.session.scalars(query.with_for_update()).first()
    if row is None:
        row = Publication(
            kind=kind, partner_uid=partner_uid, is_ours=is_ours, w=0, at=clock.now(), looked_at=clock.now()
        )
        db.session.add(row)
    return row


def tell(kind: str, partner: Peer) -> bool:
    """Say our list to a partner if the agreement grants it and it is not what was said last; True when it was sent."""
    of, type_ = KINDS[kind], f"{kind}.tell"
    row, own, day = _row(kind, partner.uid, is_ours=True), counties.own().uid, of.day(clock.today())
    row.looked_at = clock.now()
    reference = grants.covers(of.scope, owner_uid=own, receiver_uid=partner.uid)
    is_said = row.about_id is not None and row.digest != "" and row.as_of == day
    if reference is None or (of.is_once and is_said and row.agreement_id == reference.id):
        db.session.flush()
        return False
    allowed = grants.granted(type_, of.scope, reference, owner_uid=own, receiver_uid=partner.uid)
    values = {
        f"{pointer}/{number}": row
        for pointer, rows in of.make(partner, day).items()
        if f"{pointer}/*" in allowed
        for number, row in enumerate(rows)
    }
    said = digest_of({"agreement": [str(reference.id), reference.version], "values": values})
    if said == row.digest or not values:
        db.session.flush()
        return False
    _keep(row, uuid7(), row.w + 1, reference.id, day, values, said)
    assert row.about_id is not None
    post.send(partner.uid, type_, row.about_id, of.body(row.w, day), values, agreement=reference)
    events.record(f"publication.tell_{kind}", row, details={"w": row.w}, peer=str(partner.uid))
    db.session.flush()
    return True


def tell_all() -> int:
    """Whatever is due to any partner; returns how many lists were sent. A timer's verb."""
    query = db.select(Publication).where(Publication.is_ours, Publication.looked_at > clock.now() - LOOK_AGAIN)
    fresh = {(row.partner_uid, row.kind) for row in db.session.scalars(query)}
    return sum(tell(kind, peer) for peer in keys.partners() for kind in KINDS if (peer.uid, kind) not in fresh)


def hear(envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]) -> None:
    """Replace what we had of this partner. Refused when the agreement named is not in force for the two of us."""
    if envelope.agreement is None or not post.HOOKS.is_active(envelope.agreement, envelope.sender):
        raise WireError("agreement_not_active")
    row = _row(envelope.about_kind, envelope.sender, is_ours=False)
    if envelope.body["w"] <= row.w:
        post.purge(envelope.about_id)
        return
    until = envelope.body.get("until")
    day = date.fromisoformat(until) if until else clock.day(envelope.at)
    _keep(row, envelope.about_id, envelope.body["w"], envelope.agreement.id, day, dict(admitted.values), "")
    events.record(f"publication.hear_{row.kind}", row, details={"w": row.w}, peer=str(envelope.sender))
    db.session.flush()


def refused(message: OutboxMessage) -> None:
    """The partner did not take our newest list: it was not said, and is said again when we next look."""
    query = db.select(Publication).where(Publication.is_ours, Publication.about_id == message.about_id)
    row = db.session.scalars(query.with_for_update()).first()
    if row is not None:
        row.digest = ""
        events.record("publication.refused", row, reason=message.code or "", peer=str(message.peer_uid))
        db.session.flush()


for _kind in KINDS:
    post.HOOKS.hear[_kind] = hear
    post.HOOKS.refused[_kind] = refused
    post.HOOKS.lists.add(_kind)


def _keep(
    row: Publication, about_id: UUID, w: int, agreement_id: UUID, day: date, values: Mapping[str, Any], said: str
) -> None:
    if row.about_id is not None:
        post.purge(row.about_id)  # the former list, its disclosures and its key
    row.about_id, row.w, row.agreement_id, row.as_of, row.digest = about_id, w, agreement_id, day, said
    row.wrapped = vault.wrap(about_id, json.dumps(dict(values), ensure_ascii=False).encode())
    row.at = clock.now()
    db.session.flush()


@dataclass(frozen=True)
class Heard:
    """A list and when: `content`: rows by the name of their pointer."""

    as_of: date
    content: dict[str, list[list[Any]]]


def heard(kind: str, partner_uid: UUID, *, is_ours: bool = False) -> Heard | None:
    """What the partner last told us (or we it); None when there is nothing, or not any more."""
    query = db.select(Publication).where(
        Publication.kind == kind, Publication.partner_uid == partner_uid, Publication.is_ours == is_ours
    )
    row = db.session.scalars(query).first()
    if row is None or row.wrapped is None or row.about_id is None or row.as_of is None:
        return None
    try:
        values = json.loads(vault.unwrap(row.about_id, row.wrapped))
    except vault.Purged:
        return None
    content: dict[str, list[list[Any]]] = {}
    for pointer in sorted(values, key=lambda p: int(p.rpartition("/")[2])):
        content.setdefault(pointer.split("/")[1], []).append(values[pointer])
    return Heard(row.as_of, content)


def days() -> dict[tuple[UUID, str], date]:
    """(partner, kind) → up to when each of their lists here counts: one query."""
    query = db.select(Publication.partner_uid, Publication.kind, Publication.as_of).where(
        ~Publication.is_ours, Publication.as_of.is_not(None)
    )
    return {(uid, kind): as_of for uid, kind, as_of in db.session.execute(query)}


def drop(partner_uid: UUID, *where: ColumnElement[bool]) -> int:
    """Destroy our copies towards this partner, both ways, of which all of `where` holds; returns how many."""
    where = (Publication.partner_uid == partner_uid, Publication.about_id.is_not(None), *where)
    rows = list(db.session.scalars(db.select(Publication).where(*where).with_for_update()))
    for row in rows:
        assert row.about_id is not None
        post.purge(row.about_id)
        row.about_id, row.wrapped, row.digest, row.as_of = None, None, "", None
        events.record("publication.drop", row, peer=str(partner_uid))
    db.session.flush()
    return len(rows)


@events.subscribe(PairEnded)
def _pair_ended(what: PairEnded) -> None:
    drop(what.partner_uid, Publication.agreement_id == what.agreement_id)


@events.subscribe(GrantsChanged)
def _grants_changed(what: GrantsChanged) -> None:
    """Another version took effect: a list with a part that is granted no more is destroyed on both sides. Nothing need be
    said, both hold the version; what is left of the grant is said anew in its turn.
    """
    own = counties.own().uid
    for owner, receiver, scope in sorted(what.changed, key=str):
        kind = next((kind for kind, of in KINDS.items() if of.scope == scope), None)
        if kind is None or own not in (owner, receiver):
            continue
        is_ours, partner = owner == own, receiver if owner == own else owner
        rows = db.select(AgreementGrant.fields).where(
            AgreementGrant.agreement_id == what.agreement_id, AgreementGrant.owner_uid == owner,
            AgreementGrant.receiver_uid == receiver, AgreementGrant.scope == scope,
        )  # fmt: skip
        fields = {name for names in db.session.scalars(rows) for name in names}
        gone = {p.path.split("/")[1] for p in MESSAGES[f"{kind}.tell"].pointers if p.field not in fields}
        held = heard(kind, partner, is_ours=is_ours)
        if held is not None and gone & {*held.content}:
            drop(
                partner, Publication.agreement_id == what.agreement_id, Publication.kind == kind,
                Publication.is_ours.is_(is_ours),
            )  # fmt: skip
