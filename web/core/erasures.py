"""What was destroyed or taken back, told outside the database: a backup that is put back brings it all back otherwise.

Whoever destroys a key or takes something back notes it here in the same transaction. The scheduler appends what was noted
to a file (`KITELINE_ERASURES`) and then lets the rows go; `flask repurge`, which `deploy/restore` calls before the restored
database gets its name, does again what the file says. A line is `instant county kind id`: no personal values. A file that is
made says since when it is kept (`begun instant`): one made anew after the old one was lost is no list for an older backup.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import DateTime, Integer, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from web.core import clock, fence
from web.core.fence import Exempt
from web.core.ids import uuid7
from web.extensions import Model, db

Again = Callable[[UUID], bool]
AGAIN: dict[str, Again] = {}
"""Kind → what does it again to the row of that id, in its county; False where there is nothing to do."""


class Erasure(Exempt, Model):
    """County `tenant_id` destroyed or took back `about_id` at that instant, and the file does not have it yet."""

    __tablename__ = "erasure"
    __exempt__ = (
        "the scheduler takes those of all counties at once; holds a county's number, a kind, an id and an instant"
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tenant_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    about_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True)
class Line:
    """One erasure as the file has it."""

    at: datetime
    tenant_id: int
    kind: str
    about_id: UUID


_NOTED = insert(Erasure)


def again(kind: str) -> Callable[[Again], Again]:
    """Register what does erasures of this kind again."""

    def register(act: Again) -> Again:
        AGAIN[kind] = act
        return act

    return register


def note(kind: str, about_id: UUID) -> None:
    """In the transaction that destroys or takes back."""
    row = {"id": uuid7(), "tenant_id": fence.tenant(), "kind": kind, "about_id": about_id, "at": clock.now()}
    fence.later(_NOTED, row)


def carry_out(path: Path) -> int:
    """Append what was noted since the last time, on disk before the rows go; how many. Killed in between, it is told twice.

    A file is made of nothing, too: where there is none at a restore, it was lost.
    """
    with fence.platform("what was destroyed, for all counties"):
        rows = list(db.session.scalars(db.select(Erasure).order_by(Erasure.id).limit(10_000)))
        is_new = not path.exists()
        if not rows and not is_new:
            return 0
        text = f"begun {clock.now().isoformat()}\n" if is_new else ""
        text += "".join(f"{row.at.isoformat()} {row.tenant_id} {row.kind} {row.about_id}\n" for row in rows)
        # The first newline ends a line that a full disk or a killed process left half.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
            file.write(f"\n{text}")
            file.flush()
            os.fsync(file.fileno())
        db.session.execute(delete(Erasure).where(Erasure.id.in_([row.id for row in rows])))
        fence.commit()
    return len(rows)


def untold(before: datetime | None = None) -> int:
    """How many the file does not have yet, of those noted before that instant."""
    query = select(func.count()).select_from(Erasure)
    return db.session.scalar(query if before is None else query.where(Erasure.at < before)) or 0


def read(lines: Iterable[str]) -> Iterator[Line]:
    """What a file says; half lines are passed over, since what they began stands whole in a later one."""
    for line in lines:
        try:
            at, tenant_id, kind, about_id = line.split()
            yield Line(datetime.fromisoformat(at), int(tenant_id), kind, UUID(about_id))
        except ValueError:
            continue
