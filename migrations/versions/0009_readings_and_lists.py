"""Readings of received rows, told to their owners; directory and counts of partners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import protect

revision = "0009"
down_revision = "0008"

FENCED = ["publication", "reading"]


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("about_kind", sa.String(length=20), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("reader", sa.String(length=40), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reading")),
        sa.UniqueConstraint(
            "tenant_id", "about_id", "is_ours", "read_on", "reader",
            name=op.f("uq_reading_tenant_id_about_id_is_ours_read_on_reader"),
        ),
    )  # fmt: skip
    op.create_index("ix_reading_member", "reading", ["tenant_id", "member_id", "read_on"])
    op.create_index("ix_reading_untold", "reading", ["tenant_id", "since"], postgresql_where="since IS NOT NULL")
    op.create_table(
        "publication",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("w", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.String(length=60), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_publication")),
        sa.UniqueConstraint(
            "tenant_id",
            "partner_uid",
            "kind",
            "is_ours",
            name=op.f("uq_publication_tenant_id_partner_uid_kind_is_ours"),
        ),
    )
    role = context.get_context().opts["app_role"]
    for table in FENCED:
        for statement in protect(table, role):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("publication")
    op.drop_index("ix_reading_untold", table_name="reading", postgresql_where="since IS NOT NULL")
    op.drop_index("ix_reading_member", table_name="reading")
    op.drop_table("reading")
