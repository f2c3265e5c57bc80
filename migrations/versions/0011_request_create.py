"""Requests: help one county asks of another about a member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import protect

revision = "0011"
down_revision = "0010"

STATES = "'requested', 'accepted', 'declined', 'done', 'failed', 'rated', 'withdrawn', 'lapsed', 'not_opened'"


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("consent_on", sa.Date(), nullable=True),
        sa.Column("consent_how", sa.String(length=20), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("rating", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_request_state")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "referral_id"],
            ["referral.tenant_id", "referral.id"],
            name=op.f("fk_request_tenant_id_referral_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_request_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_request")),
    )
    op.create_index("ix_request_list", "request", ["tenant_id", "role", "state_at", "id"], unique=False)
    op.create_index("ix_request_referral", "request", ["tenant_id", "referral_id"], unique=False)
    op.create_index("ix_request_member", "request", ["tenant_id", "member_id"], unique=False)
    for statement in protect("request", context.get_context().opts["app_role"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("request")
