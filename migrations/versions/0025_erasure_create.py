"""What was destroyed or taken back, until the scheduler told it outside the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import open_to_all

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    for statement in open_to_all("erasure", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("erasure")
