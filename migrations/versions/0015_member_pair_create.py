"""Two records that look like one person, as a person decided: merged, or not the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "member_pair",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=True),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "first_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_member_pair_tenant_id_first_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "second_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_member_pair_tenant_id_second_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member_pair")),
    )
    op.create_index("ix_member_pair_at", "member_pair", ["tenant_id", "at"], unique=False)
    op.create_index(
        "uq_member_pair_decided",
        "member_pair",
        ["tenant_id", "first_id", "second_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    for statement in protect("member_pair", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("member_pair")
