"""A record that was opened has its notices read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import protect

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "notice_seen",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name=op.f("fk_notice_seen_tenant_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notice_seen")),
        sa.UniqueConstraint(
            "tenant_id", "account_id", "about_id", name=op.f("uq_notice_seen_tenant_id_account_id_about_id")
        ),
    )
    for statement in protect("notice_seen", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("notice_seen")
