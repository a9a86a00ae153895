"""Calls of tools, and what one server's trouble means to the others."""

import asyncio
import time

import pytest

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.mcp_client import MCPClient
from ai_chat.mcpp.tools_interface import ToolProblem


async def problem_of(call) -> ToolProblem:
    with pytest.raises(ToolProblem) as caught:
        await call
    return caught.value


def test_a_server_is_started_once_and_shared_by_twenty_callers(run, unruly, until):
    """All callers are answered by one process."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            answers = await asyncio.gather(*(client.call("echo", {"text": f"n{n}"}) for n in range(20)))
        assert [answer.split()[1] for answer in answers] == [f"n{n}" for n in range(20)]
        assert len({answer.split()[0] for answer in answers}) == 1
        assert len(unruly.lines("start")) == 1

    run(main)


@pytest.mark.slow
def test_a_crash_fails_its_call_at_once_and_the_server_comes_back(run, unruly, until):
    """The call is told within a second, the state says why without the secret, and the next call works."""

    async def main():
        settings = unruly.settings(env={"TOKEN": "hunter2-secret"})
        async with MCPClient({"one": settings}) as client:
            await until(client.tools)
            began = time.monotonic()
            problem = await problem_of(client.call("crash", {}))
            assert problem.code == "tool-server-down"
            assert time.monotonic() - began < 1
            await until(lambda: client.states()[0].state == "restarting")
            assert client.states()[0].problem == "the process ended with status 3: it broke, token …"
            assert not client.tools()
            assert (await problem_of(client.call("echo", {}))).code == "tool-server-down"
            await until(client.tools)
            assert "again" in await client.call("echo", {"text": "again"})
            assert client.states()[0].restarts == 1

    run(main)


@pytest.mark.slow
def test_a_hanging_server_is_slow_in_its_time_while_another_answers(run, unruly, until):
    """Eight calls hang in one server; the other's answers come meanwhile."""

    async def main():
        servers = {"bad": unruly.settings(call_seconds=1), "good": unruly.settings()}
        async with MCPClient(servers) as client:
            await until(lambda: len(client.tools()) == 20)
            began = time.monotonic()
            hanging = [asyncio.ensure_future(problem_of(client.call("bad__hang", {}))) for _ in range(8)]
            await until(lambda: len(unruly.lines("hang")) == 8)
            for _ in range(5):
                await client.call("good__echo", {})
            assert not any(task.done() for task in hanging)
            assert {problem.code for problem in await asyncio.gather(*hanging)} == {"tool-slow"}
            assert 0.9 < time.monotonic() - began < 3

    run(main)


@pytest.mark.slow
def test_a_server_that_is_slow_three_times_in_a_row_is_started_again(run, unruly, until):
    """A stuck server answers nothing, not even a ping; it is replaced."""

    async def main():
        async with MCPClient({"one": unruly.settings(call_seconds=0.2)}) as client:
            await until(client.tools)
            for _ in range(3):
                assert (await problem_of(client.call("stuck", {}))).code == "tool-slow"
            await until(lambda: client.states()[0].restarts == 1 and client.tools())
            assert "back" in await client.call("echo", {"text": "back"})

    run(main)


@pytest.mark.slow
def test_an_idle_server_that_does_not_answer_a_ping_is_started_again(run, unruly, until, monkeypatch):
    """One call made it stuck; nobody calls any more, and it is noticed."""
    monkeypatch.setattr("ai_chat.mcpp.supervisor.PING_SECONDS", 0.2)

    async def main():
        async with MCPClient({"one": unruly.settings(call_seconds=0.1)}, ping_every=0.2) as client:
            await until(client.tools)
            await problem_of(client.call("stuck", {}))
            await until(lambda: client.states()[0].restarts == 1 and client.tools())
            assert client.states()[0].problem == "it did not answer in time"

    run(main)


def test_a_cancelled_call_returns_at_once_and_the_server_is_told(run, unruly, until):
    """The turn is over within 100 ms; the server sees the notification; its slot is free again."""

    async def main():
        async with MCPClient({"one": unruly.settings(calls_at_once=1)}) as client:
            await until(client.tools)
            call = asyncio.ensure_future(client.call("hang", {}))
            await until(lambda: unruly.lines("hang"))
            began = time.monotonic()
            call.cancel()
            await asyncio.wait([call])
            assert time.monotonic() - began < 0.1
            assert call.cancelled()
            await until(lambda: unruly.lines("cancelled"))
            assert "next" in await client.call("echo", {"text": "next"})

    run(main)


