"""What was sealed about an aggregate, both ways, with its receipts: to be shown, printed, and handed to anybody.

`portable` gives a sealed message in the form `web/federation/verify.py` reads, without any value: seals cover commitments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from web.extensions import db
from web.federation.post.models import CountyKey, InboxMessage, OutboxMessage, Peer, PeerKey
from web.federation.wire import seals
from web.federation.wire.canonical import instant, read_instant, unb64
from web.tenants.counties import service as counties


@dataclass(frozen=True)
class Sealed:
    """One message: who sealed it for whom, when by its own word, and when the other signed for it with what result.

    `digest` hexadecimal; `kid` and `value` of the seal; `receipt` None while there is none. `cause`: the
    message it answers, if it is such an answer.
    """

    id: UUID
    type: str
    giver: UUID
    taker: UUID
    at: datetime
    kid: str
    digest: str
    value: str
    envelope: str
    receipt: str | None
    result: str
    receipted_at: datetime | None
    cause: UUID | None


def of(about_id: UUID) -> list[Sealed]:
    """Every sealed message about it, oldest first: two queries."""
    own = counties.own().uid
    found = []
    for model, is_ours in ((OutboxMessage, True), (InboxMessage, False)):
        query = db.select(
            model.id, model.type, model.peer_uid, model.digest, model.envelope, model.receipt, model.result
        ).where(model.about_id == about_id, model.envelope.is_not(None))
        for row in db.session.execute(query):
            giver, taker = (own, row.peer_uid) if is_ours else (row.peer_uid, own)
            said = seals.unverified(row.envelope)
            found.append(
                Sealed(
                    row.id,
                    row.type,
                    giver,
                    taker,
                    read_instant(said["at"]),
                    seals.kid_of(row.envelope),
                    unb64(row.digest.removeprefix("sha-256:")).hex(),
                    row.envelope.rpartition(".")[2],
                    row.envelope,
                    row.receipt,
                    row.result or "",
                    read_instant(seals.unverified(row.receipt)["at"]) if row.receipt else None,
                    said["cause"] and UUID(said["cause"]),
                )
            )
    return sorted(found, key=lambda each: (each.at, each.id))


def keys_of(given: Iterable[UUID]) -> list[dict[str, Any]]:
    """The public seal keys of these counties, ours and those a person pinned, as verify.py reads them."""
    wanted, own = set(given), counties.own().uid
    ours = db.select(CountyKey.jwk, CountyKey.revoked_at).where(CountyKey.use == "sig").order_by(CountyKey.kid)
    theirs = (
        db.select(PeerKey.peer_uid, PeerKey.jwk, PeerKey.revoked_at)
        .where(PeerKey.use == "sig", PeerKey.is_pinned, PeerKey.peer_uid.in_(wanted))
        .order_by(PeerKey.peer_uid, PeerKey.kid)
    )
    found = [(own, jwk, revoked_at) for jwk, revoked_at in db.session.execute(ours)] if own in wanted else []
    found += [tuple(row) for row in db.session.execute(theirs)]
    return [
        {"county": str(uid), "jwk": jwk} | ({"revoked_at": instant(revoked_at)} if revoked_at else {})
        for uid, jwk, revoked_at in found
    ]


def portable(sealed: Sealed, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """Evidence of one message, for verify.py."""
    return {"envelope": sealed.envelope, "receipt": sealed.receipt, "keys": keys, "disclosures": []}


def names(given: Iterable[UUID]) -> dict[UUID, str]:
    """uid → office, ours and the partners'."""
    wanted, own = set(given), counties.own()
    query = db.select(Peer.uid, Peer.office, Peer.name).where(Peer.uid.in_(wanted))
    return {uid: office or name for uid, office, name in db.session.execute(query)} | {own.uid: own.office}
