"""Taking a list out: the same columns, filter and order as on the screen, made by a job, masked unless right and reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement

from web.core import clock, events, fence, permissions, vault
from web.core.errors import DomainError, Invalid, NotFound, WrongState
from web.core.events import Actor
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.workbench.listings import LISTINGS, Listing, cells, find
from web.tenants.workbench.models import Export
from web.tenants.workbench.workbook import workbook

KEPT, KEPT_SHARED = timedelta(days=7), timedelta(days=1)
"""How long a file may be fetched; one that may hold what another county shared with us, no longer than we have for destroying
what it takes back.
"""
MOST = 100_000
PIECE = 500  # rows between two words of progress


MAKING = "export"
"""Which export this unit of work makes, in its session: what is read for it is logged with it."""


@dataclass(frozen=True)
class FetchedAgain:
    """Announced when a file is fetched once more: the first time is the reading that was logged when it was made."""

    export_id: UUID
    begun_at: datetime


def begin(
    listing: Listing, query: str, columns: Sequence[str], actor: Actor, *, is_whole: bool = False, reason: str = ""
) -> Task:
    """Put the export down and have it made. Whole numbers want the right to see them and a reason (Invalid beside it)."""
    if is_whole:
        permissions.demand(GRANTS, Role(actor.role), Permission.MEMBER_REVEAL)
        if not reason.strip():
            raise Invalid({"reason": "required"})
    assert actor.account_id is not None
    row = Export(
        listing=listing.name,
        title=listing.title,
        query=query,
        columns=[c.name for c in listing.chosen(columns)],
        is_whole=is_whole,
        reason=reason.strip() if is_whole else "",
        account_id=actor.account_id,
        created_at=clock.now(),
    )
    events.record("export.begin", row, reason=row.reason, details={"list": listing.name, "whole": is_whole})
    db.session.add(row)
    db.session.flush()
    return tasks.start(
        Job.EXPORT, say("导出{title}", title=listing.title), subject_id=row.id, details={"unit": listing.unit}
    )


def make(task_id: UUID) -> None:
    """Job.EXPORT: walk the list as the one who asked may see it now, and keep the workbook under its own key."""
    task = tasks.run(task_id)
    if task is None or task.subject_id is None:
        return
    row = _get(task.subject_id)
    with events.by(tasks.owner(task)):
        try:
            _make(task, row, events.actor())
        except DomainError as error:
            db.session.rollback()
            if error.code != "task_cancelled":
                tasks.fail(tasks.get(task_id), error.code)


def _make(task: Task, row: Export, actor: Actor) -> None:
    listing = find(row.listing, actor)
    if row.is_whole:
        permissions.demand(GRANTS, Role(actor.role), Permission.MEMBER_REVEAL)
    columns = listing.chosen(row.columns)
    db.session.info[MAKING] = str(row.id)
    fence.plan_anew()  # a piece of a large county's list takes 4 ms; by the plan kept for all counties it took 155
    total, seen = listing.total(row.query, actor), list[UUID]()

    def lines() -> Iterator[list[str]]:
        for index, line in enumerate(listing.walk(row.query, actor, row.is_whole)):
            if index >= MOST:
                raise WrongState("export_too_long")
            if index % PIECE == 0 and not tasks.progress(task.id, index, max(total, index)):
                raise WrongState("task_cancelled")
            if row.is_whole:
                seen.append(line.member_id)
            row.rows = index + 1
            yield cells(columns, line)

    row.wrapped = vault.wrap(row.id, workbook(listing.title, [c.title for c in columns], lines()))
    events.record("export.make", row, reason=row.reason, details={"list": row.listing, "rows": row.rows})
    events.record_each("member.export", "member", seen, reason=row.reason)
    tasks.finish(task, result_id=row.id, total=row.rows)


def _get(export_id: UUID, *where: ColumnElement[bool]) -> Export:
    found = db.session.scalars(db.select(Export).where(Export.id == export_id, *where)).first()
    if found is None:
        raise NotFound()
    return found


def read(export_id: UUID, actor: Actor) -> tuple[Export, bytes]:
    """One's own export and its file. NotFound for another's, or one of an earlier role; WrongState once it was purged."""
    row = _get(export_id, accounts.begun_by(actor, Export.account_id, Export.created_at))
    if row.wrapped is None:
        raise WrongState("export_gone")
    if db.session.scalar(db.select(events.happened("export.read", row.id, row.created_at))):
        events.announce(FetchedAgain(row.id, row.created_at))
    events.record("export.read", row, details={"list": row.listing})
    return row, vault.unwrap(row.id, row.wrapped)


def kept(listing: Listing) -> timedelta:
    """How long what is taken out of this list is kept."""
    return KEPT_SHARED if listing.holds_shared else KEPT


def purge() -> None:
    """Destroy the files whose days are over, with their keys."""
    now, shared = clock.now(), [listing.name for listing in LISTINGS.values() if listing.holds_shared]
    is_over = (Export.created_at < now - KEPT) | (Export.listing.in_(shared) & (Export.created_at < now - KEPT_SHARED))
    for row in db.session.scalars(db.select(Export).where(is_over, Export.wrapped.is_not(None)).limit(200)):
        row.wrapped, row.purged_at = None, clock.now()
        vault.destroy(row.id)
