"""Any endpoint that speaks OpenAI's chat completions: OpenAI, DeepSeek, Ollama, vLLM, LM Studio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

from ai_chat.agent.stateless_llm.stateless_llm_interface import LanguageModelProblem, Message, Text, Tool, ToolCall
from ai_chat.config_manager.settings import LLMSettings

CONNECT = 5.0  # seconds
AT_ONCE = 64  # connections to the endpoint


class OpenAICompatibleLLM:
    """One client, with its bounded pool of connections, for all sessions. It never repeats a request by itself."""

    def __init__(self, settings: LLMSettings) -> None:
        self.label = settings.model  # the address is nobody's business, and may hold a password
        self._settings = settings
        self._client = AsyncOpenAI(
            api_key=settings.api_key.get_secret_value() or "none",
            base_url=settings.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(settings.first_token_seconds, connect=CONNECT),
            http_client=httpx2.AsyncClient(limits=httpx2.Limits(max_connections=AT_ONCE)),
        )

    async def chat(
        self, messages: Sequence[Message], *, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[Text | ToolCall, None]:
        """Stream the answer; closing the generator closes the response. Raises `LanguageModelProblem`."""
        calls: dict[int, dict[str, str]] = {}
        try:
            async with await self._begin(messages, tools) as stream:
                seconds, finished = self._settings.first_token_seconds, False
                while (chunk := await _next(stream, seconds)) is not None:
                    seconds = self._settings.between_tokens_seconds
                    for choice in chunk.choices[:1]:
                        finished = finished or choice.finish_reason is not None
                        for part in choice.delta.tool_calls or ():
                            _collect(calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""}), part)
                        if choice.delta.content:
                            yield Text(choice.delta.content)
        except (TimeoutError, openai.OpenAIError, httpx2.HTTPError, ValueError, AttributeError, TypeError) as err:
            raise self._problem(err) from err
        if not finished:
            raise LanguageModelProblem("model-cut")
        for at, call in sorted(calls.items()):
            yield ToolCall(call["id"] or f"call-{at}", call["name"], read_arguments(call["arguments"]))

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

    def _problem(self, err: Exception) -> LanguageModelProblem:
        match err:
            case openai.RateLimitError():
                return LanguageModelProblem(
                    "model-rate-limited", retry_after=err.response.headers.get("retry-after", "?")
                )
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return LanguageModelProblem("model-refused", status=err.status_code)
            case openai.APIStatusError():
                return LanguageModelProblem("model-failed", status=err.status_code)
            case openai.APITimeoutError() | TimeoutError() | httpx2.TimeoutException():
                return LanguageModelProblem("model-slow", seconds=self._settings.first_token_seconds)
            case httpx2.RemoteProtocolError() | httpx2.ReadError():
                return LanguageModelProblem("model-cut")
            case openai.APIConnectionError() | httpx2.TransportError():
                return LanguageModelProblem("model-unreachable")
            case _:
                return LanguageModelProblem("model-unreadable")

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()


async def _next(stream: AsyncStream[ChatCompletionChunk], seconds: float) -> ChatCompletionChunk | None:
    """The next chunk, awaited for a bounded time; None at the end."""
    async with asyncio.timeout(seconds):
        try:
            return await anext(stream)
        except StopAsyncIteration:
            return None


def as_sent(message: Message) -> dict[str, Any]:
    """A message as the endpoint reads it."""
    sent: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        sent["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
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


def _collect(call: dict[str, str], part: Any) -> None:
    """Add a fragment of a call."""
    call["id"] = call["id"] or (part.id or "")
    if part.function is not None:
        call["name"] += part.function.name or ""
        call["arguments"] += part.function.arguments or ""


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments of a call; empty when the model wrote no JSON object, which the tool then answers."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
