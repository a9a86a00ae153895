"""Sessions under random orders of events, on a real server: pages come, speak, break, come back, all at once.

Between two steps the loop stands still, so that a step may end anywhere: in a handshake, in a turn, before a commit.
A few orders, always the same, are tried by default. `EVENT_ORDERS_MINUTES=10` tries new ones for that long.
"""

import asyncio
import logging
import os
import time
from contextlib import contextmanager, suppress
from functools import partial

import psutil
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ai_chat.config_manager.settings import Limits, SystemSettings
from ai_chat.history.history_interface import HistoryProblem

from .event_clients import Guest, Visitor
from .running_server import opened, poll, running, settings_in

MINUTES = float(os.environ.get("EVENT_ORDERS_MINUTES", "0"))
LIMITS = Limits(
    resume_seconds=0.4, turns=1, turns_waiting=1, outbox_bytes=100_000_000,
    messages_per_second=1_000_000, messages_burst=1_000_000, messages_per_second_per_address=1_000_000,
)  # fmt: skip
ORDERS = settings(
    max_examples=40, stateful_step_count=60, deadline=None, database=None, derandomize=True, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip

which = st.integers(0, 2)
pauses = st.sampled_from([0, 0, 0, 1, 2, 5, 20, "1 ms", "5 ms", "30 ms"])
texts = st.sampled_from(["hello", "tell me a story", "讲个故事", "who are you?", "what is 2 plus 2?", "x"])
departures = st.sampled_from(["close", "fin", "reset", "silent"])
garbage = st.sampled_from(
    [
        "nonsense", "[]", "{}", '{"type": "dance"}', '{"type": "hello", "version": 1}', '{"type": "say", "text": "no id"}',
        '{"type": "say", "id": [], "text": "x"}', '{"type": "history.open", "history": 7}', b"\x00\x01", "[" * 10_000,
    ]
)  # fmt: skip


class Stage:
    """A running server, its loop, and what went wrong in it."""

    def __init__(self, run, url, server):
        self.run = run
        self.url, self.server = url, server
        self.wrong = []
        self.said = 0

    def holdings(self):
        """What sessions may hold: connections, places, a room, threads at work, tasks, descriptors."""
        sessions, handler = self.server.sessions, self.server.handler
        return {
            "sessions": len(sessions),
            "connections": handler.connections,
            "admitted": (len(handler.places), len(sessions.places)),
            "turns": sessions.turns.running + sessions.turns.waiting,
            "room": self.server.proxy._room,
            "threads": self.server.engines.syntheses,
            "tasks": len(asyncio.all_tasks()),
            "descriptors": psutil.Process().num_fds(),
        }

    async def warm(self):
        """Open what the server opens once: the readers' connections, the threads of the speech."""
        await asyncio.gather(*(self.server.engines.history.list("default") for _ in range(50)))
        async with opened(self.url) as page:
            await page.send(type="say", id="a", text="tell me a story")
            await page.until("turn.end")
            await page.send(type="bye")
        await poll(lambda: not len(self.server.sessions))
        self.base = self.holdings()

    def text(self, text):
        """The text, made unlike any other."""
        self.said += 1
        return f"{text} ({self.said})"


class Wrong(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self, lines):
        super().__init__(logging.ERROR)
        self.setFormatter(logging.Formatter())
        self.lines = lines

    def emit(self, record):
        self.lines.append(self.format(record))


async def serve(configured, ready, end):
    """The server's own task, as its scopes demand."""
    async with running(configured) as (url, server):
        ready.set_result((url, server))
        await end.wait()


@contextmanager
def staged(folder):
    """A server that stands still between two steps."""
    configured = settings_in(folder, limits=LIMITS, system=SystemSettings(enable_proxy=True))
    with asyncio.Runner() as runner:
        loop, end = runner.get_loop(), asyncio.Event()
        ready = loop.create_future()
        serving = loop.create_task(serve(configured, ready, end))
        stage = Stage(runner.run, *loop.run_until_complete(ready))
        watch = Wrong(stage.wrong)
        loop.set_exception_handler(lambda _, context: stage.wrong.append(str(context)))
        logging.getLogger().addHandler(watch)
        stage.server.engines.llm(stage.server.settings.character)._pause = 0.001
        try:
            stage.run(stage.warm())
            yield stage
        finally:
            logging.getLogger().removeHandler(watch)
            end.set()
            loop.run_until_complete(serving)


async def pause(length):
    """Let the loop turn that often, or for that long."""
    if isinstance(length, str):
        await asyncio.sleep(float(length.split()[0]) / 1_000)
    else:
        for _ in range(length):
            await asyncio.sleep(0)


class EventOrders(RuleBasedStateMachine):
    """Three pages, two guests and a room of three, and everything that they can do."""

    def __init__(self, stage):
        super().__init__()
        self.stage = stage
        self.visitors = [Visitor(stage.url, number) for number in range(3)]
        self.guests = []
        self.members = []
        self.gone = []  # guests and members that have left
        self.deleted = set()
        self.shared = []  # what members said: (text, who, who was there to hear it)

    # Pages.

    @rule(number=which, audio=st.booleans(), wait=st.booleans(), length=pauses)
    def open_page(self, number, audio, wait, length):
        async def act():
            visitor = self.visitors[number]
            if visitor.is_here:
                await visitor.leave("close")
            await visitor.open(audio=audio)
            if wait:
                assert await visitor.welcomed()
            await pause(length)

        self.stage.run(act())

    def act(self, number, work, length):
        """Let a page do something, which comes back when it is not here, then let the loop run a little."""

        async def act():
            visitor = self.visitors[number]
            if not visitor.is_here:
                await self.arrive(visitor)
            await work(visitor)
            await pause(length)

        self.stage.run(act())

    async def arrive(self, visitor):
        """Come back, or for the first time. The session goes on when it was left for less than it waits."""
        if visitor.welcome:
            is_resumed = await visitor.come_back()
            assert is_resumed or time.monotonic() - visitor.left_at > LIMITS.resume_seconds / 2
        else:
            await visitor.open()

    @rule(number=which, text=texts, length=pauses)
    def say(self, number, text, length):
        self.act(number, lambda visitor: visitor.say(self.stage.text(text)), length)

    @rule(number=which, one=texts, two=texts, length=pauses)
    def say_while_busy(self, number, one, two, length):
        async def work(visitor):
            await visitor.say(self.stage.text(one))
            await visitor.say(self.stage.text(two))

        self.act(number, work, length)

    @rule(number=which, at=st.integers(0, 9), length=pauses)
    def say_again(self, number, at, length):
        async def work(visitor):
            if visitor.said:
                await visitor.say_again(list(visitor.said)[-1 - at % len(visitor.said)])

        self.act(number, work, length)

    @rule(number=which, text=texts, length=pauses)
    def use_id_again(self, number, text, length):
        """An id that is acknowledged is of no other text."""

        async def work(visitor):
            if acked := visitor.acknowledged:
                await visitor.say_otherwise(acked[-1], self.stage.text(text))

        self.act(number, work, length)

    @rule(number=which, heard=st.sampled_from([None, "", "Hello!", "nonsense"]), length=pauses)
    def interrupt(self, number, heard, length):
        frame = {"type": "interrupt"} if heard is None else {"type": "interrupt", "heard": heard}
        self.act(number, lambda visitor: visitor.line.send(frame), length)

    @rule(number=which, text=texts, length=pauses)
    def say_and_interrupt(self, number, text, length):
        async def work(visitor):
            await visitor.say(self.stage.text(text))
            await visitor.line.send({"type": "interrupt"})

        self.act(number, work, length)

    @rule(number=which, turn=st.integers(0, 3), sentence=st.integers(0, 5))
    def played(self, number, turn, sentence):
        frame = {"type": "played", "turn": turn, "sentence": sentence}
        self.act(number, lambda visitor: visitor.line.send(frame), 0)

    @rule(number=which)
    def seen(self, number):
        self.act(number, lambda visitor: visitor.line.send({"type": "seen", "seq": len(visitor.told)}), 0)

    @rule(number=which, kind=st.sampled_from(["history.list", "history.new", "character.list"]), length=pauses)
    def ask(self, number, kind, length):
        self.act(number, lambda visitor: visitor.ask(kind), length)

    @rule(number=which, file=st.sampled_from(["conf.yaml", "ling.yaml", "none.yaml"]), length=pauses)
    def switch_character(self, number, file, length):
        self.act(number, lambda visitor: visitor.ask("character.switch", character=file), length)

    @rule(number=which, query=st.sampled_from(["hello", "x", "故事", "%"]), length=pauses)
    def search(self, number, query, length):
        self.act(number, lambda visitor: visitor.ask("history.search", query=query), length)

    @rule(
        number=which,
        kind=st.sampled_from(["history.open", "history.export", "history.rename", "history.delete"]),
        whose=which,
        at=st.integers(0, 9),
        length=pauses,
    )
    def use_history(self, number, kind, whose, at, length):
        async def work(visitor):
            known = self.visitors[whose].histories or ["none"]
            history = known[at % len(known)]
            if kind == "history.delete":
                self.deleted.add(history)
            title = {"title": "a title"} if kind == "history.rename" else {}
            await visitor.ask(kind, history=history, **title)

        self.act(number, work, length)

    @rule(number=which, frame=garbage, length=pauses)
    def send_garbage(self, number, frame, length):
        self.act(number, lambda visitor: visitor.send_garbage(frame), length)

    @rule(number=which, departure=departures, length=pauses)
    def leave(self, number, departure, length):
        self.act(number, lambda visitor: visitor.leave(departure), length)

    @rule(number=which, text=texts, length=pauses)
    def say_and_say_bye(self, number, text, length):
        """Nothing that comes after is answered, and the connection is closed."""

        async def work(visitor):
            await visitor.say(self.stage.text(text))
            await visitor.line.send({"type": "bye"})
            await visitor.line.send({"type": "ping"})
            async with asyncio.timeout(5):
                await asyncio.wait([visitor.line.reading])
            assert visitor.line.connection.close_code == 1000
            assert "pong" not in [one["type"] for one in visitor.line.told[-2:]]
            visitor.check(self.deleted)
            visitor.forget()

        self.act(number, work, length)

    @rule(number=which, pages=st.integers(1, 3), length=pauses)
    def take_over(self, number, pages, length):
        """The session goes on in one of the pages, the others are closed."""

        async def work(visitor):
            if await visitor.welcomed():
                assert await visitor.come_back(pages)

        self.act(number, work, length)

    # Clients of Open-LLM-VTuber.

    @precondition(lambda self: len(self.guests) < 2)
    @rule(length=pauses)
    def open_guest(self, length):
        async def act():
            self.guests.append(await Guest.open(f"{self.stage.url}/client-ws"))
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: len(self.members) < 3)
    @rule(viewer=st.booleans(), length=pauses)
    def join_room(self, viewer, length):
        async def act():
            member = await Guest.open(f"{self.stage.url}/proxy-ws{'?viewer=1' if viewer else ''}")
            while not member.count("set-model-and-conf") and member.line.is_open:
                await asyncio.sleep(0.001)
            self.members.append(member)
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: self.guests or self.members)
    @rule(
        number=which,
        kind=st.sampled_from(
            ["interrupt-signal", "create-new-history", "fetch-history-list", "fetch-configs", "request-group-info"]
        ),
        length=pauses,
    )
    def guest_asks(self, number, kind, length):
        async def act():
            guests = self.guests + self.members
            await guests[number % len(guests)].line.send({"type": kind})
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: self.guests)
    @rule(number=which, text=texts, length=pauses)
    def guest_says(self, number, text, length):
        async def act():
            await self.guests[number % len(self.guests)].say(self.stage.text(text))
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: self.guests)
    @rule(number=which, frame=garbage, length=pauses)
    def guest_sends_garbage(self, number, frame, length):
        async def act():
            await self.guests[number % len(self.guests)].send_garbage(frame)
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: self.members)
    @rule(number=which, text=texts, length=pauses)
    def member_says(self, number, text, length):
        async def act():
            member = self.members[number % len(self.members)]
            said = self.stage.text(text)
            self.shared.append((said, member, [one for one in self.members if one is not member]))
            await member.say(said)
            await pause(length)

        self.stage.run(act())

    @precondition(lambda self: self.guests or self.members)
    @rule(number=which, departure=departures, length=pauses)
    def guest_leaves(self, number, departure, length):
        async def act():
            everybody = self.guests + self.members
            guest = everybody[number % len(everybody)]
            (self.guests if guest in self.guests else self.members).remove(guest)
            self.gone.append(guest)
            await guest.line.leave(departure)
            await pause(length)

        self.stage.run(act())

    @rule(length=pauses)
    def let_time_pass(self, length):
        self.stage.run(pause(length))

    # What is true at any moment.

    @invariant()
    def every_client_is_told_what_must_be(self):
        for client in self.visitors:
            client.check(self.deleted)
        for guest in self.guests + self.members:
            guest.check()
        assert not self.stage.wrong

    @invariant()
    def a_session_has_one_turn(self):
        async def turns():
            return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("turn ")]

        sessions = [name.rpartition(" ")[2] for name in self.stage.run(turns())]
        assert len(sessions) == len(set(sessions))

    # What is true in the end.

    def teardown(self):
        self.stage.run(self.end())

    async def end(self):
        try:
            await self.all_is_answered()
            await self.all_is_stored()
        finally:
            await self.all_leave()
        self.every_client_is_told_what_must_be()

    async def all_is_answered(self):
        for visitor in self.visitors:
            if not visitor.is_here:
                await self.arrive(visitor)
        with suppress(TimeoutError):
            await poll(lambda: not any(visitor.owed() for visitor in self.visitors))
        assert [visitor.owed() for visitor in self.visitors] == [[]] * len(self.visitors)
        await poll(lambda: all(guest.is_answered for guest in self.guests))
        await poll(lambda: all(member.is_quiet for member in self.members))
        await poll(lambda: all(self.is_heard(*one) for one in self.shared))

    def is_heard(self, text, who, others):
        """Whether those who were there, and are, have heard what a member said that is there, once; or it was refused."""
        heard = [other.count("user-input-transcription", text) for other in others if other in self.members]
        assert max(heard, default=0) <= 1
        return who not in self.members or all(heard) or who.count("error")

    async def all_is_stored(self):
        """Every acknowledged message is in its history, with its text."""
        acked = {}
        for visitor in self.visitors:
            visitor.check(self.deleted)
            for (history, message), text in visitor.acked.items():
                if history not in self.deleted:
                    acked.setdefault(history, {})[message] = text
        page = self.stage.server.engines.history.page
        for history, messages in acked.items():
            stored = []
            for character in ("default", "ling"):
                with suppress(HistoryProblem):
                    stored += (await page(character, history, after=0, limit=10_000))[1]
            assert messages.items() <= {one.number: one.text for one in stored if one.role == "human"}.items()

    async def all_leave(self):
        for line in [line for visitor in self.visitors for line in visitor.lines]:
            await line.hang_up()
        for guest in [*self.guests, *self.members, *self.gone]:
            await guest.line.hang_up()
        await poll(lambda: self.stage.holdings() == self.stage.base)


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * MINUTES)
def test_sessions_stay_in_order_whatever_comes_when(tmp_path):
    """One turn at a time with one end, one answer to each message, all of them stored, and nothing left."""
    with staged(tmp_path) as stage:
        end = time.monotonic() + 60 * MINUTES
        run_state_machine_as_test(partial(EventOrders, stage), settings=ORDERS)
        while time.monotonic() < end:
            run_state_machine_as_test(partial(EventOrders, stage), settings=settings(ORDERS, derandomize=False))
