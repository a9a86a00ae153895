"""What a monitor can ask the server. Every series is one of a bounded few: none is labelled by client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest

from ai_chat.mcpp.mcp_metrics import MCPCollector

if TYPE_CHECKING:
    from ai_chat.server import ChatServer


class Metrics:
    """Gauges that are read when they are asked for."""

    def __init__(self, server: ChatServer) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        sessions, handler = server.sessions, server.handler
        self._gauge("sessions", "Sessions that are open, those included that wait to be resumed", lambda: len(sessions))
        self._gauge("sessions_begun", "Sessions since the start", lambda: sessions.begun)
        self._gauge("connections", "WebSocket connections that are open", lambda: handler.connections)
        self._gauge("turns_running", "Turns that have a place", lambda: sessions.turns.running)
        self._gauge("turns_waiting", "Turns that wait for a place", lambda: sessions.turns.waiting)
        self._gauge("syntheses", "Threads that make speech", lambda: server.engines.syntheses)
        self._gauge("inferences", "Threads that run the embedded model", lambda: server.engines.inferences)
        self._gauge("room_waiting", "Messages in the proxy's room", lambda: server.proxy.waiting)
        self._registry.register(MCPCollector(server.engines.toolbox.states))
        self._gauge("tasks", "asyncio tasks", lambda: len(asyncio.all_tasks()))
        self._gauge("threads", "Python threads", threading.active_count)

    def _gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        Gauge(f"ai_chat_{name}", help, registry=self._registry).set_function(read)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)
