"""Fields of a list's rows that are changed in the list itself: one in its cell, or many at once after a preview. Which fields
of which list is data; each room adds its own beside its page, with the verb it is written by:

    declare(Editing("activities", Permission.ACTIVITY_WRITE, ("place", "responsible"), "activity.amend", …))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

from web.core import events, fence
from web.core.errors import Conflict, DomainError, Invalid, NotFound, WrongState
from web.core.events import Actor, Event
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.register import bulk
from web.tenants.register.bulk import PIECE
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import LISTINGS


@dataclass(frozen=True)
class Editing:
    """What may be changed in one list. `fields`: columns of texts; `must`: those that may not be emptied; `verb`: of the log.

    `get(id, actor, lock)`: the row, NotFound where it is not the actor's; `title`: what it is called; `id_of`: of a line of the
    list, and `id_by` of what the log names; `demand(row)`: WrongState when it may not be changed now; `write(row, values, actor)`: change and log it.
    """

    listing: str
    permission: Permission
    fields: tuple[str, ...]
    verb: str
    get: Callable[[UUID, Actor, bool], Any] = field(compare=False)
    title: Callable[[Any], str] = field(compare=False)
    id_of: Callable[[Any], UUID] = field(compare=False)
    demand: Callable[[Any], None] = field(compare=False)
    write: Callable[[Any, Mapping[str, str], Actor], None] = field(compare=False)
    must: frozenset[str] = frozenset()
    id_by: Callable[[UUID], UUID] = field(compare=False, default=lambda subject_id: subject_id)


EDITINGS: dict[str, Editing] = {}
MOST = 2_000
"""So many rows are looked at, one after the other, while one waits for the preview: some milliseconds each."""


def declare(editing: Editing) -> None:
    """The list can be edited from now on, and what was edited be put back."""
    EDITINGS[editing.listing] = editing
    bulk.WAYS[editing.verb] = lambda entry: put_back(editing, entry)


def may(name: str, actor: Actor) -> Editing | None:
    """How the list is edited; None where it is not, or not by this actor."""
    found = EDITINGS.get(name)
    return found if found is not None and found.permission in GRANTS[Role(actor.role)] else None


def find(name: str, actor: Actor) -> Editing:
    """The same; NotFound instead of None."""
    if (found := may(name, actor)) is None:
        raise NotFound()
    return found


def mark(value: object) -> str:
    """What a cell held when it was shown, so that a change meanwhile is noticed."""
    return blake2b(str(value or "").encode(), digest_size=12).hexdigest()


def change(
    editing: Editing, row: Any, given: Mapping[str, str], actor: Actor, *, seen: Mapping[str, str] | None = None
) -> set[str]:
    """Change fields; returns those that changed. Load the row locked. Invalid for what may not be empty.

    `seen`: field → `mark` of what the person saw. Where somebody else changed it since, Conflict carries `fields` (name →
    ours, theirs), `who` and `at`, and nothing is written; what the person left alone stays the other's.
    """  # fmt: skip
    editing.demand(row)
    given = {name: value.strip() for name, value in given.items() if name in editing.fields}
    if wrong := {name: "required" for name, value in given.items() if not value and name in editing.must}:
        raise Invalid(wrong)
    for name, was in (seen or {}).items():
        if mark(getattr(row, name)) != was:
            if mark(given[name]) == was:
                del given[name]
            elif given[name] != getattr(row, name):
                last = _last(row, name)
                raise Conflict(
                    "conflict", fields={name: (given[name], getattr(row, name))},
                    who=last.actor_name if last else "", at=last.at if last else None,
                )  # fmt: skip
    changed = {name: value for name, value in given.items() if value != getattr(row, name)}
    if changed:
        editing.write(row, changed, actor)
        db.session.flush()
    return set(changed)


def _last(row: Any, name: str) -> Event | None:
    query = db.select(Event).where(Event.subject_id == row.id, Event.changes.has_key(name))
    return db.session.scalars(query.order_by(Event.id.desc()).limit(1)).first()


@dataclass(frozen=True)
class Preview:
    """`rows`: how many would change; `fields`: name → how many; `refused`: (title, code of why not)."""

    rows: int
    fields: Mapping[str, int]
    refused: Sequence[tuple[str, str]]


def preview(editing: Editing, ids: Sequence[UUID], given: Mapping[str, str], actor: Actor) -> Preview:
    """What the change would do now; nothing is written. Invalid when nothing is asked for, or for what may not be empty."""
    if not given:
        raise Invalid({"": "nothing_to_change"})
    if wrong := {name: "required" for name, value in given.items() if not value and name in editing.must}:
        raise Invalid(wrong)
    rows, fields, refused = 0, Counter[str](), list[tuple[str, str]]()
    for row_id in ids:
        try:
            row = editing.get(row_id, actor, False)
        except NotFound:
            continue
        try:
            editing.demand(row)
        except DomainError as error:
            refused.append((editing.title(row), error.code))
            continue
        would = [name for name, value in given.items() if value != getattr(row, name)]
        fields.update(would)
        rows += bool(would)
    return Preview(rows, fields, refused)


def begin(editing: Editing, ids: Sequence[UUID], given: Mapping[str, str]) -> Task:
    """Have it done by a job, for these rows as they then are."""
    listing = LISTINGS[editing.listing]
    details = {"unit": listing.unit, "list": listing.name, "values": dict(given), "ids": [str(i) for i in ids]}
    title = say("成批修改{title} {ids} {unit}", title=listing.title, ids=len(ids), unit=listing.unit)
    return tasks.start(Job.EDIT_LIST, title, details=details)


def run(task_id: UUID) -> None:
    """Job.EDIT_LIST: the change as the one who asked may make it now; each row by itself, with its reason where it is refused."""
    task = tasks.run(task_id)
    if task is None:
        return
    with events.by(tasks.owner(task)):
        actor, told = events.actor(), task.details
        editing, ids, failed, changed = find(told["list"], actor), told["ids"], list[list[str]](), 0
        with events.noted() as did:
            for index, row_id in enumerate(ids):
                before = len(did)
                try:
                    with fence.savepoint():
                        changed += bool(change(editing, editing.get(UUID(row_id), actor, True), told["values"], actor))
                except DomainError as error:
                    del did[before:]
                    failed.append([row_id, error.code])
                if index % PIECE == 0 and not tasks.progress(task.id, index, len(ids)):
                    raise WrongState("task_cancelled")
        step = workbench.remember(task.title, did, actor) if did else None
        found = {"changed": changed, "failed": failed, "step": str(step.id) if step else ""}
        tasks.finish(task, result_id=task.id, total=len(ids), details=found)


def put_back(editing: Editing, entry: Event) -> bool:
    """Undo one change that the log holds: False when the row was changed since, or may not be changed any more."""
    pairs = {name: pair for name, pair in events.revealed(entry).items() if pair[0] != pair[1]}
    if entry.subject_id is None or not pairs or not set(pairs) <= set(editing.fields):
        return False
    actor = events.actor()
    try:
        row = find(editing.listing, actor).get(editing.id_by(entry.subject_id), actor, True)
        editing.demand(row)
        if row.id != entry.subject_id or any(getattr(row, name) != pair[1] for name, pair in pairs.items()):
            return False
        with fence.savepoint():
            editing.write(row, {name: str(pair[0] or "") for name, pair in pairs.items()}, actor)
    except DomainError:
        return False
    return True
