"""One open version of an agreement at a time, said by the database too."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index(
        "uq_agreement_version_open",
        "agreement_version",
        ["tenant_id", "agreement_id"],
        unique=True,
        postgresql_where="state IN ('draft', 'proposed', 'agreed', 'sealed')",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_agreement_version_open",
        table_name="agreement_version",
        postgresql_where="state IN ('draft', 'proposed', 'agreed', 'sealed')",
    )
