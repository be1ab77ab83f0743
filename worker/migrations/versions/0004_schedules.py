"""Schedules: reports that come again, for those who have no scheduler."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", RowId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("profile_id", RowId, nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("cadence", sa.String(length=32), nullable=False),
        sa.Column("wall_time", sa.String(length=5), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("next_day", sa.String(length=10), nullable=True),
        sa.Column("told_day", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_index("schedule_due", "schedule", ["next_at"], unique=False)
