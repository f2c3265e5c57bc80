"""The sealed words of both counties under a record: what the paper prints and the public page of its code says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from web.core.errors import WrongState
from web.extensions import db
from web.federation.cosigning.models import AGREED, CoSignedRecord, CosignState
from web.federation.post import keys
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.wire import seals
from web.tenants.counties import service as counties

# Which words make the record, with what the paper calls them.
OFFERED, ANSWERED, ANNULLED = ("cosign.offer", "cosign.correct"), ("cosign.countersign",), ("cosign.annul",)
CALLED = {**dict.fromkeys(OFFERED, "记录"), **dict.fromkeys(ANSWERED, "共签"), **dict.fromkeys(ANNULLED, "同意作废")}


@dataclass(frozen=True)
class Word:
    """One sealed word. `digest`, `value`: base64url, of the envelope and of its seal."""

    uid: UUID
    office: str
    what: str
    kid: str
    digest: str
    value: str
    at: datetime


def words(record: CoSignedRecord) -> list[Word]:
    """The recorder's content and home's countersignature of it; of an annulled one also the word that agreed to that.

    WrongState before both are there.
    """
    if record.state not in (*AGREED, CosignState.ANNULLED):
        raise WrongState("not_cosigned")
    ours = db.select(
        OutboxMessage.id, OutboxMessage.type, OutboxMessage.envelope, OutboxMessage.digest, OutboxMessage.sealed_at
    ).where(OutboxMessage.about_id == record.id, OutboxMessage.result == "applied", OutboxMessage.type.in_(CALLED))
    theirs = db.select(
        InboxMessage.id, InboxMessage.type, InboxMessage.envelope, InboxMessage.digest, InboxMessage.at
    ).where(InboxMessage.about_id == record.id, InboxMessage.result == "applied", InboxMessage.type.in_(CALLED))
    own, partner = counties.own(), keys.peer(record.partner_uid)
    found = [(row, own.uid, own.office) for row in db.session.execute(ours)]
    found += [(row, partner.uid, partner.office) for row in db.session.execute(theirs)]
    found.sort(key=lambda entry: entry[0].id)
    recorder = own.uid if record.role == "recorder" else partner.uid
    last: dict[str, Word] = {}
    for row, uid, office in found:
        what = CALLED[row.type]
        # Home's word counts, not the recorder's confirmation of it; an annulment is the first of the two letters.
        if (what == "共签" and uid == recorder) or (what == "同意作废" and what in last):
            continue
        last[what] = Word(
            uid,
            office,
            what,
            seals.kid_of(row.envelope),
            row.digest.removeprefix("sha-256:"),
            row.envelope.rpartition(".")[2],
            row[4],
        )
    if not {"记录", "共签"} <= set(last):
        raise WrongState("not_cosigned")
    return sorted(last.values(), key=lambda word: list(CALLED.values()).index(word.what))
