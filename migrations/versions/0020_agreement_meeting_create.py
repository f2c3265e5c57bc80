"""Review meetings under an agreement: recorded by one party, answered by the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "agreement_meeting",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("by_uid", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("said", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_meeting_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_meeting")),
    )
    op.create_index(
        "ix_agreement_meeting_agreement", "agreement_meeting", ["tenant_id", "agreement_id", "held_on"], unique=False
    )
    op.create_index(
        "ix_agreement_meeting_waiting",
        "agreement_meeting",
        ["tenant_id", "held_on"],
        unique=False,
        postgresql_where="is_waiting",
    )
    for statement in protect("agreement_meeting", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("agreement_meeting")
