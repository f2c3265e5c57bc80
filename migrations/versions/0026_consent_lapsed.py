"""A notice or consent that holds while the member is away ends with the flow, and not by his withdrawal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("consent", sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True))
    # Whoever is back already; of one who is away again nobody can tell for which stay it was given. The fence holds the
    # owner too, and this is about every county.
    for table in ("consent", "flow"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE consent SET lapsed_at = now() WHERE withdrawn_at IS NULL AND scope IN ('S2', 'S3', 'S6')"
        " AND EXISTS (SELECT FROM flow WHERE flow.tenant_id = consent.tenant_id AND flow.member_id = consent.member_id"
        " AND flow.state = 'ended' AND flow.ended_on >= consent.given_on)"
        " AND NOT EXISTS (SELECT FROM flow WHERE flow.tenant_id = consent.tenant_id"
        " AND flow.member_id = consent.member_id AND flow.state <> 'ended')"
    )
    for table in ("consent", "flow"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("consent", "lapsed_at")
