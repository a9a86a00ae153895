"""What pages see of a locked database and of a full disk, and that it is over when it is over."""

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager

import pytest
import websockets

from ai_chat.config_manager.settings import HistorySettings

from .test_session import opened, running, settings_in

pytestmark = pytest.mark.slow
LOCKED = {"en": "locked by another program", "zh": "被别的程序锁住"}


@asynccontextmanager
async def locked(database):
    """The database while another program writes to it and does not end."""
    program = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None);"
        "database.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, database, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert await other.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        other.stdin.close()
        await other.wait()


def fill(path):
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while file.write(b"x" * 4_096):
            pass


@contextmanager
def small_disk(folder):
    """A disk of two megabytes at the folder."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


async def told_of(page, name):
    """The types of all frames of a turn, up to its end, and the errors among them."""
    ended = await page.until("turn.end", 20)
    while ended["id"] != name:
        ended = await page.until("turn.end", 20)
    mine = [told for told in page.seen if told.get("id") == name]
    return [told["type"] for told in mine], [told for told in mine if told["type"] == "error"]


async def texts_of(page):
    """The human texts of the page's history."""
    return [one["text"] for one in await page.exported(page.welcome["history"]) if one["role"] == "human"]


async def check_that_it_works(page):
    """The page is answered, quickly, though nothing can be written."""
    async with asyncio.timeout(1):
        await page.send(type="ping")
        await page.until("pong")
        await page.send(type="history.list", id="l")
        await page.until("history.list")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_locked_database_is_told_to_who_says_something(tmp_path, lang):
    """Once, without an ack; others read on; after it the same id is taken, also in a history that began under it."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as other, opened(url, lang=lang) as page:
            await other.send(type="say", id="before", text="hello")
            await other.until("turn.end")
            async with locked(tmp_path / "history.db"):
                await page.send(type="say", id="a", text="hello")
                await check_that_it_works(other)
                kinds, (error,) = await told_of(page, "a")
                assert kinds == ["turn.start", "error", "turn.end"]
                assert error["code"] == "history-locked"
                assert LOCKED[lang] in error["text"]
                await check_that_it_works(other)
                await other.send(type="say", id="during", text="hello again")
                await asyncio.sleep(0.5)  # far less than a writer waits for the lock
            assert (await told_of(other, "during"))[0] == ["turn.start", "ack", "turn.end"]
            await page.send(type="say", id="a", text="hello")
            assert (await told_of(page, "a"))[0][3:] == ["turn.start", "ack", "turn.end"]
            assert await texts_of(page) == ["hello"]
            assert await texts_of(other) == ["hello", "hello again"]

    asyncio.run(main())


def test_answer_that_cannot_be_stored_is_told(tmp_path):
    """The turn ends as failed after one error; what was acknowledged stays."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            await page.send(type="say", id="a", text="hello")
            await page.until("ack")
            async with locked(tmp_path / "history.db"):
                kinds, (error,) = await told_of(page, "a")
            assert kinds == ["turn.start", "ack", "error", "turn.end"]
            assert error["code"] == "history-locked"
            ended = page.seen[-1]
            assert (ended["reason"], ended["message"]) == ("failed", 0)
            assert await texts_of(page) == ["hello"]

    asyncio.run(main())


def test_open_llm_vtuber_is_told_of_a_locked_database_before_the_turn_ends(tmp_path):
    """An error, then the end; the next turn ends without one."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), websockets.connect(f"{url}/client-ws") as socket:

            async def turn():
                await socket.send('{"type": "text-input", "text": "hello"}')
                told = ""
                while "conversation-chain-end" not in (frame := await asyncio.wait_for(socket.recv(), 20)):
                    told += frame
                return told

            async with locked(tmp_path / "history.db"):
                told = await turn()
                assert told.count('"type": "error"') == 1
                assert LOCKED["en"] in told
            assert '"type": "error"' not in await turn()

    asyncio.run(main())


def test_full_disk_is_told_to_who_says_something(tmp_path):
    """Once, without an ack; others read on; what was acknowledged is there, and space again is enough to go on."""

    async def main():
        disk = tmp_path / "disk"
        settings = settings_in(tmp_path).model_copy(
            update={"history": HistorySettings(url=f"sqlite+aiosqlite:///{disk}/history.db")}
        )
        async with running(settings) as (url, _), opened(url) as other, opened(url, audio=False) as page:
            await other.send(type="say", id="before", text="hello")
            await other.until("turn.end")
            ballast = disk / "ballast"
            with pytest.raises(OSError, match="No space"):
                fill(ballast)
            os.truncate(ballast, ballast.stat().st_size - 300_000)  # a little room is left
            acknowledged = []
            for number in range(100):
                text = f"{number}: {'full ' * 1_000}"
                await page.send(type="say", id=str(number), text=text)
                kinds, errors = await told_of(page, str(number))
                assert {error["code"] for error in errors} <= {"history-full"}
                if "ack" not in kinds:
                    break
                acknowledged.append(text)
            assert acknowledged
            assert kinds == ["turn.start", "error", "turn.end"]
            await check_that_it_works(other)
            assert await texts_of(page) == acknowledged
            ballast.unlink()
            await page.send(type="say", id=str(number), text=text)
            assert (await told_of(page, str(number)))[0][-3:] == ["turn.start", "ack", "turn.end"]
            assert await texts_of(page) == [*acknowledged, text]
            assert await texts_of(other) == ["hello"]

    with small_disk(tmp_path / "disk"):
        asyncio.run(main())
