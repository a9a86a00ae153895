"""The chat history, in SQLite or Postgres."""
