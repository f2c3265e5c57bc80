"""What still waits for a partner is found by one index, files that follow their message too."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["tenant_id", "peer_uid", "id"],
        unique=False,
        postgresql_where="receipt IS NULL OR has_blobs_due",
    )
    op.drop_index("ix_outbox_message_open", table_name="outbox_message", postgresql_where="receipt IS NULL")


def downgrade() -> None:
    op.create_index(
        "ix_outbox_message_open",
        "outbox_message",
        ["tenant_id", "peer_uid", "id"],
        unique=False,
        postgresql_where="receipt IS NULL",
    )
    op.drop_index(
        "ix_outbox_message_due", table_name="outbox_message", postgresql_where="receipt IS NULL OR has_blobs_due"
    )
