"""Histories and answers that are larger than what a client may lag behind: nobody is dropped for them."""

import asyncio
import json

import pytest
import websockets

from ai_chat.config_manager.settings import Limits, SystemSettings
from ai_chat.history.history_interface import new_uid

from .language_model import answering, character_of
from .running_server import opened, poll, running, settings_in

pytestmark = pytest.mark.slow
LIMITS = Limits(outbox_bytes=100_000, resume_seconds=5)
TEXT = "a long message " * 100  # 3 KB in an outbox
MESSAGES = 300


async def make_history(server):
    """A history of 900 KB."""
    store, uid = server.engines.history, new_uid()
    for number in range(MESSAGES):
        last = store.append("default", uid, role="human", text=f"{number} {TEXT}", begins=True)
    await last
    return uid


def test_long_history_is_opened_searched_and_exported(tmp_path):
    """Opened with its last messages, exported whole, in parts; the session goes on."""

    async def main():
        async with running(settings_in(tmp_path, limits=LIMITS)) as (url, server), opened(url) as page:
            history = await make_history(server)
            await page.send(type="history.open", id="o", history=history)
            shown = (await page.until("history.open"))["messages"]
            assert 1 < len(shown) < MESSAGES
            assert shown[-1]["text"].startswith(f"{MESSAGES - 1} ")
            await page.send(type="history.search", id="f", query="long message")
            found = (await page.until("history.search"))["messages"]
            assert found[0]["text"].startswith(f"{MESSAGES - 1} ")
            exported = await page.exported(history)
            assert [one["text"] for one in exported] == [f"{number} {TEXT}" for number in range(MESSAGES)]
            await page.send(type="say", id="a", text="hello")
            assert (await page.until("turn.end"))["reason"] == "done"

    asyncio.run(main())


def test_export_goes_on_after_a_resume(tmp_path):
    """Its parts wait for the client, and none is lost or told twice."""

    async def main():
        async with running(settings_in(tmp_path, limits=LIMITS)) as (url, server):
            history = await make_history(server)
            async with opened(url) as page:
                await page.send(type="history.export", id="export", history=history)
                first = await page.until("history.export")
                page.socket.transport.abort()
            parts = [first]
            async with opened(url, resume=page.welcome["resume"], last_seq=first["seq"]) as again:
                assert again.welcome["resumed"]
                while parts[-1]["more"]:
                    parts.append(await again.until("history.export"))
            assert [part["part"] for part in parts] == list(range(len(parts)))
            assert sum(len(part["messages"]) for part in parts) == MESSAGES

    asyncio.run(main())


def test_client_that_leaves_in_an_export_leaves_nothing(tmp_path):
    """The parts that nobody takes end with the session."""

    async def main():
        limits = LIMITS.model_copy(update={"resume_seconds": 0.2})
        async with running(settings_in(tmp_path, limits=limits)) as (url, server):
            history = await make_history(server)
            before = len(asyncio.all_tasks())
            async with opened(url) as page:
                for number in range(3):
                    await page.send(type="history.export", id=str(number), history=history)
                page.socket.transport.abort()
            await poll(lambda: len(server.sessions) == 0)
            await poll(lambda: len(asyncio.all_tasks()) <= before)

    asyncio.run(main())


def test_room_shows_a_long_history_to_everybody(tmp_path):
    """Nobody is thrown out."""

    async def main():
        system = SystemSettings(enable_proxy=True)
        async with (
            running(settings_in(tmp_path, limits=LIMITS, system=system)) as (url, server),
            websockets.connect(f"{url}/proxy-ws") as one,
            websockets.connect(f"{url}/proxy-ws") as two,
            asyncio.timeout(10),
        ):
            history = await make_history(server)
            await one.send(json.dumps({"type": "fetch-and-set-history", "history_uid": history}))
            for member in (one, two):
                while (told := json.loads(await member.recv()))["type"] != "history-data":
                    pass
                assert told["messages"][-1]["content"].startswith(f"{MESSAGES - 1} ")

    asyncio.run(main())


def test_absence_in_a_long_answer_costs_speech_and_no_sentence(tmp_path):
    """What did not fit is told without its speech, and the session is resumed."""

    async def main():
        sentences = tuple(f"This is sentence number {number}. " for number in range(40))  # 2 MB of speech
        async with answering({"long": sentences}) as endpoint:
            settings = settings_in(tmp_path, limits=LIMITS, character=character_of(endpoint))
            async with running(settings) as (url, server):
                async with opened(url) as page:
                    await page.send(type="say", id="a", text="long")
                    await page.until("sentence")
                    page.socket.transport.abort()
                await poll(lambda: server.sessions.answering == 0)
                last = page.seen[-1]["seq"]
                async with opened(url, resume=page.welcome["resume"], last_seq=last) as again:
                    assert again.welcome["resumed"]
                    ended = await again.until("turn.end")
                told = [one for one in (*page.seen, *again.seen) if one["type"] == "sentence"]
                assert [one["index"] for one in told] == list(range(40))
                assert ended["reason"] == "done"
                assert not all(one["audio"] for one in told)
                assert told[-1]["audio"]

    asyncio.run(main())
