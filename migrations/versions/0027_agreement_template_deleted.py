"""A template that is dropped waits in the recycle bin; its name is free at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

ONE_NAME = "uq_agreement_template_tenant_id_name"


def upgrade() -> None:
    op.add_column("agreement_template", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f(ONE_NAME), "agreement_template", type_="unique")
    op.create_index(
        "uq_agreement_template_kept", "agreement_template", ["tenant_id", "name"], unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    # What waited in the bin goes: it has no place before. The fence holds the owner too, and this is about every county.
    op.execute("ALTER TABLE agreement_template NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM agreement_template WHERE deleted_at IS NOT NULL")
    op.execute("ALTER TABLE agreement_template FORCE ROW LEVEL SECURITY")
    op.drop_index("uq_agreement_template_kept", "agreement_template")
    op.create_unique_constraint(op.f(ONE_NAME), "agreement_template", ["tenant_id", "name"])
    op.drop_column("agreement_template", "deleted_at")
