"""Agents: a persona, a memory and tools around a language model."""
