"""The number of the request that said a message, for the logs of both counties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("outbox_message", sa.Column("trace", sa.String(length=36), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox_message", "trace")
