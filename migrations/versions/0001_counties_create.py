"""Counties, their registers, and what crosses between them: the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from migrations.fence import open_to_all, protect

revision = "0001"
down_revision = None

# Tables of one county, fenced; of these the log can only grow.
FENCED = [
    "account",
    "activity",
    "agreement",
    "agreement_approval",
    "agreement_closing",
    "agreement_decision",
    "agreement_grant",
    "agreement_party",
    "agreement_seal",
    "agreement_version",
    "attendance",
    "blob",
    "channel",
    "consent",
    "cooperation_progress",
    "cosign",
    "cosign_line",
    "county_key",
    "county_settings",
    "disclosure",
    "document",
    "event",
    "event_seal",
    "flow",
    "handover",
    "import_batch",
    "import_row",
    "inbox_message",
    "login_session",
    "member",
    "member_gram",
    "outbox_message",
    "party_org",
    "peer",
    "peer_key",
    "record_key",
    "referral",
    "shared_gram",
    "shared_member",
    "shared_value",
    "status_share",
    "study_record",
    "task",
    "wrong_code",
]
APPEND_ONLY = ["event", "event_seal"]
# Tables without row-level security; the reasons stand in the models (`__exempt__`).
EXEMPT = ["county", "county_descriptor", "post_due", "proof_code"]


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("hub_uid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=60), nullable=True),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("awaiting", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'winding_down', 'closed', 'dropped')", name=op.f("ck_agreement_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement")),
    )
    op.create_table(
        "blob",
        sa.Column("digest", sa.String(length=60), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("announced_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_blob")),
        sa.UniqueConstraint("tenant_id", "about_id", "digest", name=op.f("uq_blob_tenant_id_about_id_digest")),
    )
    op.create_table(
        "channel",
        sa.Column("peer_uid", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=60), nullable=True),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("last_sign_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_channel")),
        sa.UniqueConstraint("tenant_id", "peer_uid", "direction", name=op.f("uq_channel_tenant_id_peer_uid_direction")),
    )
    op.create_table(
        "cosign",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'disputed', 'final', 'refused', 'withdrawn', 'lapsed', 'not_opened')",
            name=op.f("ck_cosign_state"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cosign")),
    )
    op.create_index("ix_cosign_activity", "cosign", ["tenant_id", "activity_id"], unique=False)
    op.create_index("ix_cosign_list", "cosign", ["tenant_id", "state_at", "id"], unique=False)
    op.create_index(
        "uq_cosign_live",
        "cosign",
        ["tenant_id", "partner_uid", "activity_id"],
        unique=True,
        postgresql_where="state IN ('offered', 'disputed', 'final')",
    )
    op.create_table(
        "county",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("office", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=80), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_county")),
        sa.UniqueConstraint("code", name=op.f("uq_county_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_county_uid")),
    )
    op.create_table(
        "county_descriptor",
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_county_descriptor")),
        sa.UniqueConstraint("code", name=op.f("uq_county_descriptor_code")),
    )
    op.create_table(
        "county_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("use", sa.String(length=3), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("locked", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_county_key")),
        sa.UniqueConstraint("tenant_id", "kid", name=op.f("uq_county_key_tenant_id_kid")),
    )
    op.create_table(
        "county_settings",
        sa.Column("letter", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("letter_valid_days", sa.Integer(), nullable=False),
        sa.Column("letter_serial_year", sa.Integer(), nullable=False),
        sa.Column("letter_serial", sa.Integer(), nullable=False),
        sa.Column("workday_changes", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("report_in_day_limit", sa.Integer(), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("notice_changed_on", sa.Date(), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_county_settings")),
    )
    op.create_table(
        "disclosure",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("pointer", sa.String(length=60), nullable=False),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("commitment", sa.String(length=60), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("is_withheld", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_disclosure")),
        sa.UniqueConstraint(
            "tenant_id", "message_id", "pointer", name=op.f("uq_disclosure_tenant_id_message_id_pointer")
        ),
    )
    op.create_index("ix_disclosure_about", "disclosure", ["tenant_id", "about_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("filename", sa.String(length=160), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("proof_code", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_subject", "document", ["tenant_id", "subject_id", "created_at"], unique=False)
    op.create_table(
        "event",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("actor_role", sa.String(length=40), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("peer", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_member", "event", ["tenant_id", "member_id", "id"], unique=False)
    op.create_index("ix_event_subject", "event", ["tenant_id", "subject_id", "id"], unique=False)
    op.create_table(
        "event_seal",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("upto", sa.Uuid(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event_seal")),
    )
    op.create_table(
        "import_batch",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("filename", sa.String(length=160), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("refusal", sa.String(length=400), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reading', 'previewed', 'applying', 'applied', 'refused', 'discarded', 'undone')",
            name=op.f("ck_import_batch_state"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_batch")),
    )
    op.create_index("ix_import_batch_created", "import_batch", ["tenant_id", "created_at"], unique=False)
    op.create_table(
        "inbox_message",
        sa.Column("peer_uid", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=60), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("attached", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint(
            "tenant_id", "peer_uid", "epoch", "seq", name=op.f("uq_inbox_message_tenant_id_peer_uid_epoch_seq")
        ),
    )
    op.create_index("ix_inbox_message_about", "inbox_message", ["tenant_id", "about_id", "id"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("peer_uid", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("sd", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("attached", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("blobs", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("has_blobs_due", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("prev", sa.String(length=60), nullable=True),
        sa.Column("digest", sa.String(length=60), nullable=True),
        sa.Column("envelope", sa.Text(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("receipted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint(
            "tenant_id", "peer_uid", "epoch", "seq", name=op.f("uq_outbox_message_tenant_id_peer_uid_epoch_seq")
        ),
    )
    op.create_index("ix_outbox_message_about", "outbox_message", ["tenant_id", "about_id", "id"], unique=False)
    op.create_index(
        "ix_outbox_message_open",
        "outbox_message",
        ["tenant_id", "peer_uid", "id"],
        unique=False,
        postgresql_where="receipt IS NULL",
    )
    op.create_table(
        "party_org",
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("full_name", sa.String(length=160), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("host_code", sa.String(length=6), nullable=False),
        sa.Column("address", sa.String(length=160), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_party_org_tenant_id_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_party_org")),
        sa.UniqueConstraint("tenant_id", "parent_id", "name", name=op.f("uq_party_org_tenant_id_parent_id_name")),
        sa.UniqueConstraint("tenant_id", "path", name=op.f("uq_party_org_tenant_id_path")),
    )
    op.create_index("ix_party_org_parent", "party_org", ["tenant_id", "parent_id"], unique=False)
    op.create_table(
        "peer",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("office", sa.String(length=80), nullable=False),
        sa.Column("transport", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=80), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'introduced', 'confirmed')", name=op.f("ck_peer_state")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_peer")),
        sa.UniqueConstraint("tenant_id", "uid", name=op.f("uq_peer_tenant_id_uid")),
    )
    op.create_table(
        "peer_key",
        sa.Column("peer_uid", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("use", sa.String(length=3), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_peer_key")),
        sa.UniqueConstraint("tenant_id", "peer_uid", "kid", name=op.f("uq_peer_key_tenant_id_peer_uid_kid")),
    )
    op.create_table(
        "post_due",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("peer_uid", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "peer_uid", name=op.f("pk_post_due")),
    )
    op.create_index(op.f("ix_post_due_due_at"), "post_due", ["due_at"], unique=False)
    op.create_table(
        "proof_code",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_proof_code")),
    )
    op.create_table(
        "record_key",
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_record_key")),
    )
    op.create_table(
        "task",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=80), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_task_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_task")),
    )
    op.create_index("ix_task_created", "task", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "wrong_code",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_wrong_code")),
    )
    op.create_index("ix_wrong_code_at", "wrong_code", ["tenant_id", "at"], unique=False)
    op.create_table(
        "account",
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notices_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("work_phone", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "org_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_account_tenant_id_org_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_account")),
        sa.UniqueConstraint("tenant_id", "username", name=op.f("uq_account_tenant_id_username")),
    )
    op.create_table(
        "activity",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("responsible", sa.String(length=40), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'held', 'cancelled')", name=op.f("ck_activity_state")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "org_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_activity_tenant_id_org_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_activity")),
    )
    op.create_index("ix_activity_held", "activity", ["tenant_id", "held_on", "id"], unique=False)
    op.create_table(
        "agreement_approval",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text_digest", sa.String(length=60), nullable=False),
        sa.Column("pdf_digest", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_approval_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_approval")),
    )
    op.create_table(
        "agreement_closing",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("by_uid", sa.Uuid(), nullable=False),
        sa.Column("with_uid", sa.Uuid(), nullable=False),
        sa.Column("w", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_closing_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_closing")),
        sa.UniqueConstraint(
            "tenant_id",
            "agreement_id",
            "by_uid",
            "with_uid",
            name=op.f("uq_agreement_closing_tenant_id_agreement_id_by_uid_with_uid"),
        ),
    )
    op.create_table(
        "agreement_decision",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("by_uid", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=60), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("jws", sa.Text(), nullable=True),
        sa.Column("said", sa.LargeBinary(), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_decision_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_decision")),
        sa.UniqueConstraint(
            "tenant_id", "agreement_id", "n", name=op.f("uq_agreement_decision_tenant_id_agreement_id_n")
        ),
    )
    op.create_table(
        "agreement_grant",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_uid", sa.Uuid(), nullable=False),
        sa.Column("receiver_uid", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_grant_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_grant")),
        sa.UniqueConstraint(
            "tenant_id",
            "agreement_id",
            "owner_uid",
            "receiver_uid",
            "scope",
            name=op.f("uq_agreement_grant_tenant_id_agreement_id_owner_uid_receiver_uid_scope"),
        ),
    )
    op.create_index(
        "ix_agreement_grant_pair", "agreement_grant", ["tenant_id", "owner_uid", "receiver_uid", "scope"], unique=False
    )
    op.create_table(
        "agreement_party",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("office", sa.String(length=80), nullable=False),
        sa.Column("w", sa.Integer(), nullable=False),
        sa.Column("leaves_on", sa.Date(), nullable=True),
        sa.Column("paused", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_party_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_party")),
        sa.UniqueConstraint(
            "tenant_id", "agreement_id", "uid", name=op.f("uq_agreement_party_tenant_id_agreement_id_uid")
        ),
    )
    op.create_table(
        "agreement_seal",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("county_uid", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=60), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("jws", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_seal_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_seal")),
        sa.UniqueConstraint(
            "tenant_id",
            "agreement_id",
            "version",
            "county_uid",
            name=op.f("uq_agreement_seal_tenant_id_agreement_id_version_county_uid"),
        ),
    )
    op.create_table(
        "agreement_version",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("text_digest", sa.String(length=60), nullable=False),
        sa.Column("former", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column("author_uid", sa.Uuid(), nullable=True),
        sa.Column("accepted_by", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("pdf_digest", sa.String(length=60), nullable=True),
        sa.Column("pdf_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("fault", sa.String(length=40), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed', 'agreed', 'sealed', 'effective', 'superseded', 'rejected', 'withdrawn', 'lapsed')",
            name=op.f("ck_agreement_version_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_agreement_version_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agreement_version")),
        sa.UniqueConstraint(
            "tenant_id", "agreement_id", "version", name=op.f("uq_agreement_version_tenant_id_agreement_id_version")
        ),
    )
    op.create_table(
        "cooperation_progress",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("item_key", sa.String(length=12), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agreement_id"],
            ["agreement.tenant_id", "agreement.id"],
            name=op.f("fk_cooperation_progress_tenant_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cooperation_progress")),
    )
    op.create_index(
        "ix_cooperation_progress_item", "cooperation_progress", ["tenant_id", "agreement_id", "item_key"], unique=False
    )
    op.create_table(
        "import_row",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_written", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "batch_id"],
            ["import_batch.tenant_id", "import_batch.id"],
            name=op.f("fk_import_row_tenant_id_batch_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_row")),
    )
    op.create_index("ix_import_row_batch", "import_row", ["tenant_id", "batch_id", "outcome", "number"], unique=False)
    op.create_table(
        "member",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_pinyin", sa.String(length=160), nullable=False),
        sa.Column("initials", sa.String(length=20), nullable=False),
        sa.Column("gender", sa.String(length=1), nullable=False),
        sa.Column("ethnicity", sa.String(length=2), nullable=False),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_blind", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_blind", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("education", sa.String(length=4), nullable=False),
        sa.Column("member_kind", sa.String(length=1), nullable=False),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("is_lost_contact", sa.Boolean(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("post", sa.String(length=80), nullable=False),
        sa.Column("dues_until", sa.String(length=7), nullable=False),
        sa.Column("certificate_no", sa.String(length=40), nullable=False),
        sa.Column("review_result", sa.String(length=20), nullable=False),
        sa.Column("appraisal", sa.String(length=20), nullable=False),
        sa.Column("backup_contact", sa.LargeBinary(), nullable=True),
        sa.Column("backup_phone", sa.LargeBinary(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("away_org_id", sa.Uuid(), nullable=True),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("frozen_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "away_org_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_member_tenant_id_away_org_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_member_tenant_id_branch_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member")),
    )
    op.create_index("ix_member_branch", "member", ["tenant_id", "branch_id", "name_pinyin", "id"], unique=False)
    op.create_index("ix_member_id_blind", "member", ["tenant_id", "id_blind"], unique=False)
    op.create_index("ix_member_initials", "member", ["tenant_id", "initials", "id"], unique=False)
    op.create_index("ix_member_phone_blind", "member", ["tenant_id", "phone_blind"], unique=False)
    op.create_index("ix_member_pinyin", "member", ["tenant_id", "name_pinyin", "id"], unique=False)
    op.create_index("ix_member_status", "member", ["tenant_id", "relation", "gender", "member_kind"], unique=False)
    op.create_index("ix_member_updated", "member", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_table(
        "attendance",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("presence", sa.String(length=40), nullable=False),
        sa.Column("study_minutes", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(member_id IS NULL) <> (referral_id IS NULL)", name=op.f("ck_attendance_one_person")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "activity_id"],
            ["activity.tenant_id", "activity.id"],
            name=op.f("fk_attendance_tenant_id_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_attendance_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_attendance")),
    )
    op.create_index("uq_attendance_member", "attendance", ["tenant_id", "activity_id", "member_id"], unique=True)
    op.create_index("uq_attendance_referral", "attendance", ["tenant_id", "activity_id", "referral_id"], unique=True)
    op.create_table(
        "consent",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_consent_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_member", "consent", ["tenant_id", "member_id", "partner_uid", "scope"], unique=False)
    op.create_table(
        "cosign_line",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_cosign_line_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "record_id"],
            ["cosign.tenant_id", "cosign.id"],
            name=op.f("fk_cosign_line_tenant_id_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cosign_line")),
    )
    op.create_index("ix_cosign_line_member", "cosign_line", ["tenant_id", "member_id"], unique=False)
    op.create_index("uq_cosign_line_line", "cosign_line", ["tenant_id", "record_id", "line"], unique=True)
    op.create_table(
        "flow",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("expected_until", sa.Date(), nullable=True),
        sa.Column("flow_reason", sa.String(length=2), nullable=False),
        sa.Column("host_code", sa.String(length=6), nullable=False),
        sa.Column("host_text", sa.String(length=120), nullable=False),
        sa.Column("host_township", sa.String(length=40), nullable=False),
        sa.Column("host_address", sa.LargeBinary(), nullable=True),
        sa.Column("work_unit", sa.String(length=80), nullable=False),
        sa.Column("work_kind", sa.String(length=3), nullable=False),
        sa.Column("occupation", sa.String(length=40), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_as", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'away_notice', 'registered', 'unreachable', 'lost_contact', 'ended')",
            name=op.f("ck_flow_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_flow_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_flow")),
    )
    op.create_index("ix_flow_host", "flow", ["tenant_id", "host_code", "state"], unique=False)
    op.create_index(
        "uq_flow_open", "flow", ["tenant_id", "member_id"], unique=True, postgresql_where="state <> 'ended'"
    )
    op.create_table(
        "handover",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("person_blind", sa.LargeBinary(), nullable=True),
        sa.Column("packet", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("returned_fields", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('not_opened', 'requested', 'returned', 'returned_lapsed', 'accepted', 'refused', 'cancelled', 'expired', 'released', 'declined', 'recalled', 'expired_in_transit', 'closed')",
            name=op.f("ck_handover_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_handover_tenant_id_branch_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_handover_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_handover")),
    )
    op.create_index(
        "ix_handover_due",
        "handover",
        ["tenant_id", "due_on", "id"],
        unique=False,
        postgresql_where="state IN ('requested', 'returned', 'accepted', 'released')",
    )
    op.create_index("ix_handover_member", "handover", ["tenant_id", "member_id"], unique=False)
    op.create_index("ix_handover_role", "handover", ["tenant_id", "role", "id"], unique=False)
    op.create_index(
        "uq_handover_open",
        "handover",
        ["tenant_id", "partner_uid", "person_blind"],
        unique=True,
        postgresql_where="state IN ('requested', 'returned', 'accepted', 'released')",
    )
    op.create_index(
        "uq_handover_released",
        "handover",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where="state = 'released'",
    )
    op.create_table(
        "login_session",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name=op.f("fk_login_session_tenant_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("tenant_id", "token", name=op.f("uq_login_session_tenant_id_token")),
    )
    op.create_table(
        "member_gram",
        sa.Column("gram", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_member_gram_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member_gram")),
    )
    op.create_index("ix_member_gram_gram", "member_gram", ["tenant_id", "gram", "member_id"], unique=False)
    op.create_index("ix_member_gram_member", "member_gram", ["tenant_id", "member_id"], unique=False)
    op.create_table(
        "study_record",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("cosign_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("presence", sa.String(length=40), nullable=False),
        sa.Column("study_minutes", sa.Integer(), nullable=False),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_study_record_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_study_record")),
    )
    op.create_index("uq_study_record_cosign", "study_record", ["tenant_id", "cosign_id", "member_id"], unique=True)
    op.create_table(
        "referral",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("flow_id", sa.Uuid(), nullable=True),
        sa.Column("township_id", sa.Uuid(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("notice_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("reported_how", sa.String(length=10), nullable=False),
        sa.Column("assigned_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("answer_text", sa.LargeBinary(), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'reported_in', 'taken_on', 'declined', 'lapsed', 'ended', 'not_opened')",
            name=op.f("ck_referral_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_referral_tenant_id_branch_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "flow_id"],
            ["flow.tenant_id", "flow.id"],
            name=op.f("fk_referral_tenant_id_flow_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_referral_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "township_id"],
            ["party_org.tenant_id", "party_org.id"],
            name=op.f("fk_referral_tenant_id_township_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_referral")),
    )
    op.create_index("ix_referral_branch", "referral", ["tenant_id", "branch_id"], unique=False)
    op.create_index("ix_referral_list", "referral", ["tenant_id", "role", "state", "state_at", "id"], unique=False)
    op.create_index("ix_referral_member", "referral", ["tenant_id", "member_id"], unique=False)
    op.create_index("ix_referral_township", "referral", ["tenant_id", "township_id"], unique=False)
    op.create_index(
        "uq_referral_open",
        "referral",
        ["tenant_id", "flow_id"],
        unique=True,
        postgresql_where="state IN ('offered', 'accepted', 'reported_in', 'taken_on') AND flow_id IS NOT NULL",
    )
    op.create_table(
        "shared_member",
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("name_pinyin", sa.String(length=160), nullable=False),
        sa.Column("initials", sa.String(length=20), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("code_blind", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["referral.tenant_id", "referral.id"],
            name=op.f("fk_shared_member_tenant_id_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shared_member")),
    )
    op.create_index("ix_shared_member_code", "shared_member", ["tenant_id", "code_blind"], unique=False)
    op.create_index("ix_shared_member_initials", "shared_member", ["tenant_id", "initials", "id"], unique=False)
    op.create_index("ix_shared_member_pinyin", "shared_member", ["tenant_id", "name_pinyin", "id"], unique=False)
    op.create_table(
        "status_share",
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("basis_on", sa.Date(), nullable=False),
        sa.Column("needs_snapshot", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("backups_until", sa.Date(), nullable=True),
        sa.Column("partner_uid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pending", sa.String(length=20), nullable=False),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_version", sa.Integer(), nullable=True),
        sa.Column("agreement_digest", sa.String(length=60), nullable=True),
        sa.Column("refused_code", sa.String(length=40), nullable=False),
        sa.Column("stopped", sa.String(length=40), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('granted', 'live', 'purge_requested', 'purged', 'not_opened')",
            name=op.f("ck_status_share_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_status_share_tenant_id_member_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "referral_id"],
            ["referral.tenant_id", "referral.id"],
            name=op.f("fk_status_share_tenant_id_referral_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_status_share")),
    )
    op.create_index("ix_status_share_member", "status_share", ["tenant_id", "member_id"], unique=False)
    op.create_index("ix_status_share_state", "status_share", ["tenant_id", "state", "state_at", "id"], unique=False)
    op.create_index(
        "uq_status_share",
        "status_share",
        ["tenant_id", "referral_id", "role", "scope"],
        unique=True,
        postgresql_where="state NOT IN ('purged', 'not_opened')",
    )
    op.create_table(
        "shared_gram",
        sa.Column("gram", sa.String(length=40), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "referral_id"],
            ["shared_member.tenant_id", "shared_member.id"],
            name=op.f("fk_shared_gram_tenant_id_referral_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shared_gram")),
    )
    op.create_index("ix_shared_gram_gram", "shared_gram", ["tenant_id", "gram", "referral_id"], unique=False)
    op.create_index("ix_shared_gram_referral", "shared_gram", ["tenant_id", "referral_id"], unique=False)
    op.create_table(
        "shared_value",
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "share_id"],
            ["status_share.tenant_id", "status_share.id"],
            name=op.f("fk_shared_value_tenant_id_share_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shared_value")),
        sa.UniqueConstraint("tenant_id", "share_id", "field", name=op.f("uq_shared_value_tenant_id_share_id_field")),
    )
    role = context.get_context().opts["app_role"]
    for table in FENCED:
        for statement in protect(table, role, append_only=table in APPEND_ONLY):
            op.execute(statement)
    for table in EXEMPT:
        for statement in open_to_all(table, role):
            op.execute(statement)
    op.execute(f'GRANT SELECT ON alembic_version TO "{role}"')


def downgrade() -> None:
    op.drop_table("shared_value")
    op.drop_index("ix_shared_gram_referral", table_name="shared_gram")
    op.drop_index("ix_shared_gram_gram", table_name="shared_gram")
    op.drop_table("shared_gram")
    op.drop_index(
        "uq_status_share", table_name="status_share", postgresql_where="state NOT IN ('purged', 'not_opened')"
    )
    op.drop_index("ix_status_share_state", table_name="status_share")
    op.drop_index("ix_status_share_member", table_name="status_share")
    op.drop_table("status_share")
    op.drop_index("ix_shared_member_pinyin", table_name="shared_member")
    op.drop_index("ix_shared_member_initials", table_name="shared_member")
    op.drop_index("ix_shared_member_code", table_name="shared_member")
    op.drop_table("shared_member")
    op.drop_index(
        "uq_referral_open",
        table_name="referral",
        postgresql_where="state IN ('offered', 'accepted', 'reported_in', 'taken_on') AND flow_id IS NOT NULL",
    )
    op.drop_index("ix_referral_township", table_name="referral")
    op.drop_index("ix_referral_member", table_name="referral")
    op.drop_index("ix_referral_list", table_name="referral")
    op.drop_index("ix_referral_branch", table_name="referral")
    op.drop_table("referral")
    op.drop_index("uq_study_record_cosign", table_name="study_record")
    op.drop_table("study_record")
    op.drop_index("ix_member_gram_member", table_name="member_gram")
    op.drop_index("ix_member_gram_gram", table_name="member_gram")
    op.drop_table("member_gram")
    op.drop_table("login_session")
    op.drop_index("uq_handover_released", table_name="handover", postgresql_where="state = 'released'")
    op.drop_index(
        "uq_handover_open",
        table_name="handover",
        postgresql_where="state IN ('requested', 'returned', 'accepted', 'released')",
    )
    op.drop_index("ix_handover_role", table_name="handover")
    op.drop_index("ix_handover_member", table_name="handover")
    op.drop_index(
        "ix_handover_due",
        table_name="handover",
        postgresql_where="state IN ('requested', 'returned', 'accepted', 'released')",
    )
    op.drop_table("handover")
    op.drop_index("uq_flow_open", table_name="flow", postgresql_where="state <> 'ended'")
    op.drop_index("ix_flow_host", table_name="flow")
    op.drop_table("flow")
    op.drop_index("uq_cosign_line_line", table_name="cosign_line")
    op.drop_index("ix_cosign_line_member", table_name="cosign_line")
    op.drop_table("cosign_line")
    op.drop_index("ix_consent_member", table_name="consent")
    op.drop_table("consent")
    op.drop_index("uq_attendance_referral", table_name="attendance")
    op.drop_index("uq_attendance_member", table_name="attendance")
    op.drop_table("attendance")
    op.drop_index("ix_member_updated", table_name="member")
    op.drop_index("ix_member_status", table_name="member")
    op.drop_index("ix_member_pinyin", table_name="member")
    op.drop_index("ix_member_phone_blind", table_name="member")
    op.drop_index("ix_member_initials", table_name="member")
    op.drop_index("ix_member_id_blind", table_name="member")
    op.drop_index("ix_member_branch", table_name="member")
    op.drop_table("member")
    op.drop_index("ix_import_row_batch", table_name="import_row")
    op.drop_table("import_row")
    op.drop_index("ix_cooperation_progress_item", table_name="cooperation_progress")
    op.drop_table("cooperation_progress")
    op.drop_table("agreement_version")
    op.drop_table("agreement_seal")
    op.drop_table("agreement_party")
    op.drop_index("ix_agreement_grant_pair", table_name="agreement_grant")
    op.drop_table("agreement_grant")
    op.drop_table("agreement_decision")
    op.drop_table("agreement_closing")
    op.drop_table("agreement_approval")
    op.drop_index("ix_activity_held", table_name="activity")
    op.drop_table("activity")
    op.drop_table("account")
    op.drop_index("ix_wrong_code_at", table_name="wrong_code")
    op.drop_table("wrong_code")
    op.drop_index("ix_task_created", table_name="task")
    op.drop_table("task")
    op.drop_table("record_key")
    op.drop_table("proof_code")
    op.drop_index(op.f("ix_post_due_due_at"), table_name="post_due")
    op.drop_table("post_due")
    op.drop_table("peer_key")
    op.drop_table("peer")
    op.drop_index("ix_party_org_parent", table_name="party_org")
    op.drop_table("party_org")
    op.drop_index("ix_outbox_message_open", table_name="outbox_message", postgresql_where="receipt IS NULL")
    op.drop_index("ix_outbox_message_about", table_name="outbox_message")
    op.drop_table("outbox_message")
    op.drop_index("ix_inbox_message_about", table_name="inbox_message")
    op.drop_table("inbox_message")
    op.drop_index("ix_import_batch_created", table_name="import_batch")
    op.drop_table("import_batch")
    op.drop_table("event_seal")
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_index("ix_event_member", table_name="event")
    op.drop_table("event")
    op.drop_index("ix_document_subject", table_name="document")
    op.drop_table("document")
    op.drop_index("ix_disclosure_about", table_name="disclosure")
    op.drop_table("disclosure")
    op.drop_table("county_settings")
    op.drop_table("county_key")
    op.drop_table("county_descriptor")
    op.drop_table("county")
    op.drop_index("uq_cosign_live", table_name="cosign", postgresql_where="state IN ('offered', 'disputed', 'final')")
    op.drop_index("ix_cosign_list", table_name="cosign")
    op.drop_index("ix_cosign_activity", table_name="cosign")
    op.drop_table("cosign")
    op.drop_table("channel")
    op.drop_table("blob")
    op.drop_table("agreement")
