"""The history as its callers see it, on SQLite and Postgres, asyncio and uvloop."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from collections.abc import Awaitable
from pathlib import Path

import psutil
import pytest
from history_databases import run, sqlite_settings

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history import changing
from ai_chat.history.history_interface import HistoryProblem, new_uid
from ai_chat.history.store import ChatHistory

LOOPS = pytest.mark.parametrize("loop", ["asyncio", "uvloop"])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> HistorySettings:
    if request.param == "sqlite":
        return sqlite_settings(tmp_path)
    return HistorySettings(url=request.getfixturevalue("postgres"))


@pytest.fixture
def who() -> str:
    """A character of the test's own: the Postgres server is shared."""
    return uuid.uuid4().hex


@LOOPS
def test_messages_come_back_in_order_with_growing_numbers(settings: HistorySettings, who: str, loop: str) -> None:
    """What is appended is read again as it was, in the order of the calls."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            waits = [history.append(who, uid, role="human", text=f"message {number}") for number in range(600)]
            numbers = [await one for one in waits]
            items = await history.messages(who, uid, limit=600)
            assert numbers == sorted(set(numbers))
            assert [one.text for one in items] == [f"message {number}" for number in range(600)]
            assert [one.number for one in items] == numbers
            assert [one.text for one in await history.messages(who, uid, limit=2)] == ["message 598", "message 599"]

    run(main, loop)


def test_message_with_a_name_is_stored_once(settings: HistorySettings, who: str) -> None:
    """Said again it has the same number, also in one batch; in another history, or without a name, it is another."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid, other = history.begin(who), history.begin(who)

            def say(to: str, text: str, client_id: str = "") -> Awaitable[int]:
                return history.append(who, to, role="human", text=text, client_id=client_id)

            first, *rest = await asyncio.gather(say(uid, "a", "1"), say(uid, "a", "1"), say(other, "a", "1"))
            assert rest[0] == first
            assert await say(uid, "a", "1") == first
            unnamed = await asyncio.gather(say(uid, "a"), say(uid, "a"))
            with pytest.raises(HistoryProblem, match="id-taken"):
                await say(uid, "b", "1")
            items = await history.messages(who, uid)
            assert [(one.number, one.id) for one in items] == [(first, "1"), *((number, None) for number in unnamed)]
            assert [one.number for one in await history.messages(who, other)] == rest[1:]
            assert sorted(one.messages for one in await history.list(who)) == [1, 3]

    run(main)


def test_history_begins_with_its_first_message(settings: HistorySettings, who: str) -> None:
    """A uid that was never written begins then; a deleted history, and another character's, does not begin again."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = new_uid()

            async def say(character: str = who) -> int:
                return await history.append(character, uid, role="human", text="x", begins=True)

            numbers = list(await asyncio.gather(say(), say()))
            assert [one.number for one in await history.messages(who, uid)] == numbers
            with pytest.raises(HistoryProblem, match="no-such-history"):
                await say("another")
            await history._writer.do(lambda connection: changing.mark_deleted(connection, uid, who))
            with pytest.raises(HistoryProblem, match="no-such-history"):
                await say()

    run(main)


def test_list_has_title_count_and_last_message(settings: HistorySettings, who: str) -> None:
    """A history is titled by its first human message and listed once it has one."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            assert await history.list(who) == []
            await history.append(who, uid, role="ai", text="welcome")
            await history.append(who, uid, role="human", text="你好" * 50)
            await history.append(who, uid, role="ai", text="bye", interrupted=True, name="Echo")
            (item,) = await history.list(who)
            assert (item.uid, item.title, item.messages) == (uid, "你好" * 20, 3)
            assert (item.last, item.last_role) == ("bye", "ai")
            last = (await history.messages(who, uid))[-1]
            assert (last.interrupted, last.name, last.role) == (True, "Echo", "ai")

    run(main)


@pytest.mark.parametrize("query", ["世界", "好世界", "界", "100%", "_b", '"quoted"', "QUOTED", "\\", "OR NOT", "' --"])
def test_search_finds_texts_that_contain_the_query(settings: HistorySettings, who: str, query: str) -> None:
    """Chinese of any length, wildcards, quotes and operators are found as they stand, and nothing else is."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            text = '你好世界 100% a_b "quoted" back\\slash OR NOT x\' --'
            number = await history.append(who, uid, role="human", text=text)
            await history.append(who, uid, role="human", text="something else entirely, 1000 axb")
            assert [one.number for one in await history.search(who, query)] == [number]
            assert not await history.search("another", query)

    run(main)


def test_search_gives_the_latest_first_up_to_its_limit(settings: HistorySettings, who: str) -> None:
    """The limit keeps the latest."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            waits = [history.append(who, uid, role="human", text=f"needle {n}") for n in range(9)]
            await asyncio.gather(*waits)
            assert [one.text for one in await history.search(who, "needle", limit=2)] == ["needle 8", "needle 7"]

    run(main)


