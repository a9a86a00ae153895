"""What the tests of the demo share."""

import contextlib
import random
import socket
from collections.abc import Callable

import pytest


def _free_port() -> int:
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A way to ports that are free, and that no outgoing connection could be given meanwhile."""
    return _free_port
