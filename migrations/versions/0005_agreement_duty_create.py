"""What agreements ask for by the calendar, and whose word a progress is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "agreement_duty",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("is_missed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_duty_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_duty")),
        sa.UniqueConstraint(
            "tenant_id",
            "agreement_id",
            "kind",
            "key",
            "due_on",
            name=op.f("uq_agreement_duty_tenant_id_agreement_id_kind_key_due_on"),
        ),
    )
    op.create_index(
        "ix_agreement_duty_open",
        "agreement_duty",
        ["tenant_id", "due_on"],
        unique=False,
        postgresql_where="done_on IS NULL AND NOT is_missed",
    )
    for statement in protect("agreement_duty", context.get_context().opts["app_role"]):
        op.execute(statement)
    # What stands here so far was said by the county itself.
    op.add_column("cooperation_progress", sa.Column("county_uid", sa.Uuid(), nullable=True))
    op.execute("ALTER TABLE cooperation_progress NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE cooperation_progress AS p SET county_uid = c.uid FROM county AS c WHERE c.tenant_id = p.tenant_id"
    )
    op.execute("ALTER TABLE cooperation_progress FORCE ROW LEVEL SECURITY")
    op.alter_column("cooperation_progress", "county_uid", nullable=False)


def downgrade() -> None:
    op.execute("ALTER TABLE cooperation_progress NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DELETE FROM cooperation_progress AS p USING county AS c WHERE c.tenant_id = p.tenant_id AND p.county_uid <> c.uid"
    )
    op.execute("ALTER TABLE cooperation_progress FORCE ROW LEVEL SECURITY")
    op.drop_column("cooperation_progress", "county_uid")
    op.drop_table("agreement_duty")
