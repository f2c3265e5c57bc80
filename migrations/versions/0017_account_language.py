"""The language of an account's pages. Empty: what its browser says, else Chinese."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("account", sa.Column("language", sa.String(length=10), nullable=False, server_default=""))
    op.alter_column("account", "language", server_default=None)


def downgrade() -> None:
    op.drop_column("account", "language")
