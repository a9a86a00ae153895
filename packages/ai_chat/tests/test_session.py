"""Sessions over real connections: turns, interruptions, resumes, and what is left behind."""

import asyncio
import json
import random

import psutil
import pytest
import websockets

from ai_chat.config_manager.settings import Limits, SystemSettings
from ai_chat.protocol.events import Problem

from .running_server import LIMITS, opened, poll, running, settings_in

pytestmark = pytest.mark.slow


def test_turn_is_acknowledged_spoken_in_order_and_stored(tmp_path):
    """What is said is acknowledged, sentences come in order, and both are in the history."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            await page.send(type="say", id="a", text="tell me a story")
            ended = await page.until("turn.end")
            kinds = [told["type"] for told in page.seen]
            assert kinds.index("turn.start") < kinds.index("ack") < kinds.index("sentence")
            told = [one for one in page.seen if one["type"] == "sentence"]
            assert [one["index"] for one in told] == list(range(len(told)))
            assert all(one["audio"] for one in told)
            assert ended["reason"] == "done"
            history = next(one for one in page.seen if one["type"] == "ack")["history"]
            await page.send(type="history.open", id="h", history=history)
            messages = (await page.until("history.open"))["messages"]
            assert [one["role"] for one in messages] == ["human", "ai"]
            assert messages[1]["text"] == " ".join(one["text"] for one in told)

    asyncio.run(main())


@pytest.mark.parametrize("after", ["nothing", "turn.start", "ack", "sentence", "turn.spoken"])
def test_interrupt_at_every_stage_ends_the_turn_at_once(tmp_path, after):
    """The client is told within 100 ms, what was heard is kept, and the next turn works."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server), opened(url) as page:
            await page.send(type="say", id="a", text="tell me a story")
            if after != "nothing":
                await page.until(after)
            began = asyncio.get_running_loop().time()
            await page.send(type="interrupt")
            told = await page.until("flush")
            assert asyncio.get_running_loop().time() - began < 0.1
            if after != "turn.spoken":
                ended = await page.until("turn.end")
                assert (ended["turn"], ended["reason"]) == (told["turn"], "interrupted")
            await page.send(type="say", id="b", text="hello")
            ended = await page.until("turn.end")
            while ended["turn"] == told["turn"]:
                ended = await page.until("turn.end")
            assert (ended["reason"], ended["heard"]) == ("done", "Hello! Nice to hear from you.")
            assert server.sessions.answering == 0

    asyncio.run(main())


def test_session_is_resumed_without_losing_or_repeating_a_frame(tmp_path):
    """Frames are numbered without a gap over a broken connection in the middle of a reply."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            async with opened(url) as page:
                await page.send(type="say", id="a", text="tell me a story")
                await page.until("sentence")
                page.socket.transport.abort()
            last = page.seen[-1]["seq"]
            async with opened(url, resume=page.welcome["resume"], last_seq=last) as again:
                assert again.welcome["resumed"]
                await again.until("turn.end")
            numbers = [one["seq"] for one in (*page.seen, *again.seen[1:]) if "seq" in one and one["type"] != "welcome"]
            assert numbers == list(range(1, len(numbers) + 1))

    asyncio.run(main())


def test_session_that_nobody_comes_back_to_ends(tmp_path):
    """After the time for a resume the session is gone, and its token with it."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):
            async with opened(url) as page:
                page.socket.transport.abort()
            await poll(lambda: len(server.sessions) == 0)
            async with opened(url, resume=page.welcome["resume"], last_seq=0) as again:
                assert not again.welcome["resumed"]

    asyncio.run(main())


def test_saying_the_same_again_begins_no_second_turn(tmp_path):
    """The acknowledgement is repeated, and nothing else."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            await page.send(type="say", id="a", text="hello")
            await page.until("turn.end")
            first = next(one for one in page.seen if one["type"] == "ack")
            await page.send(type="say", id="a", text="hello")
            again = await page.until("ack")
            assert again["message"] == first["message"]
            await page.send(type="say", id="b", text="hello")
            assert (await page.until("turn.start"))["turn"] == 2

    asyncio.run(main())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("nonsense", "not-json"),
        ("[1]", "not-an-object"),
        ("{}", "no-type"),
        ('{"type": "dance"}', "unknown-type"),
        ('{"type": "dance \\ud800"}', "unknown-type"),
        ('{"type": "say", "id": "a", "text": 1}', "wrong-field"),
        ('{"type": "say", "text": "hi"}', "wrong-field"),
        ('{"type": "history.open", "history": "../../etc/passwd"}', "no-such-history"),
        ('{"type": "character.switch", "character": "../x.yaml"}', "no-such-character"),
        (b"\x00\x01", "no-microphone"),
        ("[" * 100_000, "not-json"),
    ],
)
def test_bad_frame_is_answered_and_the_session_goes_on(tmp_path, frame, code):
    """One clear error, and the next message is answered as ever."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            await page.socket.send(frame)
            assert (await page.until("error"))["code"] == code
            await page.send(type="say", id="a", text="hello \ud83d")
            assert (await page.until("turn.end"))["reason"] == "done"

    asyncio.run(main())


