"""A county's keys have a life: turned, revoked, destroyed. What vouches for a successor, and why a channel waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

STATES = "'current', 'turning', 'revoking', 'retired', 'revoked', 'destroyed'"


def upgrade() -> None:
    op.add_column("county_key", sa.Column("state", sa.String(40), nullable=False, server_default="current"))
    op.alter_column("county_key", "state", server_default=None)
    op.create_check_constraint(op.f("ck_county_key_state"), "county_key", f"state IN ({STATES})")
    op.add_column("county_descriptor", sa.Column("vouchers", JSONB, nullable=False, server_default="[]"))
    op.alter_column("county_descriptor", "vouchers", server_default=None)
    op.add_column("channel", sa.Column("held", sa.String(40), nullable=False, server_default=""))
    op.alter_column("channel", "held", server_default=None)


def downgrade() -> None:
    op.drop_column("channel", "held")
    op.drop_column("county_descriptor", "vouchers")
    op.drop_constraint(op.f("ck_county_key_state"), "county_key", type_="check")
    op.drop_column("county_key", "state")
