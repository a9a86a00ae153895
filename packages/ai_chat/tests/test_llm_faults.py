"""A language model's endpoint that misbehaves: one clear error for who asked, and nothing for anybody else."""

import asyncio
import socket
import sys
from contextlib import asynccontextmanager

import psutil
import pytest

from ai_chat.catalogue import text
from ai_chat.config_manager.settings import (
    Character,
    HistorySettings,
    Limits,
    LLMSettings,
    MCPServerSettings,
    Settings,
    TTSSettings,
)

from .endpoint import endpoint
from .test_session import opened, poll, running

pytestmark = pytest.mark.slow
TOOLS = {"local": MCPServerSettings(command=sys.executable, args=("-m", "ai_chat.mcpp.local_tools"))}
HASTY = {"first_token_seconds": 1.0, "between_tokens_seconds": 0.7}
FAULTS = [
    ("silent", "model-slow", {"seconds": 1.0}),
    ("silent after the head", "model-slow", {"seconds": 1.0}),
    ("silent in the middle", "model-slow", {"seconds": 0.7}),
    ("only comments", "model-slow", {"seconds": 1.0}),
    ("429", "model-rate-limited", {}),
    ("429 for a while", "model-rate-limited-for", {"seconds": 7}),
    ("429 until a date", "model-rate-limited", {}),
    ("429 with nonsense", "model-rate-limited", {}),
    ("500", "model-failed", {"status": 500}),
    ("401", "model-refused", {"status": 401}),
    ("403", "model-refused", {"status": 403}),
    ("404", "model-failed", {"status": 404}),
    ("redirect", "model-failed", {"status": 302}),
    ("closed at once", "model-cut", {}),
    ("closed in the head", "model-cut", {}),
    ("no HTTP", "model-cut", {}),
    ("cut between events", "model-cut", {}),
    ("cut in an event", "model-cut", {}),
    ("cut in a chunk", "model-cut", {}),
    ("error in the stream", "model-cut", {}),
    ("a page", "model-unreadable", {}),
    ("no stream", "model-unreadable", {}),
    ("wrong compression", "model-unreadable", {}),
    ("no JSON", "model-unreadable", {}),
    ("nested too deeply", "model-unreadable", {}),
    ("a number", "model-unreadable", {}),
    ("a list", "model-unreadable", {}),
    ("null", "model-unreadable", {}),
    ("no choices", "model-unreadable", {}),
    ("choices that are no list", "model-unreadable", {}),
    ("a choice that is no object", "model-unreadable", {}),
    ("no delta", "model-unreadable", {}),
    ("a text that is a number", "model-unreadable", {}),
    ("a text that is a list", "model-unreadable", {}),
    ("half a UTF-8 character", "model-unreadable", {}),
    ("cut in a UTF-8 character", "model-unreadable", {}),
    ("a call whose place is text", "model-unreadable", {}),
    ("a call whose id is a number", "model-unreadable", {}),
    ("arguments that are an object", "model-unreadable", {}),
    ("nothing", "model-empty", {}),
    ("only space", "model-empty", {}),
    ("endless words", "model-endless", {"limit": 100_000}),
    ("endless letters", "model-endless", {"limit": 100_000}),
    ("endless dots", "model-endless", {"limit": 100_000}),
    ("endless arguments", "model-endless", {"limit": 100_000}),
]


def character(file, url, **seconds):
    """A character that asks this address."""
    llm = LLMSettings(provider="openai_compatible", base_url=url, model="m", **seconds)
    return Character(file=file, conf_uid=file, conf_name=file, llm=llm, tts=TTSSettings(engine="none"))


@asynccontextmanager
async def chatting(folder, *, turn_seconds=60.0, **changes):
    """A chat server before a misbehaving endpoint: its address, its scope, and the endpoint."""
    async with endpoint() as model:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        settings = Settings(
            history=HistorySettings(url=f"sqlite+aiosqlite:///{folder}/history.db"),
            limits=Limits(resume_seconds=0.2, turn_seconds=turn_seconds),
            character=character("patient", model.url),
            characters=(character("hasty", model.url, **HASTY), character("lost", nobody)),
            **changes,
        )
        async with running(settings) as (url, server):
            yield url, server, model


