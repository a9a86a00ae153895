"""Proxy mode: several clients and a live stream share one conversation."""
