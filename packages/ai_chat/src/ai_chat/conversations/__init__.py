"""Turns: from what a client says to the last sentence of the answer."""
