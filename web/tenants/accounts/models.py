"""Account and LoginSession: people who sign in, and the rows that can be listed and revoked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText
from web.extensions import Model
from web.tenants.accounts.permissions import Role


class Account(Tenanted, Model):
    """A person of the county's staff. `org_id`: the part of the tree the account sees."""

    __tablename__ = "account"
    username: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    org_id: Mapped[UUID]
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    password_set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    must_change: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    notices_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    work_phone: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "username"),
        ForeignKeyConstraint(["tenant_id", "org_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
    )


class LoginSession(Tenanted, Model):
    """One signed-in browser. The cookie holds a random token; the row its SHA-256."""

    __tablename__ = "login_session"
    __logged__ = False  # signing in and out are recorded as named events; last_seen_at changes all day
    token: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[UUID]
    ip: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "token"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"], ondelete="CASCADE"),
    )
