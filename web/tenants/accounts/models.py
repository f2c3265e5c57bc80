"""Account, LoginSession, NoticeSeen, AccountProposal: people who sign in, their browsers, what they read, and what wants two."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText
from web.extensions import Model
from web.tenants.accounts.permissions import Role

_SECRET: dict[Any, Any] = {"secret": True}


class Credentials:
    """What somebody signs in with, of a county's staff or of the deployment's operators.

    `old_hashes`: of the last passwords, the newest first. `factor`: the encrypted secret shared with the person's
    telephone, counting once `factor_at` is set; `factor_step`: the last interval of 30 seconds a code was taken of;
    `recovery`: SHA-256 of each code for the day the telephone is lost.
    """

    id: Mapped[UUID]
    username: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(200), info=_SECRET)
    password_set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    must_change: Mapped[bool] = mapped_column(default=True)
    old_hashes: Mapped[list[str]] = mapped_column(JSONB, default=list, deferred=True, info=_SECRET)
    is_active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    factor: Mapped[bytes | None] = mapped_column(LargeBinary, info=_SECRET)
    factor_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    factor_step: Mapped[int] = mapped_column(BigInteger, default=0, info=_SECRET)
    recovery: Mapped[list[str]] = mapped_column(JSONB, default=list, info=_SECRET)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Account(Tenanted, Credentials, Model):
    """A person of the county's staff. `org_id`: the part of the tree the account sees.

    `person`: keyed digest of the identity number; one person has one account and so one role, says a unique constraint.
    None on accounts from before that rule; an administrator's never is. `granted_at`: when its role was granted; None
    while it waits for the security administrator (it is not active then). `language`: of its pages; empty: its browser's.
    """

    __tablename__ = "account"
    role: Mapped[Role] = mapped_column(EnumText(Role))
    org_id: Mapped[UUID]
    person: Mapped[bytes | None] = mapped_column(LargeBinary, info=_SECRET)
    granted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    notices_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    work_phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(10), default="")

    __table_args__ = (
        UniqueConstraint("tenant_id", "username"),
        UniqueConstraint("tenant_id", "person", name="uq_account_person"),
        ForeignKeyConstraint(["tenant_id", "org_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
    )


class NoticeSeen(Tenanted, Model):
    """That an account opened a record while there was a notice about it: those of before `seen_at` are read. `about_id`: the
    record. All of them go when the page of notices is opened (`Account.notices_seen_at`).
    """

    __tablename__ = "notice_seen"
    __logged__ = False
    account_id: Mapped[UUID]
    about_id: Mapped[UUID]
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("tenant_id", "account_id", "about_id"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"], ondelete="CASCADE"),
    )


class ProposalAct(StrEnum):
    """What two persons do to the account of an administrator."""

    CLOSE = "close"
    RESET = "reset"
    RELEASE = "release"


class AccountProposal(Tenanted, Model):
    """One administrator proposes an act on the account of another; a second one, of another role, confirms or refuses."""

    __tablename__ = "account_proposal"
    account_id: Mapped[UUID]
    act: Mapped[ProposalAct] = mapped_column(EnumText(ProposalAct))
    reason: Mapped[str] = mapped_column(String(200))
    proposed_by: Mapped[UUID]
    proposer_role: Mapped[Role] = mapped_column(EnumText(Role))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_confirmed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"], ondelete="RESTRICT"),
        Index(
            "uq_account_proposal_open", "tenant_id", "account_id", unique=True, postgresql_where="decided_at IS NULL"
        ),
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