async def say(page, name, words):
    """Say it, and wait for the end of the turn: its frames, from `turn.start` to `turn.end`."""
    before = len(page.seen)
    await page.send(type="say", id=name, text=words)
    await page.until("turn.end")
    return page.seen[before:]


def of_type(frames, kind):
    return [one for one in frames if one["type"] == kind]


async def stored(page):
    """The page's history: who said what."""
    history = of_type(page.seen, "ack")[-1]["history"]
    await page.send(type="history.open", id="h", history=history)
    return [(one["role"], one["text"]) for one in (await page.until("history.open"))["messages"]]


def assert_failed(frames, code, values, *, lang="en"):
    """What was said is acknowledged, one error is told in the page's language, and then the turn ends."""
    (error,) = of_type(frames, "error")
    assert (error["code"], error["text"]) == (code, text(code, lang, **values))
    assert (error["id"], error["turn"]) == ("a", 1)
    assert [one["type"] for one in frames if one["type"] != "sentence"] == ["turn.start", "ack", "error", "turn.end"]
    assert frames[-1]["reason"] == "failed"


@pytest.mark.parametrize(("manner", "code", "values"), FAULTS, ids=[manner for manner, *_ in FAULTS])
def test_fault_is_one_clear_error_for_who_asked_and_nothing_for_others(tmp_path, manner, code, values):
    """What was acknowledged is stored, the next turn works, and an answer of another page goes on meanwhile."""

    async def main():
        async with chatting(tmp_path) as (url, _, model):
            name = "hasty" if code == "model-slow" else "patient"
            async with opened(url, character=name) as page, opened(url) as other:
                await other.send(type="say", id="o", text="held")
                await poll(lambda: model.asked)
                frames = await say(page, "a", manner)
                assert_failed(frames, code, values)
                told = " ".join(one["text"] for one in of_type(frames, "sentence"))
                assert frames[-1]["heard"] == told
                model.release.set()
                assert (await other.until("turn.end"))["heard"] == "Hello there."
                assert of_type(other.seen, "error") == []

                assert (await say(page, "b", "hello"))[-1]["reason"] == "done"
                heard = [("ai", told)] if told else []
                assert await stored(page) == [("human", manner), *heard, ("human", "hello"), ("ai", "Hello there.")]
                remembered = [one["content"] for one in model.asked[-1][1:]]
                assert remembered == [manner, *([told[:8_000]] if told else []), "hello"]

    asyncio.run(main())


def test_answer_that_does_not_end_is_ended_with_the_turn(tmp_path):
    """However slowly it comes: what was heard is stored."""

    async def main():
        async with chatting(tmp_path, turn_seconds=1.0) as (url, *_), opened(url) as page:
            frames = await say(page, "a", "endless at leisure")
            assert_failed(frames, "turn-slow", {"seconds": 1.0})
            assert await stored(page) == [("human", "endless at leisure"), ("ai", frames[-1]["heard"])]
            assert (await say(page, "b", "hello"))[-1]["reason"] == "done"

    asyncio.run(main())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_endpoint_that_is_not_there_is_told(tmp_path, lang):
    """In the page's language; another character of the same page answers."""

    async def main():
        async with chatting(tmp_path) as (url, *_), opened(url, character="lost", lang=lang) as page:
            assert_failed(await say(page, "a", "hello"), "model-unreachable", {}, lang=lang)
            assert await stored(page) == [("human", "hello")]
            await page.send(type="character.switch", id="c", character="patient")
            assert (await say(page, "b", "hello"))[-1]["heard"] == "Hello there."

    asyncio.run(main())


