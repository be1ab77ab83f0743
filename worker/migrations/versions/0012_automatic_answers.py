"""Automatic answers: who was answered within a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "automatic_answer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("reply_id", RowId, nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("automatic_answer_age", "automatic_answer", ["answered_at"], unique=False)
