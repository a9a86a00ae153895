"""Histories, their messages, and the search index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Three letters a token: finds any part of a word, and Chinese, which has no spaces. The text stays in `messages` only.
SQLITE_SEARCH = (
    """CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='messages', content_rowid='number',
    tokenize='trigram')""",
    """CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts(rowid, text) VALUES (new.number, new.text); END""",
    """CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
    INSERT INTO messages_fts(messages_fts, rowid, text) VALUES ('delete', old.number, old.text); END""",
    """CREATE TRIGGER messages_changed AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_fts(messages_fts, rowid, text) VALUES ('delete', old.number, old.text);
    INSERT INTO messages_fts(rowid, text) VALUES (new.number, new.text); END""",
)

# Who may not create the extension searches without an index; the answers are the same.
POSTGRES_SEARCH = """DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX messages_text_trgm ON messages USING gin (text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN NULL; END $$"""


def upgrade() -> None:
    """Make the tables."""
    _make_histories()
    _make_messages()
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE_SEARCH:
            op.execute(statement)
    else:
        op.execute(POSTGRES_SEARCH)


def downgrade() -> None:
    """Remove the tables with all that they hold."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE messages_fts")
    op.drop_table("messages")
    op.drop_table("histories")


def _make_histories() -> None:
    op.create_table(
        "histories",
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("character", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("messages", NUMBER, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("last", sa.Text, nullable=False),
        sa.Column("last_role", sa.String(8), nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
    op.create_index("histories_of_character", "histories", ["character", "updated"])


def _make_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("history", sa.String(32), sa.ForeignKey("histories.uid"), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_of_history", "messages", ["history", "number"])
