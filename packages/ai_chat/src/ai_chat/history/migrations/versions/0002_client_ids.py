"""The client's own name of a message, once in a history: what is said again is found by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_NAMED = sa.text("client_id IS NOT NULL")


def upgrade() -> None:
    """Add the column, empty for the messages that are there, and its index."""
    op.add_column("messages", sa.Column("client_id", sa.String(64)))
    op.create_index(
        "messages_of_client",
        "messages",
        ["history", "client_id"],
        unique=True,
        sqlite_where=IS_NAMED,
        postgresql_where=IS_NAMED,
    )


def downgrade() -> None:
    """Forget the names."""
    op.drop_index("messages_of_client", "messages")
    op.drop_column("messages", "client_id")
