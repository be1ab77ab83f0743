"""Mailboxes, the mails that were kept from them, and how a profile marks them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("profile", sa.Column("imap_keyword", sa.String(length=64), nullable=True))
    op.add_column("profile", sa.Column("imap_move_to", sa.String(length=255), nullable=True))
    op.create_table(
        "mailbox",
        sa.Column("id", RowId, nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("folder", sa.String(length=255), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("floor_uid", sa.BigInteger(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_epoch", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Boolean(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("stuck_uid", sa.BigInteger(), nullable=True),
        sa.Column("stuck_tries", sa.Integer(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("mailbox_folder", "mailbox", ["profile_id", "folder"], unique=True)
    op.create_table(
        "reply",
        sa.Column("id", RowId, nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("place", sa.String(), server_default="", nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("internal_at", sa.BigInteger(), nullable=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("command", sa.String(), nullable=True),
        sa.Column("delivery_id", RowId, nullable=True),
        sa.Column("event_row", RowId, nullable=True),
        sa.Column("matched_by", sa.String(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.Column("starts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_epoch", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("reply_identity", "reply", ["profile_id", "folder", "place", "uidvalidity", "uid"], unique=True)
    op.create_index("reply_content", "reply", ["profile_id", "sha256"], unique=False)
    op.create_index("reply_read", "reply", ["read_at", "id"], unique=False)
