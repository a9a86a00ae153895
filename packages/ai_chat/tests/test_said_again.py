"""What is said again, because its acknowledgement was lost, is in the history once and answered once."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from ai_chat.config_manager.settings import Limits

from .test_session import only_session, opened, poll, running, settings_in

pytestmark = pytest.mark.slow


async def stored(page, history):
    """The texts of a history, each with the name that its client gave it."""
    return [(one["text"], one["id"]) for one in await page.exported(history)]


async def say_unheard(url, database, **words):
    """Say something on a page that leaves, without a word to it, once the message is committed: its history."""
    async with opened(url) as page:
        await page.send(type="say", **words)
        await poll(lambda: committed(database, words["text"]))
        page.socket.transport.abort()
        return page


def committed(database, text):
    """Whether a message is in the database, as another process sees it."""
    reader = sqlite3.connect(database)
    try:
        return reader.execute("SELECT 1 FROM messages WHERE text = ?", [text]).fetchone() is not None
    finally:
        reader.close()


@asynccontextmanager
async def served(folder):
    """The server as a process in a folder, killed on leaving: its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AI_CHAT_")}
    command = [sys.executable, "-m", "ai_chat", "--port", "0", "--lang", "en"]
    server = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=subprocess.PIPE)
    try:
        line = await server.stdout.readline()
        yield line.decode().split()[3].replace("http", "ws").rstrip("/")
    finally:
        server.kill()
        await server.wait()


def test_message_whose_ack_was_lost_in_a_kill_is_acknowledged_again(tmp_path):
    """By the number that it has, without another turn, though the client never learned of its commit."""

    async def main():
        async with served(tmp_path) as url:
            before = await say_unheard(url, tmp_path / "chat_history/history.db", id="a", text="tell me a story")
        history = before.welcome["history"]
        async with served(tmp_path) as url, opened(url, history=history) as page:
            assert page.welcome["history"] == history
            assert (await stored(page, history))[0] == ("tell me a story", "a")
            await page.send(type="say", id="a", text="tell me a story")
            assert (await page.until("ack"))["history"] == history
            await page.send(type="say", id="b", text="hello")
            await page.until("turn.end")
            assert [told["id"] for told in page.seen if told["type"] == "turn.start"] == ["b"]
            assert [name for _, name in await stored(page, history) if name] == ["a", "b"]

    asyncio.run(main())


def test_message_that_a_kill_lost_is_said_again_in_a_history_that_is_told(tmp_path):
    """A history of which nothing was committed is not there; what is said again begins the one in `welcome`."""

    async def main():
        async with served(tmp_path) as url, opened(url) as page:
            lost = page.welcome["history"]
        async with served(tmp_path) as url, opened(url, history=lost) as page:
            history = page.welcome["history"]
            assert history not in {"", lost}
            await page.send(type="say", id="a", text="hello")
            assert (await page.until("turn.end"))["reason"] == "done"
            assert (await stored(page, history))[0] == ("hello", "a")

    asyncio.run(main())


@pytest.mark.parametrize("resume_seconds", [6.0, 0.0], ids=["resumed", "in a new session"])
def test_message_whose_ack_was_lost_with_its_connection_has_one_turn(tmp_path, resume_seconds):
    """The session that is resumed knows the id; a new one finds it in the history."""

    async def main():
        settings = settings_in(tmp_path, limits=Limits(resume_seconds=resume_seconds))
        async with running(settings) as (url, server):
            before = await say_unheard(url, tmp_path / "history.db", id="a", text="hello")
            if not resume_seconds:
                await poll(lambda: len(server.sessions) == 0)
            hello = {"resume": before.welcome["resume"], "last_seq": 0, "history": before.welcome["history"]}
            async with opened(url, **hello) as page:
                assert page.welcome["resumed"] is bool(resume_seconds)
                await page.send(type="say", id="a", text="hello")
                assert (await page.until("ack"))["history"] == before.welcome["history"]
                await poll(lambda: not server.sessions.answering)
                messages = await stored(page, before.welcome["history"])
                assert [name for _, name in messages if name] == ["a"]
                starts = [told for told in page.seen if told["type"] == "turn.start"]
                assert len(starts) == (1 if resume_seconds else 0)

    asyncio.run(main())


def test_id_of_another_text_is_refused(tmp_path):
    """In the session, in a later one on the same history, and in the database; another history has ids of its own."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):

            async def refused(page):
                await page.send(type="say", id="a", text="another text")
                assert (await page.until("error"))["code"] == "id-taken"

            async with opened(url) as page:
                await page.send(type="say", id="a", text="hello")
                await page.until("turn.end")
                history = page.welcome["history"]
                await refused(page)
                await page.send(type="bye")
            async with opened(url, history=history) as page:
                await refused(page)
                only_session(server).context.said.clear()  # as after many more messages
                await refused(page)
                assert (await page.until("turn.end"))["reason"] == "failed"
                assert len(await stored(page, history)) == 2
                await page.send(type="history.new", id="n")
                await page.send(type="say", id="a", text="another text")
                assert (await page.until("turn.end"))["reason"] == "done"

    asyncio.run(main())