async def send_much(url):
    """Send 10 MB, and read until the server closes."""
    async with opened(url) as page:
        await page.socket.send("x" * 10_000_000)
        await page.until("nothing")


def test_frame_over_the_limit_closes_only_its_own_connection(tmp_path):
    """10 MB end the connection that sends them; others do not notice."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as other:
            with pytest.raises(websockets.ConnectionClosed):
                await send_much(url)
            await other.send(type="say", id="a", text="hello")
            assert (await other.until("turn.end"))["reason"] == "done"

    asyncio.run(main())


def test_flood_is_told_to_slow_down(tmp_path):
    """What comes too fast is not read, and said so once."""

    async def main():
        limits = Limits(messages_per_second=5, messages_burst=5, resume_seconds=0)
        async with running(settings_in(tmp_path, limits=limits)) as (url, _), opened(url) as page:
            for _ in range(30):
                await page.send(type="ping")
            assert (await page.until("error"))["code"] == "too-fast"

    asyncio.run(main())


def test_full_server_and_wrong_token_are_told(tmp_path):
    """Busy with a time to come back; a wrong token with what to do."""

    async def main():
        limits = Limits(sessions=1, resume_seconds=0)
        system = SystemSettings(token="secret")
        async with running(settings_in(tmp_path, limits=limits, system=system)) as (url, _):
            async with opened(url, token="secret"), websockets.connect(f"{url}/v1/ws") as second:
                assert json.loads(await second.recv())["type"] == "busy"
            async with websockets.connect(f"{url}/v1/ws") as third:
                await third.send('{"type": "hello", "version": 1, "token": "wrong"}')
                assert json.loads(await third.recv())["code"] == "wrong-token"

    asyncio.run(main())


def test_page_of_another_origin_is_refused(tmp_path):
    """The handshake fails before anything begins."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            with pytest.raises(websockets.InvalidStatus):
                await websockets.connect(f"{url}/v1/ws", origin="http://evil.example")

    asyncio.run(main())


def test_client_of_open_llm_vtuber_chats_unchanged(tmp_path):
    """The greeting, a turn, the history and another character, in its own words."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):
            async with websockets.connect(f"{url}/client-ws") as socket:

                async def until(kind, **fields):
                    async with asyncio.timeout(10):
                        while True:
                            told = json.loads(await socket.recv())
                            if told["type"] == kind and fields.items() <= told.items():
                                return told

                assert (await until("full-text"))["text"] == "Connection established"
                assert (await until("set-model-and-conf"))["client_uid"]
                await socket.send('{"type": "text-input", "text": "hello"}')
                await until("control", text="conversation-chain-start")
                told = await until("audio")
                assert told["display_text"]["text"] == "Hello!"
                assert told["audio"]
                assert max(told["volumes"]) == 1
                await until("backend-synth-complete")
                await until("control", text="conversation-chain-end")
                await socket.send('{"type": "fetch-history-list"}')
                assert len((await until("history-list"))["histories"]) == 1
                await socket.send('{"type": "switch-config", "file": "ling.yaml"}')
                assert (await until("set-model-and-conf"))["conf_uid"] == "ling"
                await socket.send('{"type": "heartbeat"}')
                await until("heartbeat-ack")
            await poll(lambda: len(server.sessions) == 0)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("accept", "greeting", "switched"),
    [
        ("en-US", "Connection established", "Switched to ling.yaml"),
        ("zh-CN,zh;q=0.9", "已连接", "已切换到 ling.yaml"),
        ("fr", "Connection established", "Switched to ling.yaml"),
    ],
)
def test_client_of_open_llm_vtuber_is_told_in_its_language_what_it_only_shows(tmp_path, accept, greeting, switched):
    """`Thinking...` stays as it is, which its front end compares."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            headers = {"Accept-Language": accept}
            async with (
                websockets.connect(f"{url}/client-ws", additional_headers=headers) as socket,
                asyncio.timeout(20),
            ):
                told = []

                async def until(kind, **fields):
                    while not told or told[-1]["type"] != kind or not fields.items() <= told[-1].items():
                        told.append(json.loads(await socket.recv()))

                await until("full-text")
                await socket.send('{"type": "text-input", "text": "hello"}')
                await until("control", text="conversation-chain-end")
                await socket.send('{"type": "switch-config", "file": "ling.yaml"}')
                await until("config-switched")
                assert [one["text"] for one in told if one["type"] == "full-text"] == [greeting, "Thinking..."]
                assert told[-1]["message"] == switched

    asyncio.run(main())


