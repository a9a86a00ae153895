"""Finds what outlives a client session on a running Python server."""
