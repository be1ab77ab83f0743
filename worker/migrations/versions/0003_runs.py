"""Runs: finished runs and their failing and flaky tests, of which reports are computed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; runs that were told before are not in them, and reports begin with the next."""
    op.create_table(
        "run",
        sa.Column("event_row", RowId, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=True),
        sa.Column("environment", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("shard", sa.Integer(), nullable=True),
        sa.Column("shards", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("flaky", sa.BigInteger(), nullable=False),
        sa.Column("unnamed", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_row"),
    )
    op.create_index("run_finished", "run", ["finished_at"], unique=False)
    op.create_index("run_suite", "run", ["suite", "finished_at"], unique=False)
    op.create_table(
        "run_test",
        sa.Column("event_row", RowId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_row", "position"),
        sqlite_with_rowid=False,
    )
