"""Task: one piece of work in the background."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import Machine, Row
from web.extensions import Model


class TaskState(StrEnum):
    """Life of a task."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


T = TaskState
TASK = Machine(
    "task",
    TaskState,
    [
        Row(None, "start", "self", T.WAITING),
        Row(T.WAITING, "run", "self", T.RUNNING),
        Row(T.RUNNING, "run", "self", T.RUNNING, guard="its worker's lease is over, and another takes it"),
        Row(T.RUNNING, "finish", "self", T.DONE),
        Row(T.RUNNING, "fail", "self", T.FAILED),
        Row(T.WAITING, "fail", "self", T.FAILED),
        Row(T.WAITING, "cancel", "self", T.CANCELLED),
        Row(T.RUNNING, "cancel", "self", T.CANCELLED),
        Row(T.FAILED, "retry", "self", T.WAITING),
    ],
)


class Task(Tenanted, Model):
    """`kind` names the work, `subject_id` what it is about, `result_id` what came out (a document, an import)."""

    __tablename__ = "task"
    state: Mapped[TaskState] = TASK.column()
    kind: Mapped[str] = mapped_column(String(40))
    # Names of members stand in both, and values of a list's cells: the log keeps that they changed, never to what.
    title: Mapped[str] = mapped_column(String(160), info={"secret": True})
    subject_id: Mapped[UUID | None]
    result_id: Mapped[UUID | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(80), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"secret": True})
    account_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    heard_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (TASK.check(), Index("ix_task_created", "tenant_id", "created_at", "id"))


TASK.guard(Task)
