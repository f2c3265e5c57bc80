"""Operator, OperatorSession and Backup: who keeps the deployment running, outside of every county, and what they asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Exempt
from web.core.ids import uuid7
from web.extensions import Model
from web.tenants.accounts.models import Credentials


class Operator(Exempt, Credentials, Model):
    """A person of the deployment. Always with a second factor: it is bound when the account is made."""

    __tablename__ = "operator"
    __exempt__ = "operators belong to the deployment and to no county; holds what they sign in with and nothing else"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    username: Mapped[str] = mapped_column(String(40), unique=True)


class OperatorSession(Exempt, Model):
    """One signed-in browser of an operator. The cookie holds a random token; the row its SHA-256."""

    __tablename__ = "operator_session"
    __exempt__ = "sessions of the deployment's operators, who belong to no county"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    token: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    operator_id: Mapped[UUID] = mapped_column(ForeignKey("operator.id", ondelete="CASCADE"))
    ip: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Backup(Exempt, Model):
    """A backup of the whole deployment that an operator asked for. The application asks and reads; `deploy/backup` makes it
    and writes what came of it. `file_name`: without its folder; `size`: bytes; `problem`: a word of deploy/asked.py.
    """

    __tablename__ = "backup"
    __exempt__ = (
        "a backup is of the whole deployment; holds who asked, why, and what a file is called, never what is in it"
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    asked_by: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    begun_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    file_name: Mapped[str | None] = mapped_column(String(80))
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None] = mapped_column(String(20))
