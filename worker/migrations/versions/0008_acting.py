"""What answers bring about: bounces, suppressions, mutes, acknowledgements, commands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("profile", sa.Column("actors", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("profile", sa.Column("allow_rerun", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("delivery", sa.Column("bounced", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("bounced_status", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("bounced_at", sa.BigInteger(), nullable=True))
    op.create_index("reply_message", "reply", ["profile_id", "message_id"], unique=False)
    op.create_index("reply_delivery", "reply", ["delivery_id"], unique=False)
    op.create_table(
        "bounce_score",
        sa.Column("recipient_key", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipient_key"),
    )
    op.create_table(
        "suppression",
        sa.Column("recipient_key", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipient_key"),
    )
    op.create_table(
        "mute",
        sa.Column("id", RowId, nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("recipient_key", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("delivery_id", RowId, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("mute_scope", "mute", ["scope", "recipient_key", "kind"], unique=True)
    op.create_table(
        "acknowledgement",
        sa.Column("id", RowId, nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("event_row", RowId, nullable=False),
        sa.Column("ended_row", RowId, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("acknowledgement_scope", "acknowledgement", ["scope"], unique=False)
    op.create_table(
        "alert_end",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("event_row", RowId, nullable=False),
        sa.PrimaryKeyConstraint("scope"),
    )
    op.create_table(
        "issued_command",
        sa.Column("id", RowId, nullable=False),
        sa.Column("delivery_id", RowId, nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("reply_id", RowId, nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("issued_command_once", "issued_command", ["delivery_id", "command"], unique=True)
