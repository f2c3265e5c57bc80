"""What a meeting's record says beside its head (三会一课): times, who led and wrote, what was read, said and decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

NAMES = ("chair", "minute_taker", "lecturer")
TEXTS = ("agenda", "decisions")


def upgrade() -> None:
    for name in ("starts_at", "ends_at"):
        op.add_column("activity", sa.Column(name, sa.Time(), nullable=True))
    for name in NAMES:
        op.add_column("activity", sa.Column(name, sa.String(length=40), server_default="", nullable=False))
    for name in TEXTS:
        op.add_column("activity", sa.Column(name, sa.String(length=2000), server_default="", nullable=False))


def downgrade() -> None:
    for name in (*TEXTS, *NAMES, "ends_at", "starts_at"):
        op.drop_column("activity", name)
