"""Any endpoint that speaks OpenAI's chat completions: OpenAI, DeepSeek, Ollama, vLLM, LM Studio."""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

from ai_chat.agent.stateless_llm.stateless_llm_interface import LanguageModelProblem, Message, Text, Tool, ToolCall
from ai_chat.config_manager.settings import LLMSettings

CONNECT = 5.0  # seconds
AT_ONCE = 64  # connections to the endpoint
LONGEST = 100_000  # characters of an answer, its calls included
END: Final = object()
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)  # the client checks no answer's shape


class OpenAICompatibleLLM:
    """One client, with its bounded pool of connections, for all sessions. It never repeats a request by itself."""

    def __init__(self, settings: LLMSettings) -> None:
        self._settings = settings
        self._client = AsyncOpenAI(
            api_key=settings.api_key.get_secret_value() or "none",
            base_url=settings.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=CONNECT),  # each wait for the endpoint has its own, see `chat`
            http_client=httpx2.AsyncClient(limits=httpx2.Limits(max_connections=AT_ONCE)),
        )

    def label(self, _lang: str) -> str:
        """The model's name. Its address is nobody's business, and may hold a password."""
        return self._settings.model

    @property
    def running(self) -> int:
        """It needs no threads."""
        return 0

    async def chat(
        self, messages: Sequence[Message], *, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[Text | ToolCall, None]:
        """Stream the answer; closing the generator closes the response. Raises `LanguageModelProblem`."""
        answer = _Answer()
        seconds = self._settings.first_token_seconds
        try:
            async with await self._begin(messages, tools) as stream:
                while (chunk := await _next(stream, seconds)) is not END:
                    seconds = self._settings.between_tokens_seconds
                    if text := answer.add(chunk):
                        yield Text(text)
            calls = answer.calls()
        except (TimeoutError, openai.OpenAIError, httpx2.HTTPError, *UNREADABLE) as err:
            raise self._problem(err, seconds) from err
        for call in calls:
            yield call

    async def _begin(self, messages: Sequence[Message], tools: Sequence[Tool]) -> AsyncStream[ChatCompletionChunk]:
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [as_sent(message) for message in messages],
            "temperature": self._settings.temperature,
        }
        if tools:
            request["tools"] = [as_function(tool) for tool in tools]
        async with asyncio.timeout(self._settings.first_token_seconds):
            stream: AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
                **request, stream=True
            )
        return stream

    def _problem(self, err: Exception, seconds: float) -> LanguageModelProblem:
        """What a person is told; `seconds` were waited for."""
        if isinstance(err, openai.APIConnectionError) and isinstance(err.__cause__, httpx2.HTTPError):
            err = err.__cause__  # the client tells a broken answer and a failed connect alike
        match err:
            case TimeoutError():
                return LanguageModelProblem("model-slow", seconds=seconds)
            case openai.RateLimitError():
                return _rate_limited(err.response.headers.get("retry-after", ""))
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return LanguageModelProblem("model-refused", status=err.status_code)
            case openai.APIStatusError():
                return LanguageModelProblem("model-failed", status=err.status_code)
            case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError() | httpx2.UnsupportedProtocol():
                return LanguageModelProblem("model-unreachable")
            case httpx2.TransportError() | openai.APIError():  # the latter is what an endpoint tells inside the stream
                return LanguageModelProblem("model-cut")
            case _:
                return LanguageModelProblem("model-unreadable")

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()


class _Answer:
    """An answer as it comes. What is not as it should be raises one of `UNREADABLE`, or `LanguageModelProblem`."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}
        self._halves = codecs.getincrementaldecoder("utf-16-le")("replace")
        self._size = 0
        self._is_begun = False
        self._is_finished = False

    def add(self, chunk: Any) -> str:
        """Add a chunk of the stream; the text in it, which begins and ends with whole characters."""
        self._is_begun = True
        text = ""
        for choice in chunk.choices[:1]:
            self._is_finished = self._is_finished or choice.finish_reason is not None
            for at, part in enumerate(choice.delta.tool_calls or ()):
                self._collect(at if part.index is None else part.index, part)  # some endpoints number no calls
            text += self._halves.decode(self._read(choice.delta.content).encode("utf-16-le", "surrogatepass"))
        return text

    def _collect(self, at: int, part: Any) -> None:
        """Add a fragment of a call."""
        call = self._calls.setdefault(at, {"id": "", "name": "", "arguments": ""})
        call["id"] = call["id"] or self._read(part.id)
        if part.function is not None:
            call["name"] += self._read(part.function.name)
            call["arguments"] += self._read(part.function.arguments)

    def _read(self, value: object) -> str:
        """A text that may be missing; all texts of an answer together are bounded."""
        if value is None:
            return ""
        if not isinstance(value, str):
            raise TypeError(f"a text was expected, not {type(value).__name__}")
        self._size += len(value)
        if self._size > LONGEST:
            raise LanguageModelProblem("model-endless", limit=LONGEST)
        return value

    def calls(self) -> list[ToolCall]:
        """The calls of the answer, which must have come to its end."""
        if not self._is_finished:
            raise LanguageModelProblem("model-cut" if self._is_begun else "model-unreadable")
        return [
            ToolCall(_mended(call["id"]) or f"call-{at}", _mended(call["name"]), read_arguments(call["arguments"]))
            for at, call in sorted(self._calls.items())
        ]


async def _next(stream: AsyncStream[ChatCompletionChunk], seconds: float) -> object:
    """The next chunk, awaited for a bounded time; `END` after the last."""
    async with asyncio.timeout(seconds):
        return await anext(stream, END)


def _rate_limited(retry_after: str) -> LanguageModelProblem:
    """With the time that the endpoint names in seconds; few name a date."""
    if retry_after.isdecimal() and len(retry_after) <= 6:
        return LanguageModelProblem("model-rate-limited-for", seconds=int(retry_after))
    return LanguageModelProblem("model-rate-limited")


def as_sent(message: Message) -> dict[str, Any]:
    """A message as the endpoint reads it."""
    sent: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        sent["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments or {}, ensure_ascii=False)},
            }
            for call in message.calls
        ]
    if message.role == "tool":
        sent["tool_call_id"] = message.call_id
    return sent


def as_function(tool: Tool) -> dict[str, Any]:
    """A tool as the endpoint reads it."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _mended(text: str) -> str:
    """The text with U+FFFD in place of halves of characters, so that it can be encoded."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_arguments(text: str) -> dict[str, Any] | None:
    """The arguments of a call; None when they are no JSON object, or one that cannot be sent on."""
    try:
        value = json.loads(text or "{}")
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
