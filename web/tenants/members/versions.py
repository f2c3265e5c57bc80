"""What the log says of a member's row: the version it stands at, what it was before a change, what others changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from web.core import events
from web.core.errors import Conflict
from web.core.events import Event
from web.extensions import db
from web.tenants.members import values
from web.tenants.members.models import Member

PLACES = ("branch_id", "away_org_id")


def stands_at(member: Member) -> str:
    """The version whose values the row has: its own, or the one that the last undo led back to. One step may have changed a row twice."""
    query = db.select(Event).where(Event.subject_id == member.id, Event.changes.has_key("updated_at"))
    last = db.session.scalars(query.order_by(Event.id.desc()).limit(1)).first()
    here = member.updated_at.isoformat()
    was_undone = last is not None and last.verb == "member.undo" and last.changes["updated_at"][1] == here
    return str(last.details.get("version", here)) if last is not None and was_undone else here


def before(entry: Event) -> dict[str, object]:
    """The columns people write, as they were before this event."""
    was = {f: pair[0] for f, pair in events.revealed(entry).items()}
    columns = values.with_derived(values.read({f: v for f, v in was.items() if f in values.READERS}))
    found = {"is_lost_contact": was["is_lost_contact"]} if "is_lost_contact" in was else {}
    return columns | found | {f: was[f] and UUID(str(was[f])) for f in PLACES if f in was}


def without_stale(member: Member, kept: Mapping[str, object], version: datetime) -> dict[str, object]:
    """The values this person meant to change, judged by what the log says others changed after `version`."""
    query = db.select(Event).where(Event.subject_id == member.id).order_by(Event.id.desc()).limit(200)
    since: list[Event] = []
    for entry in db.session.scalars(query):
        change = entry.changes.get("updated_at")
        if not isinstance(change, list) or change[1] is None:
            continue
        if datetime.fromisoformat(change[1]) <= version:
            break
        since.append(entry)
    return meant(member, kept, since, member.updated_at)


def meant(row: Any, kept: Mapping[str, object], since: Iterable[Event], version: object) -> dict[str, object]:
    """The values this person meant to change, where others changed the row by the events `since` (the latest first).

    Conflict where both changed one field: `fields`, `left`, `who`, `at` as `service.amend` says, and the row's `version` of now.
    """
    was: dict[str, object] = {}
    last: Event | None = None
    for entry in since:
        last = last or entry
        was |= {field: pair[0] for field, pair in events.revealed(entry).items()}
    clashes: dict[str, tuple[object, object]] = {}
    changed, left = dict(kept), dict[str, object]()
    for field in set(was) & set(kept):
        ours, theirs = kept[field], getattr(row, field)
        if _as_logged(ours) == was[field]:
            del changed[field]
            left[field] = theirs
        elif ours != theirs:
            clashes[field] = (ours, theirs)
    if clashes:
        who, at = (last.actor_name, last.at) if last else ("", None)
        raise Conflict("conflict", fields=clashes, left=left, who=who, at=at, version=version)
    return changed


def _as_logged(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
