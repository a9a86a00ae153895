"""A chat server with characters, tools, speech and a history, in which nothing outlives its session."""

__version__ = "0.1.0"
