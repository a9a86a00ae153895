"""The MCP servers as Prometheus sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ai_chat.mcpp.supervisor import ServerStatus, State

MOST_SERVERS = 50  # that have a name of their own
LONGEST_NAME = 64
OTHERS = "others"
FAILURES = ("tool-failed", "tool-slow", "tool-busy", "tool-server-down")


class MCPCollector(Collector):
    """Reads the servers' states when asked. Names come from the configuration, are cut, and are `others` from the 51st.

    Servers that share a name then are counted together.
    """

    def __init__(self, states: Callable[[], Sequence[ServerStatus]]) -> None:
        self._states = states

    def collect(self) -> Iterator[Metric]:
        """Five families; each server is in each of them, with zeros, from the start."""
        named = [
            (one.name[:LONGEST_NAME] if at < MOST_SERVERS else OTHERS, one) for at, one in enumerate(self._states())
        ]
        servers = dict.fromkeys(name for name, _ in named)
        state = GaugeMetricFamily("ai_chat_mcp_server_state", "1 at the state it is in", labels=("server", "state"))
        states = Counter((name, one.state) for name, one in named)
        for name in servers:
            for value in get_args(State):
                state.add_metric((name, value), states[name, value])
        yield state
        restarts = CounterMetricFamily("ai_chat_mcp_server_restarts", "Starts but the first", labels=("server",))
        running = GaugeMetricFamily("ai_chat_mcp_calls_running", "Calls that have a slot", labels=("server",))
        waiting = GaugeMetricFamily("ai_chat_mcp_calls_waiting", "Calls that wait for a slot", labels=("server",))
        failures = CounterMetricFamily(
            "ai_chat_mcp_call_failures", "Calls that failed; the cancelled are not", labels=("server", "problem")
        )
        for name in servers:
            those = [one for other, one in named if other == name]
            restarts.add_metric((name,), sum(one.restarts for one in those))
            running.add_metric((name,), sum(one.calls for one in those))
            waiting.add_metric((name,), sum(one.waiting for one in those))
            for problem in FAILURES:
                failures.add_metric((name, problem), sum(one.failures.get(problem, 0) for one in those))
        yield from (restarts, running, waiting, failures)
