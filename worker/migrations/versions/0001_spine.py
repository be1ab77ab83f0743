"""The spine: profiles, events, deliveries, attempts, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", RowId, nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("profile", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_size", sa.BigInteger(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("lease_epoch", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("event_body", "event", ["body_sha256"], unique=False)
    op.create_index(
        "event_identity",
        "event",
        ["source", "event_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'quarantined'"),
        postgresql_where=sa.text("state <> 'quarantined'"),
    )
    op.create_index("event_state", "event", ["state", "id"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lease_epoch", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("from_name", sa.String(length=200), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=True),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("allowed_recipients", sa.JSON(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("on_uncertain", sa.String(length=16), nullable=False),
        sa.Column("failover", sa.String(length=100), nullable=True),
        sa.Column("plus_addressing", sa.Boolean(), nullable=False),
        sa.Column("authserv_id", sa.String(length=255), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("smtp_host", sa.String(length=255), nullable=False),
        sa.Column("smtp_port", sa.Integer(), nullable=False),
        sa.Column("smtp_security", sa.String(length=16), nullable=False),
        sa.Column("smtp_username", sa.String(length=320), nullable=True),
        sa.Column("smtp_ca_file", sa.String(length=1024), nullable=True),
        sa.Column("smtp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("imap_host", sa.String(length=255), nullable=True),
        sa.Column("imap_port", sa.Integer(), nullable=True),
        sa.Column("imap_security", sa.String(length=16), nullable=True),
        sa.Column("imap_username", sa.String(length=320), nullable=True),
        sa.Column("imap_ca_file", sa.String(length=1024), nullable=True),
        sa.Column("imap_folders", sa.JSON(), nullable=False),
        sa.Column("imap_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("connections", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("smtp_tested_at", sa.BigInteger(), nullable=True),
        sa.Column("smtp_test_reached", sa.String(length=32), nullable=True),
        sa.Column("smtp_test_reason", sa.String(length=64), nullable=True),
        sa.Column("smtp_certificate_expires", sa.BigInteger(), nullable=True),
        sa.Column("imap_tested_at", sa.BigInteger(), nullable=True),
        sa.Column("imap_test_reached", sa.String(length=32), nullable=True),
        sa.Column("imap_test_reason", sa.String(length=64), nullable=True),
        sa.Column("imap_certificate_expires", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", RowId, nullable=False),
        sa.Column("event_row", RowId, nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("recipient_key", sa.String(), nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_epoch", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("at_data", sa.Boolean(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("maybe_twice", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_row"],
            ["event.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("delivery_due", "delivery", ["profile_id", "state", "due_at"], unique=False)
    op.create_index("delivery_pace", "delivery", ["profile_id", "claimed_at"], unique=False)
    op.create_index("delivery_recipient", "delivery", ["event_row", "recipient_key"], unique=True)
    op.create_index("delivery_state", "delivery", ["state", "id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("delivery_id", RowId, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "fence"),
    )
    op.create_index("attempt_profile", "attempt", ["profile_id", "started_at"], unique=False)
