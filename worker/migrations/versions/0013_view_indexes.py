"""Indexes by which people look mail up: by time, address and suite, and what came back to a delivery."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEXES = (
    ("delivery_created", "delivery", ["created_at", "id"]),
    ("delivery_address", "delivery", ["recipient_key", "id"]),
    ("run_suite_event", "run", ["suite", "event_row"]),
    ("suppression_created", "suppression", ["created_at"]),
    ("mute_delivery", "mute", ["delivery_id"]),
    ("acknowledgement_event", "acknowledgement", ["event_row"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
