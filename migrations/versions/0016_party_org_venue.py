"""An organisation's activity venue: where it meets, told to partners with the directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("party_org", sa.Column("venue", sa.String(length=80), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("party_org", "venue")
