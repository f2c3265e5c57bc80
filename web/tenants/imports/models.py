"""ImportBatch (one file, from dry run to its end) and ImportRow (what becomes, or became, of each of its rows)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText, Machine, Row
from web.extensions import Model


class ImportState(StrEnum):
    """A file is looked at first; nothing is written before a person has seen what would be."""

    READING = "reading"
    PREVIEWED = "previewed"
    APPLYING = "applying"
    APPLIED = "applied"
    REFUSED = "refused"
    DISCARDED = "discarded"
    UNDONE = "undone"


B = ImportState
IMPORT = Machine(
    "import_batch",
    ImportState,
    [
        Row(None, "upload", "self", B.READING),
        Row(B.READING, "preview", "self", B.PREVIEWED),
        Row(B.READING, "refuse", "self", B.REFUSED, guard="the file cannot be read; the reason says how to mend it"),
        Row(B.PREVIEWED, "apply", "self", B.APPLYING),
        Row(B.APPLYING, "finish", "self", B.APPLIED),
        Row(B.APPLYING, "fall_back", "self", B.PREVIEWED, guard="nothing was written"),
        Row(B.PREVIEWED, "discard", "self", B.DISCARDED),
        Row(B.APPLIED, "undo", "self", B.UNDONE, guard="within 7 days, rows nobody changed since"),
    ],
)


class Outcome(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ERROR = "error"


class ImportBatch(Tenanted, Model):
    """`content`: the file as it came, kept until the batch can no longer be undone (7 days), or 30 days undecided. `report`: skipped, left out, by kind."""

    __tablename__ = "import_batch"
    state: Mapped[ImportState] = IMPORT.column()
    filename: Mapped[str] = mapped_column(String(160))
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    sha256: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    refusal: Mapped[str] = mapped_column(String(400), default="")
    account_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (IMPORT.check(), Index("ix_import_batch_created", "tenant_id", "created_at"))


class ImportRow(Tenanted, Model):
    """`number` as Excel counts. `findings`: [column, sentence, is error]."""

    __tablename__ = "import_row"
    __logged__ = False
    batch_id: Mapped[UUID]
    number: Mapped[int]
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome))
    findings: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    changes: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    member_id: Mapped[UUID | None]
    version: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_written: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "batch_id"], ["import_batch.tenant_id", "import_batch.id"], ondelete="CASCADE"
        ),
        Index("ix_import_row_batch", "tenant_id", "batch_id", "outcome", "number"),
    )


IMPORT.guard(ImportBatch)


class HeaderAlias(Tenanted, Model):
    """A heading this county's workbooks use, and the field a person said it is (`skip`: left out). Kept for the next file."""

    __tablename__ = "header_alias"
    layout: Mapped[str] = mapped_column(String(40))
    heading: Mapped[str] = mapped_column(String(80))
    field: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "layout", "heading"),)
