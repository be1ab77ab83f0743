"""Ledger writers: the number of the last transaction of each, by which a lost answer to COMMIT is cleared up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_writer",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("commits", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
