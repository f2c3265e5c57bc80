"""ListSetting, SavedFilter, Draft, UndoStep and Export: one person's workbench, some of it shown to colleagues."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from web.core.fence import Tenanted
from web.extensions import Model


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"], ondelete="CASCADE")


class ListSetting(Tenanted, Model):
    """How one person sees one list. `columns`: their names in order, empty = as delivered; `filter_id`: the one it opens with."""

    __tablename__ = "list_setting"
    __logged__ = False
    account_id: Mapped[UUID]
    listing: Mapped[str] = mapped_column(String(40))
    columns: Mapped[list[str]] = mapped_column(JSONB, default=list)
    filter_id: Mapped[UUID | None]

    __table_args__ = (UniqueConstraint("tenant_id", "account_id", "listing"), _of_account())


class SavedFilter(Tenanted, Model):
    """A question to a list under a name. `query`: the query string of its address; shared ones are seen by the whole office."""

    __tablename__ = "saved_filter"
    listing: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(2000), info={"secret": True})
    account_id: Mapped[UUID]
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_saved_filter_listing", "tenant_id", "listing", "title"), _of_account())


class Draft(Tenanted, Model):
    """What a person typed into a long form and did not send yet. `wrapped`: its values under the draft's own key."""

    __tablename__ = "draft"
    __logged__ = False
    account_id: Mapped[UUID]
    form: Mapped[str] = mapped_column(String(120))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (UniqueConstraint("tenant_id", "account_id", "form"), _of_account())


class UndoStep(Tenanted, Model):
    """A way back: the events of what was just done, to be put back while the rows are as they left them."""

    __tablename__ = "undo_step"
    __logged__ = False
    account_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(String(160))
    events: Mapped[list[str]] = mapped_column(JSONB, default=list)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (_of_account(),)


class Export(Tenanted, Model):
    """A list taken out as a workbook: which question, which columns, whole numbers or masked, and why. `wrapped`: the file
    under the export's own key, destroyed when `exports.kept` is over.
    """

    __tablename__ = "export"
    listing: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text, info={"secret": True})
    columns: Mapped[list[str]] = mapped_column(JSONB, default=list)
    is_whole: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(200), default="")
    rows: Mapped[int] = mapped_column(default=0)
    wrapped: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    account_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    purged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_export_created", "tenant_id", "created_at"), _of_account())
