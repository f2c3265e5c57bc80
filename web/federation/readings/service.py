"""Every reading of a received row is logged on both sides (FED/1 §6, Readings): in the reader's log, and told to the owner.

Whoever opens a received value says so (`opened`), at the one place where its key is used; what a unit of work opened
for a person is counted when it commits, so no page can forget it. Once an hour has passed, the owner is told: which row,
which day, which role, how often. No reader's name crosses: it is a personal value of the other county's staff, and the
owner's question, who answers for this look, is answered by that county out of its own log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.dialects.postgresql import insert

from web.core import clock, events, fence, ids
from web.core.fence import Tenanted
from web.core.ids import since, uuid7
from web.extensions import Session, db
from web.federation import admission
from web.federation.messages import LOOKS, READERS
from web.federation.post import service as post
from web.federation.readings.models import Reading
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties
from web.tenants.workbench.exports import MAKING, FetchedAgain

TOLD_AFTER = timedelta(hours=1)
AT_ONCE = 500
"""Lines of one message at most."""

ONE_LOOK = timedelta(hours=1)
"""How long what stands on a screen that shows itself anew is one look of its reader."""

OTHER = "other"
"""The list of what was opened and no page named."""

# Rooms whose rows are read: kind → (ids, partner) → id → our member behind it, of those that are ours with that partner;
# None where the person is no member of ours (whom we claimed, or asked to have handed over).
OWNERS: dict[str, Callable[[Collection[UUID], UUID], Mapping[UUID, UUID | None]]] = {}


def shown_anew() -> None:
    """Nobody asked: an open page shows itself again. What its reader was logged to look at within ONE_LOOK is no new look."""
    query = db.select(events.Event.details["rows"]).where(
        events.Event.actor_id == events.actor().account_id,
        events.Event.verb == "shared.view",
        events.Event.id > since(clock.now() - ONE_LOOK),
    )
    db.session.info["readings.seen"] = {UUID(id_) for rows in db.session.scalars(query) for id_ in rows}


def _is_seen(about_id: UUID) -> bool:
    return about_id in db.session.info.get("readings.seen", ())


def opened(kind: str, about_id: UUID, partner_uid: UUID) -> None:
    """A value of this received row was decrypted. Counted at commit when a person's request did it."""
    if events.actor().account_id is not None and not _is_seen(about_id):
        db.session.info.setdefault("readings.opened", {})[kind, about_id] = partner_uid
        db.session.info["readings.reader"] = events.actor()


def note(subject: Tenanted, read: Sequence[tuple[UUID, UUID]], what: str = "", kind: str = "") -> None:
    """Log that a page showed received rows: (id, partner) each. One event; `what` names the list, `kind` what stood on it where
    the name does not say so.
    """
    read = [(id_, partner) for id_, partner in read if not _is_seen(id_)]
    if not read:
        return
    peers, making = sorted({str(partner) for _, partner in read}), db.session.info.get(MAKING, "")
    details = {"count": len(read), "peers": peers, "rows": sorted({str(id_) for id_, _ in read})}
    named = {name: said for name, said in (("list", what), ("kind", kind), ("export", making)) if said}
    events.record("shared.view", subject, details=details | named, peer=peers[0])
    db.session.info.setdefault("readings.noted", set()).update(id_ for id_, _ in read)


@events.subscribe(FetchedAgain)
def _again(fetched: FetchedAgain) -> None:
    """A workbook with received rows is looked at again: the rows are those that its making logged."""
    query = db.select(events.Event.details["rows"]).where(
        events.Event.id >= ids.since(fetched.begun_at),
        events.Event.verb == "shared.view",
        events.Event.details["export"].astext == str(fetched.export_id),
    )
    shown = {UUID(id_) for rows in db.session.scalars(query) for id_ in rows}
    row = Reading.about_kind, Reading.about_id, Reading.partner_uid
    for found in db.session.execute(db.select(*row).where(Reading.about_id.in_(shown), Reading.is_ours).distinct()):
        opened(*found)


@event.listens_for(Session, "before_commit", insert=True)
def _count(session: Session) -> None:
    """Add what this unit of work opened to today's tallies; what no page named is logged here. The reader is who opened it:
    the job of an export commits when it acts for nobody any more.
    """
    if session.in_nested_transaction() or not session.info.get("readings.opened"):
        return
    read: dict[tuple[str, UUID], UUID] = session.info.pop("readings.opened")
    noted: set[UUID] = session.info.pop("readings.noted", set())
    who: events.Actor = session.info.pop("readings.reader")
    unnamed: dict[str, list[tuple[UUID, UUID]]] = {}
    for (kind, about_id), partner in read.items():
        if about_id not in noted:
            unnamed.setdefault(kind, []).append((about_id, partner))
    with events.by(who):
        for kind, rows_of in unnamed.items():
            note(Reading(id=counties.own().uid), rows_of, OTHER, kind)  # never stored: what was looked at is no one row
    session.info.pop("readings.noted", None)
    now, reader = clock.now(), _role(who.role)
    rows = [
        {"tenant_id": fence.tenant(), "id": uuid7(), "about_kind": kind, "about_id": about_id, "partner_uid": partner,
         "is_ours": True, "reader": reader, "read_on": clock.today(), "count": 1, "told": 0, "since": now}
        for (kind, about_id), partner in sorted(read.items())
    ]  # fmt: skip
    statement = insert(Reading).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "about_id", "is_ours", "read_on", "reader"],
            set_={
                "count": Reading.count + 1,
                "since": db.func.coalesce(Reading.since, statement.excluded.since),
            },
        ).execution_options(synchronize_session=False)
    )