@pytest.mark.parametrize("manner", ["silent", "silent after the head", "silent in the middle", "endless at leisure"])
@pytest.mark.parametrize("way", ["interrupt", "say", "bye", "reset"])
def test_who_leaves_a_hanging_endpoint_ends_the_request(tmp_path, manner, way):
    """The turn ends at once, and the endpoint sees its connection closed."""

    async def main():
        async with chatting(tmp_path) as (url, server, model), opened(url) as page:
            await page.send(type="say", id="a", text=manner)
            await poll(lambda: model.connections == 1 and model.asked)
            if manner in {"silent in the middle", "endless at leisure"}:
                await page.until("sentence")
            began = asyncio.get_running_loop().time()
            if way == "interrupt":
                await page.send(type="interrupt")
                ended = await page.until("turn.end")
                assert (ended["turn"], ended["reason"]) == (1, "interrupted")
                assert asyncio.get_running_loop().time() - began < 1  # test_interrupts.py says how fast
            elif way == "say":
                assert (await say(page, "b", "hello"))[-1]["reason"] == "interrupted"
                assert (await page.until("turn.end"))["heard"] == "Hello there."
            elif way == "bye":
                await page.send(type="bye")
            else:
                page.socket.transport.abort()
            idle = 1 if way == "say" else 0  # the next turn's connection is kept for the one after it
            await poll(lambda: model.connections == idle, 2)
            await poll(lambda: server.sessions.answering == 0)
            assert of_type(page.seen, "error") == []

    asyncio.run(main())


def test_character_in_halves_is_put_together(tmp_path):
    """JSON can spell half a character: the other half may come next, or never."""

    async def main():
        async with chatting(tmp_path) as (url, *_), opened(url) as page:
            frames = await say(page, "a", "a character in halves")
            assert [one["text"] for one in of_type(frames, "sentence")] == ["Hi \U0001f600.", "\ufffd."]
            assert (await stored(page))[1] == ("ai", "Hi \U0001f600. \ufffd.")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("manner", "code", "name"),
    [
        ("broken arguments", "tool-arguments", "current_time"),
        ("arguments in a list", "tool-arguments", "current_time"),
        ("no tool", "no-such-tool", "dance"),
    ],
)
def test_tool_is_only_called_as_the_model_asked(tmp_path, manner, code, name):
    """A call that cannot be read is not made: page and model are told, and the turn goes on."""

    async def main():
        async with chatting(tmp_path, mcp_servers=TOOLS) as (url, server, model), opened(url) as page:
            await poll(server.sessions.engines.toolbox.tools)
            frames = await say(page, "a", manner)
            assert (frames[-1]["reason"], frames[-1]["heard"]) == ("done", "Hello there.")
            assert of_type(frames, "error") == []
            began, ended = of_type(frames, "tool")
            assert (began["status"], ended["status"]) == ("running", "error")
            *_, asked, answer = model.asked[-1]
            assert answer["tool_call_id"] == asked["tool_calls"][0]["id"]
            assert answer["content"].startswith(code)
            assert ended["content"] == text(code, "en", name=name)

    asyncio.run(main())


def test_calls_that_are_not_numbered_are_told_apart(tmp_path):
    """Some endpoints send each call whole, and number none."""

    async def main():
        async with chatting(tmp_path, mcp_servers=TOOLS) as (url, server, model), opened(url) as page:
            await poll(server.sessions.engines.toolbox.tools)
            frames = await say(page, "a", "calls without a place")
            told = [(one["call"], one["status"]) for one in of_type(frames, "tool")]
            calls = ["UTC", "Asia/Shanghai"]
            assert told == [(call, status) for status in ("running", "completed") for call in calls]
            assert [one["tool_call_id"] for one in model.asked[-1][-2:]] == calls
            assert frames[-1]["reason"] == "done"

    asyncio.run(main())


def test_faults_leave_nothing(tmp_path):
    """Tasks, threads, descriptors and connections are back where they were after every fault at once."""

    async def main():
        async with chatting(tmp_path) as (url, server, model):

            async def visit(manner, code):
                async with opened(url, character="hasty" if code == "model-slow" else "patient") as page:
                    assert (await say(page, "a", manner))[-1]["reason"] == "failed"

            async def visits():
                async with asyncio.TaskGroup() as group:
                    for manner, code, _ in FAULTS:
                        group.create_task(visit(manner, code))
                await poll(lambda: len(server.sessions) == 0)
                await poll(lambda: model.connections == 0)

            await visits()
            process = psutil.Process()
            before = (len(asyncio.all_tasks()), process.num_threads(), process.num_fds())
            await visits()
            await poll(lambda: len(asyncio.all_tasks()) <= before[0])
            await poll(lambda: process.num_fds() <= before[2])
            assert process.num_threads() <= before[1]

    asyncio.run(main())
