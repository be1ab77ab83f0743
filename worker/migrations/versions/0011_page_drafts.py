"""Forms of the page that were typed and not saved yet, and an index that counts the mails of a profile by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_draft",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("smtp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("smtp_place", sa.JSON(), nullable=True),
        sa.Column("imap_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("imap_place", sa.JSON(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("page_draft_expires", "page_draft", ["expires_at"], unique=False)
    op.create_index("page_draft_owner", "page_draft", ["owner", "expires_at"], unique=False)
    # The same with the outcome: the list of profiles counts without a look at the rows.
    op.drop_index("attempt_profile", "attempt")
    op.create_index("attempt_profile", "attempt", ["profile_id", "started_at", "outcome"], unique=False)
