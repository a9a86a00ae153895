"""A language model's endpoint that answers what the test wants, and can stop in the middle."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

from ai_chat.config_manager.settings import Character, LLMSettings

HOLD = object()  # in an answer: nothing more comes, until the client closes


class Endpoint:
    """Speaks OpenAI's chat completions. `answers` are the parts by what was said last: texts, tool calls, `HOLD`."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = 0  # requests that are open
        self.held = 0  # those of them that stopped in the middle
        self.url = ""

    async def answer(self, reader, writer):
        """One request of one connection."""
        self.asked += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split()[0])
            await self._stream(json.loads(await reader.readexactly(length))["messages"], reader, writer)
        finally:
            self.asked -= 1
            writer.close()

    async def _stream(self, messages, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        last = messages[-1]["content"] if messages[-1]["role"] == "user" else ""
        for part in self.answers.get(last, ("Yes.",)):
            if part is HOLD:
                self.held += 1
                with suppress(ConnectionError):
                    await reader.read()
                self.held -= 1
                return
            writer.write(as_event(part))
        writer.write(as_event({}, "stop") + b"data: [DONE]\n\n")


def as_event(part, reason=None):
    """A part of an answer as it is streamed."""
    delta = {"content": part} if isinstance(part, str) else part
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "test", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def call_of(tool):
    """A part of an answer: the model wants this tool to be called."""
    return {"tool_calls": [{"index": 0, "id": "call", "function": {"name": tool, "arguments": "{}"}}]}


@asynccontextmanager
async def answering(answers):
    """An endpoint on a free port."""
    endpoint = Endpoint(answers)
    async with await asyncio.start_server(endpoint.answer, "127.0.0.1", 0) as listener:
        endpoint.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
        yield endpoint


def character_of(endpoint):
    """A character whose language model is this endpoint."""
    return Character(llm=LLMSettings(provider="openai_compatible", base_url=endpoint.url, model="test"))
