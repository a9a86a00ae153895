"""What can be seen of a server from outside: who listens, and the counters of its processes."""

import socket
from typing import Any
from urllib.parse import urlsplit

import psutil

_DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def is_listening(url: str) -> bool:
    """Tell whether anybody accepts connections at the URL's port, without connecting where that can be avoided.

    A connection would be a visit: on a plain TCP server it opens a session.
    """
    host, port = address_of(url)
    try:
        listening = {port_of(connection) for connection in psutil.net_connections("tcp") if is_waiting(connection)}
    except (psutil.Error, OSError):
        listening = set()
    if port in listening:
        return True
    if listening and _is_here(host):
        return False
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _is_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def listeners(url: str) -> set[int]:
    """Return the processes that listen at the URL's port; empty when none can be seen."""
    _, port = address_of(url)
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return set()
    return {
        connection.pid
        for connection in connections
        if is_waiting(connection) and port_of(connection) == port and connection.pid is not None
    }


def counters(pids: set[int]) -> dict[str, float]:
    """Return the sums of these processes: fds, threads, children, and rss in bytes."""
    totals = {"fds": 0.0, "threads": 0.0, "children": 0.0, "rss": 0.0}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            totals["fds"] += _descriptors(process)
            totals["threads"] += process.num_threads()
            totals["children"] += len(process.children(recursive=True))
            totals["rss"] += process.memory_info().rss
        except psutil.Error:
            continue
    return totals


def is_waiting(connection: Any) -> bool:
    """Tell whether a connection of psutil's is a listening socket."""
    return bool(connection.status == psutil.CONN_LISTEN)


def port_of(connection: Any) -> int:
    """Return the local port of a connection of psutil's, 0 where it has none."""
    return int(connection.laddr.port) if connection.laddr else 0


def _descriptors(process: Any) -> int:
    """Return the open descriptors, on Windows the handles."""
    return int(process.num_fds() if hasattr(process, "num_fds") else process.num_handles())
