"""The MCP servers in /metrics."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from ai_chat.config_manager.settings import Character, HistorySettings, Settings
from ai_chat.mcpp.mcp_client import MCPClient
from ai_chat.mcpp.mcp_metrics import FAILURES, LONGEST_NAME, MOST_SERVERS, OTHERS, MCPCollector
from ai_chat.mcpp.supervisor import ServerStatus
from ai_chat.mcpp.tools_interface import ToolProblem
from ai_chat.server import open_server


def status(name, state="up", **counts):
    return ServerStatus(
        name, state, counts.get("restarts", 0), "", counts.get("calls", 0), 0, counts.get("failures", {})
    )


def registered(states):
    registry = CollectorRegistry()
    registry.register(MCPCollector(states))
    return registry


def value(registry, name, **labels):
    return registry.get_sample_value(f"ai_chat_mcp_{name}", labels)


@pytest.mark.slow
def test_state_restarts_calls_and_failures_of_a_real_server_are_counted(run, unruly, until):
    """A tool's error, a call without an answer, a crash and a call while it is down; the other server has none."""

    async def main():
        async with MCPClient({"one": unruly.settings(call_seconds=0.5), "two": unruly.settings()}) as client:
            registry = registered(client.states)
            assert value(registry, "server_state", server="one", state="starting") == 1
            await until(lambda: value(registry, "server_state", server="one", state="up"))
            await until(lambda: value(registry, "server_state", server="two", state="up"))
            hanging = asyncio.ensure_future(client.call("one__hang", {}))
            await until(lambda: value(registry, "calls_running", server="one") == 1)
            for call in (hanging, client.call("one__fail", {}), client.call("one__crash", {})):
                with pytest.raises(ToolProblem):
                    await call
            await until(lambda: value(registry, "server_state", server="one", state="restarting") == 1)
            with pytest.raises(ToolProblem):
                await client.call("one__echo", {})
            failures = {one: value(registry, "call_failures_total", server="one", problem=one) for one in FAILURES}
            assert failures == {"tool-failed": 1, "tool-slow": 1, "tool-busy": 0, "tool-server-down": 2}
            await until(lambda: value(registry, "server_restarts_total", server="one") == 1)
            await until(lambda: value(registry, "server_state", server="one", state="up"))
            assert value(registry, "calls_running", server="one") == 0
            assert sum(value(registry, "call_failures_total", server="two", problem=one) for one in FAILURES) == 0

    run(main)


def test_cancelled_call_is_no_failure(run, unruly, until):
    """Its turn was interrupted."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            registry = registered(client.states)
            await until(client.tools)
            hanging = asyncio.ensure_future(client.call("hang", {}))
            await until(lambda: value(registry, "calls_running", server="one") == 1)
            hanging.cancel()
            await until(lambda: value(registry, "calls_running", server="one") == 0)
            assert sum(value(registry, "call_failures_total", server="one", problem=one) for one in FAILURES) == 0

    run(main)


def test_names_are_bounded_in_length_and_number_and_shared_ones_are_summed():
    """However many servers are configured, and whatever their names are."""
    states = [status("x" * 200 + str(n), restarts=1) for n in range(2)]
    states += [status(f"n{n}", calls=1, failures={"tool-slow": 2}) for n in range(500)]
    registry = registered(lambda: states)
    samples = [sample for family in registry.collect() for sample in family.samples]
    names = {sample.labels["server"] for sample in samples}
    assert len(names) == MOST_SERVERS - 1 + 1
    assert max(map(len, names)) == LONGEST_NAME
    assert value(registry, "server_restarts_total", server="x" * LONGEST_NAME) == 2
    others = 502 - MOST_SERVERS
    assert value(registry, "server_state", server=OTHERS, state="up") == others
    assert value(registry, "call_failures_total", server=OTHERS, problem="tool-slow") == 2 * others
    assert len(samples) == len(names) * (4 + 3 + len(FAILURES))


def test_servers_metrics_have_them(tmp_path, unruly, until):
    """In the text that a monitor reads, with a name that needs quoting."""

    async def main():
        settings = Settings(
            history=HistorySettings(url=f"sqlite+aiosqlite:///{tmp_path}/h.db"),
            character=Character(),
            mcp_servers={'a "quoted" 工具\n': unruly.settings()},
        )
        async with open_server(settings) as server:
            await until(server.engines.toolbox.tools)
            told = server.metrics.text().decode()
        families = {one.name: one for one in text_string_to_metric_families(told)}
        up = [s.labels for s in families["ai_chat_mcp_server_state"].samples if s.value]
        assert up == [{"server": 'a "quoted" 工具\n', "state": "up"}]
        assert families["ai_chat_inferences"].samples[0].value == 0

    asyncio.run(main())