def test_room_answers_each_in_turn_and_outlives_a_leaving_member(tmp_path):
    """All hear every answer; a viewer may not speak; the room ends with its last member."""

    async def main():
        system = SystemSettings(enable_proxy=True)
        async with running(settings_in(tmp_path, system=system)) as (url, server):

            async def until(socket, kind):
                async with asyncio.timeout(10):
                    while True:
                        told = json.loads(await socket.recv())
                        if told["type"] == kind:
                            return told

            async with (
                websockets.connect(f"{url}/proxy-ws") as one,
                websockets.connect(f"{url}/proxy-ws?viewer=1") as two,
            ):
                async with websockets.connect(f"{url}/proxy-ws") as three:
                    await three.send('{"type": "text-input", "text": "tell me a story"}')
                    await until(three, "audio")
                await one.send('{"type": "text-input", "text": "hello"}')
                assert (await until(two, "user-input-transcription"))["text"] == "tell me a story"
                assert (await until(two, "user-input-transcription"))["text"] == "hello"
                assert (await until(two, "audio"))["display_text"]["text"] == "Hello!"
                await two.send('{"type": "text-input", "text": "me too"}')
                assert "viewer=1" in (await until(two, "error"))["message"]
            await poll(lambda: len(server.sessions) == 0)

    asyncio.run(main())


def test_signal_to_speak_up_waits_for_its_turn_in_a_room(tmp_path):
    """It cuts off nobody's answer."""

    async def main():
        system = SystemSettings(enable_proxy=True)
        async with (
            running(settings_in(tmp_path, system=system)) as (url, _),
            websockets.connect(f"{url}/proxy-ws") as one,
            websockets.connect(f"{url}/proxy-ws") as two,
            asyncio.timeout(10),
        ):
            await one.send('{"type": "text-input", "text": "tell me a story"}')
            told = []
            while told.count("conversation-chain-end") < 2 and "interrupt" not in told:
                frame = json.loads(await one.recv())
                told.append(frame["text"] if frame["type"] == "control" else frame["type"])
                if frame["type"] == "audio" and told.count("audio") == 1:
                    await two.send('{"type": "ai-speak-signal"}')
            assert "interrupt" not in told

    asyncio.run(main())


def test_many_pages_that_leave_in_every_way_leave_nothing(tmp_path):
    """Tasks, threads and descriptors are back where they were after 150 pages."""

    async def main():
        async with running(settings_in(tmp_path, limits=Limits(resume_seconds=0.2))) as (url, server):
            chance = random.Random(7)

            async def visit(number):
                async with opened(url) as page:
                    if chance.random() < 0.7:
                        await page.send(type="say", id=str(number), text=chance.choice(["tell me a story", "你好"]))
                        await page.until(chance.choice(["turn.start", "ack", "sentence"]))
                    if chance.random() < 0.3:
                        await page.send(type="interrupt")
                    if chance.random() < 0.3:
                        await page.send(type="bye")
                    elif chance.random() < 0.5:
                        page.socket.transport.abort()

            async def visits(numbers):
                for number in numbers:
                    await visit(number)

            await visits(range(5))
            await poll(lambda: len(server.sessions) == 0)
            process = psutil.Process()
            before = (len(asyncio.all_tasks()), process.num_threads(), process.num_fds())
            async with asyncio.TaskGroup() as group:
                for start in range(0, 150, 15):
                    group.create_task(visits(range(start, start + 15)))
            await poll(lambda: len(server.sessions) == 0)
            await poll(lambda: len(asyncio.all_tasks()) <= before[0])
            await poll(lambda: process.num_fds() <= before[2])
            assert process.num_threads() <= before[1] + 2  # the speech's pool fills to its bound

    asyncio.run(main())


def only_session(server):
    """The one session that is open."""
    (session,) = server.sessions._open.values()
    return session


def test_what_the_client_says_it_heard_is_believed(tmp_path):
    """English sentences are told with the spaces between them; what is no part of the answer is not believed."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            for number, heard in enumerate(["sea. Every morning", "something else"]):
                await page.send(type="say", id=str(number), text="tell me a story")
                await page.until("sentence")
                await page.until("sentence")
                await page.send(type="interrupt", heard=heard)
                ended = await page.until("turn.end")
                assert (ended["heard"] == heard) is (number == 0)

    asyncio.run(main())


def test_interrupt_before_the_agent_was_asked_keeps_the_answer_before(tmp_path):
    """A turn that was cut off at its beginning takes nothing out of the agent's memory."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server), opened(url) as page:
            await page.send(type="say", id="a", text="hello")
            await page.until("turn.end")
            await page.send(type="say", id="b", text="tell me a story")
            await page.send(type="interrupt")
            await page.until("turn.end")
            remembered = only_session(server).context.agent._memory.messages()
            assert "Hello! Nice to hear from you." in [message.text for message in remembered]

    asyncio.run(main())