@pytest.mark.slow
def test_a_cancelled_call_of_a_stuck_server_returns_at_once(run, unruly, until):
    """A server that reads nothing holds up no turn, even with a full pipe before it."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            calls = [asyncio.ensure_future(client.call("stuck", {}))]
            calls += [asyncio.ensure_future(client.call("echo", {"text": "x" * 300_000})) for _ in range(3)]
            await asyncio.wait(calls, timeout=0.2)
            began = time.monotonic()
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            assert time.monotonic() - began < 0.1

    run(main)


@pytest.mark.slow
def test_more_calls_than_may_wait_are_refused(run, unruly, until):
    """One runs, four wait, the sixth is told that the tool is busy."""

    async def main():
        async with MCPClient({"one": unruly.settings(calls_at_once=1, call_seconds=0.6)}) as client:
            await until(client.tools)
            hanging = [asyncio.ensure_future(problem_of(client.call("hang", {}))) for _ in range(5)]
            await until(lambda: client.states()[0].waiting == 4)
            assert (await problem_of(client.call("echo", {}))).code == "tool-busy"
            assert {problem.code for problem in await asyncio.gather(*hanging)} == {"tool-slow"}

    run(main)


def test_garbage_on_the_standard_output_is_left_out(run, unruly, until, caplog):
    """The session goes on, and it is logged once, without secrets."""
    settings = unruly.settings("garbage", "--key", "open-sesame", env={"TOKEN": "x" * 70})

    async def main():
        async with MCPClient({"one": settings}) as client:
            await until(client.tools)
            for _ in range(3):
                assert await client.call("noise", {})
        assert client.states()[0].restarts == 0

    run(main)
    (line,) = [line for line in caplog.messages if "what is no message" in line]
    assert "Welcome to the server! … garbage --key …" in line


@pytest.mark.slow
def test_a_line_without_end_restarts_the_server(run, unruly, until):
    """What a server writes is bounded in memory."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            assert (await problem_of(client.call("long_line", {}))).code == "tool-server-down"
            await until(lambda: client.states()[0].restarts == 1)
            assert "it wrote a line over" in client.states()[0].problem

    run(main)


def test_results_are_text_bounded_and_errors_carry_the_tools_words(run, unruly, until):
    """Pictures are named; 20,000 characters are the most; an unknown name is said so."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            assert await client.call("picture", {}) == "here\n[image image/png]"
            assert len(await client.call("huge", {})) == 20_000
            problem = await problem_of(client.call("fail", {}))
            assert (problem.code, problem.values["text"]) == ("tool-failed", "the well is dry")
            assert (await problem_of(client.call("nothing", {}))).code == "no-such-tool"

    run(main)


def test_a_changed_list_of_tools_is_read_again(run, unruly, until):
    """A tool that a server adds while it runs can be called."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            await client.call("grow", {})
            await until(lambda: "grown" in [tool.name for tool in client.tools()])
            await client.call("grown", {})

    run(main)


@pytest.mark.slow
def test_a_missing_command_is_said_and_troubles_no_other(run, unruly, until):
    """Its state names the command, it is tried again with growing pauses, and the other server answers."""

    async def main():
        servers = {"none": MCPServerSettings(command="no-such-command-here"), "good": unruly.settings()}
        async with MCPClient(servers) as client:
            await until(client.tools)
            await until(lambda: client.states()[0].restarts >= 1)
            missing = client.states()[0]
            assert missing.problem == "there is no command 'no-such-command-here'"
            assert missing.restarts < 4
            await client.call("echo", {})

    run(main)


@pytest.mark.slow
def test_a_server_that_starts_slowly_delays_nothing(run, unruly, until):
    """Entering takes no time, the tools come when they come, and too slow is too slow."""

    async def main():
        servers = {"late": unruly.settings("slow", "0.5"), "never": unruly.settings("mute", start_seconds=0.3)}
        began = time.monotonic()
        async with MCPClient(servers) as client:
            assert time.monotonic() - began < 0.2
            assert not client.tools()
            assert client.states()[0].state == "starting"
            await until(client.tools)
            await until(lambda: client.states()[1].problem == "it did not answer in time")

    run(main)


def test_a_character_sees_only_its_servers(run, unruly, until):
    """Clashing names are told apart; a selection neither shows nor calls the others."""

    async def main():
        async with MCPClient({"a": unruly.settings(), "b": unruly.settings()}) as client:
            await until(lambda: len(client.tools()) == 20)
            chosen = client.limited_to(["b"])
            assert {tool.name.partition("__")[0] for tool in chosen.tools()} == {"b"}
            assert await chosen.call("b__echo", {})
            assert (await problem_of(chosen.call("a__echo", {}))).code == "no-such-tool"
            assert client.limited_to(None) is client

    run(main)
