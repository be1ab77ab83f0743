"""Breakers of profiles, and the connections that all workers share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "breaker",
        sa.Column("profile_id", RowId, nullable=False, autoincrement=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("slow_level", sa.Integer(), nullable=False),
        sa.Column("slow_until", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id"),
    )
    op.create_table(
        "smtp_connection",
        sa.Column("id", RowId, nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("opening", sa.Boolean(), nullable=False),
        sa.Column("lease_epoch", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("smtp_connection_profile", "smtp_connection", ["profile_id"], unique=False)
    op.create_index("smtp_connection_owner", "smtp_connection", ["owner"], unique=False)
