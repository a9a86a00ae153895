"""Makes the language models that the settings name."""

from __future__ import annotations

from ai_chat.agent.stateless_llm.embedded_engine import EmbeddedEngine
from ai_chat.agent.stateless_llm.embedded_llm import EmbeddedLLM
from ai_chat.agent.stateless_llm.embedded_weights import find_weights
from ai_chat.agent.stateless_llm.scripted_llm import ScriptedLLM
from ai_chat.agent.stateless_llm.stateless_llm_interface import StatelessLLM
from ai_chat.config_manager.settings import LLMSettings


class LLMFactory:
    """Makes language models. Those that are embedded share one engine, however their settings differ."""

    def __init__(self) -> None:
        self._engine: EmbeddedEngine | None = None

    def make(self, settings: LLMSettings) -> StatelessLLM:
        """The language model of these settings. Raises `ChatProblem` when the embedded one is not installed."""
        if settings.provider == "openai_compatible":
            from ai_chat.agent.stateless_llm.openai_compatible_llm import (  # noqa: PLC0415 - half a second
                OpenAICompatibleLLM,
            )

            return OpenAICompatibleLLM(settings)
        if settings.provider == "embedded":
            self._engine = self._engine or EmbeddedEngine(find_weights())
            return EmbeddedLLM(settings, self._engine)
        return ScriptedLLM()
