"""The tables of the history, the same on SQLite and Postgres."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Double, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself in INTEGER columns only
IS_NAMED = text("client_id IS NOT NULL")  # answers have no such name, and take no room in the index


class Base(DeclarativeBase):
    """What the migrations are compared with."""


class HistoryRow(Base):
    """A history with its running totals, so that no list and no append counts messages."""

    __tablename__ = "histories"
    __table_args__ = (Index("histories_of_character", "character", "updated"),)

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    character: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    created: Mapped[float] = mapped_column(Double)
    updated: Mapped[float] = mapped_column(Double)
    messages: Mapped[int] = mapped_column(Number)
    bytes: Mapped[int] = mapped_column(Number)
    last: Mapped[str] = mapped_column(Text)
    last_role: Mapped[str] = mapped_column(String(8))
    deleted: Mapped[bool] = mapped_column(Boolean)  # gone for every reader; its messages are removed piece by piece


class MessageRow(Base):
    """A message. Numbers grow and are never used twice, also not after a deletion."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_of_history", "history", "number"),
        Index(
            "messages_of_client", "history", "client_id", unique=True, sqlite_where=IS_NAMED, postgresql_where=IS_NAMED
        ),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    history: Mapped[str] = mapped_column(ForeignKey("histories.uid"))
    role: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    time: Mapped[float] = mapped_column(Double)
    bytes: Mapped[int] = mapped_column(Number)
    interrupted: Mapped[bool] = mapped_column(Boolean)
    client_id: Mapped[str | None] = mapped_column(String(64))  # the client's own name of what it said
