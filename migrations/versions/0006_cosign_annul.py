"""A co-signed record can be annulled: two states, and who proposed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BEFORE = "'offered', 'disputed', 'final', 'refused', 'withdrawn', 'lapsed', 'not_opened'"
AFTER = "'offered', 'disputed', 'final', 'refused', 'withdrawn', 'lapsed', 'annul_proposed', 'annulled', 'not_opened'"
LIVE_BEFORE = "state IN ('offered', 'disputed', 'final')"
LIVE_AFTER = "state IN ('offered', 'disputed', 'final', 'annul_proposed')"


def _states(states: str, live: str) -> None:
    op.drop_constraint(op.f("ck_cosign_state"), "cosign", type_="check")
    op.create_check_constraint(op.f("ck_cosign_state"), "cosign", f"state IN ({states})")
    op.drop_index("uq_cosign_live", "cosign")
    columns = ["tenant_id", "partner_uid", "activity_id"]
    op.create_index("uq_cosign_live", "cosign", columns, unique=True, postgresql_where=live)


def upgrade() -> None:
    _states(AFTER, LIVE_AFTER)
    op.add_column("cosign", sa.Column("annul_by", sa.String(length=10), server_default="", nullable=False))


def downgrade() -> None:
    """Refuses, by the old constraint, while an annulled record exists: it would have no state to go back to."""
    op.drop_column("cosign", "annul_by")
    _states(BEFORE, LIVE_BEFORE)