def test_interrupt_after_another_history_was_opened_changes_nothing_of_it(tmp_path):
    """The answer that was still playing is no part of it."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server), opened(url) as page:
            await page.send(type="say", id="a", text="hello")
            first = (await page.until("ack"))["history"]
            await page.until("turn.end")
            await page.send(type="history.new", id="n")
            await page.send(type="say", id="b", text="tell me a story")
            await page.until("turn.end")
            await page.send(type="history.open", id="o", history=first)
            await page.until("history.open")
            await page.send(type="interrupt", heard="Once upon a time")
            await page.send(type="ping")
            await page.until("pong")
            assert page.seen[-2]["type"] == "history.open"
            remembered = only_session(server).context.agent._memory.messages()
            assert [message.text for message in remembered] == ["hello", "Hello! Nice to hear from you."]

    asyncio.run(main())


def test_turn_that_found_no_place_takes_nothing_away(tmp_path):
    """It is answered busy, may be said again with the same id, and an interruption after it changes nothing."""

    async def main():
        limits = Limits(turns=1, turns_waiting=0)
        async with running(settings_in(tmp_path, limits=limits)) as (url, server), opened(url) as page:
            await page.send(type="say", id="a", text="hello")
            await page.until("turn.end")
            async with server.sessions.turns.slot(""):
                await page.send(type="say", id="b", text="hello")
                assert (await page.until("busy"))["id"] == "b"
            await page.send(type="interrupt")
            await page.send(type="say", id="b", text="hello")
            assert (await page.until("turn.end"))["reason"] == "done"
            remembered = only_session(server).context.agent._memory.messages()
            assert [message.text for message in remembered].count("Hello! Nice to hear from you.") == 2

    asyncio.run(main())


def test_page_without_sound_gets_no_speech(tmp_path):
    """It says so in hello, also when it comes back."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            async with opened(url, audio=False) as page:
                await page.send(type="say", id="a", text="hello")
                assert (await page.until("sentence"))["audio"] == 0
                await page.until("turn.end")
                page.socket.transport.abort()
            last = page.seen[-1]["seq"]
            async with opened(url, resume=page.welcome["resume"], last_seq=last, audio=True) as again:
                assert again.welcome["resumed"]
                await again.send(type="say", id="b", text="hello")
                assert (await again.until("sentence"))["audio"] > 0

    asyncio.run(main())


def test_session_goes_on_in_the_last_of_two_that_take_it_over(tmp_path):
    """The others are closed with 4409, and nothing is served twice."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server), opened(url) as first:
            hello = {"resume": first.welcome["resume"], "last_seq": 0}
            async with opened(url, **hello) as second, opened(url, **hello) as third:
                for page in (first, second):
                    with pytest.raises(websockets.ConnectionClosed):
                        await page.until("nothing")
                    assert page.socket.close_code == 4409
                await third.send(type="say", id="a", text="hello")
                assert (await third.until("turn.end"))["reason"] == "done"
                assert server.handler.connections == 1

    asyncio.run(main())


def test_page_that_leaves_before_its_welcome_leaves_nothing(tmp_path):
    """A connection that breaks between hello and welcome has no session that stays."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):
            for _ in range(30):
                socket = await websockets.connect(f"{url}/v1/ws", ping_interval=None)
                await socket.send('{"type": "hello", "version": 1}')
                socket.transport.abort()
            await poll(lambda: len(server.sessions) == 0)
            assert server.handler.connections == 0

    asyncio.run(main())


async def hear_the_room_fail(url, server):
    """Let more happen in a room at once than it can tell, and listen until it closes."""
    async with websockets.connect(f"{url}/proxy-ws") as member, asyncio.timeout(10):
        await member.recv()
        for _ in range(2):
            server.proxy._room.session.outbox.put(Problem("internal", "x" * LIMITS.outbox_bytes))
        while True:
            await member.recv()


def test_room_that_fails_ends_no_other_session(tmp_path):
    """Its members are closed, others do not notice, and the next member opens a new room."""

    async def main():
        settings = settings_in(tmp_path, system=SystemSettings(enable_proxy=True))
        async with running(settings) as (url, server), opened(url, audio=False) as other:
            with pytest.raises(websockets.ConnectionClosed):
                await hear_the_room_fail(url, server)
            await other.send(type="say", id="a", text="hello")
            assert (await other.until("turn.end"))["reason"] == "done"
            async with websockets.connect(f"{url}/proxy-ws"):
                await poll(lambda: len(server.sessions) == 2)

    asyncio.run(main())