def _role(role: str) -> str:
    return role if role in READERS.words else "other"


def tell(*, at_once: bool = False) -> int:
    """Tell each owner what was read of its rows and not told for an hour; returns how many messages. A timer's verb."""
    due = db.select(Reading.partner_uid).where(Reading.since.is_not(None), Reading.is_ours)
    if not at_once:
        due = due.where(Reading.since <= clock.now() - TOLD_AFTER)
    said = 0
    for partner in sorted(set(db.session.scalars(due.distinct()))):
        query = db.select(Reading).where(Reading.partner_uid == partner, Reading.is_ours, Reading.since.is_not(None))
        rows = list(db.session.scalars(query.order_by(Reading.id).limit(AT_ONCE).with_for_update(skip_locked=True)))
        # More looks of a day than a line holds are its most.
        lines = [
            [r.about_kind, str(r.about_id), r.read_on.isoformat(), r.reader, min(r.count, LOOKS.most)] for r in rows
        ]
        if not lines:
            continue
        post.send(partner, "reading.tell", uuid7(), {"lines": lines})
        for row in rows:
            row.told, row.since = row.count, None
        said += 1
    db.session.flush()
    return said


def hear(envelope: Envelope, admitted: admission.Admitted, attached: tuple[str, ...]) -> None:
    """Keep and log what the partner's people read of ours. A line names the day's whole count, so hearing twice is once."""
    by_kind: dict[str, set[UUID]] = {}
    for kind, about_id, *_ in envelope.body["lines"]:
        by_kind.setdefault(kind, set()).add(UUID(about_id))
    ours = {kind: OWNERS[kind](ids, envelope.sender) for kind, ids in by_kind.items() if kind in OWNERS}
    for kind, about, on, reader, count in envelope.body["lines"]:
        if UUID(about) not in ours.get(kind, {}):
            continue  # not ours, or not with this county: nothing to log, and nothing to tell whether it exists
        member_id = ours[kind][UUID(about)]
        read_on = date.fromisoformat(on)
        query = db.select(Reading).where(
            Reading.about_id == UUID(about), ~Reading.is_ours, Reading.read_on == read_on, Reading.reader == reader
        )
        row = db.session.scalars(query.with_for_update()).first()
        if row is None:
            row = Reading(id=uuid7(), about_kind=kind, about_id=UUID(about), partner_uid=envelope.sender, is_ours=False,
                          member_id=member_id, reader=reader, read_on=read_on, count=0, told=0)  # fmt: skip
            db.session.add(row)
        if count > row.count:
            details = {"on": on, "reader": reader, "count": count - row.count}
            events.record("reading.hear", row, details=details, peer=str(envelope.sender), member_id=member_id)
            row.count = count
    db.session.flush()


post.HOOKS.hear["reading"] = hear


@dataclass(frozen=True)
class Seen:
    """On one day people of one role looked so often. `partner_uid`: whose people, None for our own; `names`: only ours."""

    on: date
    partner_uid: UUID | None
    reader: str
    count: int
    names: str = ""
    last_at: datetime | None = None


def seen(member_id: UUID, *, limit: int = 200) -> list[Seen]:
    """Who has seen this member's data, the latest day first: partners' people as they told, ours out of the log."""
    theirs = db.session.scalars(
        db.select(Reading)
        .where(Reading.member_id == member_id, ~Reading.is_ours)
        .order_by(Reading.read_on.desc(), Reading.id)
        .limit(limit)
    )
    found = [Seen(r.read_on, r.partner_uid, r.reader, r.count) for r in theirs]
    looked: dict[tuple[date, str, str], list[datetime]] = {}
    query = db.select(events.Event.at, events.Event.actor_role, events.Event.actor_name).where(
        events.Event.member_id == member_id, events.Event.verb.in_(("member.view", "member.reveal"))
    )
    for at, role, name in db.session.execute(query.order_by(events.Event.id.desc()).limit(limit)):
        looked.setdefault((clock.day(at), role, name), []).append(at)
    found += [Seen(on, None, role, len(ats), name, max(ats)) for (on, role, name), ats in looked.items()]
    return sorted(found, key=lambda s: (s.on, s.partner_uid is not None), reverse=True)
