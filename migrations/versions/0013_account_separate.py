"""Separated administrators: one person one account, a granted role, proposals of two persons, the second factor.

Accounts from before keep their role and count as granted; the clerk (county_admin) no longer manages accounts. A county's
first administrators are opened by `flask county administrators`, or by the operator through the logged door.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0013"
down_revision = "0012"

WHOLE: dict[str, tuple[str, sa.types.TypeEngine[Any]]] = {
    "account.old_hashes": ("'[]'", postgresql.JSONB()),
    "account.factor_step": ("0", sa.BigInteger()),
    "account.recovery": ("'[]'", postgresql.JSONB()),
    "county_settings.demands_code": ("false", sa.Boolean()),
}
OPTIONAL: dict[str, sa.types.TypeEngine[Any]] = {
    "account.person": sa.LargeBinary(),
    "account.granted_at": sa.DateTime(timezone=True),
    "account.factor": sa.LargeBinary(),
    "account.factor_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, (default, whole) in WHOLE.items():
        table, column = name.split(".")
        op.add_column(table, sa.Column(column, whole, nullable=False, server_default=sa.text(default)))
        op.alter_column(table, column, server_default=None)
    for name, optional in OPTIONAL.items():
        table, column = name.split(".")
        op.add_column(table, sa.Column(column, optional, nullable=True))
    op.execute("UPDATE account SET granted_at = created_at")
    op.create_unique_constraint("uq_account_person", "account", ["tenant_id", "person"])
    op.create_check_constraint(
        op.f("ck_account_administrator_is_known"),
        "account",
        "role NOT IN ('sysadmin', 'secadmin', 'auditor') OR person IS NOT NULL",
    )
    op.create_table(
        "account_proposal",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposer_role", sa.String(length=40), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        # The second person is a second person: the database says so too.
        sa.CheckConstraint(
            "decided_by IS NULL OR NOT is_confirmed OR (decided_by <> proposed_by AND decided_by <> account_id)",
            name=op.f("ck_account_proposal_second_person"),
        ),
        sa.CheckConstraint("proposed_by <> account_id", name=op.f("ck_account_proposal_not_oneself")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name=op.f("fk_account_proposal_tenant_id_account_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_account_proposal")),
    )
    op.create_index(
        "uq_account_proposal_open",
        "account_proposal",
        ["tenant_id", "account_id"],
        unique=True,
        postgresql_where="decided_at IS NULL",
    )
    for statement in protect("account_proposal", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("account_proposal")
    op.drop_constraint("ck_account_administrator_is_known", "account", type_="check")
    op.drop_constraint("uq_account_person", "account", type_="unique")
    for name in [*WHOLE, *OPTIONAL]:
        table, column = name.split(".")
        op.drop_column(table, column)
