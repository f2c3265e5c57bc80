"""The county's labels on rows of any list, beside those on members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import protect

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "row_label",
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "label_id"],
            ["label.tenant_id", "label.id"],
            name=op.f("fk_row_label_tenant_id_label_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_row_label")),
        sa.UniqueConstraint("tenant_id", "row_id", "label_id", name=op.f("uq_row_label_tenant_id_row_id_label_id")),
    )
    op.create_index("ix_row_label_label", "row_label", ["tenant_id", "label_id", "row_id"], unique=False)
    for statement in protect("row_label", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("row_label")
