"""A small language model that comes with a package: no key, no download. English only, weak, and labelled so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from ai_chat.agent.stateless_llm.embedded_engine import LONGEST, EmbeddedEngine, EngineError
from ai_chat.agent.stateless_llm.stateless_llm_interface import LanguageModelProblem, Message, Text, Tool, ToolCall
from ai_chat.catalogue import text
from ai_chat.config_manager.settings import LLMSettings

# Bytes of a prompt. A token is a byte or more, mostly four; so the second always fits, and the first nearly always.
BUDGETS = (2_800, 1_200)
TEMPERATURE = 0.3  # where none is set: at 1, which larger models take well, this one is lost

REPEATED = 1.15  # how much less likely what was said before is: it would go round in circles


class EmbeddedLLM:
    """The embedded model with the settings of a character. It is shown no tools: it cannot be trusted to call them."""

    def __init__(self, settings: LLMSettings, engine: EmbeddedEngine) -> None:
        self._settings = settings
        self._engine = engine
        self._temperature = settings.temperature if "temperature" in settings.model_fields_set else TEMPERATURE

    def label(self, lang: str) -> str:
        """That it is small, what it speaks, and how well."""
        return text("label-embedded", lang)

    @property
    def running(self) -> int:
        """Threads that work on answers."""
        return self._engine.running

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),  # noqa: ARG002 - see the class
    ) -> AsyncGenerator[Text | ToolCall, None]:
        """Stream the answer; closing the generator drops what the thread still makes."""
        for budget in BUDGETS:
            try:
                async with aclosing(self._stream(messages, budget)) as pieces:
                    async for piece in pieces:
                        yield Text(piece)
            except TimeoutError as err:
                raise LanguageModelProblem("model-slow", seconds=self._settings.first_token_seconds) from err
            except EngineError as err:
                if err.kind != "exceed_context_size_error" or budget == BUDGETS[-1]:
                    raise LanguageModelProblem("model-cut") from err
            else:
                return

    def _stream(self, messages: Sequence[Message], budget: int) -> AsyncGenerator[str, None]:
        request: dict[str, Any] = {
            "messages": shortened(messages, budget),
            "max_tokens": LONGEST,
            "temperature": self._temperature,
            "repeat_penalty": REPEATED,
            "stream": True,
        }
        settings = self._settings
        return self._engine.stream(request, first=settings.first_token_seconds, between=settings.between_tokens_seconds)

    async def close(self) -> None:
        """End the engine, which all characters share."""
        await self._engine.close()


def shortened(messages: Sequence[Message], budget: int) -> list[dict[str, str]]:
    """The persona and the newest messages, in so many bytes; of the last message its end, if it is longer."""
    said = [one for one in messages if one.role in ("user", "assistant") and one.text]
    kept: list[dict[str, str]] = []
    persona = " ".join(one.text for one in messages if one.role == "system").encode()[: budget // 3]
    left = budget - len(persona)
    for one in reversed(said):
        words = one.text.encode()
        if kept and len(words) > left:
            break
        words = words[-left:]
        left -= len(words)
        kept.append({"role": one.role, "content": words.decode(errors="ignore")})
        if left <= 0:
            break
    return [{"role": "system", "content": persona.decode(errors="ignore")}, *reversed(kept)]
