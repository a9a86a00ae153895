"""The part of overstay that lives inside a server: doors, holdings and the session ledger."""

from overstay_probe._install import install
from overstay_probe._session import session
from overstay_probe.doors.asgi import asgi

__all__ = ["asgi", "install", "session"]
