"""The workbench: settings of lists, saved filters, drafts, ways back, exports; a county's labels and import headings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from migrations.fence import protect

revision = "0002"
down_revision = "0001"

FENCED = ["draft", "export", "header_alias", "label", "list_setting", "member_label", "saved_filter", "undo_step"]


def _key() -> list[sa.Column[object]]:
    return [sa.Column("tenant_id", sa.Integer(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)]


def _ends(table: str, *owners: tuple[str, str]) -> list[sa.Constraint]:
    made: list[sa.Constraint] = [sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))]
    for column, target in owners:
        made.append(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{target}.tenant_id", f"{target}.id"],
                name=op.f(f"fk_{table}_tenant_id_{column}"),
                ondelete="CASCADE",
            )
        )
    return made


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}"))


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    account = ("account_id", "account")
    op.create_table(
        "list_setting",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("listing", sa.String(40), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("filter_id", sa.Uuid(), nullable=True),
        *_ends("list_setting", account),
        _unique("list_setting", "account_id", "listing"),
    )
    op.create_table(
        "saved_filter",
        *_key(),
        sa.Column("listing", sa.String(40), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        _at("created_at"),
        _at("deleted_at", nullable=True),
        *_ends("saved_filter", account),
    )
    op.create_index("ix_saved_filter_listing", "saved_filter", ["tenant_id", "listing", "title"])
    op.create_table(
        "draft",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(120), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        _at("saved_at"),
        *_ends("draft", account),
        _unique("draft", "account_id", "form"),
    )
    op.create_table(
        "undo_step",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(160), nullable=False),
        sa.Column("events", postgresql.JSONB(), nullable=False),
        _at("at"),
        _at("undone_at", nullable=True),
        *_ends("undo_step", account),
    )
    op.create_table(
        "export",
        *_key(),
        sa.Column("listing", sa.String(40), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _at("created_at"),
        _at("purged_at", nullable=True),
        *_ends("export", account),
    )
    op.create_index("ix_export_created", "export", ["tenant_id", "created_at"])
    op.create_table(
        "label",
        *_key(),
        sa.Column("title", sa.String(20), nullable=False),
        sa.Column("colour", sa.String(10), nullable=False),
        _at("created_at"),
        _at("deleted_at", nullable=True),
        *_ends("label"),
    )
    op.create_table(
        "member_label",
        *_key(),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        *_ends("member_label", ("member_id", "member"), ("label_id", "label")),
        _unique("member_label", "member_id", "label_id"),
    )
    op.create_index("ix_member_label_label", "member_label", ["tenant_id", "label_id", "member_id"])
    op.create_table(
        "header_alias",
        *_key(),
        sa.Column("layout", sa.String(40), nullable=False),
        sa.Column("heading", sa.String(80), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        _at("created_at"),
        *_ends("header_alias"),
        _unique("header_alias", "layout", "heading"),
    )
    for table in FENCED:
        for statement in protect(table, context.get_context().opts["app_role"]):
            op.execute(statement)


def downgrade() -> None:
    for table in (
        "header_alias",
        "member_label",
        "label",
        "export",
        "undo_step",
        "draft",
        "saved_filter",
        "list_setting",
    ):
        op.drop_table(table)
