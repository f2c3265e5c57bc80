"""Texts a county keeps for its next agreement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "agreement_template",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_template")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_agreement_template_tenant_id_name")),
    )
    for statement in protect("agreement_template", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("agreement_template")