def test_halves_of_characters_and_zeros_are_stored_as_something_else(settings: HistorySettings, who: str) -> None:
    """Text that no database takes breaks nothing."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            await history.append(who, uid, role="human", text="half \ud83d and\0 \ud83d\ude00")
            assert [one.text for one in await history.messages(who, uid)] == ["half \ufffd and \U0001f600"]
            assert await history.search(who, "\ud83d and") != []

    run(main)


def test_other_characters_and_unknown_uids_are_refused(settings: HistorySettings, who: str) -> None:
    """A uid works for its own character only, for every request."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            mine = history.begin(who)
            await history.append(who, mine, role="human", text="mine")
            for character, uid in (("another", mine), (who, "../../etc/passwd"), (who, "' OR 1=1")):
                for refused in (
                    history.messages(character, uid),
                    history.rename(character, uid, "x"),
                    history.delete(character, uid),
                    history.page(character, uid, after=0),
                    history.append(character, uid, role="human", text="x"),
                ):
                    with pytest.raises(HistoryProblem, match="no-such-history"):
                        await refused
            assert len(await history.messages(who, mine)) == 1

    run(main)


def test_renamed_titles_are_one_bounded_line(settings: HistorySettings, who: str) -> None:
    """Control characters and all beyond 200 characters are dropped."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            await history.append(who, uid, role="human", text="first")
            await history.rename(who, uid, "a\x00\x1b\nb" + "c" * 300)
            (item,) = await history.list(who)
            assert item.title == "a b" + "c" * 197

    run(main)


def test_deleted_history_is_found_no_more(settings: HistorySettings, who: str) -> None:
    """Neither list nor search nor its uid give anything of it; other histories stay."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            gone, kept = history.begin(who), history.begin(who)
            for uid in (gone, kept):
                await asyncio.gather(*[history.append(who, uid, role="human", text="needle") for _ in range(450)])
            await history.delete(who, gone)
            assert [one.uid for one in await history.list(who)] == [kept]
            assert {one.history for one in await history.search(who, "needle", limit=1000)} == {kept}
            with pytest.raises(HistoryProblem, match="no-such-history"):
                await history.messages(who, gone)

    run(main)


def test_pages_give_every_message(settings: HistorySettings, who: str) -> None:
    """In order, and each once."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            await asyncio.gather(*[history.append(who, uid, role="human", text=str(n)) for n in range(1_234)])
            texts: list[str] = []
            after, sizes = 0, []
            while not sizes or sizes[-1]:
                title, items = await history.page(who, uid, after=after)
                assert title == "0"
                texts += [one.text for one in items]
                sizes.append(len(items))
                after = items[-1].number if items else after
            assert sizes == [500, 500, 234, 0]
            assert texts == [str(n) for n in range(1_234)]

    run(main)


@LOOPS
def test_cancelling_who_awaits_does_not_cancel_the_write(settings: HistorySettings, who: str, loop: str) -> None:
    """A message handed over is written though its session is cancelled, and after it the writer goes on."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)

            async def speak() -> None:
                await history.append(who, uid, role="human", text="said")

            async with asyncio.TaskGroup() as group:
                speaker = group.create_task(speak())
                await asyncio.sleep(0)
                speaker.cancel()
            await history.append(who, uid, role="human", text="after")
            assert [one.text for one in await history.messages(who, uid)] == ["said", "after"]

    run(main, loop)


def test_close_writes_what_was_handed_over(settings: HistorySettings, who: str) -> None:
    """Messages that nobody awaits are in the database after the context."""

    async def main() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            for number in range(1_000):
                history.append(who, uid, role="human", text=str(number))
        with pytest.raises(HistoryProblem, match="history-closed"):
            history.append(who, uid, role="human", text="late")
        await history.close()
        assert not await history.ready()
        async with ChatHistory(settings) as again:
            assert len(await again.messages(who, uid, limit=2_000)) == 1_000

    run(main)


@LOOPS
def test_nothing_of_the_history_is_left_after_closing(settings: HistorySettings, who: str, loop: str) -> None:
    """No thread and no descriptor stays, also when reads were cancelled half-way."""

    def held() -> tuple[int, int]:
        threads = [one for one in threading.enumerate() if not one.name.startswith("asyncio_")]
        return len(threads), psutil.Process(os.getpid()).num_fds()

    async def once() -> None:
        async with ChatHistory(settings) as history:
            uid = history.begin(who)
            await history.append(who, uid, role="human", text="said")
            async with asyncio.TaskGroup() as group:
                reads = [group.create_task(history.search(who, "sai")) for _ in range(20)]
                await asyncio.sleep(0.001)
                for one in reads[::2]:
                    one.cancel()

    async def main() -> None:
        await once()  # what libraries open once is open now
        before = held()
        for _ in range(3):
            await once()
        deadline = asyncio.get_running_loop().time() + 3
        while any(now > then for now, then in zip(held(), before, strict=True)):
            assert asyncio.get_running_loop().time() < deadline, (held(), before)
            await asyncio.sleep(0.01)

    run(main, loop)


def test_exception_of_the_context_is_not_wrapped(settings: HistorySettings) -> None:
    """What ended the context is raised as it was."""

    async def main() -> None:
        with pytest.raises(KeyError):
            async with ChatHistory(settings):
                raise KeyError

    run(main)
