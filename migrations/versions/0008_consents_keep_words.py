"""Consents keep the words that were shown and the signed paper; a member has a second telephone and chooses one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0008"
down_revision = "0007"

FENCED = ["notice_text", "scan"]


def upgrade() -> None:
    op.create_table(
        "notice_text",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("used_from", sa.Date(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notice_text")),
        sa.UniqueConstraint("tenant_id", "version", name=op.f("uq_notice_text_tenant_id_version")),
    )
    op.create_table(
        "scan",
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scan")),
    )
    op.create_index("ix_scan_member", "scan", ["tenant_id", "member_id"])
    op.add_column("consent", sa.Column("about_id", sa.Uuid(), nullable=True))
    op.add_column("consent", sa.Column("scan_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_consent_tenant_id_scan_id"),
        "consent",
        "scan",
        ["tenant_id", "scan_id"],
        ["tenant_id", "id"],
        ondelete="RESTRICT",
    )
    op.add_column("member", sa.Column("second_phone", sa.LargeBinary(), nullable=True))
    # Until now the one number there was is what crossed: it stays chosen.
    op.add_column("member", sa.Column("chosen_phone", sa.String(length=12), nullable=False, server_default="phone"))
    op.alter_column("member", "chosen_phone", server_default=None)
    role = context.get_context().opts["app_role"]
    for table in FENCED:
        for statement in protect(table, role):
            op.execute(statement)


def downgrade() -> None:
    op.drop_column("member", "chosen_phone")
    op.drop_column("member", "second_phone")
    op.drop_constraint(op.f("fk_consent_tenant_id_scan_id"), "consent", type_="foreignkey")
    op.drop_column("consent", "scan_id")
    op.drop_column("consent", "about_id")
    op.drop_index("ix_scan_member", table_name="scan")
    op.drop_table("scan")
    op.drop_table("notice_text")
