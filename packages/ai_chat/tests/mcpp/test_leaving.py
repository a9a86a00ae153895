"""Nothing of a server is left: no process of its tree, no task, no thread, no descriptor."""

import asyncio

import pytest

from ai_chat.mcpp.mcp_client import MCPClient


@pytest.mark.slow
@pytest.mark.parametrize("words", [["child"], ["daemon"], ["stubborn"], ["wrapper"]], ids=" ".join)
def test_the_whole_tree_ends_on_leaving(run, unruly, until, words):
    """A grandchild, one without a parent, one that ignores SIGTERM, and a wrapper with the server below it."""

    async def main():
        async with MCPClient({"one": unruly.settings(*words)}) as client:
            await until(client.tools)
            assert len(unruly.running()) >= 2
        assert not unruly.running()

    run(main)


@pytest.mark.slow
def test_a_wrapper_that_is_killed_takes_its_server_along(run, unruly, until):
    """The server below it goes too, though it holds the pipes open, and one new tree is started."""

    async def main():
        async with MCPClient({"one": unruly.settings("wrapper")}) as client:
            await until(client.tools)
            wrapper = next(one for one in unruly.running() if one.pid == int(unruly.lines("start")[0].split()[1]))
            old = {one.pid for one in unruly.running()}
            wrapper.kill()
            await until(lambda: not client.tools())
            await until(client.tools)
            assert not old & {one.pid for one in unruly.running()}
            assert len(unruly.running()) == 2

    run(main)


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 50])
def test_leaving_during_the_start_leaves_nothing(run, unruly, turns):
    """However many turns of the loop the start had."""

    async def main():
        async with MCPClient({"one": unruly.settings("child")}):
            for _ in range(turns):
                await asyncio.sleep(0)
        assert not unruly.running()
        assert len(asyncio.all_tasks()) == 1

    run(main)


@pytest.mark.slow
def test_cancelling_the_task_around_leaves_nothing(run, unruly, until):
    """Once, and a second time while it ends."""

    async def stay(ready: asyncio.Event, word: str) -> None:
        async with MCPClient({"one": unruly.settings(word)}) as client:
            await until(client.tools)
            ready.set()
            await asyncio.Event().wait()

    async def main():
        for cancels, word in ((1, "child"), (2, "stubborn")):
            ready = asyncio.Event()
            task = asyncio.ensure_future(stay(ready, word))
            await ready.wait()
            task.cancel()
            if cancels == 2:
                await asyncio.sleep(0.05)  # amid the end, which takes over a second
                task.cancel()
            await asyncio.wait([task], timeout=10)
            assert task.cancelled()
            await until(lambda: not unruly.running())
            assert len(asyncio.all_tasks()) == 1

    run(main)


def test_an_error_inside_goes_on_as_it_is(run, unruly, until):
    """It is wrapped in no exception group, and the servers end."""

    async def main():
        async with MCPClient({"one": unruly.settings()}) as client:
            await until(client.tools)
            raise LookupError

    with pytest.raises(LookupError):
        run(main)


@pytest.mark.slow
def test_twenty_stays_return_to_the_base_line(run, unruly, until, returns_to_base_line):
    """Descriptors, threads, children and tasks are what they were after the first stay."""

    async def stay() -> None:
        async with MCPClient({"one": unruly.settings(), "two": unruly.settings()}) as client:
            await until(lambda: len(client.tools()) == 20)
            await client.call("one__echo", {})
            call = asyncio.ensure_future(client.call("two__hang", {}))
            await asyncio.sleep(0)
            call.cancel()

    async def main():
        await returns_to_base_line(stay, 20)
        assert len(asyncio.all_tasks()) == 1

    run(main)
