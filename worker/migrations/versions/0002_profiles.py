"""Profiles: when a credential ends, former names, a set of templates; and the audit trail of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("profile", sa.Column("credential_expires", sa.Date(), nullable=True))
    op.add_column("profile", sa.Column("templates", sa.String(length=64), nullable=True))
    op.add_column("profile", sa.Column("former_names", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.create_table(
        "profile_change",
        sa.Column("id", RowId, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("profile_change_name", "profile_change", ["profile"], unique=False)
    op.create_index("profile_change_profile", "profile_change", ["profile_id", "id"], unique=False)
