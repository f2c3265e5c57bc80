"""The county's own case files of transfers, and the stubs of introduction letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from migrations.fence import protect

revision = "0003"
down_revision = "0002"

FENCED = ["relation_transfer", "letter_stub"]
OPEN = (
    "state IN ('draft', 'submitted', 'returned_for_correction', 'home_approved', 'letter_issued', 'in_transit', "
    "'expired', 'received', 'assigned', 'receipt_returned')"
)


def upgrade() -> None:
    op.create_table(
        "relation_transfer",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("to_org_id", sa.Uuid(), nullable=True),
        sa.Column("partner_uid", sa.Uuid(), nullable=True),
        sa.Column("packet", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned_for_correction', 'home_approved', 'letter_issued', "
            "'in_transit', 'expired', 'received', 'assigned', 'receipt_returned', 'handed_over', 'closed', "
            "'refused', 'revoked')",
            name=op.f("ck_relation_transfer_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_relation_transfer_tenant_id_branch_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_relation_transfer_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "to_org_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_relation_transfer_tenant_id_to_org_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_relation_transfer")),
    )
    op.create_index(
        "uq_relation_transfer_open",
        "relation_transfer",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_relation_transfer_due", "relation_transfer", ["tenant_id", "due_on", "id"], postgresql_where=OPEN
    )
    op.create_index("ix_relation_transfer_state", "relation_transfer", ["tenant_id", "state_at", "id"])
    op.create_index("ix_relation_transfer_member", "relation_transfer", ["tenant_id", "member_id"])
    op.create_table(
        "letter_stub",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("letter_no", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("from_org", sa.String(length=160), nullable=False),
        sa.Column("to_org", sa.String(length=160), nullable=False),
        sa.Column("dues_until", sa.String(length=7), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.String(length=40), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("receipt_on", sa.Date(), nullable=True),
        sa.Column("void_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_letter_stub_tenant_id_branch_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_letter_stub_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_letter_stub")),
        sa.UniqueConstraint("tenant_id", "year", "serial", name=op.f("uq_letter_stub_tenant_id_year_serial")),
    )
    op.create_index("ix_letter_stub_subject", "letter_stub", ["tenant_id", "subject_id"])
    op.add_column("handover", sa.Column("transfer_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_handover_tenant_id_transfer_id"),
        "handover",
        "relation_transfer",
        ["tenant_id", "transfer_id"],
        ["tenant_id", "id"],
        ondelete="RESTRICT",
    )
    op.create_index("uq_handover_transfer", "handover", ["tenant_id", "transfer_id"], unique=True)
    role = context.get_context().opts["app_role"]
    for table in FENCED:
        for statement in protect(table, role):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("uq_handover_transfer", table_name="handover")
    op.drop_constraint(op.f("fk_handover_tenant_id_transfer_id"), "handover", type_="foreignkey")
    op.drop_column("handover", "transfer_id")
    op.drop_index("ix_letter_stub_subject", table_name="letter_stub")
    op.drop_table("letter_stub")
    op.drop_index("ix_relation_transfer_member", table_name="relation_transfer")
    op.drop_index("ix_relation_transfer_state", table_name="relation_transfer")
    op.drop_index("ix_relation_transfer_due", table_name="relation_transfer")
    op.drop_index("uq_relation_transfer_open", table_name="relation_transfer")
    op.drop_table("relation_transfer")
