"""The host begins: claims and asks, with what they are recorded by; dates and settings that reminders are read from."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

HANDOVER = [
    "not_opened",
    "asked",
    "ask_returned",
    "requested",
    "returned",
    "returned_lapsed",
    "accepted",
    "refused",
    "cancelled",
    "expired",
    "released",
    "declined",
    "recalled",
    "expired_in_transit",
    "closed",
]
HANDOVER_NEW = {"asked", "ask_returned"}
HANDOVER_OPEN = ["requested", "returned", "asked", "ask_returned", "accepted", "released"]
REFERRAL = [
    "claimed",
    "offered",
    "accepted",
    "reported_in",
    "taken_on",
    "declined",
    "disowned",
    "lapsed",
    "ended",
    "not_opened",
]
REFERRAL_NEW = {"claimed", "disowned"}


def _in(words: list[str]) -> str:
    return f"state IN ({', '.join(repr(word) for word in words)})"


def _check(table: str, words: list[str]) -> None:
    op.drop_constraint(f"ck_{table}_state", table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_state"), table, _in(words))


def _indexes(words: list[str], also: str) -> None:
    op.drop_index("uq_handover_open", table_name="handover")
    op.drop_index("ix_handover_due", table_name="handover")
    op.create_index(
        "uq_handover_open",
        "handover",
        ["tenant_id", "partner_uid", "person_blind"],
        unique=True,
        postgresql_where=_in(words) + also,
    )
    op.create_index("ix_handover_due", "handover", ["tenant_id", "due_on", "id"], postgresql_where=_in(words))


def _whole(name: str, default: str, type_: sa.types.TypeEngine[Any]) -> None:
    """A column that rows from before get a value for, and new rows from the program."""
    table, column = name.split(".")
    op.add_column(table, sa.Column(column, type_, nullable=False, server_default=sa.text(default)))
    op.alter_column(table, column, server_default=None)


WHOLE: dict[str, tuple[str, sa.types.TypeEngine[Any]]] = {
    "handover.begun_by": ("'home'", sa.String(4)),
    "handover.applied_how": ("''", sa.String(10)),
    "referral.told_how": ("''", sa.String(10)),
    "county_settings.claim_day_limit": ("20", sa.Integer()),
    "county_settings.answer_workdays": ("5", sa.Integer()),
    "county_settings.report_in_days": ("'[15, 30]'", postgresql.JSONB()),
    "county_settings.contact_days": ("'[30, 90, 150]'", postgresql.JSONB()),
    "county_settings.confirm_months": ("6", sa.Integer()),
}
OPTIONAL: dict[str, sa.types.TypeEngine[Any]] = {
    "handover.referral_id": sa.Uuid(),
    "handover.reverses": sa.Uuid(),
    "handover.applied_on": sa.Date(),
    "handover.arrived_on": sa.Date(),
    "referral.consent_id": sa.Uuid(),
    "flow.contacted_on": sa.Date(),
    "flow.confirmed_on": sa.Date(),
}


def upgrade() -> None:
    for name, (default, type_) in WHOLE.items():
        _whole(name, default, type_)
    for name, optional in OPTIONAL.items():
        table, column = name.split(".")
        op.add_column(table, sa.Column(column, optional, nullable=True))
    _check("handover", HANDOVER)
    _check("referral", REFERRAL)
    _indexes(HANDOVER_OPEN, " AND n > 0")


def downgrade() -> None:
    _indexes([s for s in HANDOVER_OPEN if s not in HANDOVER_NEW], "")
    _check("referral", [s for s in REFERRAL if s not in REFERRAL_NEW])
    _check("handover", [s for s in HANDOVER if s not in HANDOVER_NEW])
    for name in [*WHOLE, *OPTIONAL]:
        table, column = name.split(".")
        op.drop_column(table, column)
